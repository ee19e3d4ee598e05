"""Documents into workspaces and out again, pins, and what a question finds; each against what the instance does behind its word."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from dashboard import instance, locks
from dashboard.accounts.models import Role
from dashboard.anythingllm import ApiError, NotApplied
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.audit.services import about
from dashboard.documents import embedding, services
from dashboard.documents.models import Source, Stored
from dashboard.documents.paths import key_of, pair_key
from dashboard.documents.services import Standing
from dashboard.errors import Declined
from dashboard.jobs import services as workshop
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from tests.conftest import operator
from tests.documents.conftest import messages, states

pytestmark = pytest.mark.django_db


def put(ada, shelf, path, slug="finance"):
    return services.put(actor=ada, workspace_id=shelf.workspaces[slug], path=path, title="Brewery")


def take_out(ada, shelf, path, slug="finance"):
    return services.take_out(actor=ada, workspace_id=shelf.workspaces[slug], path=path, title="Brewery")


def killed(job: Job) -> JobItem:
    """Its worker died after it had claimed the first item."""
    item = job.items.first()
    JobItem.objects.filter(pk=item.pk).update(state=ItemState.RUNNING, attempts=1)
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    return item


# --- Putting in -------------------------------------------------------------------------------------------------------
def test_what_is_put_in_is_read_back_and_stands_in_the_ledger(ada, shelf):
    path = shelf.path("customer-story-brewery")
    assert put(ada, shelf, path) is True
    assert shelf.embedded("finance").count(path) == 1
    line = AuditEvent.objects.get(action="document.embedded")
    assert (line.target_type, line.target_name, line.outcome) == ("document", "Brewery", Outcome.OK)
    assert line.after == {"workspace": "Finance", "workspace_id": shelf.workspaces["finance"]}
    assert path.endswith(f"-{line.target_id}.json")


def test_what_is_there_is_not_embedded_twice(ada, shelf, standin):
    path = shelf.path("budget-rules")
    assert put(ada, shelf, path) is False
    assert shelf.embedded("finance").count(path) == 1
    assert standin.state()["writes"] == 0
    assert not AuditEvent.objects.exists()


def test_a_hidden_failure_of_the_embedder_is_told(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    standin.configure(embedder_up=False)
    with pytest.raises(Declined, match="did not embed it"):
        put(ada, shelf, path)
    line = AuditEvent.objects.get()
    assert (line.outcome, path in shelf.embedded("finance")) == (Outcome.FAILED, False)
    assert "embedder" in line.detail


def test_a_text_that_the_embedder_does_not_take_is_told(ada, shelf):
    path = shelf.add("odd", "EMBEDFAIL and some words")
    with pytest.raises(Declined, match="did not embed it"):
        put(ada, shelf, path)


def test_an_unknown_path_is_told(ada, shelf, standin):
    with pytest.raises(Declined, match="not in the library any more"):
        put(ada, shelf, "custom-documents/nothing-1f6b6e0a-0000-4000-8000-000000000000.json")


def test_a_write_that_the_busy_database_swallows_is_told(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    standin.fault("locked", path="update-embeddings")
    with pytest.raises(Declined, match="did not embed it"):
        put(ada, shelf, path)
    standin.clear_faults()
    assert put(ada, shelf, path) is True
    assert shelf.embedded("finance").count(path) == 1


@pytest.mark.parametrize("kind", ["lost", "truncated", "cut", "502"])
def test_a_lost_answer_is_settled_by_reading_back(kind, ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    standin.fault(kind, path="update-embeddings")
    if kind == "502":  # comes instead of the act
        with pytest.raises(ApiError) as raised:
            put(ada, shelf, path)
        assert raised.value.outcome_unknown
        assert AuditEvent.objects.get().outcome == Outcome.UNKNOWN
    else:
        assert put(ada, shelf, path) is True
        assert AuditEvent.objects.get().outcome == Outcome.OK
    assert shelf.embedded("finance").count(path) == (0 if kind == "502" else 1)


def test_while_the_database_is_busy_no_workspace_is_taken_for_gone(ada, shelf, standin):
    path = shelf.path("budget-rules")
    instance.workspaces()
    standin.fault("locked-all")
    with pytest.raises(ApiError):
        put(ada, shelf, path)


def test_a_workspace_that_is_not_found_is_gone_only_when_users_are(ada, shelf, standin):
    path = shelf.path("budget-rules")
    instance.workspaces()
    instance.connect().workspaces.delete("finance")
    standin.fault("shape", path="admin/users")
    with pytest.raises(ApiError):
        put(ada, shelf, path)
    standin.clear_faults()
    instance.hang_up()
    with pytest.raises(Declined, match="workspace is not there any more"):
        put(ada, shelf, path)


def test_a_workspace_that_is_gone_is_told(ada, shelf):
    with pytest.raises(Declined, match="workspace is not there any more"):
        services.put(actor=ada, workspace_id=99_999, path=shelf.path("budget-rules"), title="x")


# --- Many -------------------------------------------------------------------------------------------------------------
def test_the_preview_tells_what_is_there_what_failed_and_what_is_large(ada, shelf, standin, work):
    story, rules = shelf.path("customer-story-brewery"), shelf.path("budget-rules")
    large = shelf.add("large", "word " * embedding.LARGE)
    ids = [shelf.workspaces["finance"]]
    standin.configure(embedder_up=False)
    work(services.embed(actor=ada, paths=[story], workspace_ids=ids))
    pairs = {pair.title: pair for pair in services.stage_embed(ada, [story, rules, large, "unknown.json"], ids)}
    assert {title: pair.standing for title, pair in pairs.items()} == {
        "customer-story-brewery.md": Standing.NEW,
        "budget-rules.md": Standing.THERE,
        "large.txt": Standing.NEW,
    }
    assert "did not embed it" in pairs["customer-story-brewery.md"].failed
    assert [pair.title for pair in pairs.values() if pair.large] == ["large.txt"]


def test_a_job_puts_each_document_into_each_workspace_once(ada, shelf, work):
    paths = [shelf.path("customer-story-brewery"), shelf.path("budget-rules")]
    slugs = ["finance", "engineering"]
    job = services.embed(actor=ada, paths=paths, workspace_ids=[shelf.workspaces[slug] for slug in slugs])
    assert job.title == "Put 2 documents into 2 workspaces"
    assert list(job.items.values_list("label", flat=True)) == [
        "budget-rules.md – Engineering",
        "customer-story-brewery.md – Engineering",
        "customer-story-brewery.md – Finance",
    ]
    assert states(work(job)) == [ItemState.DONE] * 3
    assert [shelf.embedded(slug).count(path) for slug in slugs for path in paths] == [1, 1, 1, 1]
    with pytest.raises(Declined, match="nothing to put in"):
        services.embed(actor=ada, paths=paths, workspace_ids=[shelf.workspaces[slug] for slug in slugs])


def test_one_failure_fails_its_item_only_and_is_tried_again_by_itself(ada, shelf, standin, work):
    odd, fine = shelf.add("odd", "EMBEDFAIL here"), shelf.path("customer-story-brewery")
    job = work(services.embed(actor=ada, paths=[odd, fine], workspace_ids=[shelf.workspaces["finance"]]))
    assert sorted(states(job)) == [ItemState.DONE, ItemState.FAILED]
    assert any("did not embed" in words for words in messages(job))
    workshop.retry(actor=ada, job=job)
    assert sorted(states(work(job))) == [ItemState.DONE, ItemState.FAILED]
    assert shelf.embedded("finance").count(fine) == 1


@pytest.mark.parametrize("done_before", [True, False])
def test_what_a_killed_worker_left_is_finished_without_doubles(done_before, ada, shelf, work):
    path = shelf.path("customer-story-brewery")
    job = services.embed(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]])
    if done_before:
        put(ada, shelf, path)
    killed(job)
    assert states(work(job)) == [ItemState.DONE]
    assert shelf.embedded("finance").count(path) == 1


def test_while_the_instance_may_still_be_at_it_the_job_waits_unless_the_document_is_there(ada, shelf, work):
    path, room = shelf.path("customer-story-brewery"), shelf.workspaces["finance"]
    job = services.embed(actor=ada, paths=[path], workspace_ids=[room])
    killed(job)
    with locks.held(f"embed:{pair_key(room, path)}"):
        assert (work(job).state, messages(job)) == (JobState.QUEUED, [""])
        assert "Somebody else" in job.note
    put(ada, shelf, path)  # the instance was at it all the time
    with locks.held(f"embed:{pair_key(room, path)}"):
        assert states(work(job)) == [ItemState.DONE]
    assert shelf.embedded("finance").count(path) == 1


def test_one_after_the_other_in_a_workspace(ada, shelf, work, monkeypatch):
    monkeypatch.setattr(embedding, "PATIENCE", 0)
    room = shelf.workspaces["finance"]
    job = services.embed(actor=ada, paths=[shelf.path("customer-story-brewery")], workspace_ids=[room])
    with locks.held(f"documents:{room}"):
        assert work(job).state == JobState.QUEUED
    assert states(work(job)) == [ItemState.DONE]


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_no_doubles(ada, shelf):
    path = shelf.path("customer-story-brewery")
    told, start = [], threading.Barrier(4)

    def one() -> None:
        start.wait()
        try:
            told.append(put(ada, shelf, path))
        except locks.Busy:
            told.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(True) == 1 and len(told) == 4
    assert shelf.embedded("finance").count(path) == 1


def test_a_cancelled_job_leaves_out_the_rest(ada, shelf, work):
    path = shelf.path("customer-story-brewery")
    job = services.embed(actor=ada, paths=[path], workspace_ids=shelf.workspaces.values())
    workshop.cancel(actor=ada, job=job)
    assert set(states(work(job))) == {ItemState.SKIPPED}
    assert path not in shelf.embedded("finance")


# --- Taking out -------------------------------------------------------------------------------------------------------
def test_what_is_taken_out_stays_in_the_library(ada, shelf, work):
    path = shelf.path("passwords-and-accounts")
    job = services.remove(actor=ada, paths=[path], workspace_ids=shelf.workspaces.values())
    assert job.title == "Take 1 document out of 2 workspaces"
    assert states(work(job)) == [ItemState.DONE, ItemState.DONE]
    assert path in shelf.files()
    assert not any(path in shelf.embedded(slug) for slug in shelf.workspaces)
    assert AuditEvent.objects.filter(action="document.removed", outcome=Outcome.OK).count() == 2


def test_what_is_not_there_is_nothing_to_take_out(ada, shelf):
    path = shelf.path("customer-story-brewery")
    assert take_out(ada, shelf, path) is False
    with pytest.raises(Declined, match="in none of these"):
        services.remove(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]])


def test_what_was_embedded_twice_is_taken_out_altogether(ada, shelf, standin):
    path = shelf.path("budget-rules")
    standin.post("/v1/workspace/finance/update-embeddings", {"adds": [path]})
    assert shelf.embedded("finance").count(path) == 2
    assert take_out(ada, shelf, path) is True
    assert path not in shelf.embedded("finance")


def test_a_removal_that_the_busy_database_swallows_is_told(ada, shelf, standin):
    path = shelf.path("budget-rules")
    standin.fault("locked", path="update-embeddings")
    with pytest.raises(NotApplied):
        take_out(ada, shelf, path)
    assert path in shelf.embedded("finance")
    assert AuditEvent.objects.get().outcome == Outcome.FAILED


def test_a_killed_workers_removal_is_done_once(ada, shelf, work):
    path = shelf.path("budget-rules")
    job = services.remove(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]])
    take_out(ada, shelf, path)
    killed(job)
    assert states(work(job)) == [ItemState.DONE]


# --- Pins -------------------------------------------------------------------------------------------------------------
def test_a_pin_is_read_back(ada, shelf):
    path, room = shelf.path("budget-rules"), shelf.workspaces["finance"]
    assert services.pin(actor=ada, workspace_id=room, path=path, pinned=True).pinned
    assert shelf.pinned("finance") == [path]
    assert not services.pin(actor=ada, workspace_id=room, path=path, pinned=False).pinned
    assert shelf.pinned("finance") == []
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "document.pinned",
        "document.unpinned",
    ]


def test_a_pin_without_effect_is_told(ada, shelf, standin):
    standin.fault("locked", path="update-pin")
    with pytest.raises(NotApplied):
        services.pin(actor=ada, workspace_id=shelf.workspaces["finance"], path=shelf.path("budget-rules"), pinned=True)
    assert shelf.pinned("finance") == []


@pytest.mark.parametrize("path", ["", "custom-documents/nothing.json"])
def test_an_unknown_document_is_never_pinned_in_anothers_place(path, ada, shelf):
    with pytest.raises(Declined, match="not in the workspace"):
        services.pin(actor=ada, workspace_id=shelf.workspaces["finance"], path=path, pinned=True)
    assert shelf.pinned("finance") == []


# --- What a question finds --------------------------------------------------------------------------------------------
def finance():
    return next(workspace for workspace in instance.workspaces().value if workspace.slug == "finance")


def test_a_question_finds_passages_without_their_heads(shelf):
    hits = services.search_vectors(finance(), "Who may approve an invoice of 8,000 euros?", top_n=3)
    assert hits[0].title == "invoice-approval.md"
    assert 0 < hits[0].score <= 1
    assert "<document_metadata>" not in hits[0].passage
    assert "approve" in hits[0].passage
    assert len(hits) <= 3


def test_nothing_is_found_where_nothing_is_close(shelf):
    assert services.search_vectors(finance(), "zebra", threshold=0.9) == []


def test_an_embedder_that_fails_is_told(shelf, standin):
    standin.configure(embedder_up=False)
    with pytest.raises(Declined, match="embedder"):
        services.search_vectors(finance(), "budget")


def test_a_proxy_that_fails_is_not_taken_for_the_embedder(shelf, standin):
    workspace = finance()
    standin.fault("503", path="vector-search")
    with pytest.raises(ApiError):
        services.search_vectors(workspace, "budget")


# --- Those who look after some workspaces only ------------------------------------------------------------------------
def test_others_workspaces_and_documents_are_left_out(lim, shelf):
    mine, foreign = shelf.path("budget-rules"), shelf.path("strategy-2027")
    both = [shelf.workspaces["finance"], shelf.workspaces["engineering"]]
    assert [pair.standing for pair in services.stage_embed(lim, [mine, foreign], both)] == [Standing.THERE]
    assert [pair.workspace.slug for pair in services.stage_remove(lim, [mine, foreign])] == ["finance"]
    with pytest.raises(Declined):
        services.embed(actor=lim, paths=[foreign], workspace_ids=both)


@pytest.mark.parametrize("slug", ["finance", "engineering"])
def test_nothing_of_others_is_touched_even_when_asked_for_by_name(slug, lim, shelf, standin):
    foreign, room = shelf.path("strategy-2027"), shelf.workspaces[slug]
    writes = standin.state()["writes"]
    for act in (
        lambda: services.put(actor=lim, workspace_id=room, path=foreign, title="x"),
        lambda: services.take_out(actor=lim, workspace_id=room, path=foreign, title="x"),
        lambda: services.pin(actor=lim, workspace_id=room, path=foreign, pinned=True),
    ):
        with pytest.raises(Declined):
            act()
    assert standin.state()["writes"] == writes


def test_what_they_added_themselves_is_theirs(lim, shelf):
    path = shelf.path("strategy-2027")
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=lim)
    assert services.put(actor=lim, workspace_id=shelf.workspaces["finance"], path=path, title="x") is True


def test_a_job_that_waits_asks_again_whose_workspace_it_is(lim, shelf, standin, work):
    mine = shelf.path("budget-rules")
    job = services.remove(actor=lim, paths=[mine], workspace_ids=[shelf.workspaces["finance"]])
    lim.looks_after.update(workspace_id=shelf.workspaces["engineering"])
    assert states(work(job)) == [ItemState.FAILED]
    assert mine in shelf.embedded("finance")


def test_a_job_stops_when_its_operators_role_ends(ada, shelf, work):
    path = shelf.path("budget-rules")
    job = services.remove(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]])
    ada.role = Role.VIEWER
    ada.save()
    work(job)
    assert path in shelf.embedded("finance")


def test_failures_of_others_are_not_led_to(ada, shelf, standin, work):
    path = shelf.path("customer-story-brewery")
    standin.configure(embedder_up=False)
    job = work(services.embed(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]]))
    mia = operator(Role.MANAGER, "mia")
    for who, job_id in ((ada, job.pk), (mia, None)):
        (row,) = (row for row in services.rows(who, state="failed").value)
        assert (row.path, row.job_id) == (path, job_id)
        assert row.problem.startswith("Finance: AnythingLLM did not embed it")


def test_the_ledger_shows_them_what_others_did_with_documents_in_theirs_only(lim, ada, shelf):
    path = shelf.path("customer-story-brewery")
    for slug in ("finance", "engineering"):
        put(ada, shelf, path, slug)
    assert [event.after["workspace"] for event in about(lim, ("document", key_of(path)))] == ["Finance"]
    assert len(about(operator(Role.MANAGER, "mia"), ("document", key_of(path)))) == 2
