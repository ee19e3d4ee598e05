"""Files that go with a question: pictures, and documents that are read for this question only."""

from __future__ import annotations

import io
import zipfile
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile

from dashboard.anythingllm.rules import has_endless_word, supports
from dashboard.errors import Declined
from dashboard.said import gettext as _
from dashboard.texts import UTF16, text_of
from dashboard.uploads import unreadable

MOST_FILES = 5
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
DOCUMENT = "application/anythingllm-document"
ZIPPED = (".docx", ".xlsx", ".pptx", ".odt", ".odp", ".ods", ".epub")


class Attached(NamedTuple):
    """`mime`: its type for the instance. `type`: that of its data URL."""

    file: UploadedFile[bytes]
    mime: str
    type: str


def takes_documents(version: str | None) -> bool:
    return supports(version, "document_attachments")


def attached(files: Sequence[UploadedFile[bytes]], version: str | None) -> list[Attached]:
    """Those that an instance of that version takes. Raises Declined."""
    if len(files) > MOST_FILES:
        raise Declined(_("Attach at most %(n)d files to a question.") % {"n": MOST_FILES})
    _demand_small(files)
    found = [_attachment(file, version) for file in files]
    _demand_small([one.file for one in found])  # a text may grow when it becomes UTF-8
    return found


def _demand_small(files: Sequence[UploadedFile[bytes]]) -> None:
    most = settings.CHAT_FILES_MAX_MB
    if sum(file.size or 0 for file in files) > most * 1024 * 1024:
        raise Declined(_("Attached files may have %(n)d MB together.") % {"n": most})


def _attachment(file: UploadedFile[bytes], version: str | None) -> Attached:
    name, kind = file.name or "", (file.content_type or "").lower()
    if not file.size:
        raise Declined(_("%(name)s is empty.") % {"name": name})
    if kind not in PICTURES and not takes_documents(version):
        raise Declined(_("%(name)s: this AnythingLLM takes pictures only (PNG, JPEG, GIF, WebP).") % {"name": name})
    if kind in PICTURES:
        return Attached(file, kind, kind)
    read = file.read()
    # The instance says nothing of a file that it cannot read: it answers as if there were none.
    if not read.startswith(UTF16) and (problem := unreadable(name, read[:1000])):
        raise Declined(problem)
    if _is_damaged(name, read):
        problem = _("%(name)s is damaged, so AnythingLLM could not read it. Save it once more and attach it again.")
        raise Declined(problem % {"name": name})
    text = text_of(name, read)
    # Its text goes into the prompt whole, unlike that of the documents of a workspace. That of a PDF or an office file is not known here.
    if has_endless_word(_seen_text(name, read) if text is None else text):
        problem = _("%(name)s holds a word so long that it would freeze AnythingLLM. Put spaces into it.")
        raise Declined(problem % {"name": name})
    if text is not None and (sent := text.encode()) != read.removeprefix(BOM_UTF8):
        file = SimpleUploadedFile(name, sent, kind)
    return Attached(file, DOCUMENT, "application/octet-stream")


def _seen_text(name: str, content: bytes) -> str:
    """Of a file for which the instance has a reader of its own, as for .mbox."""
    return "" if name.lower().endswith(".pdf") or b"\0" in content else content.decode("utf-8", "replace")


def _is_damaged(name: str, content: bytes) -> bool:
    """What no reader of its type could open."""
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".pdf":
        return b"%PDF-" not in content[:1024] or not (b"%%EOF" in content or b"startxref" in content)
    return ending in ZIPPED and not zipfile.is_zipfile(io.BytesIO(content))
