"""An export is drawn in a thread, for as long as there is somebody who reads it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from dashboard.server.pages import Pages
from dashboard.server.threads import Limit, Pool

ENOUGH = 10.0  # seconds, after which the rows end by themselves, so that a test that fails ends, too


class Rows:
    """Rows that do not end."""

    streaming = True
    ended_by_themselves = closed = False

    def __iter__(self) -> Iterator[bytes]:
        until = time.monotonic() + ENOUGH
        while time.monotonic() < until:
            yield b"one more row\r\n"
            time.sleep(0.001)
        self.ended_by_themselves = True

    def close(self) -> None:
        self.closed = True


def read_a_little(rows: Rows) -> None:
    """Asks for them, and leaves with the first that comes."""
    pool = Pool("test", Limit(1, 1))

    def wsgi(_environ: dict[str, Any], start_response: Any) -> Rows:
        start_response("200 OK", [])
        return rows

    async def ask() -> None:
        came = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await came.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message.get("body"):
                came.set()

        about = {"path": "/audit/export/", "query_string": b"", "headers": [], "client": ("192.0.2.1", 5000)}
        await Pages(wsgi, pool, pool)(
            {"method": "GET", "http_version": "1.1", "scheme": "http", **about}, receive, send
        )

    try:
        asyncio.run(ask())
    finally:
        pool.close()


def test_it_ends_when_its_reader_has_gone():
    rows = Rows()
    read_a_little(rows)
    assert rows.closed and not rows.ended_by_themselves
