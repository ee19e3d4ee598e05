"""What the stand-in remembers: one SQLite database, the real one's tables where it matters."""

import copy
import secrets
import sqlite3
import uuid
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]

SYSTEM_PROMPT = (
    "Given the following conversation, relevant context, and a follow up question, reply with an answer to the current question the user is asking. "
    "The current date and time is {datetime}. Return only your response to the question given the above information following the users instructions as needed."
)

_STAMPS = "createdAt TEXT NOT NULL, lastUpdatedAt TEXT NOT NULL"
_SCHEMA = f"""
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL, pfpFilename TEXT,
  role TEXT NOT NULL DEFAULT 'default', suspended INTEGER NOT NULL DEFAULT 0, seen_recovery_codes INTEGER NOT NULL DEFAULT 0, {_STAMPS},
  dailyMessageLimit INTEGER, bio TEXT NOT NULL DEFAULT '');
CREATE TABLE api_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, secret TEXT NOT NULL UNIQUE, createdBy INTEGER, {_STAMPS});
CREATE TABLE login_tokens (token TEXT PRIMARY KEY, userId INTEGER NOT NULL REFERENCES users ON DELETE CASCADE, expiresAt REAL NOT NULL);
CREATE TABLE invites (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, status TEXT NOT NULL DEFAULT 'pending', claimedBy INTEGER,
  workspaceIds TEXT, createdAt TEXT NOT NULL, createdBy INTEGER NOT NULL DEFAULT 0, lastUpdatedAt TEXT NOT NULL);
CREATE TABLE workspaces (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, vectorTag TEXT, createdAt TEXT NOT NULL,
  openAiTemp REAL, openAiHistory INTEGER NOT NULL DEFAULT 20, lastUpdatedAt TEXT NOT NULL, openAiPrompt TEXT, similarityThreshold REAL DEFAULT 0.25,
  chatProvider TEXT, chatModel TEXT, topN INTEGER DEFAULT 4, chatMode TEXT DEFAULT 'automatic', pfpFilename TEXT, agentProvider TEXT, agentModel TEXT,
  queryRefusalResponse TEXT, vectorSearchMode TEXT DEFAULT 'default', router_id INTEGER);
CREATE TABLE workspace_users (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, {_STAMPS});
CREATE INDEX workspace_users_workspace ON workspace_users (workspace_id);
CREATE INDEX workspace_users_user ON workspace_users (user_id);
CREATE TABLE threads (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, user_id INTEGER REFERENCES users ON DELETE CASCADE, {_STAMPS});
CREATE INDEX threads_workspace ON threads (workspace_id);
CREATE TABLE chats (id INTEGER PRIMARY KEY AUTOINCREMENT, workspaceId INTEGER NOT NULL, prompt TEXT NOT NULL, response TEXT NOT NULL,
  include INTEGER NOT NULL DEFAULT 1, user_id INTEGER REFERENCES users ON DELETE CASCADE, thread_id INTEGER, api_session_id TEXT, {_STAMPS},
  feedbackScore INTEGER, memoryProcessed INTEGER);
CREATE INDEX chats_workspace ON chats (workspaceId, thread_id);
CREATE INDEX chats_user ON chats (user_id);
CREATE TABLE folders (name TEXT PRIMARY KEY);
CREATE TABLE files (folder TEXT NOT NULL, name TEXT NOT NULL, meta TEXT NOT NULL, text TEXT NOT NULL, cached INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (folder, name));
CREATE TABLE workspace_documents (id INTEGER PRIMARY KEY AUTOINCREMENT, docId TEXT NOT NULL, filename TEXT NOT NULL, docpath TEXT NOT NULL,
  workspaceId INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, metadata TEXT, pinned INTEGER DEFAULT 0, watched INTEGER DEFAULT 0, {_STAMPS});
CREATE INDEX workspace_documents_workspace ON workspace_documents (workspaceId);
CREATE INDEX workspace_documents_path ON workspace_documents (docpath);
CREATE TABLE vectors (id TEXT NOT NULL, workspaceId INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  documentId INTEGER NOT NULL REFERENCES workspace_documents ON DELETE CASCADE, meta TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX vectors_workspace ON vectors (workspaceId);
CREATE INDEX vectors_document ON vectors (documentId);
CREATE TABLE embeds (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 0, chat_mode TEXT NOT NULL DEFAULT 'query',
  allowlist_domains TEXT, allow_model_override INTEGER NOT NULL DEFAULT 0, allow_temperature_override INTEGER NOT NULL DEFAULT 0,
  allow_prompt_override INTEGER NOT NULL DEFAULT 0, max_chats_per_day INTEGER, max_chats_per_session INTEGER, message_limit INTEGER,
  workspace_id INTEGER NOT NULL REFERENCES workspaces ON DELETE CASCADE, createdBy INTEGER, usersId INTEGER, createdAt TEXT NOT NULL);
CREATE TABLE embed_chats (id INTEGER PRIMARY KEY AUTOINCREMENT, prompt TEXT NOT NULL, response TEXT NOT NULL, session_id TEXT NOT NULL,
  include INTEGER NOT NULL DEFAULT 1, connection_information TEXT, embed_id INTEGER NOT NULL REFERENCES embeds ON DELETE CASCADE, usersId INTEGER, createdAt TEXT NOT NULL);
CREATE TABLE settings (label TEXT PRIMARY KEY, value TEXT);
CREATE TABLE generated_files (name TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


class DatabaseError(Exception):
    """What Prisma throws. Its text is what the real one hands to callers, line breaks and all."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"\nInvalid `prisma.{operation}()` invocation:\n\n\n{reason}")


class Store:
    """The database. `lock` plays another process that holds it: "write" lets reads through, "all" lets nothing through."""

    def __init__(self, path: str = ":memory:") -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = _as_dict
        self.connection.executescript(
            "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        )
        self.lock = ""
        self._snapshot: sqlite3.Connection | None = None
        if self.empty:
            self.connection.executescript(_SCHEMA)

    def locked(self, lock: str) -> "Store":
        """The same database, as one request finds it while somebody else holds it."""
        view = copy.copy(self)
        view.lock = lock
        return view

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
        if self.lock:
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
