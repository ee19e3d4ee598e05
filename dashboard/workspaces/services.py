"""Workspaces of the instance, and who can open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard import instance, sight
from dashboard.accounts.models import Operator
from dashboard.anythingllm import User, Workspace
from dashboard.users.services import IMPLICIT_ROLES


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace as the table shows it. `members` counts those listed; None while the member lists are not read."""

    workspace: Workspace
    members: int | None


@dataclass(frozen=True, slots=True)
class Openers:
    """Who can open a workspace: listed as members, and by their role whether listed or not."""

    members: list[User]
    implicit: list[User]


def search(
    operator: Operator, members: Mapping[int, tuple[int, ...]] | None, *, q: str = "", mode: str = "", sort: str = ""
) -> instance.Reading[list[WorkspaceRow]]:
    """The operator's workspaces whose name or slug has every word of `q`, in the order of a column. Raises ApiError."""
    reading = sight.workspaces(operator)
    words = q.casefold().split()
    rows = [
        WorkspaceRow(workspace, len(set(members.get(workspace.id, ()))) if members is not None else None)
        for workspace in reading.value
        if (not mode or workspace.chat_mode == mode)
        and all(word in workspace.name.casefold() or word in workspace.slug for word in words)
    ]
    keys = {
        "name": lambda row: row.workspace.name.casefold(),
        "members": lambda row: row.members or 0,
        "threads": lambda row: len(row.workspace.threads),
        "mode": lambda row: row.workspace.chat_mode or "",
        "model": lambda row: (row.workspace.chat_model or "").casefold(),
        "created": lambda row: row.workspace.created_at,
    }
    rows.sort(key=keys["name"])
    rows.sort(key=keys[sort.removeprefix("-") or "name"], reverse=sort.startswith("-"))
    return instance.Reading(rows, reading.as_of, reading.problem)


def find(operator: Operator, slug: str, *, max_age: float = instance.FRESH_FOR) -> instance.Reading[Workspace | None]:
    """One workspace, or None when there is none that the operator may see. One missing from an old answer is looked for in a new one."""
    reading = sight.workspaces(operator, max_age)
    found = next((workspace for workspace in reading.value if workspace.slug == slug), None)
    if found is None and max_age:
        return find(operator, slug, max_age=0)
    return instance.Reading(found, reading.as_of, reading.problem)


def openers(workspace: Workspace) -> instance.Reading[Openers]:
    """Who can open the workspace, by name. Raises ApiError, SingleUserMode among them."""
    users, members = instance.users(), instance.members()
    listed = set(members.value.get(workspace.id, ()))
    by_name = sorted(users.value, key=lambda user: user.username.casefold())
    who = Openers(
        members=[user for user in by_name if user.id in listed],
        implicit=[user for user in by_name if user.role in IMPLICIT_ROLES],
    )
    return instance.Reading(who, min(users.as_of, members.as_of), users.problem or members.problem)
