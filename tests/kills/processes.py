"""A stand-in, Foyer's web server and its worker, each a process of its own; the last two are killed and started again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.db import connection

from dashboard.sandbox.testing import Sandbox
from tests.project.processes import ROOT, free_port, nobody_listens

PATIENCE = 240.0  # seconds; only a guard against hanging for ever


def wait_until(true: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < give_up, f"waited in vain: {what}"
        time.sleep(0.02)


def started(command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        # What is killed keeps no measurements, so none are made.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        return subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=kept | environment, stdout=file, stderr=subprocess.STDOUT
        )


class StandIn(Sandbox):
    """The stand-in as a process, and what is true on it: read from its database, past everything that Foyer uses."""

    def __init__(self, directory: Path, workspaces: int = 16, **settings: float) -> None:
        self._file, self._log = directory / "standin.sqlite3", directory / "standin.log"
        self._port, self.api_key = free_port(), "KILLS-KILLS-KILLS"
        self.url = f"http://127.0.0.1:{self._port}"
        size = ["--users", "120", "--workspaces", str(workspaces), "--documents", "60"]
        where = ["--port", str(self._port), "--db", str(self._file), "--api-key", self.api_key]
        self._command = ["-m", "dashboard.sandbox", *where, *size]
        self._settings = {"latency": 0.01, "processing": 0.1, "embedding": 0.25} | settings
        self.start()

    def start(self) -> None:
        self._process = started(self._command, self._log, {})
        wait_until(lambda: self._process.poll() is not None or not nobody_listens(self._port), "the stand-in starts")
        self.configure(**self._settings)

    def kill(self) -> None:
        """What it had written stays, what it was at is left half done."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def rows(self, sql: str, *values: Any) -> list[Any]:
        reader = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)
        try:
            return reader.execute(sql, values).fetchall()
        finally:
            reader.close()

    def users(self) -> Counter[str]:
        return Counter(name for (name,) in self.rows("SELECT username FROM users"))

    def user_id(self, username: str) -> int:
        ((found,),) = self.rows("SELECT id FROM users WHERE username = ?", username)
        return int(found)

    def members(self) -> Counter[tuple[int, int]]:
        """Workspace and user; twice what stands there twice."""
        return Counter(self.rows("SELECT workspace_id, user_id FROM workspace_users"))

    def library(self) -> Counter[str]:
        return Counter(path for (path,) in self.rows("SELECT folder || '/' || name FROM files"))

    def embedded(self) -> Counter[tuple[int, str]]:
        """Workspace and document."""
        return Counter(self.rows("SELECT workspaceId, docpath FROM workspace_documents"))

    def passages(self) -> Counter[tuple[int, str]]:
        """What questions are answered from: workspace and text."""
        return Counter(self.rows("SELECT workspaceId, text FROM vectors"))

    def invites(self) -> list[tuple[str, int | None]]:
        """Status of each, and who has claimed it."""
        return self.rows("SELECT status, claimedBy FROM invites ORDER BY id")

    def accepts(self, username: str, password: str) -> bool:
        return bool(self.post("/request-token", {"username": username, "password": password})["valid"])


class Foyer:
    """Web and worker on the test's own database. `diary`: what was done to them."""

    COMMANDS = {"web": ["-m", "dashboard.web"], "worker": ["manage.py", "run_huey"]}

    def __init__(self, directory: Path, standin: StandIn) -> None:
        self._directory, self._port = directory, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.data = directory / "data"
        self.diary: list[str] = []
        self._since = time.monotonic()
        database = connection.settings_dict
        where = f"sqlite:///{database['NAME']}"
        if connection.vendor == "postgresql":
            where = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        self._environment = {
            "DJANGO_SETTINGS_MODULE": "tests.kills.rig.settings",
            "DATA_DIR": str(self.data),
            "STATIC_ROOT": str(settings.STATIC_ROOT),
            "QUEUE_URL": f"sqlite:///{self.data}/queue.sqlite3",
            "CACHE_URL": f"filecache://{self.data}/cache",
            "DATABASE_URL": where,
            "SECRET_KEY": settings.SECRET_KEY,
            "ANYTHINGLLM_URL": standin.url,
            "ANYTHINGLLM_API_KEY": standin.api_key,
            "PORT": str(self._port),
            "LOG_LEVEL": "WARNING",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.start(*self.COMMANDS)
        self.wait_until_it_answers()

    def start(self, *names: str) -> None:
        for name in names:
            log = self._directory / f"{name}.log"
            self._running[name] = started(self.COMMANDS[name], log, self._environment)

    def wait_until_it_answers(self) -> None:
        wait_until(lambda: not nobody_listens(self._port), "the web server starts")

    def kill(self, *names: str) -> None:
        """As the kernel does it when memory runs out: without a word."""
        for name in names:
            assert self._running[name].poll() is None, f"the {name} has ended by itself"
            self._running[name].send_signal(signal.SIGKILL)
        for name in names:
            self._running[name].wait()
        self.note(f"{' and '.join(names)} killed")

    def note(self, words: str) -> None:
        self.diary.append(f"{time.monotonic() - self._since:6.2f} s  {words}")

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def said(self) -> str:
        logs = sorted(self._directory.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text()[-3000:]}" for log in logs)


class Left(Exception):
    """No answer came, and the person has gone."""


class Browser:
    """Somebody's, who sends a form again for as long as nothing comes back, unless `comes_back` is no longer so."""

    comes_back = True

    def __init__(self, foyer: Foyer, session: str = "") -> None:
        self._url, self._session = foyer.url, requests.Session()
        self._session.trust_env = False
        if session:
            self._session.cookies.set("foyer_session", session)
        self.broken = 0  # how often no answer came

    def get(self, path: str) -> requests.Response:
        return self._patiently("GET", path)

    def post(self, path: str, fields: dict[str, Any], page: str = "", **more: Any) -> requests.Response:
        """The form of a page, this one unless another is named, with its token."""
        if "foyer_csrf" not in self._session.cookies:
            self.get(page or path)
        token = {"csrfmiddlewaretoken": self._session.cookies["foyer_csrf"]}
        return self._patiently("POST", path, data=fields | token, **more)

    def listen(self, path: str) -> requests.Response:
        return self._session.get(self._url + path, stream=True, timeout=60)

    def _patiently(self, method: str, path: str, **more: Any) -> requests.Response:
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return self._session.request(method, self._url + path, allow_redirects=False, timeout=60, **more)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                assert time.monotonic() < give_up, f"{path} never answers"
                if not self.comes_back:
                    raise Left from None
                self.broken += 1
                time.sleep(0.2)
