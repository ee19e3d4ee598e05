"""Passwords of accounts that a job makes: computed when they are needed, never stored, shown once."""

from __future__ import annotations

import string

from django.utils.crypto import salted_hmac

from dashboard.jobs.models import Job, JobItem

SYMBOLS = "!#%*+?"
# Without the letters and digits that people mix up.
CLASSES = ("abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", SYMBOLS)
LENGTH = 18


def password_for(job: Job, item: JobItem) -> str:
    """The password of this item's account: 18 characters of four classes, the first a letter (a spreadsheet takes no other).

    The same each time, as long as nobody has been shown it; then its salt is gone. Raises ValueError when there is none.
    """
    if not item.salt:
        raise ValueError("This item has no password, or it has been shown.")
    number = int.from_bytes(
        salted_hmac("dashboard.jobs.passwords", f"{job.pk}:{item.salt}:{item.key}", algorithm="sha512").digest()
    )

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
