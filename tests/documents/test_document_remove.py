from __future__ import annotations

import pytest

from dashboard.audit.models import AuditEvent
from dashboard.jobs.models import ItemState, Job
from tests.conftest import signed_in
from tests.documents.conftest import states
from tests.documents.pages import carried, text

pytestmark = pytest.mark.django_db
URL = "/documents/remove/"


@pytest.fixture
def shared(shelf):
    """A document in two workspaces."""
    return shelf.path("passwords-and-accounts")


def confirm(client, shown, *workspace_ids):
    return client.post(URL, carried(shown) | {"workspaces": workspace_ids, "step": "start"})


def test_it_lists_the_workspaces_hit_and_says_that_the_library_keeps_it(shelf, shared, admin_client):
    page = admin_client.post(URL, {"ids": [shared, shelf.path("code-of-conduct")]})
    assert "Remove 2 documents from workspaces" in text(page)
    assert "stay in the library" in text(page)
    assert "Company Handbook (2 documents)" in text(page) and "IT & Security (1 document)" in text(page)
    assert "rase" not in text(page).partition("Remove 2")[2].partition("Keyboard")[0]


def test_the_link_of_a_workspace_ticks_that_workspace(shelf, shared, admin_client):
    security = shelf.workspaces["it-and-security"]
    page = admin_client.get(URL, {"ids": shared, "workspaces": security, "next": "/workspaces/it-and-security/"})
    assert page.context["form"].initial == {"workspaces": [security]}
    assert "Remove passwords-and-accounts.md from workspaces" in text(page)


def test_one_document_is_out_of_one_workspace_at_once(shelf, shared, admin_client):
    security = shelf.workspaces["it-and-security"]
    page = admin_client.get(URL, {"ids": shared, "workspaces": security, "next": "/workspaces/it-and-security/"})
    answer = confirm(admin_client, page, security)
    assert answer["Location"] == "/workspaces/it-and-security/"
    assert shared not in shelf.embedded("it-and-security")
    assert shared in shelf.embedded("company-handbook") and shared in shelf.files()
    assert not Job.objects.exists()
    assert AuditEvent.objects.get().action == "document.removed"


def test_more_are_a_job(shelf, shared, admin_client, work):
    ids = [shelf.workspaces["it-and-security"], shelf.workspaces["company-handbook"]]
    answer = confirm(admin_client, admin_client.post(URL, {"ids": shared}), *ids)
    job = work(Job.objects.get())
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert states(job) == [ItemState.DONE, ItemState.DONE]
    assert not any(shared in shelf.embedded(slug) for slug in shelf.workspaces)
    assert shared in shelf.files()


def test_what_the_instance_did_not_do_is_told_and_nothing_is_claimed(shelf, shared, standin, admin_client):
    page = admin_client.post(URL, {"ids": shared})
    standin.fault("locked", path="update-embeddings")
    answer = confirm(admin_client, page, shelf.workspaces["it-and-security"])
    assert answer.status_code == 422
    assert "the change is not there" in text(answer)
    assert shared in shelf.embedded("it-and-security")


def test_without_a_workspace_it_asks_again(shelf, shared, admin_client):
    answer = confirm(admin_client, admin_client.post(URL, {"ids": shared}))
    assert answer.status_code == 422 and "Choose at least one workspace." in text(answer)


def test_one_that_is_in_no_workspace_is_told(shelf, admin_client):
    page = admin_client.post(URL, {"ids": shelf.add("lonely", "Nobody reads this.")})
    assert "It is in no workspace that you look after." in text(page)
    assert 'value="start"' not in page.content.decode()


def test_a_way_back_out_of_foyer_is_not_taken(shelf, shared, admin_client):
    page = admin_client.get(URL, {"ids": shared, "next": "javascript:alert(1)"})
    assert 'href="javascript' not in page.content.decode()
    assert carried(page)["next"] == ["/documents/"]


def test_who_looks_after_some_workspaces_takes_out_of_these_only(shelf, shared, lim):
    client = signed_in(lim)
    assert "passwords" not in text(client.post(URL, {"ids": shared}))
    lim.looks_after.create(workspace_id=shelf.workspaces["it-and-security"])
    page = client.post(URL, {"ids": shared})
    assert "IT & Security" in text(page) and "Company Handbook" not in text(page)
    assert confirm(client, page, shelf.workspaces["company-handbook"]).status_code == 422
    assert shared in shelf.embedded("company-handbook")
    assert confirm(client, page, shelf.workspaces["it-and-security"]).status_code == 302
    assert shared not in shelf.embedded("it-and-security")


def test_it_refuses_viewers(shelf, shared, standin, viewer_client):
    assert viewer_client.post(URL, {"ids": shared, "workspaces": 1, "step": "start"}).status_code == 403
    assert not standin.state()["writes"]


def test_the_list_from_which_it_was_asked_is_as_it_was_searched(shelf, shared, admin_client):
    searched = {"HX-Request": "true", "HX-Current-URL": "http://testserver/documents/?q=passwords"}
    page = admin_client.get(URL, {"ids": shared}, headers=searched)
    assert page.context["next"] == "/documents/?q=passwords"
    elsewhere = {**searched, "HX-Current-URL": "http://testserver/documents/folders/finance/"}
    assert admin_client.get(URL, {"ids": shared}, headers=elsewhere).context["next"] == "/documents/"
