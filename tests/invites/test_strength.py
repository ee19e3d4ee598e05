"""How good a password is."""

from __future__ import annotations

import ast
import inspect

import pytest
import zxcvbn.feedback

from dashboard.invites import strength


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
    assert strength.judge("a" * strength.JUDGED + "umbrella gravel seven tuesdays").score == 0


def test_of_a_password_of_signs_a_few_kinds_are_looked_at():
    """All that each may mean together would take a minute."""
    looked_at = strength._judged("4@8({[<369&#!1/|0$5+7%2" * 4)
    assert len(looked_at) == strength.JUDGED
    assert len(set(looked_at) & set(strength.SIGNS)) == strength.MOST_SIGNS
    assert strength.judge("4@8({[<369&#!1/|0$5+7%2" * 4).score >= 3
    assert strength.judge("p@$$w0rd1!").score <= 1
