"""Reading a list of names and mail addresses: as a table, with a header or without, or as mail programs write addressees.

Nothing here asks the instance or keeps anything. Whatever is not understood is told, and nothing is left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import chain, islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dashboard.csvfiles import Unreadable, demand_few_cells, heading, plain, read_records, shortened, tidy, unwrapped
from dashboard.invites.services import Person
from dashboard.states import STATE_HEADERS, is_suspended

MAX_PEOPLE = 500
MAX_NAME = 80
MAX_ADDRESS = 254
MOST_CELLS = 50_000
READ_OF_A_CELL = 1000  # characters; a longer one is no name and no address

NAME, SHOWN, USERNAME, EMAIL = "name", "shown", "username", "email"
FIRST, MIDDLE, LAST, SECOND = "first", "middle", "last", "second"
# These hold first and last name, whatever stands beside them.
_WHOLE = (
    "fullname fullusername 姓名 vollständigername nomcomplet nombrecompleto nomecompleto nominativo volledigenaam imięinazwisko фио полноеимя"
    " adsoyad adısoyadı adsoyadı numecomplet 氏名 성명 họvàtên"
)
WHOLE_NAMES = frozenset(_WHOLE.split())
# What a header may call them; case, spaces, dashes and underscores do not count.
HEADER_WORDS = {
    plain(word): column
    for column, words in {
        NAME: f"{_WHOLE} name person forwhom recipient 名字 名称 nom nombre nombres nome naam jméno namn navn nimi név имя ім'я"
        " ім’я isim nume όνομα 名前 이름 الاسم שם tên nama ime ชื่อ",
        SHOWN: "displayname anzeigename nomaffiché nombreparamostrar 显示名 显示名称 表示名",
        FIRST: "firstname firstnames givenname givennames forename forenames vorname vornamen rufname prénom prénoms prenom"
        " nombredepila primeronombre nomedibattesimo voornaam imię křestníjméno"
        " förnamn fornavn etunimi keresztnév prenume 名 nomepróprio primeironome ad meno vardas"
        " vārds eesnimi الاسمالأول الاسمالاول שםפרטי",
        MIDDLE: "middlename additionalname zweitervorname deuxièmeprénom segundonombre segundonome tussenvoegsel mellemnavn mellomnavn mellannamn"
        " отчество побатькові πατρώνυμο",
        LAST: "lastname lastnames surname surnames familyname nachname familienname zuname nomdefamille patronyme apellido apellidos"
        " primerapellido apellidopaterno cognome sobrenome apelido últimonome achternaam nazwisko příjmení priezvisko prezime презиме efternamn"
        " etternavn efternavn sukunimi perekonnanimi pavardė uzvārds vezetéknév фамилия прізвище фамилно фамилноиме soyad soyadı soyadi soyisim"
        " numedefamilie επώνυμο επίθετο اللقب اسمالعائلة שםמשפחה นามสกุล họ 姓 姓氏 苗字 성",
        SECOND: "segundoapellido apellidomaterno secondlastname secondsurname",
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
_FIELDS = (
    "to cc bcc from sender replyto mailto an von kopie blindkopie à de cci para cco per da aan van komu od do kopia till från til fra кому от"
    " копия 收件人 抄送 密送 发件人 寄件者 收件者 宛先 差出人 받는사람 보낸사람 참조"
)
FIELDS = frozenset(_FIELDS.split())  # before the addressees that a mail program copies, and nobody's name
_LABELLED = re.compile(r'("[^"]{0,80}"|[^"<>@,;\t(:：]{1,60})[:：]\s*(?!//)(\S.*)', re.DOTALL)
_COMMENTED = re.compile(r"(.*<[^<>@]*@[^<>@]*>)\s*\(([^()]*)\)", re.DOTALL)
_LIST_MARK = re.compile(r"(?:[•‣◦▪●○·]\s*|[-–—*+]\s+|\(?\d{1,4}(?:\)\s*|\.\s+))(?=\S)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
TITLE_LINES = 5  # above the names of columns
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

    def add(
        self, line: int, name: str, email: str, place: dict[str, int], *, left: bool = False, suspended: str = ""
    ) -> None:
        """`place`: the columns where name and address stand. `left`: what should be an address is none. `suspended`: where the list says so."""
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
        elif suspended:
            words = _(
                "Line %(line)d: no link, because the list says “%(state)s”. Take that out if they shall be invited."
            )
            problem = words % {"line": line, "state": shortened(suspended)}
        elif same:
            problem = _("Line %(line)d: the same person as in line %(first)d.") % {"line": line, "first": same}
        self.rows.append(Row(line, shortened(name), shortened(email), problem))


def read(text: str) -> Listed:
    """Raises Unreadable."""
    demand_few_cells(text, MOST_CELLS)
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
    text, title = _below_title(text)
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
    if title:
        words = _("What stands above the names of the columns was left out: %(title)s.")
        listed.warnings.append(words % {"title": shortened(title)})
    states = {i: kind for i, cell in enumerate(header) if (kind := STATE_HEADERS.get(heading(cell)))}
    suspended = [_suspended(header, cells, states) for _number, cells in rows]
    _tell_columns(header, columns, line, listed, used=states if any(suspended) else ())
    for (number, cells), state in zip(rows, suspended, strict=True):
        found = {column: _unmarked(cells[i]) for column, i in at.items() if i < len(cells)}
        email, name = found.get(EMAIL, ""), _full_name(found)
        inner, address = _parted(email)
        if address:
            email, name = address, name or inner
        place = {NAME: _place_of_name(at), EMAIL: at.get(EMAIL, 0)}
        listed.add(number, name, _bare(email), place, suspended=state)
    return True


def _suspended(header: Sequence[str], cells: Sequence[str], states: Mapping[int, str]) -> str:
    """What the row says of somebody who shall not get in; else empty. `states` are the kinds of its columns about states, by their place: other
    words there may be about anything.
    """
    for i, kind in states.items():
        with suppress(ValueError):
            if i < len(cells) and is_suspended(kind, cells[i]):
                return f"{header[i]}: {cells[i]}"
    return ""


def _below_title(text: str) -> tuple[str, str]:
    """The list with blank lines instead of a title above the names of its columns, and that title."""
    begins, title = 0, list[str]()
    for number, end in enumerate(islice(re.finditer(r"\r\n|\r|\n", text), TITLE_LINES + 1)):
        line = text[begins : end.start()]
        if "@" in line:
            break
        try:
            _line, cells = next(read_records(line), (1, []))
        except Unreadable:
            break
        if len(list(filter(None, _named(cells)))) > 1:
            return "\n" * number + text[begins:], ", ".join(title)
        title += filter(None, cells)
        begins = end.end()
    return text, ""


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
    # What is called so and is empty says that there are no addresses: those of another column may be somebody else's.
    by_content = [i for i in by_content if i in named] or ([] if any(not filled[i] for i in named) else by_content)
    best = max(by_content, key=lambda i: (addresses[i], -i), default=None)
    if best is None and len(named) > 1:
        _refuse_two(header, named, line)
    if best is not None or not named:
        columns = ["" if column == EMAIL else column for column in columns]
    if best is not None:
        columns[best] = EMAIL
    for word in (NAME, SHOWN, FIRST, MIDDLE, LAST, SECOND, USERNAME):
        same = [i for i, found in enumerate(columns) if found == word]
        if len(same) > 1:
            _refuse_two(header, same, line)
    _only_the_best_name(header, columns)
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


def _only_the_best_name(header: Sequence[str], columns: list[str]) -> None:
    """Whole names go before shown ones, these before first and last, and all of them before user names. "Nombre" beside "Apellidos" is the
    first name; in "Nom, Prénom" and "Name, Vorname" it is the family's.
    """
    if (
        NAME in columns
        and heading(header[columns.index(NAME)]) not in WHOLE_NAMES
        and (FIRST in columns) != (LAST in columns)
    ):
        columns[:] = ["" if column in (SHOWN, USERNAME) else column for column in columns]
        return
    for better, worse in (
        ((NAME,), (SHOWN, FIRST, MIDDLE, LAST, SECOND, USERNAME)),
        ((SHOWN,), (FIRST, MIDDLE, LAST, SECOND, USERNAME)),
        ((FIRST, LAST), (USERNAME,)),
    ):
        if any(column in columns for column in better):
            columns[:] = ["" if column in worse else column for column in columns]
            if MIDDLE not in worse:
                return


def _tell_columns(
    header: Sequence[str], columns: Sequence[str], line: int, listed: Listed, *, used: Collection[int]
) -> None:
    """`used`: the places of columns that are none of ours, but were looked at."""
    if not any(_named(header)):
        listed.warnings.append(
            _("Line %(line)d was taken for the names of the columns: %(header)s.")
            % {"line": line, "header": shortened(", ".join(filter(None, header)))}
        )
    elif EMAIL in columns and _named(header)[at := columns.index(EMAIL)] != EMAIL:
        words = _("The mail addresses were taken from the column “%(column)s”.")
        listed.warnings.append(words % {"column": shortened(header[at])})
    left = [cell for i, cell in enumerate(header) if cell and not columns[i] and i not in used]
    if left:
        listed.warnings.append(_("These columns were left out: %(columns)s.") % {"columns": shortened(", ".join(left))})


def _place_of_name(at: dict[str, int]) -> int:
    return next((at[column] for column in (NAME, SHOWN, FIRST, LAST, USERNAME) if column in at), 0)


def _full_name(found: dict[str, str]) -> str:
    whole = found.get(NAME) or found.get(SHOWN, "")
    first, middle, last, second = (found.get(column, "") for column in (FIRST, MIDDLE, LAST, SECOND))
    if whole and set((first or last).casefold().split()) <= set(whole.casefold().replace(",", " ").split()):
        return _turned(whole)  # all of it, whatever stands beside it
    if whole:
        first, last = (first, whole) if first else (whole, last)
    if first and last and _is_east_asian(first + last):
        return f"{last}{first}"
    return " ".join(filter(None, (first, middle, last, second))) or found.get(USERNAME, "")


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
    for line, content in _lines(text, left_out):
        separator = next((mark for mark in "\t;；" if mark in content and _split(content, mark, line)[1:]), "")
        if not separator:
            _line(line, _pieces(_split(content, ",，、", line), left_out), listed, left_out, one_address=False)
            continue
        cells = _split(content, separator, line)
        if content.count("@") > 1 or not any(cells[1:]):
            # A mail program copies its addressees side by side; a comma within one of them parts family and first name.
            for column, cell in enumerate(cells):
                _line(line, _pieces(_split(cell, ",，、", line), left_out, column), listed, left_out, one_address=False)
        else:
            _line(line, _pieces(cells, left_out), listed, left_out, one_address=True)
    if left_out:
        words = _("What is neither a name nor an address was left out: %(cells)s. A first line may name the columns.")
        listed.warnings.append(words % {"cells": shortened(", ".join(dict.fromkeys(left_out)))})


def _lines(text: str, left_out: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, without `To:` or the name of a group before the first addressee."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        content = tidy(line)
        content = _ungrouped(_unmarked(content), left_out)
        if content.strip(",;，；\t "):
            yield number, content


def _unmarked(text: str) -> str:
    """Without what makes it an item of a list: `- `, `• `, `1. `, `1) `."""
    return text[mark.end() :] if (mark := _LIST_MARK.match(text)) else text


def _ungrouped(content: str, left_out: list[str]) -> str:
    """Without `To:` or the name of a group before its addressees. What stands before one address alone is that one's name."""
    found = _LABELLED.fullmatch(content)
    if not found or "@" not in content:
        return content
    before, rest = found[1].strip(), found[2].strip()
    if plain(before) in FIELDS or HEADER_WORDS.get(plain(before)) == EMAIL:
        return rest
    if ":" in rest.replace("mailto:", "").replace("：", ":"):
        return content  # Anna: anna@example.com, Ben: ben@example.com
    address = _bare(rest)
    if rest.endswith((";", "；")) or rest.count("@") > 1 or len(address.split()) > 1 or "<" in address:
        left_out.append(before)
        return rest
    return f"{before} <{address}>"


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


def _pieces(cells: Sequence[str], left_out: list[str], column: int | None = None) -> list[Piece]:
    """A name, an address, or both; several, where blanks part addresses."""
    found: list[Piece] = []
    for at, cell in enumerate(_ungrouped(_unmarked(cell), left_out) for cell in cells):
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
        yield Piece(
            place,
            name.strip("()[] ") if name.startswith(("(", "[")) else name,
            _bare(addresses[0]),
            bracketed=bool(name),
        )
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
    if len(cell) > READ_OF_A_CELL or not cell.endswith((">", ")")):
        return "", ""
    if commented := _COMMENTED.fullmatch(cell):
        name, address = _parted(commented[1])
        return f"{name} ({commented[2]})" if name else commented[2], address
    if not cell.endswith(">"):
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
            decoded = str(make_header(decode_header(name)))
            return tidy(_CONTROL.sub("", decoded))  # the codes may hold letters that nobody sees
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
