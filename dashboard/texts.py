"""Texts are sent as UTF-8: the instance takes every text for that, and letters in another encoding become nonsense without a word.

Which encoding a text is in cannot be told from the text for certain, so whoever brings it to the library chooses. With a question nobody is
asked, and what is most likely is taken. What does not fit is refused.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path, PurePosixPath

from dashboard import charsets, instance
from dashboard.anythingllm import ApiError
from dashboard.errors import Declined, Words
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy

ENDINGS = {".txt", ".md", ".org", ".adoc", ".rst", ".html", ".csv", ".json"}  # that the instance reads as they are
ENCODINGS: dict[str, Words] = {
    "": gettext_lazy("Not at all"),
    "gb18030": gettext_lazy("Chinese, simplified (GB 18030, GBK)"),
    "big5": gettext_lazy("Chinese, traditional (Big5)"),
    "cp1252": gettext_lazy("Western European (Windows-1252, Latin-1)"),
    "cp1250": gettext_lazy("Central European (Windows-1250)"),
    "cp1251": gettext_lazy("Cyrillic (Windows-1251)"),
    "cp932": gettext_lazy("Japanese (Shift JIS)"),
    "cp949": gettext_lazy("Korean (EUC-KR)"),
}
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
INVISIBLE = "\ufeff\u200b\u200e\u200f"
_CHUNK = 1024 * 1024
_GUESSED_BY = 256 * 1024  # bytes
_NO_LETTERS = re.compile("[\0-\b\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")  # control characters, and what no language writes


def as_utf8(name: str, file: Path, encoding: str) -> bytes | None:
    """What is sent instead of a text that is not UTF-8; None: it can be sent as it is. Raises Declined when it says nothing, or when its
    letters are not those of `encoding`.
    """
    if not _is_read_as_text(name):
        return None
    blank = True
    try:
        with file.open(encoding="utf-8-sig", errors="strict", newline="") as content:
            while text := content.read(_CHUNK):
                blank = blank and not text.strip(INVISIBLE).strip()
        found = None
    except UnicodeDecodeError:
        found = _converted(name, file.read_bytes(), encoding)
        blank = not found.strip(INVISIBLE).strip()
    if blank:
        raise Declined(_("%(name)s has no text in it.") % {"name": name})
    return None if found is None else found.encode()


def text_of(name: str, content: bytes) -> str | None:
    """The text of a file, in whichever encoding it is; None when the instance has another reader for it. Raises Declined."""
    if not _is_read_as_text(name):
        return None
    try:
        text = content.decode("utf-8-sig")
        if "\0" not in text:
            return text
        begins = 0
    except UnicodeDecodeError as error:
        begins = max(content.rfind(b"\n", 0, error.start) + 1, error.start - _GUESSED_BY // 2)
        if b"\0" in content[:1000]:
            begins = 0
        elif charsets.wrong_byte(content) is not None:
            return _converted(name, content, "utf-8")  # one letter is broken, not the file in another encoding
    sample = content[begins : begins + _GUESSED_BY]
    if b"\0" not in sample and len(sample) == _GUESSED_BY:
        sample = sample[: max(sample.rfind(b" "), sample.rfind(b"\n"))]  # no letter of several bytes is cut
    return _converted(name, content, charsets.encoding_of(sample) or "utf-8")


def _is_read_as_text(name: str) -> bool:
    ending = PurePosixPath(name).suffix.lower()
    try:
        readable = instance.readable_endings().value
    except ApiError:
        readable = ()
    return ending in ENDINGS or bool(readable and ending not in readable)


def _converted(name: str, content: bytes, encoding: str) -> str:
    is_utf16 = content.startswith(UTF16)
    if not is_utf16 and not encoding:
        raise Declined(
            _(
                "%(name)s is not written in UTF-8, so its letters would be read wrongly. Save it as UTF-8, or choose how texts that are "
                "not UTF-8 are to be read, and add it again."
            )
            % {"name": name}
        )
    try:
        text = content.decode("utf-16" if is_utf16 else encoding)
    except UnicodeDecodeError:
        text = "\0"
    if _NO_LETTERS.search(text):
        words = {"name": name, "encoding": "UTF-16" if is_utf16 else {**charsets.ENCODINGS, **ENCODINGS}[encoding]}
        raise Declined(_("%(name)s cannot be read as %(encoding)s. Save it as UTF-8 and add it again.") % words)
    return text
