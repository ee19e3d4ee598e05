"""What can go wrong on the line to an AnythingLLM instance, one class per cause.

Messages are plain English, safe to log and to show: no key, no address, no database text. `method`, `route` (the
template, never the real path) and `status_code` (0: no answer) tell which call it was.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .types import Member

_DATABASE_TEXT = re.compile(r"prisma|\bsqlite|\bP\d{4}\b", re.IGNORECASE)


def speaks_of_database(words: str) -> bool:
    """Prisma's multi-line texts, which the instance passes on as if they were for people."""
    return _DATABASE_TEXT.search(words) is not None


SHORTEST_SECRET = 6  # characters: what is shorter stands in many words by chance


def without(secrets: Iterable[str | None], words: str) -> str:
    """The words with "…" for each secret in them, as it is, as in JSON or as in an address: whoever refuses a request
    may quote it."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST_SECRET:
            in_json = (json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
            for form in (secret, *in_json, quote(secret, safe="")):
                words = words.replace(form, "…")
    return words


class ApiError(Exception):
    """Base of every error of this library.

    `outcome_unknown` is True when a write may or may not have been carried out: read back before telling anybody
    anything.
    """

    method: str = ""
    route: str = ""
    outcome_unknown: bool = False

    def __init__(self, status_code: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(status_code, message, details)
        self.status_code = status_code
        self.message = message
        self.details = details

    def __str__(self) -> str:
        where = f" [{self.method} {self.route}, status {self.status_code}]" if self.route else ""
        return f"{self.message}{where}"


class Unreachable(ApiError):
    """No whole answer came. `sent` is False only when the request certainly never reached the instance."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(0, message)
        self.sent = sent


class TimedOut(Unreachable):
    """The time budget of the kind of call ran out."""


class KeyRefused(ApiError):
    """403 for the key. Not proof of a revoked key: the instance says the same while its database is locked
    (ApiKey.get)."""


class SingleUserMode(ApiError):
    """401: users, invites and members exist only in multi-user mode."""


class PasswordLoginDisabled(ApiError):
    """SIMPLE_SSO_NO_LOGIN is set: neither sign-in by password nor accepting an invite."""


class DeletionProtected(ApiError):
    """WORKSPACE_DELETION_PROTECTION is set."""


class SsoDisabled(ApiError):
    """SIMPLE_SSO_ENABLED is not set: no login tokens."""


class NotFound(ApiError):
    """The named thing does not exist on the instance."""


class Refused(ApiError):
    """The instance said no; `message` holds its own words."""


class NotApplied(ApiError):
    """The instance said yes, but reading back shows that it did not happen.

    `differences` maps a field's name to (wanted, found).
    """

    def __init__(self, message: str, differences: Mapping[str, tuple[Any, Any]] | None = None) -> None:
        super().__init__(200, message)
        self.differences = dict(differences or {})


class MembershipMismatch(NotApplied):
    """The members read back are not those asked for."""

    def __init__(
        self, observed: list[Member], *, before: frozenset[int], missing: frozenset[int], unexpected: frozenset[int]
    ) -> None:
        super().__init__("The workspace's members are not what was asked for.")
        self.observed = observed
        self.before = before
        self.missing = missing
        self.unexpected = unexpected


class Unconfirmed(ApiError):
    """The instance said yes, but reading back proved nothing (it failed, or an empty list came, as when its database is
    busy)."""

    outcome_unknown = True

    def __init__(self, message: str) -> None:
        super().__init__(200, message)


class NotAnythingLLM(ApiError):
    """A web page or a redirect where the API should be: another server, a wrong path, or a route this version lacks."""


class BrokenAnswer(ApiError):
    """Not JSON, cut short, of the wrong type, or without a key that is always there; the message names it."""


class ServerError(ApiError):
    """5xx without words for people, or database trouble on the instance."""


class TooLarge(ApiError):
    """The answer is over the cap, or a proxy refused the upload's size."""


class NotSupported(ApiError):
    """No AnythingLLM can do this; the message says why. Raised before anything is sent."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)
