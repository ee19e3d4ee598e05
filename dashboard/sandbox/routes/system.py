"""Settings, vectors, the chat log and its exports."""

import contextlib
import json
import math
from collections.abc import Callable

from starlette.responses import Response

from dashboard.sandbox import js
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, json_answer, multi_user
from dashboard.sandbox.settings import all_settings, changeable
from dashboard.sandbox.store import SYSTEM_PROMPT, DatabaseError, Row

endpoints = Endpoints()

_PAGE = 20
_PREFERENCES = {
    "support_email",
    "custom_app_name",
    "footer_data",
    "text_splitter_chunk_size",
    "text_splitter_chunk_overlap",
    "message_limit",
    "limit_user_messages",
    "agent_search_provider",
    "default_agent_skills",
    "agent_sql_connections",
    "meta_page_title",
    "meta_page_favicon",
}
_PROVIDERS = {
    "openai",
    "azure",
    "anthropic",
    "gemini",
    "lmstudio",
    "localai",
    "ollama",
    "mistral",
    "groq",
    "generic-openai",
    "openrouter",
    "bedrock",
}
_VECTOR_STORES = {
    "pgvector",
    "astra",
    "lancedb",
    "pinecone",
    "chroma",
    "chromacloud",
    "weaviate",
    "qdrant",
    "milvus",
    "zilliz",
}
_EMBEDDERS = {
    "openai",
    "azure",
    "localai",
    "native",
    "ollama",
    "lmstudio",
    "cohere",
    "voyageai",
    "litellm",
    "generic-openai",
    "mistral",
    "gemini",
}


@endpoints.add("GET", "/v1/system", api_key)
def system_read(call: Call) -> Response:
    return json_answer({"settings": all_settings(call.store, call.app.config)})


@endpoints.add("GET", "/v1/system/vector-count", api_key)
def vector_count(call: Call) -> Response:
    return json_answer({"vectorCount": call.store.count("vectors")})


@endpoints.add("POST", "/v1/system/update-env", api_key)
def env_update(call: Call) -> Response:
    """Stops at the first bad value; what came before it is kept. Unknown names are ignored."""
    known = changeable(call.store)
    applied: Row = {}
    error: str | bool = False
    wanted = {name: value for name, value in call.body.items() if name in known}
    if not all(isinstance(value, str) for value in wanted.values()):
        raise ThrownError("newENVs[key].includes is not a function")
    for name, value in wanted.items():
        if "******" in value:
            continue
        problem = _setting_problem(name, value)
        if problem:
            error = problem
            break
        call.store.write("env", "INSERT OR REPLACE INTO settings (label, value) VALUES (?, ?)", f"env:{name}", value)
        applied[name] = value
    return json_answer({"newValues": applied, "error": error})


def _setting_problem(name: str, value: str) -> str | None:
    if name == "LLMProvider":
        return None if value in _PROVIDERS else f"{value} is not a valid LLM provider."
    if name == "VectorDB":
        return (
            None
            if value in _VECTOR_STORES
            else f"Invalid VectorDB type. Must be one of {', '.join(sorted(_VECTOR_STORES))}."
        )
    if name == "EmbeddingEngine":
        return (
            None
            if value in _EMBEDDERS
            else f"Invalid Embedding model type. Must be one of {', '.join(sorted(_EMBEDDERS))}."
        )
    if name.endswith(("TokenLimit", "MaxChunkLength")):
        number = js.number(value)
        if math.isnan(number):
            return "Value must be a number"
        return None if number > 0 else "Value must be greater than zero"
    if name.endswith("BasePath"):
        return None if value.startswith(("http://", "https://")) else "Not a valid URL"
    return None if value else "Value cannot be empty"


@endpoints.add("POST", "/v1/admin/preferences", api_key, multi_user)
def preferences_update(call: Call) -> Response:
    """Always success: unknown names are dropped, and a busy database changes nothing in the answer."""
    with contextlib.suppress(DatabaseError):
        for name, value in call.body.items():
            if name in _PREFERENCES:
                text = None if value is None else js.string(value)
                call.store.write(
                    "system_settings.upsert", "INSERT OR REPLACE INTO settings (label, value) VALUES (?, ?)", name, text
                )
    return json_answer({"success": True, "error": None})


@endpoints.add("POST", "/v1/admin/workspace-chats", api_key)
def chat_log(call: Call) -> Response:
    """Twenty a page, newest first, hidden ones included; `offset` counts pages. Not gated by multi-user mode."""
    given = call.body.get("offset", 0)
    offset = js.number(given)
    total = call.store.count("chats")
    # "1" + 1 is "11" there
    after = js.number(f"{given}1") if isinstance(given, str) else offset + 1
    more = not math.isnan(after) and total > after * _PAGE
    rows: list[Row] = []
    if not math.isnan(offset) and offset >= 0:
        rows = _chats(call, "ORDER BY id DESC LIMIT ? OFFSET ?", _PAGE, int(offset) * _PAGE)
    return json_answer({"chats": [{**row, "include": bool(row["include"])} for row in rows], "hasPages": more})


def _chats(call: Call, rest: str, *values: int) -> list[Row]:
    """Chats with `workspace` and `user`."""
    rows = call.store.all(f"SELECT * FROM chats {rest}", *values)  # noqa: S608
    workspaces = {row["id"]: row for row in call.store.all("SELECT id, name, slug FROM workspaces")}
    users = {row["id"]: row["username"] for row in call.store.all("SELECT id, username FROM users")} if rows else {}
    for row in rows:
        place = workspaces.get(row["workspaceId"])
        row["workspace"] = {
            "name": place["name"] if place else "deleted workspace",
            "slug": place["slug"] if place else None,
        }
        nobody = "unknown user" if row["api_session_id"] is None else "API"
        row["user"] = {"username": users.get(row["user_id"], nobody)}
        row["feedbackScore"] = None if row["feedbackScore"] is None else bool(row["feedbackScore"])
    return rows


@endpoints.add("GET", "/v1/system/export-chats", api_key)
def chats_export(call: Call) -> Response:
    """Everything at once, hidden chats too."""
    kind = call.query.get("type", "jsonl")
    if kind not in _EXPORTS:
        words = f"Invalid export type: {kind}. Must be one of {', '.join(_EXPORTS)}"
        return json_answer({"message": words}, 400)
    media, write = _EXPORTS[kind]
    rows = _chats(call, "ORDER BY id")
    prompts = {row["slug"]: row["openAiPrompt"] for row in call.store.all("SELECT slug, openAiPrompt FROM workspaces")}
    for row in rows:
        row["answer"] = json.loads(row["response"])
        row["system"] = prompts.get(row["workspace"]["slug"]) or SYSTEM_PROMPT
    return Response(write(rows), media_type=f"{media}; charset=utf-8")


def _flat(row: Row) -> Row:
    rating = "--" if row["feedbackScore"] is None else "GOOD" if row["feedbackScore"] else "BAD"
    return {
        "id": row["id"],
        "prompt": row["prompt"],
        "response": row["answer"].get("text"),
        "sent_at": row["createdAt"],
        "attachments": _images(row),
        "workspace": row["workspace"]["name"],
        "username": row["user"]["username"],
        "rating": rating,
    }


def _images(row: Row) -> list[Row]:
    return [{"type": "image", "image": item.get("contentString")} for item in row["answer"].get("attachments", [])]


def _as_json(rows: list[Row]) -> str:
    return json.dumps([_flat(row) for row in rows], indent=4, ensure_ascii=False)


def _as_csv(rows: list[Row]) -> str:
    names = ("id", "workspace", "prompt", "response", "sent_at", "username", "rating")

    def cell(value: object) -> str:
        return '"' + str(value).replace('"', '""').replace("\n", " ") + '"'

    def line(row: Row) -> str:
        return ",".join(cell(row[name]) for name in names)

    return "\n".join([",".join(names), *(line(_flat(row)) for row in rows)])


def _as_alpaca(rows: list[Row]) -> str:
    told = [{"instruction": row["system"], "input": row["prompt"], "output": row["answer"].get("text")} for row in rows]
    return json.dumps(told, indent=4, ensure_ascii=False)


def _as_jsonl(rows: list[Row]) -> str:
    """One conversation a workspace."""

    def said(role: str, text: str, *images: Row) -> Row:
        return {"role": role, "content": [{"type": "text", "text": text}, *images]}

    talks: dict[int, list[Row]] = {}
    for row in rows:
        talk = talks.setdefault(row["workspaceId"], [said("system", row["system"])])
        talk += [said("user", row["prompt"], *_images(row)), said("assistant", row["answer"].get("text"))]
    return "\n".join(js.stringify({"messages": talk}) for talk in talks.values())


_EXPORTS: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
    "json": ("application/json", _as_json),
    "csv": ("text/csv", _as_csv),
    "jsonl": ("application/jsonl", _as_jsonl),
    "jsonAlpaca": ("application/json", _as_alpaca),
}
