"""The log of chats: who asked what, of which workspace, when, and what it answered. Read from what `sync` keeps here.

With CHAT_LOG=anonymous nobody is named, with off there is nothing: `sees_people()` and `keeps_log()`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.accounts.models import Operator
from dashboard.audit import services as ledger
from dashboard.audit.services import recording
from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange, Person, Place, Progress, Words
from dashboard.folding import folded, searchable
from dashboard.order import natural
from dashboard.permissions import Action, allows, scope

Lines = QuerySet[Exchange]
READ_AGAIN_AFTER = timedelta(hours=1)  # one line of the ledger for so long a look
LETTERS_INDEXED = 3  # fewer are looked for line by line
FEW = 500  # lines that are better named than looked for: the database then does not go through all of them by date
ASKED_SECONDS = 10.0  # for which somebody waits who wants the newest lines


def keeps_log() -> bool:
    return bool(settings.CHAT_LOG != "off")


def sees_people() -> bool:
    """False: no name is kept or shown, and nothing can be told by person."""
    return bool(settings.CHAT_LOG == "full")


def visible_to(operator: Operator) -> QuerySet[Exchange]:
    """The lines of the workspaces this operator looks after; deleted workspaces are no manager's."""
    if not keeps_log():
        return Exchange.objects.none()
    mine, found = scope(operator), Exchange.objects.select_related("workspace", "user")
    return found if mine is None else found.filter(workspace__in=mine)


def search(
    operator: Operator,
    *,
    q: str = "",
    person: str = "",
    workspace: int | None = None,
    mode: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Exchange]:
    """The lines that match all that is given, newest first. `since` and `until` are days of the current time zone, both included.

    `person` is a name, or a part of names when nobody has just this one: usage links to one person's lines.
    """
    found = visible_to(operator)
    if q:
        found = found.filter(pk__in=_with_words(searchable(q)))
    if person and sees_people():
        names = Person.objects.values_list("id", "name")
        exactly = [key for key, name in names if name == person]
        found = found.filter(user__in=exactly or [key for key, name in names if folded(person) in folded(name)])
    if workspace is not None:
        found = found.filter(workspace=workspace)
    if mode:
        found = found.filter(mode=mode)
    if since:
        found = found.filter(created_at__gte=midnight(since))
    if until:
        found = found.filter(created_at__lt=midnight(until + timedelta(days=1)))
    return found


def _with_words(words: str) -> Any:
    """The lines that hold the words: their numbers when they are few, else where to look."""
    holding = Words.objects.filter(letters__contains=words)
    if connection.vendor == "sqlite" and len(words) >= LETTERS_INDEXED:
        phrase = '"' + words.replace('"', '""') + '"'
        holding = Words.objects.filter(
            pk__in=RawSQL("SELECT rowid FROM chatlog_letters WHERE chatlog_letters MATCH %s", [phrase])
        )
    ids = holding.order_by().values_list("pk", flat=True)
    few = list(ids[: FEW + 1])
    return few if len(few) <= FEW else ids


def midnight(day: date) -> datetime:
    """When that day began, in the current time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def workspaces(operator: Operator) -> list[tuple[int, str]]:
    """Id and name of every workspace in the log that the operator may see, deleted ones too, by name."""
    if not keeps_log():
        return []
    mine = scope(operator)
    places = Place.objects.all() if mine is None else Place.objects.filter(pk__in=mine)
    return sorted(places.values_list("id", "name"), key=lambda place: (natural(place[1]), place[0]))


def conversation(operator: Operator, exchange: Exchange) -> QuerySet[Exchange]:
    """What was asked and answered around it, in order: of its thread or session, else of this person in this workspace.

    Where nothing tells who asked, it stands alone.
    """
    seen = visible_to(operator).order_by("created_at", "id")
    if exchange.thread_id is not None:
        return seen.filter(thread_id=exchange.thread_id)
    same = seen.filter(workspace=exchange.workspace_id)
    if exchange.session_id:
        return same.filter(session_id=exchange.session_id)
    if exchange.user_id is not None:
        return same.filter(user=exchange.user_id, thread_id=None, session_id="")
    return same.filter(pk=exchange.pk)


def progress() -> Progress | None:
    """How far the log was read; None before it ever was."""
    return Progress.objects.filter(pk=1).first()


def forget_all() -> None:
    """Of another instance, the log is read anew."""
    sync.forget_all()


def update_now() -> bool:
    """Reads what is new while somebody waits; True when nothing is left. Raises ApiError, and Busy while it is being read anyway."""
    return sync.update(ASKED_SECONDS)


# --- The ledger -------------------------------------------------------------------------------------------------------
def note_reading(operator: Operator) -> None:
    """That the operator reads what others asked, once an hour."""
    if not ledger.did(operator, "chatlog.read", since=timezone.now() - READ_AGAIN_AFTER):
        with recording(operator, "chatlog.read"):
            pass


def exported(operator: Operator, found: QuerySet[Exchange], **about: object) -> Iterator[Exchange]:
    """The lines for a file, whose making is in the ledger before the first is read."""
    with recording(operator, "chatlog.exported", after={"rows": found.count(), **about}):
        return found.prefetch_related("citations").iterator(chunk_size=500)


# --- What was deleted -------------------------------------------------------------------------------------------------
def forget_workspace(workspace_id: int) -> None:
    """After its deletion on the instance, which took its chats along."""
    sync.forget(Q(workspace=workspace_id))
    Place.objects.filter(pk=workspace_id).delete()


def forget_person(user_id: int) -> None:
    """After the deletion of an account, which took its chats along. With CHAT_LOG=anonymous nothing here tells which were theirs."""
    sync.forget(Q(user=user_id))
    Person.objects.filter(pk=user_id).delete()


def after_deletion() -> str:
    """What becomes of a deleted account's questions here, in a sentence."""
    if not keeps_log():
        return ""
    if sees_people():
        return _("Their questions also disappear from the chat log.")
    return _("Their questions stay in the chat log, which names nobody.")


def forget_thread(*, workspace_id: int, user_id: int, chat_ids: Collection[int], asked: Collection[str]) -> None:
    """After the deletion of a thread, which took its chats along. `chat_ids` are those of its history, where no refused questions are:
    these are found by the thread, or as what the account has `asked`.
    """
    refused = Q(workspace=workspace_id, user=user_id, visible=False, prompt__in=asked)
    known = Exchange.objects.filter(Q(pk__in=chat_ids) | refused, thread_id__isnull=False)
    sync.forget(Q(pk__in=chat_ids) | Q(thread_id__in=set(known.values_list("thread_id", flat=True))))


# --- For other rooms --------------------------------------------------------------------------------------------------
def tells_people() -> bool:
    """True when the log was read to its end and says who asked: who is not in it has not asked."""
    known = progress()
    return sees_people() and known is not None and known.named and known.complete_at is not None


def asked_since(user_id: int, since: datetime) -> frozenset[int] | None:
    """The ids on the instance of what this account has asked since then, as far as the log is read: `progress().complete_at`.

    None when the log does not tell who asked, or was never read to its end.
    """
    if not tells_people():
        return None
    lines = Exchange.objects.filter(user=user_id, created_at__gte=since).order_by()
    return frozenset(lines.values_list("id", flat=True))


def last_active(operator: Operator, user_ids: Collection[int] | None = None) -> dict[int, datetime]:
    """When accounts (None: all) last asked something in a workspace that the operator may see, by user id. Empty when the log tells
    nobody, or is not for this operator.
    """
    if not sees_people() or not allows(operator, Action.VIEW_USAGE):
        return {}
    lines = visible_to(operator).filter(user__isnull=False).order_by()
    if user_ids is not None:
        lines = lines.filter(user__in=user_ids)
    rows = lines.values("user_id").annotate(at=Max("created_at"))
    return {row["user_id"]: row["at"] for row in rows if row["user_id"] is not None}


def newcomers(operator: Operator, since: datetime) -> int:
    """How many people asked for the first time ever since then, in workspaces that the operator may see."""
    theirs = visible_to(operator).order_by().filter(user=OuterRef("pk"))
    asked, before = theirs.filter(created_at__gte=since), theirs.filter(created_at__lt=since)
    return Person.objects.filter(Exists(asked), ~Exists(before)).count()


def place_names() -> dict[int | None, str]:
    return dict(Place.objects.values_list("id", "name"))


def person_names() -> dict[int | None, str]:
    return dict(Person.objects.values_list("id", "name"))
