"""What other clients have under `admin`: users and invites by their admin names, preferences, the log of all chats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Unpack

from .errors import NotSupported
from .http import HttpClient, Kind
from .types import ChatLogPage, Invite, User, done, each, need, need_bool
from .users import UserFields, UsersModule


class AdminModule:
    def __init__(self, http: HttpClient, users: UsersModule) -> None:
        self._http = http
        self._users = users

    def is_multi_user_mode(self) -> bool:
        """False also while the database is locked: see KeyRefused."""
        return self._http.call("GET", "/v1/admin/is-multi-user-mode", lambda data: need_bool(data, "isMultiUser"))

    def create_user(self, username: str, password: str, role: str = "default") -> User:
        return self._users.create(username, password, role)

    def update_user(self, user_id: int, **fields: Unpack[UserFields]) -> User:
        return self._users.update(user_id, **fields)

    def delete_user(self, user_id: int, *, verify: bool = True) -> None:
        self._users.delete(user_id, verify=verify)

    def create_invite(self, workspace_ids: Sequence[int] | None = None) -> Invite:
        """For one person, without expiry. The instance stores the ids unchecked, and keeps naming workspaces long
        gone."""
        ids = [int(workspace_id) for workspace_id in workspace_ids or ()]
        return self._http.call(
            "POST",
            "/v1/admin/invite/new",
            lambda data: Invite.from_json(need(data, "invite")),
            json={"workspaceIds": ids},
        )

    def get_invites(self) -> list[Invite]:
        """All there ever were, disabled ones too."""
        return self._http.call("GET", "/v1/admin/invites", each(Invite.from_json, "invites"))

    def delete_invite(self, invite_id: int) -> None:
        """Disables it for good; it stays listed. Works on a claimed one too, and then hides that it was claimed."""
        self._http.call("DELETE", "/v1/admin/invite/{id}", done, names={"id": invite_id})

    def get_system_preferences(self) -> NoReturn:
        raise NotSupported("AnythingLLM has offered no way to read preferences with an API key since v1.2.4.")

    def update_system_preferences(self, preferences: Mapping[str, Any]) -> None:
        """The instance drops unknown keys and invalid values silently, and nothing can be read back."""
        self._http.call("POST", "/v1/admin/preferences", done, json=dict(preferences))

    def chat_log(self, page: int = 0) -> ChatLogPage:
        """20 chats of everybody, newest first, hidden ones included; works in single-user mode too."""
        if page < 0:
            raise ValueError("page must not be negative.")
        return self._http.call(
            "POST", "/v1/admin/workspace-chats", ChatLogPage.from_json, kind=Kind.READ, json={"offset": int(page)}
        )
