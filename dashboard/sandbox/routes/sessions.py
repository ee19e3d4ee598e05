"""The few routes of AnythingLLM's own pages that matter to an administrator: they take a session token, not the API key."""

from starlette.responses import Response

from dashboard.sandbox.http import Call, Endpoints, bare, index_page, json_answer, send_status, session
from dashboard.sandbox.routes import invites, users, workspaces
from dashboard.sandbox.store import Row, new_code, stamps

endpoints = Endpoints()

admin = session("admin")
staff = session("admin", "manager")
anybody = session()


@endpoints.add("GET", "/system/check-token", anybody)
def check_token(call: Call) -> Response:
    return send_status(200)


@endpoints.add("POST", "/system/enable-multi-user", admin)
def enable_multi_user(call: Call) -> Response:
    """Makes the first admin. There is no way back."""
    if not call.single_user:
        return json_answer({"success": False, "error": "Multi-user mode is already enabled."})
    fields = {key: value for key, value in call.body.items() if key in ("username", "password")}
    user, error = users.create(call.store, call.app.config, {**fields, "role": "admin"})
    if error or not user:
        return json_answer({"success": False, "error": error}, 400)
    call.app.config.single_user = False
    return json_answer({"success": True, "error": None})


@endpoints.add("GET", "/workspaces", anybody)
def own_workspaces(call: Call) -> Response:
    """All for admins and managers, their own for everybody else."""
    rows = call.store.all("SELECT * FROM workspaces ORDER BY id")
    if call.user and call.user["role"] == "default":
        joined = call.store.all(
            "SELECT DISTINCT workspace_id AS id FROM workspace_users WHERE user_id = ?", call.user["id"]
        )
        ids = {row["id"] for row in joined}
        rows = [row for row in rows if row["id"] in ids]
    return json_answer({"workspaces": [workspaces.shown(row) for row in rows]})


@endpoints.add("GET", "/system/api-keys", anybody)
@endpoints.add("GET", "/system/local-files", staff)
@endpoints.add("GET", "/system/system-vectors", staff)
@endpoints.add("GET", "/admin/system-preferences", staff)
@endpoints.add("GET", "/workspace/{slug}", anybody)
@endpoints.add("GET", "/workspace/{slug}/chats", anybody)
@endpoints.add("GET", "/workspace/{slug}/threads", anybody)
def behind_the_door(call: Call) -> Response:
    """Of these only the door is played: who has no session is refused."""
    return index_page()


@endpoints.add("GET", "/admin/users", staff)
def all_users(call: Call) -> Response:
    return users.admin_user_list(call)


@endpoints.add("GET", "/admin/invites", staff)
def all_invites(call: Call) -> Response:
    return invites.invite_list(call)


@endpoints.add("GET", "/admin/workspaces", staff)
def all_workspaces(call: Call) -> Response:
    """With the members' ids, which the developer API gives only workspace by workspace."""
    members: dict[int, list[int]] = {}
    for row in call.store.all("SELECT workspace_id, user_id FROM workspace_users ORDER BY id"):
        members.setdefault(row["workspace_id"], []).append(row["user_id"])
    rows = call.store.all("SELECT * FROM workspaces ORDER BY id")
    return json_answer(
        {"workspaces": [{**workspaces.shown(row), "userIds": members.get(row["id"], [])} for row in rows]}
    )


@endpoints.add("GET", "/admin/api-keys", admin)
def api_keys(call: Call) -> Response:
    """In clear text, like the real one."""
    keys = call.store.all("SELECT * FROM api_keys ORDER BY id")
    for key in keys:
        maker = key["createdBy"] and call.store.one(
            "SELECT id, username, role FROM users WHERE id = ?", key["createdBy"]
        )
        key["createdBy"] = maker
    return json_answer({"apiKeys": keys, "error": None})


@endpoints.add("POST", "/admin/generate-api-key", admin)
@endpoints.add("POST", "/system/generate-api-key", admin)
def new_api_key(call: Call) -> Response:
    values: Row = {
        "name": call.body.get("name"),
        "secret": new_code(),
        "createdBy": call.user["id"] if call.user else None,
        **stamps(),
    }
    key_id = call.store.insert("api_keys.create", "api_keys", values)
    return json_answer({"apiKey": call.store.one("SELECT * FROM api_keys WHERE id = ?", key_id), "error": None})


@endpoints.add("DELETE", "/admin/delete-api-key/{id}", admin)
@endpoints.add("DELETE", "/system/api-key/{id}", admin)
def delete_api_key(call: Call) -> Response:
    call.store.write("api_keys.deleteMany", "DELETE FROM api_keys WHERE id = ?", call.params["id"])
    return bare(200)
