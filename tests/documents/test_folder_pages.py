"""Folders made, renamed and removed by their pages: `folder_new`, `folder_rename`, `folder_remove`."""

from __future__ import annotations

import pytest

from dashboard.jobs.models import ItemState, Job
from tests.conftest import PASSWORD, signed_in
from tests.documents.conftest import states
from tests.documents.pages import carried, text

pytestmark = pytest.mark.django_db
NEW, RENAME, REMOVE = "/documents/folders/new/", "/documents/folders/rename/", "/documents/folders/remove/"


def rename(client, name, new_name):
    return client.post(RENAME, carried(client.get(RENAME, {"name": name})) | {"new_name": new_name})


def remove(client, name, **more):
    return client.post(REMOVE, carried(client.get(REMOVE, {"name": name})) | more)


def test_a_new_folder_is_opened(shelf, admin_client):
    answer = admin_client.post(NEW, {"new_name": "Winter plans"})
    assert answer["Location"] == "/documents/?folder=Winter+plans"
    assert shelf.folders()["Winter plans"] == []


@pytest.mark.parametrize("name", ["", "finance", "a/b", "..", "custom-documents"])
def test_a_name_that_would_become_another_is_refused(shelf, admin_client, name):
    before = shelf.folders()
    answer = admin_client.post(NEW, {"new_name": name})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert shelf.folders() == before


def test_a_folder_of_which_no_workspace_uses_anything_is_renamed(shelf, admin_client):
    admin_client.post(NEW, {"new_name": "drafts"})
    path = shelf.add("lonely", "Nobody reads this.")
    move = admin_client.post("/documents/move/", {"ids": path})
    admin_client.post("/documents/move/", carried(move) | {"folder": "drafts", "step": "start"})
    answer = rename(admin_client, "drafts", "finals")
    assert answer["Location"] == "/documents/?folder=finals"
    assert "drafts" not in shelf.folders()
    assert shelf.folders()["finals"] == [path.partition("/")[2]]


def test_what_a_workspace_uses_stays_and_is_told(shelf, standin, admin_client):
    path = shelf.path("budget-rules")
    standin.post("/v1/workspace/finance/update-embeddings", {"adds": [], "deletes": [path]})
    answer = rename(admin_client, "finance", "money")
    assert answer.status_code == 200
    assert "finance was not renamed as a whole" in text(answer)
    assert "1 was moved: budget-rules.md" in text(answer)
    assert "2 stay where they were." in text(answer)
    assert len(shelf.folders()["money"]) == 1 and len(shelf.folders()["finance"]) == 2


def test_removing_says_how_much_is_lost_and_where(shelf, standin, admin_client):
    page = admin_client.get(REMOVE, {"name": "finance"})
    assert "Remove the folder finance?" in text(page)
    assert "3 documents in it are erased everywhere." in text(page)
    assert "will not any more: Finance" in text(page)
    assert not standin.state()["writes"]


def test_a_folder_with_documents_goes_by_a_job(shelf, admin_client, work):
    answer = remove(admin_client, "finance")
    job = work(Job.objects.get())
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert set(states(job)) == {ItemState.DONE}
    assert "finance" not in shelf.folders()


def test_documents_are_erased_with_the_password_only_and_an_empty_folder_without(shelf, admin_client):
    admin_client.post(NEW, {"new_name": "drafts"})
    session = admin_client.session
    session["proved_at"] = 0
    session.save()
    assert remove(admin_client, "drafts")["Location"] == "/documents/"
    assert "drafts" not in shelf.folders()
    asked = remove(admin_client, "finance")
    assert asked.status_code == 422 and "Your password, please" in text(asked)
    assert not Job.objects.exists()
    assert remove(admin_client, "finance", proof=PASSWORD).status_code == 302


def test_more_documents_than_were_shown_are_not_erased(shelf, admin_client):
    answer = remove(admin_client, "finance", documents="2")
    assert answer.status_code == 422 and "Another number of documents" in text(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize("url", [RENAME, REMOVE])
def test_a_folder_that_is_not_there_is_not_found(shelf, admin_client, url):
    assert admin_client.get(url, {"name": "nowhere"}).status_code == 404
    assert admin_client.post(url, {"name": "nowhere", "new_name": "x", "step": "start"}).status_code == 404


@pytest.mark.parametrize("url", [NEW, RENAME, REMOVE])
def test_it_refuses_viewers_and_who_looks_after_some_workspaces(shelf, standin, viewer_client, lim, url):
    posted = {"name": "finance", "new_name": "x", "step": "start", "documents": "3"}
    assert viewer_client.post(url, posted).status_code == 403
    assert signed_in(lim).post(url, posted).status_code == 403
    assert not standin.state()["writes"]
