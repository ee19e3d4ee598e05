from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from dashboard.accounts import codes as sealed
from dashboard.accounts.models import KeptCodes


@pytest.fixture
def newcomer(door) -> Client:
    """Somebody who signs in for the very first time, on the way to their profile."""
    door.new_account("newbie")
    client = Client()
    body = {"username": "newbie", "password": door.standin.password, "next": "/profile/"}
    response = client.post("/sign-in/", body)
    assert response["Location"] == "/recovery-codes/"
    return client


def codes_of(client: Client) -> list[str]:
    return client.get("/recovery-codes/").context["codes"]


def test_the_first_sign_in_leads_to_the_codes_first(newcomer):
    response = newcomer.get("/recovery-codes/")
    assert response.status_code == 200
    assert len(response.context["codes"]) == 4
    for code in response.context["codes"]:
        assert code in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_they_can_be_downloaded(newcomer):
    codes = codes_of(newcomer)
    response = newcomer.get("/recovery-codes/?download=1")
    assert response["Content-Disposition"] == 'attachment; filename="anythingllm-recovery-codes.txt"'
    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode().split() == codes


def test_they_are_gone_once_the_person_has_them(newcomer):
    codes = codes_of(newcomer)
    assert newcomer.post("/recovery-codes/")["Location"] == "/profile/"
    assert newcomer.get("/recovery-codes/")["Location"] == "/"
    assert newcomer.post("/recovery-codes/")["Location"] == "/"
    for session in Session.objects.all():
        assert codes[0] not in str(session.get_decoded())


def test_no_later_sign_in_shows_any(newcomer, door):
    newcomer.post("/recovery-codes/")
    again = Client()
    assert door.sign_in("newbie", client=again)["Location"] == "/"
    assert again.get("/recovery-codes/")["Location"] == "/"


def test_nobody_elses_session_shows_them(newcomer, door):
    assert door.local().get("/recovery-codes/")["Location"] == "/"


def test_a_session_that_ends_before_one_has_them_loses_nothing(newcomer, door):
    codes = codes_of(newcomer)
    newcomer.post("/sign-out/")
    again = Client()
    assert door.sign_in("newbie", client=again)["Location"] == "/recovery-codes/"
    assert codes_of(again) == codes
    again.post("/recovery-codes/")
    assert door.sign_in("newbie", client=Client())["Location"] == "/"
    assert not KeptCodes.objects.exists()


def test_they_are_kept_sealed_and_not_for_ever(newcomer, door, settings):
    codes = codes_of(newcomer)
    row = KeptCodes.objects.get()
    assert not any(code in row.sealed for code in codes)
    words = base64.b64decode(row.sealed.partition(":")[0] + "===", altchars=b"-_")
    assert not any(code.encode() in words for code in codes)
    operator = row.operator
    assert sealed.kept(operator) == tuple(codes)
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789"
    assert sealed.kept(operator) == ()
    KeptCodes.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert sealed.kept(operator) == ()
    sealed.sweep()
    assert not KeptCodes.objects.exists()


def test_kept_codes_outlive_a_new_secret_key_as_long_as_the_old_one_is_known(ada, settings):
    sealed.keep(ada, ["one", "two"])
    assert "one" not in KeptCodes.objects.get().sealed
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-one-" * 4
    assert sealed.kept(ada) == ()
    settings.SECRET_KEY_FALLBACKS = [old]
    assert sealed.kept(ada) == ("one", "two")
