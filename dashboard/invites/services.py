"""Links: making, finding, revoking, and who may see and give what.

Joining by one is dashboard.invites.joining; the table of links and of the instance's own invites is dashboard.invites.table.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dashboard import instance, locks, sight
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import Workspace
from dashboard.audit.services import recording
from dashboard.errors import Declined
from dashboard.invites import codes
from dashboard.invites.models import (
    MOST_DAYS,
    WITH_ACCOUNT,
    Joining,
    JoiningState,
    Link,
    LinkQuerySet,
    LinkRole,
    LinkState,
)
from dashboard.permissions import Action, allows, scope
from dashboard.said import gettext_lazy as _


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


@dataclass(frozen=True, slots=True)
class _Names:
    workspaces: list[str]
    groups: list[str]


def _gifts_of(actor: Operator, fields: LinkFields) -> _Names:
    """The names of what a link shall give. Raises Declined when the actor may not give it."""
    gifts = may_give(actor)
    workspaces = {workspace.id: workspace.name for workspace in gifts.workspaces}
    groups = {group.id: group.name for group in gifts.groups}
    if not (workspaces.keys() >= set(fields.workspace_ids) and groups.keys() >= set(fields.group_ids)):
        raise Declined(_("Some of these workspaces or groups are not there any more. Load the page again."))
    if fields.role != LinkRole.DEFAULT and not may_make_managers(actor):
        raise Declined(_("Only admins invite managers."))
    if scope(actor) is not None and not (fields.workspace_ids or fields.group_ids):
        raise Declined(_("Choose at least one workspace or group."))
    return _Names([workspaces[i] for i in fields.workspace_ids], [groups[i] for i in fields.group_ids])


@dataclass(frozen=True, slots=True)
class Given:
    """What a link gives to whoever joins now: only what its maker may give now."""

    role: str
    workspace_ids: frozenset[int]
    groups: list[access.GroupRooms]

    @property
    def all_workspace_ids(self) -> frozenset[int]:
        """With those that the groups give."""
        return self.workspace_ids.union(*(group.workspace_ids for group in self.groups))


def gives(link: Link, maker: Operator | None) -> Given:
    """`maker` as from `maker_of`: None gives nothing."""
    if maker is None:
        return Given(LinkRole.DEFAULT, frozenset(), [])
    mine = scope(maker)
    return Given(
        link.role if may_make_managers(maker) else LinkRole.DEFAULT,
        frozenset(i for i in link.workspace_ids if mine is None or i in mine),
        [group for group in access.groups_within(mine) if group.id in link.group_ids],
    )


# --- Making -----------------------------------------------------------------------------------------------------------
def make(*, actor: Operator, fields: LinkFields) -> Link:
    """Raises Declined when the actor may not give what the link shall give."""
    return _make(actor, fields, [Person(fields.for_whom, fields.email)], None)[0]


def make_many(*, actor: Operator, fields: LinkFields, people: Sequence[Person], batch: uuid.UUID) -> list[Link]:
    """A personal link for each of them, for one use: all are made or none. `batch` is a new number, or that of a form that was sent
    already: then these links are those it made. Raises as `make`, and Busy.
    """
    with locks.held(f"invite-batch:{batch}"):
        made = list(Link.objects.filter(batch=batch, created_by=actor))
        return made or _make(actor, fields, people, batch)


def _make(actor: Operator, fields: LinkFields, people: Sequence[Person], batch: uuid.UUID | None) -> list[Link]:
    gifts = _gifts_of(actor, fields)
    after = {
        "workspaces": ", ".join(gifts.workspaces),
        "groups": ", ".join(gifts.groups),
        "role": fields.role,
        "daily_message_limit": fields.daily_limit,
        "uses": fields.uses,
        "links": len(people),
    }
    label = fields.label.strip()
    with recording(actor, "invite.made", target=("link", "", label), after=after) as entry, transaction.atomic():
        links = [
            Link(
                code_hash=codes.hash_of(codes.derive(salt)),
                salt=salt,
                label=label,
                for_whom=person.name,
                email=person.email,
                workspace_ids=sorted(set(fields.workspace_ids)),
                group_ids=sorted(set(fields.group_ids)),
                uses=1 if batch else fields.uses,
                expires_at=timezone.now() + timedelta(days=min(fields.days, MOST_DAYS)),
                role=fields.role,
                daily_limit=fields.daily_limit,
                note=fields.note,
                language=fields.language,
                batch=batch,
                created_by=actor,
            )
            for person, salt in ((person, codes.new_salt()) for person in people)
        ]
        Link.objects.bulk_create(links)
        entry.target_id = "" if batch else str(links[0].pk)
    return links


def revoke(*, actor: Operator, link: Link) -> None:
    """From now on nobody new joins by it. Who has joined stays; who is on the way and has no account yet does not get one.

    Raises Declined for a link that was used up: who has it then must go on standing in the table.
    """
    _not_used_up(link)
    with recording(actor, "invite.revoked", target=target(link)), transaction.atomic():
        now = timezone.now()
        Link.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now, revoked_by=actor)
        link.joinings.filter(state=JoiningState.STARTED).update(next_at=now)
    link.refresh_from_db()


def close_all(actor: Operator) -> None:
    """Revokes every link, and ends every way through one: they lead to an instance that is not there any more. Within a transaction."""
    now = timezone.now()
    Link.objects.filter(revoked_at=None).update(revoked_at=now, revoked_by=actor)
    Joining.objects.filter(closed_at=None).update(closed_at=now)
    Joining.objects.filter(state=JoiningState.STARTED).update(state=JoiningState.GIVEN_BACK, asked=False)
    Joining.objects.filter(state=JoiningState.ACCOUNT).update(state=JoiningState.DONE, done_at=now)


def extend(*, actor: Operator, link: Link, days: int) -> None:
    """Lets it live so many days longer, one that has expired from now, a year from now at most. Raises Declined for one revoked or used up."""
    link.refresh_from_db()
    _not_used_up(link)
    if link.revoked_at:
        raise Declined(_("This link was revoked. Duplicate it to invite again."))
    now = timezone.now()
    before = link.expires_at
    after = min(max(before, now) + timedelta(days=days), now + timedelta(days=MOST_DAYS))
    dates = {"before": {"until": before.isoformat()}, "after": {"until": after.isoformat()}}
    with recording(actor, "invite.extended", target=target(link), **dates):
        Link.objects.filter(pk=link.pk).update(expires_at=after, expired_at=None)
    link.refresh_from_db()


def _not_used_up(link: Link) -> None:
    if link.joinings.filter(state__in=WITH_ACCOUNT).count() >= link.uses:
        raise Declined(_("This link was used already. Duplicate it to invite again."))


def address(request: HttpRequest, link: Link) -> str | None:
    """The link itself, with its code; None when SECRET_KEY was changed since it was made. For whoever may see the link only."""
    code = codes.recover(link.salt, link.code_hash)
    return code and request.build_absolute_uri(reverse("join", args=[code]))


# --- Finding ----------------------------------------------------------------------------------------------------------
def find(code: str) -> Link | None:
    """The link of this code, whatever its state; any text will do. `used` and `held` are counted."""
    if not codes.CODE.fullmatch(code):
        return None
    link = Link.objects.counted().select_related("created_by").filter(code_hash=codes.hash_of(code)).first()
    if link:
        expire(link)
    return link


def expire(link: Link) -> None:
    """Notes that a link has expired, so that it stays so whatever the clock says later."""
    if link.expired_at or link.revoked_at or not link.is_over:
        return
    link.expired_at = timezone.now()
    if Link.objects.filter(pk=link.pk, expired_at=None, expires_at=link.expires_at).update(expired_at=link.expired_at):
        with recording(None, "invite.expired", target=target(link)):
            pass


def visible_to(operator: Operator) -> LinkQuerySet:
    """The links the operator may see, and with them their codes: admins all, others their own and those that give nothing which they
    could not give themselves. `used` and `held` are counted.
    """
    links = Link.objects.counted().select_related("created_by", "revoked_by")
    if operator.effective_role == Role.ADMIN:
        return links
    mine = scope(operator)
    seen = Q(role=LinkRole.DEFAULT)
    if mine is not None:
        groups = {group.id for group in access.groups_within(mine)}
        given = Link.objects.values_list("pk", "workspace_ids", "group_ids")
        seen &= Q(pk__in=[pk for pk, ws, gs in given if (ws or gs) and mine >= set(ws) and groups >= set(gs)])
    return links.filter(Q(created_by=operator) | seen)


def open_rows(operator: Operator, max_age: float) -> instance.Reading[list[Any]]:
    """What the page of invites lists as open."""
    from dashboard.invites import table  # it asks this file, so it is asked late

    return table.rows(operator, state=LinkState.OPEN, max_age=max_age)


def maker_of(link: Link, *, max_age: float) -> Operator | None:
    """Who made it, with the rights they have now; None when they may not invite any more."""
    maker = accounts.as_of_now(link.created_by, max_age=max_age)
    return maker if maker and allows(maker, Action.INVITE) else None


def invited_before(operator: Operator, addresses: Collection[str]) -> dict[str, LinkState]:
    """Of these mail addresses, in small letters: whose link is open, and who has joined by one. As far as this operator may see."""
    wanted = {address.casefold() for address in addresses if address}
    links = visible_to(operator).annotate(address=Lower("email")).filter(address__in=wanted).order_by("pk")
    states = {link.email.casefold(): state_before_maker(link) or LinkState.OPEN for link in links}
    return {address: state for address, state in states.items() if state in (LinkState.OPEN, LinkState.USED_UP)}


def state_of(link: Link, *, max_age: float = accounts.READ_RIGHTS_EVERY) -> LinkState:
    """Whether it lets somebody in now, and if not, why. `max_age`: how many seconds old the answer about its maker's rights may be."""
    return state_before_maker(link) or (LinkState.OPEN if maker_of(link, max_age=max_age) else LinkState.WITHDRAWN)


def state_before_maker(link: Link) -> LinkState | None:
    """Why it lets nobody in, as far as the link itself tells; None when it is up to its maker's rights."""
    if link.revoked_at:
        return LinkState.REVOKED
    if link.used >= link.uses:
        return LinkState.USED_UP
    return LinkState.EXPIRED if link.is_over else None


def people(link: Link) -> list[Joining]:
    """Who is joining or has joined by it, the first first."""
    return list(link.joinings.all())
