"""Who is a member of a workspace, changed in the one safe way.

The instance has two writers. manage-users (by slug) drops unknown ids but cannot empty a workspace; update-users (by
id) can, but deletes everybody first, and one unknown id then leaves the workspace EMPTY with success:true. There is no
removal of one: of all calls of v1.16, only deleting the account, deleting the workspace, and these two take a member
out, and both delete the whole list before they insert those who stay, with no transaction around the two and no word
when the second fails. Only adding without `reset` deletes nothing. So: ids are checked against users just read, the
whole of what is read back is compared, and `before_write` lets the caller keep the list before it is deleted. Two
writers still overwrite each other: the caller holds a lock per workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from .errors import ApiError, MembershipMismatch, NotAnythingLLM, NotFound, ServerError, Unconfirmed
from .http import HttpClient
from .types import Member, done, each
from .users import UsersModule
from .workspaces import WorkspacesModule


@dataclass(frozen=True, slots=True)
class Roster:
    """Users and workspaces just read. May be shared by the changes of one bulk job, to save reading them for each."""

    user_ids: frozenset[int]
    slugs: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Change:
    """The ids of a workspace's members as read before and after."""

    before: frozenset[int]
    after: frozenset[int]


@dataclass(frozen=True, slots=True)
class Writing:
    """What is about to be asked of the instance: whether it will delete all members of the workspace before it inserts
    `target`, and who they were just now."""

    deletes: bool
    before: frozenset[Member]
    target: frozenset[int]


BeforeWrite = Callable[[Writing], None]


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

    def change(
        self,
        workspace_id: int,
        *,
        add: Collection[int] = (),
        remove: Collection[int] = (),
        roster: Roster | None = None,
        before_write: BeforeWrite | None = None,
    ) -> Change:
        """Applies a difference in at most three calls besides the roster, and returns the members read before and after.
        When there seem to be no members to be removed, two calls more make sure.

        NotFound, before anything is sent, when a user to be added or the workspace is gone. MembershipMismatch when what is
        read back lacks an added one or still has a removed one, or, after a removal, lacks anybody who was to stay; whom
        others added meanwhile is no mismatch. What `before_write` raises keeps the write from being sent.
        """
        roster = roster or self.roster()
        unknown = set(add) - roster.user_ids
        if unknown:
            raise NotFound(200, f"The instance does not list these users: {sorted(unknown)}.")
        members = self.read(workspace_id)
        if remove and not members:
            # No members may mean "database busy", as an empty list of users does, or that somebody's reset is half done.
            if not self._users.list():
                raise ServerError(200, "The instance lists no users; its database may be busy.")
            members = self.read(workspace_id)
        before = _ids(members)
        adds, removes = frozenset(add) - before, (frozenset(remove) & before) - frozenset(add)
        if not adds and not removes:
            return Change(before, before)
        target = (before | adds) - removes
        observed = self._write(
            roster, workspace_id, members, adds=None if removes else adds, target=target, before_write=before_write
        )
        after = _ids(observed)
        missing, unexpected = (target if removes else adds) - after, removes & after
        if missing or unexpected:
            raise MembershipMismatch(observed, before=before, missing=missing, unexpected=unexpected)
        return Change(before, after)

    def add(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> frozenset[int]:
        """Returns the ids of the members afterwards; see change()."""
        return self.change(workspace_id, add=user_ids, roster=roster).after

    def remove(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> frozenset[int]:
        """Returns the ids of the members afterwards. Who is no member is nothing to do; see change()."""
        return self.change(workspace_id, remove=user_ids, roster=roster).after

    def replace(self, workspace_id: int, user_ids: Collection[int], *, roster: Roster | None = None) -> frozenset[int]:
        """Exactly these users, save those the instance no longer lists. Returns the ids of the members afterwards."""
        roster = roster or self.roster()
        target = roster.user_ids & frozenset(user_ids)
        members = self.read(workspace_id)
        before = _ids(members)
        if before == target:
            return before
        observed = self._write(roster, workspace_id, members, adds=None, target=target)
        after = _ids(observed)
        if after != target:
            raise MembershipMismatch(observed, before=before, missing=target - after, unexpected=after - target)
        return after

    def _write(
        self,
        roster: Roster,
        workspace_id: int,
        members: list[Member],
        *,
        adds: frozenset[int] | None,
        target: frozenset[int],
        before_write: BeforeWrite | None = None,
    ) -> list[Member]:
        """Adds `adds`, or (None) makes `target` the members; returns those observed afterwards."""
        slug = roster.slugs.get(workspace_id)
        if slug is None:
            raise NotFound(200, "The instance does not list this workspace.")
        tell = before_write or (lambda _writing: None)
        before = frozenset(members)
        if target:
            tell(Writing(adds is None, before, target))
            try:
                self._http.call(
                    "POST",
                    "/v1/admin/workspaces/{workspaceSlug}/manage-users",
                    done,
                    names={"workspaceSlug": slug},
                    # Ids of users who are gone are dropped; those who came after the roster was read are kept.
                    json={"userIds": sorted(target if adds is None else adds), "reset": adds is None},
                )
                return self._read_back(workspace_id)
            except NotAnythingLLM:
                pass  # No such route before v1.4.
        tell(Writing(True, before, target))
        self._http.call(
            "POST",
            "/v1/admin/workspaces/{workspaceId}/update-users",
            done,
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
