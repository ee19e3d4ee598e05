from __future__ import annotations

import csv
import io

import pytest

from dashboard.csvfiles import FORMULA_STARTS, csv_response, guarded, unguarded


def table(rows) -> list[list[str]]:
    body = b"".join(csv_response("people.csv", ["Name", "Limit"], rows).streaming_content)
    assert body.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_it_reads_back_as_it_was_written():
    rows = [['Ada "the first", Lovelace', 5], ["名前\n第二行", None], ["plain", ""]]
    assert table(rows) == [["Name", "Limit"], ['Ada "the first", Lovelace', "5"], ["名前\n第二行", ""], ["plain", ""]]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell):
    assert table([[cell, ""]])[1][0][0] == "'"


SIGNS = tuple(start for start in FORMULA_STARTS if start.strip())
SEPARATORS = ("", "a;", "a,", "a\t", "a\n", "a\r\n", "a; ", 'a;"', "a|", "a,;\t", "a;" + " " * 10, "a;" + ' "' * 25)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("start", SIGNS)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_lets_cells_end(start, separator):
    cell = f"{separator}{start}1+1"
    body = b"".join(csv_response("x.csv", ["n"], [[cell, cell]]).streaming_content).decode("utf-8-sig")
    for delimiter in ",;\t|":
        for quotes in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            cells = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, quoting=quotes)
            assert not [one for row in cells for one in row if one.lstrip('" \t').startswith(SIGNS)]
    assert unguarded(str(guarded(cell))) == cell


@pytest.mark.parametrize("cell", ["'quoted'", "it's - fine", "a - b", "5 + 5", "a'=b", "\t=1", "\nx", "x\n- y"])
def test_what_was_guarded_comes_back(cell):
    assert unguarded(str(guarded(cell))) == cell


def test_numbers_stay_numbers():
    assert guarded(-5) == -5


def test_it_is_a_download_that_is_not_kept():
    response = csv_response("名簿.csv", [], [])
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["Cache-Control"] == "no-store"
    b"".join(response.streaming_content)


def test_it_is_written_while_it_is_sent():
    def endless():
        n = 0
        while True:
            n += 1
            yield [n]

    pieces = iter(csv_response("x.csv", ["n"], endless()).streaming_content)
    assert next(pieces) == b'\xef\xbb\xbf"n"\r\n'
    assert next(pieces).startswith(b"1\r\n2\r\n3\r\n")


def test_it_is_sent_many_rows_at_a_time():
    pieces = list(csv_response("x.csv", ["n"], ([n] for n in range(100_000))).streaming_content)
    assert len(pieces) < 100
