"""The OpenAI-compatible routes: a workspace is a model, its slug the name."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator

from starlette.responses import Response

from dashboard.sandbox import js, library
from dashboard.sandbox.chat import ChatError, Question, RefusedError, abort
from dashboard.sandbox.http import PIXEL, Call, Endpoints, api_key, bare, json_answer
from dashboard.sandbox.js import Json
from dashboard.sandbox.model import ModelError, Reply
from dashboard.sandbox.routes import workspaces
from dashboard.sandbox.routes.chats import streamed
from dashboard.sandbox.store import Row, new_uuid

endpoints = Endpoints()

_DIMENSIONS = 384


@endpoints.add("GET", "/v1/openai/models", api_key)
def model_list(call: Call) -> Response:
    rows = call.store.all("SELECT slug, chatProvider FROM workspaces ORDER BY id")
    made = int(time.time())
    models = [
        {"id": row["slug"], "object": "model", "created": made, "owned_by": row["chatProvider"] or "generic-openai"}
        for row in rows
    ]
    return json_answer({"object": "list", "data": models})


@endpoints.add("GET", "/v1/openai/vector_stores", api_key)
def vector_stores(call: Call) -> Response:
    """Any query parameter: an empty list, because there are no pages."""
    if call.query:
        return json_answer({"data": [], "has_more": False})
    rows = call.store.all("SELECT id, slug, name FROM workspaces ORDER BY id")
    stores = [
        {
            "id": row["slug"],
            "object": "vector_store",
            "name": row["name"],
            "file_counts": {"total": call.store.count("workspace_documents", "workspaceId = ?", row["id"])},
            "provider": "lancedb",
        }
        for row in rows
    ]
    ends = {"first_id": rows[0]["slug"], "last_id": rows[-1]["slug"]} if rows else {}
    return json_answer({**ends, "data": stores, "has_more": False})


@endpoints.add("POST", "/v1/openai/chat/completions", api_key)
async def completion(call: Call) -> Response:
    """Errors have no body: 401 for an unknown model, 500 for everything else."""
    workspace = workspaces.by_slug(call.store, js.string(call.body.get("model")))
    if not workspace:
        return bare(401)
    messages = call.body.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return bare(500)
    if messages[-1].get("role") != "user":
        return json_answer(abort("No user prompt found. Must be last element in message array with 'user' role."), 400)
    text = _text(messages[-1].get("content"))
    if not text:
        return bare(500)
    mode = "chat" if workspace["chatMode"] == "automatic" else workspace["chatMode"]
    question = Question(call.store, call.app.config, workspace, text, mode)
    if js.truthy(call.body.get("stream")):
        return streamed(_chunks(question))
    try:
        question.check()
        sources = question.sources()
        reply = Reply(question.config, question.message, sources)
        answer = await reply.whole()
    except RefusedError as refusal:
        question.keep(str(refusal), [], None, include=False)
        return json_answer(_completion(question, message=_says(str(refusal)), finish="abort", usage={}))
    except (ChatError, ModelError):
        return bare(500)
    question.keep(answer, sources, reply.metrics)
    return json_answer(_completion(question, message=_says(answer), finish="stop", usage=reply.metrics))


def _text(content: Json) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _says(text: str | None) -> Row:
    return {"role": "assistant", "content": text}


def _completion(
    question: Question, *, message: Row | None = None, delta: Row | None = None, finish: str | None = None, usage: Row
) -> Row:
    said = {"message": message} if message else {"delta": delta}
    choice = {"index": 0, **said, "logprobs": None, "finish_reason": finish}
    made = {
        "id": question.id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": question.workspace["slug"],
    }
    return {**made, "choices": [choice], "usage": usage}


async def _chunks(question: Question) -> AsyncIterator[Row]:
    """No [DONE] at the end; an error before the first word is an empty stream, one in the middle a null."""
    try:
        question.check()
        sources = question.sources()
    except RefusedError as refusal:
        question.keep(str(refusal), [], None, include=False)
        yield _completion(question, delta=_says(str(refusal)), finish="abort", usage={})
        return
    except ChatError:
        return
    reply = Reply(question.config, question.message, sources)
    try:
        async for token in reply.tokens():
            yield _completion(question, delta=_says(token), usage={})
        yield _completion(question, delta=_says(""), usage={})
    except ModelError:
        if not reply.text:
            return
        yield _completion(question, delta=_says(None), usage={})
    question.keep(reply.text, sources, reply.metrics)
    yield _completion(question, delta=_says(""), finish="stop", usage=reply.metrics)


@endpoints.add("POST", "/v1/openai/embeddings", api_key)
def embeddings(call: Call) -> Response:
    given = call.body.get("input", call.body.get("inputs"))
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        return bare(500)
    try:
        for text in texts:
            library.embedder_check(call.app.config, text)
    except library.EmbedderError:
        return bare(500)
    data = [{"object": "embedding", "embedding": _vector(text), "index": index} for index, text in enumerate(texts)]
    return json_answer({"object": "list", "data": data, "model": "lab-embed"})


def _vector(text: str) -> list[float]:
    """Words hashed into a few places, of length one."""
    places = {
        int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % _DIMENSIONS for word in text.lower().split()
    }
    length = len(places) ** 0.5
    return [1 / length if place in places else 0 for place in range(_DIMENSIONS)]


@endpoints.add("POST", "/v1/openai/images/generations", api_key, since="1.16.0")
async def image(call: Call) -> Response:
    fields: Row = call.body
    if call.request.headers.get("content-type", "").startswith("multipart/"):
        async with call.request.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        return json_answer({"error": "A prompt is required."}, 400)
    if not call.app.config.image_provider:
        return json_answer({"error": "No image generation provider is configured."}, 500)
    if "ERROR500" in prompt:
        return json_answer({"error": "500 The image stand-in failed on purpose (ERROR500)."}, 500)
    if fields.get("response_format") == "blob":
        name = f'inline; filename="img-{new_uuid()}.png"'
        return Response(base64.b64decode(PIXEL), media_type="image/png", headers={"content-disposition": name})
    return json_answer({"data": [{"b64_json": PIXEL}]})
