"""What only a stand-in has: /sandbox/state, /sandbox/rows, /sandbox/faults, /sandbox/config, /sandbox/reset. Served to this machine only."""

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
# What an instance holds, as far as anybody could lose or double it.
_ROWS = {
    "users": "SELECT id, username, role, suspended, dailyMessageLimit, bio FROM users",
    "workspaces": """SELECT id, name, slug, openAiTemp, openAiHistory, openAiPrompt, similarityThreshold, chatProvider, chatModel, topN, chatMode,
        agentProvider, agentModel, queryRefusalResponse, vectorSearchMode FROM workspaces""",
    "members": """SELECT w.name AS workspace, u.username FROM workspace_users m JOIN workspaces w ON w.id = m.workspace_id
        JOIN users u ON u.id = m.user_id""",
    "threads": """SELECT w.name AS workspace, u.username, t.name FROM threads t JOIN workspaces w ON w.id = t.workspace_id
        LEFT JOIN users u ON u.id = t.user_id""",
    "chats": """SELECT w.name AS workspace, u.username, t.name AS thread, c.prompt FROM chats c LEFT JOIN workspaces w ON w.id = c.workspaceId
        LEFT JOIN users u ON u.id = c.user_id LEFT JOIN threads t ON t.id = c.thread_id""",
    "invites": "SELECT i.status, u.username AS claimed_by, i.workspaceIds FROM invites i LEFT JOIN users u ON u.id = i.claimedBy",
    "folders": "SELECT name FROM folders",
    "files": "SELECT folder, name FROM files",
    "embedded": """SELECT w.name AS workspace, d.docpath, d.pinned FROM workspace_documents d JOIN workspaces w ON w.id = d.workspaceId""",
}


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
        case "GET", "rows":
            return json_answer({what: app.store.on_disk.all(sql) for what, sql in _ROWS.items()})
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
            app.hotdir.clear()
            app.config = Config(**vars(app.initial_config))
            app.store.lock = ""
            app.store.go_back()
        case _:
            return json_answer({"error": f"no {method} /sandbox/{name}"}, 404)
    return json_answer({"done": True})


def _state(app: "StandIn") -> Json:
    """`writes` counts requests that are not reads; `changes` rows that were ever written; `hotdir` names the files being read."""
    seen = app.requests
    return {
        "counts": {table: app.store.count(table) for table in _TABLES},
        "writes": sum(request.method not in ("GET", "HEAD", "OPTIONS") for request in seen),
        "changes": app.store.connection.total_changes,
        "requests": [dataclasses.asdict(request) for request in seen],
        "hotdir": sorted(app.hotdir),
        "faults": [dataclasses.asdict(fault) for fault in app.faults],
        "config": {**dataclasses.asdict(app.config), "api_key": None},
    }
