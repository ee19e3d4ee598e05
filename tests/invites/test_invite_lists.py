"""Reading names and addresses: what people paste, and what is wrong with it by line and column."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.csvfiles import Unreadable, decoded
from dashboard.invites.lists import MAX_NAME, MAX_PEOPLE, Row, read


def people(text: str) -> list[tuple[str, str]]:
    rows = read(text).rows
    assert not any(row.problem for row in rows), rows
    return [(row.name, row.email) for row in rows]


def warnings(text: str) -> list[str]:
    return read(text).warnings


BOTH = [("Anna Müller", "anna@example.com"), ("Ben", "")]


@pytest.mark.parametrize(
    "text",
    [
        "Anna Müller,anna@example.com\nBen",
        "Anna Müller;anna@example.com\r\nBen;\r\n",
        "anna@example.com\tAnna Müller\n\tBen\n",
        "Name,E-mail\nAnna Müller,anna@example.com\nBen,",
        "Email,Department,Name\nanna@example.com,Sales,Anna Müller\n,Sales,Ben",
        "姓名,邮箱\nAnna Müller,anna@example.com\nBen",
        "\n\nAnna Müller <anna@example.com>\n\nBen\n",
        '"Anna Müller",anna@example.com\nBen',
        "Anna Müller，anna@example.com\nBen",
    ],
)
def test_it_reads_what_people_paste(text):
    assert people(text) == BOTH


def test_it_reads_recipients_side_by_side_as_mail_programs_copy_them():
    both = [("Anna Müller", "anna@example.com"), ("ben", "ben@example.com")]
    assert people("Anna Müller <anna@example.com>; ben@example.com;") == both
    assert people("Anna Müller <anna@example.com>, <ben@example.com>") == both


ANNA, BEN = ("Anna Müller", "anna@example.com"), ("Ben Okafor", "ben@example.com")


@pytest.mark.parametrize(
    "text",
    [
        '"Müller, Anna" <anna@example.com>; Ben Okafor <ben@example.com>',
        'Müller, Anna <anna@example.com>, "Okafor, Ben" <ben@example.com>',
        "Müller, Anna <anna@example.com>\nOkafor, Ben <ben@example.com>",
        "Müller, Anna;anna@example.com\nOkafor, Ben;ben@example.com",
        "To: Anna Müller <anna@example.com>,\n Ben Okafor <ben@example.com>",
        "Team: Anna Müller <anna@example.com>, Ben Okafor <ben@example.com>;",
        "'Anna Müller' <mailto:anna@example.com>; 'Ben Okafor' <ben@example.com>",
        "=?UTF-8?Q?Anna_M=C3=BCller?= <anna@example.com>, Ben Okafor <ben@example.com>",
        "anna@example.com (Anna Müller), ben@example.com (Ben Okafor)",
        "Anna Müller anna@example.com\nBen Okafor ben@example.com",
        "Anna Müller anna@example.com Ben Okafor ben@example.com",
        "Anna Müller, anna@example.com, Ben Okafor, ben@example.com",
        "anna@example.com, Anna Müller, ben@example.com, Ben Okafor",
        "\u202aAnna Müller\u202c <\u200banna@example.com>;\u00a0Ben\u00a0 Okafor <ben@example.com\u200e>",
        "1;Anna Müller;anna@example.com\n2;Ben Okafor;ben@example.com",
        "First name,Last name,Email\nAnna,Müller,anna@example.com\nBen,Okafor,ben@example.com",
        "Name;Vorname;E-Mail\nMüller;Anna;anna@example.com\nOkafor;Ben;ben@example.com",
        "Nom;Prénom;Courriel\nMüller;Anna;anna@example.com\nOkafor;Ben;ben@example.com",
        'Name,Email\n"Müller, Anna",anna@example.com\n"Okafor, Ben",<ben@example.com>',
        "wer;wohin\nAnna Müller;anna@example.com\nBen Okafor;ben@example.com",
        "ФИО;Почта\nAnna Müller;anna@example.com\nBen Okafor;ben@example.com",
        "username,email,status,userid,fullname,displayname\n"
        "a,anna@example.com,x,U1,Anna Müller,am\nb,ben@example.com,x,U2,Ben Okafor,bo",
        '"Name;Email"\n"Anna Müller;anna@example.com"\n"Ben Okafor;ben@example.com"',
    ],
)
def test_addressees_are_read_as_mail_programs_and_tables_write_them(text):
    assert people(text) == [ANNA, BEN]


@pytest.mark.parametrize("name", ["01", "02", "03", "05", "06", "08", "09", "10", "11", "25"])
def test_files_of_other_programs_are_read(name):
    (path,) = (Path(__file__).parents[1] / "data/lists").glob(f"{name}-*")
    assert people(decoded(path.read_bytes())[0]) == [ANNA, BEN][: 1 if name == "08" else 2]


def test_family_names_of_east_asia_come_first():
    assert people("姓,名,邮箱\n王,芳,wang@example.com") == [("王芳", "wang@example.com")]


def test_addresses_with_blanks_between_are_several_people():
    assert people("alain@example.com michel@example.com") == [
        ("alain", "alain@example.com"),
        ("michel", "michel@example.com"),
    ]


def test_columns_that_are_left_out_are_named():
    assert warnings("Name;E-Mail-Adresse;Abteilung\nAnna;anna@example.com;IT") == [
        "These columns were left out: Abteilung."
    ]


def test_an_empty_column_of_addresses_is_not_filled_from_another():
    """Else somebody else could join as them."""
    text = "Name,E-Mail,Manager\nAnna,,boss@example.com\nBen,,boss@example.com"
    assert people(text) == [("Anna", ""), ("Ben", "")]
    assert warnings(text) == ["These columns were left out: Manager."]


@pytest.mark.parametrize(
    ("text", "word"),
    [("Ben: b@example.com, Anna <a@example.com>", "Ben"), ("Müller: Anna <anna@example.com>", "Müller")],
)
def test_a_word_before_addressees_is_not_left_out_without_a_word(text, word):
    assert f"left out: {word}." in warnings(text)[0]
    assert not warnings("To: b@example.com, Anna <a@example.com>")


def test_whence_the_addresses_are_is_told():
    text = "Name,Manager\nAnna,boss@example.com\nBen,chef@example.com"
    assert warnings(text) == ["The mail addresses were taken from the column “Manager”."]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("Status", "gesperrt"),
        ("Estado", "bloqueado"),
        ("status", "Deactivated"),
        ("Active", "no"),
        ("Suspended", "yes"),
        ("状态", "停用"),
    ],
)
def test_who_is_suspended_in_the_list_gets_no_link(state, said):
    anna, ben = read(f"Name;E-Mail;{state}\nAnna;anna@example.com;{said}\nBen;ben@example.com;").rows
    assert f"the list says “{state}: {said}”" in anna.problem and not ben.problem
    assert not warnings(f"Name;E-Mail;{state}\nAnna;anna@example.com;{said}")  # it was not left out


def test_other_words_of_such_a_column_are_about_something_else():
    text = "Name;E-Mail;Status\nAnna Müller;anna@example.com;confirmed\nBen;;member"
    assert people(text) == BOTH and warnings(text) == ["These columns were left out: Status."]


@pytest.mark.parametrize(
    "text",
    ["name," + "x," * 400_000 + "\na@example.com", ";" * 900_000 + "a@example.com", "\n" * 900_000 + "a@example.com"],
)
def test_what_is_nobodys_list_is_refused_at_once(text):
    with pytest.raises(Unreadable, match="more than 50000 cells"):
        read(text)


def test_codes_of_mail_programs_bring_no_letters_that_nobody_sees():
    assert people("=?utf-8?q?A=00b=E2=80=AE?= <a@example.com>") == [("Ab", "a@example.com")]


def test_a_first_row_of_unknown_words_above_addresses_is_told_to_be_the_header():
    listed = read("Chen, not-an-address\nAnna,anna@example.com")
    assert [row.name for row in listed.rows] == ["Anna"]
    assert listed.warnings == ["Line 1 was taken for the names of the columns: Chen, not-an-address."]


@pytest.mark.parametrize(
    "text",
    [
        "Anna Müller\nBen <ben@example.com>",
        "Anna Müller\nBen <ben@example.com>\nCem",
        "Anna Müller, Sales\nBen <ben@example.com>, Sales",
        "Anna Müller\nben@example.com\nCem",
    ],
)
def test_a_first_person_without_an_address_is_not_taken_for_a_header(text):
    assert read(text).rows[0].name.startswith("Anna Müller")
    assert not any("names of the columns" in warning for warning in read(text).warnings)


def test_what_is_neither_name_nor_address_is_told():
    (warning,) = warnings("Anna;anna@example.com;Sales\nBen;ben@example.com;Sales")
    assert warning.startswith("What is neither a name nor an address was left out: Sales.")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Chen, not-an-address", "Line 1, column 2"),
        ("Anna,anna@example.com\nChen, not-an-address", "Line 2, column 2"),
        ("Ben <ben.example.com>", "Line 1, column 1"),
        ("Anna <anna@example.com>, Ben", "Line 1, column 2"),
        ("Name,Email\nChen,not-an-address", "Line 2, column 2"),
    ],
)
def test_an_address_that_is_none_is_told_and_not_dropped(text, place):
    assert f"{place}: this is not a mail address." in [row.problem for row in read(text).rows]


def test_letters_that_nobody_sees_do_not_make_two_people():
    assert [row.problem for row in read("ben@example.com\nben@\u200bexample.com").rows] == [
        "",
        "Line 2: the same person as in line 1.",
    ]


def test_a_quotation_mark_that_is_never_closed_is_told():
    with pytest.raises(Unreadable, match="Line 2, column 1: this quotation mark is never closed"):
        read('Anna <anna@example.com>\n"Ben <ben@example.com>')


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Nombre;Apellidos", "Ana María;García López", "Ana María García López"),
        ("Nombre;Primer apellido;Segundo apellido", "Ana;García;López", "Ana García López"),
        ("Vorname;Nachname", "Anna;Müller", "Anna Müller"),
        ("Name;Vorname", "Müller;Anna", "Anna Müller"),
        ("Prénom;Nom", "Anna;Müller", "Anna Müller"),
        ("Nome;Cognome", "Anna;Rossi", "Anna Rossi"),
        ("Nome;Sobrenome", "Ana;Souza", "Ana Souza"),
        ("Имя;Фамилия", "Анна;Иванова", "Анна Иванова"),
        ("Фамилия;Имя;Отчество", "Иванова;Анна;Петровна", "Анна Петровна Иванова"),
        ("Ім'я;Прізвище", "Анна;Шевченко", "Анна Шевченко"),
        ("Jméno;Příjmení", "Jana;Nováková", "Jana Nováková"),
        ("Voornaam;Tussenvoegsel;Achternaam", "Anna;van der;Meer", "Anna van der Meer"),
        ("İsim;SOYADI", "Ayşe;Yılmaz", "Ayşe Yılmaz"),
        ("Όνομα;Επώνυμο", "Άννα;Παππά", "Άννα Παππά"),
        ("名前;苗字", "花子;山田", "山田花子"),
        ("Name;Last name", "Anna;Müller", "Anna Müller"),
        ("Name;Last name", "Anna Müller;MÜLLER", "Anna Müller"),
        ("Name;Last name", "Müller, Anna;Müller", "Anna Müller"),
        ("Full name;Last name", "Anna Meier;Müller", "Anna Meier"),
        ("Name;Username;Surname", "Anna;am;Müller", "Anna Müller"),
    ],
)
def test_no_column_of_a_last_name_is_lost(header, row, name):
    assert people(f"{header};E-mail\n{row};anna@example.com") == [(name, "anna@example.com")]


@pytest.mark.parametrize("mark", ["- ", "• ", "•", "* ", "– ", "1. ", "1) ", "(1) ", "12. "])
def test_marks_of_a_list_are_nobodys_name(mark):
    lines = ["Anna Müller <anna@example.com>", "Anna Müller, anna@example.com", "Anna Müller;anna@example.com"]
    for line in (*lines, "anna@example.com;Anna Müller"):
        assert people(f"{mark}{line}\n{mark}Ben") == BOTH
    assert people(f"{mark}anna@example.com") == [("anna", "anna@example.com")]
    assert people(f"Email,Name\nanna@example.com,{mark}Anna Müller\n,{mark}Ben") == BOTH


def test_what_only_looks_like_a_mark_is_kept():
    assert people("1.anna@example.com\n3com\n4. e.V. Anna") == [
        ("1.anna", "1.anna@example.com"),
        ("3com", ""),
        ("e.V. Anna", ""),
    ]


@pytest.mark.parametrize(
    "title",
    ["Participants of the course", "Participants of the course, 2024\n", "Teilnehmer;;\r\n\r\nStand: 1. Mai"],
)
@pytest.mark.parametrize(
    "table", ["Name;E-mail\nAnna Müller;anna@example.com\nBen;", "E-mail,Name\nanna@example.com,Anna Müller\n,Ben"]
)
def test_a_title_above_the_names_of_the_columns_is_left_out_and_told(title, table):
    assert people(f"{title}\n{table}") == BOTH
    (warning,) = warnings(f"{title}\n{table}")
    assert warning.startswith(f"What stands above the names of the columns was left out: {title[:10]}")


def test_lines_below_a_title_are_counted_as_an_editor_shows_them():
    assert [row.line for row in read("The course\n\nName;E-mail\nAnna;a@example.com").rows] == [4]


@pytest.mark.parametrize(
    "text",
    [
        "Anna Müller: anna@example.com\nBen Okafor: ben@example.com",
        "Anna Müller: anna@example.com; Ben Okafor: ben@example.com;",
        "Anna Müller: anna@example.com, Ben Okafor:ben@example.com",
        '"Müller, Anna": <anna@example.com>\nBen Okafor：mailto:ben@example.com',
    ],
)
def test_a_name_before_a_colon_is_kept(text):
    assert people(text) == [ANNA, BEN]


@pytest.mark.parametrize(
    "text",
    [
        "Team: a@example.com, b@example.com;",
        "Team: a@example.com; b@example.com",
        "To: a@example.com, b@example.com",
        "An: a@example.com\nE-Mail: b@example.com",
        "Team: a@example.com;\nSales: b@example.com;",
    ],
)
def test_the_name_of_a_group_or_a_field_is_nobodys(text):
    assert people(text) == [("a", "a@example.com"), ("b", "b@example.com")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna <anna@example.com> (Sales)", "Anna (Sales)"),
        ('"Müller, Anna" <anna@example.com> (Sales, EU)', "Anna Müller (Sales, EU)"),
        ("Anna anna@example.com (Sales)", "Anna (Sales)"),
        ("<anna@example.com> (Anna Müller)", "Anna Müller"),
        ("anna@example.com (Anna Müller)", "Anna Müller"),
        ("Name;E-mail\n;Anna <anna@example.com> (Sales)", "Anna (Sales)"),
    ],
)
def test_a_comment_behind_an_address_is_read(text, name):
    assert people(text) == [(name, "anna@example.com")]


SHAPES = [
    "- ",
    "1. ",
    "a: ",
    "a:<a@b>(",
    "<a@b>(a)",
    "(a@b)",
    "x <@",
    "<@",
    "@",
    "x@ ",
    "x@ y ",
    '"',
    '"" ',
    'x"',
    "<",
    "(",
    "(,",
    "<,",
    "=?a?q?",
    "a, ",
    "1,",
    "a@b,",
    "; ",
    "\\",
    "'",
    ":",
    "\u200b",
    "a\n",
    ",\n",
]


@pytest.mark.matrix
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("before", ["", "x <", "Name,Email\nAnna,"])
def test_a_cell_of_any_shape_is_read_at_once(before, shape):
    """131,072 letters are the most that a cell may have. What was quadratic took minutes."""
    began = time.process_time()
    try:
        read(before + shape * (131_000 // len(shape)) + "y")
    except Unreadable as problem:
        assert problem.sentence
    assert time.process_time() - began < 10


def test_who_has_an_address_only_is_called_by_its_first_part():
    assert people("anna.mueller@example.com\n<ben@example.com>") == [
        ("anna.mueller", "anna.mueller@example.com"),
        ("ben", "ben@example.com"),
    ]


def test_a_person_called_like_a_header_is_told_by_the_address():
    assert people("User,user@example.com") == [("User", "user@example.com")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Cem,cem@", "Line 3, column 2: this is not a mail address."),
        (",", ""),
        ("x" * (MAX_NAME + 1) + ",x@example.com", "Line 3, column 1: the name has more than 80 characters."),
        ("Somebody else,ANNA@example.com", "Line 3: the same person as in line 1."),
        ("ben", "Line 3: the same person as in line 2."),
        (f"Cem,{'c' * 250}@example.com", "Line 3, column 2: this is not a mail address."),
    ],
)
def test_it_says_what_is_wrong_and_where(line, problem):
    rows = read(f"Anna,anna@example.com\nBen\n{line}").rows
    assert [row.problem for row in rows if row.problem] == ([problem] if problem else [])


def test_two_people_of_one_name_with_addresses_of_their_own_are_two():
    assert len(people("Anna,anna@example.com\nAnna,anna@example.org")) == 2


def test_a_missing_name_under_a_header_is_told():
    (row,) = read("name,mail,note\n,,hello").rows
    assert row == Row(2, "", "", "Line 2, column 1: the name is missing.")


@pytest.mark.parametrize("text", ["", "\n \n", "name,email", "name,email\n\n"])
def test_nobody_is_said(text):
    with pytest.raises(Unreadable, match="nobody"):
        read(text)


def test_two_columns_that_mean_the_same_are_told():
    with pytest.raises(Unreadable, match="Line 1: two columns mean the same, “name” and “full name”"):
        read("name,full name\nAnna,Anna")


def test_more_than_the_most_are_told_by_line():
    everybody = "\n".join(f"person {n}" for n in range(MAX_PEOPLE))
    assert len(read(everybody).rows) == MAX_PEOPLE
    with pytest.raises(Unreadable, match=f"Line {MAX_PEOPLE + 1}: .*{MAX_PEOPLE} people"):
        read(f"{everybody}\none more")


@given(st.text(max_size=200))
def test_any_text_gives_rows_or_a_sentence(text):
    try:
        rows = read(text).rows
    except Unreadable as problem:
        assert problem.sentence
    else:
        assert all(row.problem or 0 < len(row.name) <= MAX_NAME for row in rows)
