"""Asking without a stream to the browser: for pages without a script."""

from __future__ import annotations

from typing import Literal, cast

from django.utils import translation

from dashboard import errors, instance
from dashboard.anythingllm import ApiError
from dashboard.anythingllm.sse import Done, Failed
from dashboard.chat import rights, turns
from dashboard.chat.models import Turn, TurnState
from dashboard.errors import Declined


def answer(turn_id: int) -> Done | Failed | None:
    """Asks a turn's question and reads its answer to the end: minutes, with a slow model. None when somebody else has taken it.

    The rights of who asked are read again, because they may have been lost since. Raises ApiError for what goes wrong before the answer
    begins, and Declined when it may not be asked any more.
    """
    turn = turns.take(turn_id)
    if turn is None:
        return None
    with translation.override(turn.language):  # what is kept of how it ended is read by who asked
        return _ask(turn)


def _ask(turn: Turn) -> Done | Failed:
    last: object = None
    try:
        mode = rights.mode_for(rights.may_still_ask(turn).workspace, turn.mode)
        with instance.connect().chat.stream_message(
            turn.workspace_slug,
            turn.text,
            turn.thread_slug or None,
            mode=cast("Literal['chat', 'query']", mode),
            user_id=turn.user_id,
            session_id=turn.session_id or None,
            attachments=turn.attachments,
        ) as stream:
            for event in stream:
                last = event
            words = stream.text
    except (ApiError, Declined) as error:
        turns.end(turn.pk, TurnState.FAILED, problem=str(errors.describe(error).sentence))
        raise
    if isinstance(last, Done):
        # A refusal is kept by nobody else.
        turns.end(turn.pk, TurnState.DONE, chat_id=last.chat_id, words="" if last.chat_id else words)
        return last
    failed = last if isinstance(last, Failed) else Failed("broken")
    state = TurnState.FAILED if failed.reason == "aborted" else TurnState.INTERRUPTED
    turns.end(turn.pk, state, problem=str(errors.describe_ending(failed)), words=words)
    return failed
