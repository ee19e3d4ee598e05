"""Asking a workspace in one's own name. The instance checks none of an asker's rights on these routes, so all of them are checked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.accounts.services import own_account
from dashboard.anythingllm import ChatAnswer, User, Workspace
from dashboard.anythingllm.rules import has_endless_word
from dashboard.errors import Declined

BY_ROLE = ("admin", "manager")  # who may ask every workspace
DAY = timedelta(hours=24)
PAGES = 25  # of the log of all chats, 20 each, read to count one person's: the instance has no shorter way
THINKING = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """`sources`: titles of the documents it rests on. `thread`: the slug under which the conversation goes on."""

    text: str
    sources: tuple[str, ...]
    thread: str


def first_question(*, actor: Operator, slug: str, text: str) -> Answer:
    """Asks, in a thread of the operator's own account, and waits for the whole answer: minutes, with a slow model.

    Raises Declined when the operator may not ask that now, and ApiError.
    """
    if has_endless_word(text):
        raise Declined(_("The question holds a word so long that it would freeze AnythingLLM. Put spaces into it."))
    if text.lstrip().lower().startswith("@agent"):
        # Whatever the mode, it would run as an agent, whose answer the instance keeps without its asker.
        raise Declined(_("Agents are asked in AnythingLLM itself."))
    account = own_account(actor)
    workspace = _workspace(account, slug)
    _within_limit(account)
    name = _("First question")
    threads = instance.connect().workspace_thread
    thread = next((t.slug for t in workspace.threads if t.user_id == account.id and t.name == name), None)
    if thread is None:
        thread = threads.create_thread(slug, name, user_id=account.id).slug
        instance.forget("workspaces")
    return _told(threads.send_message(slug, thread, text, mode="chat", user_id=account.id), thread)


def _workspace(account: User, slug: str) -> Workspace:
    workspaces = instance.connect().workspaces.list()
    workspace = next((workspace for workspace in workspaces if workspace.slug == slug), None)
    if workspace is not None and account.role not in BY_ROLE:
        members = instance.connect().memberships.read(workspace.id)
        if all(member.user_id != account.id for member in members):
            workspace = None
    if workspace is None:
        raise Declined(_("This workspace is not open to you."))
    return workspace


def _within_limit(account: User) -> None:
    """Counts as the instance itself does for its own pages: the chats of the last 24 hours, wherever they were."""
    if account.daily_message_limit is None or account.role == "admin":
        return
    since = max(timezone.now() - DAY, account.created_at)
    asked = 0
    for page in range(PAGES):
        log = instance.connect().admin.chat_log(page)
        recent = [chat for chat in log.records if chat.created_at >= since]
        asked += sum(chat.user_id == account.id for chat in recent)
        if asked >= account.daily_message_limit:
            raise Declined(
                _("You have asked all the questions of a day, which are %(n)d. Ask again later.")
                % {"n": account.daily_message_limit}
            )
        if len(recent) < len(log.records) or not log.has_more:
            return
    raise Declined(_("So much is asked here that your questions cannot be counted. Ask in AnythingLLM itself."))


def _told(answer: ChatAnswer, thread: str) -> Answer:
    titles = [source.get("title") for source in answer.sources]
    return Answer(
        THINKING.sub("", answer.text).strip(), tuple(dict.fromkeys(t for t in titles if isinstance(t, str))), thread
    )
