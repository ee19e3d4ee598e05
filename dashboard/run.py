"""`make run`: sets up the database and static files, then starts web, worker and, without an instance, the stand-in.

Ctrl-C (or SIGTERM) ends all of it; when one part ends by itself, so do the others.
"""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from dashboard import environment

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY_WITHIN = 60.0  # seconds
END_WITHIN = 10.0  # seconds


class NotStarted(Exception):
    """Says in one sentence why nothing was started."""


def main() -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        commands = prepare()
        for name, command in commands.items():
            # A group of its own: Ctrl-C in a terminal reaches only us, and we end the parts in peace.
            children[name] = subprocess.Popen(command, cwd=ROOT, process_group=0)  # noqa: S603
        return watch(children, stop)
    except (NotStarted, ImproperlyConfigured) as error:
        say(str(error))
        return 1
    finally:
        end(children)


def prepare() -> dict[str, list[str]]:
    """Settings for this machine, database, static files. Gives the commands to start, by name; raises NotStarted."""
    environment.load(ROOT / ".env")
    port = free_port("PORT", 8000)
    local = {"HOST": HOST, "PORT": str(port), "HTTPS": "false", "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    data = ROOT / os.environ.setdefault("DATA_DIR", "var")
    commands = {}
    trial = not os.environ.get("ANYTHINGLLM_URL")
    if trial:
        # What is tried out is about people who do not exist: never in the database of the real ones, which begins without it.
        data = data / "trial"
        os.environ.update(DATA_DIR=str(data), DATABASE_URL="", QUEUE_URL="", CACHE_URL="")
    elif (data / "sandbox.sqlite3").exists():
        # Until the trial had a folder of its own it was kept here. Only its owner can know whose records the database holds since.
        raise NotStarted(
            f"{data} holds what an earlier version kept of a trial: move foyer.sqlite3* and sandbox.sqlite3* from there to another folder, "
            "or delete them, and the database of your own AnythingLLM begins empty. If you have worked with it there already, "
            "move or delete sandbox.sqlite3* only."
        )
    try:
        environment.prepare_folder(data)
    except OSError as error:
        raise NotStarted(f"DATA_DIR must be a directory that Foyer may write to: {error.strerror}.") from None
    if trial:
        sandbox_port = free_port("SANDBOX_PORT", 3001)
        if sandbox_port == port:
            raise NotStarted("PORT and SANDBOX_PORT must be two different ports.")
        local["SANDBOX_URL"] = f"http://{HOST}:{sandbox_port}"
        commands["stand-in"] = python(
            "-m", "dashboard.sandbox", "--port", str(sandbox_port), "--db", str(data / "sandbox.sqlite3")
        )
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = own_secret(data / environment.SECRET_FILE)
    for name, value in local.items():
        os.environ.setdefault(name, value)

    import django
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    from dashboard import trouble

    django.setup()
    say("Setting up the database and static files ...")
    try:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        connections.close_all()
    except (DatabaseError, OSError) as error:
        if words := trouble.at_the_start(error):
            raise NotStarted(words) from None
        raise
    return commands | {"worker": python("manage.py", "run_huey"), "web": python("-m", "dashboard.web")}


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def free_port(name: str, default: int) -> int:
    """The port that the variable names. Raises NotStarted when it is no port, or busy."""
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise NotStarted(f"{name} must be a whole number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(value)))
        except OSError:
            raise NotStarted(f"Port {value} is in use or not allowed: set {name} to another one.") from None
    return int(value)


def own_secret(path: Path) -> str:
    """The secret key of this machine, made once."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


def watch(children: dict[str, subprocess.Popen[bytes]], stop: threading.Event) -> int:
    """Says when Foyer answers, then waits until it shall end (0) or a part ends by itself (its exit code)."""
    ready, deadline = False, time.monotonic() + READY_WITHIN
    while not stop.wait(0.2):
        for name, child in children.items():
            if child.poll() is not None:
                say(f"The {name} ended by itself (exit code {child.returncode}), so everything else ends too.")
                return exit_code(child.returncode)
        if not ready and answers():
            ready = True
            say(greeting())
        if not ready and time.monotonic() > deadline:
            say(f"Foyer did not answer within {READY_WITHIN:.0f} seconds.")
            return 1
    say("Ending ...")
    return 0


def exit_code(returncode: int) -> int:
    """As a shell would tell it: 128 and the signal. A part that just stopped is a failure too."""
    return 128 - returncode if returncode < 0 else returncode or 1


def answers() -> bool:
    connection = http.client.HTTPConnection(HOST, int(os.environ["PORT"]), timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def greeting() -> str:
    if os.environ.get("ANYTHINGLLM_URL"):
        how = (
            "with an admin account of your AnythingLLM,\n"
            "          or make a local one: .venv/bin/python manage.py createsuperuser"
        )
    else:
        how = "ada / welcome-to-foyer  (an AnythingLLM to try things out; set ANYTHINGLLM_URL to use yours)"
    return f"\n  Foyer is ready: http://localhost:{os.environ['PORT']}/\n  Sign in {how}\n  Ctrl-C ends it.\n"


def end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        with suppress(ProcessLookupError):
            child.terminate()
    deadline = time.monotonic() + END_WITHIN
    for child in children.values():
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
