"""Files while they arrive."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.anythingllm import ApiError


class OnDisk(TemporaryFileUploadHandler):
    """Every file waits on disk, under a name that has nothing of its own: Django would give it that one's ending, however long it is."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = TemporaryUploadedFile("file", self.content_type, 0, self.charset, self.content_type_extra)
        self.file.name = self.file_name


def unreadable(name: str, beginning: bytes) -> str:
    """Why the instance could not read it: a type that it has no reader for, and that does not look like plain text. Empty when it may."""
    ending = PurePosixPath(name).suffix.lower()
    try:
        readable = instance.readable_endings().value
    except ApiError:
        return ""  # it will say so itself
    if not readable or ending in readable or b"\0" not in beginning:
        return ""
    return _("AnythingLLM cannot read %(name)s: it has no reader for such files, and this is no plain text.") % {
        "name": name
    }
