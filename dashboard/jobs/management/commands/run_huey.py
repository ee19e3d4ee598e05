"""The worker: huey's own command, prompt by default."""

from __future__ import annotations

from django.core.management.base import CommandParser
from huey.contrib.djhuey.management.commands import run_huey


class Command(run_huey.Command):  # type: ignore[misc]
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        # A queue in SQLite is polled; huey's own limit of 10 seconds would leave people waiting for their job to begin.
        # SIGTERM is how everything that runs workers stops them: then a job is handed back between two items.
        parser.set_defaults(workers=2, max_delay=0.5, graceful_signal="TERM")
