from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from huey import crontab
from huey.contrib.djhuey import close_db, db_periodic_task, on_shutdown

from dashboard.anythingllm import ApiError
from dashboard.chat import answering
from dashboard.chat.turns import end_all, sweep
from dashboard.errors import Declined

sweep_every_ten_minutes = db_periodic_task(crontab(minute="7-59/10"), name="sweep_turns")(sweep)
on_shutdown(name="end_turns")(close_db(end_all))


@settings.QUESTIONS.task(name="answer_turn")  # type: ignore[untyped-decorator]
@close_db  # type: ignore[untyped-decorator]
def answer(turn_id: int) -> None:
    """For a page without a script, which can open no stream. Sent twice it asks once."""
    with suppress(ApiError, Declined):  # the turn says why
        answering.answer(turn_id)
