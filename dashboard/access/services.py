"""Who may open which workspace: the one safe way to change it, and why it is so.

The instance replaces whole member lists, loses them to unknown ids, and says success either way. So every change here is a difference,
applied to a list just read, under a lock that holds between processes, and judged by the list that is read back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dashboard import errors, instance, locks
from dashboard.access.models import AccessChange, Grant, Reason
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, MembershipMismatch, Roster
from dashboard.audit.models import Outcome as LedgerOutcome
from dashboard.audit.services import recording
from dashboard.errors import Words

Outcome = AccessChange.Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """A reason given to, or taken from, one user within one workspace."""

    user_id: int
    username: str
    give: bool
    reason: Reason = Reason.DIRECT
    group_id: int | None = None
    until: datetime | None = None

    def takes(self, grant: Grant) -> bool:
        """Whether this grant ends with the step. Taking by hand ends what was given by hand or by an invite, not a group's reason."""
        if grant.user_id != self.user_id or self.give:
            return False
        if self.reason == Reason.DIRECT:
            return grant.reason in (Reason.DIRECT, Reason.INVITE)
        return grant.reason == self.reason and grant.group_id == self.group_id


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    message: Words = ""


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

    `roster` are users and workspaces just read, shared by the workspaces of one set. Raises Busy, and ApiError when nothing was changed
    at all; what may have been changed is read back and told as it is. Trying again does no harm.
    """
    with ExitStack() as stack:
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
        with locks.held(f"workspace:{workspace_id}"):
            results = _apply(actor, workspace_id, steps, roster or instance.connect().memberships.roster())
        for entry, result in zip(entries, results, strict=True):
            entry.outcome, entry.detail = LEDGER[result.outcome], str(result.message)
        return results


def _apply(actor: Operator | None, workspace_id: int, steps: Sequence[Step], roster: Roster) -> list[Result]:
    grants = list(
        Grant.objects.filter(workspace_id=workspace_id, user_id__in={step.user_id for step in steps}).select_related(
            "group"
        )
    )
    left = [grant for grant in grants if not any(step.takes(grant) for step in steps)]
    standing = {step: [grant for grant in left if grant.user_id == step.user_id] for step in steps}
    adds = {step.user_id for step in steps if step.give and step.user_id in roster.user_ids}
    removes = {step.user_id for step in steps if not step.give and not standing[step]} - adds
    truth = _write(workspace_id, adds, removes, roster)
    results = [_judge(step, standing[step], truth, roster) for step in steps]
    with transaction.atomic():
        for step, result in zip(steps, results, strict=True):
            if result.outcome in (Outcome.DONE, Outcome.ALREADY, Outcome.KEPT):
                _remember(actor, workspace_id, step, grants)
    return results


@dataclass(frozen=True, slots=True)
class Truth:
    """Members before and after, as read. `after` is None when it could not be read back; `problem` says why."""

    before: frozenset[int]
    after: frozenset[int] | None
    problem: Words = ""


def _write(workspace_id: int, adds: Collection[int], removes: Collection[int], roster: Roster) -> Truth:
    """One difference on the instance. Raises ApiError only when certainly nothing was changed."""
    memberships = instance.connect().memberships
    try:
        change = memberships.change(workspace_id, add=adds, remove=removes, roster=roster)
        return Truth(change.before, change.after)
    except MembershipMismatch as error:
        return Truth(error.before, frozenset(member.user_id for member in error.observed))
    except ApiError as error:
        if not error.outcome_unknown:
            raise
        return _read_back(workspace_id, error)
    finally:
        instance.forget_members(workspace_id)


def _read_back(workspace_id: int, error: ApiError) -> Truth:
    """What the members are after a write whose answer got lost; who is there counts as changed by it."""
    try:
        observed = instance.connect().memberships.read(workspace_id)
        if not observed:
            instance.users(max_age=0)  # fails when the instance answers everything empty, because its database is busy
    except ApiError:
        return Truth(frozenset(), None, errors.describe(error).sentence)
    return Truth(frozenset(), frozenset(member.user_id for member in observed))


def _judge(step: Step, standing: list[Grant], truth: Truth, roster: Roster) -> Result:
    if step.give and step.user_id not in roster.user_ids:
        return Result(Outcome.FAILED, GONE)
    if truth.after is None:
        return Result(Outcome.UNKNOWN, truth.problem)
    is_member, was_member = step.user_id in truth.after, step.user_id in truth.before
    if step.give:
        if not is_member:
            return Result(Outcome.FAILED, NOT_APPLIED)
        return Result(Outcome.ALREADY if was_member else Outcome.DONE)
    if standing:
        return Result(Outcome.KEPT, _("Still has access: %(reasons)s.") % {"reasons": reasons_in_words(standing)})
    if is_member:
        return Result(Outcome.FAILED, NOT_APPLIED)
    return Result(Outcome.DONE if was_member else Outcome.ALREADY)


def _remember(actor: Operator | None, workspace_id: int, step: Step, grants: list[Grant]) -> None:
    """Keeps the reasons in step with what was read back."""
    if step.give:
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
    """

    member: bool
    implicit: bool
    grants: tuple[Grant, ...]

    @property
    def found(self) -> bool:
        return self.member and not self.grants

    @property
    def lost(self) -> bool:
        return bool(self.grants) and not self.member

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
