"""Reading a list of names and mail addresses: as a table, with a header or without, or as mail programs write addressees.

Nothing here asks the instance or keeps anything. Whatever is not understood is told, and nothing is left out without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import chain, islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dashboard.csvfiles import Unreadable, heading, read_records, shortened, tidy, unwrapped
from dashboard.invites.services import Person

MAX_PEOPLE = 500
MAX_NAME = 80
MAX_ADDRESS = 254
READ_OF_A_CELL = 1000  # characters; a longer one is no name and no address

NAME, SHOWN, FIRST, MIDDLE, LAST, USERNAME, EMAIL = "name", "shown", "first", "middle", "last", "username", "email"
# What a header may call them; case, spaces, dashes and underscores do not count.
HEADER_WORDS = {
    word: column
    for column, words in {
        NAME: "name fullname fullusername person forwhom recipient 姓名 名字 名称 vollständigername nom nomcomplet nombre nombrecompleto nome"
        " nomecompleto nominativo naam volledigenaam imięinazwisko jméno namn navn nimi név имя фио полноеимя ім'я adsoyad adısoyadı isim"
        " nume numecomplet όνομα 氏名 名前 이름 성명 الاسم שם tên họvàtên nama",
        SHOWN: "displayname anzeigename nomaffiché nombreparamostrar 显示名 显示名称 表示名",
        FIRST: "firstname givenname forename vorname prénom prenom nombredepila primeronombre nomedibattesimo voornaam imię křestníjméno"
        " förnamn fornavn etunimi keresztnév prenume 名 nomepróprio primeironome ad отчество",
        MIDDLE: "middlename additionalname zweitervorname deuxièmeprénom",
        LAST: "lastname surname familyname nachname familienname nomdefamille apellido apellidos cognome sobrenome achternaam nazwisko"
        " příjmení efternamn etternavn sukunimi vezetéknév фамилия soyad soyadı 姓 姓氏",
        USERNAME: "username user login account accountname 用户 用户名 benutzername benutzer utilisateur usuario utente",
        EMAIL: "email mail mailaddress emailaddress address emails primaryemail workemail emailwork mailadresse emailadresse mailadressen"
        " adresse adressemail adresseemail adresseélectronique courriel correo correoelectrónico direccióndecorreo posta postaelettronica"
        " indirizzoemail indirizzomail endereço endereçodeemail emailadres adresemail epost epostadress epostadresse sähköposti"
        " sähköpostiosoite email1value emailcím електроннапошта электроннаяпочта почта почтовыйадрес eposta epostaadresi hãcthư ηλεκτρονικό"
        " メール メールアドレス 이메일 이메일주소 البريدالإلكتروني 邮箱 邮件 电子邮件 电子邮箱 邮箱地址 邮件地址 电子邮件地址 地址",
    }.items()
    for word in words.split()
}
DEGREES = {"jr", "sr", "ii", "iii", "phd", "md", "mba", "msc", "bsc", "esq", "cpa"}
FAMILY_FIRST = (
    "\u3040",
    "\u9fff",
    "\uac00",
    "\ud7a3",
)  # names of East Asian letters: family name first, without a blank


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


@dataclass(slots=True)
class Listed:
    """The people, and sentences about what was left out or taken for something."""

    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)  # of the people, by name and address

    def add(self, line: int, name: str, email: str, place: dict[str, int], *, left: bool = False) -> None:
        """`place`: the columns where name and address stand. `left`: what should be an address is none."""
        if len(self.rows) == MAX_PEOPLE:
            raise Unreadable(
                _("Line %(line)d: the list has more than %(max)d people. Split it into several lists.")
                % {"line": line, "max": MAX_PEOPLE}
            )
        name, email = " ".join(name.split()), email.strip()
        name = name or email.partition("@")[0]
        first = self.lines.setdefault((email.casefold() or name.casefold(), "" if email else "name"), len(self.rows))
        same = self.rows[first].line if first < len(self.rows) else 0

        def at(column: str) -> dict[str, int]:
            return {"line": line, "column": place.get(column, 0) + 1}

        problem = ""
        if not name:
            problem = _("Line %(line)d, column %(column)d: the name is missing.") % at(NAME)
        elif len(name) > MAX_NAME:
            problem = _("Line %(line)d, column %(column)d: the name has more than %(max)d characters.") % {
                **at(NAME),
                "max": MAX_NAME,
            }
        elif left or (email and not _is_address(email)):
            problem = _("Line %(line)d, column %(column)d: this is not a mail address.") % at(EMAIL)
        elif same:
            problem = _("Line %(line)d: the same person as in line %(first)d.") % {"line": line, "first": same}
        self.rows.append(Row(line, shortened(name), shortened(email), problem))


def read(text: str) -> Listed:
    """Raises Unreadable."""
    listed = Listed()
    if not _table(text, listed):
        listed = Listed()
        _addressees(text, listed)
    if not listed.rows:
        raise Unreadable(_("There is nobody in the list."))
    return listed


# --- Tables with a header ---------------------------------------------------------------------------------------------
def _table(text: str, listed: Listed) -> bool:
    """Reads the list as a table; False when its first row names no columns."""
    try:
        first = next(read_records(text), None)
    except Unreadable:
        return False  # marks that mean something else to mail programs
    if first is None or any("@" in cell for cell in first[1]):
        return False
    records = read_records(text)
    line, header = next(records)
    if _named(header).count("") == len(header) and not any(header[1:]):
        if not any(mark in header[0] for mark in ",;\t"):
            records = chain([], records)
        else:
            records = unwrapped(chain([(line, header)], records))
            line, header = next(records)
            if not any(_named(header)):
                return False
    try:
        rows = list(islice(records, MAX_PEOPLE + 1))
    except Unreadable:
        if not any(_named(header)):
            return False
        raise
    columns = _columns(header, [cells for _line, cells in rows], line)
    if not columns:
        return False
    at = {column: i for i, column in enumerate(columns) if column}
    _tell_columns(header, columns, line, listed)
    for number, cells in rows:
        found = {column: cells[i] for column, i in at.items() if i < len(cells)}
        email, name = found.get(EMAIL, ""), _full_name(found)
        if email.endswith(">"):
            inner, email = _parted(email)
            name = name or inner
        listed.add(number, name, _bare(email), {NAME: _place_of_name(at), EMAIL: at.get(EMAIL, 0)})
    return True


def _named(header: Sequence[str]) -> list[str]:
    """Which of ours each column is by its name; "" for one we do not know."""
    found = []
    for cell in header:
        if not cell or len(cell) > MAX_NAME:
            found.append("")
            continue
        found.append(HEADER_WORDS.get(heading(cell), ""))
    return found


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]], line: int) -> list[str]:
    """Which of ours each column is, by its name or by what is in it; nothing when the first row is a person."""
    columns = _named(header)
    known = any(columns)
    addresses, filled, words = [0] * len(header), [0] * len(header), [0] * len(header)
    written_out = any("@" in cell and cell.endswith(">") for cells in rows for cell in cells)
    for cells in rows:
        for i, cell in enumerate(cells[: len(header)]):
            filled[i] += cell != ""
            addresses[i] += "@" in cell
            words[i] += "@" not in cell and any(map(str.isalpha, cell))
    by_content = [i for i, cell in enumerate(header) if cell and addresses[i] and addresses[i] * 2 >= filled[i]]
    if not known and written_out:
        by_content = []  # others have their names beside their addresses, so this is a person without one
    elif not known and len(header) == 1:
        by_content = [i for i in by_content if addresses[i] == filled[i]]
    named = [i for i, column in enumerate(columns) if column == EMAIL]
    if not known and not by_content:
        return []
    best = max(by_content, key=lambda i: (i in named, addresses[i], -i), default=None)
    if best is None and len(named) > 1:
        _refuse_two(header, named, line)
    if best is not None or not named:
        columns = ["" if column == EMAIL else column for column in columns]
    if best is not None:
        columns[best] = EMAIL
    for word in (NAME, SHOWN, FIRST, MIDDLE, LAST, USERNAME):
        same = [i for i, found in enumerate(columns) if found == word]
        if len(same) > 1:
            _refuse_two(header, same, line)
    _only_the_best_name(columns)
    if not known or not set(columns) - {"", EMAIL}:
        # Nothing says where the names are: they are in the first column of words.
        column = next((i for i, cell in enumerate(header) if cell and not columns[i] and words[i]), None)
        if column is not None:
            columns[column] = NAME
    return columns


def _refuse_two(header: Sequence[str], same: Sequence[int], line: int) -> None:
    raise Unreadable(
        _("Line %(line)d: two columns mean the same, “%(first)s” and “%(second)s”. Remove one of them.")
        % {"line": line, "first": shortened(header[same[0]]), "second": shortened(header[same[1]])}
    )


def _only_the_best_name(columns: list[str]) -> None:
    """Whole names go before shown ones, these before first and last, and all of them before user names. In "Nom, Prénom" and "Name, Vorname"
    the first is the family's.
    """
    if NAME in columns and FIRST in columns and LAST not in columns:
        columns[columns.index(NAME)] = LAST
    for better, worse in (
        ((NAME,), (SHOWN, FIRST, MIDDLE, LAST, USERNAME)),
        ((SHOWN,), (FIRST, MIDDLE, LAST, USERNAME)),
        ((FIRST, LAST), (USERNAME,)),
    ):
        if any(column in columns for column in better):
            columns[:] = ["" if column in worse else column for column in columns]
            if MIDDLE not in worse:
                return


def _tell_columns(header: Sequence[str], columns: Sequence[str], line: int, listed: Listed) -> None:
    if not any(_named(header)):
        listed.warnings.append(
            _("Line %(line)d was taken for the names of the columns: %(header)s.")
            % {"line": line, "header": shortened(", ".join(filter(None, header)))}
        )
    left = [cell for cell, column in zip(header, columns, strict=True) if cell and not column]
    if left:
        listed.warnings.append(_("These columns were left out: %(columns)s.") % {"columns": shortened(", ".join(left))})


def _place_of_name(at: dict[str, int]) -> int:
    return next((at[column] for column in (NAME, SHOWN, FIRST, LAST, USERNAME) if column in at), 0)


def _full_name(found: dict[str, str]) -> str:
    whole = found.get(NAME) or found.get(SHOWN)
    if whole:
        return _turned(whole)
    first, middle, last = (found.get(column, "") for column in (FIRST, MIDDLE, LAST))
    if first and last and _is_east_asian(first + last):
        return f"{last}{first}"
    if first and first in last.split():
        return last  # "Name" held all of it
    return " ".join(filter(None, (first, middle, last))) or found.get(USERNAME, "")


def _is_east_asian(name: str) -> bool:
    low, high, hangul, last = FAMILY_FIRST
    return all(low <= letter <= high or hangul <= letter <= last for letter in name)


# --- Addressees -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two separators. `address` in angle brackets, or alone."""

    column: int
    name: str
    address: str
    bracketed: bool = False


def _addressees(text: str, listed: Listed) -> None:
    """Lines without a header: `"Müller, Anna" <anna@example.com>; Ben <ben@example.com>` or `Anna Müller, anna@example.com`."""
    left_out: list[str] = []
    for line, content in _lines(text):
        separator = next((mark for mark in "\t;；" if mark in content and _split(content, mark, line)[1:]), "")
        if not separator:
            _line(line, _pieces(_split(content, ",，、", line)), listed, left_out, one_address=False)
            continue
        cells = _split(content, separator, line)
        if content.count("@") > 1 or not any(cells[1:]):
            # A mail program copies its addressees side by side; a comma within one of them parts family and first name.
            for column, cell in enumerate(cells):
                _line(line, _pieces(_split(cell, ",，、", line), column), listed, left_out, one_address=False)
        else:
            _line(line, _pieces(cells), listed, left_out, one_address=True)
    if left_out:
        words = _("What is neither a name nor an address was left out: %(cells)s. A first line may name the columns.")
        listed.warnings.append(words % {"cells": shortened(", ".join(dict.fromkeys(left_out)))})


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, without `To:` or the name of a group before the first addressee."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        content = tidy(line)
        before, colon, after = content[:60].partition(":")
        if colon and "@" in content and not any(mark in before for mark in '"<>@,;\t('):
            content = content[len(before) + 1 :].strip() if not after.startswith("//") else content
        if content.strip(",;，；\t "):
            yield number, content


def _split(text: str, marks: str, line: int) -> list[str]:
    """The text in parts, at any of the marks that does not stand in quotation marks or angle brackets. Raises Unreadable."""
    parts, begins, quoted, inside = [], 0, -1, ""
    at, blank = 0, True
    while at < len(text):
        letter = text[at]
        if quoted >= 0:
            if letter == "\\":
                at += 1  # what comes next means itself
            elif letter == '"':
                if text[at + 1 : at + 2] == '"':
                    at += 1
                else:
                    quoted = -1
        elif letter == '"' and blank:
            quoted = at
        elif letter in "<(":
            inside = inside or {"<": ">", "(": ")"}[letter]
        elif letter == inside:
            inside = ""
        elif letter in marks and not (inside and inside in text[at : at + READ_OF_A_CELL]):
            parts.append(text[begins:at].strip())
            begins, inside, blank = at + 1, "", True
            at += 1
            continue
        blank = blank and letter.isspace()
        at += 1
    if quoted >= 0:
        place = _("Line %(line)d, column %(column)d") % {"line": line, "column": quoted + 1}
        raise Unreadable(_("%(place)s: this quotation mark is never closed.") % {"place": place})
    parts.append(text[begins:].strip())
    return parts


def _pieces(cells: Sequence[str], column: int | None = None) -> list[Piece]:
    """A name, an address, or both; several, where blanks part addresses."""
    found: list[Piece] = []
    for at, cell in enumerate(cells):
        place = at if column is None else column
        name, address = _parted(cell)
        if address:
            found.append(Piece(place, name, address, bracketed=True))
        elif "@" not in cell or cell.startswith('"'):
            found.extend([Piece(place, _unquoted(cell), "")] if cell else [])
        else:
            found.extend(_words(place, cell))
    return found


def _words(place: int, cell: str) -> Iterator[Piece]:
    """`Anna Müller anna@example.com`, `anna@example.com ben@example.com`, or one address."""
    words = cell.split()
    names: list[str] = []
    addresses = [word for word in words if "@" in word]
    if len(addresses) == 1:
        name = " ".join(word for word in words if "@" not in word)
        yield Piece(place, name.strip("()[] "), _bare(addresses[0]), bracketed=bool(name))
        return
    for word in words:
        if "@" in word:
            yield Piece(place, " ".join(names), _bare(word), bracketed=bool(names))
            names = []
        else:
            names.append(word)
    if names:
        yield Piece(place, " ".join(names), "")


def _parted(cell: str) -> tuple[str, str]:
    """Name and address of `Anna Müller <anna@example.com>`; no address when there are no brackets."""
    if not cell.endswith(">") or len(cell) > READ_OF_A_CELL:
        return "", ""
    name, bracket, address = cell[:-1].rpartition("<")
    name, address = _turned(_unquoted(name.strip())), _bare(address)
    return ("" if name == address else name, address) if bracket else ("", "")


def _bare(address: str) -> str:
    """The address without what may stand around it."""
    bare = address.strip(" \t'\"()[]<>,;").removeprefix("mailto:").strip()
    return bare.replace("\u200c", "").replace("\u200d", "")


def _unquoted(name: str) -> str:
    """The name as its owner writes it: without quotation marks and in letters, where mail programs have written it in codes."""
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].replace('""', '"').replace('\\"', '"').replace("\\\\", "\\")
    name = name.strip("' ")
    if "=?" in name and len(name) < READ_OF_A_CELL:
        try:
            return str(make_header(decode_header(name)))
        except (HeaderParseError, LookupError, UnicodeError, ValueError):
            return name
    return name


def _turned(name: str) -> str:
    """`Müller, Anna` as Anna Müller; `Müller, Anna (Sales)` as Anna Müller (Sales)."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if not comma or not last or not first or "," in first or first.replace(".", "").casefold() in DEGREES:
        return name
    first, bracket, rest = first.partition("(")
    return f"{first.strip()} {last}{f' ({rest}' if bracket else ''}".strip()


def _line(line: int, pieces: list[Piece], listed: Listed, left_out: list[str], *, one_address: bool) -> None:
    """The people of a line. Names without an address belong to the next one, or to the one before where a line begins with addresses."""
    if not pieces:
        return
    with_address = [piece for piece in pieces if piece.address]
    named = [piece for piece in pieces if piece.address or any(map(str.isalpha, piece.name))]
    pieces = named or pieces[:1]  # a running number is nobody's name
    if not with_address:
        _without_address(line, pieces, listed, left_out)
        return
    if not pieces[-1].address and len(with_address) * 2 == len(pieces) and pieces[0].address and not pieces[0].name:
        pieces = pieces[::-1]  # address, name, address, name
        people = list(_people(pieces, left_out))[::-1]
    elif len(with_address) == 1 and not with_address[0].bracketed:
        others = [piece for piece in pieces if not piece.address]
        people = [(others[:1], with_address[0])]
        left_out += [piece.name for piece in others[1:]]
    else:
        people = list(_people(pieces, left_out))
    for names, piece in people:
        if piece is None:
            listed.add(line, names[0].name, "", {NAME: names[0].column, EMAIL: names[0].column}, left=True)
            continue
        place = {NAME: names[0].column if names else piece.column, EMAIL: piece.column}
        parts = [name.name for name in names]
        if piece.name and one_address and parts:
            left_out += parts
            parts = []
        if piece.name and parts:
            name = _turned(", ".join([*parts, piece.name]))  # Müller, Anna <anna@example.com>
        elif len(parts) > 1:
            name, more = parts[0], parts[1:]
            left_out += more
        else:
            name = piece.name or _turned("".join(parts))
        listed.add(line, name, piece.address, place)


def _people(pieces: Sequence[Piece], left_out: list[str]) -> Iterator[tuple[list[Piece], Piece | None]]:
    waiting: list[Piece] = []
    for piece in pieces:
        if piece.address:
            yield waiting, piece
            waiting = []
        else:
            waiting.append(piece)
    for piece in waiting:
        yield [piece], None


def _without_address(line: int, pieces: Sequence[Piece], listed: Listed, left_out: list[str]) -> None:
    """One name is a person without an address; what stands behind it should be one."""
    if len(pieces) == 1:
        listed.add(line, _turned(pieces[0].name), "", {NAME: pieces[0].column})
        return
    name, other = pieces[:2]
    left_out += [piece.name for piece in pieces[2:]]
    listed.add(line, name.name, other.name, {NAME: name.column, EMAIL: other.column}, left=True)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= MAX_ADDRESS
