"""A machine on which nobody has worked yet: a clone of what is committed, an empty home, and an environment with nothing of ours in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.sandbox.testing import Sandbox

ROOT = Path(__file__).resolve().parent.parent
# How this machine reaches the package index is the machine's affair, not the newcomer's.
KEPT = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
KEPT_BEGIN = ("PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
STARTS_WITHIN = 900  # seconds, with all packages fetched over a slow line
ENDS_WITHIN = 60


def clone(where: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(where)], check=True)
    return where


def environment(home: Path, python: Path, **variables: str) -> dict[str, str]:
    """That of somebody who has just sat down here; `python` is what they get who say python3."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_BEGIN)}
    return {**kept, "PATH": f"{python.parent}:{kept['PATH']}", "HOME": str(home), **variables}


def our_python() -> Path:
    """The one that our own environment was made with."""
    return Path(sys._base_executable)  # type: ignore[attr-defined]


def know_the_pages() -> None:
    """Lets this process read the list of pages (tests.browser.pages); what it looks at are others, with settings of their own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()


class Instance(Sandbox):
    """A stand-in that somebody else has started, asked past Foyer."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url, self.api_key = url, api_key


class Started:
    """A command in a session of its own, as in a terminal of its own; what it says goes to a file."""

    def __init__(self, command: list[str], folder: Path, log: Path, environment: dict[str, str]) -> None:
        self._log = log
        with log.open("w") as file:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )

    def said(self) -> str:
        return self._log.read_text()

    def wait_until(self, true: Callable[[], bool], what: str) -> float:
        """Seconds it took."""
        started = time.monotonic()
        while not true():
            assert self.process.poll() is None, f"It ended before {what}:\n{self.said()}"
            assert time.monotonic() < started + STARTS_WITHIN, f"Too long until {what}:\n{self.said()}"
            time.sleep(0.1)
        return time.monotonic() - started

    def left(self) -> list[str]:
        """What still runs in its terminal."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, _parent, _group, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state != "Z":
                    found.append((folder / "cmdline").read_text().replace("\0", " ").strip())
            except OSError:
                continue  # it ended meanwhile
        return found

    def press_ctrl_c(self) -> float:
        """Seconds until all of it had ended."""
        return self._end(lambda: os.killpg(self.process.pid, signal.SIGINT))

    def terminate(self) -> float:
        return self._end(self.process.terminate)

    def _end(self, act: Callable[[], None]) -> float:
        started = time.monotonic()
        act()
        self.process.wait(ENDS_WITHIN)
        return time.monotonic() - started


@contextmanager
def started(command: list[str], folder: Path, log: Path, environment: dict[str, str]) -> Iterator[Started]:
    it = Started(command, folder, log, environment)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.terminate()
