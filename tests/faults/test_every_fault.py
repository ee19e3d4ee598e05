"""Everything that can be done in Foyer, beside everything that can go wrong on the instance."""

from __future__ import annotations

import time

import pytest
from django.urls import get_resolver

from dashboard import instance
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.jobs import engine, services
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from tests.faults.conftest import FAULTS, PATIENT, SHORT, SLOW, assert_kept_secret, patience, text, told, visible
from tests.faults.operations import ACTS, QUESTIONS, VISITS, forget

pytestmark = pytest.mark.django_db

IN_TIME = 8.0  # seconds, on a busy machine: what takes several calls gives up after a few
STATUSES = {200, 302, 404, 422, 429, 502, 503, 504}
# A fault that is none for what is asked: reads work while the database is locked, and a ping even while nothing can be read.
HARMLESS = {
    "*": {"locked", "single-user"},
    "light": {"locked", "single-user", "locked-all"},
    "readyz": {"locked", "single-user", "locked-all"},
}
ADVICE = {"user_check"}  # good enough from an earlier answer: the instance has the last word on a name
# They say it in their own way: a state of a part, a light, the steps of a test.
OWN_WORDS = {"readyz": '"failed"', "light": "AnythingLLM answers, but not|AnythingLLM does not answer"}


def asked(stage) -> int:
    return len(stage.standin.state()["requests"])


def hit(stage, since: int) -> bool:
    """Whether anything that was asked since then went wrong."""
    return any(request["faults"] for request in stage.standin.state()["requests"][since:])


def says_so(name: str, response) -> bool:
    own = OWN_WORDS.get(name)
    return told(response) if own is None else any(words in text(response) for words in own.split("|"))


# Tried with single faults in the tests of their rooms, not with each.
NOT_HERE = {
    *("document_add_file", "document_add_status", "document_add_retry"),  # the worker asks: tests/documents
    "access_discard",  # asks the instance nothing
    *("access_stage", "access_set", "access_apply", "access_undo", "access_open", "access_toggle"),
    *("group_join", "group_leave", "group_delete"),
    *("join", "join_check"),  # fault by fault in tests/invites
    # Fault by fault in tests/chat.
    *("chat_ask", "chat_thread", "chat_turn", "chat_sources", "chat_rename", "chat_delete"),
    *("first_steps", "first_question", "anythingllm_open"),  # for linked accounts only
}


def test_every_door_is_in_the_table():
    names = {pattern.name for pattern in _patterns(get_resolver().url_patterns)}
    assert names - NOT_HERE <= {name.split()[0] for name in [*VISITS, *ACTS, *QUESTIONS]}


def _patterns(found):
    for pattern in found:
        yield from _patterns(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern]


@pytest.mark.parametrize("name", VISITS)
def test_a_page_says_what_is_wrong_or_shows_the_last_answer(name, stage, everything_logged):
    url = VISITS[name](stage)
    if name == "sign_in":
        stage.client.logout()
    unchanged = stage.standin.state()["changes"]
    for kind in FAULTS:
        instance.hang_up()
        forget()
        before = asked(stage)
        assert stage.client.get(url).status_code in (200, 302)
        if asked(stage) == before:
            break  # this page asks nothing, so nothing can go wrong
        for known in (True, False):
            forget() if known else instance.hang_up()
            stage.standin.fault(kind, **FAULTS[kind])
            before = asked(stage)
            response = hurried(kind, lambda: stage.client.get(url))
            context = f"{kind}, {'an earlier answer is' if known else 'nothing is'} known:\n{visible(response)}"
            assert response.status_code in STATUSES, context
            harmless = kind in HARMLESS.get(name, HARMLESS["*"]) or (known and name in ADVICE)
            assert says_so(name, response) or harmless or not hit(stage, before), context
            assert_kept_secret(stage, response, everything_logged)
            stage.standin.clear_faults()
    assert stage.standin.state()["changes"] == unchanged


def hurried(kind: str, act, *, read: float | None = None):
    """Does it, with small budgets where the fault is that it is slow: it must then end in time."""
    short = SHORT if kind in SLOW else PATIENT
    patience(read=read or short, write=short)
    started = time.monotonic()
    response = act()
    assert time.monotonic() - started < IN_TIME
    return response


# --- Acts -------------------------------------------------------------------------------------------------------------
WRITES = "POST|PUT|DELETE"
# In these the instance does nothing of what it was asked, or says that it did not.
CERTAINLY_NOT = {"401", "403", "404", "429", "html", "redirect", "key-refused", "single-user"}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("method", [".*", WRITES], ids=["all", "writes"])
@pytest.mark.parametrize("name", ACTS)
def test_an_act_tells_the_truth(name, method, kind, stage, everything_logged):
    act = ACTS[name]
    if method == WRITES:
        instance.users()  # an earlier answer is known
    stage.standin.fault(kind, method=method, **FAULTS[kind])
    before = asked(stage)
    response = hurried(kind, lambda: act.do(stage), read=PATIENT if method == WRITES else None)
    assert response.status_code in STATUSES, visible(response)
    wrong = hit(stage, before)
    stage.standin.clear_faults()
    if kind == "latency":
        time.sleep(FAULTS[kind]["seconds"])  # what was asked is done by now, if ever
    happened = act.happened(stage)

    lines = AuditEvent.objects.filter(action=act.ledger)
    outcomes = {line.outcome for line in lines}
    items = set(JobItem.objects.exclude(job=stage.job).values_list("state", flat=True))
    context = f"happened: {happened}, ledger: {outcomes}, items: {items}, said: {visible(response)}"
    assert not AuditEvent.objects.filter(outcome=Outcome.STARTED).exists(), context
    if happened:
        assert outcomes <= {Outcome.OK, Outcome.UNKNOWN} and outcomes, context
        # One that waits after a first try is read back before it is tried again.
        assert items <= {ItemState.DONE, ItemState.UNKNOWN, ItemState.PENDING}, context
    else:
        assert Outcome.OK not in outcomes, context
        assert ItemState.DONE not in items, context
    if Outcome.UNKNOWN in outcomes:
        assert kind not in CERTAINLY_NOT, context
    known = Outcome.OK in outcomes or ItemState.DONE in items
    if wrong and not known:
        assert told(response), context
    if known:
        assert not told(response), context
    if happened and act.reads_back and method == WRITES and kind != "latency":
        assert outcomes == {Outcome.OK}, context
    if items:
        finish(stage)
        assert set(JobItem.objects.exclude(job=stage.job).values_list("state", flat=True)) <= {
            ItemState.DONE,
            ItemState.SKIPPED,
        }
        assert act.happened(stage)
        assert AuditEvent.objects.filter(action=act.ledger, outcome=Outcome.OK).count() <= 1
    assert_kept_secret(stage, response, everything_logged)


def finish(stage) -> None:
    """The instance is well again, and somebody retries what failed."""
    instance.hang_up()
    job = Job.objects.exclude(pk=stage.job).get()
    if job.state != JobState.QUEUED and services.progress([job])[job.pk].trouble:
        services.retry(actor=stage.actor, job=job)
    while engine.work(job.pk):
        pass


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_changes_nothing_on_the_instance_says_what_is_wrong(name, stage, everything_logged):
    unchanged = stage.standin.state()["changes"]
    for kind in FAULTS:
        instance.hang_up()
        stage.standin.fault(kind, **FAULTS[kind])
        before = asked(stage)
        response = hurried(kind, lambda: QUESTIONS[name](stage))
        assert response.status_code in STATUSES | {409}, visible(response)
        harmless = kind in HARMLESS["*"] or not hit(stage, before)
        assert told(response) or harmless, f"{kind}: {visible(response)}"
        assert_kept_secret(stage, response, everything_logged)
        stage.standin.clear_faults()
        if asked(stage) == before:
            break
    assert stage.standin.state()["changes"] == unchanged
