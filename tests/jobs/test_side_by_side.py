"""Two items of one job at a time, where its kind allows: whatever happens to one of them, each is done once and the job ends right."""

from __future__ import annotations

import threading
import time

import pytest

from dashboard.context import request_id
from dashboard.jobs import engine, services
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, JobState
from tests.jobs.conftest import messages, states
from tests.jobs.rig.jobs import trouble

pytestmark = pytest.mark.django_db(transaction=True)
SIDE_BY_SIDE = "rig.side_by_side"


@pytest.fixture(autouse=True)
def _two_hands(_one_hand, monkeypatch, settings):
    monkeypatch.setattr(settings.HUEY, "immediate", False)
    monkeypatch.setattr(engine, "HANDS", 2)


def both(item):
    """Ends only while the other of two such items is under way, too."""
    try:
        meeting.wait(10)
    except threading.BrokenBarrierError:
        return Result(ItemState.FAILED, "alone")
    return Result(ItemState.DONE, request_id.get())


meeting = threading.Barrier(2)


@pytest.fixture(autouse=True)
def _nobody_has_come():
    meeting.reset()


def work(job) -> None:
    while engine.work(job.pk):
        pass
    job.refresh_from_db()


def test_two_items_are_worked_on_at_a_time_as_the_request_that_began_them(new_job):
    token = request_id.set("request-7")
    job = new_job("ab", kind=SIDE_BY_SIDE)
    request_id.reset(token)
    trouble.answers = {"a": [both], "b": [both]}
    work(job)
    assert (job.state, states(job)) == (JobState.DONE, ["done", "done"])
    assert messages(job) == ["request-7", "request-7"]


def test_other_kinds_do_one_after_the_other(new_job, monkeypatch):
    monkeypatch.setattr(meeting, "wait", lambda _seconds: meeting.__class__.wait(meeting, 0.3))
    job = new_job("ab")
    trouble.answers = {"a": [both], "b": [both]}
    work(job)
    assert messages(job) == ["alone", "alone"]


def test_each_of_many_is_done_once_while_more_come(new_job, ada):
    job = new_job(range(20), kind=SIDE_BY_SIDE)

    def more_come(_item):
        services.add(actor=ada, job=job, items=[services.NewItem(f"late {n}", "late") for n in range(20)])
        time.sleep(0.2)

    trouble.answers = {"3": [more_come]}
    work(job)
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 40)
    assert sorted(trouble.asked) == sorted(("perform", item.key) for item in job.items.all())


def test_a_job_waits_whole_when_the_instance_is_away(new_job):
    job = new_job("ab", kind=SIDE_BY_SIDE)
    trouble.answers = {key: ["unreachable"] * 20 for key in "ab"}
    assert engine.work(job.pk) is False
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.QUEUED, ["pending", "pending"])
    assert "tries again every minute" in job.note


def test_what_one_hand_waits_for_does_not_hold_up_the_other(new_job):
    job = new_job("abcdef", kind=SIDE_BY_SIDE)
    trouble.answers = {"a": ["locked"] * 3}
    work(job)
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 6)


def test_cancelled_in_the_middle_both_are_brought_to_their_end(new_job):
    job = new_job("abcd", kind=SIDE_BY_SIDE)

    def cancelling(item):
        answer = both(item)
        if item.key == "a":
            engine.cancel(job)
        else:
            time.sleep(0.3)
        return answer

    trouble.answers = {"a": [cancelling], "b": [cancelling]}
    work(job)
    assert job.state == JobState.CANCELLED
    assert states(job) == ["done", "done", "skipped", "skipped"]


def test_a_bug_in_one_is_its_own(new_job):
    job = new_job("abc", kind=SIDE_BY_SIDE)
    trouble.answers = {"b": ["bug"]}
    work(job)
    assert states(job) == ["done", "unknown", "done"]
