"""What the instance's JSON becomes: frozen dataclasses.

`from_json` ignores unknown keys and raises BrokenAnswer naming a required key that is missing or of the wrong type.
Keys that appeared only in the course of v1.4 to v1.16 have a default. Parsed by hand: a list of 10,000 users is read on
every cold page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from .errors import BrokenAnswer

T = TypeVar("T")


def _broken(key: str | int, problem: str) -> BrokenAnswer:
    return BrokenAnswer(200, f"The answer's {key!r} {problem}.")


def need(data: Any, key: str | int) -> Any:
    try:
        return data[key]
    except (KeyError, TypeError, IndexError):
        raise _broken(key, "is missing") from None


def need_int(data: Any, key: str) -> int:
    value = need(data, key)
    if type(value) is not int:
        raise _broken(key, "is not a whole number")
    if key == "id" and value < 0:
        raise _broken(key, "is below 0")
    return value


def need_number(data: Any, key: str) -> float:
    value = need(data, key)
    if type(value) in (int, float):
        return float(value)
    raise _broken(key, "is not a number")


def need_text(data: Any, key: str) -> str:
    value = need(data, key)
    if type(value) is str:
        return value
    raise _broken(key, "is not a text")


def need_bool(data: Any, key: str) -> bool:
    value = need(data, key)
    if type(value) is bool:
        return value
    raise _broken(key, "is neither true nor false")


def need_moment(data: Any, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(need_text(data, key))
    except ValueError:
        raise _broken(key, "is not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def need_list(data: Any, key: str) -> list[Any]:
    value = need(data, key)
    if type(value) is list:
        return value
    raise _broken(key, "is not a list")


def need_dict(data: Any, key: str) -> dict[str, Any]:
    value = need(data, key)
    if type(value) is dict:
        return value
    raise _broken(key, "is not an object")


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if type(value) is str else None


def _int(data: Mapping[str, Any], key: str) -> int | None:
    value = data.get(key)
    return value if type(value) is int else None


def _float(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    return float(value) if isinstance(value, (int, float)) else None


def _objects(data: Mapping[str, Any], key: str) -> tuple[dict[str, Any], ...]:
    value = data.get(key)
    return tuple(item for item in value if type(item) is dict) if type(value) is list else ()


def loads(text: str | bytes) -> Any:
    """What the JSON says, all of it fit to be kept and sent on. Raises ValueError."""
    data = json.loads(text)
    # Quirk: what JavaScript cuts in the middle of an emoji is written as half a character, and no UTF-8 has that: as an escape of either
    # case, or as the three bytes that it would have.
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if b"\\ud" in raw or b"\\uD" in raw or b"\xed" in raw:
        data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    return data


def _inner_json(value: Any) -> Any:
    """JSON inside a string, as the instance keeps it in some columns; None when it is not JSON."""
    try:
        return loads(value)
    except (TypeError, ValueError):
        return None


def each(parse: Callable[[Any], T], key: str) -> Callable[[Any], list[T]]:
    """A parser for `{key: [...]}`."""
    return lambda data: [parse(item) for item in need_list(data, key)]


def done(data: Any) -> None:
    """For answers that say no more than {"success": true}; false is an error long before this."""
    if need(data, "success") is not True:
        raise _broken("success", "is not true")


def done_in_text(data: Any) -> None:
    """For the few answers that are the text "OK"."""
    if data != "OK":
        raise BrokenAnswer(200, "The answer is not the expected OK.")


@dataclass(frozen=True, slots=True)
class User:
    """An account on the instance. `first_login_done`: has signed in with a password at least once
    (seen_recovery_codes)."""

    id: int
    username: str
    role: str
    suspended: bool
    daily_message_limit: int | None
    bio: str
    first_login_done: bool
    created_at: datetime

    @classmethod
    def from_json(cls, data: Any) -> User:
        return cls(
            need_int(data, "id"),
            need_text(data, "username"),
            need_text(data, "role"),
            bool(need_int(data, "suspended")),
            _int(data, "dailyMessageLimit"),
            data.get("bio") or "",
            data.get("seen_recovery_codes") is True,
            need_moment(data, "createdAt"),
        )


@dataclass(frozen=True, slots=True)
class UserName:
    """All that GET /v1/users tells of a user."""

    id: int
    username: str
    role: str

    @classmethod
    def from_json(cls, data: Any) -> UserName:
        return cls(need_int(data, "id"), need_text(data, "username"), need_text(data, "role"))


@dataclass(frozen=True, slots=True)
class ClaimedBy:
    """Who accepted an invite. Both fields are None when that user was deleted since: the instance then answers {}."""

    id: int | None
    username: str | None

    @property
    def deleted(self) -> bool:
        return self.id is None

    @classmethod
    def from_json(cls, data: Any) -> ClaimedBy:
        if type(data) is not dict:
            raise _broken("claimedBy", "is not an object")
        return cls(_int(data, "id"), _text(data, "username"))


def _workspace_ids(text: Any) -> tuple[int, ...]:
    """The ids an invite will grant. As at claim time: a text that is a number counts, anything but a list grants
    nothing."""
    ids = _inner_json(text)
    if type(ids) is not list:
        return ()
    return tuple(int(item) for item in ids if type(item) is int or (type(item) is str and item.isdecimal()))


@dataclass(frozen=True, slots=True)
class Invite:
    """`status` is pending, claimed or disabled. `workspace_ids` may name workspaces that are gone."""

    id: int
    code: str = field(repr=False)
    status: str
    claimed_by: ClaimedBy | None
    workspace_ids: tuple[int, ...]
    created_at: datetime

    @classmethod
    def from_json(cls, data: Any) -> Invite:
        claimed_by = need(data, "claimedBy")
        return cls(
            need_int(data, "id"),
            need_text(data, "code"),
            need_text(data, "status"),
            None if claimed_by is None else ClaimedBy.from_json(claimed_by),
            _workspace_ids(data.get("workspaceIds")),
            need_moment(data, "createdAt"),
        )


@dataclass(frozen=True, slots=True)
class ThreadName:
    """A thread as listed within a workspace; `name` is None where the instance leaves it out (GET of one workspace)."""

    slug: str
    user_id: int | None
    name: str | None

    @classmethod
    def from_json(cls, data: Any) -> ThreadName:
        return cls(need_text(data, "slug"), _int(data, "user_id"), _text(data, "name"))


@dataclass(frozen=True, slots=True)
class WorkspaceDocument:
    """A document embedded in a workspace. `path` ("folder/name-uuid.json") is the key for everything."""

    id: int
    doc_id: str
    path: str
    title: str
    pinned: bool
    watched: bool
    created_at: datetime
    metadata: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> WorkspaceDocument:
        path = need_text(data, "docpath")
        metadata = _inner_json(data.get("metadata"))
        if type(metadata) is not dict:
            metadata = {}
        return cls(
            need_int(data, "id"),
            need_text(data, "docId"),
            path,
            _text(metadata, "title") or path.rpartition("/")[2],
            data.get("pinned") is True,
            data.get("watched") is True,
            need_moment(data, "createdAt"),
            metadata,
        )


@dataclass(frozen=True, slots=True)
class Workspace:
    """`slug` never changes when renamed; a new workspace may get a deleted one's slug, so remember `id`.

    `documents` is None where the instance does not list them (everywhere but in GET of one workspace and
    update-embeddings).
    """

    id: int
    name: str
    slug: str
    created_at: datetime
    temperature: float | None
    history: int | None
    prompt: str | None
    similarity_threshold: float | None
    top_n: int | None
    chat_mode: str | None
    chat_provider: str | None
    chat_model: str | None
    agent_provider: str | None
    agent_model: str | None
    query_refusal: str | None
    vector_search_mode: str
    threads: tuple[ThreadName, ...]
    documents: tuple[WorkspaceDocument, ...] | None

    @classmethod
    def from_json(cls, data: Any) -> Workspace:
        return cls(
            need_int(data, "id"),
            need_text(data, "name"),
            need_text(data, "slug"),
            need_moment(data, "createdAt"),
            _float(data, "openAiTemp"),
            _int(data, "openAiHistory"),
            _text(data, "openAiPrompt"),
            _float(data, "similarityThreshold"),
            _int(data, "topN"),
            _text(data, "chatMode"),
            _text(data, "chatProvider"),
            _text(data, "chatModel"),
            _text(data, "agentProvider"),
            _text(data, "agentModel"),
            _text(data, "queryRefusalResponse"),
            _text(data, "vectorSearchMode") or "default",
            tuple(ThreadName.from_json(item) for item in _objects(data, "threads")),
            tuple(map(WorkspaceDocument.from_json, need_list(data, "documents"))) if "documents" in data else None,
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A row of workspace_users. `role` is the role on the instance: admins and managers reach every workspace
    anyway."""

    user_id: int
    username: str
    role: str

    @classmethod
    def from_json(cls, data: Any) -> Member:
        return cls(need_int(data, "userId"), need_text(data, "username"), need_text(data, "role"))


@dataclass(frozen=True, slots=True)
class Login:
    """The answer to a password. `recovery_codes` come once, at the very first sign-in: show them to the person, or they
    are lost.

    When `valid` is False, `message` holds the instance's words, `code` its number: 001 unknown, 002 wrong, 004
    suspended.
    """

    valid: bool
    user: User | None
    token: str | None = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)
    message: str
    code: str

    @classmethod
    def from_json(cls, data: Any) -> Login:
        user, message = need(data, "user"), _text(data, "message") or ""
        return cls(
            need_bool(data, "valid"),
            None if user is None else User.from_json(user),
            _text(data, "token"),
            tuple(code for code in data.get("recoveryCodes") or () if type(code) is str),
            message,
            message[1:4] if message[:1] == "[" else "",
        )


@dataclass(frozen=True, slots=True)
class LoginToken:
    """Signs in as that user, once, within six minutes. `path` is relative to the instance's own address."""

    token: str = field(repr=False)
    path: str = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> LoginToken:
        return cls(need_text(data, "token"), need_text(data, "loginPath"))


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What the instance runs on (GET /v1/system, /api/setup-complete). Secrets among `values` are booleans: set or
    not."""

    multi_user_mode: bool
    llm_provider: str | None
    llm_model: str | None
    embedding_engine: str | None
    embedding_model: str | None
    vector_db: str | None
    values: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> SystemSettings:
        return cls(
            need_bool(data, "MultiUserMode"),
            _text(data, "LLMProvider"),
            _text(data, "LLMModel"),
            _text(data, "EmbeddingEngine"),
            _text(data, "EmbeddingModelPref"),
            _text(data, "VectorDB"),
            data,
        )


@dataclass(frozen=True, slots=True)
class InstanceMetrics:
    """GET /api/utils/metrics. `app_version` ("1.16.0") is there from v1.8.5, and only if the deployment sets it.

    Storage is in GB. `version` is a build mark, "--" outside Docker.
    """

    version: str | None
    app_version: str | None
    mode: str | None
    vector_db: str | None
    storage_used: float | None
    storage_capacity: float | None

    @classmethod
    def from_json(cls, data: Any) -> InstanceMetrics:
        storage = need(data, "storage")
        storage = storage if type(storage) is dict else {}
        return cls(
            _text(data, "version"),
            _text(data, "appVersion"),
            _text(data, "mode"),
            _text(data, "vectorDB"),
            _float(storage, "current"),
            _float(storage, "capacity"),
        )


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """`key_accepted` False: see KeyRefused, it need not mean a wrong key."""

    online: bool
    key_accepted: bool


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """A question and its answer in the log of all chats. `username` is "API" for session chats, "unknown user" without
    one.

    `visible` False: hidden from every history (by a reset, or an agent's), but still in log and export.
    """

    id: int
    workspace_id: int
    workspace_name: str | None
    workspace_slug: str | None
    user_id: int | None
    username: str | None
    thread_id: int | None
    session_id: str | None
    prompt: str
    text: str
    sources: tuple[dict[str, Any], ...] = field(repr=False)
    feedback: bool | None
    visible: bool
    created_at: datetime
    mode: str | None  # "chat", "query" or "automatic"

    @classmethod
    def from_json(cls, data: Any) -> ChatRecord:
        response = _inner_json(need(data, "response"))
        response = response if type(response) is dict else {}
        workspace, user, feedback = data.get("workspace") or {}, data.get("user") or {}, data.get("feedbackScore")
        return cls(
            need_int(data, "id"),
            need_int(data, "workspaceId"),
            _text(workspace, "name"),
            _text(workspace, "slug"),
            _int(data, "user_id"),
            _text(user, "username"),
            _int(data, "thread_id"),
            _text(data, "api_session_id"),
            need_text(data, "prompt"),
            _text(response, "text") or "",
            _objects(response, "sources"),
            None if feedback is None else bool(feedback),
            data.get("include") is not False,
            need_moment(data, "createdAt"),
            _text(response, "type"),
        )


@dataclass(frozen=True, slots=True)
class ChatLogPage:
    records: tuple[ChatRecord, ...]
    has_more: bool

    @classmethod
    def from_json(cls, data: Any) -> ChatLogPage:
        return cls(tuple(map(ChatRecord.from_json, need_list(data, "chats"))), need_bool(data, "hasPages"))


@dataclass(frozen=True, slots=True)
class VectorHit:
    """A passage found by its meaning. `score` is 1 - `distance`; `text` begins with a <document_metadata> block."""

    id: str
    text: str = field(repr=False)
    score: float
    distance: float | None
    metadata: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> VectorHit:
        return cls(
            need_text(data, "id"),
            need_text(data, "text"),
            need_number(data, "score"),
            _float(data, "distance"),
            need_dict(data, "metadata"),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the library. `path` is None where the instance tells only the name (GET of one document).

    `published` is the instance's own local date text. `pinned_workspaces` are ids. `cached` means that vectors are
    kept, not that a workspace holds it. `text` comes only with the answer to an upload.
    """

    id: str
    name: str
    path: str | None
    title: str
    author: str | None
    description: str | None
    source: str | None
    published: str | None
    words: int | None
    tokens: int | None
    cached: bool
    watched: bool
    pinned_workspaces: tuple[int, ...]
    text: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any, folder: str | None = None) -> Document:
        document_id, path = need_text(data, "id"), _text(data, "location")
        name = _text(data, "name") or (path.rpartition("/")[2] if path else None)
        if name is None:
            raise _broken("name", "is missing")
        pinned = data.get("pinnedWorkspaces")
        return cls(
            document_id,
            name,
            path or (f"{folder}/{name}" if folder else None),
            _text(data, "title") or name,
            _text(data, "docAuthor"),
            _text(data, "description"),
            _text(data, "docSource"),
            _text(data, "published"),
            _int(data, "wordCount"),
            _int(data, "token_count_estimate"),
            data.get("cached") is True,
            data.get("watched") is True,
            tuple(item for item in pinned if type(item) is int) if type(pinned) is list else (),
            _text(data, "pageContent"),
        )


@dataclass(frozen=True, slots=True)
class DocumentFolder:
    name: str
    documents: tuple[Document, ...]

    @classmethod
    def from_json(cls, data: Any) -> DocumentFolder:
        name = need_text(data, "name")
        return cls(name, tuple(Document.from_json(item, name) for item in need_list(data, "items")))


@dataclass(frozen=True, slots=True)
class DocumentPage:
    folder: str
    documents: tuple[Document, ...]
    total: int
    has_more: bool

    @classmethod
    def from_json(cls, data: Any) -> DocumentPage:
        folder = need_text(data, "folder")
        documents = tuple(Document.from_json(item, folder) for item in need_list(data, "documents"))
        total = _int(data, "totalCount")
        return cls(folder, documents, len(documents) if total is None else total, data.get("hasMore") is True)


@dataclass(frozen=True, slots=True)
class Thread:
    id: int
    slug: str
    name: str
    workspace_id: int
    user_id: int | None
    created_at: datetime

    @classmethod
    def from_json(cls, data: Any) -> Thread:
        return cls(
            need_int(data, "id"),
            need_text(data, "slug"),
            need_text(data, "name"),
            need_int(data, "workspace_id"),
            _int(data, "user_id"),
            need_moment(data, "createdAt"),
        )


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One side of a question and answer in a history; both sides share `chat_id`. `role` is user or assistant."""

    chat_id: int | None
    role: str
    content: str
    sent_at: datetime
    sources: tuple[dict[str, Any], ...] = field(repr=False)
    attachments: tuple[dict[str, Any], ...] = field(repr=False)
    feedback: bool | None

    @classmethod
    def from_json(cls, data: Any) -> ChatMessage:
        role, feedback = need_text(data, "role"), data.get("feedbackScore")
        return cls(
            _int(data, "chatId"),
            role,
            need_text(data, "content"),
            datetime.fromtimestamp(need_int(data, "sentAt"), UTC),
            _objects(data, "sources"),
            _objects(data, "attachments"),
            None if feedback is None else bool(feedback),
        )


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """The answer to a question. `chat_id` is None for refusals, resets and agents."""

    chat_id: int | None
    text: str
    sources: tuple[dict[str, Any], ...] = field(repr=False)
    metrics: Mapping[str, Any] = field(repr=False)
    thoughts: tuple[str, ...] = field(repr=False)
    files: tuple[dict[str, Any], ...] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> ChatAnswer:
        text = need_text(data, "textResponse")
        return cls(
            _int(data, "chatId"),
            text,
            _objects(data, "sources"),
            data.get("metrics") or {},
            tuple(thought for thought in data.get("thoughts") or () if type(thought) is str),
            _objects(data, "outputs"),
        )


@dataclass(frozen=True, slots=True)
class EmbedWidget:
    """A chat widget for web pages. The list tells less of it than making one: what it leaves out is None.

    `domains` empty: any web page may use it.
    """

    id: int
    uuid: str
    enabled: bool
    chat_mode: str
    workspace_id: int
    workspace_name: str | None
    domains: tuple[str, ...] | None
    max_chats_per_day: int | None
    max_chats_per_session: int | None
    message_limit: int | None
    chat_count: int | None
    created_at: datetime

    @classmethod
    def from_json(cls, data: Any) -> EmbedWidget:
        widget_id, workspace, domains = need_int(data, "id"), data.get("workspace"), None
        if "allowlist_domains" in data:
            domains = tuple(item for item in _inner_json(data["allowlist_domains"]) or () if type(item) is str)
        return cls(
            widget_id,
            need_text(data, "uuid"),
            need_bool(data, "enabled"),
            need_text(data, "chat_mode"),
            need_int(workspace, "id") if workspace else need_int(data, "workspace_id"),
            _text(workspace, "name") if workspace else None,
            domains,
            _int(data, "max_chats_per_day"),
            _int(data, "max_chats_per_session"),
            _int(data, "message_limit"),
            _int(data, "chat_count"),
            need_moment(data, "createdAt"),
        )


@dataclass(frozen=True, slots=True)
class EmbedChat:
    """A question and its answer in a widget. `connection` holds host and address of the visitor."""

    id: int
    session_id: str
    prompt: str
    text: str
    connection: Mapping[str, Any] = field(repr=False)
    created_at: datetime

    @classmethod
    def from_json(cls, data: Any) -> EmbedChat:
        response, connection = _inner_json(need(data, "response")), _inner_json(data.get("connection_information"))
        return cls(
            need_int(data, "id"),
            need_text(data, "session_id"),
            need_text(data, "prompt"),
            (_text(response, "text") if type(response) is dict else None) or "",
            connection if type(connection) is dict else {},
            need_moment(data, "createdAt"),
        )


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A workspace under its slug, as a model of the OpenAI-compatible API."""

    id: str
    owned_by: str | None
    created: int

    @classmethod
    def from_json(cls, data: Any) -> OpenAIModel:
        return cls(need_text(data, "id"), _text(data, "owned_by"), need_int(data, "created"))


@dataclass(frozen=True, slots=True)
class VectorStore:
    """A workspace under its slug. `files`: how many documents it holds."""

    id: str
    name: str
    files: int
    provider: str | None

    @classmethod
    def from_json(cls, data: Any) -> VectorStore:
        files = need_int(need_dict(data, "file_counts"), "total")
        return cls(need_text(data, "id"), need_text(data, "name"), files, _text(data, "provider"))


@dataclass(frozen=True, slots=True)
class Completion:
    """`finish_reason` "abort": the workspace refused the question, `text` says why."""

    text: str
    finish_reason: str | None
    usage: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Completion:
        choice = need(need_list(data, "choices"), 0)
        return cls(
            need_text(need_dict(choice, "message"), "content"), _text(choice, "finish_reason"), data.get("usage") or {}
        )


@dataclass(frozen=True, slots=True)
class Embeddings:
    model: str | None
    vectors: tuple[tuple[float, ...], ...] = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Embeddings:
        vectors = tuple(tuple(need_list(item, "embedding")) for item in need_list(data, "data"))
        return cls(_text(data, "model"), vectors)
