"""Files while they arrive, and how much of them may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.accounts.sessions import SessionStore
from dashboard.anythingllm import ApiError
from dashboard.environment import made
from dashboard.permissions import Action, allows

MEGABYTE = 1024 * 1024
PUBLIC_BYTES = 64 * 1024  # of the forms that anybody may send: names, passwords, a language


def most_bytes(path: str, user: Operator | AnonymousUser | None) -> int:
    """The bytes that a body may have. Files are larger than all else, and taken from those who may bring some, where they are brought."""
    if _is_public(path):
        return PUBLIC_BYTES
    action, megabytes = None, 0
    if path == reverse("document_add_file"):
        action, megabytes = Action.CHANGE_DOCUMENTS, settings.DOCUMENT_MAX_MB
    elif path.endswith("/+ask/"):
        action, megabytes = Action.USE_CHAT, settings.CHAT_FILES_MAX_MB
    if action is None or not (isinstance(user, Operator) and allows(user, action)):
        megabytes = 0
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + megabytes * MEGABYTE


def _is_public(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "public", False)
    except Resolver404:
        return False


def brings_files(path: str) -> bool:
    return path == reverse("document_add_file") or path.endswith("/+ask/")


def most_of_session(path: str, session_key: str) -> int:
    """The same for whoever is signed in by this session."""
    request = HttpRequest()
    request.session = SessionStore(session_key or None)
    close_old_connections()
    try:
        return most_bytes(path, get_user(request))
    finally:
        close_old_connections()


def incoming() -> Path:
    """Where files wait."""
    return made(settings.INCOMING_DIR)


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
