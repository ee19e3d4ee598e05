"""uvicorn's HTTP over httptools, with bounds for heads, silences and connections, which it leaves to a proxy in front.

Measured beside uvicorn's other one, h11, which has some of them: see docs/figures.md.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 64 * 1024  # bytes of a request's line and headers, or of what follows its body
HEAD_WITHIN = 20.0  # seconds from the first byte of a request, or from the connection, to the end of its head
READ_WITHIN = 60.0  # seconds in which a browser takes something of what is ready for it
GOODBYE_WITHIN = 10.0  # seconds for the last of it, once nothing more comes
OTHER_FILES = 256  # that are open besides connections: the database, the cache, bodies on disk
MOST_CONNECTIONS = 10_000
MOST_FILES = 65_536
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def connections_for(files: int) -> int:
    """How many there may be, since a stream has two."""
    return max(16, min(MOST_CONNECTIONS, (files - OTHER_FILES) // 2))


def raise_limit_of_files() -> int:
    """To as many as are allowed, within reason; how many connections may be open then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(soft, MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return connections_for(most)


class Protocol(HttpToolsProtocol):
    most_connections = MOST_CONNECTIONS
    # Those between two requests, longest first: a dict keeps their order. Of the whole process, as a class is.
    _idle: dict[Protocol, None] = {}

    # --- Connections ------------------------------------------------------------------------------------------------------
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._since_head = 0
        self._running: RequestResponseCycle | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._rest()
        self._within("head", HEAD_WITHIN)
        if len(self.connections) > self.most_connections:
            next(iter(self._idle))._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.pop(self, None)
        for what in list(self._timers):
            self._in_time(what)
        self._forsake()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def _forsake(self) -> None:
        """Of several requests sent at once uvicorn tells only the last that nobody reads any more."""
        for cycle in (self._running, *(cycle for cycle, _app in self.pipeline)):
            if cycle and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        self.flow.resume_writing()

    def _end(self) -> None:
        """Closes the connection, even if nobody takes what was sent last."""
        self._idle.pop(self, None)
        self._forsake()
        self.transport.close()
        self._within("goodbye", GOODBYE_WITHIN)

    def timeout_keep_alive_handler(self) -> None:
        self._end()

    def _rest(self) -> None:
        self._idle.pop(self, None)
        self._idle[self] = None

    # --- Time -------------------------------------------------------------------------------------------------------------
    def _within(self, what: str, seconds: float) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(seconds, self.transport.abort)

    def _in_time(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._within("read", READ_WITHIN)

    def resume_writing(self) -> None:
        self._in_time("read")
        super().resume_writing()

    # --- Requests ---------------------------------------------------------------------------------------------------------
    def data_received(self, data: bytes) -> None:
        self._since_head += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            self._within("goodbye", GOODBYE_WITHIN)
        elif self._since_head > LONGEST_HEAD:
            self._refuse()
        elif self._awaits_head():
            self._within("head", HEAD_WITHIN)

    def _awaits_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self) -> None:
        if self._awaits_head():  # else it would stand in the middle of an answer
            self.transport.write(TOO_LONG)
        self._end()

    def send_400_response(self, msg: str) -> None:
        if self._since_head > LONGEST_HEAD or not self._awaits_head():
            self._refuse()
        else:
            super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > LONGEST_HEAD:
            raise ValueError("The head is too long.")  # the parser stops
        self._in_time("head")
        self._idle.pop(self, None)
        self._since_head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._since_head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._since_head = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle

        async def seen_off(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self.loop.call_soon(self._see_off)

        super()._start_asgi_task(cycle, seen_off)

    def _see_off(self) -> None:
        """What failed half way is closed by uvicorn, but a browser that takes nothing would keep it."""
        if self in self.connections and self.transport.is_closing():
            self._within("goodbye", GOODBYE_WITHIN)

    def on_response_complete(self) -> None:
        answered = self._running
        super().on_response_complete()
        if self.transport.is_closing():
            self._within("goodbye", GOODBYE_WITHIN)
        elif answered and answered.more_body:
            self._end()  # nobody asked for what is still coming
        elif self._awaits_head():
            self._rest()
