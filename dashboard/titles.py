"""Titles of documents, as people know them.

The instance titles a sheet after the file that it came in, and Foyer sends files under names that no other has. So "table-c2d7eba53a.xlsx -
Sheet:table" is shown as "table.xlsx – Sheet: table", wherever a title of the instance's is shown.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SHEET = re.compile(r"(.+?)(?:-[0-9a-f]{10})?(\.xlsx?) - Sheet:(.*)", re.DOTALL | re.IGNORECASE)
_LETTER = re.compile(r"(msg_\d+-.+)-[0-9a-f]{10}(\.mbox)", re.DOTALL | re.IGNORECASE)  # one without a subject


@lru_cache(maxsize=50_000)  # asked of every document for every page
def shown(title: str) -> str:
    """The title without what Foyer put into it."""
    if sheet := _SHEET.fullmatch(title):
        return of_sheet(sheet[1] + sheet[2], sheet[3])
    letter = _LETTER.fullmatch(title)
    return letter[1] + letter[2] if letter else title


def of_sheet(workbook: str, sheet: str) -> str:
    return f"{workbook} – Sheet: {sheet}"


def sheet_in(title: str) -> str:
    """The name of the sheet in a title of the instance's; empty when it is no sheet's."""
    sheet = _SHEET.fullmatch(title)
    return sheet[3] if sheet else ""
