"""Words as they are searched for: case and the forms of letters do not count, in any script and on any database.

SQLite folds the case of ASCII only, PostgreSQL what its locale knows, and neither joins a letter and its accent. So what is searched often is
kept folded beside what is shown.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]")
NAME = 500  # characters; what is longer is no name, and not kept


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _kept(text) if len(text) <= NAME else _folded(text)


def searchable(text: str) -> str:
    """Folded, with each East Asian letter twice. An index of every three letters then finds words of two, as most Chinese ones are."""
    return _EAST_ASIAN.sub(lambda letter: letter[0] * 2, folded(text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


_kept = lru_cache(maxsize=100_000)(_folded)  # names are asked of for every search
