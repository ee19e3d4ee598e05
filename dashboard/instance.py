"""The line to the configured instance: one client for the process, cached reads with "as of", and a circuit breaker.

Every room asks the instance through here. Reads may be a little old and say so; a decision about rights, and every write, uses `connect()`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.cache import cache as shared
from django.utils import timezone

from dashboard.anythingllm import AnythingLLMClient, ApiError, Unreachable, User, Workspace

T = TypeVar("T")

FRESH_FOR = 30.0  # seconds for which a read is used again without asking


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What the instance said, and when. With a `problem` it is the last good answer, and nothing may be written on its strength."""

    value: T
    as_of: datetime
    problem: ApiError | None = None

    @property
    def stale(self) -> bool:
        return self.problem is not None


class Light(StrEnum):
    """The instance's state as far as the last calls tell; no call is made to find out."""

    GREEN = "green"
    AMBER = "amber"  # answers, but not as it should; or what is shown is old
    RED = "red"
    UNKNOWN = "unknown"
