"""Who is a member of a workspace, changed in the one safe way.

The instance has two writers. manage-users (by slug) drops unknown ids but cannot empty a workspace; update-users (by
id) can, but deletes everybody first, and one unknown id then leaves the workspace EMPTY with success:true. There is no
removal of one. So: ids are checked against users just read, and what is read back is compared. Two writers still
overwrite each other: the caller holds a lock per workspace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .errors import ApiError, MembershipMismatch, NotAnythingLLM, NotFound, ServerError, Unconfirmed
from .http import HttpClient
from .types import Member, each
from .users import UsersModule
from .workspaces import WorkspacesModule


@dataclass(frozen=True, slots=True)
class Roster:
    """Users and workspaces just read. May be shared by the changes of one bulk job, to save reading them for each."""

    user_ids: frozenset[int]
    slugs: Mapping[int, str]


class MembershipsModule:
    def __init__(self, http: HttpClient, users: UsersModule, workspaces: WorkspacesModule) -> None:
        self._http = http
        self._users = users
        self._workspaces = workspaces

    def roster(self) -> Roster:
        users = self._users.list()
        if not users:
            raise ServerError(200, "The instance lists no users; its database may be busy.")
        return Roster(
            frozenset(user.id for user in users),
            {workspace.id: workspace.slug for workspace in self._workspaces.list()},
        )

    def read(self, workspace_id: int) -> list[Member]:
        """Each member once, whatever duplicates the instance holds. An unknown workspace has none, as has a busy
        database."""
        members = self._http.call(
            "GET",
            "/v1/admin/workspaces/{workspaceId}/users",
            each(Member.from_json, "users"),
            names={"workspaceId": int(workspace_id)},
        )
        return list({member.user_id: member for member in members}.values())

    def add(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> list[Member]:
        """Returns the members observed afterwards. NotFound, before anything is sent, when a user or the workspace is
        gone."""
        roster = roster or self.roster()
        unknown = set(user_ids) - roster.user_ids
        if unknown:
            raise NotFound(200, f"The instance does not list these users: {sorted(unknown)}.")
        before = self.read(workspace_id)
        present = _ids(before)
        if present.issuperset(user_ids):
            return before
        wanted = frozenset(user_ids) - present
        observed = self._write(roster, workspace_id, adds=wanted, target=present | wanted)
        return _compared(observed, missing=wanted - _ids(observed), unexpected=frozenset())

    def remove(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> list[Member]:
        """Returns the members observed afterwards. Who is no member is nothing to do."""
        roster = roster or self.roster()
        # No members at all may mean "database busy": then nothing would be removed, and all would seem well.
        before = self.read(workspace_id) or self.read(workspace_id)
        present = _ids(before)
        if present.isdisjoint(user_ids):
            return before
        return self._set(roster, workspace_id, present - set(user_ids))

    def replace(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> list[Member]:
        """Exactly these users, save those the instance no longer lists. Returns the members observed afterwards."""
        roster = roster or self.roster()
        target = roster.user_ids & frozenset(user_ids)
        before = self.read(workspace_id)
        return before if _ids(before) == target else self._set(roster, workspace_id, target)

    def _set(self, roster: Roster, workspace_id: int, target: frozenset[int]) -> list[Member]:
        observed = self._write(roster, workspace_id, adds=None, target=target & roster.user_ids)
        ids = _ids(observed)
        return _compared(observed, missing=target - ids, unexpected=ids - target)

    def _write(
        self, roster: Roster, workspace_id: int, *, adds: frozenset[int] | None, target: frozenset[int]
    ) -> list[Member]:
        """Adds `adds`, or (None) makes `target` the members; returns those observed afterwards."""
        slug = roster.slugs.get(workspace_id)
        if slug is None:
            raise NotFound(200, "The instance does not list this workspace.")
        if target:
            try:
                self._http.call(
                    "POST",
                    "/v1/admin/workspaces/{workspaceSlug}/manage-users",
                    lambda data: None,
                    names={"workspaceSlug": slug},
                    json={"userIds": sorted(target if adds is None else adds), "reset": adds is None},
                )
                return self._read_back(workspace_id)
            except NotAnythingLLM:
                pass  # No such route before v1.4.
        self._http.call(
            "POST",
            "/v1/admin/workspaces/{workspaceId}/update-users",
            lambda data: None,
            names={"workspaceId": workspace_id},
            json={"userIds": sorted(target & roster.user_ids)},
        )
        return self._read_back(workspace_id)

    def _read_back(self, workspace_id: int) -> list[Member]:
        try:
            return self.read(workspace_id)
        except ApiError as problem:
            raise Unconfirmed("The members were changed, but could not be read back.") from problem


def _ids(members: Collection[Member]) -> frozenset[int]:
    return frozenset(member.user_id for member in members)


def _compared(observed: list[Member], *, missing: frozenset[int], unexpected: frozenset[int]) -> list[Member]:
    if missing or unexpected:
        raise MembershipMismatch(observed, missing=missing, unexpected=unexpected)
    return observed
