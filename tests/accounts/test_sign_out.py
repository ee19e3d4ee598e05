from __future__ import annotations

import pytest
from django.test import Client

from tests.conftest import PASSWORD


def test_it_ends_this_session_only(door, ledger):
    here, there = door.local(), Client()
    door.sign_in("root", PASSWORD, there)
    assert here.post("/sign-out/")["Location"] == "/sign-in/"
    assert here.get("/profile/").status_code == 302
    assert there.get("/profile/").status_code == 200
    assert ledger("operator.signed_out") == [("root", "", "ok")]


@pytest.mark.parametrize("url", ["/sign-out/", "/sign-out/everywhere/"])
def test_a_link_cannot_sign_anybody_out(door, url):
    client = door.local()
    assert client.get(url).status_code == 405
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize("url", ["/sign-out/", "/sign-out/everywhere/"])
def test_another_site_cannot_sign_anybody_out(door, url):
    client = door.local()
    client.handler.enforce_csrf_checks = True
    assert client.post(url).status_code == 403
    assert client.get("/profile/").status_code == 200


def test_signing_out_works_while_the_instance_is_down(door):
    client = door.linked("sam")
    door.standin.fault("down")
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/profile/").status_code == 302
