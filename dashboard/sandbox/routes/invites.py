"""Invites: /v1/admin/invite*, and the public page's calls /invite/:code."""

import contextlib
import json
import math

from starlette.responses import Response

from dashboard.sandbox import js
from dashboard.sandbox.http import Call, Endpoints, api_key, credentials_allowed, json_answer, multi_user
from dashboard.sandbox.routes import users
from dashboard.sandbox.store import DatabaseError, Row, Store, new_code, stamps

endpoints = Endpoints()

COLUMNS = "id, code, status, claimedBy, workspaceIds, createdAt, createdBy, lastUpdatedAt"


@endpoints.add("GET", "/v1/admin/invites", api_key, multi_user)
def invite_list(call: Call) -> Response:
    names = {row["id"]: row["username"] for row in call.store.all("SELECT id, username FROM users")}
    invites = call.store.all(f"SELECT {COLUMNS} FROM invites ORDER BY id")  # noqa: S608
    for invite in invites:
        for key in ("claimedBy", "createdBy"):
            # An id becomes the user; {} when that user was deleted. 0 is "by API key".
            if invite[key]:
                invite[key] = {"id": invite[key], "username": names[invite[key]]} if invite[key] in names else {}
    return json_answer({"invites": invites})


@endpoints.add("POST", "/v1/admin/invite/new", api_key, multi_user)
def invite_new(call: Call) -> Response:
    wanted = call.body.get("workspaceIds")
    try:
        values = {"code": new_code(), "workspaceIds": "[]" if wanted is None else js.stringify(wanted), **stamps()}
        new_id = call.store.insert("invites.create", "invites", values)
    except DatabaseError as error:
        return json_answer({"invite": None, "error": str(error)})
    return json_answer({"invite": call.store.one(f"SELECT {COLUMNS} FROM invites WHERE id = ?", new_id), "error": None})  # noqa: S608


@endpoints.add("DELETE", "/v1/admin/invite/{id}", api_key, multi_user)
def invite_disable(call: Call) -> Response:
    invite_id = js.number(call.params["id"])
    if math.isnan(invite_id):
        return json_answer({"success": False, "error": "Invalid invite id"}, 400)
    found = call.store.one("SELECT id FROM invites WHERE id = ?", js.whole(invite_id))
    if found:
        with contextlib.suppress(DatabaseError):
            call.store.update("invites.update", "invites", found["id"], {"status": "disabled"})
            return json_answer({"success": True, "error": None})
    return json_answer({"success": False, "error": "Invite not found or already disabled"}, 404)


@endpoints.add("GET", "/invite/{code}")
def invite_read(call: Call) -> Response:
    invite = _by_code(call)
    if not invite:
        return json_answer({"invite": None, "error": "Invite not found."})
    if invite["status"] != "pending":
        return json_answer({"invite": None, "error": "Invite is no longer valid."})
    return json_answer({"invite": {"code": invite["code"], "status": invite["status"]}, "error": None})


@endpoints.add("POST", "/invite/{code}", credentials_allowed)
def invite_accept(call: Call) -> Response:
    """`role` and everything else in the body is ignored."""
    invite = _by_code(call)
    if not invite or invite["status"] != "pending":
        return json_answer({"success": False, "error": "Invite not found or is invalid."})
    wanted: Row = {key: call.body[key] for key in ("username", "password") if key in call.body}
    user, error = users.create(call.store, call.app.config, wanted)
    if not user:
        told = error if call.app.config.since("1.10.0") else "Could not create user."
        return json_answer({"success": False, "error": told})
    with contextlib.suppress(DatabaseError):
        call.store.update("invites.update", "invites", invite["id"], {"status": "claimed", "claimedBy": user["id"]})
        _join(call.store, user["id"], json.loads(invite["workspaceIds"] or "[]"))
    return json_answer({"success": True, "error": None})


def _by_code(call: Call) -> Row | None:
    return call.store.one("SELECT * FROM invites WHERE code = ?", call.params["code"])


def _join(store: Store, user_id: int, workspace_ids: js.Json) -> None:
    """Ids that are not (or no longer) workspaces are dropped; what is not a list fails silently."""
    if not isinstance(workspace_ids, list):
        return
    for wanted in workspace_ids:
        workspace_id = js.number(wanted)
        if not math.isnan(workspace_id) and store.one("SELECT id FROM workspaces WHERE id = ?", int(workspace_id)):
            store.insert(
                "workspace_users.create",
                "workspace_users",
                {"user_id": user_id, "workspace_id": int(workspace_id), **stamps()},
            )
