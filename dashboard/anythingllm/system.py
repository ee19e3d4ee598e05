"""The instance itself: whether it is up, what it runs on, its documents and chats as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn

from .errors import NotSupported
from .http import HttpClient, Kind
from .types import InstanceMetrics, SystemSettings, done_in_text, need, need_bool, need_dict, need_int

_NO_MODELS = "AnythingLLM lists no models with an API key; get_settings() tells which one is in use."
_NO_PROMPTS = (
    "AnythingLLM has no prompt templates; every workspace has its own system prompt (workspaces.update(prompt=...))."
)


class SystemModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def get_health(self) -> bool:
        """Whether the instance says it is online. It says so even while its database is locked."""
        return self._http.call("GET", "/ping", lambda data: need_bool(data, "online"), kind=Kind.PROBE)

    def metrics(self) -> InstanceMetrics:
        """Public; the only hint of the version."""
        return self._http.call("GET", "/utils/metrics", InstanceMetrics.from_json)

    def multi_user_mode(self) -> bool:
        """Public. False also while the database is locked."""
        return self._http.call("GET", "/system/multi-user-mode", lambda data: need_bool(data, "multiUserMode"))

    def get_settings(self) -> SystemSettings:
        return self._http.call("GET", "/v1/system", lambda data: SystemSettings.from_json(need(data, "settings")))

    def update_settings(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """Takes the names of the settings page (LLMProvider), not those of the environment. Returns what was really
        changed.

        Unknown names and masked values ("***") are ignored; on an invalid one (Refused) those before it are in force.
        """
        for name, value in settings.items():
            if not isinstance(value, str):
                raise ValueError(f"{name} must be a text: the instance fails on anything else.")
        return self._http.call(
            "POST", "/v1/system/update-env", lambda data: need_dict(data, "newValues"), json=dict(settings)
        )

    def env_dump(self) -> None:
        """Rewrites the instance's .env from its running settings. Needs no key, whatever the documentation says."""
        self._http.call("GET", "/v1/system/env-dump", done_in_text, kind=Kind.WRITE)

    def vector_count(self) -> int:
        """Of the whole instance."""
        return self._http.call("GET", "/v1/system/vector-count", lambda data: need_int(data, "vectorCount"))

    def export_chats(self, kind: Literal["csv", "json", "jsonl", "jsonAlpaca"] = "jsonl") -> bytes:
        """Every chat of everybody, hidden ones too. The CSV is not guarded against formula cells."""
        return self._http.fetch("GET", "/v1/system/export-chats", params={"type": kind}).body

    def get_accepted_document_types(self) -> dict[str, list[str]]:
        """MIME type to file name endings. Not a whitelist: any other file that looks like text is accepted too.

        NotFound while the document processor is down.
        """
        return self._http.call("GET", "/v1/document/accepted-file-types", lambda data: need_dict(data, "types"))

    def get_llm_models(self) -> NoReturn:
        raise NotSupported(_NO_MODELS)

    def get_embedding_models(self) -> NoReturn:
        raise NotSupported(_NO_MODELS)

    def get_vector_dbs(self) -> NoReturn:
        raise NotSupported("AnythingLLM lists no vector databases; get_settings() tells which one is in use.")

    def get_prompts(self) -> NoReturn:
        raise NotSupported(_NO_PROMPTS)

    def create_prompt(self, title: str, content: str, description: str | None = None) -> NoReturn:
        raise NotSupported(_NO_PROMPTS)

    def update_prompt(
        self, prompt_id: str, title: str | None = None, content: str | None = None, description: str | None = None
    ) -> NoReturn:
        raise NotSupported(_NO_PROMPTS)

    def delete_prompt(self, prompt_id: str) -> NoReturn:
        raise NotSupported(_NO_PROMPTS)
