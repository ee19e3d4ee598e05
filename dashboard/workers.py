"""Whether a worker runs: it writes to the database that it does, and whatever waits for one looks there."""

from __future__ import annotations

from django.utils import timezone
from huey.contrib.djhuey import HUEY

from dashboard import signs
from dashboard.models import Sign

NAME = "worker"


def say_that_one_runs() -> None:
    """Now and from now on, by this process."""
    _mark()
    if _mark not in signs._marks:  # asked by each thread of the worker
        signs.of_life(_mark)


def are_running() -> bool:
    """Whether one has written lately. Where tasks are run at once, none is needed."""
    return HUEY.immediate or Sign.objects.filter(name=NAME, at__gt=timezone.now() - signs.DEAD_AFTER).exists()


def _mark() -> None:
    Sign.write(NAME)
