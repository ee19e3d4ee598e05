"""One list of all that lets people in: Foyer's links, and the invites that were made on the instance itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard import instance
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, Invite
from dashboard.audit.services import recording
from dashboard.errors import Declined, Words
from dashboard.folding import folded
from dashboard.invites import services
from dashboard.invites.models import WITH_ACCOUNT, Joining, LinkState
from dashboard.order import natural
from dashboard.permissions import scope
from dashboard.said import gettext, ngettext
from dashboard.said import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Row:
    """A link (`source` "foyer", `key` its number here) or an invite made on the instance ("anythingllm", its number there).

    `state` is one of LinkState, for found ones "open", "used_up" (claimed) or "revoked" (disabled). `workspaces` and `groups` are names;
    `gone` more of them are not there any more. `address` is that of a found invite; a link's is asked for when it is shown.
    """

    source: str
    key: int
    label: str
    for_whom: str
    workspace_ids: tuple[int, ...]
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

    @property
    def gifts(self) -> tuple[str, ...]:
        """Workspaces and groups together, by name."""
        gone = ngettext("%(n)d that is deleted", "%(n)d that are deleted", self.gone) % {"n": self.gone}
        return (*self.workspaces, *self.groups, *([gone] if self.gone else []))


NEVER = datetime.max.replace(tzinfo=UTC)
KEYS: dict[str, Callable[[Row], Any]] = {
    "label": lambda row: natural(row.label),
    "for_whom": lambda row: natural(row.for_whom),
    "workspaces": lambda row: [natural(name) for name in (*row.workspaces, *row.groups)],
    "state": lambda row: natural(str(row.state_words)),
    "used": lambda row: row.used,
    "expires": lambda row: row.expires_at or NEVER,
    "made_by": lambda row: natural(row.made_by),
    "created": lambda row: row.created_at,
}
COLUMNS = tuple(KEYS)
TONES = {
    LinkState.OPEN: "ok",
    LinkState.USED_UP: "quiet",
    LinkState.EXPIRED: "quiet",
    LinkState.REVOKED: "quiet",
    LinkState.WITHDRAWN: "warn",
}
REVOCABLE = (LinkState.OPEN, LinkState.WITHDRAWN)
EXTENDABLE = (LinkState.OPEN, LinkState.EXPIRED)
FOUND_STATES = {"pending": LinkState.OPEN, "claimed": LinkState.USED_UP, "disabled": LinkState.REVOKED}


def rows(
    operator: Operator,
    *,
    q: str = "",
    state: str = "",
    source: str = "",
    workspace: str = "",
    sort: str = "",
    max_age: float = instance.FRESH_FOR,
) -> instance.Reading[list[Row]]:
    """Those that fit, of what the operator may see, in the order of a column ("label", "-created"...; the newest first without one).

    `workspace` is a number as text. When the instance does not answer, Foyer's own links are listed with the reading's `problem`.
    """
    as_of, problem, names, found = timezone.now(), None, {}, []
    try:
        workspaces, invites = instance.workspaces(max_age), instance.invites(max_age)
        as_of, problem = min(workspaces.as_of, invites.as_of), workspaces.problem or invites.problem
        names = {workspace.id: workspace.name for workspace in workspaces.value}
        found = [_of_found(invite, names) for invite in _found(operator, invites.value)]
    except ApiError as error:
        problem = error
    words = folded(q).split()
    kept = [
        row
        for row in [*_of_links(operator, names), *found]
        if (not state or row.state == state)
        and (not source or row.source == source)
        and (not workspace or workspace in map(str, row.workspace_ids))
        and all(word in folded(f"{row.label} {row.for_whom} {row.made_by} {row.state_words}") for word in words)
    ]
    kept.sort(key=KEYS["created"], reverse=True)
    if sort.removeprefix("-") in KEYS:
        kept.sort(key=KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return instance.Reading(kept, as_of, problem)


def _of_links(operator: Operator, names: dict[int, str]) -> Iterator[Row]:
    # A link of one's own may give what one does not look after any more: it gives that to nobody, so it is not named.
    mine = scope(operator)
    theirs = names if mine is None else {i: name for i, name in names.items() if i in mine}
    groups = {group.id: group for group in access.groups_within(mine)}
    links = list(services.visible_to(operator))
    joined = Joining.objects.filter(link__uses=1, state__in=WITH_ACCOUNT).values_list("link_id", "username")
    claimed_by = dict(joined)
    may_invite: dict[int, bool] = {}  # asked once for each maker
    for link in links:
        state = services.state_before_maker(link)
        if state is None:
            if link.created_by_id not in may_invite:
                maker = services.maker_of(link, max_age=accounts.READ_RIGHTS_EVERY)
                may_invite[link.created_by_id] = maker is not None
            state = LinkState.OPEN if may_invite[link.created_by_id] else LinkState.WITHDRAWN
        yield Row(
            source="foyer",
            key=link.pk,
            label=link.label,
            for_whom=link.for_whom,
            workspace_ids=tuple(link.workspace_ids),
            workspaces=tuple(theirs[i] for i in link.workspace_ids if i in theirs),
            gone=sum(i not in names for i in link.workspace_ids) if names else 0,
            groups=tuple(groups[i].name for i in link.group_ids if i in groups),
            state=state,
            state_words=_state_words(state, claimed_by.get(link.pk)),
            tone=TONES[state],
            used=link.used,
            uses=link.uses,
            expires_at=link.expires_at,
            made_by=link.created_by.username,
            created_at=link.created_at,
            can_revoke=state in REVOCABLE,
            can_extend=state in EXTENDABLE,
        )


def _state_words(state: LinkState, claimed_by: str | None) -> Words:
    if state == LinkState.USED_UP and claimed_by:
        return gettext("Used by %(name)s") % {"name": claimed_by}
    return state.label


# --- Made on the instance ---------------------------------------------------------------------------------------------
def _found(operator: Operator, invites: Iterable[Invite]) -> list[Invite]:
    """Those that were not minted here, of what the operator may see: not one that names no workspace, when only some are theirs."""
    mine, ours = scope(operator), set(Joining.objects.values_list("marker", flat=True))
    return [
        invite
        for invite in invites
        if ours.isdisjoint(invite.workspace_ids)
        and (mine is None or (invite.workspace_ids and mine.issuperset(invite.workspace_ids)))
    ]


def _of_found(invite: Invite, names: dict[int, str]) -> Row:
    state = FOUND_STATES.get(invite.status, LinkState.REVOKED)
    claimer = (invite.claimed_by.username or gettext("a deleted account")) if invite.claimed_by else None
    return Row(
        source="anythingllm",
        key=invite.id,
        label="",
        for_whom="",
        workspace_ids=invite.workspace_ids,
        workspaces=tuple(names[i] for i in invite.workspace_ids if i in names),
        gone=sum(i not in names for i in invite.workspace_ids),
        groups=(),
        state=state,
        state_words=_state_words(state, claimer),
        tone=TONES[state],
        used=int(invite.claimed_by is not None),
        uses=1,
        expires_at=None,
        made_by="AnythingLLM",
        created_at=invite.created_at,
        can_revoke=state == LinkState.OPEN,
        can_extend=False,
        address=f"{settings.ANYTHINGLLM_PUBLIC_URL}/accept-invite/{invite.code}" if state == LinkState.OPEN else "",
    )


def disable_found(*, actor: Operator, invite_id: int) -> None:
    """Disables an invite that was made on the instance, for good. Raises Declined for one that is not pending any more, that the actor
    may not see, or that was minted here; ApiError when the instance cannot do it.
    """
    before = {invite.id: invite for invite in _found(actor, instance.connect().admin.get_invites())}
    if invite_id not in before:
        raise Declined(_("This invite is not there any more. Load the page again."))
    if before[invite_id].status != "pending":
        # The instance would overwrite that it was claimed.
        raise Declined(_("This invite was used or disabled meanwhile. Nothing was changed."))
    with recording(actor, "invite.disabled", target=("invite", invite_id, "")):
        try:
            after = instance.settled(
                lambda: instance.connect().admin.delete_invite(invite_id), lambda: _not_pending(invite_id)
            )
        finally:
            instance.forget("invites")
        if after.claimed_by is not None:
            raise Declined(_("Somebody has just joined by this invite. Their account stays."))


def _not_pending(invite_id: int) -> Invite | None:
    invites = instance.connect().admin.get_invites()
    return next((invite for invite in invites if invite.id == invite_id and invite.status != "pending"), None)
