"""The page on which files are chosen, and what is asked of it before the first of them is sent."""

import re

import pytest

from dashboard import instance
from dashboard.accounts.models import Role
from tests.conftest import PASSWORD, operator, prove_long_ago, signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/add/"


def options(shelf, **more):
    return {"workspaces": [shelf.workspaces["finance"]], "folder": "custom-documents", "duplicates": "skip", **more}


def test_it_tells_what_can_be_sent_before_anything_is(standin, admin_client, settings):
    settings.DOCUMENT_MAX_MB = 12
    page = admin_client.get(URL).content.decode()
    assert 'data-most-bytes="12582912"' in page
    assert "Up to 12 MB each and 200 at a time." in page
    assert re.search(r'data-accepted="[^"]*\.pdf [^"]*"', page)


def test_without_the_instances_reader_it_does_not_guess_what_can_be_read(standin, admin_client):
    standin.configure(collector_up=False)
    page = admin_client.get(URL)
    assert page.status_code == 200
    assert 'data-accepted=""' in page.content.decode()


def test_it_offers_all_workspaces_and_folders(standin, admin_client, shelf):
    form = admin_client.get(URL).context["add"]
    assert {key for key, _name in form.fields["workspaces"].choices} == set(shelf.workspaces.values())
    assert {key for key, _name in form.fields["folder"].choices} == set(shelf.folders()) | {"custom-documents"}


def test_managers_of_some_workspaces_are_offered_these(standin, shelf, lim):
    form = signed_in(lim).get(URL).context["add"]
    assert [key for key, _name in form.fields["workspaces"].choices] == [shelf.workspaces["finance"]]


def test_the_workspace_one_comes_from_is_ticked(standin, admin_client, shelf):
    form = admin_client.get(f"{URL}?workspace=finance").context["add"]
    assert form["workspaces"].value() == [shelf.workspaces["finance"]]


def test_it_lets_the_sending_begin(standin, admin_client, shelf):
    answer = admin_client.post(URL, options(shelf), headers=HTMX)
    assert answer.status_code == 204
    assert "documents-begin" in answer["HX-Trigger"]


def test_a_workspace_that_is_gone_meanwhile_stops_it(standin, admin_client, shelf):
    answer = admin_client.post(URL, options(shelf, workspaces=[4711]), headers=HTMX)
    assert answer.status_code == 422
    assert "HX-Trigger" not in answer
    assert "4711 is not one of the available choices" in answer.content.decode()


def test_to_replace_asks_for_the_password_before_anything_is_sent(standin, admin_client, shelf):
    prove_long_ago(admin_client)
    wanted = options(shelf, duplicates="replace")
    demand = admin_client.post(URL, wanted, headers=HTMX)
    assert demand.status_code == 422
    assert demand["HX-Retarget"] == "#dialog"
    assert "HX-Trigger" not in demand
    given = admin_client.post(URL, {**wanted, "proof": PASSWORD}, headers=HTMX)
    assert "documents-begin" in given["HX-Trigger"]


def test_it_refuses_viewers(standin, viewer_client):
    assert viewer_client.get(URL).status_code == 403


def test_it_shows_the_last_answer_while_the_instance_is_down(standin, admin_client, shelf):
    admin_client.get(URL)
    standin.fault("down")
    instance.forget("workspaces")
    page = admin_client.get(URL)
    assert page.status_code == 200
    assert {key for key, _name in page.context["add"].fields["workspaces"].choices} == set(shelf.workspaces.values())


def test_what_is_there_can_be_replaced_by_those_only_who_may_erase(standin, monkeypatch):
    from dashboard.permissions import POLICY, Action

    mia = signed_in(operator(Role.MANAGER, "mia"))
    assert "replace" in dict(mia.get(URL).context["add"].fields["duplicates"].choices)
    monkeypatch.setitem(POLICY, Role.MANAGER, POLICY[Role.MANAGER] - {Action.ERASE_DOCUMENTS})
    assert "replace" not in dict(mia.get(URL).context["add"].fields["duplicates"].choices)


# --- New versions -------------------------------------------------------------------------------------------------------
def replaces_field(answer) -> str:
    return re.search(r'name="replaces" value="([^"]*)"', answer.content.decode())[1]


def test_what_is_replaced_is_shown_before_anything_is_sent(standin, admin_client, shelf):
    path = shelf.add("vpn", "The tunnel is called Heron.")
    standin.post("/v1/workspace/finance/update-embeddings", {"adds": [path]})
    wanted = options(shelf, duplicates="replace", filenames=["vpn.txt", "new.txt"])
    shown = admin_client.post(URL, wanted, headers=HTMX)
    assert shown.status_code == 200
    assert "HX-Trigger" not in shown
    words = shown.content.decode()
    assert "vpn.txt replaces the one in custom-documents, also in Finance." in words
    assert "new.txt" not in words
    again = admin_client.post(URL, {**wanted, "replaces": replaces_field(shown)}, headers=HTMX)
    assert "documents-begin" in again["HX-Trigger"]


def test_what_has_changed_since_is_shown_again(standin, admin_client, shelf):
    shelf.add("vpn", "The tunnel is called Heron.")
    wanted = options(shelf, duplicates="replace", filenames=["vpn.txt"])
    seen = replaces_field(admin_client.post(URL, wanted, headers=HTMX))
    shelf.add("vpn", "Another tunnel.")
    shown = admin_client.post(URL, {**wanted, "replaces": seen}, headers=HTMX)
    assert "HX-Trigger" not in shown
    assert "vpn.txt will not be added: 2 documents have this name" in shown.content.decode()


def test_what_is_not_there_yet_is_not_asked_about(standin, admin_client, shelf):
    answer = admin_client.post(URL, options(shelf, duplicates="replace", filenames=["new.txt"]), headers=HTMX)
    assert "documents-begin" in answer["HX-Trigger"]


def test_who_forges_what_was_shown_replaces_nothing(standin, admin_client, shelf):
    path = shelf.add("vpn", "The tunnel is called Heron.")
    forged = options(shelf, duplicates="replace", filenames=["vpn.txt"], replaces=f'{{"vpn.txt": ["{path}"]}}')
    assert "HX-Trigger" not in admin_client.post(URL, forged, headers=HTMX)


def test_what_has_just_come_is_shown_too(standin, admin_client, shelf):
    admin_client.get(URL)  # the library has been read
    standin.post("/v1/document/raw-text", {"textContent": "The tunnel.", "metadata": {"title": "vpn"}})
    shown = admin_client.post(URL, options(shelf, duplicates="replace", filenames=["vpn.txt"]), headers=HTMX)
    assert "vpn.txt replaces the one in custom-documents" in shown.content.decode()
