"""Changes of access that belong together: staged, looked at, applied as a job, and undone as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import formats, timezone
from django.utils.text import get_text_list

from dashboard import instance, locks
from dashboard.access.models import (
    AccessChange,
    AccessSet,
    Grant,
    Group,
    GroupMember,
    GroupWorkspace,
    OpenWorkspace,
    Reason,
)
from dashboard.access.services import IMPLICIT_ROLES, Step, grants_of, lacking, reasons_in_words
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import User, Workspace
from dashboard.errors import Declined, Words
from dashboard.jobs import services as jobs
from dashboard.jobs.models import Job
from dashboard.permissions import Action, allows, scope
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy, ngettext

Outcome = AccessChange.Outcome
NAMES_SHOWN = 12  # of a longer list within a sentence


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reason that shall be given to, or taken from, one user for one workspace. `until` ends what is given directly."""

    workspace_id: int
    user_id: int
    give: bool
    reason: Reason = Reason.DIRECT
    group_id: int | None = None
    until: datetime | None = None


# --- Staging ----------------------------------------------------------------------------------------------------------
def stage(
    *,
    actor: Operator,
    title: Words,
    wanted: Iterable[Wanted],
    undoes: AccessSet | None = None,
    also: dict[str, Any] | None = None,
) -> AccessSet:
    """Writes down what shall change; nothing does yet. What is so already, what does not exist, and workspaces that the actor does not look
    after are left out, so the set may be empty. Raises ApiError when the instance cannot be read.
    """
    people = {user.id: user for user in instance.users().certain()}
    rooms = {workspace.id: workspace for workspace in instance.workspaces().certain()}
    members = {workspace_id: frozenset(ids) for workspace_id, ids in instance.members().certain().items()}
    mine = scope(actor)
    # Said twice, the last word holds.
    distinct = {(w.workspace_id, w.user_id, w.reason, w.group_id): w for w in wanted}
    possible = [
        w
        for w in distinct.values()
        if w.user_id in people and w.workspace_id in rooms and (mine is None or w.workspace_id in mine)
    ]
    grants = grants_of(workspace_ids={w.workspace_id for w in possible})
    with transaction.atomic():
        access_set = AccessSet.objects.create(actor=actor, title=title, undoes=undoes, also=also or {})
        changes = [
            _change(
                access_set,
                w,
                people[w.user_id],
                rooms[w.workspace_id],
                w.user_id in members.get(w.workspace_id, ()),
                grants.get((w.workspace_id, w.user_id), ()),
            )
            for w in possible
        ]
        AccessChange.objects.bulk_create([change for change in changes if change], batch_size=500)
    return access_set


def _change(
    access_set: AccessSet, wanted: Wanted, user: User, workspace: Workspace, member: bool, grants: Sequence[Grant]
) -> AccessChange | None:
    """The change to be tried, or None when there is nothing to do."""
    taking = Step(wanted.user_id, "", give=False, reason=wanted.reason, group_id=wanted.group_id)
    own = next((grant for grant in grants if taking.takes(grant)), None)
    found = member and not grants
    if wanted.give:
        # Who is there without a reason of ours stays so: else, leaving the group would take what the group did not give.
        nothing_to_do = found and wanted.reason != Reason.DIRECT
        nothing_to_do |= member and own is not None and own.until == wanted.until
    else:
        nothing_to_do = own is None and not (member and wanted.reason == Reason.DIRECT)
    if nothing_to_do:
        return None
    return AccessChange(
        set=access_set,
        workspace_id=workspace.id,
        workspace_name=workspace.name[:255],
        user_id=user.id,
        username=user.username[:255],
        give=wanted.give,
        reason=wanted.reason,
        group_id=wanted.group_id,
        until=wanted.until if wanted.give else None,
        was_member=member,
        was_found=found,
        had_reason=own is not None,
        had_until=own.until if own else None,
    )


def everything_of(user_id: int) -> list[Wanted]:
    """All that lets this user in, whatever the reason, to be taken. Raises ApiError."""
    grants = list(Grant.objects.filter(user_id=user_id))
    wanted = [
        # An invite is taken like what was given by hand.
        Wanted(grant.workspace_id, user_id, False, Reason.DIRECT)
        if grant.reason == Reason.INVITE
        else Wanted(grant.workspace_id, user_id, False, Reason(grant.reason), grant.group_id)
        for grant in grants
    ]
    known = {grant.workspace_id for grant in grants}
    listed = [workspace_id for workspace_id, ids in instance.members().certain().items() if user_id in ids]
    found = [Wanted(workspace_id, user_id, False) for workspace_id in listed if workspace_id not in known]
    return wanted + found


def leaving(user_id: int) -> dict[str, Any]:
    """`also` of a set after which the user is in no group."""
    groups = list(GroupMember.objects.filter(user_id=user_id).values_list("group", flat=True))
    return {"user": user_id, "leave": groups} if groups else {}


def opening(workspace_id: int) -> list[Wanted]:
    """What gives a workspace to everyone. Raises ApiError."""
    members = instance.members().certain().get(workspace_id, ())
    users = lacking(workspace_id, instance.users().certain(), members)
    return [Wanted(workspace_id, user.id, give=True, reason=Reason.EVERYONE) for user in users]


def closing(workspace_id: int) -> list[Wanted]:
    grants = Grant.objects.filter(workspace_id=workspace_id, reason=Reason.EVERYONE)
    return [Wanted(workspace_id, grant.user_id, give=False, reason=Reason.EVERYONE) for grant in grants]


def visible_to(operator: Operator) -> QuerySet[AccessSet]:
    """The sets this operator may see: admins all, managers their own, as far as they look after every workspace in it."""
    sets = AccessSet.objects.select_related("actor", "undoes")
    if operator.effective_role == Role.ADMIN:
        return sets
    sets, mine = sets.filter(actor=operator), scope(operator)
    if mine is None:
        return sets
    outside = AccessChange.objects.filter(set=OuterRef("pk")).exclude(workspace_id__in=mine)
    return sets.filter(~Exists(outside), also={})


@dataclass(frozen=True, slots=True)
class Tally:
    """A set in the list of all: how many changes, and how many of them failed or are unknown. `job` is None when it had nothing to do."""

    set: AccessSet
    changes: int
    trouble: int
    job: Job | None


def tallied(access_sets: Iterable[AccessSet]) -> list[Tally]:
    found = list(access_sets)
    trouble = Q(outcome__in=(Outcome.FAILED, Outcome.UNKNOWN))
    rows = AccessChange.objects.filter(set__in=found).order_by().values_list("set")
    counts = {pk: (n, bad) for pk, n, bad in rows.annotate(n=Count("pk"), bad=Count("pk", filter=trouble))}
    known = Job.objects.in_bulk([one.job_id for one in found if one.job_id])
    return [Tally(one, *counts.get(one.pk, (0, 0)), known.get(one.job_id or 0)) for one in found]


def counted(access_set: AccessSet) -> list[tuple[str, Words, int]]:
    """Outcome, its name, how many: of the outcomes that occur, those not tried yet first."""
    rows = access_set.changes.order_by("outcome").values_list("outcome").annotate(Count("pk"))
    return [(outcome, Outcome(outcome).label if outcome else _("waiting"), count) for outcome, count in rows]


# --- Looking ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Row:
    """One change against what is so now: `member` as just read, `notes` on what will be otherwise than it seems."""

    change: AccessChange
    member: bool
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    sentences: list[str]
    rows: list[Row]
    warnings: list[str]


def preview(access_set: AccessSet) -> Preview:
    """What applying the set would do to what is so now. Reads the members of its workspaces anew; raises ApiError."""
    changes = list(access_set.changes.select_related("group"))
    workspace_ids = {change.workspace_id for change in changes}
    instance.forget_members(*workspace_ids)
    people = {user.id: user for user in instance.users().certain()}
    members = instance.members().certain() if workspace_ids else {}
    grants = grants_of(workspace_ids=workspace_ids)
    warned: dict[str, dict[str, None]] = defaultdict(dict)  # sentence -> names, each once
    steps_of: dict[tuple[int, int], list[AccessChange]] = defaultdict(list)
    for change in changes:
        steps_of[change.workspace_id, change.user_id].append(change)
    rows = []
    for change in changes:
        key = change.workspace_id, change.user_id
        member = change.user_id in members.get(change.workspace_id, ())
        notes = []
        for note, sentence in _notes(
            change,
            people.get(change.user_id),
            change.workspace_id in members,
            member,
            grants.get(key, ()),
            steps_of[key],
        ):
            notes.append(note)
            warned[sentence][change.username] = None
        rows.append(Row(change, member, notes))
    warnings = [sentence % {"names": names_in_words(list(names))} for sentence, names in warned.items()]
    return Preview(sentences(changes), rows, warnings)


def _notes(
    change: AccessChange,
    user: User | None,
    exists: bool,
    member: bool,
    grants: Sequence[Grant],
    beside: Sequence[AccessChange],
) -> Iterator[tuple[str, str]]:
    """What an operator should know before this change: in the row, and as a sentence over all of them."""
    if not exists:
        yield _("workspace not there any more"), _("A workspace is not there any more; nothing happens to: %(names)s.")
    if user is None:
        yield _("account not there any more"), _("These accounts are not there any more: %(names)s.")
        return
    if user.suspended and change.give:
        yield _("suspended"), _("Suspended, so they cannot use it before they are resumed: %(names)s.")
    if change.give and change.had_reason and change.had_until != change.until:
        yield _new_end(change.had_until), _("The end of their access changes: %(names)s.")
    if user.role in IMPLICIT_ROLES:
        yield _("opens it by role"), _("Admins and managers open every workspace anyway: %(names)s.")
    if not (change.give or member or change.was_member):
        yield (
            _("has no access; only the reason is forgotten"),
            _("Have no access any more, only the reason for it is forgotten: %(names)s."),
        )
    if member != change.was_member:
        yield (
            _("got access since you looked") if member else _("lost access since you looked"),
            _("Changed since you looked: %(names)s."),
        )
    if not change.give:
        taking = [step_of(other) for other in beside]
        left = [grant for grant in grants if not any(step.takes(grant) for step in taking)]
        if left:
            yield (
                _("keeps access: %(reasons)s") % {"reasons": reasons_in_words(left)},
                _("Keep access for another reason: %(names)s."),
            )


def _new_end(had_until: datetime | None) -> str:
    if had_until is None:
        return _("had access without an end")
    return _("had access until %(day)s") % {
        "day": formats.date_format(timezone.localtime(had_until), "SHORT_DATE_FORMAT")
    }


def step_of(change: AccessChange) -> Step:
    return Step(
        change.user_id,
        change.username,
        change.give,
        reason=Reason(change.reason),
        group_id=change.group_id,
        until=change.until,
        only_new=change.give and not change.was_member,
    )


def sentences(changes: Iterable[AccessChange]) -> list[str]:
    """The changes in words: by people or by workspaces, whichever is shorter; who shares the same is named together."""
    kinds: dict[tuple[Any, ...], list[AccessChange]] = defaultdict(list)
    for change in changes:
        kinds[not change.give, change.reason, change.group_id, change.until].append(change)
    found = []
    for some in kinds.values():
        by_people = _rectangles((change.username, change.workspace_name) for change in some)
        by_workspaces = _rectangles((change.workspace_name, change.username) for change in some)
        people_first = len(by_people) <= len(by_workspaces)
        for one, other in by_people if people_first else by_workspaces:
            found.append(_sentence(some[0], other, one) if people_first else _sentence(some[0], one, other))
    return found


def _rectangles(pairs: Iterable[tuple[str, str]]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Pairs (a, b) as the fewest "all of these b, for each of these a" that go by a."""
    of: dict[str, dict[str, None]] = defaultdict(dict)
    for a, b in pairs:
        of[a][b] = None
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for a, bs in of.items():
        alike[tuple(bs)].append(a)
    return list(alike.items())


def _sentence(like: AccessChange, people: Collection[str], workspaces: Collection[str]) -> str:
    words = {"people": names_in_words(list(people)), "workspaces": names_in_words(list(workspaces))}
    if like.group:
        words["group"] = like.group.name
        if like.give:
            return _("Give %(people)s access to %(workspaces)s, by the group %(group)s.") % words
        return _("Take from %(people)s the access to %(workspaces)s that the group %(group)s gives.") % words
    if like.reason == Reason.EVERYONE:
        if like.give:
            return _("Give %(people)s access to %(workspaces)s, which is for everyone.") % words
        return _("Take from %(people)s the access to %(workspaces)s that everyone had.") % words
    if not like.give:
        return _("Take from %(people)s access to %(workspaces)s.") % words
    if like.until:
        words["until"] = formats.date_format(timezone.localtime(like.until), "DATE_FORMAT")
        return _("Give %(people)s access to %(workspaces)s until the end of %(until)s.") % words
    return _("Give %(people)s access to %(workspaces)s.") % words


def names_in_words(names: list[str]) -> str:
    """ "ada, cem and sam"; of many the first ones and how many more."""
    more = len(names) - NAMES_SHOWN
    if more > 1:
        names = [*names[:NAMES_SHOWN], ngettext("%(n)d more", "%(n)d more", more) % {"n": more}]
    return get_text_list(names, _("and"))


# --- Applying ---------------------------------------------------------------------------------------------------------
def apply(*, actor: Operator, access_set: AccessSet) -> Job | None:
    """Starts the job that makes the changes, one workspace after the other; None when there are none. Raises Declined the second time, and
    PermissionDenied when the actor may not make such changes any more.
    """
    with locks.held(f"access-set:{access_set.pk}"):
        access_set.refresh_from_db()
        if not visible_to(actor).filter(pk=access_set.pk).exists():
            raise PermissionDenied
        if access_set.also.keys() - {"open", "close"} and not allows(actor, Action.MANAGE_GROUPS):
            raise PermissionDenied
        if access_set.applied_at:
            raise Declined(_("This set of changes was applied already."))
        reshape(access_set.also)
        changes: dict[int, list[AccessChange]] = defaultdict(list)
        for change in access_set.changes.all():
            changes[change.workspace_id].append(change)
        items = [
            jobs.NewItem(str(workspace_id), some[0].workspace_name, {"changes": len(some)})
            for workspace_id, some in changes.items()
        ]
        with transaction.atomic():  # who dies here leaves a set that was not applied, and no job of it
            job = None
            if items:
                job = jobs.start(
                    actor, kind="access.set", title=access_set.title, items=items, params={"set": access_set.pk}
                )
            access_set.applied_at = timezone.now()
            access_set.job_id = job.pk if job else None
            access_set.save(update_fields=["applied_at", "job_id"])
            finish_shape(access_set.also)
    return job


def discard(access_set: AccessSet) -> None:
    """Forgets a set that was only looked at. Raises Declined once it was applied."""
    with locks.held(f"access-set:{access_set.pk}"):
        access_set.refresh_from_db()
        if access_set.applied_at:
            raise Declined(_("This set of changes was applied already."))
        access_set.delete()


def can_undo(access_set: AccessSet) -> bool:
    """True when applying it has changed something that can be brought back."""
    if access_set.also.get("delete"):
        return False
    turned = any(OPPOSITE.get(key) and value for key, value in access_set.also.items())
    return turned or bool(_opposites(access_set))


def undo(*, actor: Operator, access_set: AccessSet) -> AccessSet:
    """Stages the opposite of what applying the set has really changed, for another look. Raises Declined while there is nothing to undo."""
    job = job_of(access_set)
    if not access_set.applied_at or (job and job.is_open):
        raise Declined(_("These changes are not finished, so they cannot be undone yet."))
    if access_set.also.get("delete"):
        raise Declined(_("The group was deleted. Make it again to give what it gave."))
    with locks.held(f"undo:{access_set.pk}"):
        staged = access_set.undone_by.filter(actor=actor, applied_at=None).first()  # asked for twice
        return staged or stage(
            actor=actor,
            title=_("Undo: %(title)s") % {"title": access_set.title},
            wanted=_opposites(access_set),
            undoes=access_set,
            also={OPPOSITE.get(key, key): value for key, value in access_set.also.items()},
        )


def job_of(access_set: AccessSet) -> Job | None:
    return Job.objects.filter(pk=access_set.job_id).first() if access_set.job_id else None


def _opposites(access_set: AccessSet) -> list[Wanted]:
    """What would take back all that applying the set has changed."""
    job = job_of(access_set)
    since = Grant.objects.filter(granted_at__gte=access_set.applied_at, granted_by=job.actor if job else None)
    made = set(since.values_list("workspace_id", "user_id", "reason", "group_id"))
    return [wanted for change in access_set.changes.all() if (wanted := _opposite(change, made))]


def _opposite(change: AccessChange, made: Collection[tuple[int, int, str, int | None]]) -> Wanted | None:
    """What brings back what was so when the change was staged, as far as the set has made it. `made`: the grants made by applying it."""
    if change.outcome not in (Outcome.DONE, Outcome.KEPT, Outcome.ALREADY):
        return None
    by_others = change.outcome == Outcome.ALREADY and change.was_member != change.give  # between the look and the act
    # What was left to do then is the reason, unless one of theirs is the same.
    if by_others and (change.workspace_id, change.user_id, change.reason, change.group_id) not in made:
        return None
    reason = Reason(change.reason), change.group_id, change.had_until
    back = Wanted(change.workspace_id, change.user_id, not change.give, *reason)
    again = Wanted(change.workspace_id, change.user_id, True, *reason)
    if change.give:
        # Had it already, for this reason or one we do not know: only its end was changed.
        return again if change.was_member and (change.had_reason or change.was_found) else back
    gone = change.was_member and (change.had_reason or change.was_found)
    over = change.had_until is not None and change.had_until <= timezone.now()
    return back if gone and not over else None


# --- What goes with it in Foyer itself --------------------------------------------------------------------------------
OPPOSITE = {
    "open": "close",
    "close": "open",
    "leave": "join",
    "join": "leave",
    "add_users": "remove_users",
    "remove_users": "add_users",
    "add_workspaces": "remove_workspaces",
    "remove_workspaces": "add_workspaces",
}


def reshape(also: dict[str, Any]) -> None:
    """Changes open workspaces and groups. Keys: open, close (a workspace's id); group (its id) with add_users, remove_users,
    add_workspaces, remove_workspaces (ids) and delete (True); leave, join (groups' ids) with user (an id).
    """
    with transaction.atomic():
        if "open" in also:
            OpenWorkspace.objects.get_or_create(workspace_id=also["open"])
        if "close" in also:
            OpenWorkspace.objects.filter(workspace_id=also["close"]).delete()
        if "leave" in also:
            GroupMember.objects.filter(group__in=also["leave"], user_id=also["user"]).delete()
        joined = Group.objects.filter(pk__in=also.get("join", ()))
        GroupMember.objects.bulk_create(
            [GroupMember(group=group, user_id=also["user"]) for group in joined], ignore_conflicts=True
        )
        group = Group.objects.filter(pk=also["group"]).first() if "group" in also else None
        if group is None:
            return
        GroupMember.objects.bulk_create(
            [GroupMember(group=group, user_id=i) for i in also.get("add_users", ())], ignore_conflicts=True
        )
        GroupWorkspace.objects.bulk_create(
            [GroupWorkspace(group=group, workspace_id=i) for i in also.get("add_workspaces", ())], ignore_conflicts=True
        )
        group.members.filter(user_id__in=also.get("remove_users", ())).delete()
        group.workspaces.filter(workspace_id__in=also.get("remove_workspaces", ())).delete()


def finish_shape(also: dict[str, Any]) -> None:
    """Deletes a group that was to go, once nobody has anything by it: its grants would go with it, and with them the reason why."""
    if also.get("delete"):
        Group.objects.filter(pk=also["group"], grants=None).delete()


def also_in_words(also: dict[str, Any]) -> list[str]:
    """What else applying does, for people."""
    said = []
    if "open" in also:
        said.append(_("Whoever is new gets this workspace by themselves from then on."))
    if "close" in also:
        said.append(_("Whoever is new does not get this workspace by themselves any more."))
    if also.get("leave"):
        names = Group.objects.filter(pk__in=also["leave"]).values_list("name", flat=True)
        said.append(_("They leave the groups: %(names)s.") % {"names": names_in_words(list(names))})
    if also.get("join"):
        names = Group.objects.filter(pk__in=also["join"]).values_list("name", flat=True)
        said.append(_("They join the groups: %(names)s.") % {"names": names_in_words(list(names))})
    if also.get("delete"):
        said.append(_("The group is deleted. This cannot be undone; make it again to give what it gave."))
        return said
    group = Group.objects.filter(pk=also["group"]).first() if "group" in also else None
    for key, sentence in GROUP_SENTENCES.items():
        if group and also.get(key):
            said.append(sentence % {"group": group.name, "n": len(also[key])})
    return said


GROUP_SENTENCES = {
    "add_users": gettext_lazy("People who join the group %(group)s: %(n)d."),
    "remove_users": gettext_lazy("People who leave the group %(group)s: %(n)d."),
    "add_workspaces": gettext_lazy("Workspaces that the group %(group)s gives from then on: %(n)d more."),
    "remove_workspaces": gettext_lazy("Workspaces that the group %(group)s gives no more: %(n)d."),
}
