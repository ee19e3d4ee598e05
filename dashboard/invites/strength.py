"""How good a password is, in a number, a word and one tip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm.rules import PASSWORD_MIN
from dashboard.errors import Words
from dashboard.guessing import judged

BEST = 4
WORDS: tuple[tuple[str, Words], ...] = (
    ("error", _("Very easy to guess")),
    ("error", _("Easy to guess")),
    ("warn", _("Could be better")),
    ("ok", _("Good")),
    ("ok", _("Very good")),
)
# What zxcvbn says, so that it can be translated.
TIPS = (
    gettext_noop("Use a few words, avoid common phrases."),
    gettext_noop("No need for symbols, digits, or uppercase letters."),
    gettext_noop("Add another word or two. Uncommon words are better."),
    gettext_noop("Straight rows of keys are easy to guess."),
    gettext_noop("Short keyboard patterns are easy to guess."),
    gettext_noop("Use a longer keyboard pattern with more turns."),
    gettext_noop('Repeats like "aaa" are easy to guess.'),
    gettext_noop('Repeats like "abcabcabc" are only slightly harder to guess than "abc".'),
    gettext_noop("Avoid repeated words and characters."),
    gettext_noop('Sequences like "abc" or "6543" are easy to guess.'),
    gettext_noop("Avoid sequences."),
    gettext_noop("Recent years are easy to guess."),
    gettext_noop("Avoid recent years."),
    gettext_noop("Avoid years that are associated with you."),
    gettext_noop("Dates are often easy to guess."),
    gettext_noop("Avoid dates and years that are associated with you."),
    gettext_noop("This is a top-10 common password."),
    gettext_noop("This is a top-100 common password."),
    gettext_noop("This is a very common password."),
    gettext_noop("This is similar to a commonly used password."),
    gettext_noop("A word by itself is easy to guess."),
    gettext_noop("Names and surnames by themselves are easy to guess."),
    gettext_noop("Common names and surnames are easy to guess."),
    gettext_noop("Capitalization doesn't help very much."),
    gettext_noop("All-uppercase is almost as easy to guess as all-lowercase."),
    gettext_noop("Reversed words aren't much harder to guess."),
    gettext_noop("Predictable substitutions like '@' instead of 'a' don't help very much."),
)


@dataclass(frozen=True, slots=True)
class Strength:
    """`score` is 0 to BEST. `tone` as in _status.html."""

    score: int
    tone: str
    word: Words
    tip: str


def judge(password: str, known: Iterable[str] = ()) -> Strength:
    """`known` are words that whoever guesses would try first: the person's name, the team's."""
    lacking = PASSWORD_MIN - len(password)
    if lacking > 0:
        words = ngettext("%(n)d more character is needed.", "%(n)d more characters are needed.", lacking)
        return Strength(0, "error", _("Too short"), words % {"n": lacking})
    found = judged(password, known)
    feedback = found["feedback"]
    said = [feedback["warning"], *feedback["suggestions"]]
    tone, word = WORDS[found["score"]]
    return Strength(found["score"], tone, word, next((gettext(tip) for tip in said if tip), ""))
