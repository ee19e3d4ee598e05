"""Asking without a stream to the browser: for pages without a script, and where an answer is waited for."""

from __future__ import annotations

from typing import Literal, cast

from dashboard import errors, instance
from dashboard.anythingllm import ApiError
from dashboard.anythingllm.sse import Done, Failed
from dashboard.chat import turns
from dashboard.chat.models import TurnState


def answer(turn_id: int) -> Done | Failed | None:
    """Asks a turn's question and reads its answer to the end: minutes, with a slow model. None when somebody else has taken it.

    Raises ApiError for what goes wrong before the answer begins.
    """
    turn = turns.take(turn_id)
    if turn is None:
        return None
    last: object = None
    try:
        with instance.connect().chat.stream_message(
            turn.workspace_slug,
            turn.text,
            turn.thread_slug or None,
            mode=cast("Literal['chat', 'query']", turn.mode),
            user_id=turn.user_id,
            session_id=turn.session_id or None,
            attachments=turn.attachments,
        ) as stream:
            for event in stream:
                last = event
    except ApiError as error:
        turns.end(turn_id, TurnState.FAILED, problem=str(errors.describe(error).sentence))
        raise
    if isinstance(last, Done):
        turns.end(turn_id, TurnState.DONE, chat_id=last.chat_id)
        return last
    failed = last if isinstance(last, Failed) else Failed("broken")
    state = TurnState.FAILED if failed.reason == "aborted" else TurnState.INTERRUPTED
    turns.end(turn_id, state, problem=str(errors.describe_ending(failed)))
    return failed
