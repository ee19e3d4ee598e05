"""Asking: /v1/workspace/*/chat and stream-chat, threads, histories, AnythingLLM's own stream."""

import contextlib
import json
import math
from collections.abc import AsyncIterator
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from dashboard.sandbox import chat, js
from dashboard.sandbox.chat import ChatError, Question
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, json_answer, send_status, sentence, session
from dashboard.sandbox.js import Json
from dashboard.sandbox.routes import workspaces
from dashboard.sandbox.store import DatabaseError, Row, Store, new_uuid, stamps

endpoints = Endpoints()


def streamed(events: AsyncIterator[Row], *, typed: bool = True) -> Response:
    """Server-sent events the way the real one sends them: only data lines, one event a chunk."""

    async def lines() -> AsyncIterator[str]:
        async for event in events:
            yield f"data: {js.stringify(event)}\n\n"

    headers = {"cache-control": "no-cache", "content-type": "text/event-stream", "access-control-allow-origin": "*"}
    return StreamingResponse(lines(), headers=headers if typed else None)


async def _one(event: Row) -> AsyncIterator[Row]:
    yield event


@endpoints.add("POST", "/v1/workspace/{slug}/chat", api_key)
async def workspace_chat(call: Call) -> Response:
    found = _question(call)
    return found if isinstance(found, Response) else await _whole(call, found)


@endpoints.add("POST", "/v1/workspace/{slug}/stream-chat", api_key)
def workspace_stream(call: Call) -> Response:
    found = _question(call)
    return found if isinstance(found, Response) else _stream(call, found)


def _question(call: Call) -> Question | Response:
    """The question in the body, or the refusal (400 JSON, also where a stream was asked for)."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return _no(f"Workspace {call.params['slug']} is not a valid workspace.", 400)
    session_id = call.body.get("sessionId")
    question = _asked(call, workspace)
    if isinstance(question, Question) and js.truthy(session_id):
        question.session_id = js.string(session_id)
    return question


def _asked(call: Call, workspace: Row, thread: Row | None = None) -> Question | Response:
    message, mode = call.body.get("message"), call.body.get("mode")
    if mode is None:
        mode = workspace["chatMode"] if call.app.config.since("1.12.0") else "query"
    known = chat.MODES if call.app.config.since("1.12.0") else chat.MODES[1:]
    if not js.truthy(call.body.get("reset")):
        if not isinstance(message, str | list) or not message:
            return _no("Message is empty", 400)
        if mode not in known:
            return _no(f"{js.string(mode)} is not a valid mode.", 400)
    attachments = call.body.get("attachments")
    files = [item for item in attachments if isinstance(item, dict)] if isinstance(attachments, list) else []
    return Question(call.store, call.app.config, workspace, message, mode, thread, attachments=files)


def _no(words: str, status: int) -> Response:
    return json_answer(chat.abort(words), status)


def _reset(call: Call, question: Question) -> bool:
    """Carry out a reset; true when there is no message to answer after it."""
    if not js.truthy(call.body.get("reset")):
        return False
    thread, user = question.thread, question.user
    chat.forget_history(call.store, question.workspace["id"], thread, user, question.session_id)
    return not question.message


async def _whole(call: Call, question: Question) -> Response:
    if _reset(call, question):
        return json_answer(chat.reset_notice(streamed=False))
    try:
        return json_answer(await chat.whole(question))
    except ChatError as error:
        return _no(str(error), 500)


def _stream(call: Call, question: Question) -> Response:
    if _reset(call, question):
        return streamed(_one(chat.reset_notice(streamed=True)))
    return streamed(chat.events(question))


@endpoints.add("GET", "/v1/workspace/{slug}/chats", api_key)
def workspace_history(call: Call) -> Response:
    """Everybody's chats outside of threads and sessions, the oldest first, at most `limit` of them from that end."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    limit = js.number(call.query.get("limit", "100"))
    if math.isnan(limit):
        return json_answer({"history": []})
    order = "DESC" if call.query.get("orderBy") == "desc" else "ASC"
    sql = "SELECT * FROM chats WHERE workspaceId = ? AND thread_id IS NULL AND api_session_id IS ? AND include ORDER BY id"
    rows = call.store.all(
        f"{sql} {order} LIMIT ?", workspace["id"], call.query.get("apiSessionId") or None, max(1, int(limit))
    )
    return json_answer({"history": history(rows)})


def history(rows: list[Row]) -> list[Row]:
    """Two entries a chat."""
    entries: list[Row] = []
    for row in rows:
        response = json.loads(row["response"])
        common = {"chatId": row["id"], "sentAt": int(datetime.fromisoformat(row["createdAt"]).timestamp())}
        entries.append(
            {"role": "user", "content": row["prompt"], "attachments": response.get("attachments", []), **common}
        )
        answer = {"type": response.get("type", "chart"), "role": "assistant", "content": response.get("text"), **common}
        answer |= {
            "sources": response.get("sources", []),
            "feedbackScore": _score(row),
            "metrics": response.get("metrics", {}),
        }
        entries.append(answer)
    return entries


def _score(row: Row) -> bool | None:
    return None if row["feedbackScore"] is None else bool(row["feedbackScore"])


@endpoints.add("POST", "/v1/workspace/{slug}/thread/new", api_key)
def thread_new(call: Call) -> Response:
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    slug = call.body.get("slug")
    user_id = (
        js.number(call.body.get("userId")) if js.truthy(call.body.get("userId")) and not call.single_user else math.nan
    )
    values = {
        "name": js.string(call.body["name"]) if js.truthy(call.body.get("name")) else "Thread",
        "slug": js.slugify(js.string(slug), lower=False) if js.truthy(slug) else new_uuid(),
        "workspace_id": workspace["id"],
        "user_id": None if math.isnan(user_id) else int(user_id),
    }
    try:
        thread_id = call.store.insert("workspace_threads.create", "threads", {**values, **stamps()})
    except DatabaseError as error:
        return json_answer({"thread": None, "message": str(error)})
    return json_answer({"thread": call.store.one("SELECT * FROM threads WHERE id = ?", thread_id), "message": None})


@endpoints.add("POST", "/v1/workspace/{slug}/thread/{thread}/update", api_key)
def thread_update(call: Call) -> Response:
    thread = _thread(call)
    if isinstance(thread, str):
        return json_answer({"message": f"{thread} not found"}, 404)
    if "name" in call.body:
        name = call.body["name"]
        if not isinstance(name, str):
            return json_answer({"thread": None, "message": _bad_name(thread["id"], name)})
        try:
            call.store.update("workspace_threads.update", "threads", thread["id"], {"name": name})
        except DatabaseError as error:
            return json_answer({"thread": None, "message": str(error)})
    return json_answer({"thread": call.store.one("SELECT * FROM threads WHERE id = ?", thread["id"]), "message": None})


def _bad_name(thread_id: int, name: Json) -> str:
    head = "\nInvalid `prisma.workspace_threads.update()` invocation:\n\n"
    call = f"{{\n  where: {{\n    id: {thread_id}\n  }},\n  data: {{\n    name: {js.stringify(name)}\n"
    if name is None:
        return f"{head}{call}          ~~~~\n  }}\n}}\n\nArgument `name` must not be null."
    kinds = {"number": "Int", "boolean": "Boolean"}
    given = kinds.get(js.type_of(name), "Object")
    expected = "Invalid value provided. Expected String or StringFieldUpdateOperationsInput, provided"
    return f"{head}{call}          {'~' * len(js.stringify(name))}\n  }}\n}}\n\nArgument `name`: {expected} {given}."


@endpoints.add("DELETE", "/v1/workspace/{slug}/thread/{thread}", api_key)
def thread_delete(call: Call) -> Response:
    """OK also when there is no such thread."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    thread = _thread(call)
    if isinstance(thread, dict):
        with contextlib.suppress(DatabaseError):
            if call.app.config.since("1.16.0"):
                call.store.write("workspace_chats.deleteMany", "DELETE FROM chats WHERE thread_id = ?", thread["id"])
            call.store.write("workspace_threads.deleteMany", "DELETE FROM threads WHERE id = ?", thread["id"])
    return send_status(200)


@endpoints.add("GET", "/v1/workspace/{slug}/thread/{thread}/chats", api_key)
def thread_history(call: Call) -> Response:
    thread = _thread(call)
    if isinstance(thread, str):
        return json_answer({"message": f"{thread} not found"}, 404)
    where = "thread_id = ? AND api_session_id IS NULL AND include"
    rows = call.store.all(f"SELECT * FROM chats WHERE {where} ORDER BY id", thread["id"])  # noqa: S608
    return json_answer({"history": history(rows)})


def _thread(call: Call) -> Row | str:
    """The thread of the path, or which of the two is unknown."""
    workspace = call.store.one("SELECT id FROM workspaces WHERE slug = ?", call.params["slug"])
    if not workspace:
        return "Workspace"
    sql = "SELECT * FROM threads WHERE slug = ? AND workspace_id = ?"
    return call.store.one(sql, call.params["thread"], workspace["id"]) or "Thread"


def _thread_question(call: Call, thread: Row) -> Question | Response:
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        raise ThrownError("the workspace is gone")
    question = _asked(call, workspace, thread)
    if isinstance(question, Question):
        question.user = _user(call.store, call.body.get("userId"))
    return question


def _user(store: Store, given: Json) -> Row | None:
    """Not checked for anything; an unknown one is nobody."""
    user_id = js.number(given) if js.truthy(given) else math.nan
    return None if math.isnan(user_id) else store.one("SELECT id FROM users WHERE id = ?", int(user_id))


@endpoints.add("POST", "/v1/workspace/{slug}/thread/{thread}/chat", api_key)
async def thread_chat(call: Call) -> Response:
    thread = _thread(call)
    if isinstance(thread, str):
        return _no(f"{thread} {call.params['slug' if thread == 'Workspace' else 'thread']} not found.", 404)
    question = _thread_question(call, thread)
    return question if isinstance(question, Response) else await _whole(call, question)


@endpoints.add("POST", "/v1/workspace/{slug}/thread/{thread}/stream-chat", api_key)
def thread_stream(call: Call) -> Response:
    """Unknown workspace: 200 without a content type, and an event that shows a TypeError."""
    thread = _thread(call)
    if thread == "Workspace":
        return streamed(_one(chat.abort("Cannot read properties of null (reading 'id')")), typed=False)
    if isinstance(thread, str):
        return _no(f"Workspace {call.params['slug']} or thread {call.params['thread']} is not valid.", 400)
    question = _thread_question(call, thread)
    return question if isinstance(question, Response) else _stream(call, question)


@endpoints.add("POST", "/workspace/{slug}/stream-chat", session())
def own_stream(call: Call) -> Response:
    """AnythingLLM's own page: with the session's user, and only where that user may go."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if workspace and call.user and call.user["role"] == "default":
        where = "workspace_id = ? AND user_id = ?"
        workspace = workspace if call.store.count("workspace_users", where, workspace["id"], call.user["id"]) else None
    if not workspace:
        return sentence("Workspace does not exist.", 404)
    question = _asked(call, workspace)
    if isinstance(question, Question):
        question.user = call.user
        question.mode = "chat"
        return streamed(_without_last_sources(chat.events(question)))
    return question


async def _without_last_sources(events: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """There the citations come with the last piece of text, not with the end."""
    async for event in events:
        yield {
            key: value for key, value in event.items() if key != "sources" or event["type"] != "finalizeResponseStream"
        }
