from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dashboard import instance
from dashboard.accounts.models import Operator
from tests.conftest import PASSWORD

NEW = "another-battery-staple"


def change(client: Client, current: str = PASSWORD, password: str = NEW, again: str = ""):
    return client.post("/profile/password/", {"current": current, "password": password, "again": again or password})


def test_it_changes_the_password_and_ends_the_other_sessions(door, ledger):
    here, there = door.local(), Client()
    door.sign_in("root", PASSWORD, there)
    assert change(here)["Location"] == "/profile/"
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    assert door.sign_in("root", PASSWORD).status_code == 422
    assert door.sign_in("root", NEW).status_code == 302
    assert ledger("operator.password_changed") == [("root", "", "ok")]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"current": "wrong-password"}, "current"),
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"again": "something-else-entirely"}, "again"),
    ],
)
def test_it_says_what_is_wrong(door, typed, field):
    response = change(door.local(), **typed)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert Operator.objects.get().check_password(PASSWORD)


def test_guessing_the_current_password_is_locked_too(door):
    client = door.local()
    assert [change(client, current="wrong-password").status_code for _ in range(5)] == [422] * 4 + [429]
    response = change(client)
    assert response.status_code == 429 and "Retry-After" in response
    assert Operator.objects.get().check_password(PASSWORD)


def test_linked_operators_are_told_where_theirs_is_changed(door):
    client = door.linked("sam")
    assert reverse("anythingllm_open") in client.get("/profile/password/").content.decode()
    door.standin.configure(sso=False)
    instance.forget("entrance")
    assert f'href="{door.standin.url}/"' in client.get("/profile/password/").content.decode()
    assert change(client, current=door.standin.password).status_code == 200
    assert not Operator.objects.get().has_usable_password()
