"""What becomes of a job's items, whatever the instance and the workers do."""

from __future__ import annotations

import pytest
from django.utils import translation

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.context import request_address, request_id
from dashboard.jobs import engine, services
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, JobState
from tests.jobs.conftest import messages, states, time_passes
from tests.jobs.rig.jobs import trouble

pytestmark = pytest.mark.django_db


def test_it_does_every_item_in_order(new_job):
    job = new_job("abc")
    assert engine.work(job.pk) is False
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 3)
    assert trouble.asked == [("perform", "a"), ("perform", "b"), ("perform", "c")]
    assert job.started_at <= job.finished_at


def test_a_job_without_items_ends_at_once(new_job):
    job = new_job([])
    engine.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_only_one_worker_takes_a_job_up(new_job):
    job = new_job("a")

    def another_worker_comes(item):
        assert engine.work(job.pk) is False
        return Result(ItemState.DONE)

    trouble.answers = {"a": [another_worker_comes]}
    engine.work(job.pk)
    assert trouble.asked == [("perform", "a")]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ("refused", "failed", "Username already exists"),
        ("declined", "failed", "Never the last admin."),
        ("bug", "unknown", "Something in Foyer went wrong"),
        ("lost", "unknown", "the outcome is unknown"),
    ],
)
def test_an_error_becomes_the_items_outcome_and_the_rest_goes_on(new_job, answer, state, words):
    job = new_job("ab")
    trouble.answers = {"a": [answer]}
    engine.work(job.pk)
    assert states(job) == [state, "done"]
    assert words in messages(job)[0]
    assert "secret" not in messages(job)[0]


def test_a_lost_answer_is_read_back(new_job):
    job = new_job("a")
    trouble.answers = {"a": ["lost", Result(ItemState.DONE)]}
    engine.work(job.pk)
    assert states(job) == ["done"]
    assert trouble.asked == [("perform", "a"), ("check", "a")]


def test_a_lost_answer_that_is_not_there_yet_stays_unknown(new_job):
    """The instance may still be at it: doing it again at once could do it twice."""
    job = new_job("a")
    trouble.answers = {"a": ["lost", None]}
    engine.work(job.pk)
    assert states(job) == ["unknown"]
    assert [verb for verb, _key in trouble.asked] == ["perform", "check"]


@pytest.mark.parametrize("answer", ["unreachable", "key"])
def test_it_pauses_while_the_instance_cannot_be_used(new_job, answer):
    job = new_job(range(500))
    trouble.answers = {"0": [answer] * 5}
    assert engine.work(job.pk) is False
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert "tries again every minute" in job.note
    assert set(states(job)) == {"pending"}
    assert len(trouble.asked) < 10

    assert engine.due() == []
    time_passes(job)
    assert engine.due() == [job.pk]
    while engine.work(job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, job.note) == (JobState.DONE, "")
    assert set(states(job)) == {"done"}


def test_a_short_interruption_does_not_stop_it(new_job):
    job = new_job("ab")
    trouble.answers = {"a": ["unreachable"] * 4, "b": ["unreachable"]}
    engine.work(job.pk)
    assert states(job) == ["done", "done"]


def test_what_could_not_be_read_back_is_read_back_later(new_job):
    job = new_job("a")
    trouble.answers = {"a": ["lost", "unreachable", Result(ItemState.DONE)]}
    engine.work(job.pk)
    assert states(job) == ["done"]
    assert [verb for verb, _key in trouble.asked] == ["perform", "check", "check"]


def test_a_dead_workers_item_is_read_back_before_it_is_done_again(new_job):
    job = new_job("ab")

    def dies(item):
        raise SystemExit

    trouble.answers = {"a": [dies, Result(ItemState.DONE, "read back")]}
    with pytest.raises(SystemExit):
        engine.work(job.pk)
    assert states(job) == ["running", "pending"]

    assert engine.due() == []  # its worker may only be slow
    time_passes(job)
    assert engine.due() == [job.pk]
    engine.work(job.pk)
    assert states(job) == ["done", "done"]
    assert trouble.asked == [("perform", "a"), ("check", "a"), ("perform", "b")]


def test_a_dead_workers_item_that_was_not_done_is_done(new_job):
    job = new_job("a")

    def dies(item):
        raise SystemExit

    trouble.answers = {"a": [dies, None]}
    with pytest.raises(SystemExit):
        engine.work(job.pk)
    time_passes(job)
    engine.due()
    engine.work(job.pk)
    assert states(job) == ["done"]
    assert [verb for verb, _key in trouble.asked] == ["perform", "check", "perform"]


def test_an_item_that_cannot_be_read_back_is_unknown_not_failed(new_job):
    job = new_job("a")

    def dies(item):
        raise SystemExit

    trouble.answers = {"a": [dies, "refused"]}
    with pytest.raises(SystemExit):
        engine.work(job.pk)
    time_passes(job)
    engine.due()
    engine.work(job.pk)
    assert states(job) == ["unknown"]


def test_a_worker_that_seemed_dead_changes_nothing_any_more(new_job):
    job = new_job("ab")

    def sleeps_too_long(item):
        time_passes(job)
        assert engine.due() == [job.pk]
        engine.work(job.pk)
        return Result(ItemState.FAILED, "late words of the first worker")

    trouble.answers = {"a": [sleeps_too_long, Result(ItemState.DONE, "read back")]}
    engine.work(job.pk)
    assert messages(job) == ["read back", ""]
    assert [key for verb, key in trouble.asked if verb == "perform"] == ["a", "b"]


def test_a_worker_that_seemed_dead_does_not_settle_what_another_is_at(new_job):
    job = new_job("a")
    late = engine._claim(job)
    job.items.update(state=ItemState.PENDING)
    claimed = engine._claim(job)
    engine._settle(late, Result(ItemState.FAILED, "late words of the first worker"))
    assert states(job) == ["running"]
    engine._settle(claimed, Result(ItemState.DONE))
    assert states(job) == ["done"]


def test_a_worker_that_seemed_dead_leaves_the_rest_to_the_other(new_job):
    job = new_job("ab")

    def another_takes_over(item):
        time_passes(job)
        engine.due()
        assert engine._take(job.pk)
        return Result(ItemState.DONE)

    trouble.answers = {"a": [another_takes_over]}
    assert engine.work(job.pk) is False
    assert [key for _verb, key in trouble.asked] == ["a"]
    job.refresh_from_db()
    assert (job.state, job.run) == (JobState.RUNNING, 2)


def test_a_job_that_the_queue_lost_is_found(new_job):
    job = new_job("a")
    assert engine.due() == []
    time_passes(job)
    assert engine.due() == [job.pk]


def test_a_long_job_lets_others_have_their_turn(new_job, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 0)
    job = new_job("abc")
    assert engine.work(job.pk) is True
    assert states(job) == ["done", "pending", "pending"]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_cancelling_leaves_out_what_has_not_begun_and_ends_what_has(new_job, ada):
    job = new_job("abc")

    def somebody_cancels(item):
        services.cancel(actor=ada, job=services.visible_to(ada).get())
        assert services.visible_to(ada).get().state == JobState.RUNNING  # the item under way has not ended
        return Result(ItemState.DONE)

    trouble.answers = {"a": [somebody_cancels]}
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.CANCELLED, ["done", "skipped", "skipped"])
    assert "cancelled" in messages(job)[1]
    assert len(trouble.asked) == 1


def test_a_waiting_job_is_cancelled_without_a_worker(new_job, ada):
    job = new_job("ab")
    services.cancel(actor=ada, job=job)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.CANCELLED, ["skipped", "skipped"])
    engine.work(job.pk)
    assert trouble.asked == []


def test_what_was_tried_and_then_cancelled_is_unknown(new_job, ada):
    job = new_job("ab")
    trouble.answers = {"a": ["lost", *["unreachable"] * 5]}
    engine.work(job.pk)
    services.cancel(actor=ada, job=job)
    assert states(job) == ["unknown", "skipped"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.VIEWER}])
def test_it_stops_when_its_operator_may_not_do_this_any_more(new_job, ada, change, tmp_path):
    job = new_job("ab", kind="rig.write")
    type(ada).objects.filter(pk=ada.pk).update(**change)
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.CANCELLED, ["skipped", "skipped"])
    assert not (tmp_path / "done").exists()


def test_the_work_belongs_to_the_request_that_asked_for_it(new_job):
    tokens = request_address.set("203.0.113.5"), request_id.set("abc123")
    job = new_job("a", kind="rig.where")
    request_address.reset(tokens[0])
    request_id.reset(tokens[1])
    engine.work(job.pk)
    assert messages(job) == ["203.0.113.5 abc123"]
    assert (request_address.get(), request_id.get()) == ("", "")
    assert AuditEvent.objects.get(action="job.started").request_id == "abc123"


def test_messages_are_in_the_language_of_the_request_that_started_it(new_job):
    with translation.override("zh-hans"):
        job = new_job("a")
    languages = []

    def says(item):
        languages.append(translation.get_language())

    trouble.answers = {"a": [says]}
    engine.work(job.pk)
    assert languages == ["zh-hans"]


def test_what_is_locked_lets_the_others_go_first(new_job):
    job = new_job("abc")
    trouble.answers = {"a": ["locked", None, "locked"]}
    engine.work(job.pk)
    assert states(job) == ["done"] * 3
    assert [key for verb, key in trouble.asked if verb == "perform"] == ["a", "b", "c", "a", "a"]


def test_a_job_all_of_which_is_locked_waits(new_job):
    job = new_job("abc")
    trouble.answers = {key: [answer for _try in range(20) for answer in (None, "locked")][1:] for key in "abc"}
    engine.work(job.pk)
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.QUEUED, ["pending"] * 3)
    assert "Somebody else is changing the same" in job.note
