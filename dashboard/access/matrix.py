"""The matrix: people down, workspaces across. What a search leaves of both, and what every cell of a page holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dashboard import instance, sight
from dashboard.access import bystanders
from dashboard.access.models import Group, GroupMember
from dashboard.access.services import IMPLICIT_ROLES, Cell, grants_of
from dashboard.accounts.models import Operator
from dashboard.anythingllm import User, Workspace
from dashboard.folding import folded
from dashboard.order import natural

T = TypeVar("T")
SEARCHED = 200  # names of a list that nobody is called by exactly

Members = Mapping[int, Sequence[int]]  # workspace id -> ids of the users listed there


@dataclass(frozen=True, slots=True)
class Readings:
    """What the matrix is made of, as far as the operator may see it, read together."""

    users: list[User]
    workspaces: list[Workspace]
    members: Members


def read(operator: Operator) -> instance.Reading[Readings]:
    """Users, workspaces and member lists; as of the oldest of them. Raises ApiError when there is no answer to fall back on."""
    users, workspaces, members = sight.users(operator), sight.workspaces(operator), sight.members(operator)
    as_of = min(users.as_of, workspaces.as_of, members.as_of)
    problem = users.problem or workspaces.problem or members.problem
    return instance.Reading(Readings(users.value, workspaces.value, members.value), as_of, problem)


def strangers(seen: Collection[User], names: str) -> list[User]:
    """Whom a manager of some workspaces may add to them, by their whole names: who does not know these learns nothing of them. By role one
    opens the workspaces anyway.
    """
    known = {user.id for user in seen}
    wanted = {name.casefold() for name in _parts(names)}
    return [
        user
        for user in instance.users().value
        if user.id not in known and user.role not in IMPLICIT_ROLES and user.username.casefold() in wanted
    ]


def _parts(names: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;\t\n]", names) if part.strip()]


@dataclass(frozen=True, slots=True)
class Row:
    """One person and their cells, in the order of the page's workspaces."""

    user: User
    cells: list[Cell]


def people(
    users: Iterable[User], *, names: str = "", role: str = "", state: str = "", group: Group | None = None
) -> tuple[list[User], list[str]]:
    """The users that fit, by name, and which of the names nobody has."""
    joined = set(GroupMember.objects.filter(group=group).values_list("user_id", flat=True)) if group else None
    found = [
        user
        for user in users
        if (not role or user.role == role)
        and (not state or user.suspended == (state == "suspended"))
        and (joined is None or user.id in joined)
    ]
    return named(found, names, lambda user: user.username)


def workspaces(all_of_them: Iterable[Workspace], *, names: str = "") -> tuple[list[Workspace], list[str]]:
    """The workspaces that fit, by name, and which of the names none has."""
    return named(all_of_them, names, lambda workspace: workspace.name)


def named(things: Iterable[T], names: str, name_of: Callable[[T], str]) -> tuple[list[T], list[str]]:
    """The things that any of the names means, in order, and the names that mean nothing.

    One name is a search: all that contain its words. Several (by comma, semicolon, line or tab) are a list: whoever is called exactly
    so, whatever the case, and only for want of such those that contain the words. That takes a look at everybody, so it is done for the
    first SEARCHED of them; what is left means nothing.
    """
    keyed = sorted(((folded(name_of(thing)), thing) for thing in things), key=lambda pair: natural(pair[0]))
    wanted = _parts(names)
    if not wanted:
        return [thing for _key, thing in keyed], []
    called = defaultdict(list)
    if len(wanted) > 1:
        for n, (key, _thing) in enumerate(keyed):
            called[key].append(n)
    found: set[int] = set()
    missing, searched = [], 0
    for part in wanted:
        name = folded(part)
        meant = called.get(name, [])
        if not meant and searched < SEARCHED:
            searched += 1
            meant = list(range(len(keyed)))
            for word in set(name.split()):
                meant = [n for n in meant if word in keyed[n][0]]
        if not meant:
            missing.append(part)
        found.update(meant)
    return [keyed[n][1] for n in sorted(found)], missing


def rows(users: Sequence[User], shown: Sequence[Workspace], members: Members) -> list[Row]:
    """The cells of one page; two queries, whatever its size."""
    user_ids = {user.id for user in users}
    workspace_ids = [workspace.id for workspace in shown]
    inside = [user_ids.intersection(members.get(workspace_id, ())) for workspace_id in workspace_ids]
    grants, gone = grants_of(user_ids=user_ids, workspace_ids=workspace_ids), bystanders.missing(workspace_ids)
    lost = [gone.get(workspace_id, {}) for workspace_id in workspace_ids]
    found = []
    for user in users:
        implicit = user.role in IMPLICIT_ROLES
        cells = [
            Cell(user.id in some, implicit, grants.get((workspace_id, user.id), ()), user.id in some_lost)
            for workspace_id, some, some_lost in zip(workspace_ids, inside, lost, strict=True)
        ]
        found.append(Row(user, cells))
    return found


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody whose workspaces others may be given, too: `give` are the (workspace id, user id) that they lack."""

    user: User
    workspaces: int
    give: list[tuple[int, int]]


def examples(readings: Readings, names: str, user_ids: Collection[int], *, limit: int = 8) -> list[Example]:
    """People to follow, by a search for their name. Who reaches everything by role is no example, and is given nothing."""
    found, _missing = people(readings.users, names=names, role="default")
    to = [user.id for user in instance.users().value if user.id in user_ids and user.role not in IMPLICIT_ROLES]
    inside = {workspace.id: set(readings.members.get(workspace.id, ())) for workspace in readings.workspaces}
    shown = []
    for user in [user for user in found if user.id not in user_ids][:limit]:
        theirs = [workspace_id for workspace_id, ids in inside.items() if user.id in ids]
        lacking = [
            (workspace_id, user_id) for workspace_id in theirs for user_id in to if user_id not in inside[workspace_id]
        ]
        shown.append(Example(user, len(theirs), lacking))
    return shown
