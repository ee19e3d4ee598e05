"""Erasing documents everywhere: the source, the vectors, and out of every workspace. The instance always calls it success."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dashboard.accounts.models import Operator
from dashboard.anythingllm import Workspace
from dashboard.errors import Words
from dashboard.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Doomed:
    """A document to be erased, and the workspaces it goes from. `refused`: why this operator may not erase it."""

    path: str
    title: str
    used_in: tuple[Workspace, ...]
    refused: Words = ""


def stage_erase(operator: Operator, paths: Collection[str]) -> list[Doomed]:
    """What erasing these comes to, as it is now, by title. What the operator may not see is left out. Raises ApiError."""
    raise NotImplementedError


def erase(*, actor: Operator, paths: Collection[str]) -> Job:
    """Starts erasing those that the actor may erase. Raises Declined when there are none; ApiError."""
    raise NotImplementedError


def erase_one(*, actor: Operator, path: str, title: str) -> bool:
    """Erases one document and reads back that it is gone from the library and from every workspace. False: it was gone before.

    Raises NotApplied, Declined when the actor may not, ApiError.
    """
    raise NotImplementedError
