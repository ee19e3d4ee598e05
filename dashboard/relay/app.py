"""The door of the relay: GET /stream/<ticket>/. It asks for a valid ticket and knows no other page.

The browser gets the events chunk, replace, thought ({"text"}), sources ({"sources": [...]}), failed ({"sentence"}), and at the end of
every stream, whatever happened, done ({"state", "chat_id"}).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import translation

from dashboard import errors
from dashboard.anythingllm.chat import streamed_question
from dashboard.chat import turns
from dashboard.chat.hearing import Hearing
from dashboard.chat.models import Mode, Turn, TurnState
from dashboard.context import request_address, request_id
from dashboard.relay.stream import Ending, Question, Receive, Send, Stream, as_event
from dashboard.relay.upstream import Upstream

T = TypeVar("T")

PATH = "/stream/"
KEPT_WITHIN = 2.0  # seconds that a stream's last word waits for the database
GOODBYE_WITHIN = 5.0  # seconds that a browser has to take it
LOOK_EVERY = 2.0  # seconds between two looks at whether who asked may still hear the answers

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Permissions-Policy": settings.PERMISSIONS_POLICY,
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # opened as a page, it is text
}
if settings.SECURE_HSTS_SECONDS:
    COMMON_HEADERS["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}" + "".join(
        [
            "; includeSubDomains" * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
            "; preload" * settings.SECURE_HSTS_PRELOAD,
        ]
    )


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


STREAM_HEADERS = encoded(
    {
        **COMMON_HEADERS,
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",  # nginx would hold the events back
    }
)
REFUSAL_HEADERS = encoded({**COMMON_HEADERS, "Content-Length": "0", "Cache-Control": "no-store"})

log = logging.getLogger("dashboard.relay")
request_log = logging.getLogger("dashboard.request")


class Relay:
    """An ASGI application for HTTP. `start` and `close` belong into the lifespan of the server, `stop` to the beginning of its end."""

    async def start(self) -> None:
        self.open = 0  # streams
        self._draining = False
        self._upstream = Upstream()
        self._stopping = asyncio.Event()
        # One thread, one connection: a turn is taken and ended in a millisecond, whatever is streaming.
        self._database = ThreadPoolExecutor(1, thread_name_prefix="relay")
        # It asks the instance, too, which may take long.
        self._watch = ThreadPoolExecutor(1, thread_name_prefix="relay-watch")
        self._heard: dict[turns.Ticket, asyncio.Event] = {}
        self._watching = asyncio.create_task(self._end_what_may_not_be_heard())

    def drain(self) -> None:
        """No question is asked any more; those that are being answered go on."""
        self._draining = True

    def stop(self) -> None:
        """Every open stream says that the server stops, and ends."""
        self._stopping.set()

    async def close(self) -> None:
        self._watching.cancel()
        await self._upstream.close()
        for threads in (self._watch, self._database):
            threads.submit(connections.close_all)
            threads.shutdown(wait=threads is self._database)

    async def _end_what_may_not_be_heard(self) -> None:
        hearing = Hearing()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            tickets = list(self._heard)
            if not tickets:
                continue
            try:
                look = partial(_connected, hearing.lost, tickets)
                lost = await asyncio.get_running_loop().run_in_executor(self._watch, look)
            except Exception as error:
                log.warning("who may hear was not looked at", extra={"cause": type(error).__name__})
                continue
            for ticket in lost & self._heard.keys():
                self._heard[ticket].set()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id.set(uuid.uuid4().hex[:16])
        request_address.set(scope["client"][0] if scope["client"] else "")
        try:
            ticket = _ticket_of(scope)
        except turns.NotATicket:
            status, turn = HTTPStatus.NOT_FOUND, None
            await _answer(send, status, REFUSAL_HEADERS)
            await send({"type": "http.response.body"})
        else:
            status = HTTPStatus.OK
            await _answer(send, status, STREAM_HEADERS)
            self.open += 1
            try:
                turn = await self._stream(ticket, receive, send)
            finally:
                self.open -= 1
        request_log.info(
            "request",
            extra={
                "method": scope["method"],
                "route": f"{PATH}<ticket>/",  # a ticket is a key, if only for a minute
                "status": status.value,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "operator": turn.operator_id if turn else None,
                "htmx": False,
            },
        )

    async def _stream(self, ticket: turns.Ticket, receive: Receive, send: Send) -> Turn | None:
        """Asks the turn's question, if nobody has yet, and carries the answer. The turn, if it is still known."""
        turn: Turn | None = None
        question: Question | None = None
        if self._draining:
            await _say_goodbye(send, Ending(TurnState.WAITING, str(errors.RESTARTING)))
            return None
        try:
            turn, question = await self._in_database(_claim, ticket)
            if turn:
                translation.activate(turn.language)  # in this request's own context
            if question:
                is_awaited = partial(self._in_database, turns.is_awaited, ticket.turn_id)
                self._heard[ticket] = lost = asyncio.Event()
                ending = await Stream(send, self._upstream).run(question, receive, is_awaited, self._stopping, lost)
            else:
                gone = Ending(TurnState.FAILED, str(errors.QUESTION_GONE))
                ending = Ending(TurnState(turn.state), chat_id=turn.chat_id) if turn else gone
        except Exception:
            log.exception("stream")
            ending = Ending(TurnState.FAILED, str(errors.STREAM_FAILED))
        finally:
            self._heard.pop(ticket, None)
        if turn and question:
            # The page that hears "done" reads the turn, so it is kept first; but a database that is busy holds up nobody's last word.
            keeping = asyncio.create_task(self._in_database(_keep, turn, ending))
            await asyncio.wait({keeping}, timeout=KEPT_WITHIN)
        if not (question and ending.state is TurnState.STOPPED):
            await _say_goodbye(send, ending)
        return turn

    async def _in_database(self, act: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, _connected, act, *arguments)


def _ticket_of(scope: Any) -> turns.Ticket:
    """Raises NotATicket."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    host, _port = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    ticket = scope["path"].removeprefix(PATH).removesuffix("/")
    if scope["method"] != "GET" or not validate_host(host, settings.ALLOWED_HOSTS):
        raise turns.NotATicket
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    return turns.read(ticket, cookies.get(settings.SESSION_COOKIE_NAME, ""))


async def _answer(send: Send, status: HTTPStatus, headers: list[tuple[bytes, bytes]]) -> None:
    sent = [*headers, (b"x-request-id", request_id.get().encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": sent})


async def _say_goodbye(send: Send, ending: Ending) -> None:
    words = as_event("done", json.dumps({"state": ending.state.value, "chat_id": ending.chat_id}))
    if ending.sentence:
        words = as_event("failed", json.dumps({"sentence": ending.sentence})) + words
    # A browser that takes nothing more must not keep the server from ending.
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_WITHIN):
            await send({"type": "http.response.body", "body": words})


# --- In the thread ----------------------------------------------------------------------------------------------------
def _connected(act: Callable[..., T], *arguments: Any) -> T:
    close_old_connections()
    try:
        return act(*arguments)
    finally:
        close_old_connections()


def _claim(ticket: turns.Ticket) -> tuple[Turn | None, Question | None]:
    """The turn as it stands; and the question, to be asked now, only for the first who comes in time and is still signed in."""
    turn = turns.claim(ticket)
    if turn is None:
        return turns.find(ticket.turn_id), None
    route, names, body = streamed_question(
        turn.workspace_slug,
        turn.text,
        turn.thread_slug or None,
        mode="query" if turn.mode == Mode.QUERY else "chat",
        user_id=turn.user_id,
        session_id=turn.session_id or None,
        attachments=turn.attachments,
    )
    # Here and not in the loop: with a picture it has megabytes.
    return turn, Question(route, names, json.dumps(body).encode())


def _keep(turn: Turn, ending: Ending) -> None:
    turns.end(turn.pk, ending.state, problem=ending.sentence, chat_id=ending.chat_id, words=ending.words)
