"""What can be wrong with the ground Foyer stands on (disk, database, queue), told from the error that it ends in.

These are no faults of a program: they get a sentence and one line in the log, no traceback.
"""

from __future__ import annotations

import errno
import logging
import time
from enum import StrEnum

import redis
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError, OperationalError


class Trouble(StrEnum):
    NO_ROOM = "no room"
    READ_ONLY = "read-only"
    NO_DATABASE = "database away"
    NO_QUEUE = "queue away"


ERRNOS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), Trouble.NO_ROOM),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), Trouble.READ_ONLY),
}
SQLITE = {
    "disk is full": Trouble.NO_ROOM,
    "readonly database": Trouble.READ_ONLY,
    "unable to open database file": Trouble.READ_ONLY,
    "disk I/O error": Trouble.NO_DATABASE,
    "database is locked": Trouble.NO_DATABASE,
}
POSTGRESQL = {"53100": Trouble.NO_ROOM, "25006": Trouble.READ_ONLY}  # by SQLSTATE
AWAY = ("08", "53", "57P")  # classes of SQLSTATE: no connection, no resources, shut down


def of(error: BaseException | None) -> Trouble | None:
    """What of the ground was the cause, or None: then it is something else."""
    while error is not None:
        if found := _of(error):
            return found
        error = error.__cause__
    return None


def _of(error: BaseException) -> Trouble | None:
    if isinstance(error, redis.RedisError):
        return Trouble.NO_QUEUE
    if isinstance(error, DatabaseError | InterfaceError):
        state = getattr(error.__cause__, "sqlstate", "no server's")
        if state in POSTGRESQL:
            return POSTGRESQL[state]
        if state is None or state.startswith(AWAY):  # none: there is no connection that could tell one
            return Trouble.NO_DATABASE if isinstance(error, OperationalError | InterfaceError) else None
        return next((trouble for words, trouble in SQLITE.items() if words in str(error)), None)
    if isinstance(error, OSError):
        return ERRNOS.get(error.errno or 0)
    return None


def at_the_start(error: BaseException) -> str:
    """The same for who starts a process; empty when it was something else. Neither addresses nor passwords are in it."""
    return {
        Trouble.NO_ROOM: "There is no room left on the disk of DATA_DIR or of the database: make some, and start again.",
        Trouble.READ_ONLY: "DATA_DIR and the database that DATABASE_URL names must be writable for this account.",
        Trouble.NO_DATABASE: "The database that DATABASE_URL names does not answer, or does not let Foyer in: look whether it runs.",
        Trouble.NO_QUEUE: "The server that QUEUE_URL names does not answer: look whether it runs.",
        None: "",
    }[of(error)]


def has_no_tables(error: BaseException) -> bool:
    """Whether a table is missing: nobody has set the database up, or an update of it was left out."""
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, DatabaseError) and (state == "42P01" or "no such table" in str(error))


class InOneLine(logging.Filter):
    """Trouble with the ground is told in one line without a traceback, and by one logger at most once a minute. A host that is not ours
    is told in one line as well: anybody can send one.
    """

    EVERY = 60.0  # seconds

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, Trouble], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, DisallowedHost):
            record.exc_info = record.exc_text = None
        trouble = of(error)
        if trouble is None:
            return True
        now, key = time.monotonic(), (record.name, trouble)
        if now - self._told.get(key, -self.EVERY) < self.EVERY:
            return False
        self._told[key] = now
        record.msg, record.args = trouble.value, ()
        record.exc_info = record.exc_text = None
        return True
