"""Lists broken in many ways: each is read right, or refused with the line and column of what is wrong, and nothing that was typed is lost."""

from __future__ import annotations

import codecs
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.csvfiles import MAX_BYTES, Unreadable, decoded
from dashboard.invites import lists
from dashboard.users import imports
from tests.hostile.page import page_of

# How a list of people is broken, and what is told of it.
REFUSED: dict[str, tuple[bytes, str]] = {
    "a mark never closed": (b'name,about\nanna,"x\nbob,y', "Line 2, column 6: this quotation mark is never closed."),
    "a mark never closed after doubled ones": (
        b'name,about\nanna,"a ""b"" c\nbob,y',
        "Line 2, column 6: this quotation mark is never closed.",
    ),
    "words after a mark": (b'name,about\nanna,"x" y\n', "Line 2, column 9: something stands after the closing"),
    "a mark never closed, old line ends": (b'name,about\ranna,"x', "Line 2, column 6: this quotation mark"),
    "a giant cell": (b"name,about\nanna,x\nbob," + b"x" * 140_000, "Line 3, column 5: has 140000 characters;"),
    "a giant cell in marks": (b'name,about\nbob,"' + b"x\n" * 70_000 + b'"', "Line 2, column 5: has 1400"),
    "no header": (b"anna,default\nbob,admin", "Line 1 must name the columns"),
    "an empty line and no header": (b"\n\nanna,default", "Line 3 must name the columns"),
    "columns twice": (b"name,role,name\na,b,c", "Line 1: two columns mean the same, “name” and “name”."),
    "a header only": (b"name,role\n", "The list has a header but nobody in it."),
    "nothing": (b"", "The list is empty."),
    "blanks only": (b" , ,\n\t\n", "The list is empty."),
    "a mark of UTF-8 only": (codecs.BOM_UTF8, "The list is empty."),
    "a NUL": (b"name\nanna\0", "This is not a text file"),
    "UTF-32": ("name\nanna".encode("utf-32"), "This is not a text file"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + b"n\0a\0m\0e", "Line 1: a letter is not UTF-16."),
    "a letter of no encoding": (b"name,about\nanna,\x81\xff\x8d\x90", "cannot be read"),
    "a workbook": (b"PK\x03\x04", "Excel workbook"),
    "too many bytes": (b"name\n" + b"x" * MAX_BYTES, "larger than 1 MB"),
    "too many people": (b"name\n" + b"x\n" * (imports.MAX_ROWS + 1), f"Line {imports.MAX_ROWS + 2}: "),
    "another delimiter": (b"name|role\nanna|admin", "Line 1 must name the columns"),
}  # fmt: skip
READ: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    "UTF-8 with its mark": (codecs.BOM_UTF8 + b"name\nanna", [(2, "anna")]),
    "UTF-16": ("name\nanna".encode("utf-16"), [(2, "anna")]),
    "UTF-16 without its mark": ("name\nanna".encode("utf-16-le"), [(2, "anna")]),
    "Windows-1252": ("name;about\nanna;Café".encode("cp1252"), [(2, "anna")]),
    "mixed line ends": (b"name\r\nanna\rbob\ncem\n\r", [(2, "anna"), (3, "bob"), (4, "cem")]),
    "old line ends": (b"name\ranna\rbob", [(2, "anna"), (3, "bob")]),
    "ragged rows": (b"name,role,about\nanna\nbob,admin\ncem,,x,,,", [(2, "anna"), (3, "bob"), (4, "cem")]),
    "a table of many columns": (b"name" + b"," * 100_000 + b"\nanna", [(2, "anna")]),
    "a row of many cells": (b"name\nanna" + b"," * 100_000, [(2, "anna")]),
    "unknown columns": (b"shoe,name\n40,anna", [(2, "anna")]),
    "formulas": (b"name,about\n=1+1,=2\nanna,+1", [(2, "=1+1"), (3, "anna")]),
    "markup": (b"name\n<script>hostile()</script>", [(2, "<script>hostile()</script>")]),
    "doubled marks": (b'name,about\nanna,"a ""b"""', [(2, "anna")]),
    "lines within a cell": (b'name,about\nanna,"a\nb"\nbob,', [(2, "anna"), (4, "bob")]),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_a_broken_list_of_people_is_told_with_its_place(how):
    content, sentence = REFUSED[how]
    with pytest.raises(Unreadable) as told:
        imports.read(content)
    assert sentence in told.value.sentence


@pytest.mark.parametrize("how", READ)
def test_an_odd_list_of_people_is_read_right(how):
    content, people = READ[how]
    assert [(row.line, row.username) for row in imports.read(content).rows] == people


def test_lists_are_broken_in_many_ways(figure):
    figure("hostile: broken lists", f"{len(REFUSED)} told with their place, {len(READ)} odd ones read right")
    assert len(REFUSED) + len(READ) >= 20


@pytest.mark.parametrize("how", ["a mark never closed", "words after a mark", "a giant cell", "blanks only"])
def test_a_broken_list_of_addressees_is_told_with_its_place(how):
    content, sentence = REFUSED[how]
    text, _warnings = decoded(content)
    with pytest.raises(Unreadable) as told:
        lists.read(text)
    assert told.value.sentence.startswith(sentence) or how == "blanks only"


TYPED = {
    "NUL": "Anna Müller, anna@example.com\nB\0b",
    "never closed": 'Anna Müller, anna@example.com\n"Ben',
    "markup": "</textarea><b data-hostile>, x@example.com",
    "nobody": " , \n",
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", TYPED)
def test_a_pasted_list_that_is_refused_is_still_in_the_form(how, standin, admin_client):
    posted = {"label": "Newcomers", "days": "7", "role": "default", "batch": str(uuid.uuid4()), "text": TYPED[how]}
    page = page_of(admin_client.post("/invites/many/", posted))
    assert page.wrong == [] and page.fields["text"] == [TYPED[how]]
    page = page_of(admin_client.post("/users/import/", {"text": TYPED[how]}))
    assert page.wrong == [] and page.told and page.fields["text"] == [TYPED[how]]


@pytest.mark.django_db
def test_a_broken_file_leaves_the_pasted_list_alone(standin, admin_client):
    file = SimpleUploadedFile("list.csv", b"name\n\0")
    posted = {"label": "Newcomers", "days": "7", "batch": str(uuid.uuid4()), "text": "Anna Müller", "file": file}
    page = page_of(admin_client.post("/invites/many/", posted | {"role": "default"}))
    assert page.told and page.fields["text"] == ["Anna Müller"]
