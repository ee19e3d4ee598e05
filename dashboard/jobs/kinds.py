"""What jobs can do: each room registers its kinds here, in its own `jobs.py`.

@register("user.suspend", action=Action.CHANGE_USERS)
class Suspend:
    def perform(self, item: JobItem, job: Job) -> Result: ...
    def check(self, item: JobItem, job: Job) -> Result | None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from dashboard.errors import Declined, Words
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.permissions import Action


@dataclass(frozen=True, slots=True)
class Result:
    """How an item ended (DONE, SKIPPED, FAILED or UNKNOWN), with a message where the state does not say it all."""

    state: ItemState
    message: Words = ""


class Later(Declined):
    """Nothing was changed, and what is left of the job would fare the same: it waits, with this sentence, and is tried every minute."""


class Kind(Protocol):
    def perform(self, item: JobItem, job: Job) -> Result:
        """Does the item and writes the ledger. ApiError and Declined need not be caught: they become the item's outcome.
        Later keeps the whole job waiting.
        """

    def check(self, item: JobItem, job: Job) -> Result | None:
        """Reads back an item that was tried before. None: it certainly was not done, do it (again)."""


@dataclass(frozen=True, slots=True)
class Registered:
    kind: Kind
    action: Action
    makes_passwords: bool
    side_by_side: bool


K = TypeVar("K", bound=Kind)
_registry: dict[str, Registered] = {}


def register(
    name: str, *, action: Action, makes_passwords: bool = False, side_by_side: bool = False
) -> Callable[[type[K]], type[K]]:
    """Makes a class the handler of jobs of this kind.

    Whoever started the job must be allowed `action` whenever a worker takes it up. With `makes_passwords` its items may
    use `passwords.password_for`; with `side_by_side` more than one of them may be worked on at a time.
    """

    def decorate(cls: type[K]) -> type[K]:
        _registry[name] = Registered(cls(), action, makes_passwords, side_by_side)
        return cls

    return decorate


def registered(name: str) -> Registered:
    """Raises KeyError for a kind that no room knows."""
    return _registry[name]
