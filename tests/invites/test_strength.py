"""How good a password is."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
import zxcvbn
import zxcvbn.feedback
from django.test import Client

from dashboard import guessing
from dashboard.invites import strength
from tests.invites.conftest import code_of

SLOW = "4@8({[<369&#!1/|0$5+7%2" * 4


def test_all_that_the_library_can_say_can_be_translated():
    source = ast.parse(inspect.getsource(zxcvbn.feedback))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]
    assert {call.args[0].value for call in calls} == set(strength.TIPS)


@pytest.mark.parametrize("password", ["password1", "annamueller", "nordlicht", "11111111"])
def test_what_is_known_of_a_person_is_easy_to_guess(password):
    judged = strength.judge(password, ["anna.mueller", "annamueller", "Nordlicht"])
    assert judged.score <= 1
    assert judged.tone == "error"


def test_a_few_words_are_very_good_and_need_no_tip():
    judged = strength.judge("umbrella gravel seven tuesdays")
    assert (judged.score, judged.tone, judged.tip) == (strength.BEST, "ok", "")


def test_a_short_one_is_told_how_many_characters_it_lacks():
    assert strength.judge("abcdefg").tip == "1 more character is needed."
    assert strength.judge("abc").tip == "5 more characters are needed."


def test_a_very_long_one_is_judged_by_its_beginning():
    assert strength.judge("a" * guessing.JUDGED + "umbrella gravel seven tuesdays").score == 0


def test_signs_in_place_of_letters_make_none_good():
    assert strength.judge(SLOW).score >= 3
    assert strength.judge("p@$$w0rd1!").score <= 1


def joins(_admin, make_link):
    return Client(), f"/join/{code_of(make_link())}/", {"username": "fresh-one"}


def creates_a_user(admin, _make_link):
    return admin, "/users/new/", {"username": "fresh-one", "role": "default"}


def creates_an_operator(admin, _make_link):
    return admin, "/operators/new/", {"username": "fresh-one", "role": "viewer"}


@pytest.mark.parametrize("act", [joins, creates_a_user, creates_an_operator])
def test_of_a_password_of_signs_a_few_kinds_are_looked_at(act, monkeypatch, standin, admin_client, make_link):
    """All that each may mean together would take minutes, and whoever has a link can send one."""
    looked_at: list[str] = []

    def watched(password: str, *more: Any) -> Any:
        looked_at.append(password)
        assert len(password) <= guessing.JUDGED and len(set(password) & set(guessing.SIGNS)) <= guessing.MOST_SIGNS
        return zxcvbn.zxcvbn(password, *more)

    monkeypatch.setattr(guessing, "zxcvbn", watched)
    client, url, form = act(admin_client, make_link)
    assert client.post(url, form | {"password": SLOW}).status_code in (200, 302)
    assert looked_at
