"""Reading the instance's log: the newest pages first, down to what is here already, in walks that can stop after any page.

The instance offers nothing but pages of twenty, newest first, counted from the top. Lines that come while a walk is under way move
the others down, so that some are read twice; lines deleted meanwhile move the others up, so that some would be missed. Therefore a page
that does not join the one before by its numbers is only believed after that one was looked at again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard import instance, locks
from dashboard.anythingllm import ApiError, ChatRecord, Unconfirmed
from dashboard.chatlog.models import Citation, Exchange, Progress

log = logging.getLogger(__name__)

PAGE = 20  # lines, as the instance gives them
SLICE = 60.0  # seconds of the first filling, which takes long: other work wants the worker too


class AnotherLog(Exception):
    """A line that is here stands at another time on the instance: it was set up anew, or is another one."""


def update(seconds: float) -> bool:
    """Reads on for so long; True when everything is here. Raises ApiError, and Busy while somebody else reads.

    Whatever happens, what was read stays, and the next call goes on there.
    """
    keep_promises()
    if settings.CHAT_LOG == "off":
        return True
    with locks.held("chatlog", wait=0):
        give_up = time.monotonic() + seconds
        while not _step():
            if time.monotonic() > give_up:
                return False
    return True


def by_the_worker() -> None:
    """One slice. What the instance does not let happen now is tried again in the next."""
    try:
        update(SLICE)
    except (ApiError, locks.Busy) as error:
        log.warning("log of chats left for later", extra={"cause": type(error).__name__})


def keep_promises() -> None:
    """What the setting does not allow any more is not kept either."""
    if settings.CHAT_LOG == "off":
        _forget()
    elif settings.CHAT_LOG == "anonymous":
        named = Exchange.objects.filter(Q(user_id__isnull=False) | ~Q(username="") | ~Q(session_id=""))
        named.update(user_id=None, username="", session_id="")


def _forget() -> None:
    with transaction.atomic():
        Citation.objects.all().delete()
        Exchange.objects.all().delete()
        Progress.objects.all().delete()


def _step() -> bool:
    """One page. True when the walk has come to its end."""
    progress, _made = Progress.objects.get_or_create(pk=1)
    page = instance.connect().admin.chat_log(progress.page)
    records = sorted(page.records, key=lambda record: -record.id)
    if not records:
        return _nothing_there(progress)
    moved = progress.low and records[0].id < progress.low - 1 and progress.sure != progress.low
    if moved and progress.page:
        progress.page -= 1
        progress.save()
        return False
    # The instance also says that there is no more when it could not count.
    last = not page.has_more and (len(records) < PAGE or not instance.connect().admin.chat_log(progress.page).has_more)
    try:
        with transaction.atomic():
            _keep(records)
            if not progress.page:
                _rename(records)
            return _advance(progress, records, last)
    except AnotherLog:
        log.warning("the log of chats is another one than before, and is read anew")
        _forget()
        return False


def _nothing_there(progress: Progress) -> bool:
    """A page without lines: beyond the end, because some were deleted, or while the instance's database is busy."""
    if progress.page:
        progress.page -= 1
        progress.save()
        return False
    if progress.covered or progress.low:
        raise Unconfirmed("The instance answered with an empty log.")
    progress.complete_at = timezone.now()
    progress.save()
    return True


def _advance(progress: Progress, records: Sequence[ChatRecord], last: bool) -> bool:
    newest, oldest = records[0].id, records[-1]
    if not progress.low:
        progress.high = newest
    elif oldest.id == progress.low:
        progress.sure = progress.low
    if not progress.low or oldest.id < progress.low:
        progress.low, progress.reached = oldest.id, oldest.created_at
    progress.page += 1
    complete = last or oldest.id <= progress.covered
    if complete:
        progress.covered = max(progress.covered, progress.high)
        progress.high = progress.low = progress.sure = progress.page = 0
        progress.complete_at = timezone.now()
    progress.save()
    return complete


def _keep(records: Sequence[ChatRecord]) -> None:
    """Stores what is not here yet, and what changes of a line: its feedback, and whether it is hidden. Raises AnotherLog."""
    known = Exchange.objects.defer("prompt", "answer").in_bulk([record.id for record in records])
    changed = []
    for record in records:
        if exchange := known.get(record.id):
            if exchange.created_at != record.created_at or exchange.workspace_id != record.workspace_id:
                raise AnotherLog
            if (exchange.visible, exchange.feedback) != (record.visible, record.feedback):
                exchange.visible, exchange.feedback = record.visible, record.feedback
                changed.append(exchange)
    Exchange.objects.bulk_update(changed, ["visible", "feedback"])
    new = [record for record in records if record.id not in known]
    Exchange.objects.bulk_create(map(_exchange, new))
    Citation.objects.bulk_create(
        Citation(exchange_id=record.id, title=title) for record in new for title in _titles(record)
    )


def _rename(newest: Sequence[ChatRecord]) -> None:
    """All lines of a workspace or a person bear the name of today, as they do on the instance."""
    for workspace_id, name in {
        record.workspace_id: _plain(record.workspace_name)[:255] for record in newest if record.workspace_slug
    }.items():
        Exchange.objects.filter(workspace_id=workspace_id).exclude(workspace_name=name).update(workspace_name=name)
    for user_id, name in {record.user_id: _username(record) for record in newest}.items():
        if name:
            Exchange.objects.filter(user_id=user_id).exclude(username=name).update(username=name)


def _username(record: ChatRecord) -> str:
    """The name of whose account asked; the instance has words of its own for sessions and for accounts that are gone."""
    if settings.CHAT_LOG != "full" or record.user_id is None or record.username == "unknown user":
        return ""
    return _plain(record.username)[:255]


def _exchange(record: ChatRecord) -> Exchange:
    named = settings.CHAT_LOG == "full"
    return Exchange(
        id=record.id,
        workspace_id=record.workspace_id,
        workspace_name=_plain(record.workspace_name)[:255],
        user_id=record.user_id if named else None,
        username=_username(record),
        thread_id=record.thread_id,
        session_id=_plain(record.session_id)[:255] if named else "",
        mode=_plain(record.mode)[:20],
        prompt=_plain(record.prompt),
        answer=_plain(record.text),
        cited=len(_titles(record)),
        visible=record.visible,
        feedback=record.feedback,
        created_at=record.created_at,
    )


def _titles(record: ChatRecord) -> list[str]:
    """Of each document once, however many of its passages there are."""
    titles = (source.get("title") for source in record.sources)
    return list(dict.fromkeys(_plain(title)[:255] for title in titles if type(title) is str and title))


def _plain(text: str | None) -> str:
    return (text or "").replace("\0", "")  # which PostgreSQL does not keep
