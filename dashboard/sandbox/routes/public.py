"""What everybody may ask, without a key."""

import base64
import shutil
import time

from starlette.responses import Response

from dashboard.sandbox import passwords
from dashboard.sandbox.http import PIXEL, Call, Endpoints, ThrownError, json_answer, send_status
from dashboard.sandbox.routes.users import PUBLIC_COLUMNS, public_user
from dashboard.sandbox.settings import all_settings
from dashboard.sandbox.store import Row, new_uuid

endpoints = Endpoints()


@endpoints.add("GET", "/ping")
def ping(call: Call) -> Response:
    return json_answer({"online": True})


@endpoints.add("GET", "/onboarding")
def onboarding(call: Call) -> Response:
    return json_answer({"onboardingComplete": True})


@endpoints.add("GET", "/setup-complete")
def setup_complete(call: Call) -> Response:
    return json_answer({"results": all_settings(call.store, call.app.config)})


@endpoints.add("GET", "/system/multi-user-mode")
def multi_user_mode(call: Call) -> Response:
    return json_answer({"multiUserMode": not call.single_user})


@endpoints.add("GET", "/system/custom-app-name")
def custom_app_name(call: Call) -> Response:
    row = call.store.one("SELECT value FROM settings WHERE label = 'custom_app_name'")
    return json_answer({"customAppName": row["value"] if row else None})


@endpoints.add("GET", "/system/is-default-logo")
def is_default_logo(call: Call) -> Response:
    return json_answer({"isDefaultLogo": True})


@endpoints.add("GET", "/system/logo")
def logo(call: Call) -> Response:
    return Response(base64.b64decode(PIXEL), media_type="image/png")


@endpoints.add("GET", "/utils/metrics")
def metrics(call: Call) -> Response:
    disk = shutil.disk_usage("/")
    storage = {"current": disk.used // 2**30, "capacity": disk.total // 2**30}
    mode = "single-user" if call.single_user else "multi-user"
    told: Row = {"online": True, "version": "--", "mode": mode, "vectorDB": "lancedb", "storage": storage}
    if call.app.config.since("1.8.5"):
        config = call.app.config
        told["appVersion"] = ".".join(map(str, config.as_version)) if config.tells_version else None
    return json_answer(told)


@endpoints.add("GET", "/migrate")
@endpoints.add("GET", "/env-dump")
@endpoints.add("GET", "/v1/system/env-dump")
def env_dump(call: Call) -> Response:
    """No key asked. The real one rewrites its .env."""
    return send_status(200)


@endpoints.add("POST", "/request-token")
def request_token(call: Call) -> Response:
    """Sign in by password. Refusals are 200; the first success hands out recovery codes, once."""
    if call.single_user:
        raise ThrownError("no password is set")
    if call.app.config.sso_no_login and call.app.config.since("1.8.3"):
        return _refused("[005] Login via credentials has been disabled by the administrator.", 403)
    row = call.store.one("SELECT * FROM users WHERE username = ?", str(call.body.get("username")))
    if not row:
        return _refused("[001] Invalid login credentials.")
    if not passwords.matches(str(call.body.get("password")), row["password"]):
        return _refused("[002] Invalid login credentials.")
    if row["suspended"]:
        return _refused("[004] Account suspended by admin.")
    answer = _signed_in(call, row["id"])
    if not row["seen_recovery_codes"]:
        answer["recoveryCodes"] = [new_uuid() for _ in range(4)]
        call.store.update("users.update", "users", row["id"], {"seen_recovery_codes": 1})
    return json_answer(answer)


def _refused(message: str, status: int = 200) -> Response:
    return json_answer({"user": None, "valid": False, "token": None, "message": message}, status)


@endpoints.add("GET", "/request-token/sso/simple", since="1.3.0")
def redeem_login_token(call: Call) -> Response:
    """Single use, whatever comes of it."""
    token = call.query.get("token", "")
    row = call.store.one(
        "SELECT userId, expiresAt, suspended FROM login_tokens JOIN users ON users.id = userId WHERE token = ?", token
    )
    problem = None
    if not row:
        problem = "Invalid token."
    else:
        call.store.write("temporary_auth_tokens.delete", "DELETE FROM login_tokens WHERE token = ?", token)
        if row["expiresAt"] < time.time():
            problem = "Token expired."
        elif row["suspended"]:
            problem = "User account suspended."
    if problem or not row:
        message = f"[001] An error occurred while validating the token: {problem}"
        return json_answer({"valid": False, "token": None, "message": message}, 401)
    return json_answer(_signed_in(call, row["userId"]))


def _signed_in(call: Call, user_id: int) -> Row:
    row = call.store.one(f"SELECT {PUBLIC_COLUMNS} FROM users WHERE id = ?", user_id)  # noqa: S608
    if not row:
        raise ThrownError("user is gone")
    token = passwords.session_token(row["id"], row["username"], call.app.session_secret)
    return {"valid": True, "user": public_user(row), "token": token, "message": None}
