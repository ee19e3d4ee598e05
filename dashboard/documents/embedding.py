"""Putting documents into workspaces and taking them out, pinning, and what a question would find.

The instance embeds twice what it has already, hides every failure, and takes minutes: so one document a call, under a lease for the
workspace, what is there already is left out, and what came of it is read back. An item of these jobs is a document and a workspace, its
key `pair_key`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import Operator
from dashboard.anythingllm import Workspace, WorkspaceDocument
from dashboard.documents.paths import pair_key
from dashboard.errors import Words
from dashboard.jobs.models import Job

LARGE = 50_000  # tokens from which on embedding takes long


class Standing(models.TextChoices):
    NEW = "new", _("Will be put in")
    THERE = "there", _("Already there")
    GONE = "gone", _("Not in the library any more")


@dataclass(frozen=True, slots=True)
class Pair:
    """A document and a workspace it may be put into. `failed` is why the last try failed, if it did."""

    path: str
    title: str
    words: int | None
    tokens: int | None
    workspace: Workspace
    standing: Standing
    failed: Words = ""

    @property
    def large(self) -> bool:
        return (self.tokens or 0) >= LARGE


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a question finds; `score` is between 0 and 1. `path` is empty where the workspace's documents do not tell."""

    title: str
    passage: str
    score: float
    path: str


def stage_embed(operator: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> list[Pair]:
    """What putting these documents into these workspaces comes to, as it is now, by workspace and title.

    What the operator may not see or does not look after is left out. Raises ApiError.
    """
    raise NotImplementedError


def embed(*, actor: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> Job:
    """Starts putting in what is not there yet, one workspace after the other. Raises Declined when that is nothing; ApiError."""
    raise NotImplementedError


def put(*, actor: Operator, workspace_id: int, path: str, title: str) -> bool:
    """Embeds one document in one workspace and reads it back. False: it was there already. Takes up to minutes.

    Trying again does no harm. Raises NotApplied when the instance hid a failure, Declined when workspace or document is gone or the actor
    does not look after it, Busy, ApiError.
    """
    raise NotImplementedError


def holds(workspace_id: int, path: str) -> bool:
    """Whether the workspace has the document now, asked of the instance. Raises Declined when there is no such workspace; ApiError."""
    raise NotImplementedError


def stage_remove(operator: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> list[Pair]:
    """Those of the pairs where the document is in the workspace, as it is now. Raises ApiError."""
    raise NotImplementedError


def remove(*, actor: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> Job:
    """Starts taking documents out of workspaces; they stay in the library. Raises Declined when they are in none; ApiError."""
    raise NotImplementedError


def take_out(*, actor: Operator, workspace_id: int, path: str, title: str) -> bool:
    """Takes one document out of one workspace and reads that back. False: it was not there. Raises as `put`."""
    raise NotImplementedError


def pin(*, actor: Operator, workspace_id: int, path: str, pinned: bool) -> WorkspaceDocument:
    """Puts the whole document into every question's context, or no more. Raises Declined when it is not there; ApiError."""
    raise NotImplementedError


def search_vectors(
    workspace: Workspace, query: str, *, top_n: int | None = None, threshold: float | None = None
) -> list[Hit]:
    """What a question would find, best first, without asking a model. None: as the workspace is set.

    Whether the operator may see the workspace is the caller's to ask. Raises Declined when the embedder fails; ApiError.
    """
    raise NotImplementedError


def failures(pairs: Iterable[tuple[int, str]]) -> dict[str, str]:
    """Why the last try to embed failed, by `pair_key`, of those (workspace id, path) where it did."""
    raise NotImplementedError
