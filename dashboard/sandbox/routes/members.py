"""Who is a member of a workspace: /v1/admin/workspaces/*, the two writers and their traps."""

import asyncio
import contextlib
import math

from starlette.responses import Response

from dashboard.sandbox import js
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, json_answer, multi_user
from dashboard.sandbox.js import Json
from dashboard.sandbox.store import DatabaseError, Row, Store, stamps

endpoints = Endpoints()


def members(store: Store, workspace_id: int) -> list[Row]:
    return store.all(
        "SELECT user_id AS userId, username, role, workspace_users.lastUpdatedAt FROM workspace_users JOIN users ON users.id = user_id"
        " WHERE workspace_id = ? ORDER BY workspace_users.id",
        workspace_id,
    )


@endpoints.add("GET", "/v1/admin/workspaces/{workspace}/users", api_key, multi_user)
def member_list(call: Call) -> Response:
    """By id. Text, a slug, an unknown id: an empty list."""
    workspace_id = js.number(call.params["workspace"])
    return json_answer({"users": [] if math.isnan(workspace_id) else members(call.store, int(workspace_id))})


@endpoints.add("POST", "/v1/admin/workspaces/{workspace}/update-users", api_key, multi_user)
async def member_replace(call: Call) -> Response:
    """By id. Says success whatever happens, and empties the workspace when one id is unknown."""
    wanted = call.body.get("userIds", [])
    if wanted is None:
        return json_answer({"success": False, "error": "Cannot read properties of null (reading 'length')"})
    workspace_id = js.number(call.params["workspace"])
    if not math.isnan(workspace_id):
        with contextlib.suppress(DatabaseError):
            await _replace(
                call,
                int(workspace_id),
                [js.number(user_id) for user_id in wanted] if isinstance(wanted, list) else [],
            )
    return json_answer({"success": True, "error": None})


@endpoints.add("POST", "/v1/admin/workspaces/{workspace}/manage-users", api_key, multi_user, since="1.4.0")
async def member_manage(call: Call) -> Response:
    """By slug. Adds the users that exist; with `reset` they replace the others. An empty list changes nothing."""
    workspace = call.store.one("SELECT id FROM workspaces WHERE slug = ?", call.params["workspace"])
    wanted = call.body.get("userIds")
    if not workspace or not isinstance(wanted, list):
        raise ThrownError("Cannot read properties of undefined")
    known = {row["id"] for row in call.store.all("SELECT id FROM users")}
    ids = [user_id for user_id in dict.fromkeys(map(_user_id, wanted)) if user_id in known]
    present = members(call.store, workspace["id"])
    if not ids:
        return json_answer({"success": False, "error": "No valid user IDs provided.", "users": present}, 404)
    with contextlib.suppress(DatabaseError):
        if call.body.get("reset"):
            await _replace(call, workspace["id"], ids)
        else:
            _add(
                call.store,
                workspace["id"],
                [user_id for user_id in ids if user_id not in {row["userId"] for row in present}],
            )
    return json_answer({"success": True, "error": None, "users": members(call.store, workspace["id"])})


def _user_id(value: Json) -> float:
    return js.whole(js.number(value))


async def _replace(call: Call, workspace_id: int, user_ids: list[float]) -> None:
    """Two steps without one transaction, as in the real one: whatever ends it in between leaves no members at all."""
    call.store.write("workspace_users.deleteMany", "DELETE FROM workspace_users WHERE workspace_id = ?", workspace_id)
    await asyncio.sleep(call.app.config.between)
    _add(call.store, workspace_id, user_ids)


def _add(store: Store, workspace_id: int, user_ids: list[float]) -> None:
    """All or none. Duplicates make duplicate rows."""
    store.check_writable("workspace_users.create")
    store.connection.execute("BEGIN")
    try:
        for user_id in user_ids:
            store.insert(
                "workspace_users.create",
                "workspace_users",
                {"user_id": user_id, "workspace_id": workspace_id, **stamps()},
            )
    except DatabaseError:
        store.connection.execute("ROLLBACK")
        raise
    store.connection.execute("COMMIT")
