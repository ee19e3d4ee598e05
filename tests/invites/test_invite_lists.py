"""Reading names and addresses: what people paste, and what is wrong with it by line and column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.csvfiles import Unreadable
from dashboard.invites.lists import MAX_NAME, MAX_PEOPLE, Row, read


def people(text: str) -> list[tuple[str, str]]:
    rows = read(text)
    assert not any(row.problem for row in rows), rows
    return [(row.name, row.email) for row in rows]


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


def test_a_name_is_its_first_name_when_the_list_has_two_columns_for_it():
    assert people("First name,Last name,Email\nAnna,Müller,anna@example.com") == [("Anna", "anna@example.com")]


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
    rows = read(f"Anna,anna@example.com\nBen\n{line}")
    assert [row.problem for row in rows if row.problem] == ([problem] if problem else [])


def test_two_people_of_one_name_with_addresses_of_their_own_are_two():
    assert len(people("Anna,anna@example.com\nAnna,anna@example.org")) == 2


def test_a_missing_name_under_a_header_is_told():
    (row,) = read("name,mail,note\n,,hello")
    assert row == Row(2, "", "", "Line 2, column 1: the name is missing.")


@pytest.mark.parametrize("text", ["", "\n \n", "name,email", "name,email\n\n"])
def test_nobody_is_said(text):
    with pytest.raises(Unreadable, match="nobody"):
        read(text)


def test_two_columns_that_mean_the_same_are_told():
    with pytest.raises(Unreadable, match="Line 1: two columns mean the same"):
        read("name,full name\nAnna,Anna")


def test_more_than_the_most_are_told_by_line():
    everybody = "\n".join(f"person {n}" for n in range(MAX_PEOPLE))
    assert len(read(everybody)) == MAX_PEOPLE
    with pytest.raises(Unreadable, match=f"Line {MAX_PEOPLE + 1}: .*{MAX_PEOPLE} people"):
        read(f"{everybody}\none more")


@given(st.text(max_size=200))
def test_any_text_gives_rows_or_a_sentence(text):
    try:
        rows = read(text)
    except Unreadable as problem:
        assert problem.sentence
    else:
        assert all(row.problem or 0 < len(row.name) <= MAX_NAME for row in rows)
