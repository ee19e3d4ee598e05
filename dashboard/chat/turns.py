"""A question between the page that asks it and the stream that answers it. Who may ask is decided before `open_turn`.

turn = open_turn(actor=..., ...)             the POST, in Django
ticket(turn, session_key)                    goes into the address of the stream
turn_of(address, session_key), take(...)     the relay: one stream, once
end(turn_id, ...)                            what became of it
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dashboard import signs
from dashboard.accounts.models import Operator
from dashboard.chat.models import Mode, Turn, TurnState

TICKET_LIFE = timedelta(minutes=1)
LOST_AFTER = timedelta(hours=1)
AWAITED_FOR = timedelta(seconds=7)  # after a page has asked for the answer; it asks again every three seconds
KEPT_FOR = timedelta(days=30)
SALT = "dashboard.chat.ticket"

_answering = set[int]()  # the turns that this process has taken and not ended


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
    attachments: Sequence[Mapping[str, str]] = (),
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


def ticket(turn: Turn, session_key: str) -> str:
    """What opens the turn's stream, for a minute, and only to the browser with that session."""
    return signing.dumps([turn.pk, _mark(session_key)], salt=SALT)


def turn_of(address: str, session_key: str) -> tuple[int, bool]:
    """The turn that a ticket is for, and whether it is still good. Raises NotATicket. Asks no database."""
    try:
        turn_id, mark = signing.loads(address, salt=SALT)
        if not session_key or mark != _mark(session_key):
            raise NotATicket
        signing.loads(address, salt=SALT, max_age=TICKET_LIFE)
    except signing.SignatureExpired:
        return turn_id, False
    except signing.BadSignature:
        raise NotATicket from None
    return turn_id, True


def _mark(session_key: str) -> str:
    # Signing does not hide what is signed, and a session's key opens everything.
    return salted_hmac(SALT, session_key, algorithm="sha256").hexdigest()[:32]


def find(turn_id: int) -> Turn | None:
    return Turn.objects.filter(pk=turn_id).first()


def take(turn_id: int) -> Turn | None:
    """The turn, to be asked now, with its attachments; None for everybody but the first who comes."""
    waiting, now = Turn.objects.filter(pk=turn_id, state=TurnState.WAITING), timezone.now()
    if not waiting.update(state=TurnState.TAKEN, taken_at=now, alive_at=now if signs.are_given() else None):
        return None
    _answering.add(turn_id)
    turn = Turn.objects.get(pk=turn_id)
    if turn.attachments:
        Turn.objects.filter(pk=turn_id).update(attachments=[])
    return turn


def end(turn_id: int, state: TurnState, *, problem: str = "", chat_id: int | None = None) -> None:
    """What became of a turn that was taken. Whatever is said after the first word is not heard."""
    _answering.discard(turn_id)
    Turn.objects.filter(pk=turn_id, state=TurnState.TAKEN).update(
        state=state, problem=problem[:500], chat_id=chat_id, ended_at=timezone.now()
    )


@signs.of_life
def _still_at_it() -> None:
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


def open_of(user_id: int) -> int:
    """How many questions of an account are on their way, so that the instance may not have kept them yet."""
    on_their_way = Turn.objects.filter(
        user_id=user_id,
        state__in=(TurnState.WAITING, TurnState.TAKEN),
        created_at__gte=timezone.now() - LOST_AFTER,
    )
    return on_their_way.exclude(alive_at__lt=timezone.now() - signs.DEAD_AFTER).count()


def sweep() -> None:
    """Turns that nobody came for, or whose server died, end here; old ones are forgotten, soon where the log may not say who asked what."""
    now = timezone.now()
    lost = Turn.objects.filter(created_at__lt=now - LOST_AFTER, ended_at=None)
    lost.filter(state=TurnState.WAITING).update(
        state=TurnState.FAILED, problem=_("It was never asked."), attachments=[], ended_at=now
    )
    lost.filter(state=TurnState.TAKEN).update(state=TurnState.INTERRUPTED, ended_at=now)
    kept_for = KEPT_FOR if settings.CHAT_LOG == "full" else LOST_AFTER
    Turn.objects.filter(created_at__lt=now - kept_for).delete()
