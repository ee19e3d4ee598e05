"""Reading a list of names and mail addresses: with a header or without, as a table or as a mail program copies it.

Nothing here asks the instance or keeps anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dashboard.csvfiles import Unreadable, plain, read_records, shortened
from dashboard.invites.services import Person

MAX_PEOPLE = 500
MAX_NAME = 80

NAME, EMAIL = "name", "email"
# What a header may call them, in English and Chinese; case, spaces, dashes and underscores do not count.
HEADER_WORDS = {
    word: column
    for column, words in {
        NAME: "name fullname firstname givenname person forwhom username user 姓名 名字 名称 用户 用户名",
        EMAIL: "email mail mailaddress emailaddress address 邮箱 邮件 电子邮件 电子邮箱 邮箱地址 邮件地址 电子邮件地址 地址",
    }.items()
    for word in words.split()
}
NAME_AND_ADDRESS = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*@[^<>]*)>")  # Anna Müller <anna@example.com>


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the list has them. With a `problem`, which says where it is, no link is made for them."""

    line: int
    name: str
    email: str
    problem: str = ""

    @property
    def person(self) -> Person:
        return Person(self.name, self.email)


def read(text: str) -> list[Row]:
    """Raises Unreadable."""
    rows: list[Row] = []
    columns: list[str | None] | None = None
    lines: dict[tuple[str, str], int] = {}
    for number, (line, cells) in enumerate(read_records(text)):
        if number == 0:
            columns = _columns(cells, line)
            if columns:
                continue
        # A mail program copies its recipients side by side.
        side_by_side = not columns and all("@" in cell for cell in cells if cell)
        for person in [[cell] for cell in cells if cell] if side_by_side else [cells]:
            if len(rows) == MAX_PEOPLE:
                raise Unreadable(
                    _("Line %(line)d: the list has more than %(max)d people. Split it into several lists.")
                    % {"line": line, "max": MAX_PEOPLE}
                )
            rows.append(_row(line, person, columns, lines))
    if not rows:
        raise Unreadable(_("There is nobody in the list."))
    return rows


def _columns(header: Sequence[str], line: int) -> list[str | None] | None:
    """Which of ours each column is; None when the first row is a person already."""
    columns = [HEADER_WORDS.get(plain(cell)) for cell in header]
    if not any(columns) or any("@" in cell for cell in header):
        return None
    for column in (NAME, EMAIL):
        if columns.count(column) > 1:
            raise Unreadable(_("Line %(line)d: two columns mean the same.") % {"line": line})
    return columns


def _row(
    line: int, cells: Sequence[str], columns: Sequence[str | None] | None, lines: dict[tuple[str, str], int]
) -> Row:
    """`lines` are those of the people before, by name and address; this one is added."""
    at = {column: i for i, column in enumerate(columns or ()) if column and i < len(cells)}
    if not columns:
        # Without a header the cell with an @ is the address, and the first of the others the name.
        for i, cell in enumerate(cells):
            if cell:
                at.setdefault(EMAIL if "@" in cell else NAME, i)
    name, email = (cells[at[column]] if column in at else "" for column in (NAME, EMAIL))
    both = NAME_AND_ADDRESS.fullmatch(email)
    if both:
        name, email = name or both["name"].strip("\"' "), both["address"].strip()
    name = name or email.partition("@")[0]

    def place(column: str) -> dict[str, int]:
        return {"line": line, "column": at.get(column, 0) + 1}

    same = lines.setdefault((email.casefold() or name.casefold(), "" if email else "name"), line)
    problem = ""
    if not name:
        problem = _("Line %(line)d, column %(column)d: the name is missing.") % place(NAME)
    elif len(name) > MAX_NAME:
        problem = _("Line %(line)d, column %(column)d: the name has more than %(max)d characters.") % {
            **place(NAME),
            "max": MAX_NAME,
        }
    elif email and not _is_address(email):
        problem = _("Line %(line)d, column %(column)d: this is not a mail address.") % place(EMAIL)
    elif same != line:
        problem = _("Line %(line)d: the same person as in line %(first)d.") % {"line": line, "first": same}
    return Row(line, shortened(name), shortened(email), problem)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254
