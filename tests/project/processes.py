"""Foyer's own processes, started as a person or a container would start them."""

from __future__ import annotations

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
            **{name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")},
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

    def wait_until_it_answers(self) -> None:
        self.wait_until(lambda: not nobody_listens(self.port))

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
