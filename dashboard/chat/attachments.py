"""Files that go with a question: pictures, and documents that are read for this question only."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from dashboard.anythingllm.rules import has_endless_word, supports
from dashboard.errors import Declined

MOST_FILES = 5
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
DOCUMENT = "application/anythingllm-document"


def takes_documents(version: str | None) -> bool:
    return supports(version, "document_attachments")


def attached(files: Sequence[UploadedFile[bytes]], version: str | None) -> list[dict[str, str]]:
    """As an instance of that version takes them: name, mime, contentString (a data URL). Raises Declined."""
    if len(files) > MOST_FILES:
        raise Declined(_("Attach at most %(n)d files to a question.") % {"n": MOST_FILES})
    most = settings.CHAT_FILES_MAX_MB
    if sum(file.size or 0 for file in files) > most * 1024 * 1024:
        raise Declined(_("Attached files may have %(n)d MB together.") % {"n": most})
    return [_attachment(file, version) for file in files]


def _attachment(file: UploadedFile[bytes], version: str | None) -> dict[str, str]:
    name, kind = file.name or "", (file.content_type or "").lower()
    if not file.size:
        raise Declined(_("%(name)s is empty.") % {"name": name})
    if kind not in PICTURES and not takes_documents(version):
        raise Declined(_("%(name)s: this AnythingLLM takes pictures only (PNG, JPEG, GIF, WebP).") % {"name": name})
    read = file.read()
    # Its text goes into the prompt whole, unlike that of the documents of a workspace. That of a PDF is not known here.
    if kind not in PICTURES and has_endless_word(_as_text(read)):
        problem = _("%(name)s holds a word so long that it would freeze AnythingLLM. Put spaces into it.")
        raise Declined(problem % {"name": name})
    content = base64.b64encode(read).decode()
    # The part before the comma is a header that the instance reads no further than to its comma.
    mime = kind if kind in PICTURES else "application/octet-stream"
    return {
        "name": name,
        "mime": kind if kind in PICTURES else DOCUMENT,
        "contentString": f"data:{mime};base64,{content}",
    }


def _as_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""
