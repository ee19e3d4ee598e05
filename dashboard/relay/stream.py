"""One answer on its way from the instance to one browser."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard import errors, instance
from dashboard.anythingllm import ApiError, Kind, Unreachable
from dashboard.anythingllm.sse import ChatReader, Done, Event, Failed, Replace, Sources, Text, Thought
from dashboard.chat.models import TurnState
from dashboard.relay.upstream import BROKEN, Upstream

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

BACK_WITHIN = (
    0.6  # seconds in which a page that was loaded again asks for the answer; who has left is noticed within one
)
STILL_AWAITED_EVERY = 2.0  # seconds
HEARTBEAT = 15.0  # seconds of silence, after which a comment tells everybody on the way that the stream is alive

# What a browser needs of a source. The rest, such as its path on the instance's disk, is nobody's business.
SHOWN_OF_SOURCE = ("id", "title", "text", "score", "chunkSource", "docAuthor", "docSource", "description", "published")


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent: route, its names, and the body, with all that belongs to it."""

    route: str
    names: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended. `sentence`: why there is no whole answer."""

    state: TurnState
    sentence: str = ""
    chat_id: int | None = None
    words: str = ""  # what had come of it


class Stream:
    def __init__(self, send: Send, upstream: Upstream) -> None:
        self._send = send
        self._upstream = upstream
        self._patience = instance.connect().http_client.budgets[Kind.STREAM].read
        self._heard = self._said = time.monotonic()  # of the instance, to the browser
        self._sending = False
        self._reader = ChatReader()

    async def run(
        self,
        question: Question,
        receive: Receive,
        is_awaited: Callable[[], Awaitable[bool]],
        stopping: asyncio.Event,
        lost: asyncio.Event,
    ) -> Ending:
        """Until the answer has ended, the browser has left and no page waits for it, somebody was silent for too long, the server stops, or
        who asked may hear it no longer: what comes first.
        """
        tasks = [
            asyncio.create_task(until)
            for until in (
                self._carry(question),
                _nobody_waits(receive, is_awaited),
                self._silence(),
                _once(stopping, errors.RESTARTING),
                _once(lost, errors.NOT_FOR_YOU_ANY_MORE),
            )
        ]
        try:
            done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ending = next(task for task in tasks if task in done).result()
            return ending if ending.state is TurnState.DONE else replace(ending, words=self._reader.text)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _say(self, events: bytes) -> None:
        # Waits while the browser is slow; then nothing is read from the instance either.
        self._sending = True
        await self._send({"type": "http.response.body", "body": events, "more_body": True})
        self._sending = False
        self._said = time.monotonic()

    async def _carry(self, question: Question) -> Ending:
        try:
            response = await self._upstream.ask(question.route, question.names, question.body)
        except ApiError as error:
            if isinstance(error, Unreachable) and error.sent:
                return ending_of(Failed("interrupted"))
            return Ending(TurnState.FAILED, str(errors.describe(error).sentence))
        reader = self._reader
        try:
            while True:
                try:
                    received = await response.content.readany()
                except BROKEN:
                    events = reader.fail("interrupted")
                else:
                    events = reader.feed(received) if received else reader.end()
                self._heard = time.monotonic()
                if told := as_told(events):
                    await self._say(told)
                if events and isinstance(events[-1], Done | Failed):
                    return ending_of(events[-1])
        finally:
            response.close()

    async def _silence(self) -> Ending:
        while True:
            now = time.monotonic()
            enough, due = self._heard + self._patience, self._said + HEARTBEAT
            if now >= enough:
                # Either the browser does not take what it is sent, or the instance sends nothing.
                return Ending(TurnState.STOPPED) if self._sending else ending_of(Failed("timed_out"))
            if self._sending:
                await asyncio.sleep(min(enough - now, HEARTBEAT))
            elif now < due:
                await asyncio.sleep(min(enough, due) - now)
            else:
                try:
                    async with asyncio.timeout(self._patience):
                        await self._say(b":\n\n")
                except TimeoutError:
                    return Ending(TurnState.STOPPED)


async def _nobody_waits(receive: Receive, is_awaited: Callable[[], Awaitable[bool]]) -> Ending:
    while (await receive())["type"] != "http.disconnect":
        pass
    # A reload looks like somebody who leaves, until the new page has asked for the answer.
    await asyncio.sleep(BACK_WITHIN)
    while await is_awaited():
        await asyncio.sleep(STILL_AWAITED_EVERY)
    return Ending(TurnState.STOPPED)


async def _once(happened: asyncio.Event, sentence: errors.Words) -> Ending:
    await happened.wait()
    return Ending(TurnState.INTERRUPTED, str(sentence))


def ending_of(last: Done | Failed) -> Ending:
    """After an abort nothing more comes; of an answer that just broke off the instance may have more."""
    if isinstance(last, Done):
        return Ending(TurnState.DONE, chat_id=last.chat_id)
    state = TurnState.FAILED if last.reason == "aborted" else TurnState.INTERRUPTED
    return Ending(state, str(errors.describe_ending(last)))


def as_event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


def as_text(name: str, text: str) -> bytes:
    # In ASCII: half of a character, as it may stand at the edge of a piece, has no UTF-8; the browser puts the halves together again.
    return as_event(name, f'{{"text": {json.dumps(text)}}}')


def as_told(events: Iterable[Event]) -> bytes:
    """Events of the instance as the browser gets them. Pieces of text that came together stay together."""
    told, text = b"", ""
    for event in events:
        if isinstance(event, Text):
            text += event.delta
            continue
        if text:
            told, text = told + as_text("chunk", text), ""
        if isinstance(event, Replace):
            told += as_text("replace", event.text)
        elif isinstance(event, Thought):
            told += as_text("thought", event.text)
        elif isinstance(event, Sources):
            shown = [{key: item[key] for key in SHOWN_OF_SOURCE if key in item} for item in event.items]
            told += as_event("sources", json.dumps({"sources": shown}))
    return told + as_text("chunk", text) if text else told
