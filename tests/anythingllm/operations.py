"""One client call for each of the 63 operations of the developer API."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from dashboard.anythingllm import AnythingLLMClient, Roster

ROSTER = Roster(frozenset([1, 2]), {1: "one"})

OPERATIONS: dict[tuple[str, str], Callable[[AnythingLLMClient], Any]] = {
    ("GET", "/v1/auth"): lambda c: c.http_client.get("/v1/auth"),
    ("GET", "/v1/admin/is-multi-user-mode"): lambda c: c.admin.is_multi_user_mode(),
    ("GET", "/v1/admin/users"): lambda c: c.users.list(),
    ("POST", "/v1/admin/users/new"): lambda c: c.users.create("sam", "Sam-pass-12345"),
    ("POST", "/v1/admin/users/{id}"): lambda c: c.users.update(2, role="default"),
    ("DELETE", "/v1/admin/users/{id}"): lambda c: c.users.delete(2),
    ("GET", "/v1/admin/invites"): lambda c: c.admin.get_invites(),
    ("POST", "/v1/admin/invite/new"): lambda c: c.admin.create_invite([1]),
    ("DELETE", "/v1/admin/invite/{id}"): lambda c: c.admin.delete_invite(1),
    ("GET", "/v1/admin/workspaces/{workspaceId}/users"): lambda c: c.memberships.read(1),
    ("POST", "/v1/admin/workspaces/{workspaceId}/update-users"): lambda c: c.memberships.replace(1, [], roster=ROSTER),
    ("POST", "/v1/admin/workspaces/{workspaceSlug}/manage-users"): lambda c: c.memberships.add(1, [2], roster=ROSTER),
    ("POST", "/v1/admin/workspace-chats"): lambda c: c.admin.chat_log(),
    ("POST", "/v1/admin/preferences"): lambda c: c.admin.update_system_preferences({"support_email": "a@example.com"}),
    ("POST", "/v1/document/upload"): lambda c: c.documents.upload(file_obj=io.BytesIO(b"x"), file_name="x.txt"),
    ("POST", "/v1/document/upload/{folderName}"): lambda c: c.documents.upload(
        file_obj=io.BytesIO(b"x"), file_name="x.txt", folder_name="reports"
    ),
    ("POST", "/v1/document/upload-link"): lambda c: c.documents.upload_link("http://example.com"),
    ("POST", "/v1/document/raw-text"): lambda c: c.documents.raw_text("text", "title"),
    ("GET", "/v1/documents"): lambda c: c.documents.list(),
    ("GET", "/v1/documents/folder/{folderName}"): lambda c: c.documents.in_folder("custom-documents"),
    ("GET", "/v1/document/accepted-file-types"): lambda c: c.system.get_accepted_document_types(),
    ("GET", "/v1/document/metadata-schema"): lambda c: c.documents.metadata_schema(),
    ("GET", "/v1/document/{docName}"): lambda c: c.documents.get("x.json"),
    ("POST", "/v1/document/create-folder"): lambda c: c.documents.create_folder("reports"),
    ("DELETE", "/v1/document/remove-folder"): lambda c: c.documents.delete_folder("reports"),
    ("POST", "/v1/document/move-files"): lambda c: c.documents.move({"a/x.json": "b/x.json"}),
    ("GET", "/v1/document/generated-files/{filename}"): lambda c: c.documents.generated_file("text-1.txt"),
    ("POST", "/v1/workspace/new"): lambda c: c.workspaces.create("One"),
    ("GET", "/v1/workspaces"): lambda c: c.workspaces.list(),
    ("GET", "/v1/workspace/{slug}"): lambda c: c.workspaces.get("one"),
    ("DELETE", "/v1/workspace/{slug}"): lambda c: c.workspaces.delete("one"),
    ("POST", "/v1/workspace/{slug}/update"): lambda c: c.workspaces.update("one", name="Two"),
    ("GET", "/v1/workspace/{slug}/chats"): lambda c: c.chat.get_history("one"),
    ("POST", "/v1/workspace/{slug}/update-embeddings"): lambda c: c.workspaces.remove_document("one", "a/x.json"),
    ("POST", "/v1/workspace/{slug}/update-pin"): lambda c: c.workspaces.pin("one", "a/x.json"),
    ("POST", "/v1/workspace/{slug}/chat"): lambda c: c.chat.send_message("one", "hello"),
    ("POST", "/v1/workspace/{slug}/stream-chat"): lambda c: c.chat.stream_message("one", "hello"),
    ("POST", "/v1/workspace/{slug}/vector-search"): lambda c: c.workspaces.vector_search("one", "hello"),
    ("GET", "/v1/system/env-dump"): lambda c: c.system.env_dump(),
    ("GET", "/v1/system"): lambda c: c.system.get_settings(),
    ("GET", "/v1/system/vector-count"): lambda c: c.system.vector_count(),
    ("POST", "/v1/system/update-env"): lambda c: c.system.update_settings({"LLMProvider": "openai"}),
    ("GET", "/v1/system/export-chats"): lambda c: c.system.export_chats(),
    ("DELETE", "/v1/system/remove-documents"): lambda c: c.documents.delete("a/x.json"),
    ("POST", "/v1/workspace/{slug}/thread/new"): lambda c: c.workspace_thread.create_thread("one", "Thread"),
    ("POST", "/v1/workspace/{slug}/thread/{threadSlug}/update"): lambda c: c.chat.update_thread("one", "t", "Name"),
    ("DELETE", "/v1/workspace/{slug}/thread/{threadSlug}"): lambda c: c.chat.delete_thread("one", "t"),
    ("GET", "/v1/workspace/{slug}/thread/{threadSlug}/chats"): lambda c: c.chat.get_history("one", "t"),
    ("POST", "/v1/workspace/{slug}/thread/{threadSlug}/chat"): lambda c: c.chat.send_message("one", "hello", "t"),
    ("POST", "/v1/workspace/{slug}/thread/{threadSlug}/stream-chat"): lambda c: c.chat.stream_message(
        "one", "hello", "t"
    ),
    ("GET", "/v1/users"): lambda c: c.users.names(),
    ("GET", "/v1/users/{id}/issue-auth-token"): lambda c: c.users.login_token(1),
    ("GET", "/v1/openai/models"): lambda c: c.openai.list_models(),
    ("POST", "/v1/openai/chat/completions"): lambda c: c.openai.create_chat_completion("one", []),
    ("POST", "/v1/openai/images/generations"): lambda c: c.openai.generate_image("a cat"),
    ("POST", "/v1/openai/embeddings"): lambda c: c.embed.get_text_embedding("hello"),
    ("GET", "/v1/openai/vector_stores"): lambda c: c.openai.list_vector_stores(),
    ("GET", "/v1/embed"): lambda c: c.embed.widgets(),
    ("GET", "/v1/embed/{embedUuid}/chats"): lambda c: c.embed.chats("e"),
    ("GET", "/v1/embed/{embedUuid}/chats/{sessionUuid}"): lambda c: c.embed.chats("e", "s"),
    ("POST", "/v1/embed/new"): lambda c: c.embed.create_widget("one"),
    ("POST", "/v1/embed/{embedUuid}"): lambda c: c.embed.update_widget("e", enabled=True),
    ("DELETE", "/v1/embed/{embedUuid}"): lambda c: c.embed.delete_widget("e"),
}
