"""All there is, on the instance and in Foyer, in a form that can be compared: what is there twice counts twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from dashboard.access.models import Grant, GroupMember, GroupWorkspace, OpenWorkspace
from dashboard.accounts.models import Operator
from dashboard.chat.models import LocalThread
from dashboard.documents.models import Stored
from dashboard.invites.models import Joining, JoiningState, Link
from dashboard.sandbox.testing import Sandbox

# What is made up anew each time: uuids, and the names under which files are sent.
MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=-)[0-9a-f]{10}(?=[.-])")


def world(standin: Sandbox) -> Counter[str]:
    """Users by name, since an account made at the second try has another number."""
    rows = standin.rows()
    names = {user.pop("id"): user["username"] for user in rows["users"]}
    rooms = {room.pop("id"): room["name"] for room in rows["workspaces"]}
    rows["invites"] = [some for invite in rows["invites"] if (some := _invite(invite))]

    def grants() -> list[Any]:
        found = Grant.objects.values_list("workspace_id", "user_id", "reason", "group__name", "until")
        return [(rooms.get(room), names.get(user), *rest) for room, user, *rest in found]

    ours: dict[str, Any] = {
        "grants": grants(),
        "group members": [(g, names.get(u)) for g, u in GroupMember.objects.values_list("group__name", "user_id")],
        "group rooms": [
            (g, rooms.get(w)) for g, w in GroupWorkspace.objects.values_list("group__name", "workspace_id")
        ],
        "open": [rooms.get(room) for room in OpenWorkspace.objects.values_list("workspace_id", flat=True)],
        "operators": Operator.objects.values_list("username", "role", "is_active"),
        "stored": Stored.objects.values_list("path", "title", "source", "added_by__username"),
        "sessions": LocalThread.objects.values_list("name", "operator__username"),
        "links": Link.objects.values_list("label", "for_whom", "uses", "workspace_ids", "revoked_at"),
        "joinings": Joining.objects.exclude(state=JoiningState.GIVEN_BACK).values_list("username", "state"),
    }
    return Counter(
        MADE_UP.sub("…", f"{what}: {json.dumps(row, default=str, sort_keys=True)}")
        for what, some in [*rows.items(), *ours.items()]
        for row in some
    )


def _invite(row: dict[str, Any]) -> dict[str, Any] | None:
    """Those minted for somebody who was joining carry a number that is made up, and a disabled one opens nothing."""
    ids = json.loads(row["workspaceIds"] or "[]")
    minted = any(number < 0 for number in ids if isinstance(number, int))
    if minted and row["status"] == "disabled":
        return None
    return {**row, "workspaceIds": [number for number in ids if not isinstance(number, int) or number >= 0]}


def difference(one: Counter[str], other: Counter[str]) -> str:
    """What one has more than the other, and less."""
    more, less = sorted((one - other).elements()), sorted((other - one).elements())
    return "\n".join([*(f"  + {row}" for row in more), *(f"  - {row}" for row in less)]) or "  nothing"
