"""Folders of the library, and moving documents between them.

The instance moves nothing that is embedded, and says success; of a list it moves what it can and says failure; a folder that it does not
remove it calls removed. So everything is told from what is read back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dashboard.accounts.models import Operator
from dashboard.anythingllm import Workspace
from dashboard.errors import Words
from dashboard.instance import Reading
from dashboard.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of moving one document: where it is now. With a `problem` it is where it was."""

    path: str
    title: str
    problem: Words = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a folder, and the workspaces that use something of it."""

    documents: int
    workspaces: list[Workspace]


def move(*, actor: Operator, paths: Collection[str], folder: str) -> list[Moved]:
    """Moves documents into another folder, and tells for each what was read back. Raises Declined and ApiError."""
    raise NotImplementedError


def make(*, actor: Operator, name: str) -> None:
    """A new folder. Raises Declined for a name that is taken or that the instance would bend; ApiError."""
    raise NotImplementedError


def rename(*, actor: Operator, name: str, new_name: str) -> list[Moved]:
    """Makes the new folder, moves everything, and removes the old one when nothing is left in it.

    The instance cannot rename. What is embedded stays in the old folder, which then stays too: its outcome says so. Raises as `make`.
    """
    raise NotImplementedError


def contents(name: str) -> Reading[Contents]:
    """For the question before a folder is removed. Raises ApiError."""
    raise NotImplementedError


def remove(*, actor: Operator, name: str) -> Job | None:
    """Removes an empty folder at once, and gives None; else starts a job that erases its documents one by one and then the folder.

    Raises Declined for the instance's own folder; ApiError.
    """
    raise NotImplementedError
