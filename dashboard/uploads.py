"""Files while they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler


def incoming() -> Path:
    """Where files wait, also when somebody has tidied it away."""
    settings.INCOMING_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(settings.INCOMING_DIR)


class OnDisk(TemporaryFileUploadHandler):
    """Every file waits on disk, under a name that has nothing of its own: Django would give it that one's ending, however long it is."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        incoming()
        self.file = TemporaryUploadedFile("file", self.content_type, 0, self.charset, self.content_type_extra)
        self.file.name = self.file_name

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._thrown_away_on_failure():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        with self._thrown_away_on_failure():
            return super().file_complete(file_size)

    @contextmanager
    def _thrown_away_on_failure(self) -> Iterator[None]:
        """What a full disk has taken of a file goes at once."""
        try:
            yield
        except OSError:
            with suppress(OSError):
                self.file.close()
            raise
