"""An instance on which anything may go wrong, and what is expected of Foyer then."""

from __future__ import annotations

import json
import logging
import re
from html import unescape

import pytest
from django.http import HttpResponse

from dashboard import anythingllm, instance
from dashboard.accounts import services as door
from dashboard.anythingllm import http
from dashboard.anythingllm.http import Budget, Kind
from dashboard.audit.models import AuditEvent
from dashboard.errors import describe
from dashboard.jobs import engine
from dashboard.jobs.models import Job, JobItem
from tests.faults.operations import NEW_PASSWORD, Scene, scene

SHORT, PATIENT = 0.1, 10.0  # seconds
SLOW = {"stall", "latency", "drip"}

# Kind of fault to its options. What is slow is slower than SHORT.
FAULTS: dict[str, dict] = {
    "down": {},
    "reset": {},
    "stall": {"seconds": 3},
    "latency": {"seconds": 0.3},
    "lost": {},
    "drip": {"seconds": 0.1},
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


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """The same limits as always, only smaller, so that what ends by one of them ends soon."""
    monkeypatch.setattr(http, "BACKOFF", 0.001)
    monkeypatch.setattr(http, "MAX_BODY", 500_000)
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(door, "REFUSED_AFTER", 0.0)


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


def patience(read: float, write: float) -> None:
    """Sets the time budgets of the line, in seconds."""
    budgets = instance.connect().http_client.budgets
    budgets.update({Kind.PROBE: Budget(3, read), Kind.READ: Budget(3, read), Kind.WRITE: Budget(3, write)})


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
    errors = [
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
        *(str(describe(error).sentence) for error in errors + lost),
        *(f"{describe(error).title}. What is left waits" for error in errors[:1] + errors[2:3]),
        "AnythingLLM lists no users at all",
        "What you see is its last answer, as of",
        "AnythingLLM could not search: its embedder does not answer, or failed.",
        "AnythingLLM did not move it.",
        str(door.CANNOT_ASK),
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
    assert stage.standin.api_key not in str(response.headers) + text(response)
