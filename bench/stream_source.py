"""An instance's streams from a faster source than the stand-in: python -m bench.stream_source PORT STANDIN_PORT

A question that says "rate=30 count=300" is answered with that many pieces at that pace, each with the time at which it was sent. Whatever
else is asked goes on to the stand-in.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Any

import uvloop

from bench.stage import HOST

WANTED = re.compile(rb"rate=(\d+) count=(\d+)")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = (
    b'data: {"uuid":"u","sources":[],"type":"textResponseChunk","textResponse":"@%d ","close":false,"error":false}\n\n'
)
LAST = b'data: {"uuid":"u","type":"finalizeResponseStream","close":true,"error":false,"chatId":7,"metrics":{},"sources":[]}\n\n'


class Pipe(asyncio.Protocol):
    """What comes from the stand-in goes back to whoever asked."""

    def __init__(self, to: asyncio.Transport) -> None:
        self.to = to

    def data_received(self, data: bytes) -> None:
        self.to.write(data)

    def connection_lost(self, problem: Exception | None) -> None:
        self.to.close()


class Source(asyncio.Protocol):
    def __init__(self, stand_in_port: int) -> None:
        self.stand_in_port = stand_in_port
        self.received = b""
        self.beyond: asyncio.Transport | None = None
        self.passing: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.beyond:
            self.beyond.write(data)
            return
        self.received += data
        if b"/stream-chat " not in self.received.partition(b"\r\n")[0]:
            self.passing = self.passing or asyncio.ensure_future(self.pass_on())
        elif wanted := WANTED.search(self.received):
            rate, count = map(int, wanted.groups())
            self.transport.write(HEAD)
            self.started = time.monotonic()
            self.tell(1 / rate, 0, count)

    async def pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        self.beyond, _pipe = await loop.create_connection(lambda: Pipe(self.transport), HOST, self.stand_in_port)
        self.beyond.write(self.received)

    def tell(self, pause: float, number: int, count: int) -> None:
        if self.transport.is_closing():
            return
        if number == count:
            self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(LAST), LAST))
            self.transport.close()
            return
        piece = PIECE % time.monotonic_ns()
        self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        due = self.started + (number + 1) * pause - time.monotonic()
        asyncio.get_running_loop().call_later(max(due, 0), self.tell, pause, number + 1, count)

    def connection_lost(self, problem: Exception | None) -> None:
        if self.beyond:
            self.beyond.close()


async def main() -> None:
    port, stand_in_port = map(int, sys.argv[1:])
    server = await asyncio.get_running_loop().create_server(lambda: Source(stand_in_port), HOST, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
