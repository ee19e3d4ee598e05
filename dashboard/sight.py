"""What of the instance an operator may see: all of it, or the workspaces they look after and the people in these.

Pages, tables, exports and the jump box read through here. What does not come from here does not exist for the operator.
"""

from __future__ import annotations

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.anythingllm import User, Workspace
from dashboard.permissions import scope


def workspaces(operator: Operator, max_age: float = instance.FRESH_FOR) -> instance.Reading[list[Workspace]]:
    reading, mine = instance.workspaces(max_age), scope(operator)
    if mine is None:
        return reading
    found = [workspace for workspace in reading.value if workspace.id in mine]
    return instance.Reading(found, reading.as_of, reading.problem)


def members(
    operator: Operator, max_age: float = instance.MEMBERS_FRESH_FOR
) -> instance.Reading[dict[int, tuple[int, ...]]]:
    """The user ids listed as members, by workspace id."""
    reading, mine = instance.members(max_age), scope(operator)
    if mine is None:
        return reading
    found = {workspace_id: ids for workspace_id, ids in reading.value.items() if workspace_id in mine}
    return instance.Reading(found, reading.as_of, reading.problem)


def users(operator: Operator, max_age: float = instance.FRESH_FOR) -> instance.Reading[list[User]]:
    """Of a limited manager, the people listed in their workspaces; whoever opens these by role only is not among them."""
    reading = instance.users(max_age)
    if scope(operator) is None:
        return reading
    listed = members(operator, max(max_age, instance.MEMBERS_FRESH_FOR))
    ids = {user_id for some in listed.value.values() for user_id in some}
    found = [user for user in reading.value if user.id in ids]
    return instance.Reading(found, min(reading.as_of, listed.as_of), reading.problem or listed.problem)
