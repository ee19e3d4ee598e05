"""Sessions in the database, looked for only by what can be the key of one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie can hold anything, also a NUL, which PostgreSQL refuses."""

    def _validate_session_key(self, key: Any) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc]  # not in the stubs
