"""`make run`, as a person would: it starts everything, says how to sign in, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """A process whose output is read from a file; `port` and `sandbox_port` are where it was told to listen."""

    def __init__(self, command: list[str], tmp_path: Path, **variables: str) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.log = tmp_path / "log"
        environment = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path / "data"),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            **variables,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline and self.process.poll() is None, self.said()
            time.sleep(0.1)

    def children(self) -> dict[str, int]:
        """Process ids of the parts, by what they run."""
        found = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                parent = re.search(r"^PPid:\t(\d+)", status.read_text(), re.MULTILINE)
                if parent and int(parent[1]) == self.process.pid:
                    found[(status.parent / "cmdline").read_text().replace("\0", " ")] = int(status.parent.name)
            except OSError:
                continue  # it ended meanwhile
        return found

    def get(self, path: str) -> tuple[int, str]:
        try:
            with browser.open(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def running(command: list[str], tmp_path: Path, **variables: str) -> Iterator[Running]:
    it = Running(command, tmp_path, **variables)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.end(signal.SIGTERM)


def nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_it_starts_everything_says_how_to_sign_in_and_ends_it_all(tmp_path):
    with running(["dashboard.run"], tmp_path) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        assert f"http://localhost:{foyer.port}/" in foyer.said()
        assert "ada / welcome-to-foyer" in foyer.said()
        status, page = foyer.get("/sign-in/")
        assert status == 200
        assert 'name="username"' in page
        assert json.loads(foyer.get("/readyz")[1])["status"] == "ok"
        stylesheet = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page)
        assert stylesheet, "static files carry their hash"
        assert foyer.get(stylesheet[1])[0] == 200
        secret = tmp_path / "data/secret-key"
        assert secret.stat().st_mode & 0o777 == 0o600
        parts = foyer.children()
        assert len(parts) == 3, parts
        assert foyer.end() == 0
        assert "Traceback" not in foyer.said()
        assert not any(is_alive(pid) for pid in parts.values())
        assert nobody_listens(foyer.port)
        assert nobody_listens(foyer.sandbox_port)


def test_a_second_run_keeps_the_secret_and_needs_no_stand_in_when_there_is_an_instance(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/secret-key").write_text("kept-" * 10)
    address = f"http://127.0.0.1:{free_port()}"
    with running(["dashboard.run"], tmp_path, ANYTHINGLLM_URL=address, ANYTHINGLLM_API_KEY="s3cret") as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        assert "admin account of your AnythingLLM" in foyer.said()
        assert "createsuperuser" in foyer.said()
        assert len(foyer.children()) == 2
        assert nobody_listens(foyer.sandbox_port)
        status, answer = foyer.get("/readyz")
        states = {name: part["state"] for name, part in json.loads(answer)["parts"].items()}
        assert (status, states) == (503, {"database": "ok", "queue": "ok", "instance": "failed"})
        assert foyer.end(signal.SIGTERM) == 0
        assert (tmp_path / "data/secret-key").read_text() == "kept-" * 10
        assert "s3cret" not in foyer.said()


def test_when_one_part_dies_all_of_it_ends_with_its_exit_code(tmp_path):
    with running(["dashboard.run"], tmp_path) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        parts = foyer.children()
        worker = next(pid for command, pid in parts.items() if "run_huey" in command)
        os.kill(worker, signal.SIGKILL)
        assert foyer.process.wait(20) == 128 + signal.SIGKILL
        assert "The worker ended by itself" in foyer.said()
        assert not any(is_alive(pid) for pid in parts.values())


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_busy_port_is_one_sentence_before_anything_starts(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(["dashboard.run"], tmp_path, **{name: str(port)}) as foyer:
            assert foyer.process.wait(20) == 1
            assert foyer.said() == f"Port {port} is in use or not allowed: set {name} to another one.\n"
            assert not (tmp_path / "data/foyer.sqlite3").exists()


def test_a_bad_setting_is_one_sentence(tmp_path):
    with running(["dashboard.run"], tmp_path, PORT="eighty") as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said() == "PORT must be a whole number from 1 to 65535.\n"
    with running(["dashboard.run"], tmp_path, TIME_ZONE="Mars/Olympus") as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said() == "TIME_ZONE must be a time zone such as Europe/Berlin.\n"


def test_it_is_alive_but_not_ready_while_database_and_queue_are_down(tmp_path):
    nowhere = f"127.0.0.1:{free_port()}"
    with running(
        ["dashboard.web"],
        tmp_path,
        SECRET_KEY="only-for-this-test-" * 3,
        HTTPS="false",
        ANYTHINGLLM_URL=f"http://{nowhere}",
        DATABASE_URL=f"postgres://foyer:s3cret@{nowhere}/foyer",
        QUEUE_URL=f"redis://:s3cret@{nowhere}/0",
    ) as web:
        web.wait_until(lambda: not nobody_listens(web.port))
        assert web.get("/healthz") == (200, '{"status": "ok"}')
        status, answer = web.get("/readyz")
        assert status == 503
        assert {part["state"] for part in json.loads(answer)["parts"].values()} == {"failed"}
        assert "s3cret" not in answer + web.said()
