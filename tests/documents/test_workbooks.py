"""Workbooks: the instance names their sheets alike, and yet none of them overwrites another."""

from __future__ import annotations

import importlib
import sys
from pydoc import locate

import pytest
from django.apps import apps

from dashboard import instance
from dashboard.documents import library as shelf_of
from dashboard.documents import services
from dashboard.documents.adding import Options
from dashboard.documents.models import Batch, Incoming, Stored
from dashboard.documents.paths import moved_to
from dashboard.jobs import engine
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from dashboard.sandbox.testing import workbook
from tests.documents.arriving import arrive, found, in_workspace, library, work

pytestmark = pytest.mark.django_db
TEAM = Options(folder="Team A")


@pytest.fixture(autouse=True)
def _place(monkeypatch, settings, tmp_path, standin):
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    standin.post("/v1/document/create-folder", {"name": "Team A"})


@pytest.fixture
def space(standin) -> dict:
    return standin.get("/v1/workspaces")["workspaces"][0]


def folders(standin) -> list[str]:
    return [folder["name"] for folder in standin.get("/v1/documents")["localFiles"]["items"]]


@pytest.mark.parametrize("folder", ["Team A", "custom-documents"])
def test_two_workbooks_with_a_sheet_of_one_name_are_both_there(ada, standin, space, folder):
    names, before = folders(standin), set(library(standin))
    into = Options(folder=folder, workspace_ids=(space["id"],))
    for year in (2025, 2026):
        item = work(
            arrive(
                ada,
                f"budget-{year}.xlsx",
                workbook(Sheet1=f"quetzal {year}", Notes=f"ibex {year}"),
                into,
                batch=str(year),
            )
        )
        assert item.state == "done", item.message
        assert len(item.incoming.paths) == 2
    new = set(library(standin)) - before
    assert len(new) == 4
    assert {path.partition("/")[0] for path in new} == {folder}
    assert new == set(Stored.objects.values_list("path", flat=True))
    assert new <= set(in_workspace(standin, space["slug"]))
    for word in ("quetzal", "ibex"):
        assert {text[-4:] for text in found(standin, space["slug"], word)} == {"2025", "2026"}
    assert folders(standin) == names  # nothing empty is left behind


def test_sheets_are_titled_after_the_file_as_people_know_it(ada, standin, space):
    work(
        arrive(
            ada,
            "Zahlen & Ziele (neu).xlsx",
            workbook(**{"Umsatz 2026": "quetzal"}),
            Options(workspace_ids=(space["id"],)),
        )
    )
    (stored,) = Stored.objects.all()
    assert stored.title == "Zahlen & Ziele (neu).xlsx – Sheet: Umsatz 2026"
    (row,) = [row for row in services.everything(ada).value if row.path == stored.path]
    assert (row.title, row.type) == ("Zahlen - Ziele (neu).xlsx – Sheet: Umsatz 2026", "xlsx")
    workspace = next(some for some in instance.workspaces().value if some.id == space["id"])
    assert row.title in {some.title for some in services.in_workspace(workspace).value}
    (hit,) = services.search_vectors(workspace, "quetzal", threshold=0.5)
    assert hit.title == row.title
    assert shelf_of.matching([row], q="ziele umsatz") == [row]


STEPS = [
    ("dashboard.documents.bringing", "send"),
    ("dashboard.documents.bringing", "Stored.objects.bulk_create"),
    ("dashboard.documents.folders", "_ask"),
    ("dashboard.documents.folders", "_follow"),
    ("dashboard.documents.folders", "clear_away"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_worker_killed_between_upload_and_move_leaves_nothing_undone(
    ada, standin, space, monkeypatch, module, name, after
):
    names, before = folders(standin), set(library(standin))
    into = Options(folder="Team A", workspace_ids=(space["id"],))
    item = arrive(ada, "budget.xlsx", workbook(Sheet1="quetzal one", Sheet2="quetzal two"), into)
    with monkeypatch.context() as patch:
        place, _, last = f"{module}.{name}".rpartition(".")
        real = getattr(locate(place), last)

        def die(*args, **kwargs):
            if after:
                real(*args, **kwargs)
            raise SystemExit

        patch.setattr(locate(place), last, die)
        with pytest.raises(SystemExit):
            engine.work(item.job_id)
    JobItem.objects.filter(pk=item.pk).update(state=ItemState.RUNNING)
    Job.objects.filter(pk=item.job_id).update(state=JobState.QUEUED)
    item = work(item)
    assert item.state == "done", item.message
    new = set(library(standin)) - before
    assert new == set(item.incoming.paths) == set(Stored.objects.values_list("path", flat=True))
    assert len(new) == 2
    assert all(path.startswith("Team A/") for path in new)
    assert [in_workspace(standin, space["slug"]).count(path) for path in new] == [1, 1]
    assert folders(standin) == names


def test_what_was_known_of_a_document_that_lay_there_before_is_no_hindrance(ada, standin, monkeypatch):
    """A row of ours for a path that the new document comes to lie at: never an error of the database."""
    item = arrive(ada, "dog.txt", "The office dog is called Pumpernickel.", TEAM)
    with monkeypatch.context() as patch:
        patch.setattr("dashboard.documents.folders._ask", lambda _moves: sys.exit())
        with pytest.raises(SystemExit):
            engine.work(item.job_id)
    path = moved_to(Stored.objects.get().path, "Team A")
    Stored.objects.create(upload="old", path=path, title="old.txt", source="file", added_by=ada)
    JobItem.objects.filter(pk=item.pk).update(state=ItemState.RUNNING)
    Job.objects.filter(pk=item.job_id).update(state=JobState.QUEUED)
    item = work(item)
    assert item.state == "done", item.message
    assert [stored.title for stored in Stored.objects.all()] == ["dog.txt"]


def test_moving_never_goes_over_another_document(ada, standin, shelf):
    """Somebody else's sheets, uploaded on the instance: the second would be moved over the first."""
    places = []
    for year in (2025, 2026):
        name = f"sheet-{year}"
        standin.post("/v1/document/create-folder", {"name": name})
        path = shelf.add(f"plan {year}", f"quetzal {year}")
        move = {"from": path, "to": f"{name}/sheet-Sheet1.json"}
        standin.post("/v1/document/move-files", {"files": [move]})
        places.append(f"{name}/sheet-Sheet1.json")
    told = services.move(actor=ada, paths=places, folder="Team A")
    assert [some.problem for some in told] == ["", ""]
    assert set(shelf.folders()["Team A"]) == {moved_to(path, "").strip("/") for path in places}
    assert len(shelf.folders()["Team A"]) == 2


def test_moving_onto_a_name_that_is_taken_is_a_sentence(ada, standin, shelf):
    standin.post("/v1/document/create-folder", {"name": "Team B"})
    path = shelf.add("plan", "quetzal")
    there = moved_to(path, "Team A")
    standin.post("/v1/document/move-files", {"files": [{"from": shelf.add("other", "ibex"), "to": there}]})
    instance.forget("library")
    (told,) = services.move(actor=ada, paths=[path], folder="Team A")
    assert str(told.problem) == "Another document of this name is in that folder already."
    assert {path, there} <= shelf.files()
    assert library(standin)[there]["title"] == "other.txt"


def test_erasing_one_of_two_sheets_of_one_name_is_read_back_as_such(ada, standin, shelf):
    for name in ("one", "two"):
        standin.post("/v1/document/create-folder", {"name": name})
        move = {"from": shelf.add(f"plan {name}", "quetzal"), "to": f"{name}/sheet-Sheet1.json"}
        standin.post("/v1/document/move-files", {"files": [move]})
    instance.forget("library")
    assert services.erase_one(actor=ada, path="one/sheet-Sheet1.json", title="one")
    assert "two/sheet-Sheet1.json" in shelf.files()


def test_what_the_folder_loses_while_something_is_put_into_it_is_told(ada, standin, shelf, monkeypatch):
    """Somebody erases another document on the instance, right when ours is moved."""
    path = shelf.add("other", "ibex")
    there = moved_to(path, "Team A")
    standin.post("/v1/document/move-files", {"files": [{"from": path, "to": there}]})
    move = instance.connect().documents.move

    def and_erase(moves):
        move(moves)
        instance.connect().documents.delete(there)

    monkeypatch.setattr(instance.connect().documents, "move", and_erase)
    item = work(arrive(ada, "dogs.xlsx", workbook(Sheet1="The office dog."), TEAM))
    assert item.state == "done"
    assert item.message == "In the library. Not in Team A any more, as somebody may have erased it: other.txt"


def test_files_that_were_added_before_their_names_were_kept_are_known_by_them(ada):
    migration = importlib.import_module("dashboard.documents.migrations.0002_versions_and_reader")
    batch = Batch.objects.create(token="b", actor=ada, folder="custom-documents")
    Incoming.objects.create(batch=batch, ticket="t", token="u1", source="file", name="budget.xlsx")
    for upload, title in (("u1", "budget.xlsx – Sheet: A"), ("u2", "dog.txt")):
        Stored.objects.create(upload=upload, path=f"a/{upload}.json", title=title, source="file", added_by=ada)
    migration.name_files(apps, None)
    assert dict(Stored.objects.values_list("upload", "name")) == {"u1": "budget.xlsx", "u2": "dog.txt"}
