"""Conversations: threads of the operator's own account, or sessions of an operator who has none. Nobody else's are ever found here, not
even by admins.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.anythingllm import ApiError, ChatMessage, Refused, User
from dashboard.anythingllm.rules import supports
from dashboard.audit.services import recording
from dashboard.chat.models import LocalThread, Turn
from dashboard.chat.rights import Asker, may_open
from dashboard.chat.turns import forget
from dashboard.chatlog import services as chatlog

NAME_LENGTH = 60  # characters of the first question
SESSION_MOST = 100  # questions of a session that are shown


@dataclass(frozen=True, slots=True)
class Thread:
    """`slug` is what its address and the instance call it."""

    slug: str
    name: str


class NoThread(Exception):
    """There is none of that name which is the asker's."""


def mine(asker: Asker) -> list[Thread]:
    """The asker's own, the newest first, as read together with the asker's rights."""
    if asker.account is None:
        own = LocalThread.objects.filter(operator=asker.operator, workspace_id=asker.workspace.id)
        return [Thread(thread.session_id, thread.name) for thread in own]
    owned = [
        thread
        for thread in asker.workspace.threads
        # Another program may give a conversation a name that no address of ours can hold.
        if thread.user_id == asker.account.id and instance.ADDRESSED.fullmatch(thread.slug)
    ]
    return [Thread(thread.slug, thread.name or _("Conversation")) for thread in reversed(owned)]


def find(asker: Asker, slug: str) -> Thread:
    """Raises NoThread."""
    thread = next((thread for thread in mine(asker) if thread.slug == slug), None)
    if thread is None:
        raise NoThread
    return thread


def begin(asker: Asker, question: str, key: uuid.UUID) -> Thread:
    """A new one, named after its first question. With the same `key` it is the same one."""
    name = " ".join(question.split())
    name = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
    if asker.account is None:
        made, _created = LocalThread.objects.get_or_create(
            session_id=f"foyer-{asker.operator.pk}-{key}",
            defaults={"operator": asker.operator, "workspace_id": asker.workspace.id, "name": name},
        )
        return Thread(made.session_id, made.name)
    return start(asker, asker.account, name, slug=str(key))


def start(asker: Asker, account: User, name: str, slug: str | None = None) -> Thread:
    """A thread of the asker's account. A slug that the account has already is not made again."""
    workspace = asker.workspace
    threads = instance.connect().workspace_thread

    def make() -> Thread | None:
        try:
            made = threads.create_thread(workspace.slug, name, user_id=account.id, slug=slug)
        except Refused:
            if there() is None:
                raise
            return None
        if made.user_id != account.id:
            # An instance that cannot read how it is set up takes itself for one with a single user, and makes it nobody's.
            with suppress(ApiError):
                threads.delete_thread(workspace.slug, made.slug)
            return None
        return Thread(made.slug, made.name)

    def there() -> Thread | None:
        return next((thread for thread in mine(may_open(asker.operator, workspace.slug)) if thread.slug == slug), None)

    try:
        return instance.settled(make, there)
    finally:
        instance.forget("workspaces")


def rename(*, asker: Asker, thread: Thread, name: str) -> None:
    if asker.account is None:
        LocalThread.objects.filter(session_id=thread.slug).update(name=name)
        return
    slug = asker.workspace.slug

    def renamed() -> Thread | None:
        now = next((some for some in mine(may_open(asker.operator, slug)) if some.slug == thread.slug), None)
        return now if now and now.name == name else None

    def write() -> None:
        instance.connect().workspace_thread.update_thread(slug, thread.slug, name)

    try:
        instance.settled(write, renamed)
    finally:
        instance.forget("workspaces")


def delete(*, asker: Asker, thread: Thread) -> None:
    """With its questions and answers; a session's stay in the instance's log. The ledger does not get its name, which is a question."""
    target = ("workspace", asker.workspace.id, asker.workspace.name)
    with recording(asker.operator, "chat.thread_deleted", target=target):
        if asker.account is None:
            LocalThread.objects.filter(session_id=thread.slug).delete()
        else:
            chats = {message.chat_id for message in messages(asker, thread) if message.chat_id}
            asked = set(_turns(asker, thread).values_list("text", flat=True))
            _delete(asker, thread)
            if takes_its_chats():
                here = {"workspace_id": asker.workspace.id, "user_id": asker.account.id}
                chatlog.forget_thread(**here, chat_ids=chats, asked=asked)
        forget(_turns(asker, thread))


def takes_its_chats() -> bool:
    """Whether the instance deletes the chats of a thread with it, so that they are deleted from the log of chats, too."""
    return supports(instance.version(), "threads_take_their_chats")


def _delete(asker: Asker, thread: Thread) -> None:
    slug = asker.workspace.slug

    def gone() -> bool | None:
        return all(some.slug != thread.slug for some in mine(may_open(asker.operator, slug))) or None

    def write() -> None:
        instance.connect().workspace_thread.delete_thread(slug, thread.slug)

    try:
        instance.settled(write, gone)
    finally:
        instance.forget("workspaces")


def place(asker: Asker, thread: Thread) -> dict[str, str]:
    """Where a turn is asked."""
    return {"session_id" if asker.account is None else "thread_slug": thread.slug}


def turns(asker: Asker, thread: Thread) -> list[Turn]:
    """What was asked here by way of Foyer lately, the oldest first."""
    return list(_turns(asker, thread).order_by("pk"))


def _turns(asker: Asker, thread: Thread) -> QuerySet[Turn]:
    return Turn.objects.filter(operator=asker.operator, workspace_id=asker.workspace.id, **place(asker, thread))


def messages(asker: Asker, thread: Thread) -> list[ChatMessage]:
    """What the instance has kept, the oldest first."""
    chat, slug = instance.connect().chat, asker.workspace.slug
    if asker.account is not None:
        return chat.get_history(slug, thread.slug)
    newest = chat.get_history(slug, session_id=thread.slug, limit=SESSION_MOST, newest_first=True)
    pairs = [newest[at : at + 2] for at in range(0, len(newest), 2)]
    return [message for pair in reversed(pairs) for message in pair]
