"""Who may ask which workspace. The instance checks none of an asker's rights on these routes, so all of them are checked here, on what
was read just now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.accounts.services import own_account
from dashboard.anythingllm import User, Workspace
from dashboard.anythingllm.rules import has_endless_word
from dashboard.chat import turns
from dashboard.chat.models import Mode, Turn
from dashboard.chatlog import services as chatlog
from dashboard.errors import Declined
from dashboard.permissions import Action, allows, scope
from dashboard.said import gettext as _

BY_ROLE = ("admin", "manager")  # who may ask every workspace
DAY = timedelta(hours=24)
PAGES = 25  # of the instance's log of all chats, 20 each, that are read at most to count one person's
LONGEST = 20_000  # characters


class NotOpen(Declined):
    """There is no such workspace, or not for this asker."""


@dataclass(frozen=True, slots=True)
class Asker:
    """An operator in a workspace that is open to them. Without an account they ask in sessions that no account sees."""

    operator: Operator
    account: User | None
    workspace: Workspace


def may_open(operator: Operator, slug: str) -> Asker:
    """Raises NotOpen, Declined when the operator's account is suspended or gone, and ApiError."""
    account = None if operator.is_local else own_account(operator)
    workspaces = instance.connect().workspaces.list()
    workspace = next((workspace for workspace in workspaces if workspace.slug == slug), None)
    if workspace is None or not _is_open(operator, account, workspace):
        raise NotOpen(_("This workspace is not open to you."))
    return Asker(operator, account, workspace)


def _is_open(operator: Operator, account: User | None, workspace: Workspace) -> bool:
    if account is None:
        return local_may_open(operator, workspace.id)
    if account.role in BY_ROLE:
        return True
    return account.id in instance.members_of(workspace.id)


def local_may_open(operator: Operator, workspace_id: int) -> bool:
    mine = scope(operator)
    return allows(operator, Action.VIEW_WORKSPACES) and (mine is None or workspace_id in mine)


def may_still_ask(turn: Turn) -> Asker:
    """For a question that has waited: whether its workspace is still the one it was asked of, and open to who asked. Raises like `may_open`."""
    if turn.operator.is_active:
        asker = may_open(turn.operator, turn.workspace_slug)
        if asker.workspace.id == turn.workspace_id:
            return asker
    raise NotOpen(_("This workspace is not open to you any more, so nothing was asked."))


def modes(workspace: Workspace) -> list[Mode]:
    """How it may be asked, the usual one first: as it is set up. Where that is documents only, there is no other way.

    Automatic is asked as chat: it would run an agent, whose answer the instance keeps without its asker and without sources.
    """
    return [Mode.QUERY] if workspace.chat_mode == Mode.QUERY else [Mode.CHAT, Mode.QUERY]


def mode_for(workspace: Workspace, wished: str) -> Mode:
    """The one that was wished for, where that may be: a page may be older than the workspace's settings."""
    allowed = modes(workspace)
    return next((mode for mode in allowed if mode == wished), allowed[0])


def may_ask(asker: Asker, text: str) -> None:
    """Raises Declined when this question may not be asked now, and ApiError."""
    if not text.strip():
        raise Declined(_("Type a question."))
    if len(text) > LONGEST:
        raise Declined(_("The question is longer than %(n)d characters. Attach long texts as files.") % {"n": LONGEST})
    if has_endless_word(text):
        raise Declined(_("The question holds a word so long that it would freeze AnythingLLM. Put spaces into it."))
    if text.lstrip().lower().startswith("@agent"):
        # Whatever the mode, it would run as an agent, whose answer the instance keeps without its asker.
        raise Declined(_("Agents are asked in AnythingLLM itself."))
    if asker.account is not None:
        _within_limit(asker.account)


def _within_limit(account: User) -> None:
    """Counts as the instance itself does for its own pages: the chats of the last 24 hours, wherever they were. What the log here does not
    hold yet is read from the instance's.
    """
    limit = account.daily_message_limit
    if limit is None or account.role == "admin":
        return
    since = max(timezone.now() - DAY, account.created_at)
    known, here = chatlog.progress(), chatlog.asked_since(account.id, since)
    covered = known.covered if known and here is not None else 0
    asked, on_their_way = set(here or ()), turns.open_of(account.id)
    for page in range(PAGES):
        log = instance.connect().admin.chat_log(page)
        newer = [chat for chat in log.records if chat.created_at >= since and chat.id > covered]
        asked |= {chat.id for chat in newer if chat.user_id == account.id}
        if len(asked) + on_their_way >= limit:
            raise Declined(
                _("You have asked all the questions of a day, which are %(n)d. Ask again later.") % {"n": limit}
            )
        if len(newer) < len(log.records) or not log.has_more:
            return
    raise Declined(_("So much is asked here that your questions cannot be counted. Ask in AnythingLLM itself."))
