"""What somebody finds who has just joined: their workspaces, a question to begin with, and the way into AnythingLLM."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, Workspace, WorkspaceDocument
from dashboard.audit.services import recording
from dashboard.invites import services
from dashboard.invites.models import Joining, JoiningState, Link
from dashboard.names import told_apart
from dashboard.order import natural
from dashboard.titles import shown

BY_ROLE = ("admin", "manager")  # who may open every workspace
LONGEST_GOAL = 1000  # characters of an address within another
MOST = 12  # workspaces shown; each costs a call for its documents


@dataclass(frozen=True, slots=True)
class Room:
    """One of the operator's workspaces. `documents` is None when they could not be read; `question` is one to begin with."""

    slug: str
    name: str
    documents: int | None
    question: str


@dataclass(frozen=True, slots=True)
class Rooms:
    """`more`: how many there are besides. `missing`: names of those that an invite promised and the worker is still preparing."""

    found: list[Room]
    more: int
    missing: list[str]


def promised(link: Link) -> list[Workspace]:
    """The workspaces that the link gives, by name, as far as whoever made it may give them now. Raises ApiError."""
    given = services.gives(link, services.maker_of(link, max_age=accounts.READ_RIGHTS_EVERY))
    ids = given.workspace_ids.union(*(group.workspace_ids for group in given.groups))
    return sorted((w for w in instance.workspaces().value if w.id in ids), key=lambda w: natural(w.name))


def rooms(operator: Operator) -> instance.Reading[Rooms]:
    """The workspaces that the operator's account opens. Raises ApiError."""
    users, workspaces = instance.users(), instance.workspaces()
    by_role = any(user.id == operator.anythingllm_user_id and user.role in BY_ROLE for user in users.value)
    members = instance.members()
    own = [w for w in workspaces.value if by_role or operator.anythingllm_user_id in members.value.get(w.id, ())]
    own.sort(key=lambda workspace: natural(workspace.name))
    waited_for = Joining.objects.filter(user_id=operator.anythingllm_user_id, state=JoiningState.ACCOUNT)
    there = {workspace.id for workspace in own}
    missing = {w.id: w for joining in waited_for.select_related("link") for w in promised(joining.link)}
    names = dict(told_apart({**missing, **{w.id: w for w in own}}.values()))
    return instance.Reading(
        Rooms(
            [
                _room(workspace, names[workspace.id], documents)
                for workspace, documents in zip(own[:MOST], instance.line().each(_documents, own[:MOST]), strict=True)
            ],
            max(len(own) - MOST, 0),
            [names[workspace_id] for workspace_id in missing if workspace_id not in there],
        ),
        min(workspaces.as_of, members.as_of),
        workspaces.problem or members.problem,
    )


def _documents(workspace: Workspace) -> tuple[WorkspaceDocument, ...] | None:
    with suppress(ApiError):
        return instance.connect().workspaces.get_documents(workspace.slug)
    return None


def _room(workspace: Workspace, name: str, documents: tuple[WorkspaceDocument, ...] | None) -> Room:
    question = _("What can you help me with?")
    if documents:
        question = _("What are the most important points of “%(title)s”?") % {"title": shown(documents[0].title)}
    return Room(workspace.slug, name, None if documents is None else len(documents), question)


def way_in(*, actor: Operator, slug: str = "", thread: str = "") -> str:
    """An address that opens AnythingLLM as the operator's own account, once and within minutes, without a password: keep it nowhere.

    Raises Declined when the account may not be used, and ApiError.
    """
    target = ("user", actor.anythingllm_user_id or "", actor.username)
    with recording(actor, "anythingllm.opened", target=target):
        account = accounts.own_account(actor)
        path = instance.connect().users.login_token(account.id).path
    goal = quote(instance.public_path(slug, thread), safe="")
    # No page has so long an address, and browsers would not follow it.
    return f"{settings.ANYTHINGLLM_PUBLIC_URL}{path}&redirectTo={goal if len(goal) <= LONGEST_GOAL else '%2F'}"
