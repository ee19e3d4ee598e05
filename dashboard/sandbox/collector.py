"""The collector: turns files, pages and text into documents, with the real one's words for what it cannot read."""

import asyncio
import io
import re
import urllib.error
import urllib.request
import zipfile
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from xml.etree import ElementTree

from dashboard.sandbox.js import slugify
from dashboard.sandbox.sheets import sheets
from dashboard.sandbox.store import Row, new_uuid

ACCEPTED_TYPES = {
    "text/plain": [".txt", ".md", ".org", ".adoc", ".rst"],
    "text/html": [".html"],
    "text/csv": [".csv"],
    "application/json": [".json"],
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": [".docx"],
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": [".pptx"],
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": [".xlsx"],
    "application/vnd.oasis.opendocument.text": [".odt"],
    "application/vnd.oasis.opendocument.presentation": [".odp"],
    "application/pdf": [".pdf"],
    "application/mbox": [".mbox"],
    "audio/wav": [".wav"],
    "audio/mpeg": [".mp3"],
    "video/mp4": [".mp4"],
    "video/mpeg": [".mpeg"],
    "application/epub+zip": [".epub"],
    "image/png": [".png"],
    "image/jpeg": [".jpg"],
    "image/jpg": [".jpg", ".jpeg"],
    "image/webp": [".webp"],
}
_FORMATS = {extension for extensions in ACCEPTED_TYPES.values() for extension in extensions}
_TEXT = {".txt", ".md", ".org", ".adoc", ".rst", ".html", ".csv", ".json"}
_LONGEST_PAGE = 5_000_000
KILLER = b"STOPREADER"  # in a file: the collector dies of it, as the real one does of some pictures and videos


class UnreadableError(Exception):
    """The collector's words why a file or page is not a document."""


@dataclass(frozen=True)
class Document:
    """A parsed document: its file name in the store, its metadata (the keys of the API), its text. Sheets have a folder of their own, and
    no part in their names that no other has.
    """

    name: str
    meta: Row
    text: str
    folder: str = ""

    def shown(self, folder: str) -> Row:
        """As the upload routes answer it: with the whole text."""
        estimate = self.meta["token_count_estimate"]
        meta = {key: value for key, value in self.meta.items() if key != "token_count_estimate"}
        location = f"{folder}/{self.name}"
        extra = {
            "pageContent": self.text,
            "token_count_estimate": estimate,
            "location": location,
            "isDirectUpload": False,
        }
        return {**meta, **extra}


def all_from_file(filename: str, content: bytes, given: Row) -> list[Document]:
    """One document; of a mail box one a letter, of a workbook one a sheet. Raises UnreadableError."""
    if filename.lower().endswith(".mbox"):
        return _letters(filename, content, given)
    if filename.lower().endswith(".xlsx"):
        return _sheets(filename, content, given)
    return [from_file(filename, content, given)]


def from_file(filename: str, content: bytes, given: Row | None = None) -> Document:
    """Raises UnreadableError."""
    extension = PurePosixPath(filename).suffix.lower()
    author = description = "Unknown"
    source = "a text file uploaded by the user."
    if extension in (".pdf", ".docx"):
        author, description = "no author found", "No description found."
        source = f"{extension[1:]} file uploaded by the user."
        try:
            text = _pdf_text(content) if extension == ".pdf" else _docx_text(content)
        except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError) as error:
            raise UnreadableError("A processing error occurred.") from error
    elif extension in _FORMATS - _TEXT:
        raise UnreadableError("A processing error occurred.")  # the stand-in cannot read it
    elif extension not in _TEXT and not _looks_like_text(content):
        words = "not supported for parsing and cannot be assumed as text file type."
        raise UnreadableError(f"File extension {extension} {words}")
    else:
        text = content.decode("utf-8", "replace")
    if not text:
        raise UnreadableError(f"No text content found in {filename}.")
    given = given or {}
    fields = {
        "url": f"file:///app/collector/hotdir/{filename}",
        "title": given.get("title") or filename,
        "docAuthor": given.get("docAuthor") or author,
        "description": given.get("description") or description,
        "docSource": given.get("docSource") or source,
        "chunkSource": "",
    }
    return _document(slugify(filename, lower=False, words={}), fields, text)


def from_text(text: object, meta: Row) -> Document:
    """Raises UnreadableError when it is not text."""
    if not isinstance(text, str):
        raise UnreadableError("A processing error occurred.")
    title = str(meta["title"])
    stem = title.rpartition(".")[0] if "." in title else title
    slug = re.sub(r"-{2,}", "-", slugify(re.sub(r"[/\\.]", "-", stem), words={}))
    fields = {
        "url": f"web://{meta['url']}.website" if meta.get("url") else f"file://{slug}.txt",
        "title": f"{slug}.txt",
        "docAuthor": meta.get("docAuthor") or "no author specified",
        "description": meta.get("description") or "no description found",
        "docSource": meta.get("docSource") or "no source set",
        "chunkSource": meta.get("chunkSource") or f"{slug}.txt",
    }
    return _document(f"raw-{slug}", fields, text)


def _letters(filename: str, content: bytes, given: Row) -> list[Document]:
    """The title given is every letter's; without it each has its subject's."""
    documents = []
    for number, source in enumerate(re.split(rb"^From .*\r?\n", content, flags=re.MULTILINE)[1:], start=1):
        letter = message_from_bytes(source)
        text = str(letter.get_payload()).strip()
        subject = slugify(str(letter.get("subject", "")).replace(".", ""), lower=False, words={})
        if text:
            fields = {
                "url": f"file:///app/collector/hotdir/{filename}",
                "title": given.get("title") or (f"{subject}.html" if subject else f"msg_{number}-{filename}"),
                "docAuthor": given.get("docAuthor") or str(letter.get("from", "")),
                "description": given.get("description") or "No description found.",
                "docSource": given.get("docSource") or "Mbox message file uploaded by the user.",
                "chunkSource": "",
            }
            document = _document(slugify(filename, lower=False, words={}), fields, text)
            documents.append(replace(document, name=f"{document.name.removesuffix('.json')}-msg-{number}.json"))
    if not documents:
        raise UnreadableError(f"No mail items found in {filename}.")
    return documents


def _sheets(filename: str, content: bytes, given: Row) -> list[Document]:
    """The title given is every sheet's. All lie in a folder made for the workbook, each under the name of its sheet alone."""
    try:
        found = [(name, text) for name, text in sheets(content) if text]
    except (KeyError, IndexError, ValueError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError) as error:
        raise UnreadableError("A processing error occurred.") from error
    if not found:
        raise UnreadableError(f"No valid sheets found in {filename}.")
    folder = slugify(f"{filename}-{new_uuid()[:4]}", words={})
    documents = []
    for name, text in found:
        slug = slugify(name, lower=False, words={})
        fields = {
            "url": f"file:///app/server/storage/documents/{folder}/{slug}.csv",
            "title": given.get("title") or f"{filename} - Sheet:{name}",
            "docAuthor": given.get("docAuthor") or "Unknown",
            "description": given.get("description") or f"Spreadsheet data from sheet: {name}",
            "docSource": given.get("docSource") or "an xlsx file uploaded by the user.",
            "chunkSource": "",
        }
        documents.append(replace(_document("sheet", fields, text), name=f"sheet-{slug}.json", folder=folder))
    return documents


async def from_link(link: str, *, any_ip: bool) -> Document:
    """A page as text, a PDF as a file. An error page is a page, too. Raises UnreadableError."""
    address = _valid_link(link, any_ip=any_ip)
    try:
        kind, content = await asyncio.to_thread(_fetched, address)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"No URL content found at {address}.") from error
    parts = urlsplit(address)
    if kind == "application/pdf":
        return from_file(f"{parts.hostname}{parts.path}".replace("/", "-"), content)
    place = f"{parts.hostname}{parts.path}".rstrip("/").replace("/", "_")
    text = (
        _page_text(content.decode("utf-8", "replace"))
        if kind == "text/html"
        else " ".join(content.decode("utf-8", "replace").split())
    )
    if not text:
        raise UnreadableError(f"No URL content found at {address}.")
    fields = {
        "url": f"file://{place}.html",
        "title": f"{place}.html",
        "docAuthor": "no author found",
        "description": "No description found.",
        "docSource": "URL link uploaded by the user.",
        "chunkSource": f"link://{address}",
    }
    return _document(f"url-{slugify(place, lower=False, words={})}", fields, text)


def _document(stem: str, fields: Row, text: str) -> Document:
    document_id = new_uuid()
    published = datetime.now(UTC).strftime("%-m/%-d/%Y, %-I:%M:%S %p")
    counted = {"published": published, "wordCount": len(text.split(" ")), "token_count_estimate": -(-len(text) // 4)}
    return Document(f"{stem}-{document_id}.json", {"id": document_id, **fields, **counted}, text)


def _looks_like_text(content: bytes) -> bool:
    sample = content[:8000]
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(sample) - 4  # a character cut at the end of the sample
    return b"\x00" not in sample


def _pdf_text(content: bytes) -> str:
    """The text operators of its content streams; enough for PDFs with plain fonts."""
    if not content.startswith(b"%PDF"):
        raise ValueError("not a PDF")
    words = []
    for dictionary, stream in re.findall(
        rb"<<((?:(?!endobj).)*?)>>\s*stream\r?\n(.*?)\r?\n?endstream", content, re.DOTALL
    ):
        page = zlib.decompress(stream) if b"FlateDecode" in dictionary else stream
        for shown in re.findall(rb"((?:\((?:\\.|[^\\()])*\)|\[.*?\]))\s*T[jJ]", page, re.DOTALL):
            strings = re.findall(rb"\(((?:\\.|[^\\()])*)\)", shown)
            words.append(re.sub(rb"\\(.)", rb"\1", b"".join(strings)).decode("latin-1"))
    return " ".join(filter(None, words))


def _docx_text(content: bytes) -> str:
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        body = archive.read("word/document.xml")
    root = ElementTree.fromstring(body)  # noqa: S314  (only what the person trying Foyer uploads)
    return "".join(
        "".join(piece.text or "" for piece in paragraph.iter(f"{word}t")) + "\n\n"
        for paragraph in root.iter(f"{word}p")
    )


def _valid_link(link: str, *, any_ip: bool) -> str:
    try:
        address = link.strip() if "://" in link else f"https://{link.strip()}"
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018  (raises for a bad one)
    except ValueError as error:
        raise UnreadableError("Not a valid URL.") from error
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.-]+|[0-9a-f:]+", host):
        raise UnreadableError("Not a valid URL.")
    if not any_ip and re.match(r"(192\.168|10|172|169)\.", host) and _is_ip(host):
        raise UnreadableError("Not a valid URL.")
    return address.rstrip("/")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _fetched(address: str) -> tuple[str, bytes]:
    """Content type and body, also of an error page."""
    try:
        answer = urllib.request.urlopen(address, timeout=10)  # noqa: S310  (the scheme was checked)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.headers.get_content_type(), answer.read(_LONGEST_PAGE)


class _PageText(HTMLParser):
    """The words of a page, blocks apart, headings with #."""

    _BLOCKS = {"p", "div", "li", "tr", "title", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6"}

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in self._BLOCKS:
            self.blocks.append("#" * int(tag[1]) + " " if re.fullmatch(r"h\d", tag) else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")
        if tag in self._BLOCKS:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.blocks[-1] += data


def _page_text(html: str) -> str:
    parser = _PageText()
    parser.feed(html)
    return "\n\n".join(filter(None, (" ".join(block.split()) for block in parser.blocks)))
