"""Workspaces: list, read, make, change, delete."""

import contextlib
import secrets
from collections.abc import Callable

from starlette.responses import Response

from dashboard.sandbox import js
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, json_answer, send_status
from dashboard.sandbox.js import Json
from dashboard.sandbox.store import SYSTEM_PROMPT, DatabaseError, Row, Store, new_uuid, stamps

endpoints = Endpoints()

_TEXTS = (
    "openAiPrompt",
    "chatProvider",
    "chatModel",
    "agentProvider",
    "agentModel",
    "queryRefusalResponse",
    "pfpFilename",
)
_WRITABLE = {
    *_TEXTS,
    "name",
    "openAiTemp",
    "openAiHistory",
    "similarityThreshold",
    "topN",
    "chatMode",
    "vectorSearchMode",
    "router_id",
    "lastUpdatedAt",
}


def by_slug(store: Store, slug: str) -> Row | None:
    row = store.one("SELECT * FROM workspaces WHERE slug = ?", slug)
    return shown(row) if row else None


def shown(row: Row) -> Row:
    """A workspace as the API shows it: whole numbers without a point."""
    for key in ("openAiTemp", "similarityThreshold"):
        if row[key] is not None:
            row[key] = js.whole(row[key])
    return row


@endpoints.add("GET", "/v1/workspaces", api_key)
def workspace_list(call: Call) -> Response:
    """With everybody's threads, without documents."""
    threads: dict[int, list[Row]] = {}
    for row in call.store.all("SELECT workspace_id, user_id, slug, name FROM threads ORDER BY id"):
        threads.setdefault(row.pop("workspace_id"), []).append(row)
    rows = call.store.all("SELECT * FROM workspaces ORDER BY id")
    return json_answer({"workspaces": [{**shown(row), "threads": threads.get(row["id"], [])} for row in rows]})


@endpoints.add("GET", "/v1/workspace/{slug}", api_key)
def workspace_read(call: Call) -> Response:
    """A list of one, or of none."""
    workspace = by_slug(call.store, call.params["slug"])
    if not workspace:
        return json_answer({"workspace": []})
    threads = call.store.all("SELECT user_id, slug FROM threads WHERE workspace_id = ? ORDER BY id", workspace["id"])
    return json_answer(
        {"workspace": [{**workspace, "documents": documents_of(call.store, workspace["id"]), "threads": threads}]}
    )


def documents_of(store: Store, workspace_id: int) -> list[Row]:
    rows = store.all("SELECT * FROM workspace_documents WHERE workspaceId = ? ORDER BY id", workspace_id)
    return [{**row, "pinned": bool(row["pinned"]), "watched": bool(row["watched"])} for row in rows]


@endpoints.add("POST", "/v1/workspace/new", api_key)
def workspace_new(call: Call) -> Response:
    name = call.body.get("name")
    if not js.truthy(name):
        return json_answer({"workspace": None, "message": "name cannot be null"}, 400)
    if not isinstance(name, str):
        raise ThrownError("slugify: string argument expected")
    mode = "automatic" if call.app.config.since("1.12.0") else "chat"
    values = {
        "openAiPrompt": SYSTEM_PROMPT,
        "chatMode": mode,
        **_values({key: value for key, value in call.body.items() if key in _WRITABLE}),
        **stamps(),
    }
    values |= {"name": name[:255], "slug": _free_slug(call.store, name)}
    try:
        new_id = call.store.insert("workspaces.create", "workspaces", values)
    except DatabaseError as error:
        return json_answer({"workspace": None, "message": str(error)}, 400)
    row = call.store.one("SELECT * FROM workspaces WHERE id = ?", new_id)
    return json_answer({"workspace": shown(row) if row else None, "message": None})


@endpoints.add("POST", "/v1/workspace/{slug}/update", api_key)
def workspace_update(call: Call) -> Response:
    workspace = by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    values = _values({key: value for key, value in call.body.items() if key in _WRITABLE})
    if not values:
        # A stub with only the id, and a sentence that sounds like success.
        return json_answer({"workspace": {"id": workspace["id"]}, "message": "No valid fields to update!"})
    try:
        call.store.update("workspaces.update", "workspaces", workspace["id"], values)
    except DatabaseError as error:
        return json_answer({"workspace": None, "message": str(error)}, 500)
    return json_answer({"workspace": by_slug(call.store, workspace["slug"]), "message": None})


@endpoints.add("DELETE", "/v1/workspace/{slug}", api_key)
def workspace_delete(call: Call) -> Response:
    if call.app.config.deletion_protection and call.app.config.since("1.13.0"):
        return json_answer(
            {"success": False, "error": "Workspace deletion is blocked by the system administrator."}, 403
        )
    workspace = by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    with contextlib.suppress(DatabaseError):
        call.store.write("workspace_chats.deleteMany", "DELETE FROM chats WHERE workspaceId = ?", workspace["id"])
        call.store.write("workspaces.deleteMany", "DELETE FROM workspaces WHERE id = ?", workspace["id"])
    return send_status(200)


def _free_slug(store: Store, name: str) -> str:
    slug = js.slugify(name) or new_uuid()
    if store.one("SELECT id FROM workspaces WHERE slug = ?", slug):
        return f"{slug}-{10_000_000 + secrets.randbelow(90_000_000)}"
    return slug


def _values(given: Row) -> Row:
    """Nothing is ever rejected, everything is bent into something valid."""
    values: Row = {key: _CASTS.get(key, _text_or_none)(value) for key, value in given.items()}
    if values.get("chatProvider") == "default":
        values |= {"chatProvider": None, "chatModel": None}
    return values


def _text_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _name(value: Json) -> str:
    return value[:255] if isinstance(value, str) and value else "My Workspace"


def _temperature(value: Json) -> float | None:
    number = js.parse_float(value)
    return None if number is None or number < 0 else number


def _history(value: Json) -> int:
    number = js.parse_int(value)
    return 20 if number is None else max(0, number)


def _top_n(value: Json) -> int:
    number = js.parse_int(value)
    return 4 if number is None else max(1, number)


def _threshold(value: Json) -> float:
    number = js.parse_float(value)
    return 0.25 if number is None else min(1.0, max(0.0, number))


_CASTS: dict[str, Callable[[Json], Json]] = {
    "name": _name,
    "openAiTemp": _temperature,
    "openAiHistory": _history,
    "topN": _top_n,
    "similarityThreshold": _threshold,
    "chatMode": lambda value: value if value in ("chat", "query", "automatic") else "automatic",
    "vectorSearchMode": lambda value: value if value in ("default", "rerank") else "default",
    "router_id": lambda value: int(value) if isinstance(value, int) else None,
}
