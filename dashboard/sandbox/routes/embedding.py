"""Documents in a workspace: embedding, pins, search."""

import asyncio
import contextlib
import json
import math

from starlette.responses import Response

from dashboard.sandbox import js, library
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, bare, json_answer, send_status
from dashboard.sandbox.js import Json
from dashboard.sandbox.routes import workspaces
from dashboard.sandbox.store import DatabaseError, Row

endpoints = Endpoints()


@endpoints.add("POST", "/v1/workspace/{slug}/update-embeddings", api_key)
async def embeddings_update(call: Call) -> Response:
    """Never says what failed: compare the documents."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return send_status(400)
    adds, deletes = call.body.get("adds", []), call.body.get("deletes", [])
    if not isinstance(adds, list) or not isinstance(deletes, list):
        raise ThrownError("adds is not iterable")
    for location in deletes:
        library.unembed(call.store, workspace["id"], js.string(location))
    for location in adds:
        await asyncio.sleep(call.app.config.embedding)
        library.embed(call.store, call.app.config, workspace["id"], js.string(location))
    documents = workspaces.documents_of(call.store, workspace["id"])
    pinned = sum(json.loads(row["metadata"])["token_count_estimate"] for row in documents if row["pinned"])
    extra = {"documents": documents, "contextWindow": 8192, "currentContextTokenCount": pinned}
    return json_answer({"workspace": {**workspace, **extra}})


@endpoints.add("POST", "/v1/workspace/{slug}/update-pin", api_key)
def pin_update(call: Call) -> Response:
    """Without docPath the workspace's first document is pinned; what is not a boolean is not saved, and called success."""
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return bare(500)
    where, values = ("docpath = ?", [call.body["docPath"]]) if "docPath" in call.body else ("1", [])
    sql = f"SELECT id FROM workspace_documents WHERE workspaceId = ? AND {where} ORDER BY id LIMIT 1"  # noqa: S608
    document = call.store.one(sql, workspace["id"], *values)
    if not document:
        return send_status(404)
    status = call.body.get("pinStatus", False)
    if isinstance(status, bool):
        with contextlib.suppress(DatabaseError):
            saved = {"pinned": int(status)}
            call.store.update("workspace_documents.update", "workspace_documents", document["id"], saved)
    return json_answer({"message": "Pin status updated successfully"})


@endpoints.add("POST", "/v1/workspace/{slug}/vector-search", api_key, since="1.4.0")
def vector_search(call: Call) -> Response:
    workspace = workspaces.by_slug(call.store, call.params["slug"])
    if not workspace:
        return json_answer({"message": f"Workspace {call.params['slug']} is not a valid workspace."}, 400)
    query = call.body.get("query")
    if not isinstance(query, str) or not query:
        return json_answer({"message": "Query parameter cannot be empty."}, 400)
    if not call.store.count("vectors", "workspaceId = ?", workspace["id"]):
        return json_answer({"results": [], "message": "No embeddings found for this workspace."})
    threshold = _between(call.body.get("scoreThreshold"), workspace["similarityThreshold"])
    top = _at_least_one(call.body.get("topN"), workspace["topN"])
    try:
        found = library.search(call.store, call.app.config, workspace["id"], query, threshold=threshold, top=top)
    except library.EmbedderError as error:
        raise ThrownError(str(error)) from error
    return json_answer({"results": [_result(row) for row in found]})


def _between(value: Json, default: float) -> float:
    number = js.number(value) if value is not None else math.nan
    return default if math.isnan(number) or not 0 <= number <= 1 else number


def _at_least_one(value: Json, default: int) -> int:
    number = js.number(value) if value is not None else math.nan
    return default if math.isnan(number) or number < 1 else int(number)


def _result(row: Row) -> Row:
    meta = row["meta"]
    names = {
        "url": "url",
        "title": "title",
        "author": "docAuthor",
        "description": "description",
        "docSource": "docSource",
    }
    names |= {
        "chunkSource": "chunkSource",
        "published": "published",
        "wordCount": "wordCount",
        "tokenCount": "token_count_estimate",
    }
    shown = {name: meta[key] for name, key in names.items()}
    return {
        "id": row["id"],
        "text": row["text"],
        "metadata": shown,
        "distance": 1 - row["score"],
        "score": row["score"],
    }
