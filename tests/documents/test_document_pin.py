from __future__ import annotations

import pytest

from tests.conftest import signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/pin/"


@pytest.fixture
def asked(shelf):
    path = shelf.path("passwords-and-accounts")
    return {"path": path, "workspace": shelf.workspaces["it-and-security"], "pinned": "1", "next": "/documents/"}


def test_the_switch_is_drawn_from_what_was_read_back(shelf, asked, admin_client):
    assert asked["path"] not in shelf.pinned("it-and-security")
    answer = admin_client.post(URL, asked, headers=HTMX)
    assert 'aria-checked="true"' in answer.content.decode()
    assert 'name="pinned" value="0"' in answer.content.decode()
    assert asked["path"] in shelf.pinned("it-and-security")
    answer = admin_client.post(URL, asked | {"pinned": "0"}, headers=HTMX)
    assert 'aria-checked="false"' in answer.content.decode()
    assert asked["path"] not in shelf.pinned("it-and-security")


def test_without_a_script_it_leads_back(shelf, asked, admin_client):
    answer = admin_client.post(URL, asked | {"next": "/workspaces/it-and-security/"})
    assert answer["Location"] == "/workspaces/it-and-security/"
    assert admin_client.post(URL, asked | {"next": "https://elsewhere.example/"})["Location"] == "/documents/"


def test_a_pin_that_had_no_effect_is_told_and_not_drawn(shelf, asked, standin, admin_client):
    standin.fault("locked", path="update-pin")
    answer = admin_client.post(URL, asked, headers=HTMX)
    assert answer["HX-Reswap"] == "none"
    assert "not" in answer["HX-Trigger"]
    assert asked["path"] not in shelf.pinned("it-and-security")


@pytest.mark.parametrize("change", [{"workspace": "x"}, {"pinned": "maybe"}, {"workspace": ""}])
def test_what_no_form_of_ours_sends_is_refused(shelf, asked, standin, admin_client, change):
    assert admin_client.post(URL, asked | change).status_code == 400
    assert not standin.state()["writes"]


def test_it_refuses_viewers_and_workspaces_of_others(shelf, asked, standin, viewer_client, lim):
    assert viewer_client.post(URL, asked).status_code == 403
    assert signed_in(lim).post(URL, asked).status_code == 409
    assert not standin.state()["writes"]
