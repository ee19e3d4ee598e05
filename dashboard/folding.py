"""Words as they are searched for: case and the forms of letters do not count, in any script and on any database.

SQLite folds the case of ASCII only, PostgreSQL what its locale knows, and neither joins a letter and its accent. So what is searched often is
kept folded beside what is shown.
"""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
