"""Erasing: gone from the library and from every workspace, as read back; the instance calls it success whatever happens."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.documents import services
from dashboard.documents.models import Source, Stored
from dashboard.errors import Declined
from dashboard.jobs.models import ItemState, JobItem
from tests.documents.conftest import states

pytestmark = pytest.mark.django_db


def erase_one(ada, path):
    return services.erase_one(actor=ada, path=path, title="Passwords")


def test_it_goes_from_the_library_and_every_workspace(ada, shelf):
    path = shelf.path("passwords-and-accounts")
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=ada)
    (doomed,) = services.stage_erase(ada, [path])
    assert [workspace.name for workspace in doomed.used_in] == ["Company Handbook", "IT & Security"]
    assert erase_one(ada, path) is True
    assert path not in shelf.files()
    assert not any(path in shelf.embedded(slug) for slug in shelf.workspaces)
    assert not Stored.objects.exists()
    line = AuditEvent.objects.get()
    assert (line.action, line.outcome) == ("document.erased", Outcome.OK)
    assert sorted(line.before["workspaces"]) == ["Company Handbook", "IT & Security"]
    assert not services.rows(ada, q="passwords").value


def test_what_is_gone_is_not_erased_again(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    assert erase_one(ada, path) is True
    writes = standin.state()["writes"]
    assert erase_one(ada, path) is False
    assert standin.state()["writes"] == writes
    with pytest.raises(Declined, match="nothing to erase"):
        services.erase(actor=ada, paths=[path])


def test_what_a_busy_database_keeps_listed_is_told_and_can_be_erased_once_more(ada, shelf, standin):
    path = shelf.path("passwords-and-accounts")
    standin.fault("locked", path="remove-documents")
    with pytest.raises(Declined, match="still listed in Company Handbook, IT & Security"):
        erase_one(ada, path)
    assert path in shelf.embedded("company-handbook")
    assert AuditEvent.objects.get().outcome == Outcome.FAILED
    (row,) = services.rows(ada, q="passwords").value
    assert (row.state, row.path) == (services.State.MISSING, path)
    standin.clear_faults()
    assert erase_one(ada, path) is True
    assert path not in shelf.embedded("company-handbook")


def test_a_success_that_is_only_said_is_told(ada, shelf):
    path = shelf.path("customer-story-brewery")
    moved = f"elsewhere/{path.partition('/')[2]}"  # the instance knows the file, but not at this place
    with pytest.raises(Declined, match="still in the library"):
        erase_one(ada, moved)
    assert path in shelf.files()


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_a_lost_answer_is_settled_by_reading_back(kind, ada, shelf, standin):
    path = shelf.path("budget-rules")
    standin.fault(kind, path="remove-documents")
    assert erase_one(ada, path) is True
    assert AuditEvent.objects.get().outcome == Outcome.OK


def test_while_the_database_is_busy_nothing_counts_as_erased(ada, shelf, standin):
    path = shelf.path("budget-rules")
    services.rows(ada)
    standin.fault("locked-all")
    with pytest.raises(ApiError):
        erase_one(ada, path)
    standin.clear_faults()
    assert path in shelf.files() and path in shelf.embedded("finance")


def test_a_job_erases_each_and_a_killed_workers_item_ends_well(ada, shelf, work):
    paths = [shelf.path("budget-rules"), shelf.path("strategy-2027")]
    job = services.erase(actor=ada, paths=[*paths, "unknown.json"])
    assert (job.title, job.items.count()) == ("Erase 2 documents", 2)
    erase_one(ada, job.items.first().payload["path"])
    JobItem.objects.filter(pk=job.items.first().pk).update(attempts=1)
    assert states(work(job)) == [ItemState.DONE, ItemState.DONE]
    assert not shelf.files() & set(paths)


# --- Those who look after some workspaces only ------------------------------------------------------------------------
def test_they_erase_what_they_added_and_nobody_else_uses(lim, shelf):
    path = shelf.path("budget-rules")
    (doomed,) = services.stage_erase(lim, [path])
    assert "Somebody else has added it" in str(doomed.refused)
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=lim)
    (doomed,) = services.stage_erase(lim, [path])
    assert not doomed.refused
    assert erase_one(lim, path) is True


def test_they_do_not_erase_what_others_use_though_they_added_it(lim, shelf, standin):
    path = shelf.path("budget-rules")
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=lim)
    services.stage_erase(lim, [path])
    standin.post("/v1/workspace/engineering/update-embeddings", {"adds": [path]})  # since the page was read
    with pytest.raises(Declined, match="a workspace that you do not look after"):
        erase_one(lim, path)
    instance.hang_up()
    with pytest.raises(Declined):
        services.erase(actor=lim, paths=[path])
    assert path in shelf.files()


def test_they_do_not_erase_what_others_added(lim, ada, shelf):
    path = shelf.path("budget-rules")
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=ada)
    with pytest.raises(Declined):
        erase_one(lim, path)
    assert services.stage_erase(lim, [shelf.path("strategy-2027")]) == []
    assert path in shelf.files()
