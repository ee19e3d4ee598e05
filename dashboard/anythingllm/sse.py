"""An instance's chat stream, from bytes to one normal form of events. No I/O: whoever reads the bytes feeds them in.

    reader = ChatReader()
    for chunk in chunks:
        for event in reader.feed(chunk): ...
    for event in reader.end(): ...

However a stream runs, exactly one Done or Failed comes, and nothing after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from .errors import speaks_of_database

MAX_LINE = 1024 * 1024

_from_json = json.JSONDecoder().raw_decode  # `decode` looks for white space around it, for as long as this takes


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer: append."""

    delta: str


@dataclass(frozen=True, slots=True)
class Replace:
    """The whole answer so far: put it in place of what was shown."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What an agent says it is doing; no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The passages the answer rests on, as the instance gives them: title, text, score, url (a path on its disk),
    ..."""

    items: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Tokens, seconds and model of the answer."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The end. `text`: the whole answer. `chat_id` is None for refusals and agents. `files`: what an agent made."""

    chat_id: int | None
    text: str = field(repr=False)
    sources: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    files: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The end, without a whole answer. What had come is stored by the instance all the same.

    aborted: the instance or its model gave up, `message` has its words. interrupted: the stream just ended.
    broken: not readable, or a line over the cap. timed_out: silence for too long.
    """

    reason: Literal["aborted", "interrupted", "broken", "timed_out"]
    message: str = ""


Event = Text | Replace | Thought | Sources | Metrics | Done | Failed


class LineTooLong(Exception):
    """A line, or the lines of one event together, over MAX_LINE."""


class EventDecoder:
    """Server-sent events to their data. Bytes are split before decoding: text may hold U+2028, which is no line end
    here."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterable[str]:
        # Nearly all that comes is this: one event, whole.
        whole = chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and chunk.find(b"\n") == len(chunk) - 2
        if whole and not self._rest and not self._data and len(chunk) < MAX_LINE:
            return (chunk[6:-2].decode("utf-8", "replace"),)
        return self._split(chunk)

    def _split(self, chunk: bytes) -> Iterator[str]:
        # Split only what is new: a long line in many chunks must not be searched again and again.
        head, *lines = chunk.split(b"\n")
        self._rest += head
        for line in lines:
            complete, self._rest = self._rest, bytearray(line)
            data = self._line(bytes(complete).removesuffix(b"\r"))
            if data is not None:
                yield data
        # One more, for a \r whose \n is still to come.
        if len(self._rest) > MAX_LINE + 1:
            raise LineTooLong

    def _line(self, line: bytes) -> str | None:
        """The event's data, when this line ends one."""
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data).decode("utf-8", "replace") if data else None
        self._size += len(line)
        if self._size > MAX_LINE:
            raise LineTooLong
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        return None


class _Reader:
    """Decodes, and sees to it that exactly one terminal event is the last."""

    def __init__(self) -> None:
        self._decoder = EventDecoder()
        self.ended = False
        self._parts: list[str] = []
        self._sources: tuple[Mapping[str, Any], ...] = ()
        self._metrics: Mapping[str, Any] = {}
        self._files: list[Mapping[str, Any]] = []

    def feed(self, chunk: bytes) -> list[Event]:
        events: list[Event] = []
        try:
            for data in self._decoder.feed(chunk):
                if not self.ended:
                    events += self._events(data)
                    self.ended = isinstance(events[-1] if events else None, (Done, Failed))
        except LineTooLong:
            events += self.fail("broken")
        return events

    @property
    def text(self) -> str:
        """What has come of the answer."""
        return "".join(self._parts)

    def end(self) -> list[Event]:
        """The stream's bytes are at their end."""
        if self.ended:
            return []
        self.ended = True
        return list(self._at_end())

    def fail(self, reason: Literal["interrupted", "broken", "timed_out"]) -> list[Event]:
        """The stream can be read no further."""
        if self.ended:
            return []
        self.ended = True
        return [Failed(reason)]

    def _events(self, data: str) -> Iterable[Event]:
        data = data.strip()
        try:
            message, end = _from_json(data)
        except (ValueError, RecursionError):
            message, end = None, 0
        return self._read(message) if type(message) is dict and end == len(data) else (Failed("broken"),)

    def _add(self, delta: Any) -> Iterable[Event]:
        if not isinstance(delta, str) or not delta:
            return ()
        self._parts.append(delta)
        return (Text(delta),)

    def _put(self, text: Any) -> Iterator[Event]:
        if isinstance(text, str) and text != "".join(self._parts):
            self._parts = [text]
            yield Replace(text)

    def _finish(self, chat_id: Any) -> Iterator[Event]:
        if self._sources:
            yield Sources(self._sources)
        if self._metrics:
            yield Metrics(self._metrics)
        yield Done(chat_id if type(chat_id) is int else None, self.text, self._sources, tuple(self._files))

    def _read(self, message: Mapping[str, Any]) -> Iterable[Event]:
        raise NotImplementedError

    def _at_end(self) -> Iterator[Event]:
        yield Failed("interrupted")


class ChatReader(_Reader):
    """The streams of workspace and thread chats (server/utils/chats/apiChatHandler.js)."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._refused = False

    def _read(self, message: Mapping[str, Any]) -> Iterable[Event]:
        kind, error = message.get("type"), message.get("error")
        self._count += 1
        self._keep(message)
        if kind == "abort" or (isinstance(error, str) and error):
            words = error if isinstance(error, str) else ""
            return (Failed("aborted", "" if speaks_of_database(words) else words),)
        if kind == "textResponseChunk":
            # close:true here is not the end; chat id and sources are yet to come.
            return self._add(message.get("textResponse"))
        if kind == "textResponse":
            # A refusal, which is the only event of its stream; or all that an agent has said so far, and it may go on.
            self._refused = "animate" not in message
            return self._put(message.get("textResponse"))
        if kind == "agentThought" and isinstance(message.get("thought"), str):
            return (Thought(message["thought"]),)
        if kind == "finalizeResponseStream":
            return chain(self._put(message.get("textResponse")), self._finish(message.get("chatId")))
        return ()

    def _keep(self, message: Mapping[str, Any]) -> None:
        """Sources came with the closing chunk up to v1.8.5, with the last event since; the last ones that are not empty
        count."""
        sources, metrics = message.get("sources"), message.get("metrics")
        if type(sources) is list and sources:
            self._sources = tuple(source for source in sources if type(source) is dict)
        if type(metrics) is dict and metrics:
            self._metrics = metrics
        if "outputs" in message or "fileDownload" in message:
            outputs = message.get("outputs")
            made = [message.get("fileDownload"), *(outputs if type(outputs) is list else [])]
            self._files += [file for file in made if type(file) is dict and file not in self._files]

    def _at_end(self) -> Iterator[Event]:
        return self._finish(None) if self._refused and self._count == 1 else super()._at_end()


class CompletionReader(_Reader):
    """The streams of /v1/openai/chat/completions. There is no [DONE]; a failing model sends no event, or content
    null."""

    def _read(self, message: Mapping[str, Any]) -> Iterator[Event]:
        choices = message.get("choices")
        choice = choices[0] if type(choices) is list and choices and type(choices[0]) is dict else {}
        delta = choice.get("delta")
        delta = delta if type(delta) is dict else {}
        if "content" in delta and delta["content"] is None:
            yield Failed("interrupted")
            return
        yield from self._add(delta.get("content"))
        if choice.get("finish_reason"):
            usage = message.get("usage")
            self._metrics = usage if type(usage) is dict else {}
            yield from self._finish(None)
