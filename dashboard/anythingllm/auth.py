"""Keys and passwords."""

from __future__ import annotations

from .errors import KeyRefused
from .http import HttpClient, Kind
from .types import Login, SystemSettings, need, need_bool


class AuthModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def login(self, username: str, password: str) -> Login:
        """Checks a password. A wrong one is no error: see Login. The instance sees our address and does not throttle.

        The very first sign-in consumes the account's recovery codes: show Login.recovery_codes to the person.
        """
        body = {"username": str(username), "password": str(password)}
        return self._http.call("POST", "/request-token", Login.from_json, json=body)

    def validate_token(self, token: str | None = None) -> bool:
        """Whether the instance accepts this API key (the client's own if none is given). A session token is no API
        key."""
        try:
            return self._http.call(
                "GET", "/v1/auth", lambda data: need_bool(data, "authenticated"), kind=Kind.PROBE, token=token
            )
        except KeyRefused:
            return False

    def check_setup(self) -> SystemSettings:
        """Public, without a key."""
        return self._http.call("GET", "/setup-complete", lambda data: SystemSettings.from_json(need(data, "results")))
