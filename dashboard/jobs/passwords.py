"""Passwords of accounts that a job makes: computed when they are needed, never stored, shown once.

An item's salt begins with a sign of the SECRET_KEY it was made under: by another key another password would come out, which is none.
"""

from __future__ import annotations

import string

from django.conf import settings
from django.utils.crypto import get_random_string, salted_hmac

from dashboard.errors import Declined
from dashboard.jobs.models import Job, JobItem
from dashboard.said import gettext_lazy as _

SYMBOLS = "!#%*+?"
# Without the letters and digits that people mix up.
CLASSES = ("abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", SYMBOLS)
LENGTH = 18
SIGN = 8  # characters


def password_for(job: Job, item: JobItem) -> str:
    """The password of this item's account: 18 characters of four classes, the first a letter (a spreadsheet takes no other).

    The same each time, as long as nobody has been shown it; then its salt is gone. Raises ValueError when there is none, Declined when
    SECRET_KEY was changed since and what it was is not among SECRET_KEY_FALLBACKS.
    """
    if not item.salt:
        raise ValueError("This item has no password, or it has been shown.")
    secret, told = _key_of(item.salt), f"{job.pk}:{item.salt}:{item.key}"
    number = int.from_bytes(salted_hmac("dashboard.jobs.passwords", told, secret=secret, algorithm="sha512").digest())

    def draw(characters: str) -> str:
        nonlocal number
        number, index = divmod(number, len(characters))
        return characters[index]

    rest = [draw(characters) for characters in CLASSES]
    rest += [draw("".join(CLASSES)) for _ in range(LENGTH - 1 - len(rest))]
    for last in range(len(rest) - 1, 0, -1):
        number, other = divmod(number, last + 1)
        rest[last], rest[other] = rest[other], rest[last]
    return draw(string.ascii_lowercase) + "".join(rest)


def new_salt() -> str:
    return f"{_sign(settings.SECRET_KEY)}:{get_random_string(32 - SIGN - 1)}"


def _sign(key: str) -> str:
    return salted_hmac("dashboard.jobs.passwords.key", "", secret=key, algorithm="sha256").hexdigest()[:SIGN]


def _key_of(salt: str) -> str:
    sign, colon, _random = salt.partition(":")
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not colon and len(keys) == 1:
        return keys[0]  # by an earlier version, which wrote no sign
    for key in keys:
        if colon and _sign(key) == sign:
            return key
    raise Declined(
        _(
            "SECRET_KEY was changed since these passwords were made, so they cannot be computed. Nothing was shown and nothing is lost: put "
            "the key used before into SECRET_KEY_FALLBACKS, or give the people new passwords."
        )
    )
