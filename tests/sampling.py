"""What every change must pass, and what is tried in turns.

Tests marked `matrix` try one thing in every combination, and browser tests take long. `make test` takes a third of both, another third with
each commit; always what is marked `journey` (one of each kind), and what is listed in `found.txt`, because it has failed before.
`make test-all` takes them all, and `make evidence` more of each.
"""

from __future__ import annotations

import os
import subprocess
import zlib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOUND = Path(__file__).with_name("found.txt")
ONE_IN = 3
EVERYTHING = os.environ.get("TESTS") == "all" or os.environ.get("EVIDENCE") == "thorough"


@cache
def commit() -> str:
    """SAMPLE takes the part of another commit, to repeat what it found."""
    if named := os.environ.get("SAMPLE"):
        return named
    asked = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "no commit"


@cache
def found() -> frozenset[str]:
    return frozenset(line for line in FOUND.read_text().splitlines() if line and not line.startswith("#"))


def is_taken(name: str) -> bool:
    """Whether the test of this name is in the part of this commit."""
    return EVERYTHING or name in found() or shuffled(name) % ONE_IN == 0


def shuffled(name: str) -> int:
    """A number that says nothing: the same in all processes, and another with each commit."""
    return zlib.crc32(f"{commit()} {name}".encode())


def in_turns(item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return "journey" not in marks and not marks.isdisjoint({"matrix", "browser"})


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that is asked for by its name is taken in any case."""
    named = [argument for argument in config.args if "::" in argument]
    left_out = [
        item
        for item in items
        if in_turns(item) and not is_taken(item.nodeid) and not any(item.nodeid.startswith(n) for n in named)
    ]
    if left_out:
        gone = set(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in gone]
