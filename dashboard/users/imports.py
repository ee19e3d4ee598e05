"""Reading a list of people from CSV: the bytes, the header, every row, and what is wrong with them by line and column.

Nothing here asks the instance or keeps anything. `read` gives the cells as they stand; `judge` says of each row whether it can become
a new account, which depends on who is there at that moment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard import charsets
from dashboard.anythingllm.rules import BIO_MAX, suggest_username, username_rule
from dashboard.csvfiles import (
    Unreadable,
    decoded,
    demand_few_cells,
    heading,
    plain,
    read_records,
    shortened,
    tidy,
    unwrapped,
)
from dashboard.names import check_username
from dashboard.states import STATE, STATE_HEADERS, STATES, is_suspended
from dashboard.users.forms import LIMIT_MAX

MAX_ROWS = 5000
MOST_CELLS = 200_000

USERNAME, ROLE, LIMIT, BIO = "username", "role", "daily_message_limit", "bio"
COLUMNS = (USERNAME, ROLE, LIMIT, BIO)
COLUMN_LABELS = {
    USERNAME: gettext_lazy("Name"),
    ROLE: gettext_lazy("Role"),
    LIMIT: gettext_lazy("Messages a day"),
    BIO: gettext_lazy("About"),
    **dict.fromkeys(STATES, gettext_lazy("State")),
}
# How people sign in, the surest words first: a list may name a number, a mail address and the name of each person beside it.
LOGIN_WORDS = (
    "username loginname userlogin 用户名 用户名称 登录名 benutzername anmeldename nutzername nomdutilisateur nomd'utilisateur nomd’utilisateur"
    " nombredeusuario nomeutente nomedeusuario gebruikersnaam nazwaużytkownika uživatelskéjméno användarnamn brukernavn käyttäjätunnus"
    " имяпользователя kullanıcıadı ユーザー名 사용자이름",
    "login account accountname 账号 帐号 账户 identifiant логин",
    "user 用户 benutzer utilisateur usuario utente gebruiker",
    "userid",
    "name 姓名 名称 名字",
)
LOGIN_RANKS = {word: rank for rank, words in enumerate(LOGIN_WORDS) for word in words.split()}
ROLE_WORDS = {
    word: role
    for role, words in {
        "default": "default user member standard benutzer mitglied utilisateur membre usuario miembro utente membro gebruiker lid użytkownik"
        " 默认 默认用户 普通 普通用户 用户 成员",
        "manager": "manager 经理 管理者",
        "admin": "admin administrator 管理员",
    }.items()
    for word in words.split()
}
# What a header may call the others; case, spaces, dashes and underscores do not count.
HEADER_WORDS = (
    STATE_HEADERS
    | dict.fromkeys(LOGIN_RANKS, USERNAME)
    | {
        word: column
        for column, words in {
            ROLE: "role userrole rolle rôle rol ruolo rola роль 角色 身份 用户角色",
            LIMIT: "limit dailylimit messagelimit dailymessagelimit messagesaday messagesperday messages/day dailymessages"
            " nachrichtenprotag messagesparjour mensajespordía mensagenspordia messaggialgiorno berichtenperdag"
            " 每日上限 每日限额 每日限制 每日消息上限 每日消息限制 每日消息限额 每日消息数 每天消息数 消息上限 限额 上限",
            BIO: "bio about description 简介 个人简介 介绍 关于 描述",
            "password": "password passwd pass pwd passphrase initialpassword 密码 口令 初始密码",
        }.items()
        for word in words.split()
    }
)
LIMIT_WORD = re.compile(r"(\d{1,9}|\d{1,3}(?:([.,' ’])\d{3})(?:\2\d{3})?)(?:[.,]0{1,2})?")
NO_LIMIT_WORDS = {"none", "unlimited", "nolimit", "无", "无限", "无限制", "不限", "不限制"}


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file has them: `line` is where the row begins (the header's first line is 1), cells are stripped text.

    `surplus`: something stands beyond the header's last column. What it is, nobody said, so it may be a password and is not kept.
    """

    line: int
    username: str
    role: str = ""
    daily_message_limit: str = ""
    bio: str = ""
    surplus: bool = False
    state: str = ""
    suspended: str = ""
    active: str = ""

    def changed(self, change: Callable[[str], str]) -> Row:
        cells: dict[str, Any] = {name: change(getattr(self, name)) for name in (*COLUMNS, *STATES)}
        return replace(self, **cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read, and what the person should know about how it was read: in an `encoding`, if that was guessed or chosen."""

    rows: list[Row]
    warnings: list[str]
    encoding: str = ""


# --- Reading ----------------------------------------------------------------------------------------------------------
def read(content: bytes, encoding: str = "") -> Sheet:
    """The rows of a CSV file in any usual encoding and with any usual delimiter. Raises Unreadable.

    While its encoding is a guess, nothing that nobody sees is taken out of the cells: it may be letters of another one.
    """
    text, warnings = decoded(content, encoding)
    demand_few_cells(text, MOST_CELLS)
    encoding = encoding or (charsets.encoding_of(content) or "" if warnings else "")
    records = _rows_of(text, (lambda cell: cell.strip(" \t\r\n")) if encoding else tidy)
    line, header = next(records, (1, []))
    if not header:
        raise Unreadable(_("The list is empty."))
    columns = _columns(header, line)
    unknown = [cell for cell, column in zip(header, columns, strict=True) if column is None and cell]
    if unknown:
        warnings.append(
            _("These columns are not known and were left out: %(columns)s.")
            % {"columns": shortened(", ".join(unknown))}
        )
    rows: list[Row] = []
    for line, record in records:
        if len(rows) == MAX_ROWS:
            raise Unreadable(
                _("Line %(line)d: the list has more than %(max)d people. Split it into several files.")
                % {"line": line, "max": MAX_ROWS}
            )
        # A row may be shorter than the header, and spreadsheets like to end rows with empty cells.
        cells = {column: cell for column, cell in zip(columns, record, strict=False) if column}
        surplus = any(record[len(columns) :])
        rows.append(Row(line, cells.pop(USERNAME, ""), **cells, surplus=surplus))
    if not rows:
        raise Unreadable(_("The list has a header but nobody in it."))
    return Sheet(rows, warnings, encoding)


def _rows_of(text: str, clean: Callable[[str], str]) -> Iterator[tuple[int, list[str]]]:
    """The rows, also of a spreadsheet that has put each into one cell."""
    records = read_records(text, clean)
    line, header = next(records, (1, []))
    first = [(line, header)] if header else []
    if header and _known(header).count(None) == len(header) and not any(header[1:]):
        return unwrapped(chain(first, records))
    return chain(first, records)


def _known(header: Sequence[str]) -> list[str | None]:
    return [HEADER_WORDS.get(heading(tidy(cell))) for cell in header]


def _columns(header: Sequence[str], line: int) -> list[str | None]:
    """Which of ours each column of the file is; None for one we do not know."""
    columns = _known(header)
    for cell, column in zip(header, columns, strict=True):
        if column == "password":
            raise Unreadable(
                _(
                    "The column “%(column)s” is not accepted: Foyer makes a password for everybody and shows them once. Remove the column."
                )
                % {"column": cell}
            )
    ranks = [LOGIN_RANKS.get(heading(tidy(cell)), len(LOGIN_WORDS)) for cell in header]
    for i, column in enumerate(columns):
        if column == USERNAME and ranks[i] > min(ranks):
            columns[i] = None
    for column in {column for column in columns if column and columns.count(column) > 1}:
        first, second = [cell for cell, found in zip(header, columns, strict=True) if found == column][:2]
        raise Unreadable(
            _("Line %(line)d: two columns mean the same, “%(first)s” and “%(second)s”. Remove one of them.")
            % {"line": line, "first": shortened(first), "second": shortened(second)}
        )
    if USERNAME not in columns:
        raise Unreadable(
            _("Line %(line)d must name the columns, and one of them must be “name”. It says: %(header)s")
            % {"line": line, "header": shortened(", ".join(header))}
        )
    return columns


# --- Judging ----------------------------------------------------------------------------------------------------------
class State(models.TextChoices):
    """What would become of a row."""

    NEW = "new", gettext_lazy("New")
    EXISTS = "exists", gettext_lazy("Exists already")
    DUPLICATE = "duplicate", gettext_lazy("Twice in the list")
    INVALID = "invalid", gettext_lazy("Not valid")


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its verdict. `role` and `daily_message_limit` are what would be set; `reasons` are (column's label, why)."""

    row: Row
    state: State
    role: str
    daily_message_limit: int | None
    reasons: list[tuple[str, str]]

    @property
    def tone(self) -> str:
        return {State.NEW: "ok", State.EXISTS: "quiet", State.DUPLICATE: "warn", State.INVALID: "error"}[self.state]

    @property
    def words(self) -> str:
        return " ".join(f"{label}: {why}" if label else why for label, why in self.reasons)


def judge(rows: Iterable[Row], version: str | None, names: Collection[str]) -> list[Judged]:
    """Every row with what would become of it on an instance of this version where `names` are taken."""
    rule, taken = username_rule(version), set(names)
    seen: dict[str, int] = {}
    judged = []
    for row in (row.changed(tidy) for row in rows):
        role, limit = "default", None
        reasons: list[tuple[str, str]] = []

        def wrong(column: str, why: str, into: list[tuple[str, str]] = reasons) -> None:
            into.append((str(COLUMN_LABELS[column]), why))

        if not row.username:
            wrong(USERNAME, _("is missing."))
        elif row.username not in names:
            try:
                check_username(row.username, rule, ())
            except ValidationError as error:
                near = suggest_username(row.username, version, taken)
                wrong(USERNAME, " ".join([*error.messages, _("Perhaps “%(name)s”?") % {"name": near}]))
        if row.role:
            role = ROLE_WORDS.get(plain(row.role), "")
            if not role:
                wrong(ROLE, _("“%(word)s” is not one of default, manager, admin.") % {"word": shortened(row.role)})
        try:
            limit = _limit(row.daily_message_limit)
        except ValueError:
            wrong(
                LIMIT,
                _("“%(word)s” is not a whole number from 1 to %(max)d.")
                % {"word": shortened(row.daily_message_limit), "max": LIMIT_MAX},
            )
        if len(row.bio) > BIO_MAX:
            wrong(BIO, _("has %(length)d characters; %(max)d are allowed.") % {"length": len(row.bio), "max": BIO_MAX})
        try:
            if any(is_suspended(column, getattr(row, column)) for column in STATES):
                wrong(
                    STATE,
                    _("suspended, but a new account may sign in. Empty this cell if that is meant, or remove the row."),
                )
        except ValueError as problem:
            wrong(
                STATE,
                _("“%(word)s” is not understood. Write “active” or “suspended”, or empty this cell.")
                % {"word": shortened(str(problem))},
            )
        if row.surplus:
            reasons.append(("", _("Something stands beyond the last column of the header.")))

        state = State.INVALID if reasons else State.NEW
        if row.username in seen:
            state = State.DUPLICATE
            reasons.insert(0, ("", _("The same name as in line %d.") % seen[row.username]))
        elif row.username in names:
            state = State.EXISTS
            reasons.clear()  # nothing of an account that exists is changed, so nothing of this row matters
        if row.username:
            seen.setdefault(row.username, row.line)
            taken.add(row.username)
        judged.append(Judged(row, state, role, limit, reasons))
    return judged


def _limit(text: str) -> int | None:
    """Messages a day; None for no limit. Raises ValueError."""
    if not text or plain(text) in NO_LIMIT_WORDS:
        return None
    # A spreadsheet may write 20 as 20.0 or 20,00, and 1000 as 1.000, 1,000, 1 000 or 1'000: three digits are never decimals of a number
    # that has to be whole.
    found = LIMIT_WORD.fullmatch(unicodedata.normalize("NFKC", text[:40]).strip())
    number = int(re.sub(r"\D", "", found[1])) if found else 0
    if not 1 <= number <= LIMIT_MAX:
        raise ValueError
    return number
