"""What forms may know before the instance does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.anythingllm.rules import (
    generate_password,
    has_endless_word,
    parse_version,
    suggest_username,
    supports,
    username_rule,
)

VERSIONS = [None, "1.16.0", "v1.15.0", "1.11.0", "1.10.0", "1.9.1", "1.9.0", "1.8.0", "1.7.8", "1.4.0"]


@pytest.mark.parametrize(
    ("version", "name", "problem"),
    [
        (None, "s", "too_short"),
        (None, "ab", None),
        (None, "a" * 64, None),
        (None, "a" * 65, "too_long"),
        (None, "Samuel", "bad_start"),
        (None, "1sam", "bad_start"),
        (None, "sam smith", "bad_characters"),
        (None, "jürgen", "bad_characters"),
        (None, "sam\n", "bad_characters"),
        (None, "anna.b_c-d@example.com", None),
        ("1.15.0", "a" * 33, "too_long"),
        ("1.10.0", "Samuel+x%@x", None),
        ("1.9.0", "a@b", "bad_characters"),
        ("1.9.0", "1.a", None),
        ("1.7.8", "a.b", "bad_characters"),
        ("1.7.8", "1a", None),
        ("nonsense", "1a", "bad_start"),
    ],
)
def test_it_knows_the_rules_of_each_version(version, name, problem) -> None:
    assert username_rule(version).problem(name) == problem


def test_it_reads_versions() -> None:
    assert parse_version("v1.9.1") == (1, 9, 1)
    assert parse_version("1.12") == (1, 12, 0)
    assert parse_version("1.16.0-rc1") == parse_version(None) == parse_version("--")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jürgen Groß", "jurgen-gross"),
        ("  Ada Lovelace ", "ada-lovelace"),
        ("ada@example.com", "ada@example.com"),
        ("工作区", "user"),
        ("3PO", "po"),
        ("", "user"),
    ],
)
def test_it_suggests_a_name(text: str, name: str) -> None:
    assert suggest_username(text) == name


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(VERSIONS), st.integers(min_value=0, max_value=12))
def test_what_it_suggests_is_always_valid_and_free(text: str, version: str | None, others: int) -> None:
    taken: set[str] = set()
    for _ in range(others):
        name = suggest_username(text, version, taken)
        assert username_rule(version).problem(name) is None
        assert name not in taken
        taken.add(name)


def test_a_generated_password_has_four_classes() -> None:
    passwords = {generate_password() for _ in range(200)}
    assert len(passwords) == 200
    for password in passwords:
        assert len(password) == 16
        assert all(re.search(characters, password) for characters in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    with pytest.raises(ValueError, match="at least 8"):
        generate_password(7)


def test_it_knows_what_a_version_can_do() -> None:
    assert supports("1.12.0", "automatic_mode")
    assert not supports("1.11.9", "automatic_mode")
    assert supports(None, "image_generation")


def test_it_spots_words_that_freeze_the_instance() -> None:
    assert has_endless_word("look: " + "x" * 1501)
    assert not has_endless_word("look: " + "x" * 1500)
    assert not has_endless_word("word " * 20_000)
