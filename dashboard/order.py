"""The order of names."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=50_000)  # asked of every name for every table
def natural(name: str) -> str:
    """A sort key: whatever the case, and numbers by their value, so that "Finance 2" stands before "Finance 10"."""
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(12), name.casefold())
