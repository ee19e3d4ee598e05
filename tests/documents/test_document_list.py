from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from dashboard import instance
from dashboard.documents import library
from dashboard.documents.models import Batch, Incoming, Source
from dashboard.jobs.models import ItemState, Job
from tests.conftest import signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/"


def rows(client, query=""):
    return client.get(f"{URL}?ready=1{query}").context["rows"]


def titles(client, query=""):
    return [row.title for row in rows(client, query)]


def test_a_cold_page_comes_first_and_asks_for_the_library_after(standin, admin_client):
    page = admin_client.get(URL)
    assert "Reading the library" in page.content.decode()
    assert "rows" not in page.context
    assert b"js/upload" in page.content  # "Add files" works as soon as the panel is there
    asked = [line["path"] for line in standin.state()["requests"]]
    assert "/api/v1/documents" not in asked
    whole = admin_client.get(URL, headers=HTMX | {"HX-Target": "documents"})
    assert "<h1>Documents</h1>" in whole.content.decode()
    assert len(whole.context["rows"]) == len(titles(admin_client))
    assert "rows" in admin_client.get(URL).context  # warm


def test_refresh_asks_for_the_library_too(standin, admin_client):
    told = {"textContent": "New words", "metadata": {"title": "newcomer"}}
    before = titles(admin_client)
    standin.post("/v1/document/raw-text", told)
    assert titles(admin_client) == before
    admin_client.post("/refresh/", {"next": URL})
    assert set(titles(admin_client)) - set(before) == {"newcomer.txt"}


def test_it_shows_each_document_and_where_it_is_used(shelf, admin_client):
    found = {row.path: row for row in rows(admin_client)}
    assert set(found) == shelf.files()
    row = found[shelf.path("passwords-and-accounts")]
    assert [workspace.name for workspace in row.used_in] == ["Company Handbook", "IT & Security"]
    page = admin_client.get(URL).content.decode()
    assert 'href="/workspaces/it-and-security/"' in page
    assert f'href="/documents/item/?path={quote(row.path, safe="")}"' in page


def test_htmx_gets_the_table_alone(standin, admin_client):
    page = admin_client.get(URL, headers=HTMX).content.decode()
    assert page.lstrip().startswith('<section id="document-table"')


def test_it_searches_titles_as_one_types(shelf, admin_client):
    assert titles(admin_client, "&q=PASSW") == ["passwords-and-accounts.md"]


def test_it_filters_by_type_folder_and_workspace(shelf, admin_client):
    assert {row.folder for row in rows(admin_client, "&folder=finance")} == {"finance"}
    assert {row.type for row in rows(admin_client, "&type=md")} == {"md"}
    used = rows(admin_client, "&workspace=it-and-security")
    assert {row.path for row in used} == set(shelf.embedded("it-and-security"))


def test_workspaces_of_one_name_are_told_apart(shelf, standin, admin_client):
    standin.post("/v1/workspace/it-and-security/update", {"name": "Finance"})
    instance.hang_up()
    page = admin_client.get(f"{URL}?ready=1").content.decode()
    assert ">Finance (it-and-security)</option>" in page and ">Finance (finance)</option>" in page


def test_it_finds_what_is_in_no_workspace(shelf, admin_client):
    path = shelf.add("lonely", "Nobody reads this.")
    found = rows(admin_client, "&workspace=%2Bnone")
    assert path in {row.path for row in found}
    assert not any(row.used_in for row in found)
    assert 0 < len(found) < len(rows(admin_client))


def test_what_failed_is_told_with_its_job(shelf, ada, admin_client):
    job = Job.objects.create(kind="documents.add", title="Add documents", actor=ada, state="done")
    item = job.items.create(position=1, key="1", label="torn.pdf", state=ItemState.FAILED, message="It is torn.")
    batch = Batch.objects.create(token="t", actor=ada, folder="custom-documents", job=job)
    Incoming.objects.create(batch=batch, item=item, ticket="1", token="1", source=Source.FILE, name="torn.pdf")
    page = admin_client.get(f"{URL}?ready=1&state=failed")
    assert [row.title for row in page.context["rows"]] == ["torn.pdf"]
    assert "It is torn." in page.content.decode()
    assert f'href="/jobs/{job.pk}/"' in page.content.decode()
    assert 'name="ids"' not in page.content.decode()


@pytest.mark.parametrize("column", ["title", "type", "words", "tokens", "source", "added", "used", "pinned", "state"])
def test_every_column_sorts_both_ways(shelf, admin_client, column):
    up, down = rows(admin_client, f"&sort={column}"), rows(admin_client, f"&sort=-{column}")
    values = {
        "title": lambda row: row.title,
        "type": lambda row: row.type,
        "words": lambda row: row.words,
        "tokens": lambda row: row.tokens,
        "source": lambda row: row.origin.source or "",
        "added": lambda row: row.origin.added_at,
        "used": lambda row: len(row.used_in),
        "pinned": lambda row: len(row.pinned_in),
        "state": lambda row: library.STATES.index(row.state),
    }[column]
    assert [values(row) for row in up] == sorted(map(values, up))
    assert [values(row) for row in down] == sorted(map(values, down), reverse=True)
    page = admin_client.get(f"{URL}?sort={column}").content.decode()
    assert 'aria-sort="ascending"' in page


def test_a_page_holds_no_more_than_it_was_asked_for(shelf, admin_client):
    page = admin_client.get(f"{URL}?ready=1&size=25")
    total = len(shelf.files())
    assert len(page.context["rows"]) == 25 < total
    assert f'data-select-everything="{total}"' in page.content.decode()


def test_folders_are_counted_and_the_open_one_can_be_renamed(shelf, admin_client):
    page = admin_client.get(f"{URL}?ready=1&folder=finance")
    counts = {folder.name: folder.documents for folder in page.context["folders"]}
    assert counts == {name: len(files) for name, files in shelf.folders().items()}
    assert "/documents/folders/rename/?name=finance" in page.content.decode()
    protected = admin_client.get(f"{URL}?folder=custom-documents").content.decode()
    assert "/documents/folders/rename/" not in protected


def test_whatever_is_wrong_in_the_address_is_ignored(shelf, admin_client):
    assert titles(admin_client, "&sort=colour&type=nonsense&state=eager&workspace=nowhere") == titles(admin_client)


def test_viewers_look_and_can_do_nothing(shelf, viewer_client):
    page = viewer_client.get(f"{URL}?ready=1").content.decode()
    assert "passwords-and-accounts.md" in page
    for words in ("Put into workspaces", "Erase everywhere", "New folder", "Add files", 'name="ids"'):
        assert words not in page


def test_who_looks_after_some_workspaces_sees_their_documents_only(shelf, lim):
    mine = shelf.embedded("finance")
    found = rows(signed_in(lim))
    assert {row.path for row in found} == set(mine)
    page = signed_in(lim).get(f"{URL}?ready=1")
    assert {workspace.slug for row in found for workspace in row.used_in} == {"finance"}
    assert sum(folder.documents for folder in page.context["folders"]) == len(mine)
    assert "New folder" not in page.content.decode()


def test_an_old_answer_says_so_and_offers_no_changes(shelf, standin, admin_client):
    admin_client.get(f"{URL}?ready=1")
    standin.fault("502")
    instance.forget("library")
    page = admin_client.get(f"{URL}?ready=1").content.decode()
    assert "last answer" in page
    assert "passwords-and-accounts.md" in page
    assert "Put into workspaces" not in page


def test_it_says_so_when_the_instance_is_down(standin, admin_client):
    standin.fault("502")
    assert "Reading the library" in admin_client.get(URL).content.decode()
    asked_by_page = admin_client.get(URL, headers=HTMX | {"HX-Target": "documents"}).content.decode()
    assert 'role="alert"' in asked_by_page and "Try again" in asked_by_page
    answer = admin_client.get(f"{URL}?ready=1")
    assert answer.status_code == 502
    assert "AnythingLLM" in answer.content.decode()


@pytest.mark.parametrize(
    "dialog", ["embed/", "move/", "remove/", "erase/", "item/", "add/link/", "add/text/", "folders/new/"]
)
def test_no_dialog_has_an_id_of_the_page_below_it(shelf, admin_client, dialog):
    """A label would tick a box of the page instead."""
    path = shelf.path("passwords-and-accounts")
    below = admin_client.get(f"{URL}?ready=1").content.decode()
    above = admin_client.get(f"{URL}{dialog}", {"ids": path, "path": path}, headers=HTMX).content.decode()
    ids = re.compile(r'\bid="([^"]+)"')
    assert set(ids.findall(above))
    assert not set(ids.findall(above)) & set(ids.findall(below))


def test_the_sidebar_leads_there_after_workspaces(standin, viewer_client, member_client):
    labels = [section["label"] for section in viewer_client.get("/").context["sections"]]
    assert labels[labels.index("Workspaces") + 1] == "Documents"
    assert "Documents" not in [section["label"] for section in member_client.get("/").context["sections"]]
