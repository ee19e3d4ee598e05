"""Questions and their answers: what the instance has kept, and what is still on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dashboard.anythingllm import ChatMessage
from dashboard.chat import threads, turns
from dashboard.chat.attachments import DOCUMENT
from dashboard.chat.models import Turn, TurnState
from dashboard.chat.rights import Asker
from dashboard.chat.threads import Thread
from dashboard.titles import shown

KEPT_WITHIN = timedelta(
    seconds=15
)  # in which the instance stores what there is of an answer that nobody hears any more
CLOCKS = timedelta(minutes=1)  # by which the instance's may differ from ours
NOT_IN_NAMES = str.maketrans("", "", '<>:"/\\|?*')  # newer instances leave them out
BROKEN_OFF = (TurnState.STOPPED, TurnState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer rests on. `score` (0 to 1) is None for documents that were pinned or attached."""

    title: str
    passage: str
    score: float | None


@dataclass(slots=True)
class Exchange:
    """`answer` None: the instance has kept none, or not yet. `turn`: how it was asked here, if that was lately."""

    question: str
    attachments: tuple[str, ...]
    at: datetime
    answer: str | None = None
    sources: tuple[Source, ...] = ()
    read: tuple[tuple[str, str], ...] = ()  # of attached documents that were read: title and address on the instance
    chat_id: int | None = None
    turn: Turn | None = None

    @property
    def unread(self) -> tuple[str, ...]:
        """Attached documents that the instance could not read. It says nothing of them, but all that it has read is among the sources."""
        if self.answer is None or self.turn is None or self.turn.state != TurnState.DONE:
            return ()
        documents = _names(file for file in self.turn.attachments if file.get("mime") == DOCUMENT)
        return tuple(name for name in documents if not any(_is_of(name, *read) for read in self.read))

    @property
    def text(self) -> str | None:
        """The answer, or what had arrived of one that broke off and that the instance does not have."""
        if self.answer is None and self.turn is not None and self.turn.words and not self.is_pending:
            return self.turn.words
        return self.answer

    @property
    def is_pending(self) -> bool:
        """Whether an answer may still turn up."""
        if self.answer is not None or self.turn is None:
            return False
        ended = self.turn.ended_at
        return self.turn.is_open or (
            self.turn.state in BROKEN_OFF and ended is not None and timezone.now() - ended < KEPT_WITHIN
        )


def exchanges(asker: Asker, thread: Thread) -> list[Exchange]:
    """All of a conversation, the oldest first. Raises ApiError."""
    kept = list(_kept(threads.messages(asker, thread)))
    by_chat = {exchange.chat_id: exchange for exchange in kept}
    asked = threads.turns(asker, thread)
    for turn in asked:
        turns.end_of_the_dead(turn)
        if exchange := by_chat.get(turn.chat_id) if turn.chat_id else None:
            _belongs(exchange, turn)
    alone = [turn for turn in asked if turn.chat_id not in by_chat]
    return sorted([*kept, *(of(turn) for turn in alone if not _match(turn, kept))], key=lambda exchange: exchange.at)


def _match(turn: Turn, kept: Iterable[Exchange]) -> bool:
    """Looks for the answer of a turn whose end was not heard; once found, that is remembered."""
    if turn.taken_at is None or turn.state == TurnState.DONE:
        return False
    for exchange in kept:
        is_later = exchange.at > turn.taken_at - CLOCKS
        if exchange.turn is None and exchange.chat_id and exchange.question == turn.text and is_later:
            _belongs(exchange, turn)
            turns.found(turn, exchange.chat_id)
            return True
    return False


def _belongs(exchange: Exchange, turn: Turn) -> None:
    exchange.turn = turn
    # The instance keeps the names of pictures only.
    exchange.attachments = _names(turn.attachments) or exchange.attachments


def of(turn: Turn) -> Exchange:
    return Exchange(turn.text, _names(turn.attachments), turn.created_at, turn=turn)


def _names(attachments: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(str(attachment.get("name", "")) for attachment in attachments)


def _kept(messages: Iterable[ChatMessage]) -> Iterator[Exchange]:
    exchange: Exchange | None = None
    for message in messages:
        if message.role == "user":
            exchange = Exchange(message.content, _names(message.attachments), message.sent_at, chat_id=message.chat_id)
        elif exchange is not None:
            exchange.answer = message.content
            exchange.sources = tuple(map(_source, message.sources))
            exchange.read = tuple(
                (str(source.get("title") or ""), str(source.get("url") or ""))
                for source in message.sources
                if source.get("isDirectUpload")
            )
            yield exchange
            exchange = None


def _is_of(name: str, title: str, url: str) -> bool:
    """Whether what was read is of the file of that name. Letters of a mail box are titled after their subjects, sheets after the file."""
    name, title, file = (words.translate(NOT_IN_NAMES).strip() for words in (name, title, url.rpartition("/")[2]))
    return title.startswith(name) or file == name


def _source(found: Mapping[str, Any]) -> Source:
    text, score = str(found.get("text") or ""), found.get("score")
    # The instance puts a block about the document before every passage.
    passage = text.partition("</document_metadata>")[2].strip() or text.strip()
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    return Source(shown(str(found.get("title") or "")), passage, score if is_number else None)
