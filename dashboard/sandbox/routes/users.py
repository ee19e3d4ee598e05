"""Users: /v1/admin/users, /v1/users, login tokens."""

import contextlib
import math
import re
import secrets
import time
from collections.abc import Callable

from starlette.responses import Response

from dashboard.sandbox import js, passwords
from dashboard.sandbox.config import Config
from dashboard.sandbox.http import (
    Call,
    Endpoints,
    ThrownError,
    api_key,
    json_answer,
    multi_user,
    multi_user_in_words,
    simple_sso,
)
from dashboard.sandbox.js import Json
from dashboard.sandbox.store import DatabaseError, Row, Store, stamps

endpoints = Endpoints()

PUBLIC_COLUMNS = (
    "id, username, pfpFilename, role, suspended, seen_recovery_codes, createdAt, lastUpdatedAt, dailyMessageLimit, bio"
)
_TOKEN_SECONDS = 6 * 60
_ROLES = ("default", "admin", "manager")


class InvalidError(Exception):
    """A value the instance refuses, in its words."""


def public_user(row: Row) -> Row:
    """A row of PUBLIC_COLUMNS as the API shows it: `suspended` stays a number, `seen_recovery_codes` is a boolean."""
    row["seen_recovery_codes"] = bool(row["seen_recovery_codes"])
    return row


@endpoints.add("GET", "/v1/auth", api_key)
def authenticated(call: Call) -> Response:
    return json_answer({"authenticated": True})


@endpoints.add("GET", "/v1/admin/is-multi-user-mode", api_key)
def is_multi_user(call: Call) -> Response:
    return json_answer({"isMultiUser": not call.single_user})


@endpoints.add("GET", "/v1/admin/users", api_key, multi_user)
def admin_user_list(call: Call) -> Response:
    rows = call.store.all(f"SELECT {PUBLIC_COLUMNS} FROM users ORDER BY id")  # noqa: S608
    return json_answer({"users": [public_user(row) for row in rows]})


@endpoints.add("GET", "/v1/users", api_key, multi_user_in_words)
def user_list(call: Call) -> Response:
    return json_answer({"users": call.store.all("SELECT id, username, role FROM users ORDER BY id")})


@endpoints.add("POST", "/v1/admin/users/new", api_key, multi_user)
def user_new(call: Call) -> Response:
    user, error = create(call.store, call.app.config, call.body)
    return json_answer({"user": user, "error": error}, 400 if error else 200)


@endpoints.add("POST", "/v1/admin/users/{id}", api_key, multi_user)
def user_update(call: Call) -> Response:
    given = call.params["id"]
    user = call.store.one("SELECT * FROM users WHERE id = ?", js.whole(js.number(given)))
    if "role" in call.body:
        if not user:
            raise ThrownError("Cannot read properties of null (reading 'role')")
        is_last_admin = user["role"] == "admin" and call.store.count("users", "role = 'admin'") == 1
        if is_last_admin and call.body["role"] != "admin":
            return json_answer(
                {"success": False, "error": "No system admins will remain if you do this. Update failed."}
            )
    user_id = js.parse_int(given)
    if user_id is None:
        text = "\nInvalid `prisma.users.findUnique()` invocation:\n\n{\n  where: {\n+   id: Int\n  }\n}\n\nArgument `id` is missing."
        return json_answer({"success": False, "error": text})
    error = update(call.store, call.app.config, user_id, call.body)
    return json_answer({"success": error is None, "error": error})


@endpoints.add("DELETE", "/v1/admin/users/{id}", api_key, multi_user)
def user_delete(call: Call) -> Response:
    user = call.store.one("SELECT id FROM users WHERE id = ?", js.whole(js.number(call.params["id"])))
    if not user:
        raise ThrownError("Cannot read properties of null (reading 'username')")
    # User.delete swallows it: success although nothing was deleted.
    with contextlib.suppress(DatabaseError):
        call.store.write("users.deleteMany", "DELETE FROM users WHERE id = ?", user["id"])
    return json_answer({"success": True, "error": None})


@endpoints.add("GET", "/v1/users/{id}/issue-auth-token", api_key, simple_sso, since="1.3.0")
def issue_token(call: Call) -> Response:
    user_id = js.parse_int(call.params["id"])
    user = user_id and call.store.one("SELECT id FROM users WHERE id = ?", user_id)
    if not user:
        return json_answer({"error": "User not found"}, 404)
    groups = ["".join(secrets.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(7)) for _ in range(4)]
    token = "allm-tat-" + "-".join(groups)
    try:
        call.store.write("temporary_auth_tokens.deleteMany", "DELETE FROM login_tokens WHERE userId = ?", user["id"])
        values = {"token": token, "userId": user["id"], "expiresAt": time.time() + _TOKEN_SECONDS}
        call.store.insert("temporary_auth_tokens.create", "login_tokens", values)
    except DatabaseError as error:
        return json_answer({"error": str(error)}, 500)
    return json_answer({"token": token, "loginPath": f"/sso/simple?token={token}"})


def create(store: Store, config: Config, fields: Row) -> tuple[Row | None, str | None]:
    """Make a user; (user, None) or (None, the instance's words). One problem is told: password first, then name, role, limit, bio."""
    error = passwords.complaint(fields.get("password", ""), config.passwords)
    if error:
        return None, error
    try:
        values = {
            "username": valid_username(fields.get("username", ""), config),
            "role": _valid_role(fields.get("role", "default")),
            "dailyMessageLimit": _valid_limit(fields.get("dailyMessageLimit")),
            "bio": _valid_bio(fields.get("bio", "")),
        }
        if store.one("SELECT id FROM users WHERE username = ?", values["username"]):
            return None, "A user with that username already exists"
        store.check_writable("users.create")
        new_id = store.insert(
            "users.create", "users", {**values, "password": passwords.hashed(fields["password"]), **stamps()}
        )
    except (InvalidError, DatabaseError) as problem:
        return None, str(problem)
    row = store.one(f"SELECT {PUBLIC_COLUMNS} FROM users WHERE id = ?", new_id)  # noqa: S608
    return (public_user(row) if row else None), None


def update(store: Store, config: Config, user_id: int, fields: Row) -> str | None:
    """Change a user; None or the instance's words. All or nothing."""
    user = store.one("SELECT * FROM users WHERE id = ?", user_id)
    if not user:
        return "User not found"
    values: Row = {}
    try:
        for name, value in fields.items():
            if name == "username" and js.string(value) == user["username"]:
                continue
            if name in _CHANGES:
                values[name] = _CHANGES[name](value, config)
        if not values:
            return "No valid updates applied."
        if "password" in values:
            error = passwords.complaint(values["password"], config.passwords)
            if error:
                return error
            values["password"] = passwords.hashed(values["password"])
        if "username" in values and store.one("SELECT id FROM users WHERE username = ?", values["username"]):
            return "A user with that username already exists"
        store.update("users.update", "users", user_id, values)
    except (InvalidError, DatabaseError) as problem:
        return str(problem)
    return None


def valid_username(value: Json, config: Config) -> str:
    """The name as text (null is "null"). Raises InvalidError; the rules depend on the version."""
    name = js.string(value)
    longest = 64 if config.since("1.16.0") else 32 if config.since("1.11.0") else 100
    if len(name) > longest:
        raise InvalidError(f"Username cannot be longer than {longest} characters")
    if len(name) < 2:
        raise InvalidError("Username must be at least 2 characters")
    if config.since("1.11.0"):
        pattern = r"[a-z][a-z0-9._@-]*"
        words = "Username must start with a lowercase letter and only contain lowercase letters, numbers, underscores, hyphens, and periods"
    elif config.since("1.9.1"):
        pattern = r"[a-zA-Z0-9._%+-@]+"  # "+-@" is a range there, too
        words = "Username must only contain letters, numbers, underscores, hyphens, and periods with no spaces"
    else:
        pattern = r"[a-z0-9_.-]+" if config.since("1.8.0") else r"[a-z0-9_-]+"
        words = "Username must only contain lowercase letters, numbers, underscores, and hyphens with no spaces"
    if not re.fullmatch(pattern, name):
        raise InvalidError(words)
    return name


def _valid_role(value: Json) -> str:
    if value not in _ROLES:
        raise InvalidError("Invalid role. Allowed roles are: default, admin, manager")
    return str(value)


def _valid_limit(value: Json) -> int | None:
    if value is None:
        return None
    limit = js.number(value)
    if math.isnan(limit) or limit < 1:
        raise InvalidError("Daily message limit must be null or a number greater than or equal to 1")
    return int(limit)


def _valid_bio(value: Json) -> str:
    bio = value if isinstance(value, str) else ""
    if len(bio) > 1000:
        raise InvalidError("Bio cannot be longer than 1,000 characters")
    return bio


# Updates are cast to text before they are checked, so null becomes "null" and every string suspends.
_CHANGES: dict[str, Callable[[Json, Config], Json]] = {
    "username": valid_username,
    "password": lambda value, _: js.string(value),
    "pfpFilename": lambda value, _: js.string(value),
    "role": lambda value, _: _valid_role(js.string(value)),
    "suspended": lambda value, _: int(js.truthy(value)),
    "dailyMessageLimit": lambda value, _: _valid_limit(value),
    "bio": lambda value, _: _valid_bio(js.string(value)),
}
