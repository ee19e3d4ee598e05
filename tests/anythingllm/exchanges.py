"""For each route: the client's call that makes a recorded exchange, and what must have become of its answer.

A driver gets the client, the recording, and the server (to prepare the answers of the calls that come with it).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dashboard.anythingllm import AnythingLLMClient, Roster
from dashboard.anythingllm.sse import Done, Failed, Replace, Text
from tests.anythingllm.answering import PAGE, Answering, of_json

HERE = Path(__file__).parent
DATA = HERE.parent / "data"


@cache
def operations() -> list[tuple[str, str]]:
    """(method, route) of the 63 operations of the developer API."""
    paths = json.loads((HERE / "openapi.json").read_text())["paths"]
    return [(method.upper(), route) for route, methods in paths.items() for method in methods]


PUBLIC = [
    ("GET", "/ping"),
    ("GET", "/setup-complete"),
    ("GET", "/system/multi-user-mode"),
    ("GET", "/utils/metrics"),
    ("POST", "/request-token"),
    ("GET", "/invite/{code}"),
    ("POST", "/invite/{code}"),
]


class Recording:
    def __init__(self, row: dict[str, Any]) -> None:
        self.name: str = row["name"]
        self.method: str = row["method"]
        self.path: str = row["path"]
        self.query = {name: str(value) for name, value in (row.get("query") or {}).items()}
        self.body: Any = row.get("request_body")
        self.status: int = row["status"]
        self.content_type: str | None = (row["response_headers"] or {}).get("content-type")
        self.headers: dict[str, str] = row["response_headers"] or {}
        self.answer: Any = row["response_body"]
        self.events: list[dict[str, Any]] = row.get("sse_events") or []
        self.transport_error: str | None = row.get("transport_error")
        self.route, self.names = self._route()

    def _route(self) -> tuple[str, dict[str, str]]:
        found = []
        for method, route in operations() + PUBLIC:
            pattern = "/api" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route)
            match = re.fullmatch(pattern, self.path)
            if method == self.method and match:
                found.append((route, match.groupdict()))
        return min(found, key=lambda item: len(item[1]), default=(self.path, {}))

    def sent(self) -> dict[str, Any]:
        return dict(self.body or {})


@cache
def recordings() -> list[Recording]:
    rows = (json.loads(line) for line in (DATA / "recordings.jsonl").read_text(encoding="utf-8").splitlines())
    return [Recording(row) for row in rows if not row.get("setup")]


Driver = Callable[[AnythingLLMClient, Recording, Answering], None]
DRIVERS: dict[tuple[str, str], Driver] = {}


def through_the_gate(client: AnythingLLMClient, row: Recording, server: Answering) -> None:
    """For what no module has a method for, but HttpClient's own verbs can ask."""
    verb = getattr(client.http_client, row.method.lower())
    path = row.path.removeprefix("/api")
    found = (
        verb(path, row.query or None)
        if row.method == "GET"
        else verb(path, **({"json_data": row.body} if row.body else {}))
    )
    assert found == row.answer


# What the client adds to a body of its own accord.
ADDED = {
    "/v1/admin/users/new": {"role": "default"},
    "/v1/admin/invite/new": {"workspaceIds": []},
    "/v1/admin/workspace-chats": {"offset": 0},
    "/v1/workspace/{slug}/update-embeddings": {"adds": [], "deletes": []},
    "/v1/admin/workspaces/{workspaceSlug}/manage-users": {"reset": False},
}


def drives(method: str, route: str) -> Callable[[Driver], Driver]:
    def keep(driver: Driver) -> Driver:
        DRIVERS[(method, route)] = driver
        return driver

    return keep


def same(found: Any, wanted: dict[str, Any], **fields: str) -> None:
    """The object's fields are the recorded JSON's keys."""
    for name, key in fields.items():
        assert getattr(found, name) == wanted[key], name


def same_user(found: Any, wanted: dict[str, Any]) -> None:
    same(found, wanted, id="id", username="username", role="role", suspended="suspended", bio="bio")
    same(found, wanted, daily_message_limit="dailyMessageLimit", first_login_done="seen_recovery_codes")
    assert found.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z") == wanted["createdAt"]


def same_workspace(found: Any, wanted: dict[str, Any]) -> None:
    same(found, wanted, id="id", name="name", slug="slug", temperature="openAiTemp", history="openAiHistory")
    same(found, wanted, prompt="openAiPrompt", chat_mode="chatMode", top_n="topN", chat_provider="chatProvider")
    same(found, wanted, similarity_threshold="similarityThreshold", query_refusal="queryRefusalResponse")
    threads = [(thread.slug, thread.user_id) for thread in found.threads]
    assert threads == [(thread["slug"], thread["user_id"]) for thread in wanted.get("threads", [])]
    if "documents" in wanted:
        same_workspace_documents(found.documents, wanted)


def same_workspace_documents(found: Iterable[Any], wanted: dict[str, Any]) -> None:
    assert [(document.path, document.pinned, document.title) for document in found] == [
        (document["docpath"], document["pinned"], json.loads(document["metadata"])["title"])
        for document in wanted["documents"]
    ]


def same_documents(found: Iterable[Any], wanted: list[dict[str, Any]]) -> None:
    assert [(document.id, document.title, document.words) for document in found] == [
        (document["id"], document["title"], document["wordCount"]) for document in wanted
    ]


def same_history(found: Iterable[Any], wanted: dict[str, Any]) -> None:
    assert [(message.role, message.content, message.chat_id, message.sent_at.timestamp()) for message in found] == [
        (message["role"], message["content"], message["chatId"], message["sentAt"]) for message in wanted["history"]
    ]


# -- public --------------------------------------------------------------------------------------------------------------


@drives("GET", "/ping")
def _(client, row, server):
    assert client.system.get_health() is row.answer["online"]


@drives("GET", "/setup-complete")
def _(client, row, server):
    settings = client.auth.check_setup()
    assert settings.multi_user_mode is row.answer["results"]["MultiUserMode"]
    assert settings.llm_model == row.answer["results"]["LLMModel"]


@drives("GET", "/system/multi-user-mode")
def _(client, row, server):
    assert client.system.multi_user_mode() is row.answer["multiUserMode"]


@drives("GET", "/utils/metrics")
def _(client, row, server):
    metrics = client.system.metrics()
    same(metrics, row.answer, version="version", app_version="appVersion", mode="mode", vector_db="vectorDB")
    assert metrics.storage_capacity == row.answer["storage"]["capacity"]


@drives("POST", "/request-token")
def _(client, row, server):
    login = client.auth.login(**row.sent())
    same(login, row.answer, valid="valid", token="token")
    assert login.message == (row.answer["message"] or "")
    assert login.code == login.message[1:4]
    assert list(login.recovery_codes) == row.answer.get("recoveryCodes", [])
    if row.answer["user"]:
        same_user(login.user, row.answer["user"])


@drives("GET", "/invite/{code}")
def _(client, row, server):
    assert client.invites.read(row.names["code"]) == row.answer["invite"]["status"]


@drives("POST", "/invite/{code}")
def _(client, row, server):
    client.invites.accept(row.names["code"], **row.sent())


# -- keys, users ---------------------------------------------------------------------------------------------------------


@drives("GET", "/v1/auth")
def _(client, row, server):
    assert client.auth.validate_token() is (row.status == 200)


@drives("GET", "/v1/admin/is-multi-user-mode")
def _(client, row, server):
    assert client.admin.is_multi_user_mode() is row.answer["isMultiUser"]


@drives("GET", "/v1/admin/users")
def _(client, row, server):
    found = client.users.list()
    assert len(found) == len(row.answer["users"])
    for user, wanted in zip(found, row.answer["users"], strict=True):
        same_user(user, wanted)


@drives("GET", "/v1/users")
def _(client, row, server):
    found = [(user.id, user.username, user.role) for user in client.users.names()]
    assert found == [(user["id"], user["username"], user["role"]) for user in row.answer["users"]]


@drives("POST", "/v1/admin/users/new")
def _(client, row, server):
    sent = row.sent()
    if "dailyMessageLimit" in sent:
        sent["daily_message_limit"] = sent.pop("dailyMessageLimit")
    same_user(client.users.create(**sent), row.answer["user"])


@drives("POST", "/v1/admin/users/{id}")
def _(client, row, server):
    sent = row.sent()
    if "dailyMessageLimit" in sent:
        sent["daily_message_limit"] = sent.pop("dailyMessageLimit")
    client.users.update(row.names["id"], verify=False, **sent)


@drives("DELETE", "/v1/admin/users/{id}")
def _(client, row, server):
    client.users.delete(row.names["id"], verify=False)


@drives("GET", "/v1/users/{id}/issue-auth-token")
def _(client, row, server):
    same(client.users.login_token(row.names["id"]), row.answer, token="token", path="loginPath")


# -- invites, preferences, members ---------------------------------------------------------------------------------------


@drives("POST", "/v1/admin/invite/new")
def _(client, row, server):
    invite, wanted = client.admin.create_invite(row.sent().get("workspaceIds")), row.answer["invite"]
    same(invite, wanted, id="id", code="code", status="status", claimed_by="claimedBy")
    assert list(invite.workspace_ids) == json.loads(wanted["workspaceIds"])


@drives("GET", "/v1/admin/invites")
def _(client, row, server):
    for invite, wanted in zip(client.admin.get_invites(), row.answer["invites"], strict=True):
        same(invite, wanted, id="id", code="code", status="status")
        if wanted["claimedBy"] is None:
            assert invite.claimed_by is None
        else:
            assert invite.claimed_by.username == wanted["claimedBy"].get("username")
            assert invite.claimed_by.deleted is (wanted["claimedBy"] == {})
        granted = {"1": (), '["1","abc"]': (1,)}.get(wanted["workspaceIds"])
        assert invite.workspace_ids == (tuple(json.loads(wanted["workspaceIds"])) if granted is None else granted)


@drives("DELETE", "/v1/admin/invite/{id}")
def _(client, row, server):
    client.admin.delete_invite(row.names["id"])


@drives("POST", "/v1/admin/preferences")
def _(client, row, server):
    client.admin.update_system_preferences(row.sent())


@drives("POST", "/v1/admin/workspace-chats")
def _(client, row, server):
    page = client.admin.chat_log(row.sent().get("offset", 0))
    assert page.has_more is row.answer["hasPages"]
    for record, wanted in zip(page.records, row.answer["chats"], strict=True):
        same(record, wanted, id="id", user_id="user_id", thread_id="thread_id", prompt="prompt", visible="include")
        assert record.text == json.loads(wanted["response"])["text"]
        assert record.workspace_slug == wanted["workspace"]["slug"]
        assert record.username == wanted["user"]["username"]


def member_json(*ids: int) -> dict[str, Any]:
    return {"users": [{"userId": user_id, "username": f"user{user_id}", "role": "default"} for user_id in ids]}


def members_path(workspace_id: int = 1) -> str:
    return f"/api/v1/admin/workspaces/{workspace_id}/users"


@drives("GET", "/v1/admin/workspaces/{workspaceId}/users")
def _(client, row, server):
    found = [
        (member.user_id, member.username, member.role) for member in client.memberships.read(row.names["workspaceId"])
    ]
    assert found == [(user["userId"], user["username"], user["role"]) for user in row.answer["users"]]


@drives("POST", "/v1/admin/workspaces/{workspaceSlug}/manage-users")
def _(client, row, server):
    sent, answered = row.sent(), row.answer if isinstance(row.answer, dict) else {"users": []}
    ids = sent["userIds"]
    before = [] if not sent.get("reset") else [*ids, 77]
    server.also("GET", members_path(), of_json(member_json(*before)), of_json({"users": answered["users"]}))
    roster = Roster(frozenset([*ids, 77]), {1: row.names["workspaceSlug"]})
    change = client.memberships.replace if sent.get("reset") else client.memberships.add
    found = change(1, ids, roster=roster)
    assert found == {user["userId"] for user in answered["users"]}


@drives("POST", "/v1/admin/workspaces/{workspaceId}/update-users")
def _(client, row, server):
    """Reached where manage-users is missing (a page answers), and to empty a workspace."""
    ids = row.sent()["userIds"]
    workspace_id = int(row.names["workspaceId"])
    after = [] if 99999 in ids or workspace_id == 99999 else ids
    server.also("GET", members_path(workspace_id), of_json(member_json(77)), of_json(member_json(*after)))
    server.also("POST", "/api/v1/admin/workspaces/demo/manage-users", PAGE)
    roster = Roster(frozenset([*ids, 77]), {workspace_id: "demo"})
    found = client.memberships.replace(workspace_id, ids, roster=roster)
    assert found == set(ids)


# -- workspaces ----------------------------------------------------------------------------------------------------------

WORKSPACE_FIELDS = {
    "name": "name",
    "openAiTemp": "temperature",
    "openAiHistory": "history",
    "openAiPrompt": "prompt",
    "similarityThreshold": "similarity_threshold",
    "topN": "top_n",
    "chatMode": "chat_mode",
    "chatProvider": "chat_provider",
    "chatModel": "chat_model",
    "queryRefusalResponse": "query_refusal",
    "vectorSearchMode": "vector_search_mode",
}


def workspace_fields(sent: dict[str, Any]) -> dict[str, Any]:
    return {WORKSPACE_FIELDS[key]: value for key, value in sent.items()}


@drives("GET", "/v1/workspaces")
def _(client, row, server):
    for workspace, wanted in zip(client.workspaces.list(), row.answer["workspaces"], strict=True):
        same_workspace(workspace, wanted)
        assert [thread.name for thread in workspace.threads] == [thread["name"] for thread in wanted["threads"]]


@drives("GET", "/v1/workspace/{slug}")
def _(client, row, server):
    same_workspace(client.workspaces.get(row.names["slug"]), row.answer["workspace"][0])


@drives("POST", "/v1/workspace/new")
def _(client, row, server):
    same_workspace(client.workspaces.create(**workspace_fields(row.sent())), row.answer["workspace"])


@drives("POST", "/v1/workspace/{slug}/update")
def _(client, row, server):
    found = client.workspaces.update(row.names["slug"], **workspace_fields(row.sent()))
    same_workspace(found, row.answer["workspace"])


@drives("DELETE", "/v1/workspace/{slug}")
def _(client, row, server):
    client.workspaces.delete(row.names["slug"], verify=False)


@drives("POST", "/v1/workspace/{slug}/update-embeddings")
def _(client, row, server):
    sent, slug = row.sent(), row.names["slug"]
    server.also(
        "GET", f"/api/v1/workspace/{slug}", of_json({"workspace": [{**row.answer["workspace"], "documents": []}]})
    )
    if sent.get("deletes"):
        (gone,) = sent["deletes"]
        found = client.workspaces.remove_document(slug, gone)
    else:
        found = client.workspaces.add_documents(slug, sent["adds"])
    same_workspace_documents(found, row.answer["workspace"])


@drives("POST", "/v1/workspace/{slug}/update-pin")
def _(client, row, server):
    path, pinned, slug = row.body["docPath"], row.body["pinStatus"], row.names["slug"]
    document = {"id": 1, "docId": "d", "docpath": path, "pinned": pinned, "createdAt": "2026-11-21T01:30:55.687Z"}
    workspace = {
        "id": 1,
        "name": "Docs",
        "slug": slug,
        "createdAt": "2026-11-21T01:30:55.687Z",
        "documents": [document],
    }
    server.also("GET", f"/api/v1/workspace/{slug}", of_json({"workspace": [workspace]}))
    assert client.workspaces.pin(slug, path, pinned).pinned is pinned


@drives("POST", "/v1/workspace/{slug}/vector-search")
def _(client, row, server):
    sent = row.sent()
    found = client.workspaces.vector_search(
        row.names["slug"], sent["query"], top_n=sent.get("topN"), score_threshold=sent.get("scoreThreshold")
    )
    for hit, wanted in zip(found, row.answer["results"], strict=True):
        same(hit, wanted, id="id", text="text", score="score", distance="distance", metadata="metadata")


# -- documents -----------------------------------------------------------------------------------------------------------


@drives("GET", "/v1/documents")
def _(client, row, server):
    if row.query:
        page = client.documents.page(
            row.query["folder"], **{key: int(row.query[key]) for key in row.query if key != "folder"}
        )
        same(page, row.answer, folder="folder", total="totalCount", has_more="hasMore")
        same_documents(page.documents, row.answer["documents"])
        return
    folders = client.documents.get_folders()
    for folder, wanted in zip(folders, row.answer["localFiles"]["items"], strict=True):
        assert folder.name == wanted["name"]
        same_documents(folder.documents, wanted["items"])
        assert [document.path for document in folder.documents] == [
            f"{folder.name}/{item['name']}" for item in wanted["items"]
        ]


@drives("GET", "/v1/documents/folder/{folderName}")
def _(client, row, server):
    page = client.documents.in_folder(unquote(row.names["folderName"]))
    same(page, row.answer, folder="folder", total="totalCount", has_more="hasMore")
    same_documents(page.documents, row.answer["documents"])


@drives("GET", "/v1/document/accepted-file-types")
def _(client, row, server):
    client.documents.accepted_types()


@drives("GET", "/v1/document/{docName}")
def _(client, row, server):
    same_documents([client.documents.get(row.names["docName"])], [row.answer["document"]])


@drives("POST", "/v1/document/create-folder")
def _(client, row, server):
    assert client.documents.create_folder(row.sent()["name"]).name == row.sent()["name"]


@drives("DELETE", "/v1/document/remove-folder")
def _(client, row, server):
    name = row.sent()["name"]
    gone = row.name not in ("document_remove_folder__custom_documents",)
    left = {"folder": name, "documents": [], "totalCount": 0, "hasMore": False, "error": None}
    server.also("GET", f"/api/v1/documents/folder/{name}", of_json({"error": "x"}, 404) if gone else of_json(left))
    client.documents.delete_folder(name)


@drives("POST", "/v1/document/move-files")
def _(client, row, server):
    client.documents.move({move["from"]: move["to"] for move in row.sent()["files"]})


@drives("GET", "/v1/document/generated-files/{filename}")
def _(client, row, server):
    assert client.documents.generated_file(row.names["filename"]).body.decode() == row.answer


def upload(client, row, folder):
    (file,) = row.body["multipart"]["files"].values()
    fields = row.body["multipart"]["fields"]
    path = DATA / "files" / file["filename"]
    content = path.read_bytes() if path.is_file() and "/" not in file["filename"] else b"x" * file["bytes"]
    found = client.documents.upload(
        file_obj=io.BytesIO(content),
        file_name=file["filename"],
        content_type=file["content_type"],
        folder_name=folder,
        metadata=json.loads(fields["metadata"]) if "metadata" in fields else None,
        add_to_workspaces=fields["addToWorkspaces"].split(",") if "addToWorkspaces" in fields else None,
    )
    same_documents(found, row.answer["documents"])
    assert [document.path for document in found] == [document["location"] for document in row.answer["documents"]]


@drives("POST", "/v1/document/upload")
def _(client, row, server):
    upload(client, row, None)


@drives("POST", "/v1/document/upload/{folderName}")
def _(client, row, server):
    upload(client, row, unquote(row.names["folderName"]))


@drives("POST", "/v1/document/upload-link")
def _(client, row, server):
    workspaces = row.sent().get("addToWorkspaces")
    found = client.documents.upload_link(
        row.sent()["link"], add_to_workspaces=workspaces.split(",") if workspaces else None
    )
    same_documents(found, row.answer["documents"])


@drives("POST", "/v1/document/raw-text")
def _(client, row, server):
    sent = row.sent()
    metadata = dict(sent["metadata"])
    title, workspaces = metadata.pop("title"), sent.get("addToWorkspaces")
    found = client.documents.raw_text(
        sent["textContent"], title, metadata=metadata, add_to_workspaces=workspaces.split(",") if workspaces else None
    )
    same_documents(found, row.answer["documents"])
    assert found[0].text == row.answer["documents"][0]["pageContent"]


@drives("DELETE", "/v1/system/remove-documents")
def _(client, row, server):
    client.documents.remove(row.sent()["names"])


# -- system --------------------------------------------------------------------------------------------------------------


@drives("GET", "/v1/system")
def _(client, row, server):
    settings, wanted = client.system.get_settings(), row.answer["settings"]
    same(settings, wanted, llm_provider="LLMProvider", llm_model="LLMModel", vector_db="VectorDB")
    same(settings, wanted, embedding_engine="EmbeddingEngine", embedding_model="EmbeddingModelPref")


@drives("GET", "/v1/system/vector-count")
def _(client, row, server):
    assert client.system.vector_count() == row.answer["vectorCount"]


@drives("POST", "/v1/system/update-env")
def _(client, row, server):
    assert client.system.update_settings(row.sent()) == row.answer["newValues"]


@drives("GET", "/v1/system/env-dump")
def _(client, row, server):
    client.system.env_dump()


@drives("GET", "/v1/system/export-chats")
def _(client, row, server):
    assert client.system.export_chats(row.query.get("type", "jsonl")).decode() == row.answer


# -- chats ---------------------------------------------------------------------------------------------------------------


def question(row: Recording) -> dict[str, Any]:
    renamed = {"sessionId": "session_id", "userId": "user_id"}
    return {renamed.get(key, key): value for key, value in row.sent().items()}


def same_answer(found: Any, wanted: dict[str, Any]) -> None:
    assert (found.text, found.chat_id) == (wanted["textResponse"], wanted.get("chatId"))
    assert (list(found.sources), found.metrics) == (wanted["sources"], wanted["metrics"])


@drives("POST", "/v1/workspace/{slug}/chat")
def _(client, row, server):
    same_answer(client.chat.send_message(row.names["slug"], **question(row)), row.answer)


@drives("POST", "/v1/workspace/{slug}/thread/{threadSlug}/chat")
def _(client, row, server):
    asked = question(row)
    same_answer(client.chat.send_message(row.names["slug"], thread_id=row.names["threadSlug"], **asked), row.answer)


def same_stream(stream: Any, row: Recording) -> None:
    """Told apart from the reader: the text by a rule of its own, the end by what the recording shows."""
    events = list(stream)
    shown, said = "", [event for event in row.events if event["type"] != "agentThought"]
    for event in events:
        shown = event.text if isinstance(event, Replace) else shown + event.delta if isinstance(event, Text) else shown
    ends = [event for event in events if isinstance(event, (Done, Failed))]
    assert ends == events[-1:]
    abort = next((event for event in row.events if event["type"] == "abort"), None)
    if row.transport_error:
        assert ends == [Failed("timed_out")]
    elif abort or not row.events:
        assert ends[0].reason == "aborted"
        assert ends[0].message in row.answer
    else:
        last = row.events[-1]
        assert (ends[0].text, ends[0].chat_id) == (shown, last.get("chatId"))
        assert list(ends[0].sources) == last.get("sources", [])
    pieces = "".join(event["textResponse"] for event in said if event["type"] == "textResponseChunk")
    wholes = [event["textResponse"] for event in said if event["type"] == "textResponse"]
    assert shown == (wholes[-1] if wholes else pieces)


@drives("POST", "/v1/workspace/{slug}/stream-chat")
def _(client, row, server):
    with client.chat.stream_message(row.names["slug"], **question(row)) as stream:
        if row.name.endswith("client_abort"):
            texts = [event.delta for event, _ in zip(stream, row.events, strict=False)]
            assert texts == [event["textResponse"] for event in row.events]
            return
        same_stream(stream, row)


@drives("POST", "/v1/workspace/{slug}/thread/{threadSlug}/stream-chat")
def _(client, row, server):
    asked = question(row)
    with client.chat.stream_message(row.names["slug"], thread_id=row.names["threadSlug"], **asked) as stream:
        same_stream(stream, row)


@drives("GET", "/v1/workspace/{slug}/chats")
def _(client, row, server):
    found = client.chat.get_history(
        row.names["slug"],
        limit=int(row.query["limit"]) if "limit" in row.query else None,
        newest_first=row.query.get("orderBy") == "desc",
    )
    same_history(found, row.answer)


@drives("GET", "/v1/workspace/{slug}/thread/{threadSlug}/chats")
def _(client, row, server):
    same_history(client.chat.get_history(row.names["slug"], row.names["threadSlug"]), row.answer)


@drives("POST", "/v1/workspace/{slug}/thread/new")
def _(client, row, server):
    sent, wanted = row.sent(), row.answer["thread"]
    found = client.chat.create_thread(
        row.names["slug"], sent["name"], user_id=sent.get("userId"), slug=sent.get("slug")
    )
    same(found, wanted, id="id", slug="slug", name="name", workspace_id="workspace_id", user_id="user_id")


@drives("POST", "/v1/workspace/{slug}/thread/{threadSlug}/update")
def _(client, row, server):
    found = client.chat.update_thread(row.names["slug"], row.names["threadSlug"], row.sent()["name"])
    same(found, row.answer["thread"], id="id", name="name")


@drives("DELETE", "/v1/workspace/{slug}/thread/{threadSlug}")
def _(client, row, server):
    client.chat.delete_thread(row.names["slug"], row.names["threadSlug"])


# -- openai --------------------------------------------------------------------------------------------------------------


@drives("GET", "/v1/openai/models")
def _(client, row, server):
    assert [model.id for model in client.openai.list_models()] == [model["id"] for model in row.answer["data"]]


@drives("GET", "/v1/openai/vector_stores")
def _(client, row, server):
    found = [(store.id, store.name, store.files) for store in client.openai.list_vector_stores()]
    assert found == [(store["id"], store["name"], store["file_counts"]["total"]) for store in row.answer["data"]]


@drives("POST", "/v1/openai/chat/completions")
def _(client, row, server):
    sent = row.sent()
    found = client.openai.create_chat_completion(
        sent["model"], sent["messages"], sent.get("temperature"), sent.get("stream", False)
    )
    if not sent.get("stream"):
        assert found.text == row.answer["choices"][0]["message"]["content"]
        return
    *said, end = list(found)
    contents = [event["choices"][0]["delta"]["content"] for event in row.events]
    assert "".join(event.delta for event in said if isinstance(event, Text)) == "".join(filter(None, contents))
    assert end == (Failed("interrupted") if None in contents or not contents else Done(None, "".join(contents)))


@drives("POST", "/v1/openai/embeddings")
def _(client, row, server):
    row.body.pop("model", None)
    found = client.openai.create_embedding(row.sent()["input"])
    assert [list(vector) for vector in found.vectors] == [item["embedding"] for item in row.answer["data"]]


@drives("POST", "/v1/openai/images/generations")
def _(client, row, server):
    if "multipart" in (row.body or {}):
        found = client.openai.generate_image("a cat", references=[io.BytesIO(b"pictures")])
    else:
        found = client.openai.generate_image(row.sent()["prompt"], size=row.sent().get("size"))
    assert found.startswith(b"\x89PNG")


# -- widgets -------------------------------------------------------------------------------------------------------------


@drives("GET", "/v1/embed")
def _(client, row, server):
    for widget, wanted in zip(client.embed.widgets(), row.answer["embeds"], strict=True):
        same(widget, wanted, id="id", uuid="uuid", enabled="enabled", chat_mode="chat_mode", chat_count="chat_count")
        assert widget.workspace_name == wanted["workspace"]["name"]


@drives("POST", "/v1/embed/new")
def _(client, row, server):
    sent = row.sent()
    if "allowlist_domains" in sent:
        sent["domains"] = sent.pop("allowlist_domains").split(",")
    widget, wanted = client.embed.create_widget(**sent), row.answer["embed"]
    same(widget, wanted, id="id", uuid="uuid", enabled="enabled", chat_mode="chat_mode", workspace_id="workspace_id")
    assert list(widget.domains) == json.loads(wanted["allowlist_domains"] or "[]")


@drives("POST", "/v1/embed/{embedUuid}")
def _(client, row, server):
    client.embed.update_widget(row.names["embedUuid"], **row.sent())


@drives("DELETE", "/v1/embed/{embedUuid}")
def _(client, row, server):
    client.embed.delete_widget(row.names["embedUuid"])


def same_embed_chats(found: Any, row: Recording) -> None:
    for chat, wanted in zip(found, row.answer["chats"], strict=True):
        same(chat, wanted, id="id", session_id="session_id", prompt="prompt")
        assert chat.text == json.loads(wanted["response"])["text"]


@drives("GET", "/v1/embed/{embedUuid}/chats")
def _(client, row, server):
    same_embed_chats(client.embed.chats(row.names["embedUuid"]), row)


@drives("GET", "/v1/embed/{embedUuid}/chats/{sessionUuid}")
def _(client, row, server):
    same_embed_chats(client.embed.chats(row.names["embedUuid"], row.names["sessionUuid"]), row)
