"""Embedding vectors, and what AnythingLLM itself calls embeds: chat widgets for web pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypedDict, Unpack

from .errors import NotSupported
from .http import HttpClient
from .openai import OpenAIModule
from .types import EmbedChat, Embeddings, EmbedWidget, done, each, need


class WidgetFields(TypedDict, total=False):
    """`chat_mode`: chat or query. `domains`: the pages that may use it; empty means any. Limits None: none."""

    enabled: bool
    chat_mode: str
    domains: Collection[str]
    allow_model_override: bool
    allow_temperature_override: bool
    allow_prompt_override: bool
    max_chats_per_day: int | None
    max_chats_per_session: int | None


def _wire_body(fields: WidgetFields) -> dict[str, Any]:
    body: dict[str, Any] = dict(fields)
    for name in body.keys() - WidgetFields.__annotations__.keys():
        raise NotSupported(f"AnythingLLM keeps no {name} of a widget.")
    if fields.get("chat_mode", "chat") not in ("chat", "query"):
        raise ValueError("chat_mode must be chat or query.")
    if "domains" in body:
        # A list would silently become "any domain may".
        body["allowlist_domains"] = ",".join(body.pop("domains"))
    # The instance takes the text "true" for false.
    if body.get("enabled", True) not in (True, False):
        raise ValueError("enabled must be True or False.")
    return body


class EmbedModule:
    def __init__(self, http: HttpClient, openai: OpenAIModule) -> None:
        self._http = http
        self._openai = openai

    def get_text_embedding(self, text: str) -> Embeddings:
        return self._openai.create_embedding(text)

    def get_batch_embeddings(self, texts: Sequence[str]) -> Embeddings:
        return self._openai.create_embedding(texts)

    def widgets(self) -> list[EmbedWidget]:
        return self._http.call("GET", "/v1/embed", each(EmbedWidget.from_json, "embeds"))

    def create_widget(self, workspace_slug: str, **fields: Unpack[WidgetFields]) -> EmbedWidget:
        return self._http.call(
            "POST",
            "/v1/embed/new",
            lambda data: EmbedWidget.from_json(need(data, "embed")),
            json={"workspace_slug": workspace_slug, **_wire_body(fields)},
        )

    def update_widget(self, uuid: str, **fields: Unpack[WidgetFields]) -> None:
        if not fields:
            raise ValueError("Nothing to change.")
        self._http.call("POST", "/v1/embed/{embedUuid}", done, names={"embedUuid": uuid}, json=_wire_body(fields))

    def delete_widget(self, uuid: str) -> None:
        self._http.call("DELETE", "/v1/embed/{embedUuid}", done, names={"embedUuid": uuid})

    def chats(self, uuid: str, session_id: str | None = None) -> list[EmbedChat]:
        """Of all visitors, or of one. An unknown widget has none."""
        parse = each(EmbedChat.from_json, "chats")
        if session_id is None:
            return self._http.call("GET", "/v1/embed/{embedUuid}/chats", parse, names={"embedUuid": uuid})
        return self._http.call(
            "GET",
            "/v1/embed/{embedUuid}/chats/{sessionUuid}",
            parse,
            names={"embedUuid": uuid, "sessionUuid": session_id},
        )
