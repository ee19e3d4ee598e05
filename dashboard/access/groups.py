"""Groups, and what changing them changes for people: always a staged set, so that it can be looked at first."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Count, QuerySet

from dashboard.access import sets
from dashboard.access.models import AccessSet, Grant, Group, Reason
from dashboard.access.sets import Wanted
from dashboard.accounts.models import Operator
from dashboard.anythingllm import User, Workspace
from dashboard.audit.services import recording
from dashboard.order import natural
from dashboard.said import gettext as _


def counted() -> QuerySet[Group]:
    """All groups with `people` and `rooms`, how many of each they have."""
    return Group.objects.annotate(
        people=Count("members", distinct=True), rooms=Count("workspaces", distinct=True)
    ).order_by("name")


def of_workspaces(ids: Collection[int] | None) -> QuerySet[Group]:
    """The groups that give one of these workspaces (None: all groups)."""
    return Group.objects.all() if ids is None else Group.objects.filter(workspaces__workspace_id__in=ids).distinct()


def people(group: Group, users: Iterable[User]) -> list[User]:
    """Who of the users is in the group, by name. Who is gone from the instance is not among them."""
    ids = set(group.members.values_list("user_id", flat=True))
    return sorted((user for user in users if user.id in ids), key=lambda user: natural(user.username))


def workspaces(group: Group, known: Iterable[Workspace]) -> list[Workspace]:
    ids = set(group.workspaces.values_list("workspace_id", flat=True))
    return sorted((w for w in known if w.id in ids), key=lambda w: natural(w.name))


def create(*, actor: Operator, name: str) -> Group:
    with recording(actor, "group.created", target=("group", "", name)) as entry:
        group = Group.objects.create(name=name)
        entry.target_id = str(group.pk)
        return group


def rename(*, actor: Operator, group: Group, name: str) -> None:
    before, after = {"name": group.name}, {"name": name}
    with recording(actor, "group.renamed", target=("group", group.pk, name), before=before, after=after):
        group.name = name
        group.save(update_fields=["name"])


def stage_people(
    actor: Operator, group: Group, *, add: Collection[int] = (), remove: Collection[int] = ()
) -> AccessSet:
    """People who join or leave: they get, or lose, what the group gives."""
    rooms = list(group.workspaces.values_list("workspace_id", flat=True))
    wanted = [Wanted(room, user, True, Reason.GROUP, group.pk) for user in add for room in rooms]
    # What they really have by the group, which may be more than it has now when an earlier change failed.
    taken = Grant.objects.filter(group=group, user_id__in=remove)
    wanted += [Wanted(grant.workspace_id, grant.user_id, False, Reason.GROUP, group.pk) for grant in taken]
    title = _("People of the group %(name)s") % {"name": group.name}
    also = {"group": group.pk, "add_users": sorted(add), "remove_users": sorted(remove)}
    return sets.stage(actor=actor, title=title, wanted=wanted, also=also)


def stage_workspaces(
    actor: Operator, group: Group, *, add: Collection[int] = (), remove: Collection[int] = ()
) -> AccessSet:
    """Workspaces that the group shall give, or no more."""
    users = list(group.members.values_list("user_id", flat=True))
    wanted = [Wanted(room, user, True, Reason.GROUP, group.pk) for room in add for user in users]
    taken = Grant.objects.filter(group=group, workspace_id__in=remove)
    wanted += [Wanted(grant.workspace_id, grant.user_id, False, Reason.GROUP, group.pk) for grant in taken]
    title = _("Workspaces of the group %(name)s") % {"name": group.name}
    also = {"group": group.pk, "add_workspaces": sorted(add), "remove_workspaces": sorted(remove)}
    return sets.stage(actor=actor, title=title, wanted=wanted, also=also)


def stage_deletion(actor: Operator, group: Group) -> AccessSet:
    """The group's end: all that it gave is taken, unless another reason stands."""
    grants = Grant.objects.filter(group=group)
    wanted = [Wanted(grant.workspace_id, grant.user_id, False, Reason.GROUP, group.pk) for grant in grants]
    also = {
        "group": group.pk,
        "delete": True,
        "remove_users": list(group.members.values_list("user_id", flat=True)),
        "remove_workspaces": list(group.workspaces.values_list("workspace_id", flat=True)),
    }
    title = _("Delete the group %(name)s") % {"name": group.name}
    return sets.stage(actor=actor, title=title, wanted=wanted, also=also)
