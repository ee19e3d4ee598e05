"""The sheets of an Excel workbook, as far as a stand-in needs them: their names and the words in their cells."""

import io
import zipfile
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TYPE = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def sheets(content: bytes) -> list[tuple[str, str]]:
    """Name and text (comma-separated) of each sheet in order. Raises BadZipFile, KeyError or ParseError when it is no workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        targets = {
            link.get("Id"): link.get("Target", "") for link in _root(archive, "xl/_rels/workbook.xml.rels").iter(_TYPE)
        }
        words: list[str] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            words = [_text(item) for item in _root(archive, "xl/sharedStrings.xml").iter(f"{_MAIN}si")]
        found = []
        for sheet in _root(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
            place = targets[sheet.get(_RELATION)]
            rows = _root(archive, place.removeprefix("/") if place.startswith("/") else f"xl/{place}").iter(
                f"{_MAIN}row"
            )
            lines = [",".join(_cell(cell, words) for cell in row.iter(f"{_MAIN}c")) for row in rows]
            found.append((sheet.get("name", ""), "\n".join(lines)))
        return found


def _root(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(name))  # noqa: S314  (only what the person trying Foyer uploads)


def _cell(cell: ElementTree.Element, words: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{_MAIN}v") or ""
    return words[int(value)] if cell.get("t") == "s" else value


def _text(element: ElementTree.Element) -> str:
    return "".join(piece.text or "" for piece in element.iter(f"{_MAIN}t"))
