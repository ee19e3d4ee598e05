"""The ledger's own lock: the database itself refuses to change or delete what was written.

A row may be updated to close it, while its outcome is still 'started', and never in who, what, on whom, when and from
where; only the id of a thing that the act itself has made may be filled in. A migration that makes SQLite rebuild the
table loses its triggers: such a migration ends with `RunPython(install)`.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIXED = ("id", "at", "actor_id", "actor_name", "action", "target_type", "target_name", "address", "request_id")
SENTENCE = "The ledger is append-only."

_CLOSED = "OLD.outcome <> 'started' OR (OLD.target_id <> '' AND OLD.target_id <> NEW.target_id)"
_SQLITE_CHANGED = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
_SQLITE = {
    "audit_no_delete": "BEFORE DELETE ON audit_auditevent",
    "audit_close_once": f"BEFORE UPDATE ON audit_auditevent WHEN {_CLOSED} OR {_SQLITE_CHANGED}",
    # INSERT OR REPLACE deletes the old row without asking the trigger on DELETE.
    "audit_no_replace": (
        "BEFORE INSERT ON audit_auditevent WHEN EXISTS (SELECT 1 FROM audit_auditevent WHERE id = NEW.id)"
    ),
}

_POSTGRESQL_CHANGED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIXED)
_POSTGRESQL = {
    "audit_no_delete": "BEFORE DELETE ON audit_auditevent FOR EACH ROW",
    "audit_no_truncate": "BEFORE TRUNCATE ON audit_auditevent FOR EACH STATEMENT",
    "audit_close_once": (f"BEFORE UPDATE ON audit_auditevent FOR EACH ROW WHEN ({_CLOSED} OR {_POSTGRESQL_CHANGED})"),
}


def install(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    remove(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for name, moment in _POSTGRESQL.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {moment} EXECUTE FUNCTION audit_refuse()")
    else:
        for name, moment in _SQLITE.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {moment} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END")


def remove(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the lock off: to roll the migration back, and for tests that empty the whole database."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS audit_refuse() CASCADE")
    else:
        for name in _SQLITE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
