"""What the figures are measured on: a stand-in and Foyer's real server, each a process of its own, and an operator signed in."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
KEY = "BENCH-BENCH-BENCH-BENCH"


def use_settings(data: str) -> None:
    """Django in this process, with the database and the cache that the servers will use."""
    os.environ.update(
        DATA_DIR=data,
        DJANGO_SETTINGS_MODULE="bench.settings",
        SECRET_KEY="b" * 50,
        HTTPS="false",
        ANYTHINGLLM_URL=f"http://{HOST}:1",
        ANYTHINGLLM_API_KEY=KEY,
        LOG_LEVEL="WARNING",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def signed_in() -> dict[str, str]:
    """The headers of the browser of an admin."""
    from django.test import Client

    from dashboard.accounts.models import Operator, Role

    operator, _made = Operator.objects.get_or_create(username="bench", role=Role.ADMIN)
    client = Client()
    client.force_login(operator, backend="dashboard.accounts.backends.LocalBackend")
    return {"Cookie": f"foyer_session={client.cookies['foyer_session'].value}"}


class Server:
    """A process that answers on `port`, over connections that are kept."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port
        self.url = f"http://{HOST}:{port}"
        self._connection: http.client.HTTPConnection | None = None

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(HOST, self.port, timeout=60)

    def get(self, path: str, headers: dict[str, str]) -> bytes:
        self._connection = self._connection or self.connection()
        return fetch(self._connection, path, headers)

    def worked(self) -> float:
        """Milliseconds of processor time so far: what a busy machine does not stretch."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def kept_waiting(self) -> float:
        """Milliseconds so far in which its main thread could have worked, but others had the processor."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e6

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def fetch(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, f"{path}: {response.status}"
    return body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(module: str, *options: str, log: Path | None = None, **variables: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", module, *(option.format(port=port) for option in options)]
    with started(command, port, log=log, **variables) as server:
        yield server


@contextmanager
def started(command: list[str], port: int, *, log: Path | None = None, **variables: str) -> Iterator[Server]:
    """What it writes to stderr goes to the file `log`, if one is given."""
    with ExitStack() as files:
        stderr = files.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(command, env={**os.environ, "PORT": str(port), **variables}, stderr=stderr)
    try:
        deadline = time.monotonic() + 60
        while socket.socket().connect_ex((HOST, port)):
            assert time.monotonic() < deadline and process.poll() is None, f"{command} does not start"
            time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def stand_in(**size: int) -> Iterator[Server]:
    """Of the size that is given: users, workspaces, documents."""
    options = [word for name, count in size.items() for word in (f"--{name}", str(count))]
    with running("dashboard.sandbox", "--port", "{port}", "--api-key", KEY, *options) as server:
        yield server


def configure(instance: Server, **settings: float) -> None:
    """Of the stand-in: see dashboard/sandbox/config.py."""
    connection = instance.connection()
    connection.request("POST", "/sandbox/config", json.dumps(settings))
    assert connection.getresponse().status == 200
    connection.close()


def begin_anew() -> None:
    """Another instance is measured next: Foyer would stop at one that its records know nothing of."""
    from django.db.models import F

    from dashboard.models import Instance, Witness

    Witness.objects.all().delete()
    Instance.objects.update(epoch=F("epoch") + 1)


@contextmanager
def foyer(instance: Server, log: Path | None = None) -> Iterator[Server]:
    begin_anew()
    with running("dashboard.web", log=log, ANYTHINGLLM_URL=instance.url) as server:
        yield server


@contextmanager
def worker(instance: Server, log: Path | None = None) -> Iterator[Server]:
    with ExitStack() as files:
        stderr = files.enter_context(log.open("ab")) if log else None
        command = [sys.executable, "manage.py", "run_huey"]
        process = subprocess.Popen(command, env={**os.environ, "ANYTHINGLLM_URL": instance.url}, stderr=stderr)
    try:
        yield Server(process, 0)
    finally:
        process.terminate()
        process.wait()


def milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000
