"""What the stand-in remembers: one SQLite database, the real one's tables where it matters."""

import copy
import secrets
import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SYSTEM_PROMPT = (
    "Given the following conversation, relevant context, and a follow up question, reply with an answer to the current"
    " question the user is asking. The current date and time is {datetime}. Return only your response to the question"
    " given the above information following the users instructions as needed."
)

_SCHEMA = Path(__file__).with_name("schema.sql")


class DatabaseError(Exception):
    """What Prisma throws. Its text is what the real one hands to callers, line breaks and all."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"\nInvalid `prisma.{operation}()` invocation:\n\n\n{reason}")


class Store:
    """The database. `lock` plays another process that holds it: "write" lets reads through, "all" lets nothing through; with "members"
    nobody can be made a member, and all else works.
    """

    def __init__(self, path: str = ":memory:") -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = _as_dict
        self.connection.executescript(
            "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        )
        self.lock = ""
        self._snapshot: sqlite3.Connection | None = None
        if self.empty:
            self.connection.executescript(_SCHEMA.read_text(encoding="utf-8"))

    def locked(self, lock: str) -> "Store":
        """The same database, as one request finds it while somebody else holds it."""
        view = copy.copy(self)
        view.lock = lock
        return view

    @property
    def on_disk(self) -> "Store":
        """For what the real one keeps in files: no lock of the database stops it."""
        return self.locked("")

    @property
    def empty(self) -> bool:
        return self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone() is None

    def close(self) -> None:
        self.connection.close()
        if self._snapshot:
            self._snapshot.close()

    def remember(self) -> None:
        """Keep the present state for `go_back`."""
        self._snapshot = self._snapshot or sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.backup(self._snapshot)

    def go_back(self) -> None:
        """Return to the state of `remember`."""
        if self._snapshot:
            self._snapshot.backup(self.connection)

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Rows. Empty when the database cannot be read: the real one's models swallow that too."""
        if self.lock == "all":
            return []
        return self.connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Row | None:
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def count(self, table: str, where: str = "1", *values: Any) -> int:
        row = self.one(f"SELECT count(*) AS n FROM {table} WHERE {where}", *values)  # noqa: S608
        return int(row["n"]) if row else 0

    def write(self, operation: str, sql: str, *values: Any) -> int:
        """Run one statement; the new row's id. `operation` is Prisma's name for it (`users.create`). Raises DatabaseError."""
        self.check_writable(operation)
        try:
            return self.connection.execute(sql, values).lastrowid or 0
        except sqlite3.IntegrityError as error:
            raise DatabaseError(operation, _constraint(str(error))) from error

    def insert(self, operation: str, table: str, values: Row) -> int:
        marks = ", ".join("?" * len(values))
        return self.write(operation, f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())  # noqa: S608

    def update(self, operation: str, table: str, row_id: int, values: Row) -> None:
        assignments = ", ".join(f"{column} = ?" for column in values)
        self.write(operation, f"UPDATE {table} SET {assignments} WHERE id = ?", *values.values(), row_id)  # noqa: S608

    def check_writable(self, operation: str) -> None:
        if self.lock in ("write", "all") or (self.lock == "members" and operation == "workspace_users.create"):
            raise DatabaseError(operation, "Operation has timed out")


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _constraint(error: str) -> str:
    if "FOREIGN KEY" in error:
        return "Foreign key constraint violated on the foreign key"
    if "UNIQUE" in error:
        return f"Unique constraint failed on the fields: (`{error.rpartition('.')[2]}`)"
    return error


def now() -> str:
    """The present moment as the instance writes it."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def stamps() -> Row:
    moment = now()
    return {"createdAt": moment, "lastUpdatedAt": moment}


def new_uuid() -> str:
    return str(uuid.uuid4())


_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_code() -> str:
    """An invite code or API key: four groups of seven, like 4VFE1D0-ERWMT8X-P3MNRDG-E0QX4BN."""
    return "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(7)) for _ in range(4))
