"""Titles of documents, as people know them."""

from __future__ import annotations

import pytest

from dashboard.chat.history import _source
from dashboard.titles import sheet_in, shown


@pytest.mark.parametrize(
    ("title", "known_as"),
    [
        ("table-c2d7eba53a.xlsx - Sheet:table", "table.xlsx – Sheet: table"),
        ("zahlen (neu)-4aa70ad6a7.xlsx - Sheet:Umsatz 2026", "zahlen (neu).xlsx – Sheet: Umsatz 2026"),
        ("Budget.xlsx - Sheet:Q1 - Sheet:x", "Budget.xlsx – Sheet: Q1 - Sheet:x"),  # uploaded on the instance
        ("msg_2-box-4aa70ad6a7.mbox", "msg_2-box.mbox"),
        ("notes-4aa70ad6a7.txt", "notes-4aa70ad6a7.txt"),  # somebody's own name
        ("plain.md", "plain.md"),
        ("", ""),
    ],
)
def test_what_foyer_put_into_a_title_is_not_shown(title, known_as):
    assert shown(title) == known_as


def test_a_sheet_is_known_by_its_title():
    assert sheet_in("table-c2d7eba53a.xlsx - Sheet:Umsatz 2026") == "Umsatz 2026"
    assert sheet_in("table.xlsx") == ""


def test_an_answer_cites_a_sheet_by_the_name_that_people_know():
    assert _source({"title": "table-c2d7eba53a.xlsx - Sheet:table", "text": ""}).title == "table.xlsx – Sheet: table"
