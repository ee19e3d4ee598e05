"""The real server as a process of its own, people who are slow, and somebody else who watches over it and over how quickly it answers them."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dashboard.sandbox.testing import Sandbox, running_sandbox
from tests.project.processes import ROOT, Running, running

SETTLED_WITHIN = 60.0  # seconds; only a guard
WATCHED = 12  # answers of which the median is taken


class House:
    """Foyer's web server, and who is signed in there."""

    def __init__(self, web: Running, standin: Sandbox, known: dict[str, Any], data: Path) -> None:
        self.web, self.standin, self.port = web, standin, web.port
        self.ada, self.exporters, self.askers = known["ada"], known["exporters"], known["askers"]
        self.slug, self.code = known["slug"], known["code"]
        self.incoming = data / "incoming"
        self._process = Path(f"/proc/{web.process.pid}")

    # --- Who is slow ------------------------------------------------------------------------------------------------------
    def connect(self, sent: bytes = b"") -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        line.sendall(sent)
        return line

    def ask(self, method: str, path: str, session: str, body: bytes = b"", *headers: str) -> bytes:
        """A whole request."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Cookie: foyer_session={session}; foyer_csrf={'b' * 32}",
            *headers,
        ]
        if method == "POST":
            lines += [
                f"X-CSRFToken: {'b' * 32}",
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
            ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def answer(self, line: socket.socket) -> tuple[int, bytes]:
        with http.client.HTTPResponse(line) as found:
            found.begin()
            return found.status, found.read()

    # --- Somebody else ----------------------------------------------------------------------------------------------------
    def get(self, path: str, session: str = "") -> tuple[int, float, bytes]:
        """Status, seconds and body, over a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Cookie": f"foyer_session={session}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return answer.status, time.monotonic() - started, body

    def pages(self, session: str, path: str = "/audit/?person=nobody", times: int = WATCHED) -> float:
        """The median of the seconds that a page takes."""
        seconds = []
        for _time in range(times):
            status, took, _body = self.get(path, session)
            assert status == 200 or path == "/readyz"  # which says that no worker runs here
            seconds.append(took)
        return statistics.median(seconds)

    def others_are_served(self, *paths: str) -> None:
        """A page, a static file and the watcher's question, asked at the same time, while somebody is slow."""
        alive: list[float] = []
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                alive.append(self.get("/healthz")[1])

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            page = self.pages(self.ada)
            static = self.pages("", "/static/css/app.css", times=3)
        finally:
            over.set()
            watcher.join()
        assert page < max(1.0, 6 * self.usual), f"{page:.2f} s for a page, {self.usual:.2f} s usually"
        assert static < max(1.0, 6 * self.usual)
        assert statistics.median(alive) < max(0.1, self.usual), f"{statistics.median(alive):.3f} s for /healthz"

    # --- What it holds ----------------------------------------------------------------------------------------------------
    def threads(self) -> int:
        return len(list((self._process / "task").iterdir()))

    def files(self) -> int:
        return len(list((self._process / "fd").iterdir()))

    def files_on_disk(self) -> int:
        """Without a name, where bodies are kept."""
        found = 0
        for file in (self._process / "fd").iterdir():
            with suppress(OSError):
                found += str(file.readlink()).startswith(str(self.incoming))
        return found

    def megabytes(self) -> float:
        return int((self._process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def settle(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + SETTLED_WITHIN
        while not true():
            assert time.monotonic() < deadline, (
                f"{self.threads()} threads, {self.files()} files\n{self.web.said()[-3000:]}"
            )
            time.sleep(0.1)

    @contextmanager
    def as_before(self, *, readers: int = 0) -> Iterator[ExitStack]:
        """What is slow is entered into the stack. Afterwards the server holds no more threads, files and memory than before, but for `readers`:
        threads that ask the instance, each with a connection that is kept.
        """
        threads, files, megabytes = self.threads(), self.files(), self.megabytes()
        with ExitStack() as slow:
            yield slow
        self.settle(lambda: self.threads() <= threads + readers + 4 and self.files() <= files + 3 * readers + 10)
        assert self.megabytes() < megabytes + 40
        assert self.get("/audit/?person=nobody", self.ada)[0] == 200

    def warm_up(self) -> None:
        """Every thread that there is when many ask has come, and has what it needs."""

        def once(session: str) -> None:
            self.pages(session, times=1)
            self.pages(session, "/static/css/app.css", times=2)
            self.pages(session, "/readyz", times=1)
            self.pages(session, "/audit/export/?person=nobody", times=1)

        crowd = [threading.Thread(target=once, args=(session,)) for session in (self.ada, *self.exporters)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        self.usual = self.pages(self.ada)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[House]:
    tmp_path = tmp_path_factory.mktemp("server")
    with running_sandbox() as standin:
        variables = {
            "DJANGO_SETTINGS_MODULE": "tests.server.rig",
            "SECRET_KEY": "only-for-this-test-" * 3,
            "HTTPS": "false",
            "DATA_DIR": str(tmp_path / "data"),
            "ANYTHINGLLM_URL": standin.url,
            "ANYTHINGLLM_API_KEY": standin.api_key,
            "LOG_LEVEL": "WARNING",
        }
        prepare = [sys.executable, "manage.py", "shell", "-c", (ROOT / "tests/server/prepare.py").read_text()]
        environment = {**os.environ, **variables, "DATABASE_URL": "", "QUEUE_URL": "", "CACHE_URL": ""}
        done = subprocess.run(prepare, cwd=ROOT, env=environment, capture_output=True, text=True)
        known = re.search(r"^prepared (.*)$", done.stdout, re.MULTILINE)
        assert known, done.stderr
        with running(["dashboard.web"], tmp_path, **variables) as web:
            web.wait_until_it_answers()
            house = House(web, standin, json.loads(known[1]), tmp_path / "data")
            house.warm_up()
            yield house
            assert "Exception in ASGI application" not in web.said()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    yield built
    built.standin.reset()
