from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.documents.models import Source, Stored
from dashboard.jobs.models import ItemState, Job
from tests.conftest import PASSWORD, signed_in
from tests.documents.conftest import states
from tests.documents.pages import carried, text

pytestmark = pytest.mark.django_db
URL = "/documents/erase/"


@pytest.fixture
def shared(shelf):
    """A document in two workspaces."""
    return shelf.path("passwords-and-accounts")


def confirm(client, shown, **more):
    return client.post(URL, carried(shown) | more)


def test_it_says_what_is_lost_and_where(shelf, shared, standin, admin_client):
    page = admin_client.post(URL, {"ids": shared})
    assert page.status_code == 200
    assert "Erase passwords-and-accounts.md everywhere?" in text(page)
    assert "cannot be undone" in text(page)
    assert "2 workspaces answer from what is erased, and will not any more: Company Handbook, IT & Security" in text(
        page
    )
    assert not standin.state()["writes"]


def test_one_document_is_gone_at_once(shelf, shared, admin_client):
    answer = confirm(admin_client, admin_client.post(URL, {"ids": shared}))
    assert answer["Location"] == "/documents/"
    assert shared not in shelf.files()
    assert not any(shared in shelf.embedded(slug) for slug in shelf.workspaces)
    assert not Job.objects.exists()


def test_more_are_a_job_once_their_number_was_typed(shelf, shared, admin_client, work):
    paths = [shared, shelf.path("budget-rules")]
    page = admin_client.post(URL, {"ids": paths})
    assert "Erase 2 documents everywhere?" in text(page) and "Type 2 to confirm" in text(page)
    refused = confirm(admin_client, page, confirm="3")
    assert refused.status_code == 422 and "not the number of documents" in text(refused)
    answer = confirm(admin_client, page, confirm="2")
    job = work(Job.objects.get())
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert states(job) == [ItemState.DONE, ItemState.DONE]
    assert not set(paths) & shelf.files()


def test_it_asks_for_the_password_and_loses_nothing_meanwhile(shelf, shared, admin_client):
    session = admin_client.session
    session["proved_at"] = 0
    session.save()
    page = admin_client.post(URL, {"ids": shared})
    assert page.status_code == 200  # looking takes no password
    asked = confirm(admin_client, page)
    assert asked.status_code == 422 and "Your password, please" in text(asked)
    assert shared in shelf.files()
    answer = confirm(admin_client, page, proof=PASSWORD)
    assert answer.status_code == 302
    assert shared not in shelf.files()


def test_a_workspace_that_came_to_use_it_meanwhile_is_shown_first(shelf, shared, standin, admin_client):
    page = admin_client.post(URL, {"ids": shared})
    standin.post("/v1/workspace/leadership/update-embeddings", {"adds": [shared], "deletes": []})
    instance.forget_documents()
    answer = confirm(admin_client, page)
    assert answer.status_code == 422
    assert "changed since you looked" in text(answer) and "Leadership" in text(answer)
    assert shared in shelf.files()
    assert confirm(admin_client, answer).status_code == 302


def test_what_is_left_of_it_is_told(shelf, shared, standin, admin_client):
    page = admin_client.post(URL, {"ids": shared})
    standin.fault("locked", path="remove-documents")
    answer = confirm(admin_client, page)
    assert answer.status_code == 422
    assert "still listed in Company Handbook, IT & Security" in text(answer)


def test_who_looks_after_some_workspaces_erases_only_what_they_have_added(shelf, standin, lim):
    client, (mine, others, *_rest) = signed_in(lim), shelf.embedded("finance")
    Stored.objects.create(path=mine, title="x", source=Source.FILE, added_by=lim)
    page = client.post(URL, {"ids": [mine, others]})
    assert "Erase" in text(page) and "everywhere?" in text(page)
    assert "1 is left out." in text(page) and "Somebody else has added it." in text(page)
    assert confirm(client, page).status_code == 302
    assert mine not in shelf.files() and others in shelf.files()


def test_where_nothing_may_be_erased_there_is_nothing_to_confirm(shelf, lim):
    client, path = signed_in(lim), shelf.embedded("finance")[0]
    page = client.post(URL, {"ids": path})
    assert "Nothing to erase" in text(page)
    assert confirm(client, page).status_code == 200
    assert path in shelf.files()


def test_it_refuses_viewers(shelf, shared, standin, viewer_client):
    assert viewer_client.post(URL, {"ids": shared, "step": "start"}).status_code == 403
    assert not standin.state()["writes"]


def test_after_it_the_list_is_as_it_was_searched(shelf, shared, admin_client):
    searched = {"HX-Request": "true", "HX-Current-URL": "http://testserver/documents/?q=passwords"}
    page = admin_client.post(URL, {"ids": shared})
    answer = admin_client.post(URL, carried(page), headers=searched)
    assert answer["HX-Redirect"] == "/documents/?q=passwords"
