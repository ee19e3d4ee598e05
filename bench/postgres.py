"""A PostgreSQL of our own, as Debian installs it: in a directory that is gone afterwards, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stage import HOST, free_port


def binaries() -> Path | None:
    """Where the newest one's programs are; None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found and (known := shutil.which("initdb")):
        return Path(known).resolve().parent
    return found[-1].parent if found else None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def postgresql(programs: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address for DATABASE_URL, and its first process. With its own settings: what is committed is on the disk."""
    # It refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory() as place:
        data, port = Path(place) / "data", free_port()
        if user:
            shutil.chown(place, user, user)
        subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "foyer", "-E", "UTF8"],
            check=True,
            cwd=place,
            user=user,
            stdout=subprocess.DEVNULL,
        )
        command = [programs / "postgres", "-D", data, "-h", HOST, "-p", str(port), "-k", place]
        with (Path(place) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=place, user=user, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not _answers(port):
                assert time.monotonic() < deadline and process.poll() is None, "PostgreSQL does not start"
                time.sleep(0.1)
            yield f"postgres://foyer@{HOST}:{port}/postgres", process
        finally:
            process.send_signal(signal.SIGINT)  # to it: end now, in order
            process.wait(timeout=60)
