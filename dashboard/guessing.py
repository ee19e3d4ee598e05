"""How easily a password is guessed, by zxcvbn and at a bounded cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from zxcvbn import zxcvbn

from dashboard.accounts.models import Operator

JUDGED = 40  # characters: what comes after would take long and change nothing
# Signs that zxcvbn takes for letters. It tries all that they may mean together, so a password with each of them would take minutes.
SIGNS = "4@8({[<369&1!|0$5+7%2"
MOST_SIGNS = 6
TOO_EASY = 1  # of its scores from 0 to 4, the highest of what is said to be easy to guess


def judged(password: str, known: Iterable[str] = ()) -> dict[str, Any]:
    """What zxcvbn says: `score`, `feedback` and more. `known` are words that whoever guesses would try first, such as the person's name.

    It is given the beginning, with no more than a few kinds of signs: the others are one that means no letter.
    """
    beginning = password[:JUDGED]
    kinds = list(dict.fromkeys(sign for sign in beginning if sign in SIGNS))
    bounded = beginning.translate({ord(sign): "_" for sign in kinds[MOST_SIGNS:]})
    found: dict[str, Any] = zxcvbn(bounded, [word for word in known if word])
    return found


def refuse_guessable(password: str, *known: str) -> None:
    """Raises ValidationError for a password that is easy to guess.

    The instance takes any text of eight characters, also "password" or blanks alone.
    """
    if judged(password, known)["score"] <= TOO_EASY:
        raise ValidationError(
            _("This password is easy to guess. Take a few words that do not belong together, or a generated one.")
        )


class NotGuessable:
    """The same for local operators, among AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Operator | None = None) -> None:
        refuse_guessable(password, user.username if user else "")

    def get_help_text(self) -> str | Promise:
        return _("It must not be easy to guess: take a few words that do not belong together.")
