"""A question to a workspace: what the real one's ApiChatHandler does, whole or as a stream of events."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from dashboard.sandbox import collector, js, library
from dashboard.sandbox.config import Config
from dashboard.sandbox.library import EmbedderError
from dashboard.sandbox.model import ModelError, Reply
from dashboard.sandbox.store import DatabaseError, Row, Store, new_uuid, stamps

MODES = ("automatic", "chat", "query")
_REFUSAL = "There is no relevant information in this workspace to answer your query."
_CONTINUED = "...continued on in source document..."
_NEEDS_KEY = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "groq": "Groq",
    "mistral": "Mistral",
    "openrouter": "OpenRouter",
}


class ChatError(Exception):
    """Why there is no answer, in the instance's words."""


class RefusedError(Exception):
    """Query mode found nothing. `early`: there are no vectors at all, which the stream shows a little differently."""

    def __init__(self, text: str, *, early: bool) -> None:
        super().__init__(text)
        self.early = early


@dataclass
class Question:
    """One question and where its answer is kept."""

    store: Store
    config: Config
    workspace: Row
    message: js.Json
    mode: js.Json
    thread: Row | None = None
    user: Row | None = None
    session_id: str | None = None
    attachments: list[Row] = field(default_factory=list)
    id: str = field(default_factory=new_uuid)

    @property
    def for_agent(self) -> bool:
        """ "@agent" in any mode; in automatic mode always, when the model can call tools."""
        return self.message.startswith("@agent") or (self.mode == "automatic" and self.config.tool_calling)

    def check(self) -> None:
        """Raises ChatError for what fails before anything is asked."""
        if not isinstance(self.message, str):
            raise ChatError("promptString.startsWith is not a function")
        provider = self.workspace["chatProvider"]
        if provider in _NEEDS_KEY:
            raise ChatError(f"No {_NEEDS_KEY[provider]} API key was set.")
        if provider and provider != "generic-openai":
            raise ChatError("ENV: No valid LLM_PROVIDER value found in environment! Using generic-openai")

    def sources(self) -> list[Row]:
        """Pinned and attached documents, then what the search finds. Raises RefusedError, ChatError."""
        workspace_id = self.workspace["id"]
        has_vectors = self.store.count("vectors", "workspaceId = ?", workspace_id) > 0
        refusal = self.workspace["queryRefusalResponse"] or _REFUSAL
        if self.mode == "query" and not has_vectors:
            raise RefusedError(refusal, early=True)
        sources = [*self._pinned(), *self._attached()]
        if has_vectors:
            threshold, top = self.workspace["similarityThreshold"], self.workspace["topN"]
            try:
                found = library.search(
                    self.store, self.config, workspace_id, self.message, threshold=threshold, top=top
                )
            except EmbedderError as error:
                raise ChatError(str(error)) from error
            for row in found:
                score = {"_distance": 1 - row["score"], "score": row["score"]}
                sources.append({**row["meta"], "id": row["id"], "text": row["text"], **score})
        # Query mode is not strict: sources of earlier answers fill the context, too.
        if self.mode == "query" and not sources and not self._history_has_sources():
            raise RefusedError(refusal, early=False)
        return sources

    def _pinned(self) -> list[Row]:
        rows = self.store.all(
            "SELECT files.meta, files.text FROM workspace_documents JOIN files ON folder || '/' || name = docpath"
            " WHERE workspaceId = ? AND pinned ORDER BY workspace_documents.id",
            self.workspace["id"],
        )
        return [{"text": row["text"][:1000] + _CONTINUED, **json.loads(row["meta"])} for row in rows]

    def _attached(self) -> list[Row]:
        """What was read of the documents that are attached; none while the collector is not there."""
        documents = [item for item in self.attachments if item.get("mime") == "application/anythingllm-document"]
        return [source for item in documents for source in _read(item)] if self.config.collector_up else []

    @property
    def images(self) -> list[Row]:
        return [item for item in self.attachments if item.get("mime") != "application/anythingllm-document"]

    def _history_has_sources(self) -> bool:
        rows = self.store.all(
            "SELECT response FROM chats WHERE workspaceId = ? AND include AND user_id IS ? AND thread_id IS ? AND api_session_id IS ?"
            " ORDER BY id DESC LIMIT ?",
            self.workspace["id"],
            self.user and self.user["id"],
            self.thread and self.thread["id"],
            self.session_id,
            self.workspace["openAiHistory"],
        )
        return any(json.loads(row["response"]).get("sources") for row in rows)

    def keep(self, text: str, sources: list[Row], metrics: Row | None, *, include: bool = True) -> int:
        """Store question and answer; the chat's id."""
        response = {"text": text, "sources": sources, "type": self.mode, "attachments": self.images}
        return self._insert(response if metrics is None else {**response, "metrics": metrics}, include=include)

    def keep_agent(self, text: str, thoughts: list[str], metrics: Row, *, streamed: bool) -> None:
        """Agent answers lose whom they belong to: streamed ones the user, whole ones also the thread, and they are hidden."""
        response = {
            "text": text,
            "sources": [],
            "attachments": self.images,
            "type": self.mode,
            "thoughts": thoughts,
            "outputs": [],
        }
        self._insert({**response, "metrics": metrics}, include=streamed, agent=True)

    def _insert(self, response: Row, *, include: bool, agent: bool = False) -> int:
        values = {
            "workspaceId": self.workspace["id"],
            "prompt": self.message,
            "response": js.stringify(response),
            "include": int(include),
            "user_id": self.user["id"] if self.user and not agent else None,
            "thread_id": self.thread["id"] if self.thread and (include or not agent) else None,
            "api_session_id": self.session_id,
        }
        try:
            return self.store.insert("workspace_chats.create", "chats", {**values, **stamps()})
        except DatabaseError as error:
            raise ChatError("Cannot read properties of null (reading 'id')") from error


def _read(item: Row) -> list[Row]:
    """What cannot be read is left out without a word."""
    try:
        content = base64.b64decode(str(item.get("contentString", "")).partition("base64,")[2])
        documents = collector.all_from_file(str(item.get("name", "file.txt")), content, {})
    except (ValueError, collector.UnreadableError):
        return []
    return [
        {
            "text": document.text[:1000] + _CONTINUED,
            **document.meta,
            "location": f"direct-uploads/{document.name}",
            "isDirectUpload": True,
        }
        for document in documents
    ]


def forget_history(
    store: Store, workspace_id: int, thread: Row | None, user: Row | None, session_id: str | None
) -> None:
    """reset: an absent user or thread is no filter at all, so on a workspace it hides everybody's history but the sessions'."""
    where, values = "workspaceId = ? AND api_session_id IS ?", [workspace_id, session_id]
    for column, row in (("thread_id", thread), ("user_id", user)):
        if row:
            where += f" AND {column} = ?"
            values.append(row["id"])
    store.write("workspace_chats.updateMany", f"UPDATE chats SET include = 0 WHERE {where}", *values)  # noqa: S608


def reset_notice(*, streamed: bool) -> Row:
    notice = {"id": new_uuid(), "type": "textResponse", "textResponse": "Chat history was reset!", "sources": []}
    return {**notice, **({"attachments": []} if streamed else {}), "close": True, "error": None, "metrics": {}}


def abort(words: str, *, key: str = "id", chat_id: str | None = None) -> Row:
    return {
        key: chat_id or new_uuid(),
        "type": "abort",
        "textResponse": None,
        "sources": [],
        "close": True,
        "error": words,
    }


async def whole(question: Question) -> Row:
    """The answer as one object. Raises ChatError."""
    question.check()
    shown: Row = {"id": question.id, "type": "textResponse", "sources": [], "close": True, "error": None}
    if question.for_agent:
        text, thoughts, metrics = await _agent_answer(question)
        question.keep_agent(text, thoughts, metrics, streamed=False)
        return {**shown, "textResponse": text, "thoughts": thoughts, "outputs": [], "metrics": metrics}
    try:
        sources = question.sources()
        reply = Reply(question.config, question.message, sources)
        text = await reply.whole()
    except RefusedError as refusal:
        question.keep(str(refusal), [], {}, include=False)
        return {**shown, "textResponse": str(refusal), "metrics": {}}
    except ModelError as error:
        raise ChatError(str(error)) from error
    metrics = reply.metrics
    chat_id = question.keep(text, sources, metrics)
    return {**shown, "chatId": chat_id, "textResponse": text, "sources": sources, "metrics": metrics}


async def _agent_answer(question: Question) -> tuple[str, list[str], Row]:
    """Text, thoughts, metrics. A failure of the model is an answer like any other."""
    reply = Reply(question.config, question.message, agent=True)
    try:
        return await reply.whole(), [], reply.metrics
    except ModelError as error:
        text = f"The agent model failed to respond: {error}"
        return text, [f"Error encountered while running: {text}"], {}


async def events(question: Question) -> AsyncIterator[Row]:
    """The answer as it comes. Whatever happens, it happens in events."""
    try:
        question.check()
        stream = _agent_events(question) if question.for_agent else _events(question)
        async for event in stream:
            yield event
    except (ChatError, ModelError) as error:
        yield abort(str(error))


async def _events(question: Question) -> AsyncIterator[Row]:
    try:
        sources = question.sources()
    except RefusedError as refusal:
        question.keep(str(refusal), [], {}, include=False)
        notice = {"id": question.id, "type": "textResponse", "textResponse": str(refusal), "sources": []}
        yield {**notice, **({"attachments": []} if refusal.early else {}), "close": True, "error": None, "metrics": {}}
        return
    reply = Reply(question.config, question.message, sources)
    if not question.config.streaming:
        await reply.whole()
        yield {**_chunk(question.id, reply.text, close=True), "sources": sources, "metrics": reply.metrics}
        yield _finished(question, reply, sources)
        return
    kept = False
    begun = False
    try:
        try:
            async for token in reply.tokens():
                begun = True
                yield _chunk(question.id, token)
            # Older versions cite with the last piece of text, newer ones with the end.
            cited = {} if question.config.since("1.9.0") else {"sources": sources}
            yield {**_chunk(question.id, "", close=True), **cited}
        except ModelError as error:
            if not begun:
                raise
            yield abort(str(error), key="uuid", chat_id=question.id)
        kept = begun
        if begun:
            yield _finished(question, reply, sources)
    finally:
        if begun and not kept:  # the client left: what there is becomes a normal answer
            question.keep(reply.text, sources, reply.metrics)


def _chunk(chat_id: str, text: str, *, close: bool = False) -> Row:
    """close=True comes twice in every stream: here, and in finalizeResponseStream."""
    return {
        "uuid": chat_id,
        "sources": [],
        "type": "textResponseChunk",
        "textResponse": text,
        "close": close,
        "error": False,
    }


def _finished(question: Question, reply: Reply, sources: list[Row]) -> Row:
    metrics = reply.metrics
    chat_id = question.keep(reply.text, sources, metrics)
    done = {"uuid": question.id, "type": "finalizeResponseStream", "close": True, "error": False, "chatId": chat_id}
    return {**done, "metrics": metrics, **({"sources": sources} if question.config.since("1.9.0") else {})}


async def _agent_events(question: Question) -> AsyncIterator[Row]:
    """Other events, and the text three times: in pieces, whole, and in the end."""
    reply = Reply(question.config, question.message, agent=True)
    thoughts: list[str] = []
    metrics: Row = {}
    common: Row = {"sources": [], "attachments": [], "error": None}
    try:
        async for token in reply.tokens():
            chunk = {"id": question.id, "type": "textResponseChunk", "textResponse": token, "sources": []}
            yield {**chunk, "close": False, "error": None}
        text, metrics = reply.text, reply.metrics
        yield {"id": question.id, "type": "usageMetrics", "metrics": metrics, "close": False, "error": None}
    except ModelError as error:
        text = f"The agent model failed to respond: {error}"
        thoughts = [f"Error encountered while running: {text}"]
        yield {
            "id": question.id,
            "type": "agentThought",
            "thought": thoughts[0],
            **common,
            "close": False,
            "animate": True,
        }
    yield {"id": question.id, "type": "textResponse", "textResponse": text, **common, "close": True, "animate": False}
    question.keep_agent(text, thoughts, metrics, streamed=True)
    done = {
        "uuid": question.id,
        "type": "finalizeResponseStream",
        "textResponse": text,
        "thoughts": thoughts,
        "outputs": [],
    }
    yield {**done, "sources": [], "close": True, "error": False, "metrics": metrics}
