"""Chat streams through Foyer, beside nginx and beside nothing: python -m bench streams

Delay is from the moment when the source sends a piece to the moment when the client has it; the same source, the same client, in turns.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import re
import resource
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import uvloop

from bench.stage import (
    HOST,
    KEY,
    Server,
    fetch,
    foyer,
    free_port,
    running,
    signed_in,
    stand_in,
    started,
)

STAMP = re.compile(rb"@(\d+) ")
BEGIN = 100  # streams begin each second
LOAD = 4  # connections that ask for pages
QUESTION = "/api/v1/workspace/company-handbook/stream-chat"
NGINX = """
worker_processes 1; daemon off; master_process off; pid {data}/nginx.pid; error_log {data}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; gzip off;
  client_body_temp_path {data}/body; proxy_temp_path {data}/proxy;
  fastcgi_temp_path {data}/f; uwsgi_temp_path {data}/u; scgi_temp_path {data}/s;
  server {{
    listen {host}:{port} backlog=4096;
    location / {{ proxy_pass http://{host}:{source}; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 120s; }}
  }}
}}
"""


@dataclass
class Seen:
    """What a client saw of all streams of one run. Times in milliseconds."""

    delays: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    errors: int = 0
    work: float = 0  # milliseconds of the server's processor
    kept_waiting: float = 0  # milliseconds in which others had the processor
    megabytes: float = 0  # that the server grew by, while all streams were open
    threads: int = 0

    def centile(self, share: float) -> float:
        return sorted(self.delays)[int(len(self.delays) * share)]

    @property
    def first(self) -> float:
        return statistics.median(self.firsts)

    @property
    def work_of_a_thousand(self) -> float:
        """Milliseconds of work for a thousand pieces."""
        return self.work / len(self.delays) * 1000


class Watcher(asyncio.Protocol):
    """A browser that has asked, and reads."""

    def __init__(self, request: bytes, pieces: int, seen: Seen, ended: asyncio.Future[None]) -> None:
        self.request, self.pieces, self.seen, self.ended = request, pieces, seen, ended
        self.rest, self.heard, self.whole = b"", 0, False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.asked = time.monotonic_ns()
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self.rest + data
        cut = data.rfind(b"\n") + 1
        self.rest = data[cut:]
        for stamp in STAMP.findall(data, 0, cut):
            if not self.heard:
                self.seen.firsts.append((now - self.asked) / 1e6)
            self.heard += 1
            self.seen.delays.append((now - int(stamp)) / 1e6)
        if b"finalizeResponseStream" in data or b'"state": "done"' in data:
            self.whole = True
            self.transport.close()

    def connection_lost(self, problem: Exception | None) -> None:
        self.seen.errors += not (self.whole and self.heard == self.pieces)
        self.ended.set_result(None)


def watch(server: Server, requests: list[bytes], pieces: int) -> Seen:
    """All streams, which begin one after the other."""
    seen = Seen()
    before, worked, waited = server.megabytes(), server.worked(), server.kept_waiting()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        ends = [loop.create_future() for _ in requests]
        for request, end in zip(requests, ends, strict=True):
            await loop.create_connection(lambda r=request, e=end: Watcher(r, pieces, seen, e), HOST, server.port)
            await asyncio.sleep(1 / BEGIN)
        await asyncio.sleep(1)
        seen.megabytes = server.megabytes() - before
        seen.threads = server.threads()
        await asyncio.wait(ends, timeout=120)
        seen.errors += sum(not end.done() for end in ends)

    gc.collect()
    gc.disable()  # a collection here would be a delay there
    uvloop.run(run())
    gc.enable()
    seen.work = server.worked() - worked
    seen.kept_waiting = server.kept_waiting() - waited
    return seen


@contextmanager
def nginx(source: Server, data: Path) -> Iterator[Server | None]:
    """Debian's nginx, passing everything on without buffering; None where there is none."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        print(
            "nginx is not here (apt-get install nginx-light), so there is nothing to compare with but the bare stream"
        )
        yield None
        return
    port = free_port()
    (data / "nginx.conf").write_text(NGINX.format(data=data, host=HOST, port=port, source=source.port))
    with started([program, "-c", f"{data}/nginx.conf"], port) as server:
        yield server


# --- What is asked ----------------------------------------------------------------------------------------------------
def straight(rate: int, seconds: int) -> bytes:
    """The question as Foyer asks it."""
    body = json.dumps({"message": question(rate, seconds), "mode": "chat", "sessionId": "bench"}).encode()
    head = (
        f"POST {QUESTION} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}Authorization: Bearer {KEY}\r\n\r\n".encode() + body


def by_ticket(rate: int, seconds: int, browser: dict[str, str]) -> bytes:
    """The stream of a turn that is ready."""
    from dashboard.accounts.models import Operator
    from dashboard.chat import turns
    from dashboard.chat.models import Mode

    turn = turns.open_turn(
        actor=Operator.objects.get(username="bench"),
        workspace_id=1,
        workspace_slug="company-handbook",
        text=question(rate, seconds),
        mode=Mode.CHAT,
        session_id="bench",
    )
    ticket = turns.ticket(turn, browser["Cookie"].partition("=")[2])
    return f"GET /stream/{ticket}/ HTTP/1.1\r\nHost: {HOST}\r\nCookie: {browser['Cookie']}\r\n\r\n".encode()


def question(rate: int, seconds: int) -> str:
    return f"rate={rate} count={rate * seconds}"


# --- What is measured -------------------------------------------------------------------------------------------------
@dataclass
class Way:
    server: Server
    request: Callable[[int, int], bytes]


def compare(ways: dict[str, Way], streams: int, rate: int, seconds: int, rounds: int) -> None:
    """The same streams each way, in turns; of several rounds the median."""
    runs: dict[str, list[Seen]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            runs[name].append(watch(way.server, [way.request(rate, seconds) for _ in range(streams)], rate * seconds))
    print(f"{streams:,} streams, {rate} pieces a second each")
    print("              delay p50     p99   first piece  errors  work/1,000  memory/stream  threads  kept waiting")
    for name, seen in runs.items():

        def middle(figure: Callable[[Seen], float], seen: list[Seen] = seen) -> float:
            return statistics.median(map(figure, seen))

        print(
            f"  {name:<10} {middle(lambda s: s.centile(0.5)):7.2f} {middle(lambda s: s.centile(0.99)):9.2f}"
            f" {middle(lambda s: s.first):8.1f} ms {sum(s.errors for s in seen):7}"
            f" {middle(lambda s: s.work_of_a_thousand):8.1f} ms"
            f" {max(s.megabytes for s in seen) / streams * 1000:11.0f} kB {middle(lambda s: s.threads):8.0f}"
            f" {middle(lambda s: s.kept_waiting):10.0f} ms"
        )


def with_pages(web: Server, browser: dict[str, str], streams: int, rate: int, seconds: int) -> None:
    """Streams while pages keep the same process busy, and the pages with and without the streams."""
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        quiet = elsewhere.submit(pages_a_second, web.port, browser, seconds).result()
        requests = [by_ticket(rate, seconds, browser) for _ in range(streams)]
        beside = elsewhere.submit(pages_a_second, web.port, browser, seconds + streams / BEGIN)
        seen = watch(web, requests, rate * seconds)
        busy = beside.result()
    print(f"{streams} streams, {rate} pieces a second each, while pages keep the same process busy")
    print(f"  streams     delay p50 {seen.centile(0.5):.2f} ms, p99 {seen.centile(0.99):.2f} ms, {seen.errors} errors")
    print(f"  pages       {busy:.1f} a second beside {quiet:.1f} without streams: {busy / quiet:.2f}")


def pages_a_second(port: int, browser: dict[str, str], seconds: float) -> float:
    counts: list[int] = []

    def ask() -> None:
        connection, count, until = http.client.HTTPConnection(HOST, port, timeout=60), 0, time.monotonic() + seconds
        while time.monotonic() < until:
            fetch(connection, "/users/", browser)
            count += 1
        connection.close()
        counts.append(count)

    threads = [threading.Thread(target=ask) for _ in range(LOAD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as data, ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        instance = stack.enter_context(stand_in())
        source = stack.enter_context(running("bench.stream_source", "{port}", str(instance.port)))
        web = stack.enter_context(foyer(source))
        proxy = stack.enter_context(nginx(source, Path(data)))
        browser = signed_in()
        web.get("/users/", browser)
        ways = {"nothing": Way(source, straight), "Foyer": Way(web, lambda *how: by_ticket(*how, browser))}
        if proxy:
            ways["nginx"] = Way(proxy, straight)
        compare(ways, streams=200, rate=30, seconds=15, rounds=3)
        compare(ways, streams=1000, rate=5, seconds=20, rounds=1)
        with_pages(web, browser, streams=100, rate=10, seconds=10)
