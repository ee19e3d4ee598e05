"""The order of names."""

from __future__ import annotations

import re


def natural(name: str) -> str:
    """A sort key: whatever the case, and numbers by their value, so that "Finance 2" stands before "Finance 10"."""
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(12), name.casefold())
