"""Embed widgets: chat windows on other people's pages."""

import math
from collections.abc import AsyncIterator

from starlette.responses import Response

from dashboard.sandbox import js
from dashboard.sandbox.chat import ChatError, Question, RefusedError, abort
from dashboard.sandbox.http import Call, Endpoints, api_key, json_answer
from dashboard.sandbox.js import Json
from dashboard.sandbox.model import ModelError, Reply
from dashboard.sandbox.routes import workspaces
from dashboard.sandbox.routes.chats import streamed
from dashboard.sandbox.store import DatabaseError, Row, new_uuid, now

endpoints = Endpoints()

_FLAGS = ("enabled", "allow_model_override", "allow_temperature_override", "allow_prompt_override")
_LIMITS = ("max_chats_per_day", "max_chats_per_session", "message_limit")
_WRITABLE = (*_FLAGS, *_LIMITS, "chat_mode", "allowlist_domains", "workspace_id")


@endpoints.add("GET", "/v1/embed", api_key)
def embed_list(call: Call) -> Response:
    rows = call.store.all("SELECT id, uuid, enabled, chat_mode, createdAt, workspace_id FROM embeds ORDER BY id")
    for row in rows:
        row["enabled"] = bool(row["enabled"])
        row["workspace"] = call.store.one("SELECT id, name FROM workspaces WHERE id = ?", row.pop("workspace_id"))
        row["chat_count"] = call.store.count("embed_chats", "embed_id = ?", row["id"])
    return json_answer({"embeds": rows})


@endpoints.add("POST", "/v1/embed/new", api_key, since="1.7.5")
def embed_new(call: Call) -> Response:
    slug = call.body.get("workspace_slug")
    if not js.truthy(slug):
        return json_answer({"error": "Workspace slug is required"}, 400)
    workspace = workspaces.by_slug(call.store, js.string(slug))
    if not workspace:
        return json_answer({"error": "Workspace not found"}, 404)
    values = {name: _cast(name, call.body.get(name)) for name in _WRITABLE}
    values |= {"uuid": new_uuid(), "enabled": 1, "workspace_id": workspace["id"], "createdAt": now()}
    try:
        embed_id = call.store.insert("embed_configs.create", "embeds", values)
    except DatabaseError as error:
        return json_answer({"embed": None, "error": str(error)}, 500)
    row = call.store.one("SELECT * FROM embeds WHERE id = ?", embed_id) or {}
    return json_answer({"embed": {**row, **{name: bool(row[name]) for name in _FLAGS}}, "error": None})


def _cast(name: str, value: Json) -> Json:
    """Not a boolean is false, not a positive number is null, and a list of domains is null: anybody may embed."""
    if name in _FLAGS:
        return int(value is True)
    if name in _LIMITS:
        number = js.number(value) if value is not None else math.nan
        return None if math.isnan(number) or number <= 0 else int(number)
    if name == "chat_mode":
        return value if value in ("chat", "query") else "query"
    if name == "allowlist_domains":
        return _domains(value) if isinstance(value, str) and value else None
    return int(js.number(value)) if not math.isnan(js.number(value)) else 0


def _domains(text: str) -> str | None:
    names = [name.strip() for name in text.split(",") if name.strip()]
    return js.stringify([name if "://" in name else f"https://{name}" for name in names]) if names else None


@endpoints.add("POST", "/v1/embed/{uuid}", api_key, since="1.7.5")
def embed_update(call: Call) -> Response:
    embed = _embed(call)
    if not embed:
        return json_answer({"error": "Embed not found"}, 404)
    values = {name: _cast(name, value) for name, value in call.body.items() if name in _WRITABLE}
    if not values:
        return json_answer({})
    try:
        call.store.update("embed_configs.update", "embeds", embed["id"], values)
    except DatabaseError as error:
        return json_answer({"success": False, "error": str(error)})
    return json_answer({"success": True, "error": None})


@endpoints.add("DELETE", "/v1/embed/{uuid}", api_key, since="1.7.5")
def embed_delete(call: Call) -> Response:
    embed = _embed(call)
    if not embed:
        return json_answer({"error": "Embed not found"}, 404)
    call.store.write("embed_configs.delete", "DELETE FROM embeds WHERE id = ?", embed["id"])
    return json_answer({"success": True, "error": None})


@endpoints.add("GET", "/v1/embed/{uuid}/chats", api_key)
@endpoints.add("GET", "/v1/embed/{uuid}/chats/{session}", api_key)
def embed_chats(call: Call) -> Response:
    """Empty for unknown ones."""
    where = "embeds.uuid = ?" + (" AND session_id = ?" if "session" in call.params else "")
    sql = f"SELECT embed_chats.* FROM embed_chats JOIN embeds ON embeds.id = embed_id WHERE {where} ORDER BY embed_chats.id"  # noqa: S608
    rows = call.store.all(sql, *call.params.values())
    return json_answer({"chats": [{**row, "include": bool(row["include"])} for row in rows]})


@endpoints.add("POST", "/embed/{uuid}/stream-chat")
def embed_stream(call: Call) -> Response:
    """The widget's own call, without a key."""
    embed = _embed(call)
    if not embed:
        return Response(status_code=404)
    if not embed["enabled"]:
        return json_answer(abort("This chat has been disabled by the administrator - try again later."), 503)
    origin = call.request.headers.get("origin")
    if embed["allowlist_domains"] and origin not in embed["allowlist_domains"]:
        host = (origin or "").partition("://")[2]
        if not host or host not in embed["allowlist_domains"]:
            return json_answer(abort("Invalid request."), 401)
    message, session_id = call.body.get("message"), js.string(call.body.get("sessionId"))
    if not isinstance(message, str) or not message:
        return json_answer(abort("Message is empty."), 400)
    slug = call.store.one("SELECT slug FROM workspaces WHERE id = ?", embed["workspace_id"])
    workspace = workspaces.by_slug(call.store, slug["slug"]) if slug else None
    question = Question(call.store, call.app.config, workspace or {}, message, embed["chat_mode"])
    connection = {"host": origin, "ip": "127.0.0.1", "username": None}
    return streamed(_events(question, embed["id"], session_id, js.stringify(connection)))


async def _events(question: Question, embed_id: int, session_id: str, connection: str) -> AsyncIterator[Row]:
    """Chunks only: the widget's stream has no finalizeResponseStream."""
    try:
        question.check()
        sources = question.sources()
        reply = Reply(question.config, question.message, sources)
        async for token in reply.tokens():
            yield _chunk(question.id, token)
    except RefusedError as refusal:
        yield {
            "id": question.id,
            "type": "textResponse",
            "textResponse": str(refusal),
            "sources": [],
            "close": True,
            "error": None,
        }
        return
    except (ChatError, ModelError) as error:
        yield abort(str(error))
        return
    response = {"text": reply.text, "type": question.mode, "sources": sources, "metrics": reply.metrics}
    values = {
        "prompt": question.message,
        "response": js.stringify(response),
        "session_id": session_id,
        "embed_id": embed_id,
    }
    question.store.insert(
        "embed_chats.create", "embed_chats", {**values, "connection_information": connection, "createdAt": now()}
    )
    yield _chunk(question.id, "", close=True)


def _chunk(chat_id: str, text: str, *, close: bool = False) -> Row:
    return {
        "uuid": chat_id,
        "sources": [],
        "type": "textResponseChunk",
        "textResponse": text,
        "close": close,
        "error": False,
    }


def _embed(call: Call) -> Row | None:
    return call.store.one("SELECT * FROM embeds WHERE uuid = ?", call.params["uuid"])
