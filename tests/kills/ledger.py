"""What the ledger says was done, held against what is so."""

from __future__ import annotations

from collections import Counter

from dashboard.audit.models import AuditEvent, Outcome
from dashboard.documents.paths import key_of
from tests.kills.works import Scene

ONCE = ("user.created", "document.added", "document.embedded", "invite.joined")


def lies(scene: Scene) -> list[str]:
    """Lines that say what is not so, or the same twice; of acts that were refused or failed there is none in these tests."""
    users = dict(scene.standin.rows("SELECT id, username FROM users"))
    names, members = set(users.values()), set(scene.standin.members())
    keys = {key_of(path) for path in scene.standin.library()}
    embedded = {(workspace, key_of(path)) for workspace, path in scene.standin.embedded()}
    found, times = [], Counter[tuple[str, str, str]]()
    for line in AuditEvent.objects.order_by("pk"):
        cell = (
            (line.after.get("workspace_id"), int(line.target_id))
            if line.target_type == "user" and line.target_id
            else ()
        )
        pair = (line.after.get("workspace_id"), line.target_id)
        is_so = {
            "user.created": line.target_name in names,
            "user.changed": users.get(cell[1]) == line.target_name if cell else False,
            "invite.joined": users.get(cell[1]) == line.target_name if cell else False,
            "access.given": cell in members,
            "access.taken": cell not in members,
            "document.added": line.target_id in keys,
            "document.embedded": pair in embedded,
        }.get(line.action, True)
        if line.outcome == Outcome.OK:
            times[line.action, line.target_name, str(line.after.get("workspace_id"))] += 1
        if (line.outcome == Outcome.OK and not is_so) or line.outcome not in (Outcome.OK, Outcome.STARTED):
            found.append(f"{line}: {line.outcome} {line.detail}")
    return found + [f"{n} times: {what}" for what, n in times.items() if n > 1 and what[0] in ONCE]


def open_lines() -> int:
    """Of acts in the middle of which somebody died; once they are older, the ledger says that nobody knows."""
    return AuditEvent.objects.filter(outcome=Outcome.STARTED).count()
