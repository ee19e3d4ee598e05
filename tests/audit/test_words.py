from __future__ import annotations

import re
from pathlib import Path

from dashboard.audit.words import ACTIONS, TARGETS, target, value

HOUSE = Path(__file__).parents[2] / "dashboard"
SOURCES = "\n".join(source.read_text() for source in HOUSE.rglob("*.py") if source.name != "words.py")
NOUNS = {action.partition(".")[0] for action in ACTIONS}


def test_every_action_that_is_recorded_has_words_and_none_is_left_over():
    written = set(re.findall(rf'"((?:{"|".join(NOUNS)})\.[a-z_]+)"', SOURCES))
    recorded = set(re.findall(r'recording\(\s*[\w.]+,\s*"([a-z_.]+)"', SOURCES))
    assert recorded <= set(ACTIONS) <= written


def test_values_are_in_words():
    assert [str(value(found)) for found in (None, "", True, False, 0, 5, "x", [1, None])] == [
        *("–", "–", "yes", "no", "0", "5", "x", "1, –")
    ]


def test_a_key_of_a_list_is_told_in_words_and_a_name_as_it_stands():
    assert [str(value("admin", field)) for field in ("role", "username")] == ["Admin", "admin"]


def test_every_kind_of_target_has_words():
    assert set(re.findall(r'target=\("(\w+)",', SOURCES)) <= set(TARGETS)
    assert str(target("job")) == "Job"
