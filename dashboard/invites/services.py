"""Links: making, finding, revoking, and who may see and give what.

Joining by one is dashboard.invites.joining; the table of links and of the instance's own invites is dashboard.invites.table.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard import sight
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import Workspace
from dashboard.audit.services import recording
from dashboard.errors import Declined
from dashboard.invites import codes
from dashboard.invites.models import MOST_DAYS, Joining, Link, LinkQuerySet, LinkRole, LinkState
from dashboard.permissions import Action, allows, scope


@dataclass(frozen=True, slots=True)
class LinkFields:
    """What a manager says about a link, checked by a form: `days` 1 to 365, `uses` 1 to 500, `daily_limit` None or at least 1."""

    label: str
    workspace_ids: Sequence[int] = ()
    group_ids: Sequence[int] = ()
    uses: int = 1
    days: int = 7
    role: str = LinkRole.DEFAULT
    daily_limit: int | None = None
    note: str = ""
    language: str = ""
    for_whom: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str = ""


def target(link: Link) -> tuple[str, object, str]:
    return ("link", link.pk, link.label)


# --- What may be given ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Gifts:
    """What somebody may give by a link, by name."""

    workspaces: list[Workspace]
    groups: list[access.GroupRooms]


def may_give(operator: Operator) -> Gifts:
    """The workspaces the operator looks after, and the groups that give nothing beyond them. Raises ApiError."""
    return Gifts(sight.workspaces(operator).value, access.groups_within(scope(operator)))


def may_make_managers(operator: Operator) -> bool:
    return allows(operator, Action.INVITE) and operator.effective_role == Role.ADMIN


# --- Making -----------------------------------------------------------------------------------------------------------
def make(*, actor: Operator, fields: LinkFields) -> Link:
    """Raises Declined when the actor may not give what the link shall give."""
    return _make(actor, fields, [Person(fields.for_whom, fields.email)], None)[0]


def make_many(*, actor: Operator, fields: LinkFields, people: Sequence[Person]) -> list[Link]:
    """A personal link for each of them, for one use, all of one batch: all are made or none. Raises as `make`."""
    return _make(actor, fields, people, uuid.uuid4())


def _make(actor: Operator, fields: LinkFields, people: Sequence[Person], batch: uuid.UUID | None) -> list[Link]:
    raise NotImplementedError


def revoke(*, actor: Operator, link: Link) -> None:
    """From now on nobody new joins by it. Who has joined stays; who is just about to, without an account yet, does not get one."""
    raise NotImplementedError


def extend(*, actor: Operator, link: Link, days: int) -> None:
    """Lets it end so many days from now. Raises Declined for one that was revoked."""
    raise NotImplementedError


def address(request: HttpRequest, link: Link) -> str | None:
    """The link itself, with its code; None when SECRET_KEY was changed since it was made. For whoever may see the link only."""
    code = codes.recover(link.salt, link.code_hash)
    return code and request.build_absolute_uri(reverse("join", args=[code]))


# --- Finding ----------------------------------------------------------------------------------------------------------
def find(code: str) -> Link | None:
    """The link of this code, whatever its state; any text will do. `used` and `held` are counted."""
    raise NotImplementedError


def visible_to(operator: Operator) -> LinkQuerySet:
    """The links the operator may see, and with them their codes: admins all, others their own and those that give nothing which they
    could not give themselves. `used` and `held` are counted.
    """
    raise NotImplementedError


def state_of(link: Link, *, max_age: float = 60.0) -> LinkState:
    """Whether it lets somebody in now, and if not, why. `max_age`: how many seconds old the answer about its maker's rights may be."""
    raise NotImplementedError


def people(link: Link) -> list[Joining]:
    """Who is joining or has joined by it, the first first."""
    raise NotImplementedError
