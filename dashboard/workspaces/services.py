"""Workspaces of the instance: finding them, making, changing and deleting them.

A workspace is addressed by its slug, but known by its id: a new one may get the slug of one that was deleted. Changes are keyword-only,
`actor` first, read back, and stand in the ledger before the instance is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, Unpack, cast

from django.utils.text import Truncator
from rapidfuzz import fuzz, process

from dashboard import instance, locks, sight
from dashboard.access import services as access
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, NotApplied, User, Workspace, WorkspaceFields
from dashboard.audit.services import recording
from dashboard.chat import services as chat
from dashboard.chatlog import services as chatlog
from dashboard.errors import Declined
from dashboard.folding import folded
from dashboard.names import as_read
from dashboard.order import natural
from dashboard.said import gettext_lazy as _

UNKNOWN_SHOWN = 50  # names
NEAR = 60  # of 100, for names that are the same

T = TypeVar("T")


# --- Finding ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace as the table shows it. `members` counts those listed; None is what is not read, or cannot be."""

    workspace: Workspace
    members: int | None
    documents: int | None


def search(
    operator: Operator,
    members: Mapping[int, tuple[int, ...]] | None,
    documents: Mapping[int, int] | None,
    *,
    q: str = "",
    mode: str = "",
    sort: str = "",
) -> instance.Reading[list[WorkspaceRow]]:
    """The workspaces whose name or slug has every word of `q`, in the order of a column. Raises ApiError."""
    reading = sight.workspaces(operator)
    words = folded(q).split()
    rows = [
        WorkspaceRow(
            workspace,
            len(set(members.get(workspace.id, ()))) if members is not None else None,
            documents.get(workspace.id, 0) if documents is not None else None,
        )
        for workspace in reading.value
        if (not mode or workspace.chat_mode == mode)
        and all(word in folded(workspace.name) or word in workspace.slug for word in words)
    ]
    keys: dict[str, Callable[[WorkspaceRow], Any]] = {
        "name": lambda row: natural(row.workspace.name),
        "members": lambda row: row.members or 0,
        "documents": lambda row: row.documents or 0,
        "threads": lambda row: len(row.workspace.threads),
        "mode": lambda row: row.workspace.chat_mode or "",
        "model": lambda row: natural(row.workspace.chat_model or ""),
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


def by_role() -> list[User]:
    """Who opens every workspace by their role, by name. Raises ApiError."""
    users = [user for user in instance.users().value if user.role in access.IMPLICIT_ROLES]
    return sorted(users, key=lambda user: natural(user.username))


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes with a workspace when it is deleted; None is what could not be read."""

    threads: int
    members: int | None
    documents: int | None
    widgets: int | None


def contents(workspace: Workspace) -> Contents:
    """Asked of the instance now; never fails."""
    client = instance.connect()
    return Contents(
        len(workspace.threads),
        _if_known(lambda: len(client.memberships.read(workspace.id))),
        _if_known(lambda: len(client.workspaces.get_documents(workspace.slug))),
        _if_known(lambda: sum(widget.workspace_id == workspace.id for widget in client.embed.widgets())),
    )


def deletion_protected() -> bool | None:
    """Whether the instance's owner has blocked the deletion of workspaces; None when it does not say."""
    return _if_known(lambda: bool(instance.overview().value.settings.values["WorkspaceDeletionProtection"]))


def _if_known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (ApiError, KeyError):
        return None


@dataclass(frozen=True, slots=True)
class Named:
    """What a list of names comes to: the users meant, and to each name that nobody has the users who may be meant."""

    users: list[User]
    unknown: list[tuple[str, list[str]]]

    @property
    def shown(self) -> list[tuple[str, list[str]]]:
        return self.unknown[:UNKNOWN_SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.unknown) - UNKNOWN_SHOWN, 0)

    @property
    def suggests(self) -> bool:
        return any(near for _name, near in self.unknown)


def named(operator: Operator, names: Iterable[str]) -> Named:
    """The users of these names, whatever their case. Raises ApiError.

    Whom the operator does not see is found by the whole name only, and not at all when they open everything by role.
    """
    seen = {user.username.casefold(): user for user in sight.users(operator).certain()}
    others = (user for user in instance.users().certain() if user.role not in access.IMPLICIT_ROLES)
    by_name = {user.username.casefold(): user for user in others} | seen
    found: list[User] = []
    unknown: list[tuple[str, list[str]]] = []
    for name in names:
        user = by_name.get(name.casefold())
        if user:
            found.append(user)
        else:
            # Each is compared with everybody's name: not worth it for those that nobody is shown.
            near = _near(name.casefold()[:100], list(seen)) if len(unknown) < UNKNOWN_SHOWN else []
            unknown.append((name, [by_name[key].username for key in near]))
    return Named(found, unknown)


def _near(name: str, names: Sequence[str]) -> list[str]:
    return [key for key, _score, _at in process.extract(name, names, scorer=fuzz.ratio, score_cutoff=NEAR, limit=3)]


# --- Changing ---------------------------------------------------------------------------------------------------------
PROMPT_IN_LEDGER = 500  # letters


NAME_TAKEN = _("There is a workspace of this name already. People could not tell the two from each other.")


def current() -> list[Workspace]:
    """All workspaces as they are now, for a decision. Raises ApiError."""
    instance.forget("workspaces")
    found = instance.workspaces(max_age=0).certain()
    if not found:
        instance.users(max_age=0).certain()  # also answered empty while the database is busy, and then this fails
    return found


def _by_id(workspace_id: int) -> Workspace:
    for workspace in current():
        if workspace.id == workspace_id:
            return workspace
    raise Declined(_("This workspace is not there any more. Load the page again."))


def _for_ledger(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Truncator(value).chars(PROMPT_IN_LEDGER) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def create(*, actor: Operator, name: str, chat_mode: str, second: bool = False) -> Workspace:
    """A new workspace, without members. The instance takes a name that another workspace has already; this does only with `second`, however
    many make it at once. Raises ApiError, Declined.
    """
    fields = {"name": name, "chat_mode": chat_mode}
    try:
        with locks.held(f"workspace-name:{as_read(name)}"[:100]):
            there = current()
            known = {workspace.id for workspace in there}  # after a lost answer it is known by being new
            if not second and as_read(name) in {as_read(workspace.name) for workspace in there}:
                raise Declined(NAME_TAKEN)
            with recording(actor, "workspace.created", target=("workspace", "", name), after=fields) as entry:
                workspace = instance.settled(
                    lambda: instance.connect().workspaces.create(name, chat_mode=chat_mode),
                    lambda: next((w for w in current() if w.id not in known and w.name == name), None),
                )
                entry.target_id = str(workspace.id)
                entry.after = {"name": workspace.name, "slug": workspace.slug, "chat_mode": workspace.chat_mode}
                return workspace
    finally:
        instance.forget("workspaces")


def update(*, actor: Operator, workspace_id: int, **changes: Unpack[WorkspaceFields]) -> Workspace:
    """Changes settings, and gives the workspace as stored. What is so already is not sent.

    Raises NotApplied with the differences when the instance stored something else.
    """
    workspace = _by_id(workspace_id)
    wanted = {name: value for name, value in changes.items() if getattr(workspace, name) != value}
    if not wanted:
        return workspace
    before = _for_ledger({name: getattr(workspace, name) for name in wanted})
    target = ("workspace", workspace.id, workspace.name)
    try:
        with recording(actor, "workspace.changed", target=target, before=before, after=_for_ledger(wanted)) as entry:
            try:
                return instance.settled(
                    lambda: instance.connect().workspaces.update(workspace.slug, **cast("WorkspaceFields", wanted)),
                    lambda: next((w for w in current() if w.id == workspace_id and _has(w, wanted)), None),
                )
            except NotApplied as error:
                entry.after |= _for_ledger({name: found for name, (_wanted, found) in error.differences.items()})
                raise
    finally:
        instance.forget("workspaces")


def _has(workspace: Workspace, fields: Mapping[str, Any]) -> bool:
    return all(getattr(workspace, name) == value for name, value in fields.items())


def delete(*, actor: Operator, workspace_id: int) -> Workspace:
    """Deletes the workspace with everything in it, for good. Gives it as it last was. Raises DeletionProtected."""
    with locks.held(f"workspace:{workspace_id}"):
        workspace = _by_id(workspace_id)
        before = {
            **{name: getattr(workspace, name) for name in ("name", "slug", "chat_mode")},
            **asdict(contents(workspace)),
        }
        target = ("workspace", workspace.id, workspace.name)
        with recording(actor, "workspace.deleted", target=target, before=before):
            deleted = instance.settled(
                lambda: instance.connect().workspaces.delete(workspace.slug, verify=False),
                lambda: workspace if all(w.id != workspace_id for w in current()) else None,
            )
    access.forget_workspace(workspace_id)
    chatlog.forget_workspace(workspace_id)
    chat.forget_workspace(workspace_id)
    instance.forget_documents(workspace_id)
    return deleted
