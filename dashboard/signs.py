"""Signs of life: what a process is at shows in the database that somebody is still at it, because who is killed can end nothing.

@signs.of_life                   a room's function that marks what this process is at
signs.give()                     servers and workers, once at their start
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import Error as DatabaseTrouble
from django.db import connection

BEAT = 5.0  # seconds between two
DEAD_AFTER = timedelta(seconds=45)  # without one; longer than the database may keep a living process waiting

log = logging.getLogger(__name__)
_marks: list[Callable[[], None]] = []
_given = threading.Event()


def of_life(mark: Callable[[], None]) -> Callable[[], None]:
    _marks.append(mark)
    return mark


def are_given() -> bool:
    """Whether this process gives any; of one that does not, nothing can be told by their absence."""
    return _given.is_set()


def give() -> None:
    if not _given.is_set():
        _given.set()
        threading.Thread(target=_go_on, name="signs", daemon=True).start()


def beat() -> None:
    try:
        for mark in _marks:
            mark()
    except DatabaseTrouble:
        log.warning("no sign of life")


def _go_on() -> None:
    while True:
        time.sleep(BEAT)
        try:
            beat()
        finally:
            connection.close()
