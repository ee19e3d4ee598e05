"""What only a stand-in has: /sandbox/state, /sandbox/faults, /sandbox/config, /sandbox/reset. Served to this machine only."""

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from dashboard.sandbox.config import Config, PasswordRules
from dashboard.sandbox.faults import Fault
from dashboard.sandbox.http import json_answer
from dashboard.sandbox.js import Json

if TYPE_CHECKING:
    from dashboard.sandbox.app import StandIn

_TABLES = ("users", "invites", "workspaces", "workspace_users", "threads", "chats", "files", "workspace_documents")


@dataclass
class Seen:
    """One line of the request log."""

    method: str
    path: str
    status: int | None = None
    faults: list[str] = field(default_factory=list)


async def answer(app: "StandIn", request: Request) -> Response:
    """Answer a request below /sandbox/."""
    if not request.client or request.client.host not in ("127.0.0.1", "::1"):
        return json_answer({"error": "only from this machine"}, 403)
    try:
        body = await request.json() if await request.body() else {}
        return _answer(app, request.method, request.url.path.removeprefix("/sandbox/"), body)
    except (ValueError, TypeError, AttributeError) as error:
        return json_answer({"error": str(error)}, 400)


def _answer(app: "StandIn", method: str, name: str, body: Json) -> Response:
    match method, name:
        case "GET", "state":
            return json_answer(_state(app))
        case "POST", "faults":
            app.faults.append(Fault(**body))
        case "DELETE", "faults":
            app.faults.clear()
        case "POST", "config":
            if "passwords" in body:
                body["passwords"] = PasswordRules(**body["passwords"])
            if "as_version" in body:
                body["as_version"] = tuple(body["as_version"])
            app.config.change(**body)
        case "POST", "lock":
            app.store.lock = body.get("lock", "")
        case "POST", "reset":
            app.faults.clear()
            app.requests.clear()
            app.config = Config(**vars(app.initial_config))
            app.store.lock = ""
            app.store.go_back()
        case _:
            return json_answer({"error": f"no {method} /sandbox/{name}"}, 404)
    return json_answer({"done": True})


def _state(app: "StandIn") -> Json:
    """`writes` counts requests that are not reads; `changes` counts rows that were ever written."""
    seen = app.requests
    return {
        "counts": {table: app.store.count(table) for table in _TABLES},
        "writes": sum(request.method not in ("GET", "HEAD", "OPTIONS") for request in seen),
        "changes": app.store.connection.total_changes,
        "requests": [dataclasses.asdict(request) for request in seen],
        "faults": [dataclasses.asdict(fault) for fault in app.faults],
        "config": {**dataclasses.asdict(app.config), "api_key": None},
    }
