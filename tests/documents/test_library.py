"""The library as the table shows it: what is where, who uses it, what failed; and never that all is gone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.anythingllm import ApiError
from dashboard.documents import services
from dashboard.documents.library import DocumentRow, Origin, Source, matching, moment
from dashboard.documents.models import Batch, Incoming, Stored
from dashboard.documents.paths import is_unique, key_of, pair_key, type_of
from dashboard.documents.services import State
from dashboard.jobs.models import ItemState, Job
from tests.conftest import operator

pytestmark = pytest.mark.django_db


def titles(reading) -> list[str]:
    return [row.title for row in reading.value]


def row_of(who, title: str):
    (row,) = (row for row in services.rows(who).value if row.title.startswith(title))
    return row


@pytest.fixture
def coming(ada, shelf):
    """Something on its way into Finance, its item in this state."""

    def make(state: ItemState, *, actor=ada, paths=(), message="") -> Incoming:
        job = Job.objects.create(kind="documents.add", title="Add", actor=actor)
        item = job.items.create(position=1, key="1", label="new.pdf", state=state, message=message)
        ids = [shelf.workspaces["finance"]]
        batch = Batch.objects.create(token=f"b{job.pk}", actor=actor, folder="x", workspace_ids=ids, job=job)
        return batch.incoming.create(
            item=item, ticket="1", token=f"t{job.pk}", source=Source.FILE, name="new.pdf", paths=list(paths)
        )

    return make


# --- What a row tells -------------------------------------------------------------------------------------------------
def test_it_lists_every_document_with_where_it_is_used(ada, shelf):
    rows = services.rows(ada).value
    assert {row.path for row in rows} == shelf.files()
    both = row_of(ada, "passwords-and-accounts")
    assert [workspace.name for workspace in both.used_in] == ["Company Handbook", "IT & Security"]
    assert (both.state, both.type, both.folder, both.origin.source) == (State.USED, "md", "it-security", Source.FILE)
    assert both.words > 100 and both.tokens > 100
    assert both.origin.added_at < datetime.now(UTC) and both.origin.added_by == ""
    assert [workspace.name for workspace in row_of(ada, "escalation-levels").pinned_in] == ["Customer Support"]
    assert row_of(ada, "customer-story-brewery").state == State.UNUSED


def test_it_tells_who_added_what_here_and_when(ada, shelf):
    stored = Stored.objects.create(
        path=shelf.path("budget-rules"), title="x", source=Source.LINK, size=12, added_by=ada
    )
    assert row_of(ada, "budget-rules").origin == Origin(Source.LINK, stored.added_at, "ada", own=True)
    assert not row_of(operator(Role.ADMIN, "eve"), "budget-rules").origin.own


def test_what_was_embedded_twice_is_one_place(ada, shelf, standin):
    path = shelf.path("budget-rules")
    standin.post("/v1/workspace/finance/update-embeddings", {"adds": [path]})
    assert [workspace.name for workspace in row_of(ada, "budget-rules").used_in] == ["Finance"]
    assert len(services.find(ada, path).value.places) == 1


def test_what_is_being_added_and_what_failed_to_be_is_there(ada, shelf, coming):
    running, failed = coming(ItemState.RUNNING), coming(ItemState.FAILED, message="Unreadable.")
    rows = [row for row in services.rows(ada).value if not row.path]
    assert [(row.title, row.type, row.state, row.problem, row.job_id) for row in rows] == [
        ("new.pdf", "pdf", State.FAILED, "Unreadable.", failed.item.job_id),
        ("new.pdf", "pdf", State.ADDING, "", running.item.job_id),
    ]


def test_what_became_a_document_but_failed_in_its_workspace_is_one_row(ada, shelf, coming):
    path = shelf.path("customer-story-brewery")
    coming(ItemState.FAILED, paths=[path], message="Finance: not embedded.")
    row = row_of(ada, "customer-story")
    assert (row.path, row.state, row.problem) == (path, State.FAILED, "Finance: not embedded.")
    services.put(actor=ada, workspace_id=shelf.workspaces["finance"], path=path, title="x")
    assert row_of(ada, "customer-story").state == State.USED


def test_what_could_not_be_put_in_is_failed_until_it_is_there(ada, shelf, standin, work):
    path = shelf.path("customer-story-brewery")
    standin.configure(embedder_up=False)
    work(services.embed(actor=ada, paths=[path], workspace_ids=[shelf.workspaces["finance"]]))
    assert row_of(ada, "customer-story").problem.startswith("Finance: AnythingLLM did not embed it")
    standin.configure(embedder_up=True)
    services.put(actor=ada, workspace_id=shelf.workspaces["finance"], path=path, title="x")
    assert row_of(ada, "customer-story").state == State.USED


def test_where_they_come_from_is_looked_up_of_those_that_are_shown(ada, shelf, django_assert_num_queries, monkeypatch):
    path = shelf.path("budget-rules")
    Stored.objects.create(path=path, title="x", source=Source.LINK, added_by=ada)
    found = services.rows(ada, folder="finance").value
    with django_assert_num_queries(1) as queries:
        shown = found[:2]
    assert [row.origin.added_by for row in shown] == ["ada", ""] and path in queries.captured_queries[0]["sql"]
    assert shown == [found[0], found[1]] and list(found)[:2] == shown
    monkeypatch.setattr("dashboard.documents.library.MANY", 1)
    assert found[:2] == shown


# --- Finding ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"q": "MEMBRANE study"}, ["membrane-study.md"]),
        ({"q": "leadership/"}, ["strategy-2027.md"]),
        ({"folder": "finance"}, ["budget-rules.md", "invoice-approval.md", "quarter-three-report.md"]),
        ({"workspace": "it-security"}, ["backup-and-restore.md", "passwords-and-accounts.md", "phishing.md"]),
        ({"used": "no"}, ["customer-story-brewery.md"]),
        ({"state": "unused"}, ["customer-story-brewery.md"]),
        ({"type": "pdf"}, []),
        ({"state": "failed"}, []),
    ],
)
def test_it_finds(criteria, expected, ada, shelf):
    if criteria.get("workspace"):
        criteria = {"workspace": next(slug for slug in shelf.workspaces if slug.startswith("it"))}
    assert titles(services.rows(ada, **criteria)) == expected


def test_every_column_can_be_sorted_by_both_ways(ada, shelf, coming):
    coming(ItemState.RUNNING)
    Stored.objects.create(path=shelf.path("budget-rules"), title="x", source=Source.LINK, added_by=ada)
    keys = {
        "words": lambda row: row.words or 0,
        "tokens": lambda row: row.tokens or 0,
        "added": lambda row: row.origin.added_at,
        "used": lambda row: len(row.used_in),
        "pinned": lambda row: len(row.pinned_in),
        "title": lambda row: row.title,
        "type": lambda row: row.type,
        "source": lambda row: row.origin.source,
        "state": lambda row: list(State).index(row.state),
    }
    for column, key in keys.items():
        up = [key(row) for row in services.rows(ada, sort=column).value]
        down = [key(row) for row in services.rows(ada, sort=f"-{column}").value]
        assert up == sorted(up) and down == sorted(down, reverse=True), column


def test_the_filters_are_of_what_there_is(ada, shelf):
    facets = services.facets(ada).value
    assert facets.types == ["md"]
    assert facets.folders[0] == "custom-documents" and len(facets.folders) == 9
    assert "Finance" in [workspace.name for workspace in facets.workspaces]


def test_a_workspaces_new_name_is_told_at_once(ada, shelf):
    """What the answers are joined to is made anew when one of them says something else, though the library is as it was."""
    assert [some.name for some in row_of(ada, "budget-rules").used_in] == ["Finance"]
    instance.connect().workspaces.update("finance", name="Accounting")
    instance.forget("workspaces")
    assert [some.name for some in row_of(ada, "budget-rules").used_in] == ["Accounting"]
    assert "Accounting" in [workspace.name for workspace in services.facets(ada).value.workspaces]


def test_folders_are_told_also_when_they_are_empty(ada, shelf):
    services.folder_make(actor=ada, name="empty")
    found = {row.name: (row.documents, row.protected) for row in services.folders(ada).value}
    assert found["empty"] == (0, False) and found["custom-documents"] == (5, True) and found["sales"] == (3, False)


# --- One document, one workspace --------------------------------------------------------------------------------------
def test_one_document_with_its_places(ada, shelf):
    path = shelf.path("escalation-levels")
    detail = services.find(ada, path).value
    assert (detail.row.document.path, detail.row.path, detail.erasable, detail.size) == (path, path, True, None)
    assert [(place.workspace.name, place.pinned) for place in detail.places] == [("Customer Support", True)]


@pytest.mark.parametrize("path", ["", "x", "..", "a/..", "nowhere/", "nowhere/x.json"])
def test_an_unknown_document_is_none_and_reads_nothing_anew(path, ada, shelf, standin):
    services.rows(ada)
    before = len(standin.state()["requests"])
    assert services.find(ada, path).value is None
    assert len(standin.state()["requests"]) - before <= 1


def test_one_that_came_since_is_found(ada, shelf, standin):
    services.rows(ada)
    body = {"textContent": "some words", "metadata": {"title": "late"}}
    path = standin.post("/v1/document/raw-text", body)["documents"][0]["location"]
    found = services.find(ada, path).value
    assert (found.row.title, found.row.type, found.row.origin.source) == ("late.txt", "txt", Source.TEXT)


def test_a_workspaces_documents(ada, shelf):
    workspace = next(w for w in instance.workspaces().value if w.slug == "finance")
    for _cold_then_warm in range(2):
        found = services.in_workspace(workspace).value
        assert [some.title for some in found] == ["budget-rules.md", "invoice-approval.md", "quarter-three-report.md"]
        assert all(some.words > 100 for some in found)
        instance.workspace_documents()


# --- An instance that cannot tell -------------------------------------------------------------------------------------
def test_a_busy_database_never_means_that_all_is_gone(ada, shelf, standin):
    before = services.rows(ada).value
    instance.forget("library", "workspaces")
    instance.forget_documents()
    standin.fault("locked-all")
    reading = services.rows(ada)
    assert reading.stale
    assert [(row.path, row.used_in) for row in reading.value] == [(row.path, row.used_in) for row in before]


def test_a_workspace_that_seems_gone_is_not_believed_to_be_while_nobody_is_listed(ada, shelf, standin):
    """Also between two questions the database may become busy: then the workspace is not found, and no user either."""
    services.rows(ada)
    instance.forget_documents()
    real = instance.connect().workspaces.get_documents("finance")
    assert real
    standin.fault("shape", path="admin/users")
    for workspace in instance.workspaces().value:
        if workspace.slug == "finance":
            instance.connect().workspaces.delete("finance")
    assert services.rows(ada).stale


def test_an_empty_library_is_not_believed_while_nobody_is_listed_either(ada, shelf, standin):
    services.rows(ada)
    for path in shelf.files():
        instance.connect().documents.delete(path)
    instance.forget("library")
    standin.fault("shape", path="admin/users")
    assert services.rows(ada).stale
    standin.clear_faults()
    instance.hang_up()
    assert not services.rows(ada).value


def test_what_was_erased_behind_foyer_is_told_where_it_is_still_listed(ada, shelf, standin):
    path = shelf.path("budget-rules")
    standin.fault("locked", path="remove-documents")
    instance.connect().documents.delete(path)
    row = row_of(ada, "budget-rules")
    assert (row.path, row.state, row.words is not None) == (path, State.MISSING, True)
    assert services.find(ada, path).value.row.document is None


def test_what_was_erased_on_the_instance_altogether_is_not_told_as_a_file_that_is_gone(ada, shelf):
    """The lists of the workspaces are kept for longer than that of the library: they are read anew before anything is told by them."""
    services.rows(ada)
    path = shelf.path("budget-rules")
    instance.connect().documents.delete(path)
    instance.forget("library")
    assert path not in {row.path for row in services.everything(ada).value}


def test_it_finds_names_however_their_accents_and_letters_are_written():
    found = [
        DocumentRow("a/1.json", "a", title, "txt", state=State.UNUSED)
        for title in ("Überstunden.txt", "U\u0308berblick.txt", "ОТПУСК.txt", "Straße.txt")
    ]
    words = {"überstunden": 0, "ÜBERBLICK": 1, "u\u0308berblick": 1, "отпуск": 2, "STRASSE": 3}
    for q, number in words.items():
        assert matching(found, q=q) == [found[number]]


def test_what_came_since_the_library_was_read_is_not_taken_for_a_file_that_is_gone(ada, shelf, standin):
    services.rows(ada)
    body = {"textContent": "some words", "metadata": {"title": "late"}, "addToWorkspaces": "finance"}
    standin.post("/v1/document/raw-text", body)
    instance.forget_documents(shelf.workspaces["finance"])
    assert row_of(ada, "late").state == State.USED


def test_an_old_answer_says_so(ada, shelf, standin):
    services.rows(ada)
    instance.forget("library")
    standin.fault("down", path="documents")
    reading = services.rows(ada)
    assert reading.stale and len(reading.value) == 30
    with pytest.raises(ApiError):
        services.stage_erase(ada, [reading.value[0].path])


# --- Those who look after some workspaces only ------------------------------------------------------------------------
def test_they_see_what_is_in_theirs_and_what_they_added(lim, shelf):
    Stored.objects.create(path=shelf.path("strategy-2027"), title="x", source=Source.FILE, added_by=lim)
    assert titles(services.rows(lim)) == [
        "budget-rules.md",
        "invoice-approval.md",
        "quarter-three-report.md",
        "strategy-2027.md",
    ]
    row = row_of(lim, "strategy")
    assert (row.used_in, row.elsewhere, row.state) == ((), True, State.UNUSED)
    assert [folder.name for folder in services.folders(lim).value] == ["finance", "leadership"]
    facets = services.facets(lim).value
    assert [workspace.name for workspace in facets.workspaces] == ["Finance"]
    assert services.find(lim, shelf.path("phishing")).value is None
    detail = services.find(lim, shelf.path("strategy-2027")).value
    assert (detail.places, detail.erasable) == ((), False)


def test_what_they_added_is_not_listed_when_its_file_is_gone_and_only_others_list_it(lim, ada, shelf, standin):
    path = shelf.path("strategy-2027")
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=lim)
    standin.fault("locked", path="remove-documents")
    instance.connect().documents.delete(path)
    assert row_of(ada, "strategy").state == State.MISSING
    assert services.find(lim, path).value is None


def test_what_others_are_adding_is_not_theirs_to_see(lim, ada, shelf, coming):
    coming(ItemState.RUNNING)
    coming(ItemState.RUNNING, actor=lim)
    assert len([row for row in services.rows(lim).value if not row.path]) == 1
    assert len([row for row in services.rows(ada).value if not row.path]) == 2


# --- Small things -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("11/3/2026, 4:05:06 PM", datetime(2026, 11, 3, 16, 5, 6, tzinfo=UTC)),
        ("1/31/2026, 12:00:00\u202fAM", datetime(2026, 1, 31, tzinfo=UTC)),
        ("13/31/2026, 1:00:00 AM", None),
        ("2026-11-03", None),
        ("", None),
    ],
)
def test_the_instances_date(published, expected):
    assert moment(published) == expected


@pytest.mark.parametrize(
    ("path", "type", "key"),
    [
        ("a/Report.PDF-1f6b6e0a-0000-4000-8000-000000000000.json", "pdf", "1f6b6e0a-0000-4000-8000-000000000000"),
        ("a/raw-notes-1f6b6e0a-0000-4000-8000-000000000000.json", "", "1f6b6e0a-0000-4000-8000-000000000000"),
        ("a/Version 1.2-1f6b6e0a-0000-4000-8000-000000000000.json", "", "1f6b6e0a-0000-4000-8000-000000000000"),
        ("box/box.mbox-1f6b6e0a-0000-4000-8000-000000000000-msg-2.json", "mbox", "5180ca5cb9bdfa10df3ec0d10c8658de"),
        ("x.xlsx-04db/sheet-Sheet1.json", "", "b9be9d0da76f6b240e56aa3caeb8d9b2"),
        ("Team A/sheet-Sheet1-1f6b6e0a-0000-4000-8000-000000000000.json", "", "1f6b6e0a-0000-4000-8000-000000000000"),
    ],
)
def test_what_a_path_tells(path, type, key):
    assert type_of(path) == type
    assert len(key_of(path)) <= 36
    assert key_of(path) == key
    assert (key == key_of(path.replace("/", "/b/"))) == is_unique(path)  # moved it stays the same
    assert pair_key(7, path) == f"7-{key}"


def test_the_type_of_a_sheet_is_its_workbooks():
    assert type_of("zahlen.xlsx – Sheet: Umsatz 2026") == type_of("zahlen.xlsx - Sheet:1.2") == "xlsx"
    assert type_of("notes.md") == "md"
    assert type_of("config.json") == "json"
