from __future__ import annotations

import re
from pathlib import Path

from dashboard.audit.words import ACTIONS, TARGETS, target, value

RECORDED = re.compile(r'"((?:user|operator|job|workspace|access|group)\.[a-z_]+)"')


def test_every_action_that_is_recorded_has_words_and_none_is_left_over():
    house = Path(__file__).parents[2] / "dashboard"
    sources = [*house.glob("*/services.py"), house / "access/groups.py"]
    recorded = {action for source in sources for action in RECORDED.findall(source.read_text())}
    assert recorded == set(ACTIONS)


def test_values_are_in_words():
    assert [str(value(found)) for found in (None, "", True, False, 0, 5, "x", [1, None])] == [
        *("–", "–", "yes", "no", "0", "5", "x", "1, –")
    ]


def test_a_key_of_a_list_is_told_in_words_and_a_name_as_it_stands():
    assert [str(value("admin", field)) for field in ("role", "username")] == ["Admin", "admin"]


def test_every_kind_of_target_has_words():
    kinds = {action.split(".")[0].replace("access", "user") for action in ACTIONS}
    assert kinds == set(TARGETS)
    assert str(target("job")) == "Job"
