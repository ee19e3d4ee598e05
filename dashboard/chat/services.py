"""Asking a workspace in one's own name, or, without an account, in a session of one's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from django.conf import settings

from dashboard import instance, locks, sight
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Workspace
from dashboard.chat import files, tasks, threads, turns
from dashboard.chat.attachments import Attached
from dashboard.chat.models import LocalThread, Mode, Turn
from dashboard.chat.rights import BY_ROLE, Asker, may_ask, may_open, mode_for, modes
from dashboard.chat.threads import Thread
from dashboard.errors import Declined
from dashboard.order import natural
from dashboard.permissions import Action, allows
from dashboard.said import gettext as _

MOST_OPEN = 4  # questions of one person under way, in all windows
THINKING = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


def rooms(operator: Operator) -> instance.Reading[list[Workspace]]:
    """The workspaces that are open to the operator, by name, as far as is known without asking again. Raises ApiError."""
    if operator.is_local:
        reading = sight.workspaces(operator)
        own = reading.value if allows(operator, Action.VIEW_WORKSPACES) else []
    else:
        reading, users = instance.workspaces(), instance.users()
        own = reading.value
        if not any(user.id == operator.anythingllm_user_id and user.role in BY_ROLE for user in users.value):
            members = instance.members()
            own = [some for some in own if operator.anythingllm_user_id in members.value.get(some.id, ())]
            reading = instance.Reading(own, min(reading.as_of, members.as_of), reading.problem or members.problem)
    own = sorted(own, key=lambda workspace: natural(workspace.name))
    return instance.Reading(own, reading.as_of, reading.problem)


def ask(
    *,
    asker: Asker,
    thread: Thread | None,
    text: str,
    mode: Mode,
    attachments: Sequence[Attached] = (),
    key: uuid.UUID,
) -> Turn:
    """The turn that is to be answered; without a thread, in a new one. The same `key` again: the turn that it made the first time.

    Raises Declined, Busy and ApiError.
    """
    # One at a time, so that two questions sent at once do not both find the last of a day's free, and a form sent twice asks once.
    with locks.held(f"asks:{asker.operator.pk}"):
        made = Turn.objects.filter(key=key, operator=asker.operator).first()
        if made is not None:
            return made
        may_ask(asker, text)
        _within_bounds(asker.operator, attachments)
        thread = thread or threads.begin(asker, text, key)
        kept = files.keep(attachments)
        return turns.open_turn(
            actor=asker.operator,
            workspace_id=asker.workspace.id,
            workspace_slug=asker.workspace.slug,
            text=text,
            mode=mode_for(asker.workspace, mode),
            user_id=asker.account.id if asker.account else None,
            attachments=kept,
            key=key,
            **threads.place(asker, thread),
        )


def _within_bounds(operator: Operator, attachments: Sequence[Attached]) -> None:
    """What one person may have under way. Raises Declined."""
    if turns.open_by(operator) >= MOST_OPEN:
        sentence = _(
            "%(n)d of your questions are still being answered. Wait for one of them, or stop it, then ask again."
        )
        raise Declined(sentence % {"n": MOST_OPEN})
    most, size = settings.CHAT_FILES_WAITING_MB, sum(file.size or 0 for file, *_types in attachments)
    if size and turns.bytes_waiting(operator) + size > most * 1024 * 1024:
        sentence = _(
            "The files of your questions that wait for their answer may have %(n)d MB together. Wait for one of them, then ask again."
        )
        raise Declined(sentence % {"n": most})


def first_question(*, actor: Operator, slug: str, text: str, key: uuid.UUID) -> Turn:
    """As `ask`, in a new conversation and as the workspace is set up. Raises NotOpen as well."""
    asker = may_open(actor, slug)
    return ask(asker=asker, thread=None, text=text, mode=modes(asker.workspace)[0], key=key)


def answer_in_background(turn: Turn) -> None:
    """The worker asks it, for a page without a script, which can open no stream. It is asked once, whoever comes first."""
    tasks.answer(turn.pk)


# --- What was deleted -------------------------------------------------------------------------------------------------
def forget_workspace(workspace_id: int) -> None:
    """After its deletion on the instance, which took its chats along."""
    turns.forget(Turn.objects.filter(workspace_id=workspace_id))
    LocalThread.objects.filter(workspace_id=workspace_id).delete()


def forget_person(user_id: int) -> None:
    """After the deletion of an account, which took its chats along."""
    turns.forget(Turn.objects.filter(user_id=user_id))
