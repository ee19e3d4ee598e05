"""Tables as CSV files for people, who make them with a spreadsheet, or open them in one."""

from __future__ import annotations

import codecs
import csv
import io
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from dashboard import charsets

MAX_BYTES = 1024 * 1024  # of a list that is read
PIECE = 64 * 1024  # characters of a table that are sent at a time

# A spreadsheet takes a text that begins so for a formula, and runs it; the wide ones count in East Asia.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# At the beginning of a text and behind what ends a cell, however many blanks and quotation marks stand between. These are taken once and
# not given back ("*+"), so that no text is gone over twice.
_FORMULA = re.compile(r"((?:\A|[;,\t\r\n|])[ \"]*+)(?=[=+\-@＝＋－＠])")
_GUARDED = re.compile(r"((?:\A|[;,\t\r\n|])[ \"]*+)'(?=[=+\-@＝＋－＠])")
# Letters that nobody sees, from web pages and mail programs: marks of direction, blanks without width, marks of byte order.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
DELIMITERS = ",;\t，；"


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(filename: str, header: Iterable[object], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """A download of the table, written while it is sent: UTF-8 with the mark that Excel needs, no cell a formula.

    All texts stand in quotation marks, so that a comma within is not taken for the end of a cell.
    """

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
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
    """The cell as plain text: an apostrophe in front keeps a spreadsheet from running it.

    Also after whatever one may take for the end of a cell: many a spreadsheet reads a file of commas with semicolons, and then the marks
    around the whole text count for nothing.
    """
    if cell is None or isinstance(cell, (int, float)):
        return cell
    text = _FORMULA.sub(r"\1'", str(cell))
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) else text


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`, for a file of ours that comes back."""
    return _GUARDED.sub(r"\1", cell[1:] if cell.startswith(("'\t", "'\r", "'\n")) else cell)


# --- Reading ----------------------------------------------------------------------------------------------------------
class Unreadable(Exception):
    """The file as a whole cannot be used; `sentence` says why, with line and column where there is one."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def decoded(content: bytes, encoding: str = "") -> tuple[str, list[str]]:
    """The text of a file, in this encoding or, without one, in any usual one, and a warning when that had to be guessed. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_("The list is larger than 1 MB. Split it into several files."))
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable(_("This is an Excel workbook. Save it as “CSV UTF-8” and choose that file."))
    warnings = []
    if not encoding:
        found = charsets.encoding_of(content)
        if found is None:
            raise Unreadable(_not_utf_8(content))
        encoding = found
        if encoding != "utf-8":
            sure = encoding == "utf-16"
            note = (
                _("The file was read as UTF-16.")
                if sure
                else _("The file is not UTF-8; it was read as %(encoding)s. Check names with special letters.")
            )
            warnings.append(note % {"encoding": charsets.ENCODINGS[encoding]})
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        words = _(
            "Line %(line)d: a letter is not %(encoding)s. Choose another encoding, or save the list as “CSV UTF-8”."
        )
        line = _lines(content[: error.start].decode(encoding, "ignore"))
        raise Unreadable(words % {"line": line, "encoding": charsets.ENCODINGS[encoding]}) from None
    if "\0" in text:
        raise Unreadable(_("This is not a text file. Save the list as “CSV UTF-8” and choose that file."))
    return text.lstrip("\ufeff"), warnings


def _not_utf_8(content: bytes) -> str:
    """Why no encoding fits."""
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _("This is not a text file. Save the list as “CSV UTF-8” and choose that file.")
    wrong = charsets.wrong_byte(content)
    if wrong is not None:
        words = _(
            "Line %(line)d: a letter is broken; the rest of the file is UTF-8. Mend it there, or choose an encoding."
        )
        return words % {"line": _lines(content[:wrong].decode("utf-8", "ignore"))}
    return _(
        "The file's letters cannot be read. Choose its encoding, or save the list as “CSV UTF-8” and choose that file."
    )


def _lines(before: str) -> int:
    """The number of the line that comes after this text."""
    return len(re.split(r"\r\n|\r|\n", before))


def read_again(text: str, old: str, new: str) -> str:
    """A text that was read in one encoding, read in another. Raises Unreadable."""
    try:
        content = text.encode(old)
    except UnicodeEncodeError:
        raise Unreadable(
            _("The list was changed since it was read. Choose the file again, and its encoding.")
        ) from None
    return decoded(content, new)[0]


def demand_few_cells(text: str, most: int) -> None:
    """Raises Unreadable for what is nobody's list, and would take long to find that out: millions of marks and line ends."""
    if sum(map(text.count, ",;\t\n\r")) > most:
        raise Unreadable(
            _(
                "The list has more than %(max)d cells. Leave out columns and blank lines, or split it into several lists."
            )
            % {"max": most}
        )


def read_records(text: str, clean: Callable[[str], str] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, as cells with the line it begins at, whatever the delimiter; `clean` is `tidy` without another. Raises
    Unreadable on the way.
    """
    delimiter, text, skipped = _delimiter(text)
    return _records(text, delimiter, skipped, clean or tidy)


def unwrapped(records: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table that a spreadsheet has saved with each whole row in its first cell."""
    delimiter = ""
    for line, cells in records:
        delimiter = delimiter or _delimiter(cells[0])[0]
        try:
            inner = [] if any(cells[1:]) else [row for _line, row in _records(cells[0], delimiter, 0, tidy)]
        except Unreadable:
            inner = []
        yield line, inner[0] if len(inner) == 1 else cells


def tidy(cell: str) -> str:
    """The cell without blanks around it, without letters that nobody sees, and without what `guarded` has put in."""
    return unguarded(_UNSEEN.sub("", cell).strip())


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter, the text without Excel's own first line "sep=;", and how many lines that took."""
    told = re.match(r"[\ufeff\u200b]{0,9}sep=([,;\t])(\r\n|\r|\n)", text, re.IGNORECASE)
    if told:
        return told[1], text[told.end() :], 1
    counts, quoted, last = dict.fromkeys(DELIMITERS, 0), False, ""
    ending = 0  # how many of the last one stand at the end of the line
    for letter in text:
        if letter in counts and not quoted:
            counts[letter] += 1
            ending = ending + 1 if letter == last else 1
        elif letter in "\r\n" and not quoted:
            if any(counts.values()):
                break
        else:
            ending = 0
            quoted ^= letter == '"'
        last = letter
    if ending and ending == counts[last]:
        return last, text, 0  # only empty cells: of a spreadsheet that has put each whole row in its first one
    return max(counts, key=lambda delimiter: counts[delimiter]), text, 0


def _records(text: str, delimiter: str, skipped: int, clean: Callable[[str], str]) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line it begins at."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            cells = [clean(cell) for cell in record]
            if any(map(tidy, cells)):
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
    """The text as it is compared with words of a header: case, spaces, dashes and underscores do not count, nor does the dot of a Turkish İ."""
    return re.sub(r"[\s_\u0307-]+", "", unicodedata.normalize("NFKC", text).casefold())


def heading(cell: str) -> str:
    """The cell of a header, as it is compared: without what stands in brackets ("Status [READ ONLY]") and the marks around it."""
    word = plain(re.split(r"[\[(［（]", cell, maxsplit=1)[0].strip(" *:.：")) or plain(cell)
    return word.replace(".", "")


def shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
