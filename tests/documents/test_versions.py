"""A new version takes the place of the document of its name: in everything that one was in, and before that one goes."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.documents import adding, embedding, services, versions
from dashboard.documents.adding import Options
from dashboard.documents.models import Duplicates, Stored
from dashboard.jobs import engine
from dashboard.sandbox.testing import workbook
from tests.documents.arriving import arrive, found, in_workspace, library, work

pytestmark = pytest.mark.django_db
FIRST, SECOND = "The tunnel is called Heron.", "The tunnel is called Kestrel."
INSTEAD = Options(duplicates=Duplicates.REPLACE)


@pytest.fixture(autouse=True)
def _place(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path


@pytest.fixture
def places(standin) -> list[dict]:
    return standin.get("/v1/workspaces")["workspaces"][:3]


@pytest.fixture
def old(ada, places) -> str:
    """The first version, in two workspaces and pinned in the second."""
    into = Options(workspace_ids=(places[0]["id"], places[1]["id"]))
    path = work(arrive(ada, "vpn.md", FIRST, into, batch="b0")).incoming.paths[0]
    embedding.pin(actor=ada, workspace_id=places[1]["id"], path=path, pinned=True)
    return path


def test_a_new_version_is_in_every_workspace_of_the_old_one_before_that_is_erased(ada, standin, places, old):
    before = set(library(standin))
    into = Options(workspace_ids=(places[2]["id"],), duplicates=Duplicates.REPLACE)
    item = work(arrive(ada, "vpn.md", SECOND, into))
    assert item.state == "done", item.message
    assert item.message.endswith(". It replaces vpn.md in custom-documents")
    (path,) = set(library(standin)) - before
    assert old not in library(standin)
    assert list(Stored.objects.values_list("path", flat=True)) == [path]
    for place in places:
        assert path in in_workspace(standin, place["slug"])
        assert old not in in_workspace(standin, place["slug"])
        assert len(found(standin, place["slug"], "Kestrel")) == 1
        assert not found(standin, place["slug"], "Heron")
    (workspace,) = standin.get(f"/v1/workspace/{places[1]['slug']}")["workspace"]
    assert [document["pinned"] for document in workspace["documents"] if document["docpath"] == path] == [True]
    asked = [
        r["path"] for r in standin.state()["requests"] if r["method"] != "GET" and "vector-search" not in r["path"]
    ]
    assert asked[-1].endswith("/system/remove-documents")
    assert sum(path.endswith("/system/remove-documents") for path in asked) == 1


def test_the_old_one_stays_when_the_new_one_is_not_embedded_and_that_is_told(ada, standin, places, old):
    standin.configure(embedder_up=False)
    item = work(arrive(ada, "vpn.md", SECOND, INSTEAD))
    assert item.state == "failed"
    assert item.message.endswith("What it is to replace stays until it is.")
    assert old in library(standin)
    assert all(old in in_workspace(standin, place["slug"]) for place in places[:2])

    standin.configure(embedder_up=True)
    adding.retry(actor=ada, job=item.job)
    item = work(item)
    assert item.state == "done", item.message
    assert old not in library(standin)
    assert all(in_workspace(standin, place["slug"]).count(item.incoming.paths[0]) == 1 for place in places[:2])


def test_the_same_content_is_known_already(ada, standin, old):
    before = set(library(standin))
    item = work(arrive(ada, "vpn.md", FIRST, INSTEAD))
    assert (item.state, item.message) == ("skipped", "There already, as vpn.md in custom-documents")
    assert set(library(standin)) == before


def test_of_several_of_a_name_none_is_replaced_unless_the_folder_tells(ada, standin, old):
    standin.post("/v1/document/create-folder", {"name": "Team A"})
    work(arrive(ada, "vpn.md", "Another tunnel.", Options(folder="Team A", duplicates=Duplicates.KEEP), batch="b1"))
    before = set(library(standin))
    standin.post("/v1/document/create-folder", {"name": "Team B"})
    neither = Options(folder="Team B", duplicates=Duplicates.REPLACE)
    item = work(arrive(ada, "vpn.md", SECOND, neither, batch="b2"))
    assert item.state == "failed"
    assert item.message.startswith("2 documents have this name, in custom-documents and Team A, so none is replaced.")
    assert set(library(standin)) == before

    item = work(arrive(ada, "vpn.md", SECOND, Options(folder="Team A", duplicates=Duplicates.REPLACE), batch="b3"))
    assert item.state == "done", item.message
    assert old in library(standin)
    assert len(set(library(standin))) == len(before)


def test_two_files_of_one_name_in_a_batch_do_not_replace_each_other(ada, standin):
    items = [arrive(ada, "README.md", text, INSTEAD, ticket=text) for text in (FIRST, SECOND)]
    work(items[0])
    assert [library(standin)[stored.path]["title"] for stored in Stored.objects.all()] == ["README.md"] * 2


def test_a_document_that_was_added_on_the_instance_is_replaced_too(ada, standin, shelf):
    path = shelf.add("vpn.txt", FIRST)
    item = work(arrive(ada, "vpn.txt", SECOND, INSTEAD))
    assert item.state == "done", item.message
    assert path not in library(standin)


def test_a_workbook_replaces_all_sheets_of_the_old_one(ada, standin, places):
    into = Options(workspace_ids=(places[0]["id"],))
    first = work(arrive(ada, "budget.xlsx", workbook(Sheet1="quetzal", Extra="ibex"), into, batch="b0")).incoming.paths
    item = work(arrive(ada, "budget.xlsx", workbook(Sheet1="quetzal heron"), INSTEAD))
    assert item.state == "done", item.message
    (path,) = item.incoming.paths
    assert not set(first) & set(library(standin))
    assert [some for some in in_workspace(standin, places[0]["slug"]) if "sheet-" in some] == [path]


def test_only_what_was_shown_is_replaced(ada, standin, old):
    shown = Options(duplicates=Duplicates.REPLACE, replaces={})
    item = work(arrive(ada, "vpn.md", SECOND, shown))
    assert item.state == "failed"
    assert item.message.startswith("A document of this name has come since you looked")
    assert old in library(standin)
    shown = Options(duplicates=Duplicates.REPLACE, replaces={"vpn.md": [old]})
    assert work(arrive(ada, "vpn.md", SECOND, shown, batch="b2")).state == "done"
    assert old not in library(standin)


def test_what_is_to_be_replaced_is_followed_when_it_is_moved(ada, standin, places):
    old = work(arrive(ada, "vpn.md", FIRST, batch="b0")).incoming.paths[0]
    standin.post("/v1/document/create-folder", {"name": "Team A"})
    standin.configure(embedder_up=False)
    item = work(arrive(ada, "vpn.md", SECOND, Options(workspace_ids=(places[0]["id"],), duplicates=Duplicates.REPLACE)))
    assert item.state == "failed"
    (moved,) = services.move(actor=ada, paths=[old], folder="Team A")
    standin.configure(embedder_up=True)
    adding.retry(actor=ada, job=item.job)
    assert work(item).state == "done"
    assert moved.path not in library(standin)


def test_what_it_comes_to_is_told_before(ada, places, old):
    instance.hang_up()
    (told,) = versions.older(ada, ["vpn.md", "new.md"], "custom-documents").values()
    assert (told.name, told.folder, told.paths, told.refused) == ("vpn.md", "custom-documents", (old,), "")
    assert {workspace.id for workspace in told.used_in} == {place["id"] for place in places[:2]}
