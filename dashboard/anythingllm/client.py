"""The client: one object, with a module for each part of the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from .admin import AdminModule
from .auth import AuthModule
from .chat import ChatModule, WorkspaceThreadModule
from .documents import DocumentsModule
from .embed import EmbedModule
from .http import Budget, Call, HttpClient, Kind
from .invites import InvitesModule
from .memberships import MembershipsModule
from .openai import OpenAIModule
from .system import SystemModule
from .types import ApiStatus
from .users import UsersModule
from .workspaces import WorkspacesModule


class AnythingLLMClient:
    """`base_url` with or without a trailing /, /api or /api/v1. Without `api_key`: the environment's
    ANYTHINGLLM_API_KEY.

    Thread-safe. `timeout` in seconds: see HttpClient. `before_call` may raise an ApiError to keep a call from
    being tried (a circuit breaker does), `before_write` anything to keep one that changes something; `on_call` is
    told of every call that was tried.
    """

    def __init__(
        self,
        base_url: str = "http://localhost:3001",
        api_key: str | None = None,
        timeout: float = 60,
        *,
        budgets: Mapping[Kind, Budget] | None = None,
        before_call: Callable[[], None] | None = None,
        before_write: Callable[[], None] | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        key = api_key or os.environ.get("ANYTHINGLLM_API_KEY")
        self.http_client = http = HttpClient(
            base_url,
            key,
            timeout,
            budgets=budgets,
            before_call=before_call,
            before_write=before_write,
            on_call=on_call,
        )
        self.auth = AuthModule(http)
        self.users = UsersModule(http)
        self.admin = AdminModule(http, self.users)
        self.invites = InvitesModule(http)
        self.workspaces = WorkspacesModule(http)
        self.memberships = MembershipsModule(http, self.users, self.workspaces)
        self.system = SystemModule(http)
        self.documents = DocumentsModule(http)
        self.workspace_thread = WorkspaceThreadModule(http, self.workspaces)
        self.chat = ChatModule(http, self.workspace_thread)
        self.openai = OpenAIModule(http)
        self.embed = EmbedModule(http, self.openai)

    def __repr__(self) -> str:
        return f"AnythingLLMClient({self.http_client.root!r})"

    def get_api_status(self) -> ApiStatus:
        """Two probes: is it up, and does it accept the key."""
        return ApiStatus(self.system.get_health(), self.auth.validate_token())

    def close(self) -> None:
        self.http_client.close()
