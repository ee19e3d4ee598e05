"""Marks that tell all processes what was read of the instance and has changed since, kept in the cache.

While the cache is away nobody can know what another process has changed, so whatever was read counts as forgotten; what was to be
marked meanwhile is marked as soon as the cache is back. No page fails for it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection
from typing import TypeVar

import redis
from django.core.cache import cache

T = TypeVar("T")
Mark = tuple[int, object]

PAUSE = 1.0  # seconds after a failure before the cache is tried again; so long, too, what was read just now may be used
AWAY = (redis.RedisError, OSError)

log = logging.getLogger(__name__)


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.outage = 0  # counts the moments since which all that was read before counts as forgotten
        self.away = False
        self.try_at = 0.0
        self.owed: set[str] = set()


_state = _State()


def of(keys: Collection[str]) -> dict[str, Mark]:
    """The mark of each key. What was read under another one is out of date."""
    found = _ask(lambda: cache.get_many(keys)) or {}
    return {key: (_state.outage, found.get(key)) for key in keys}


def renew(keys: Collection[str]) -> None:
    """From now on what was read under the keys is out of date, in every process."""
    if _ask(lambda: cache.set_many(dict.fromkeys(keys, uuid.uuid4().hex), timeout=None)) is None:
        with _state.lock:
            _state.owed.update(keys)
            _state.outage += 1


def check() -> None:
    """Raises what is wrong with the cache, if something is."""
    cache.set("checked", time.time(), timeout=None)


def are_kept() -> bool:
    """Whether the cache works, as far as this process has seen."""
    return not _state.away


def _ask(call: Callable[[], T]) -> T | None:
    """What the call gives; None when the cache is away, or was a moment ago."""
    with _state.lock:
        now = time.monotonic()
        if _state.away and now < _state.try_at:
            return None
        _state.try_at = now + 10 * PAUSE  # one tries; the others do not wait for it
        owed = list(_state.owed)
    try:
        if owed:
            cache.set_many(dict.fromkeys(owed, uuid.uuid4().hex), timeout=None)
        answer = call()
    except AWAY as error:
        with _state.lock:
            if not _state.away:
                log.warning("cache away", extra={"cause": type(error).__name__})
            _state.away = True
            _state.outage += 1
            _state.try_at = time.monotonic() + PAUSE
        return None
    with _state.lock:
        if _state.away:
            log.warning("cache back")
            _state.outage += 1
        _state.away = False
        _state.owed.difference_update(owed)
    return answer
