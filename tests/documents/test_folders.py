"""Folders and moving: the instance says success to what it did not do, and failure to what it half did."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.documents import folders, services
from dashboard.documents.models import Source, Stored
from dashboard.errors import Declined
from dashboard.jobs.models import ItemState, JobItem
from tests.documents.conftest import messages, states

pytestmark = pytest.mark.django_db


def lines(action: str) -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(action=action).order_by("target_name").values_list("target_name", "outcome"))


# --- Moving -----------------------------------------------------------------------------------------------------------
def test_what_can_be_moved_is_moved_and_what_cannot_is_told(ada, shelf):
    free, used = shelf.path("customer-story-brewery"), shelf.path("budget-rules")
    told = services.move(actor=ada, paths=[free, used, "nowhere/x.json"], folder="support")
    assert [(moved.title, moved.path, bool(moved.problem)) for moved in told] == [
        ("budget-rules.md", used, True),
        ("customer-story-brewery.md", f"support/{free.partition('/')[2]}", False),
    ]
    assert "in a workspace" in str(told[0].problem)
    assert {used, told[1].path} <= shelf.files() and free not in shelf.files()
    assert lines("document.moved") == [
        ("budget-rules.md", Outcome.FAILED),
        ("customer-story-brewery.md", Outcome.OK),
    ]
    (row,) = services.rows(ada, q="brewery").value
    assert row.folder == "support"


def test_what_foyer_knows_of_a_document_goes_with_it(ada, shelf):
    path = shelf.path("customer-story-brewery")
    stored = Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=ada)
    (moved,) = services.move(actor=ada, paths=[path], folder="support")
    stored.refresh_from_db()
    assert stored.path == moved.path


def test_what_is_there_already_is_not_moved(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    (moved,) = services.move(actor=ada, paths=[path], folder="sales")
    assert (moved.path, moved.problem) == (path, "")
    assert standin.state()["writes"] == 0


def test_nothing_is_moved_into_a_folder_that_is_gone(ada, shelf, standin):
    with pytest.raises(Declined, match="no such folder"):
        services.move(actor=ada, paths=[shelf.path("customer-story-brewery")], folder="nowhere")
    assert standin.state()["writes"] == 0


def test_a_document_that_went_meanwhile_is_told_and_the_others_are_moved(ada, shelf, standin):
    stays, goes = shelf.add("stays", "some words"), shelf.add("goes", "some words")
    services.rows(ada)
    instance.connect().documents.delete(goes)
    told = services.move(actor=ada, paths=[stays, goes], folder="support")
    assert {moved.title: str(moved.problem) for moved in told} == {
        "goes.txt": "The document is not in the library any more.",
        "stays.txt": "",
    }


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_lost_answer_to_a_move_is_settled_by_reading_back(kind, ada, shelf, standin):
    standin.fault(kind, path="move-files")
    (moved,) = services.move(actor=ada, paths=[shelf.path("customer-story-brewery")], folder="support")
    assert not moved.problem
    assert moved.path in shelf.files()


def test_what_cannot_be_read_back_is_unknown(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    services.rows(ada)
    standin.fault("500", path="/v1/documents/folder/sales")
    with pytest.raises(ApiError):
        services.move(actor=ada, paths=[path], folder="support")
    assert lines("document.moved") == [("customer-story-brewery.md", Outcome.UNKNOWN)]


def test_that_a_folder_is_not_there_is_believed_only_when_the_whole_tree_says_so_too(ada, shelf, standin):
    """A 404 may come from whatever stands between."""
    standin.fault("404", path="/v1/documents/folder/")
    (moved,) = services.move(actor=ada, paths=[shelf.path("customer-story-brewery")], folder="support")
    assert moved.path in shelf.files() and not moved.problem
    services.folder_make(actor=ada, name="new")
    assert "new" in shelf.folders()
    with pytest.raises(Declined, match="still in it"):
        folders.remove_empty(actor=ada, name="support")
    assert lines("folder.made") == [("new", Outcome.OK)]


def test_what_nobody_can_tell_of_a_folder_is_unknown(ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    for action in (
        lambda: services.folder_make(actor=ada, name="new"),
        lambda: services.move(actor=ada, paths=[path], folder="support"),
    ):
        standin.fault("404", path="/v1/documents", method="GET", since="POST")
        with pytest.raises(ApiError):
            action()
        standin.clear_faults()
    assert "new" in shelf.folders() and path not in shelf.files()
    assert lines("folder.made") == [("new", Outcome.UNKNOWN)]
    assert lines("document.moved") == [("customer-story-brewery.md", Outcome.UNKNOWN)]


def test_a_move_that_may_still_be_under_way_is_unknown(ada, shelf, standin):
    standin.fault("502", path="move-files")
    with pytest.raises(ApiError):
        services.move(actor=ada, paths=[shelf.path("customer-story-brewery")], folder="support")
    assert lines("document.moved") == [("customer-story-brewery.md", Outcome.UNKNOWN)]


@pytest.mark.parametrize("version", [(1, 4, 0), (1, 7, 5)])
def test_older_versions_are_read_back_too(version, ada, shelf, standin):
    path = shelf.path("customer-story-brewery")
    standin.configure(as_version=version)
    (moved,) = services.move(actor=ada, paths=[path], folder="support")
    assert moved.path in shelf.files() and not moved.problem
    services.folder_make(actor=ada, name="new")
    assert "new" in shelf.folders()


def test_an_embedded_document_is_not_left_to_a_busy_database(ada, shelf, standin):
    """The instance asks its database who uses a file, and takes no answer for nobody."""
    path = shelf.path("budget-rules")
    services.rows(ada)
    standin.fault("locked-all", path="move-files")
    (moved,) = services.move(actor=ada, paths=[path], folder="support")
    assert moved.problem
    assert path in shelf.files()
    assert standin.state()["writes"] == 0


def test_those_who_look_after_some_workspaces_move_their_own_only(lim, shelf):
    mine, foreign = shelf.add("mine", "some words"), shelf.path("customer-story-brewery")
    Stored.objects.create(path=mine, title="mine.txt", source=Source.TEXT, added_by=lim)
    assert [moved.title for moved in services.move(actor=lim, paths=[mine, foreign], folder="support")] == ["mine.txt"]
    assert foreign in shelf.files()


# --- Making -----------------------------------------------------------------------------------------------------------
def test_a_folder_is_made_and_listed(ada, shelf):
    services.folder_make(actor=ada, name="Verträge 2026")
    assert "Verträge 2026" in shelf.folders()
    assert [row.documents for row in services.folders(ada).value if row.name == "Verträge 2026"] == [0]
    with pytest.raises(Declined, match="already"):
        services.folder_make(actor=ada, name="Verträge 2026")
    assert sorted(lines("folder.made"), key=str) == [
        ("Verträge 2026", Outcome.OK),
        ("Verträge 2026", Outcome.REFUSED),
    ]


@pytest.mark.parametrize(
    "name", ["", " a", "a/b", "..", "../a", "a\\b", ".hidden", "notes.md", "a\nb", "x" * 101, "a:b"]
)
def test_a_name_that_the_instance_would_bend_is_refused(name, ada, shelf, standin):
    with pytest.raises(Declined, match="name of a folder"):
        services.folder_make(actor=ada, name=name)
    assert standin.state()["writes"] == 0


# --- Renaming ---------------------------------------------------------------------------------------------------------
def test_a_folder_of_unused_documents_is_renamed(ada, shelf):
    services.folder_make(actor=ada, name="old")
    path = shelf.add("a", "some words")
    services.move(actor=ada, paths=[path], folder="old")
    (moved,) = services.folder_rename(actor=ada, name="old", new_name="new")
    assert (moved.path, moved.problem) == (f"new/{path.partition('/')[2]}", "")
    assert "old" not in shelf.folders() and len(shelf.folders()["new"]) == 1
    assert lines("folder.renamed") == [("old", Outcome.OK)]


def test_what_is_embedded_stays_and_so_does_its_folder(ada, shelf):
    told = services.folder_rename(actor=ada, name="sales", new_name="offers")
    assert [moved.title for moved in told if not moved.problem] == ["customer-story-brewery.md"]
    assert len(shelf.folders()["sales"]) == 2 and len(shelf.folders()["offers"]) == 1
    line = AuditEvent.objects.get(action="folder.renamed")
    assert (line.outcome, line.detail) == (Outcome.FAILED, "2 documents stay in the old folder.")


def test_a_folder_of_which_nothing_can_move_is_not_renamed(ada, shelf, standin):
    with pytest.raises(Declined, match="Everything in it"):
        services.folder_rename(actor=ada, name="finance", new_name="money")
    assert standin.state()["writes"] == 0


@pytest.mark.parametrize(
    ("name", "new_name"), [("custom-documents", "mine"), ("nowhere", "mine"), ("sales", "finance")]
)
def test_what_is_not_theirs_to_rename_is_refused(name, new_name, ada, shelf, standin):
    with pytest.raises(Declined):
        services.folder_rename(actor=ada, name=name, new_name=new_name)
    assert standin.state()["writes"] == 0


# --- Removing ---------------------------------------------------------------------------------------------------------
def test_an_empty_folder_goes_at_once(ada, shelf):
    services.folder_make(actor=ada, name="empty")
    assert services.folder_remove(actor=ada, name="empty") is None
    assert "empty" not in shelf.folders()
    assert lines("folder.removed") == [("empty", Outcome.OK)]


def test_a_full_one_goes_with_its_documents_each_read_back(ada, shelf, work):
    contents = services.folder_contents("sales").value
    assert (contents.documents, [w.name for w in contents.workspaces]) == (3, ["Sales & Offers"])
    job = services.folder_remove(actor=ada, name="sales")
    assert states(work(job)) == [ItemState.DONE] * 4
    assert "sales" not in shelf.folders()
    assert shelf.embedded("sales-and-offers") == []
    assert len(lines("document.erased")) == 3 and lines("folder.removed") == [("sales", Outcome.OK)]


def test_a_folder_that_got_something_new_meanwhile_stays(ada, shelf, work):
    job = services.folder_remove(actor=ada, name="sales")
    new = shelf.add("new", "some words")
    services.move(actor=ada, paths=[new], folder="sales")
    assert states(work(job)) == [ItemState.DONE] * 3 + [ItemState.FAILED]
    assert "1 document is still in it" in messages(job)[-1]
    assert len(shelf.folders()["sales"]) == 1


def test_the_instances_own_folder_is_never_asked_for(ada, shelf, standin):
    with pytest.raises(Declined, match="own and always stays"):
        services.folder_remove(actor=ada, name="custom-documents")
    assert standin.state()["writes"] == 0


def test_a_removal_that_is_only_said_is_told(ada, shelf, standin):
    services.folder_make(actor=ada, name="empty")
    # Before v1.7.6 there is no such call.
    standin.configure(as_version=(1, 7, 5))
    with pytest.raises(ApiError):
        services.folder_remove(actor=ada, name="empty")
    assert "empty" in shelf.folders()
    assert lines("folder.removed")[0][1] != Outcome.OK


def test_who_may_not_manage_folders_any_more_removes_none(ada, shelf, work):
    services.folder_make(actor=ada, name="empty")
    path = shelf.add("a", "some words")
    services.move(actor=ada, paths=[path], folder="empty")
    job = services.folder_remove(actor=ada, name="empty")
    ada.role = Role.MANAGER
    ada.save()
    ada.looks_after.create(workspace_id=shelf.workspaces["finance"])
    work(job)
    assert "empty" in shelf.folders()


def test_a_killed_workers_folder_is_gone_once(ada, shelf, work):
    services.folder_make(actor=ada, name="empty")
    path = shelf.add("a", "some words")
    services.move(actor=ada, paths=[path], folder="empty")
    job = services.folder_remove(actor=ada, name="empty")
    document = job.items.first()
    services.erase_one(actor=ada, path=document.payload["path"], title="a.txt")
    services.folder_remove(actor=ada, name="empty")
    JobItem.objects.update(attempts=1)
    assert states(work(job)) == [ItemState.DONE, ItemState.DONE]
