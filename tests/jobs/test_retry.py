from __future__ import annotations

import pytest

from dashboard.errors import Declined
from dashboard.jobs import engine, services
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, JobState
from tests.jobs.conftest import states
from tests.jobs.rig.jobs import trouble

pytestmark = pytest.mark.django_db


def test_it_does_again_only_what_failed_and_reads_the_unknown_back_first(new_job, ada):
    job = new_job("abc")
    trouble.answers = {"a": ["refused"], "b": ["lost", None]}
    engine.work(job.pk)
    assert states(job) == ["failed", "unknown", "done"]

    trouble.asked.clear()
    trouble.answers = {"b": [Result(ItemState.DONE, "read back")]}
    services.retry(actor=ada, job=job)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == (JobState.QUEUED, None)
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done", "done", "done"])
    assert trouble.asked == [("check", "a"), ("perform", "a"), ("check", "b")]


def test_it_acts_in_the_name_of_who_retries(new_job, ada, django_user_model):
    job = new_job("a")
    trouble.answers = {"a": ["refused"]}
    engine.work(job.pk)
    eve = django_user_model.objects.create_superuser("eve")
    services.retry(actor=eve, job=job)
    job.refresh_from_db()
    assert job.actor == eve


def test_there_must_be_something_to_retry(new_job, ada):
    job = new_job("a")
    with pytest.raises(Declined):
        services.retry(actor=ada, job=job)  # not begun
    engine.work(job.pk)
    with pytest.raises(Declined):
        services.retry(actor=ada, job=job)  # all done


def test_it_waits_for_the_end(new_job, ada):
    job = new_job("ab")

    def somebody_retries(item):
        with pytest.raises(Declined):
            services.retry(actor=ada, job=job)

    trouble.answers = {"a": ["refused"], "b": [somebody_retries]}
    engine.work(job.pk)
    assert states(job) == ["failed", "done"]


def test_it_needs_the_right_that_the_job_needed(new_job, ada):
    job = new_job("a", kind="rig.write", file="/nowhere/at/all")
    engine.work(job.pk)
    assert states(job) == ["unknown"]
    ada.role = "manager"
    ada.save()
    with pytest.raises(Declined, match="any more"):
        services.retry(actor=ada, job=job)
    with pytest.raises(Declined, match="any more"):
        services.show_passwords(actor=ada, job=job)
    assert states(job) == ["unknown"]
