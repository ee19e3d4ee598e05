"""Reading the instance's log: the newest pages first, down to what is here already, in walks that can stop after any page.

The instance offers nothing but pages of twenty, newest first, counted from the top. Lines that come while a walk is under way move
the others down, so that some are read twice; lines deleted meanwhile move the others up, so that some would be missed. Therefore a page
that does not join the one before by its numbers is only believed when that one, looked at again, still ends where it did, and it is itself
still the same afterwards.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from dashboard import instance, locks
from dashboard.anythingllm import ApiError, ChatRecord, Unconfirmed
from dashboard.chatlog.models import Citation, Exchange, Person, Place, Progress, Words
from dashboard.titles import shown

log = logging.getLogger(__name__)

PAGE = 20  # lines, as the instance gives them
NOBODY = "unknown user"  # what the instance calls an account that is gone
SLICE = 60.0  # seconds of the first filling, which takes long: other work wants the worker too
LOOKS_BACK = timedelta(days=2)  # an answer is rated, or hidden, hours after it was read here; after days hardly ever
MOST_PAGES = 50  # that are looked at again at a time


class AnotherLog(Exception):
    """A line that is here stands at another time on the instance: it was set up anew, or is another one."""


def update(seconds: float) -> bool:
    """Reads on for so long; True when everything is here. Raises ApiError, and Busy while somebody else reads.

    Whatever happens, what was read stays, and the next call goes on there.
    """
    keep_promises()
    if settings.CHAT_LOG == "off":
        return True
    instance.confirm(instance.FRESH_FOR)  # whoever reads it may have another's questions before them
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
    except locks.Busy:
        return  # another worker is at it
    except ApiError as error:
        log.warning("log of chats left for later", extra={"cause": type(error).__name__})


def look_back() -> None:
    """Reads the lines of the last days again. A walk sees only the newest twenty twice, and what people think of an answer comes after it."""
    progress = Progress.objects.filter(pk=1).first()
    if settings.CHAT_LOG == "off" or progress is None or progress.complete_at is None:
        return
    since = timezone.now() - LOOKS_BACK
    try:
        with locks.held("chatlog", wait=0):
            for page in range(MOST_PAGES):
                forgotten = _forgotten()
                records = _lines(page)
                with transaction.atomic():
                    if _forgotten() != forgotten:
                        return  # the next look comes in an hour
                    _keep(records)
                if len(records) < PAGE or records[-1].created_at < since:
                    return
    except (AnotherLog, locks.Busy):
        return  # the next walk reads it anew, or another worker is at it
    except ApiError as error:
        log.warning("no look back at the log of chats", extra={"cause": type(error).__name__})


def keep_promises() -> None:
    """What the setting does not allow any more is not kept either."""
    if settings.CHAT_LOG == "off":
        forget_all()
    elif settings.CHAT_LOG == "anonymous":
        Exchange.objects.filter(Q(user__isnull=False) | ~Q(session_id="")).update(user=None, session_id="")
        Person.objects.all().delete()
        Progress.objects.update(named=False)
    else:
        Progress.objects.filter(named=False).delete()  # so that all is read again, now with who asked


def forget(lines: Q) -> None:
    """Deletes these lines here, once the instance has deleted its own. A page that a walk read before that is not written any more."""
    with transaction.atomic():
        Progress.objects.filter(pk=1).update(forgotten=F("forgotten") + 1)
        Exchange.objects.filter(lines).delete()


def _forgotten() -> int:
    found = (
        Progress.objects.select_for_update().filter(pk=1)
        if connection.in_atomic_block
        else Progress.objects.filter(pk=1)
    )
    return found.values_list("forgotten", flat=True).first() or 0


def forget_all() -> None:
    with transaction.atomic():
        Citation.objects.all().delete()
        Words.objects.all().delete()
        Exchange.objects.all().delete()
        Place.objects.all().delete()
        Person.objects.all().delete()
        Progress.objects.all().delete()


def _step() -> bool:
    """One page. True when the walk has come to its end."""
    progress, _made = Progress.objects.get_or_create(pk=1, defaults={"named": settings.CHAT_LOG == "full"})
    page = instance.connect().admin.chat_log(progress.page)
    records = sorted(page.records, key=lambda record: -record.id)
    if not records:
        return _nothing_there(progress)
    if progress.page and records[0].id < progress.low - 1:
        above, again = _lines(progress.page - 1), _lines(progress.page)
        if not above or above[-1].id < progress.low:
            progress.page -= 1
            progress.save()
            return False
        if [record.id for record in again] != [record.id for record in records]:
            return False
    # The instance also says that there is no more when it could not count.
    last = not page.has_more and (len(records) < PAGE or not instance.connect().admin.chat_log(progress.page).has_more)
    return _write(progress, records, last)


def _write(progress: Progress, records: Sequence[ChatRecord], last: bool) -> bool:
    try:
        with transaction.atomic():
            if _forgotten() != progress.forgotten:
                return False  # what was read may have been deleted since
            _keep(records)
            return _advance(progress, records, last)
    except AnotherLog:
        log.warning("the log of chats is another one than before, and is read anew")
        forget_all()
        return False


def _lines(page: int) -> list[ChatRecord]:
    return sorted(instance.connect().admin.chat_log(page).records, key=lambda record: -record.id)


def _nothing_there(progress: Progress) -> bool:
    """A page without lines: beyond the end, because some were deleted, or while the instance's database is busy."""
    if progress.page:
        progress.page -= 1
        progress.save()
        return False
    if progress.covered or progress.low:
        raise Unconfirmed("The instance answered with an empty log.")
    instance.users(max_age=0).certain()  # also answered empty while the database is busy, and then this read fails too
    progress.complete_at = timezone.now()
    progress.save()
    return True


def _advance(progress: Progress, records: Sequence[ChatRecord], last: bool) -> bool:
    newest, oldest = records[0].id, records[-1]
    if not progress.low:
        progress.high = newest
    if not progress.low or oldest.id < progress.low:
        progress.low, progress.reached = oldest.id, oldest.created_at
    progress.page += 1
    complete = last or oldest.id <= progress.covered
    if complete:
        progress.covered = max(progress.covered, progress.high)
        progress.high = progress.low = progress.page = 0
        progress.complete_at = timezone.now()
    progress.save()
    return complete


def _keep(records: Sequence[ChatRecord]) -> None:
    """Stores what is not here yet, and what changes of a line: its feedback, whether it is hidden, and whether it may tell who asked.
    Raises AnotherLog.
    """
    known = Exchange.objects.defer("prompt", "answer").in_bulk([record.id for record in records])
    changed = []
    for record in records:
        if exchange := known.get(record.id):
            if exchange.created_at != record.created_at or exchange.workspace_id != record.workspace_id:
                raise AnotherLog
            before, now = _changing(exchange), _exchange(record)
            exchange.visible, exchange.feedback = now.visible, now.feedback
            exchange.user_id, exchange.session_id = (
                exchange.user_id or now.user_id,
                exchange.session_id or now.session_id,
            )
            if _changing(exchange) != before:
                changed.append(exchange)
    new = [record for record in records if record.id not in known]
    _keep_names(records)
    Exchange.objects.bulk_update(changed, ["visible", "feedback", "user", "session_id"])
    Exchange.objects.bulk_create(map(_exchange, new))
    Citation.objects.bulk_create(
        Citation(exchange_id=record.id, title=title) for record in new for title in _titles(record)
    )


def _changing(exchange: Exchange) -> tuple[object, ...]:
    return exchange.visible, exchange.feedback, exchange.user_id, exchange.session_id


def _keep_names(records: Sequence[ChatRecord]) -> None:
    """As they are today, for all lines there are; who or what the instance does not know any more keeps the name it had."""
    for workspace_id, record in {record.workspace_id: record for record in records}.items():
        _keep_name(Place, workspace_id, record.workspace_name, record.workspace_slug is not None)
    if settings.CHAT_LOG == "full":
        for user_id, record in {record.user_id: record for record in records if record.user_id is not None}.items():
            known = record.username != NOBODY
            _keep_name(Person, user_id, record.username if known else "", known)


def _keep_name(model: type[Place | Person], key: int, name: str | None, known: bool) -> None:
    named = {"name": _plain(name)[:255]}
    if known:
        model._default_manager.update_or_create(id=key, defaults=named)
    else:
        model._default_manager.get_or_create(id=key, defaults=named)


def _exchange(record: ChatRecord) -> Exchange:
    named = settings.CHAT_LOG == "full"
    return Exchange(
        id=record.id,
        workspace_id=record.workspace_id,
        user_id=record.user_id if named else None,
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
    titles = (source.get("title") for source in record.sources if not source.get("isDirectUpload"))
    return list(dict.fromkeys(_plain(shown(title))[:255] for title in titles if type(title) is str and title))


def _plain(text: str | None) -> str:
    return (text or "").replace("\0", "")  # which PostgreSQL does not keep
