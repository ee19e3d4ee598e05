"""Tables as CSV files for people, who make them with a spreadsheet, or open them in one."""

from __future__ import annotations

import codecs
import csv
import io
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

MAX_BYTES = 1024 * 1024  # of a list that is read
PIECE = 64 * 1024  # characters of a table that are sent at a time

# A spreadsheet takes a text that begins so for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(filename: str, header: Iterable[object], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """A download of the table, written while it is sent: UTF-8 with the mark that Excel needs, no cell a formula."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield "\ufeff" + writer.writerow([guarded(cell) for cell in header])
        for row in rows:
            yield writer.writerow([guarded(cell) for cell in row])

    response = StreamingHttpResponse(in_pieces(lines()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, filename)
    response["Cache-Control"] = "no-store"
    return response


def in_pieces(lines: Iterator[str]) -> Iterator[str]:
    """Many lines at a time: each piece is sent, and compressed, by itself. The first goes at once, and so do those that take long to find."""
    piece, size, due = [], 0, 0.0
    for line in lines:
        piece.append(line)
        size += len(line)
        if size >= PIECE or time.monotonic() >= due:
            yield "".join(piece)
            piece, size, due = [], 0, time.monotonic() + 1
    yield "".join(piece)


def guarded(cell: object) -> object:
    """The cell as plain text: an apostrophe in front keeps a spreadsheet from running it."""
    if cell is None or isinstance(cell, (int, float)):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


# --- Reading ----------------------------------------------------------------------------------------------------------
class Unreadable(Exception):
    """The file as a whole cannot be used; `sentence` says why, with line and column where there is one."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def decoded(content: bytes) -> tuple[str, list[str]]:
    """The text of a file in any usual encoding, and a warning when that had to be guessed. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_("The list is larger than 1 MB. Split it into several files."))
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


def read_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, as stripped cells with the line it begins at, whatever the delimiter. Raises Unreadable on the way."""
    delimiter, text, skipped = _delimiter(text)
    return _records(text, delimiter, skipped)


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter, the text without Excel's own first line "sep=;", and how many lines that took."""
    told = re.match(r"sep=([,;\t])(\r\n|\r|\n)", text, re.IGNORECASE)
    if told:
        return told[1], text[told.end() :], 1
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    return max(",;\t，；", key=first.count), text, 0


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
            _broken_cell(text, delimiter, skipped) or _("Line %d could not be read.") % (begins + skipped)
        ) from None


def _broken_cell(text: str, delimiter: str, skipped: int) -> str:
    """Where the first cell begins that is too long, or the first quotation mark stands that breaks the rules, in words: the csv module tells
    only that there is one.
    """
    quoted, plain = re.compile(r'"(?:[^"]|"")*+"'), re.compile(rf"[^\r\n{delimiter}]*")
    at, longest = 0, csv.field_size_limit()
    while at < len(text):
        begins = at
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
        if at - begins > longest:
            words = _("has %(length)d characters; %(max)d are allowed.") % {"length": at - begins, "max": longest}
            return f"{_place(text, begins, skipped)}: {words}"
        at += 1
    return ""


def _place(text: str, at: int, skipped: int) -> str:
    before = re.split(r"\r\n|\r|\n", text[:at])
    return _("Line %(line)d, column %(column)d") % {"line": len(before) + skipped, "column": len(before[-1]) + 1}


def plain(text: str) -> str:
    """The text as it is compared with words of a header: case, spaces, dashes and underscores do not count."""
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", text).casefold())


def shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
