from __future__ import annotations

import pytest

from dashboard.errors import Declined
from dashboard.jobs import engine, services
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, JobState
from tests.jobs.conftest import messages, states
from tests.jobs.rig.jobs import trouble

pytestmark = pytest.mark.django_db


def more(keys: str) -> list[services.NewItem]:
    return [services.NewItem(key, f"user {key}") for key in keys]


def test_a_job_that_has_ended_begins_again(new_job, ada):
    job = new_job("a")
    engine.work(job.pk)
    assert [item.label for item in services.add(actor=ada, job=job, items=more("bc"))] == ["user b", "user c"]
    job.refresh_from_db()
    assert (job.state, job.finished_at) == (JobState.QUEUED, None)
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 3)
    assert trouble.asked == [("perform", "a"), ("perform", "b"), ("perform", "c")]


def test_who_works_on_it_goes_on_with_what_is_new(new_job, ada):
    job = new_job("a")

    def more_comes(item):
        services.add(actor=ada, job=job, items=more("b"))
        return Result(ItemState.DONE)

    trouble.answers = {"a": [more_comes]}
    assert engine.work(job.pk) is False
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done", "done"])


def test_what_comes_when_the_worker_has_found_nothing_more_is_not_left_lying(new_job, ada, monkeypatch):
    job = new_job("a")
    claim, late = engine._claim, iter([True])

    def claim_and_then_more_comes(job, **leave):
        item = claim(job, **leave)
        if item is None and next(late, False):
            services.add(actor=ada, job=job, items=more("b"))
        return item

    monkeypatch.setattr(engine, "_claim", claim_and_then_more_comes)
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done", "done"])


def test_a_cancelled_job_takes_nothing_more(new_job, ada):
    job = new_job("ab")
    services.cancel(actor=ada, job=job)
    with pytest.raises(Declined, match="cancelled"):
        services.add(actor=ada, job=job, items=more("c"))
    assert states(job) == ["skipped", "skipped"]


def test_a_job_takes_nothing_from_others(new_job, django_user_model):
    eve = django_user_model.objects.create_superuser("eve")
    with pytest.raises(Declined, match="somebody else"):
        services.add(actor=eve, job=new_job("a"), items=more("b"))


def test_an_item_tells_what_is_being_done_with_it(new_job):
    job = new_job("a")
    told = []

    def speaks(item):
        services.tell(item, "Reading")
        told.extend(messages(job))
        return Result(ItemState.DONE)

    trouble.answers = {"a": [speaks]}
    engine.work(job.pk)
    assert told == ["Reading"]
    assert messages(job) == [""]


def test_who_was_given_up_tells_nothing_any_more(new_job):
    job = new_job("a")
    engine.work(job.pk)
    services.tell(job.items.get(), "Reading")
    assert messages(job) == [""]


def test_one_item_is_retried_alone_while_others_are_under_way(new_job, ada):
    job = new_job("abc")

    def somebody_retries_the_first(item):
        services.retry(actor=ada, job=job, item_ids=[job.items.get(key="a").pk])
        return Result(ItemState.DONE)

    trouble.answers = {"a": ["refused"], "b": ["refused"], "c": [somebody_retries_the_first]}
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done", "failed", "done"])
    assert trouble.asked[-2:] == [("check", "a"), ("perform", "a")]


def test_an_item_that_went_well_is_not_retried(new_job, ada):
    job = new_job("ab")
    trouble.answers = {"a": ["refused"]}
    engine.work(job.pk)
    with pytest.raises(Declined, match="nothing to retry"):
        services.retry(actor=ada, job=job, item_ids=[job.items.get(key="b").pk])
    assert states(job) == ["failed", "done"]
