"""The two public calls of the person who was invited; no key is sent. Making and disabling invites: AdminModule."""

from __future__ import annotations

from .errors import NotFound, PasswordLoginDisabled, Refused
from .http import HttpClient, Kind
from .types import done, need, need_text


class InvitesModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def read(self, code: str) -> str:
        """The status of an invite that can still be accepted ("pending"). NotFound when unknown, disabled or claimed.

        The instance does not tell which workspaces it is for.
        """
        try:
            return self._http.call(
                "GET", "/invite/{code}", lambda data: need_text(need(data, "invite"), "status"), names={"code": code}
            )
        except Refused as problem:
            raise NotFound(problem.status_code, problem.message) from None

    def accept(self, code: str, username: str, password: str) -> None:
        """Makes the account, always of role default, and puts it into those workspaces that still exist."""
        body = {"username": str(username), "password": str(password)}
        self._http.call("POST", "/invite/{code}", done, names={"code": code}, json=body)

    def can_be_accepted(self) -> bool:
        """Whether anybody can accept an invite at all: not when the instance forbids sign-in by password. Changes nothing."""
        try:
            # The instance looks at that before it looks for the code, and no code is called so.
            self._http.call("POST", "/invite/{code}", done, names={"code": "-"}, kind=Kind.READ, json={})
        except PasswordLoginDisabled:
            return False
        except Refused:
            pass
        return True
