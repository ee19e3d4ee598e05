"""One list of all that lets people in: Foyer's links, and the invites that were made on the instance itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.errors import Words


@dataclass(frozen=True, slots=True)
class Row:
    """A link (`source` "foyer", `key` its number here) or an invite made on the instance ("anythingllm", its number there).

    `state` is one of LinkState, for found ones "open", "used_up" (claimed) or "revoked" (disabled). `workspaces` and `groups` are names;
    `gone` of the workspaces are not there any more. `address` is that of a found invite; a link's is asked for when it is shown.
    """

    source: str
    key: int
    label: str
    for_whom: str
    workspaces: tuple[str, ...]
    gone: int
    groups: tuple[str, ...]
    state: str
    state_words: Words
    tone: str
    used: int
    uses: int
    expires_at: datetime | None
    made_by: str
    created_at: datetime
    can_revoke: bool
    can_extend: bool
    address: str = ""


COLUMNS = ("label", "for_whom", "workspaces", "state", "used", "expires", "made_by", "created")


def rows(
    operator: Operator, *, q: str = "", state: str = "", source: str = "", workspace: str = "", sort: str = ""
) -> instance.Reading[list[Row]]:
    """Those that fit, of what the operator may see, in the order of a column ("label", "-created"...; the newest first without one).

    `workspace` is a number as text. When the instance does not answer, Foyer's own links are listed with the reading's `problem`.
    """
    raise NotImplementedError


def disable_found(*, actor: Operator, invite_id: int) -> None:
    """Disables an invite that was made on the instance. Raises Declined for one that was claimed, or that the actor may not see."""
    raise NotImplementedError
