"""Who may open which workspace: the one safe way to change it, and why it is so.

The instance replaces whole member lists, loses them to unknown ids, and says success either way. So every change here is a difference,
applied to a list just read, under a lock that holds between processes, and judged by the list that is read back; those whom it does not
concern are looked after, too (bystanders.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import formats, timezone

from dashboard import errors, instance, locks
from dashboard.access import bystanders
from dashboard.access.bystanders import NOBODY, Others
from dashboard.access.models import (
    AccessChange,
    Grant,
    Group,
    GroupMember,
    GroupWorkspace,
    MembersBefore,
    OpenWorkspace,
    Reason,
)
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, MembershipMismatch, Roster, User, Workspace, Writing
from dashboard.audit.models import Outcome as LedgerOutcome
from dashboard.audit.services import recording
from dashboard.errors import Words
from dashboard.folding import folded
from dashboard.order import natural
from dashboard.permissions import scope
from dashboard.said import gettext, joined
from dashboard.said import gettext_lazy as _

Outcome = AccessChange.Outcome
log = logging.getLogger(__name__)


BY_HAND = (Reason.DIRECT, Reason.INVITE)


@dataclass(frozen=True, slots=True)
class Step:
    """A reason given to, or taken from, one user within one workspace."""

    user_id: int
    username: str
    give: bool
    reason: Reason = Reason.DIRECT
    group_id: int | None = None
    until: datetime | None = None
    only_over: bool = False  # takes only what was given until a time that has passed
    only_new: bool = False  # when somebody else has given it meanwhile, it stays theirs

    def takes(self, grant: Grant) -> bool:
        """Whether this grant ends with the step. Taking by hand ends what was given by hand or by an invite, not a group's reason."""
        if grant.user_id != self.user_id or self.give:
            return False
        if self.only_over:
            return grant.until is not None and grant.until <= timezone.now()
        if self.reason == Reason.DIRECT:
            return grant.reason in BY_HAND
        return grant.reason == self.reason and grant.group_id == self.group_id

    def comes_late(self, grants: Iterable[Grant]) -> bool:
        """Whether somebody who turned out to be a member already is one by others: on the instance, or here for the same reason."""
        own = [grant for grant in grants if grant.user_id == self.user_id]
        same = any(grant.reason == self.reason and grant.group_id == self.group_id for grant in own)
        return self.only_new and (same or not own)


@dataclass(frozen=True, slots=True)
class Result:
    """How a step ended. `others`: what befell those of the workspace whom no step concerned; the same for all steps of one change."""

    outcome: Outcome
    message: Words = ""
    others: Others = NOBODY


GONE = _("This account is not there any more.")
NOT_APPLIED = _("AnythingLLM reported success, but the change is not there.")
LEDGER = {
    Outcome.DONE: LedgerOutcome.OK,
    Outcome.ALREADY: LedgerOutcome.OK,
    Outcome.KEPT: LedgerOutcome.OK,
    Outcome.FAILED: LedgerOutcome.FAILED,
    Outcome.UNKNOWN: LedgerOutcome.UNKNOWN,
}


def change_members(
    *,
    actor: Operator | None,
    workspace_id: int,
    workspace_name: str,
    steps: Sequence[Step],
    roster: Roster | None = None,
) -> list[Result]:
    """Applies the steps to one workspace, at most three calls besides the roster, and tells for each how it ended.

    `roster` are users and workspaces just read, shared by the workspaces of one set. Raises Busy; ApiError when nothing was changed at
    all; and Declined while somebody is missing there since an earlier change. What may have been changed is read back and told as it is.
    Trying again does no harm.
    """
    with ExitStack() as stack:
        stack.enter_context(locks.held(f"workspace:{workspace_id}"))
        earlier = bystanders.repair(workspace_id)
        if earlier.missing:
            raise errors.Declined(
                _("Nothing is changed in %(workspace)s while people are missing there. %(others)s")
                % {"workspace": workspace_name, "others": earlier.in_words()}
            )
        entries = [
            stack.enter_context(
                recording(
                    actor,
                    "access.given" if step.give else "access.taken",
                    target=("user", step.user_id, step.username),
                    after={
                        "workspace": workspace_name,
                        "workspace_id": workspace_id,
                        "reason": step.reason,
                        **({"until": step.until.isoformat()} if step.until else {}),
                    },
                )
            )
            for step in steps
        ]
        roster = roster or instance.roster()
        truth, results = _apply(actor, workspace_id, workspace_name, steps, roster)
        others = replace(truth.others, back=earlier.back + truth.others.back)
        for entry, result in zip(entries, results, strict=True):
            entry.outcome = LEDGER[result.outcome]
            entry.detail = joined(" ", filter(None, (result.message, others.in_words())))
        return [replace(result, others=others) for result in results]


def put_back(workspace_id: int) -> Others:
    """Looks after those who were to stay when somebody was last taken out of the workspace. Raises Busy, ApiError."""
    with locks.held(f"workspace:{workspace_id}"):
        return bystanders.repair(workspace_id)


def _apply(
    actor: Operator | None, workspace_id: int, workspace_name: str, steps: Sequence[Step], roster: Roster
) -> tuple[Truth, list[Result]]:
    grants = list(
        Grant.objects.filter(workspace_id=workspace_id, user_id__in={step.user_id for step in steps}).select_related(
            "group"
        )
    )
    left = [grant for grant in grants if not any(step.takes(grant) for step in steps)]
    standing = {step: [grant for grant in left if grant.user_id == step.user_id] for step in steps}
    adds = {step.user_id for step in steps if step.give and step.user_id in roster.user_ids}
    removes = {step.user_id for step in steps if not step.give and not standing[step]} - adds
    truth = _write(actor, workspace_id, workspace_name, adds, removes, roster)
    if truth.after is not None:
        bystanders.added(workspace_id, {s.user_id: s.username for s in steps if s.give and s.user_id in truth.after})
    results = [_judge(step, standing[step], truth, roster) for step in steps]
    with transaction.atomic():
        for step, result in zip(steps, results, strict=True):
            so_already = result.outcome == Outcome.ALREADY and step.comes_late(grants)
            if result.outcome in (Outcome.DONE, Outcome.ALREADY, Outcome.KEPT) and not so_already:
                _remember(actor, workspace_id, step, grants)
    return truth, results


@dataclass(frozen=True, slots=True)
class Truth:
    """Members before and after, as read. `after` is None when it could not be read back. `problem`: what went wrong on the
    way, so that what is not so yet may become so.
    """

    before: frozenset[int]
    after: frozenset[int] | None
    problem: Words = ""
    others: Others = NOBODY


def _write(
    actor: Operator | None,
    workspace_id: int,
    workspace_name: str,
    adds: Collection[int],
    removes: Collection[int],
    roster: Roster,
) -> Truth:
    """One difference on the instance, and whoever else it hit put back. Raises ApiError only when certainly nothing was changed."""
    before: frozenset[int] = frozenset()
    kept: tuple[MembersBefore, datetime] | None = None

    def before_write(writing: Writing) -> None:
        nonlocal before, kept
        before = bystanders.ids(writing.before)
        if writing.deletes:
            slug = roster.slugs[workspace_id]
            kept = bystanders.keep(
                actor=actor,
                workspace_id=workspace_id,
                workspace_name=workspace_name,
                slug=slug,
                writing=writing,
                removes=removes,
            )

    try:
        change = instance.connect().memberships.change(
            workspace_id, add=adds, remove=removes, roster=roster, before_write=before_write
        )
        truth = Truth(change.before, change.after)
    except MembershipMismatch as error:
        truth = Truth(error.before, bystanders.ids(error.observed))
    except ApiError as error:
        if not error.outcome_unknown:
            raise
        truth = _read_back(workspace_id, error, before)
    finally:
        instance.forget_members(workspace_id)
    if kept is None:
        return truth
    record, earlier = kept
    if not truth.problem:
        record.late_until = earlier  # it was answered, so it is over
    return replace(truth, others=bystanders.look_at_once(record, truth.after))


def _read_back(workspace_id: int, error: ApiError, before: frozenset[int]) -> Truth:
    """What the members are after a write whose answer got lost; who is not there may still come."""
    problem = errors.describe(error).sentence
    try:
        observed = instance.connect().memberships.read(workspace_id)
        if not observed:
            instance.users(max_age=0).certain()  # fails when all is answered empty because the database is busy
    except ApiError:
        return Truth(before, None, problem)
    return Truth(before, bystanders.ids(observed), problem)


def _judge(step: Step, standing: list[Grant], truth: Truth, roster: Roster) -> Result:
    if step.give and step.user_id not in roster.user_ids:
        return Result(Outcome.FAILED, GONE)
    if truth.after is None:
        return Result(Outcome.UNKNOWN, truth.problem)
    is_member, was_member = step.user_id in truth.after, step.user_id in truth.before
    # Without an answer it may still be under way.
    not_so = Result(Outcome.UNKNOWN, truth.problem) if truth.problem else Result(Outcome.FAILED, NOT_APPLIED)
    if step.give:
        if not is_member:
            return not_so
        return Result(Outcome.ALREADY if was_member else Outcome.DONE)
    if standing:
        return Result(Outcome.KEPT, _("Still has access: %(reasons)s.") % {"reasons": reasons_in_words(standing)})
    if is_member:
        return not_so
    return Result(Outcome.DONE if was_member else Outcome.ALREADY)


def _remember(actor: Operator | None, workspace_id: int, step: Step, grants: list[Grant]) -> None:
    """Keeps the reasons in step with what was read back."""
    if step.give:
        if step.reason == Reason.DIRECT:
            # What is given by hand takes the place of the invite: its end, or that it has none, is what holds.
            Grant.objects.filter(workspace_id=workspace_id, user_id=step.user_id, reason=Reason.INVITE).delete()
        Grant.objects.update_or_create(
            workspace_id=workspace_id,
            user_id=step.user_id,
            reason=step.reason,
            group_id=step.group_id,  # type: ignore[misc]  # None is looked up as null
            defaults={"until": step.until, "granted_by": actor},
        )
    else:
        Grant.objects.filter(pk__in=[grant.pk for grant in grants if step.takes(grant)]).delete()


def reasons_in_words(grants: Iterable[Grant]) -> str:
    """ "by a group (Sales), open to everyone": the reasons of one cell, for people."""
    return ", ".join(
        f"{grant.get_reason_display()} ({grant.group.name})" if grant.group else str(grant.get_reason_display())
        for grant in grants
    )


# --- Seeing -----------------------------------------------------------------------------------------------------------
IMPLICIT_ROLES = ("admin", "manager")


@dataclass(frozen=True, slots=True)
class Cell:
    """One user and one workspace: listed there or not, and the grants that Foyer knows.

    `found`: a member without any grant, so access was given elsewhere. `lost`: a grant without membership, so it was taken elsewhere.
    `missing`: lost by the instance while somebody else was taken out, and to be put back.
    """

    member: bool
    implicit: bool
    grants: tuple[Grant, ...]
    missing: bool = False

    @property
    def found(self) -> bool:
        return self.member and not self.grants

    @property
    def lost(self) -> bool:
        return bool(self.grants) and not self.member and not self.missing

    @property
    def until(self) -> datetime | None:
        """When access ends by itself: only if no reason without an end stands beside."""
        ends = [grant.until for grant in self.grants]
        return max(end for end in ends if end) if ends and all(ends) else None


def grants_of(
    *, user_ids: Collection[int] | None = None, workspace_ids: Collection[int] | None = None
) -> Mapping[tuple[int, int], tuple[Grant, ...]]:
    """The grants for these users and workspaces (None: all), by (workspace id, user id)."""
    found = Grant.objects.select_related("group", "granted_by")
    if user_ids is not None:
        found = found.filter(user_id__in=user_ids)
    if workspace_ids is not None:
        found = found.filter(workspace_id__in=workspace_ids)
    grants: dict[tuple[int, int], list[Grant]] = defaultdict(list)
    for grant in found:
        grants[grant.workspace_id, grant.user_id].append(grant)
    return {key: tuple(some) for key, some in grants.items()}


@dataclass(frozen=True, slots=True)
class Switch:
    """One user and one workspace with the names to show. Built by `switches_of_user`, or by hand from a `Cell`."""

    user_id: int
    username: str
    workspace_id: int
    workspace_name: str
    slug: str
    cell: Cell
    suspended: bool = False  # to be said on a workspace's page; on a person's it stands at the top

    @property
    def on(self) -> bool:
        return self.cell.member

    @property
    def forgettable(self) -> bool:
        """Whether it was taken on the instance, and what was given here by hand can be forgotten by hand."""
        return self.cell.lost and any(grant.reason in BY_HAND for grant in self.cell.grants)

    @property
    def lines(self) -> list[tuple[str, Words]]:
        """Tone and words of every reason, for people."""
        cell = self.cell
        tone = "error" if cell.lost else "quiet"
        lines: list[tuple[str, Words]] = [(tone, grant_in_words(grant)) for grant in cell.grants]
        if cell.implicit:
            lines.insert(0, ("quiet", _("by role")))
        if self.suspended:
            lines.insert(0, ("warn", _("suspended")))
        if cell.found and not cell.implicit:
            lines.append(("quiet", _("found on AnythingLLM")))
        if cell.lost:
            lines.append(("warn", _("was taken on AnythingLLM, not here")))
        if cell.missing and not cell.member:
            lines.append(("warn", _("was lost by AnythingLLM; Foyer gives it back")))
        return lines


def grant_in_words(grant: Grant) -> Words:
    """ "given directly by ada on 3 November, until 5 December"."""
    words = {
        "name": grant.granted_by.username if grant.granted_by else "Foyer",
        "on": formats.date_format(timezone.localtime(grant.granted_at), "SHORT_DATE_FORMAT"),
    }
    if grant.group:
        return gettext("by the group %(group)s") % {"group": grant.group.name}
    if grant.reason != Reason.DIRECT:
        return grant.get_reason_display()
    if grant.until:
        words["until"] = formats.date_format(timezone.localtime(grant.until), "SHORT_DATE_FORMAT")
        return gettext("given by %(name)s on %(on)s, until %(until)s") % words
    return gettext("given by %(name)s on %(on)s") % words


def switches_of_user(operator: Operator, user: User) -> instance.Reading[list[Switch]]:
    """One switch for every workspace that the operator looks after, by name. Raises ApiError."""
    workspaces, members = instance.workspaces(), instance.members()
    mine, implicit = scope(operator), user.role in IMPLICIT_ROLES
    grants, lost = grants_of(user_ids=[user.id]), bystanders.missing()
    found = [
        Switch(
            user.id,
            user.username,
            workspace.id,
            workspace.name,
            workspace.slug,
            Cell(
                user.id in members.value.get(workspace.id, ()),
                implicit,
                grants.get((workspace.id, user.id), ()),
                user.id in lost.get(workspace.id, ()),
            ),
        )
        for workspace in sorted(workspaces.value, key=lambda w: natural(w.name))
        if mine is None or workspace.id in mine
    ]
    return instance.Reading(found, min(workspaces.as_of, members.as_of), workspaces.problem or members.problem)


def losses() -> dict[int, str]:
    """Who was lost by the instance while somebody was taken out and is not back yet, in a sentence for each workspace."""
    return {
        workspace_id: Others((), tuple(names.values())).in_words()
        for workspace_id, names in bystanders.missing().items()
    }


def switches_of_workspace(
    workspace: Workspace, *, q: str = "", others: bool = False
) -> instance.Reading[tuple[list[Switch], list[Switch]]]:
    """Who is a member of the workspace or was given it, and with `others` also who is and was not; each by name, of those whose name
    holds all words of `q`. Raises ApiError.
    """
    users, members = instance.users(), instance.members()
    listed = set(members.value.get(workspace.id, ()))
    grants, lost = grants_of(workspace_ids=[workspace.id]), bystanders.missing([workspace.id]).get(workspace.id, {})
    words = folded(q).split()
    inside, outside = [], []
    for user in sorted(users.value, key=lambda user: natural(user.username)):
        name = folded(user.username)
        if not all(word in name for word in words):
            continue
        own = grants.get((workspace.id, user.id), ())
        cell = Cell(user.id in listed, user.role in IMPLICIT_ROLES, own, user.id in lost)
        switch = Switch(user.id, user.username, workspace.id, workspace.name, workspace.slug, cell, user.suspended)
        if cell.member or cell.grants or cell.missing:
            inside.append(switch)
        elif others and not cell.implicit:
            outside.append(switch)
    found = (inside, outside)
    return instance.Reading(found, min(users.as_of, members.as_of), users.problem or members.problem)


def ending(operator: Operator, within: timedelta) -> list[Grant]:
    """What was given until a time not further off than this and will really end access then, the soonest first."""
    soon = Grant.objects.filter(until__isnull=False, until__lte=timezone.now() + within).order_by("until")
    beside = Grant.objects.filter(workspace_id=OuterRef("workspace_id"), user_id=OuterRef("user_id"), until=None)
    mine = scope(operator)
    return [grant for grant in soon.exclude(Exists(beside)) if mine is None or grant.workspace_id in mine]


def forget_workspace(workspace_id: int) -> None:
    """Drops what Foyer knows about the access to a workspace that was deleted."""
    with transaction.atomic():
        for model in (Grant, GroupWorkspace, OpenWorkspace, MembersBefore):
            model.objects.filter(workspace_id=workspace_id).delete()
    instance.forget_members(workspace_id)


# --- Workspaces for everyone ------------------------------------------------------------------------------------------
def lacking(workspace_id: int, users: list[User], members: Collection[int]) -> list[User]:
    """The users to whom an open workspace is still to be given: who can sign in, and did not get it before.

    Who was given it once has a grant, even where it was taken on the instance since. Who is a member for no reason known here stays so.
    """
    grants = grants_of(workspace_ids=[workspace_id])

    def lacks(user: User) -> bool:
        own = grants.get((workspace_id, user.id), ())
        found = user.id in members and not own
        return not user.suspended and not found and all(grant.reason != Reason.EVERYONE for grant in own)

    return [user for user in users if lacks(user)]


def is_open(workspace_id: int) -> bool:
    """Whether the workspace is for everyone."""
    return OpenWorkspace.objects.filter(workspace_id=workspace_id).exists()


def open_to(users: list[User]) -> None:
    """Gives the open workspaces to those of the users who lack them, in the name of Foyer. Raises ApiError when nothing can be read."""
    open_ids = set(OpenWorkspace.objects.values_list("workspace_id", flat=True))
    for workspace in instance.workspaces().value if open_ids else ():
        # Asked before the members are read: every minute most have it.
        if workspace.id not in open_ids or not lacking(workspace.id, users, ()):
            continue
        with trying_again_later():
            members = {member.user_id for member in instance.connect().memberships.read(workspace.id)}
            newcomers = lacking(workspace.id, users, members)
            if newcomers:
                change_members(
                    actor=None,
                    workspace_id=workspace.id,
                    workspace_name=workspace.name,
                    steps=[Step(user.id, user.username, give=True, reason=Reason.EVERYONE) for user in newcomers],
                )


def welcome(user: User) -> None:
    """Gives a new user the workspaces that are for everyone. What cannot be given now, the worker gives within minutes."""
    with trying_again_later():
        open_to([user])


# --- Newcomers by a link ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class GroupRooms:
    """A group, and the ids of the workspaces that it gives."""

    id: int
    name: str
    workspace_ids: frozenset[int]


def groups_within(mine: Collection[int] | None) -> list[GroupRooms]:
    """The groups that give some of these workspaces and nothing beyond (None: all groups), by name. One that gives nothing yet may give
    anything soon, so it is nobody's who looks after some.
    """
    found = [
        GroupRooms(group.pk, group.name, frozenset(room.workspace_id for room in group.workspaces.all()))
        for group in Group.objects.prefetch_related("workspaces")
    ]
    return [group for group in found if mine is None or (group.workspace_ids and group.workspace_ids <= set(mine))]


def admit(
    *,
    actor: Operator,
    user: User,
    workspace_ids: Collection[int],
    groups: Sequence[GroupRooms],
    users: Sequence[User],
    workspaces: Sequence[Workspace],
) -> list[str]:
    """Gives a newcomer what they were invited to: workspaces, and membership in groups with what these give. Doing it again does no harm.

    `users` and `workspaces` are all there are, as just read; a workspace that is not among them is left out. Gives the names of those that
    could not be given now; what the instance said stands in the ledger.
    """
    GroupMember.objects.bulk_create(
        [GroupMember(group_id=group.id, user_id=user.id) for group in groups], ignore_conflicts=True
    )
    roster = Roster(frozenset(u.id for u in users), {workspace.id: workspace.slug for workspace in workspaces})
    missing = []
    for workspace in workspaces:
        steps = [
            Step(user.id, user.username, give=True, reason=Reason.GROUP, group_id=group.id)
            for group in groups
            if workspace.id in group.workspace_ids
        ]
        if workspace.id in workspace_ids:
            steps.insert(0, Step(user.id, user.username, give=True, reason=Reason.INVITE))
        if not steps:
            continue
        results: list[Result] = []
        with trying_again_later():
            results = change_members(
                actor=actor, workspace_id=workspace.id, workspace_name=workspace.name, steps=steps, roster=roster
            )
        if not results or any(LEDGER[result.outcome] != LedgerOutcome.OK for result in results):
            missing.append(workspace.name)
    return missing


@contextmanager
def trying_again_later() -> Iterator[None]:
    """For what Foyer does by itself: an error is logged and stops nothing else, because the worker comes back every minute."""
    try:
        yield
    except locks.Busy:
        log.info("access left to somebody else")
    except (ApiError, errors.Declined) as error:
        log.warning("access left for later", extra={"cause": type(error).__name__})
