from __future__ import annotations

import re
from pathlib import Path

from dashboard.audit.words import ACTIONS, value

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
