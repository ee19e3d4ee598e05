"""Workspaces and the documents embedded in them. Everywhere `workspace_id` is the slug, except for memberships."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypedDict, Unpack

from .errors import ApiError, NotApplied, NotFound, NotSupported, Unconfirmed
from .http import HttpClient, Kind
from .types import VectorHit, Workspace, WorkspaceDocument, done_in_text, each, need


class WorkspaceFields(TypedDict, total=False):
    """What can be set of a workspace. None in a setting clears it or restores the instance's default.

    `chat_mode`: automatic (from v1.12), chat or query. `chat_provider` "default" clears provider and model.
    """

    name: str
    temperature: float | None
    history: int
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


class WorkspaceSettings(TypedDict, total=False):
    """What a new workspace can be given besides its name; see WorkspaceFields."""

    temperature: float | None
    history: int
    prompt: str | None
    similarity_threshold: float | None
    top_n: int | None
    chat_mode: str | None
    query_refusal: str | None


_WIRE = {
    "name": "name",
    "temperature": "openAiTemp",
    "history": "openAiHistory",
    "prompt": "openAiPrompt",
    "similarity_threshold": "similarityThreshold",
    "top_n": "topN",
    "chat_mode": "chatMode",
    "chat_provider": "chatProvider",
    "chat_model": "chatModel",
    "agent_provider": "agentProvider",
    "agent_model": "agentModel",
    "query_refusal": "queryRefusalResponse",
    "vector_search_mode": "vectorSearchMode",
}
_WHY_NOT = {
    "description": "AnythingLLM keeps no description of a workspace.",
    "vector_db": "The vector database is one for the whole instance, not a workspace's.",
    "embedding_model": "The embedding model is one for the whole instance, not a workspace's.",
    "include_sources": "AnythingLLM always gives the sources.",
    "prompt_id": "AnythingLLM has no prompt templates; set prompt to the text itself.",
}


def _wire_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    for name in fields.keys() - _WIRE.keys():
        raise NotSupported(_WHY_NOT.get(name, f"AnythingLLM keeps no {name} of a workspace."))
    if "name" in fields and not fields["name"]:
        raise ValueError("A workspace needs a name.")
    return {_WIRE[name]: value for name, value in fields.items()}


def _check_applied(workspace: Workspace, fields: Mapping[str, Any]) -> Workspace:
    """The instance coerces what it does not like (a text for a number, an unknown mode) and says nothing."""
    wrong = {
        name: (wanted, getattr(workspace, name))
        for name, wanted in fields.items()
        if wanted is not None and wanted != "default" and getattr(workspace, name) != wanted
    }
    if wrong:
        raise NotApplied("The instance stored other values than those sent.", wrong)
    return workspace


class WorkspacesModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def vector_search(
        self, workspace_id: str, query: str, *, top_n: int | None = None, score_threshold: float | None = None
    ) -> list[VectorHit]:
        """What a question would find, without a model. Without arguments the workspace's own settings count."""
        body = {"query": query, "topN": top_n, "scoreThreshold": score_threshold}
        return self._http.call(
            "POST",
            "/v1/workspace/{slug}/vector-search",
            each(VectorHit.from_json, "results"),
            kind=Kind.READ,
            names={"slug": workspace_id},
            json={name: value for name, value in body.items() if value is not None},
        )

    def list(self) -> list[Workspace]:
        """All of them, with the threads of all users, without documents and members. Empty may mean "database busy"."""
        return self._http.call("GET", "/v1/workspaces", each(Workspace.from_json, "workspaces"))

    def get(self, workspace_id: str) -> Workspace:
        """One workspace with its documents. Slugs are case sensitive."""
        # An unknown slug is 200 with an empty list.
        found = self._http.call(
            "GET", "/v1/workspace/{slug}", each(Workspace.from_json, "workspace"), names={"slug": workspace_id}
        )
        if not found:
            raise NotFound(200, "The instance does not know this workspace.")
        return found[0]

    def create(
        self,
        name: str,
        description: str | None = None,
        vector_db: str | None = None,
        **fields: Unpack[WorkspaceSettings],
    ) -> Workspace:
        """Names need not be unique: the slug is. A workspace made with a key has no members.

        The instance coerces values that it does not like; what it made of them is in the answer.
        """
        _refuse(description=description, vector_db=vector_db)
        return self._http.call("POST", "/v1/workspace/new", _workspace, json=_wire_body({"name": name, **fields}))

    def update(self, workspace_id: str, **fields: Unpack[WorkspaceFields]) -> Workspace:
        """Changes the fields given. NotApplied, with the fields, when the instance stored something else than what was
        sent."""
        body = _wire_body(fields)
        if not body:
            raise ValueError("Nothing to change.")
        workspace = self._http.call(
            "POST", "/v1/workspace/{slug}/update", _workspace, names={"slug": workspace_id}, json=body
        )
        return _check_applied(workspace, fields)

    def delete(self, workspace_id: str, *, verify: bool = True) -> None:
        """Deletes all its chats, threads, memberships, embed widgets and vectors, of everybody; its documents' sources
        stay."""
        self._http.call("DELETE", "/v1/workspace/{slug}", done_in_text, names={"slug": workspace_id})
        if not verify:
            return
        try:
            left = self.list()
        except ApiError as problem:
            raise Unconfirmed("Whether the workspace was deleted could not be read back.") from problem
        if any(workspace.slug == workspace_id for workspace in left):
            raise NotApplied("The instance reported the workspace as deleted, but it is still there.")
        if not left:
            # Also what a busy database looks like.
            raise Unconfirmed("The instance lists no workspaces at all, which proves nothing.")

    def get_documents(self, workspace_id: str) -> tuple[WorkspaceDocument, ...]:
        return self.get(workspace_id).documents or ()

    def add_documents(
        self, workspace_id: str, document_ids: Collection[str], *, present: Collection[str] | None = None
    ) -> tuple[WorkspaceDocument, ...]:
        """Embeds documents (by path), and returns those the workspace then has. Takes minutes: use it in the
        background.

        What is there already (`present`: as just read; None: read here) is not sent: the instance would embed it twice.
        Failures are silent on the instance, so: NotApplied, its difference "documents" being (sent, embedded), when
        some are missing afterwards.
        """
        if present is None:
            present = {document.path for document in self.get_documents(workspace_id)}
        wanted = [path for path in dict.fromkeys(document_ids) if path not in present]
        after = (
            self._update_embeddings(workspace_id, Kind.EMBED, adds=wanted)
            if wanted
            else self.get_documents(workspace_id)
        )
        embedded = {document.path for document in after}
        if not embedded.issuperset(wanted):
            done = [path for path in wanted if path in embedded]
            raise NotApplied("Not every document was embedded.", {"documents": (wanted, done)})
        return after

    def remove_document(self, workspace_id: str, document_id: str) -> tuple[WorkspaceDocument, ...]:
        """Takes the document out of this workspace; its source stays. Returns what the workspace still has."""
        after = self._update_embeddings(workspace_id, Kind.WRITE, deletes=[document_id])
        if any(document.path == document_id for document in after):
            raise NotApplied("The document is still in the workspace.", {"documents": ([], [document_id])})
        return after

    def _update_embeddings(
        self, workspace_id: str, kind: Kind, **change: Collection[str]
    ) -> tuple[WorkspaceDocument, ...]:
        workspace = self._http.call(
            "POST",
            "/v1/workspace/{slug}/update-embeddings",
            _workspace,
            kind=kind,
            names={"slug": workspace_id},
            json={"adds": [], "deletes": [], **change},
        )
        return workspace.documents or ()

    def pin(self, workspace_id: str, document_id: str, pinned: bool = True) -> WorkspaceDocument:
        """Puts the whole document into every question's context (or no more). Returns the document as read back."""
        if not document_id:
            # Without a path the instance pins the first document it finds.
            raise ValueError("document_id must not be empty.")
        self._http.call(
            "POST",
            "/v1/workspace/{slug}/update-pin",
            lambda data: need(data, "message"),
            names={"slug": workspace_id},
            json={"docPath": document_id, "pinStatus": bool(pinned)},
        )
        try:
            documents = self.get_documents(workspace_id)
        except ApiError as problem:
            raise Unconfirmed("The pin was accepted, but could not be read back.") from problem
        for document in documents:
            if document.path == document_id and document.pinned is bool(pinned):
                return document
        raise NotApplied("The pin was not changed.", {"pinned": (bool(pinned), not pinned)})


def _refuse(**given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise NotSupported(_WHY_NOT[name])


def _workspace(data: Any) -> Workspace:
    return Workspace.from_json(need(data, "workspace"))
