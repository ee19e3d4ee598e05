"""What was taken from elsewhere is what it is said to be."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
BROWSER = settings.BASE_DIR / "tests" / "browser" / "vendor"
LISTS = [(STATIC / "vendor" / "VENDORED.md", STATIC), (BROWSER / "VENDORED.md", BROWSER)]


def listed(page: Path) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.read_text().splitlines()]
    return [row for row in rows if len(row) == 6 and len(row[5]) == 64]


@pytest.mark.parametrize(("page", "root"), LISTS, ids=["static", "browser"])
def test_the_files_have_the_listed_sums(page, root):
    rows = listed(page)
    assert rows
    for row in rows:
        assert hashlib.sha256((root / row[0]).read_bytes()).hexdigest() == row[5], row[0]


@pytest.mark.parametrize(("page", "root"), LISTS, ids=["static", "browser"])
def test_nothing_lies_there_unlisted(page, root):
    known = {root / row[0] for row in listed(page)}
    lying = {path for path in page.parent.rglob("*") if path.is_file() and path.name not in ("LICENSE", "VENDORED.md")}
    assert lying <= known
