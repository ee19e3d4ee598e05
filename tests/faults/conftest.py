"""An instance on which anything may go wrong, and what is expected of Foyer then."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse

from dashboard import anythingllm, errors, instance
from dashboard.access import services as keys
from dashboard.accounts import services as door
from dashboard.accounts.models import Operator
from dashboard.anythingllm import http
from dashboard.anythingllm.http import Budget, Kind
from dashboard.anythingllm.sse import Failed
from dashboard.audit.models import AuditEvent
from dashboard.documents import embedding, erasing, folders
from dashboard.errors import describe
from dashboard.invites import joining
from dashboard.jobs.models import Job, JobItem
from dashboard.sandbox.testing import Sandbox
from tests.conftest import signed_in
from tests.faults.acts import ACTS
from tests.faults.operations import NEW_PASSWORD, Scene, scene
from tests.faults.world import world

T = TypeVar("T")

SHORT, PATIENT = 0.1, 10.0  # seconds
SLOW = {"stall", "latency", "drip", "headers"}

# Kind of fault to its options. What is slow is slower than SHORT, at once or in all.
FAULTS: dict[str, dict] = {
    "down": {},
    "reset": {},
    "stall": {"seconds": 120},
    "latency": {"seconds": 0.3},
    "lost": {},
    "drip": {"seconds": 0.05},
    "headers": {"seconds": 0.05},
    "401": {},
    "403": {},
    "404": {},
    "429": {},
    "500": {},
    "html-500": {},
    "502": {},
    "503": {},
    "504": {},
    "html": {},
    "truncated": {},
    "cut": {},
    "empty": {},
    "shape": {},
    "utf8": {},
    "redirect": {},
    "long": {"size": 600_000},
    "key-refused": {},
    "single-user": {},
    "locked": {},
    "locked-all": {},
}
# These are about connections, not about what is asked: a kept one is dead, or nobody listens.
KINDS = {**FAULTS, "stale": {}, "refused": {}}
NOBODY_THERE = "http://127.0.0.1:9/api"


def break_it(stage: Scene, kind: str, **when: str) -> None:
    if kind == "refused":
        instance.connect().http_client.root = NOBODY_THERE
    else:
        stage.standin.fault(kind, **when, **KINDS[kind])


def heal(stage: Scene, kind: str) -> None:
    """The instance is well again, and as time does, this lets the breaker forget that it was not."""
    stage.standin.clear_faults()
    line = instance.line()
    line.client.http_client.root = f"{stage.standin.url}/api"
    line.breaker.after(None)
    if kind == "latency":
        time.sleep(KINDS[kind]["seconds"])  # what was asked is done by now, if ever


def some_of(things: Sequence[T], many: int, turn: int) -> list[T]:
    """That many of them, all over the sequence and others at each turn."""
    if many >= len(things):
        return list(things)
    return [things[(turn + number * len(things) // many) % len(things)] for number in range(many)]


@pytest.fixture(autouse=True)
def _small_answers(monkeypatch):
    """The same limits as always, only smaller, so that what ends by one of them ends soon."""
    monkeypatch.setattr(http, "MAX_BODY", 500_000)


@pytest.fixture
def everything_logged(caplog):
    """Every line of every logger, the debug lines of the libraries included."""
    caplog.set_level(logging.DEBUG)
    silent = [logging.getLogger(name) for name in ("django", "huey")]  # they do not hand on to the root
    for logger in silent:
        logger.addHandler(caplog.handler)
    yield caplog
    for logger in silent:
        logger.removeHandler(caplog.handler)


@pytest.fixture
def stage(admin_client, ada, standin) -> Scene:
    return scene(admin_client, ada, standin)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<title>News</title><p>" + b"The canteen has a new cook. " * 10
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture(scope="session")
def web() -> Iterator[str]:
    """A page that is public as seen from Foyer; the stand-in, whose threads are others, finds the one of these tests."""
    resolve = socket.getaddrinfo

    def resolved(host, *args, **kwargs):
        if host == "pages.example":
            host = "93.184.216.34" if threading.current_thread() is threading.main_thread() else "127.0.0.1"
        return resolve(host, *args, **kwargs)

    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolved)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://pages.example:{server.server_port}/news"
        server.shutdown()
        thread.join()


_ends: dict[str, Counter[str]] = {}


@pytest.fixture
def well_ended(ada, standin, web) -> Callable[[str], Counter[str]]:
    """`well_ended("user_new")`: all there is after that act, when nothing goes wrong."""

    def end(name: str) -> Counter[str]:
        if name not in _ends:
            with transaction.atomic():
                stage = on_stage(name, ada, standin, web)
                before = everything(stage, name)
                ACTS[name].do(stage)
                _ends[name] = everything(stage, name)
                assert _ends[name] != before, f"{name} does nothing"
                transaction.set_rollback(True)
            standin.reset()
            instance.hang_up()
            cache.clear()
            ada.refresh_from_db()
        return _ends[name]

    return end


def on_stage(name: str, ada: Operator, standin: Sandbox, web: str) -> Scene:
    """All that the act needs, and an instance of which nothing is known yet."""
    stage = scene(signed_in(ada), ada, standin)
    stage.web = web
    ACTS[name].first(stage)
    stage.begin()
    instance.hang_up()
    return stage


def everything(stage: Scene, name: str) -> Counter[str]:
    return world(stage.standin) + Counter([f"also: {ACTS[name].also(stage)}"])


def patience(read: float, write: float) -> None:
    """Sets the time budgets of the line, in seconds."""
    budgets = instance.connect().http_client.budgets
    budgets.update({kind: Budget(3, read if kind in (Kind.PROBE, Kind.READ) else write) for kind in Kind})


def text(response: HttpResponse) -> str:
    """What a person gets to read: the page, and the toasts that go with it."""
    shown = response.getvalue().decode() if response.streaming else response.content.decode()
    toasts = json.loads(response.get("HX-Trigger", "{}")).get("toasts", [])
    return " ".join([unescape(shown), *(toast["text"] for toast in toasts)])


def visible(response: HttpResponse) -> str:
    """The same without its tags and its frame, to be read when a test fails."""
    shown = re.sub(r"(?s)^.*<main|</main>.*(?=</html>)", "", text(response))
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def sentences() -> list[str]:
    """All that Foyer says of an instance that does not do what it should."""
    unknown = anythingllm.Unreachable("", sent=True)
    unknown.outcome_unknown = True
    found = [
        anythingllm.Unreachable("", sent=False),
        unknown,
        anythingllm.KeyRefused(403, ""),
        anythingllm.SingleUserMode(401, ""),
        anythingllm.NotFound(404, ""),
        anythingllm.Unconfirmed(""),
        anythingllm.NotApplied(""),
        anythingllm.Refused(400, ""),
        anythingllm.NotAnythingLLM(200, ""),
        anythingllm.TooLarge(200, ""),
        anythingllm.BrokenAnswer(200, ""),
        anythingllm.ServerError(500, ""),
    ]
    lost = [anythingllm.BrokenAnswer(200, ""), anythingllm.ServerError(500, "")]
    for error in lost:
        error.outcome_unknown = True
    return [
        *(str(describe(error).sentence) for error in found + lost),
        *(f"{describe(error).title}. What is left waits" for error in found[:1] + found[2:3]),
        *(str(errors.describe_ending(Failed(reason))) for reason in ("aborted", "timed_out", "broken", "interrupted")),
        *map(str, (joining.NOTHING_MADE, joining.NOT_KNOWN, joining.MADE, door.CANNOT_ASK, door.NO_ACCOUNTS)),
        *map(str, (keys.NOT_APPLIED, embedding.NOT_EMBEDDED, erasing.NOT_ERASED, folders.NOT_MOVED)),
        str(erasing.STILL_LISTED).partition("%")[0],
        "AnythingLLM lists no users at all",
        "What you see is its last answer, as of",
        "AnythingLLM could not search: its embedder does not answer, or failed.",
    ]


def told(response: HttpResponse) -> bool:
    """Whether the answer holds one of the sentences."""
    shown = text(response)
    return any(sentence in shown for sentence in sentences())


def secrets(stage: Scene) -> list[str]:
    return [stage.standin.api_key, stage.standin.password, NEW_PASSWORD]


def assert_kept_secret(stage: Scene, response: HttpResponse, log: pytest.LogCaptureFixture) -> None:
    """No key and no password in the log, the ledger or the jobs; no key in what the browser gets."""
    kept = [*AuditEvent.objects.values(), *Job.objects.values(), *JobItem.objects.values()]
    lines = [{**vars(record), "message": record.getMessage()} for record in log.records]
    for secret in secrets(stage):
        assert secret not in str(kept)
        assert secret not in str(lines)
    log.clear()
    assert stage.standin.api_key not in str(response.headers) + text(response)
