"""Reading a list of people from CSV: the bytes, the header, every row, and what is wrong with them by line and column.

Nothing here asks the instance or keeps anything. `read` gives the cells as they stand; `judge` says of each row whether it can become
a new account, which depends on who is there at that moment.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.anythingllm.rules import BIO_MAX, suggest_username, username_rule
from dashboard.names import check_username
from dashboard.users.forms import LIMIT_MAX

MAX_BYTES = 1024 * 1024
MAX_ROWS = 5000

USERNAME, ROLE, LIMIT, BIO = "username", "role", "daily_message_limit", "bio"
COLUMNS = (USERNAME, ROLE, LIMIT, BIO)
COLUMN_LABELS = {
    USERNAME: gettext_lazy("Name"),
    ROLE: gettext_lazy("Role"),
    LIMIT: gettext_lazy("Messages a day"),
    BIO: gettext_lazy("About"),
}
# What a header may call them, in English and Chinese; case, spaces, dashes and underscores do not count.
HEADER_WORDS = {
    word: column
    for column, words in {
        USERNAME: "name username user login account accountname loginname 用户名 用户 用户名称 姓名 名称 名字 账号 帐号 账户 登录名",
        ROLE: "role userrole 角色 身份 用户角色",
        LIMIT: "limit dailylimit messagelimit dailymessagelimit messagesaday messagesperday messages/day dailymessages"
        " 每日上限 每日限额 每日限制 每日消息上限 每日消息限制 每日消息限额 每日消息数 每天消息数 消息上限 限额 上限",
        BIO: "bio about description 简介 个人简介 介绍 关于 描述",
        "password": "password passwd pass pwd passphrase initialpassword 密码 口令 初始密码",
    }.items()
    for word in words.split()
}
ROLE_WORDS = {
    word: role
    for role, words in {
        "default": "default user member standard 默认 默认用户 普通 普通用户 用户 成员",
        "manager": "manager 经理 管理者",
        "admin": "admin administrator 管理员",
    }.items()
    for word in words.split()
}
NO_LIMIT_WORDS = {"none", "unlimited", "nolimit", "无", "无限", "无限制", "不限", "不限制"}


class Unreadable(Exception):
    """The file as a whole cannot be used; `sentence` says why, with line and column where there is one."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file has them: `line` is where the row begins (the header's first line is 1), cells are stripped text.

    `surplus` is the first cell beyond the header's last column.
    """

    line: int
    username: str
    role: str = ""
    daily_message_limit: str = ""
    bio: str = ""
    surplus: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read, and what the person should know about how it was read."""

    rows: list[Row]
    warnings: list[str]


# --- Reading ----------------------------------------------------------------------------------------------------------
def read(content: bytes) -> Sheet:
    """The rows of a CSV file in any usual encoding and with any usual delimiter. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_("The list is larger than 1 MB. Split it into several files."))
    text, warnings = _decoded(content)
    delimiter, text, skipped = _delimiter(text)
    records = _records(text, delimiter, skipped)
    line, header = next(records, (1, []))
    if not header:
        raise Unreadable(_("The list is empty."))
    columns = _columns(header, line)
    unknown = [cell for cell, column in zip(header, columns, strict=True) if column is None and cell]
    if unknown:
        warnings.append(
            _("These columns are not known and were left out: %(columns)s.")
            % {"columns": _shortened(", ".join(unknown))}
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
        surplus = next((cell for cell in record[len(columns) :] if cell), "")
        rows.append(Row(line, cells.pop(USERNAME, ""), **cells, surplus=surplus))
    if not rows:
        raise Unreadable(_("The list has a header but nobody in it."))
    return Sheet(rows, warnings)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text, and a warning when the encoding had to be guessed."""
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable(_("This is an Excel workbook. Save it as “CSV UTF-8” and choose that file."))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, note = "utf-16", _("The file was read as UTF-16.")
    elif b"\0" in content:
        raise Unreadable(_("This is not a text file. Save the list as “CSV UTF-8” and choose that file."))
    else:
        try:
            return content.decode("utf-8-sig"), []
        except UnicodeDecodeError:
            encoding, name = _guessed(content)
            note = _("The file is not UTF-8; it was read as %(encoding)s. Check names with special letters.") % {
                "encoding": name
            }
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(
            _("The file's letters cannot be read. Save the list as “CSV UTF-8” and choose that file.")
        ) from None
    if "\0" in text:
        raise Unreadable(_("This is not a text file. Save the list as “CSV UTF-8” and choose that file."))
    return text, [note]


def _guessed(content: bytes) -> tuple[str, str]:
    """Excel without UTF-8 writes the system's own encoding. Chinese characters are pairs of high bytes; é and ü stand alone among letters."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", content)]
    paired = sum(length for length in runs if length > 1)
    return ("gb18030", "GB 18030") if paired * 2 > sum(runs) else ("cp1252", "Windows-1252")


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter, the text without Excel's own first line "sep=;", and how many lines that took."""
    told = re.match(r"sep=([,;\t])(\r\n|\r|\n)", text, re.IGNORECASE)
    if told:
        return told[1], text[told.end() :], 1
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    return max(",;\t", key=first.count), text, 0


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line it begins at."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            cells = [cell.strip() for cell in record]
            if any(cells):
                yield begins + skipped, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise Unreadable(
            _broken_quote(text, delimiter, skipped) or _("Line %d could not be read.") % (begins + skipped)
        ) from None


def _broken_quote(text: str, delimiter: str, skipped: int) -> str:
    """Where the first quotation mark stands that breaks the rules, in words: the csv module tells only that there is one."""
    quoted, plain = re.compile(r'"(?:[^"]|"")*"'), re.compile(rf"[^\r\n{delimiter}]*")
    at = 0
    while at < len(text):
        if text[at] == '"':
            cell = quoted.match(text, at)
            if cell is None:
                return _("%(place)s: this quotation mark is never closed.") % {"place": _place(text, at, skipped)}
            at = cell.end()
            if text[at : at + 1] not in ("", delimiter, "\r", "\n"):
                return _(
                    "%(place)s: something stands after the closing quotation mark. Double the marks within a cell."
                ) % {"place": _place(text, at, skipped)}
        else:
            at = plain.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        at += 1
    return ""


def _place(text: str, at: int, skipped: int) -> str:
    before = re.split(r"\r\n|\r|\n", text[:at])
    return _("Line %(line)d, column %(column)d") % {"line": len(before) + skipped, "column": len(before[-1]) + 1}


def _columns(header: Sequence[str], line: int) -> list[str | None]:
    """Which of ours each column of the file is; None for one we do not know."""
    columns = [HEADER_WORDS.get(_plain(cell)) for cell in header]
    for cell, column in zip(header, columns, strict=True):
        if column == "password":
            raise Unreadable(
                _(
                    "The column “%(column)s” is not accepted: Foyer makes a password for everybody and shows them once. Remove the column."
                )
                % {"column": cell}
            )
        if column and columns.count(column) > 1:
            raise Unreadable(
                _("Line %(line)d: two columns mean the same: “%(column)s”.")
                % {"line": line, "column": COLUMN_LABELS[column]}
            )
    if USERNAME not in columns:
        raise Unreadable(
            _("Line %(line)d must name the columns, and one of them must be “name”. It says: %(header)s")
            % {"line": line, "header": _shortened(", ".join(header))}
        )
    return columns


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", text).casefold())


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"


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
    for row in rows:
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
            role = ROLE_WORDS.get(_plain(row.role), "")
            if not role:
                wrong(ROLE, _("“%(word)s” is not one of default, manager, admin.") % {"word": _shortened(row.role)})
        try:
            limit = _limit(row.daily_message_limit)
        except ValueError:
            wrong(
                LIMIT,
                _("“%(word)s” is not a whole number from 1 to %(max)d.")
                % {"word": _shortened(row.daily_message_limit), "max": LIMIT_MAX},
            )
        if len(row.bio) > BIO_MAX:
            wrong(BIO, _("has %(length)d characters; %(max)d are allowed.") % {"length": len(row.bio), "max": BIO_MAX})
        if row.surplus:
            reasons.append(
                ("", _("“%(cell)s” stands beyond the last column of the header.") % {"cell": _shortened(row.surplus)})
            )

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
    plain = _plain(text)
    if not plain or plain in NO_LIMIT_WORDS:
        return None
    # A spreadsheet may write 20 as 20.0; a minus sign is one of the characters _plain drops.
    found = re.fullmatch(r"(\d{1,9})(\.0+)?", unicodedata.normalize("NFKC", text).strip())
    if not found or not 1 <= int(found[1]) <= LIMIT_MAX:
        raise ValueError
    return int(found[1])
