"""A question between the page that asks it and the stream that answers it. Who may ask is decided before `open_turn`.

turn = open_turn(actor=..., ...)             the POST, in Django
ticket(turn, session_key)                    goes into the address of the stream
read(ticket, session_key), claim(...)        the relay: one stream, once
take(turn_id)                                the worker: the same without a browser
end(turn_id, ...)                            what became of it
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dashboard import clock, errors, signs
from dashboard.accounts.models import Operator
from dashboard.chat import files
from dashboard.chat.models import Mode, Turn, TurnState

TICKET_LIFE = timedelta(minutes=1)
LEFT_AFTER = timedelta(minutes=10)  # for a question that its page has not asked
LOST_AFTER = timedelta(hours=1)
AWAITED_FOR = timedelta(seconds=7)  # after a page has asked for the answer; it asks again every three seconds
KEPT_FOR = timedelta(days=30)
SALT = "dashboard.chat.ticket"

# What every stream begins and ends with, while others flow: to word it, the ORM works ten times longer than the database to do it.
SIGNED_IN = """
    SELECT accounts_operator.password, accounts_operator.session_key
    FROM chat_turn
    JOIN accounts_operator ON accounts_operator.id = chat_turn.operator_id AND accounts_operator.is_active
    JOIN django_session ON django_session.session_key = %s AND django_session.expire_date > %s
    WHERE chat_turn.id = %s
"""
TAKE = "UPDATE chat_turn SET state = %s, taken_at = %s, alive_at = %s WHERE id = %s AND state = %s RETURNING *"
# Who took it knows its end better than who had to take it for dead, which says no reason.
END = """
    UPDATE chat_turn SET state = %s, problem = %s, chat_id = %s, words = %s, ended_at = %s
    WHERE id = %s AND (state = 'taken' OR state = 'interrupted' AND problem = '')
"""

_answering = set[int]()  # the turns that this process has taken and not ended
_unkept = dict[int, list[Any]]()  # their ends that the database did not take
_ending = threading.Lock()

log = logging.getLogger(__name__)


class NotATicket(Exception):
    """Made up, changed, or another browser's."""


def open_turn(
    *,
    actor: Operator,
    workspace_id: int,
    workspace_slug: str,
    text: str,
    mode: Mode,
    thread_slug: str = "",
    session_id: str = "",
    user_id: int | None = None,
    attachments: Sequence[Mapping[str, Any]] = (),
    key: uuid.UUID | None = None,
) -> Turn:
    """Keeps a question until its stream takes it. Either a thread, with the account it belongs to, or a session."""
    if bool(thread_slug) == bool(session_id):
        raise ValueError("A question is asked in a thread or in a session.")
    return Turn.objects.create(
        operator=actor,
        key=key,
        workspace_id=workspace_id,
        workspace_slug=workspace_slug,
        thread_slug=thread_slug,
        session_id=session_id,
        user_id=user_id,
        text=text,
        mode=mode,
        attachments=[dict(attachment) for attachment in attachments],
        language=get_language() or "en",
    )


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a browser shows to hear a turn's answer. `good`: not too old to ask."""

    turn_id: int
    session_key: str = field(repr=False)
    proof: str = field(repr=False)  # of the operator as they were signed in when they asked
    good: bool


def ticket(turn: Turn, session_key: str) -> str:
    """What opens the turn's stream, for a minute, and only to the browser with that session."""
    return signing.dumps([turn.pk, _mark(session_key), _mark(turn.operator.get_session_auth_hash())], salt=SALT)


def read(ticket: str, session_key: str) -> Ticket:
    """What a ticket says, shown by the browser with that session. Raises NotATicket. Asks no database."""
    good = True
    try:
        try:
            turn_id, mark, proof = signing.loads(ticket, salt=SALT, max_age=TICKET_LIFE)
        except signing.SignatureExpired:
            good = False
            turn_id, mark, proof = signing.loads(ticket, salt=SALT)
    except (signing.BadSignature, ValueError):
        raise NotATicket from None
    if not session_key or mark != _mark(session_key):
        raise NotATicket
    return Ticket(turn_id, session_key, proof, good)


def _mark(secret: str) -> str:
    # Signing does not hide what is signed, and a session's key opens everything.
    return salted_hmac(SALT, secret, algorithm="sha256").hexdigest()[:32]


def find(turn_id: int) -> Turn | None:
    return Turn.objects.filter(pk=turn_id).first()


def claim(ticket: Ticket) -> Turn | None:
    """As `take`, when the ticket is good and its operator still signed in: not signed out, not switched off, the password as it was."""
    return take(ticket.turn_id) if ticket.good and _is_still_signed_in(ticket) else None


def _is_still_signed_in(ticket: Ticket) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SIGNED_IN, [ticket.session_key, _kept(timezone.now()), ticket.turn_id])
        found = cursor.fetchone()
    if not found:
        return False
    password, session_key = found
    return ticket.proof == _mark(Operator(password=password, session_key=session_key).get_session_auth_hash())


def still_signed_in(tickets: Collection[Ticket]) -> dict[Ticket, Turn]:
    """The turns of those whose operators are still signed in as they were when they asked."""
    keys = {ticket.session_key for ticket in tickets}
    sessions = set(Session.objects.filter(pk__in=keys, expire_date__gt=timezone.now()).values_list("pk", flat=True))
    known = Turn.objects.select_related("operator").prefetch_related("operator__looks_after").defer("text", "words")
    found = known.filter(operator__is_active=True).in_bulk([ticket.turn_id for ticket in tickets])
    return {
        ticket: found[ticket.turn_id]
        for ticket in tickets
        if ticket.session_key in sessions
        and ticket.turn_id in found
        and ticket.proof == _mark(found[ticket.turn_id].operator.get_session_auth_hash())
    }


def take(turn_id: int) -> Turn | None:
    """The turn, to be asked now, with its attachments as they are sent; None for everybody but the first who comes, and when they are lost."""
    now = _kept(timezone.now())
    alive = now if signs.are_given() else None
    turn = next(iter(Turn.objects.raw(TAKE, [TurnState.TAKEN, now, alive, turn_id, TurnState.WAITING])), None)
    if turn is None:
        return None
    _answering.add(turn_id)
    try:
        turn.attachments = files.taken(turn.attachments)
    except OSError:
        log.exception("a question's files are lost")
        with translation.override(turn.language):
            end(
                turn_id,
                TurnState.FAILED,
                problem=_("Its files were lost here, so nothing was asked. Ask again with them."),
            )
        return None
    return turn


def _kept(moment: datetime) -> Any:
    """As the database keeps it."""
    return connection.ops.adapt_datetimefield_value(moment)


def end(turn_id: int, state: TurnState, *, problem: str = "", chat_id: int | None = None, words: str = "") -> None:
    """What became of a turn that was taken. Whatever is said after the first word is not heard. While the database does not take it, it is
    kept here and told again with every sign of life.
    """
    with _ending:
        _unkept.setdefault(
            turn_id, [state, problem[:500], chat_id, words.replace("\0", ""), _kept(timezone.now()), turn_id]
        )
    _tell_ends()


def _tell_ends() -> None:
    with _ending:
        for turn_id, told in list(_unkept.items()):
            try:
                with connection.cursor() as cursor:
                    cursor.execute(END, told)
            except DatabaseTrouble:
                log.warning("a turn's end is not kept yet", extra={"turn": turn_id})
                return
            del _unkept[turn_id]
            _answering.discard(turn_id)


def end_all() -> None:
    """What this process is at breaks off, because it ends."""
    for turn in Turn.objects.filter(pk__in=list(_answering)):
        with translation.override(turn.language):
            end(turn.pk, TurnState.INTERRUPTED, problem=str(errors.RESTARTING))


@signs.of_life
def _still_at_it() -> None:
    if _unkept:
        _tell_ends()
    if _answering:
        Turn.objects.filter(pk__in=list(_answering), state=TurnState.TAKEN).update(alive_at=timezone.now())


def end_of_the_dead(turn: Turn) -> None:
    """A turn whose server has died with it broke off when that gave its last sign of life."""
    dead = Turn.objects.filter(pk=turn.pk, state=TurnState.TAKEN, alive_at__lt=timezone.now() - signs.DEAD_AFTER)
    if turn.state == TurnState.TAKEN and dead.update(state=TurnState.INTERRUPTED, ended_at=F("alive_at")):
        turn.refresh_from_db(fields=["state", "ended_at"])


def await_answer(turn: Turn) -> None:
    """A page without the stream, as after a reload, waits for the answer: it is read to its end, though no browser hears it."""
    Turn.objects.filter(pk=turn.pk, state=TurnState.TAKEN).update(awaited_at=timezone.now())


def is_awaited(turn_id: int) -> bool:
    return Turn.objects.filter(pk=turn_id, awaited_at__gt=timezone.now() - AWAITED_FOR).exists()


def found(turn: Turn, chat_id: int) -> None:
    """The instance has an answer to a turn whose stream did not tell so."""
    turn.chat_id = chat_id
    Turn.objects.filter(pk=turn.pk, chat_id=None).update(chat_id=chat_id)


def _open() -> QuerySet[Turn]:
    now = timezone.now()
    on_their_way = Turn.objects.filter(state__in=(TurnState.WAITING, TurnState.TAKEN), created_at__gte=now - LOST_AFTER)
    return on_their_way.exclude(alive_at__lt=now - signs.DEAD_AFTER)


def open_of(user_id: int) -> int:
    """How many questions of an account are on their way, so that the instance may not have kept them yet."""
    return _open().filter(user_id=user_id).count()


def open_by(operator: Operator) -> int:
    """How many questions of an operator are on their way. One that its page has not asked for minutes was left."""
    asked = Q(state=TurnState.TAKEN) | Q(created_at__gte=timezone.now() - LEFT_AFTER)
    return _open().filter(asked, operator=operator).count()


def bytes_waiting(operator: Operator) -> int:
    """Of files that wait here with an operator's questions."""
    waiting = Turn.objects.filter(operator=operator, state=TurnState.WAITING).values_list("attachments", flat=True)
    return sum(file["size"] for kept in waiting for file in kept)


def forget(found: QuerySet[Turn]) -> None:
    """After the deletion of what they belong to, which took their chats along: with their files. One that is being answered is heard no longer
    (`hearing`), and its end finds no line.
    """
    kept = [file for attachments in found.values_list("attachments", flat=True) for file in attachments]
    found.delete()
    files.drop(kept)


def sweep() -> None:
    """Turns that nobody came for, or whose server died, end here; old ones are forgotten, soon where the log may not say who asked what."""
    now = timezone.now()
    old = Turn.objects.filter(created_at__lt=now - (KEPT_FOR if settings.CHAT_LOG == "full" else LOST_AFTER))
    if not clock.believed():
        if settings.CHAT_LOG != "full":  # what may not be said any longer goes all the same: an hour early at the most
            old.exclude(ended_at=None).delete()
        return
    lost = Turn.objects.filter(created_at__lt=now - LOST_AFTER, ended_at=None)
    lost.filter(state=TurnState.WAITING).update(state=TurnState.FAILED, problem=_("It was never asked."), ended_at=now)
    lost.filter(state=TurnState.TAKEN).update(state=TurnState.INTERRUPTED, ended_at=now)
    old.delete()
    waiting = Turn.objects.filter(state=TurnState.WAITING).values_list("attachments", flat=True)
    files.sweep({file["file"] for kept in waiting for file in kept})
