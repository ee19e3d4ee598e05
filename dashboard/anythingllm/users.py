"""Accounts of the instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn, TypedDict, Unpack, overload

from .errors import ApiError, NotApplied, NotFound, NotSupported, Refused, ServerError, SsoDisabled, Unconfirmed
from .http import HttpClient
from .types import LoginToken, User, UserName, done, each, need

_NO_KEYS = "API keys can be listed, made and deleted only in AnythingLLM itself (Settings > Developer API)."


class UserFields(TypedDict, total=False):
    """What can be changed of a user. `daily_message_limit` None: no limit."""

    username: str
    password: str
    role: str
    suspended: bool
    daily_message_limit: int | None
    bio: str


_WIRE = {"daily_message_limit": "dailyMessageLimit"}


def _wire_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of these fields. What is None is left out: the instance would store the word "null"."""
    unknown = fields.keys() - UserFields.__annotations__.keys()
    if unknown:
        raise NotSupported(f"AnythingLLM keeps no {', '.join(sorted(unknown))} of a user.")
    limit = fields.get("daily_message_limit")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ValueError("daily_message_limit must be None or a whole number of at least 1.")
    body = {
        _WIRE.get(name, name): value
        for name, value in fields.items()
        if value is not None or name == "daily_message_limit"
    }
    if "suspended" in body:
        # The instance takes the texts "0" and "false" for true.
        if body["suspended"] not in (True, False):
            raise ValueError("suspended must be True or False.")
        body["suspended"] = int(body["suspended"])
    return body


def differences(user: User, fields: UserFields) -> dict[str, tuple[Any, Any]]:
    """Which of `fields` the user does not have: name to (wanted, found). A password cannot be read back."""
    return {
        name: (wanted, getattr(user, name))
        for name, wanted in fields.items()
        if name != "password"
        and (wanted is not None or name == "daily_message_limit")
        and getattr(user, name) != wanted
    }


class UsersModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def names(self) -> list[UserName]:
        """Ids, names and roles only. Tells nothing about suspension."""
        return self._http.call("GET", "/v1/users", each(UserName.from_json, "users"))

    def list(self) -> list[User]:
        """Everybody, as often as the instance is asked: it pages, sorts and filters nothing. Empty may mean "database
        busy"."""
        return self._http.call("GET", "/v1/admin/users", each(User.from_json, "users"))

    def get(self, user_id: int) -> User:
        """One user. The instance has no such call: reads all of them."""
        for user in self.list():
            if user.id == user_id:
                return user
        raise NotFound(200, "The instance does not list this user.")

    def create(
        self,
        username: str,
        password: str,
        role: str = "default",
        customization: Mapping[str, Any] | None = None,
        *,
        daily_message_limit: int | None = None,
        bio: str | None = None,
    ) -> User:
        """Refused with the instance's words when name or password break its rules. A new user cannot begin
        suspended."""
        if customization is not None:
            raise NotSupported("AnythingLLM keeps no customization of a user.")
        body = _wire_body({"username": username, "password": password, "role": role, "bio": bio})
        if daily_message_limit is not None:
            body |= _wire_body({"daily_message_limit": daily_message_limit})
        return self._http.call(
            "POST", "/v1/admin/users/new", lambda data: User.from_json(need(data, "user")), json=body
        )

    @overload
    def update(self, user_id: int, *, verify: Literal[True] = True, **fields: Unpack[UserFields]) -> User: ...

    @overload
    def update(self, user_id: int, *, verify: Literal[False], **fields: Unpack[UserFields]) -> None: ...

    def update(self, user_id: int, *, verify: bool = True, **fields: Unpack[UserFields]) -> User | None:
        """Changes the fields given, and returns the user as read back.

        NotApplied, with the fields, when the instance said yes and nothing happened. With verify=False nothing is read
        back: for bulk work that reads everybody once at its end (see differences()). A mere resend of the present name
        is refused ("No valid updates applied.").
        """
        body = _wire_body(fields)
        if not body:
            raise ValueError("Nothing to change.")
        try:
            self._http.call("POST", "/v1/admin/users/{id}", done, names={"id": user_id}, json=body)
        except ServerError as problem:
            # An unknown id together with a role is 500.
            if verify and self._is_gone(user_id):
                raise NotFound(problem.status_code, "The instance does not know this user.") from None
            raise
        if not verify:
            return None
        try:
            user = self.get(user_id)
        except ApiError as problem:
            raise Unconfirmed("The change was accepted, but could not be read back.") from problem
        wrong = differences(user, fields)
        if wrong:
            raise NotApplied("The instance accepted the change but did not make it.", wrong)
        return user

    def suspend(self, user_id: int) -> User:
        """Ends the user's sessions too: the instance checks it at every request."""
        return self.update(user_id, suspended=True)

    def resume(self, user_id: int) -> User:
        return self.update(user_id, suspended=False)

    def delete(self, user_id: int, *, verify: bool = True) -> None:
        """Deletes the user with all chats, threads and memberships. NotFound when there is no such user.

        Nothing on the instance keeps the last admin from being deleted. Without verification an unknown id is a
        ServerError.
        """
        try:
            self._http.call("DELETE", "/v1/admin/users/{id}", done, names={"id": user_id})
        except ServerError as problem:
            # An unknown id is 500, not 404.
            if verify and self._is_gone(user_id):
                raise NotFound(problem.status_code, "The instance does not know this user.") from None
            raise
        if verify and not self._is_gone(user_id):
            raise NotApplied("The instance reported the user as deleted, but the user is still there.")

    def _is_gone(self, user_id: int) -> bool:
        try:
            users = self.list()
        except ApiError as problem:
            raise Unconfirmed("Whether the user is still there could not be read back.") from problem
        if not users:
            # Model.where() answers [] when the database is busy.
            raise Unconfirmed("The instance lists no users at all, which proves nothing.")
        return all(user.id != user_id for user in users)

    def login_token(self, user_id: int) -> LoginToken:
        """A link that signs in as this user without a password. SsoDisabled unless the instance allows simple SSO."""
        return self._http.call("GET", "/v1/users/{id}/issue-auth-token", LoginToken.from_json, names={"id": user_id})

    def offers_login_tokens(self) -> bool:
        """Whether login_token() can work. Changes nothing."""
        try:
            self.login_token(0)  # nobody's number; the instance looks at its settings first
        except NotFound:
            return True
        except (SsoDisabled, Refused):  # refused: in single-user mode
            return False
        return True

    def get_api_keys(self) -> NoReturn:
        raise NotSupported(_NO_KEYS)

    def create_api_key(self, name: str, expires_at: str | None = None) -> NoReturn:
        raise NotSupported(_NO_KEYS)

    def delete_api_key(self, key_id: str) -> NoReturn:
        raise NotSupported(_NO_KEYS)
