"""Jobs over real HTTP: the instance goes away in the middle, or its answer gets lost."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.audit.models import AuditEvent
from dashboard.jobs import engine, services
from dashboard.jobs.models import Job, JobState
from tests.jobs.conftest import messages, states, time_passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(ada, standin) -> Job:
    people = [user for user in standin.get("/v1/admin/users")["users"] if user["role"] == "default"][:10]
    return services.start(
        ada,
        kind="users.limit",
        title="Limit to 7",
        params={"daily_message_limit": 7},
        items=[services.NewItem(str(user["id"]), user["username"]) for user in people],
    )


def limits(standin, job) -> list[int]:
    found = {str(user["id"]): user["dailyMessageLimit"] for user in standin.get("/v1/admin/users")["users"]}
    return [found[item.key] for item in job.items.all()]


def test_it_waits_for_an_instance_that_is_down_and_goes_on(job, standin):
    standin.fault("down", path="/api/v1/admin/users")
    engine.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert set(states(job)) == {"pending"}
    assert "not reachable" in job.note

    standin.clear_faults()
    instance.hang_up()  # the circuit's half minute has passed, too
    time_passes(job)
    assert engine.due() == [job.pk]
    engine.work(job.pk)
    assert states(job) == ["done"] * 10
    assert limits(standin, job) == [7] * 10


def test_a_lost_answer_is_not_asked_for_twice(job, standin):
    standin.fault("lost", method="POST", path="/api/v1/admin/users/", times=1)
    before = standin.state()["writes"]
    engine.work(job.pk)
    assert states(job) == ["done"] * 10, messages(job)
    assert standin.state()["writes"] - before == 10


def test_every_item_has_its_line_in_the_ledger(job):
    engine.work(job.pk)
    lines = AuditEvent.objects.filter(action="user.changed")
    assert {line.target_id for line in lines} == {item.key for item in job.items.all()}
    assert {(line.outcome, line.actor.username, line.after["daily_message_limit"]) for line in lines} == {
        ("ok", "ada", 7)
    }
