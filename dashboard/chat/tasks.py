from __future__ import annotations

from contextlib import suppress

from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task

from dashboard.anythingllm import ApiError
from dashboard.chat import answering
from dashboard.chat.turns import sweep
from dashboard.errors import Declined

sweep_every_hour = db_periodic_task(crontab(minute="17"), name="sweep_turns")(sweep)


@db_task(name="answer_turn")  # type: ignore[untyped-decorator]
def answer(turn_id: int) -> None:
    """For a page without a script, which can open no stream. Sent twice it asks once."""
    with suppress(ApiError, Declined):  # the turn says why
        answering.answer(turn_id, waited=True)
