"""Files while they arrive."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler


class OnDisk(TemporaryFileUploadHandler):
    """Every file waits on disk, under a name that has nothing of its own: Django would give it that one's ending, however long it is."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = TemporaryUploadedFile("file", self.content_type, 0, self.charset, self.content_type_extra)
        self.file.name = self.file_name
