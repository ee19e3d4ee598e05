"""Django's migrate, one at a time: several containers that start at once would make the same table twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

LOCK = 0x666F796572  # "foyer"; the advisory locks of PostgreSQL have numbers


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with _turn(options["database"]):
            super().handle(*args, **options)


@contextmanager
def _turn(alias: str) -> Iterator[None]:
    """Waits until nobody else is at it. Who dies at it lets go: the lock is the connection's, or the open file's."""
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    else:
        path = Path(str(connection.settings_dict["NAME"]) + ".lock")
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
