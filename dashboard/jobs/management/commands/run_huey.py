"""The worker: huey's own command, prompt by default, and beside it workers for questions only, which take minutes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.module_loading import autodiscover_modules
from huey.contrib.djhuey.management.commands import run_huey

QUESTIONS_AT_A_TIME = 6  # more than one person may have under way: chat.services.MOST_OPEN


class Command(run_huey.Command):  # type: ignore[misc]
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        # A queue in SQLite is polled; huey's own limit of 10 seconds would leave people waiting for their job to begin.
        # SIGTERM is how everything that runs workers stops them: then a job is handed back between two items.
        parser.set_defaults(workers=2, max_delay=0.5, graceful_signal="TERM")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("tasks")
        questions = settings.QUESTIONS.create_consumer(workers=QUESTIONS_AT_A_TIME, max_delay=1.0, periodic=False)
        questions.start()
        try:
            super().handle(*args, **options)
        finally:
            questions.stop()  # its threads end with the process; what they were at, chat.tasks has told
