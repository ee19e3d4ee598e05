"""The library as an operator sees it: every document of the instance, where it is used, and what Foyer knows of it besides.

All workspaces share one library. Who looks after some workspaces only sees what is embedded in these or what they have added themselves,
and of where a document is used only these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import Operator
from dashboard.anythingllm import Document, Workspace
from dashboard.documents.paths import type_of
from dashboard.errors import Words
from dashboard.instance import Reading


class Source(models.TextChoices):
    FILE = "file", _("File")
    LINK = "link", _("Web address")
    TEXT = "text", _("Typed text")
    OTHER = "other", _("Other")


class State(models.TextChoices):
    USED = "used", _("In use")
    UNUSED = "unused", _("In no workspace")
    ADDING = "adding", _("Being added")
    FAILED = "failed", _("Failed")
    MISSING = "missing", _("File is gone")  # embedded, but not in the library any more


TONES = {State.USED: "ok", State.UNUSED: "quiet", State.ADDING: "accent", State.FAILED: "error", State.MISSING: "warn"}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the table shows it. `path` is empty while it is being added, or when that failed; then `job_id` leads to why.

    `added_at` is the instance's own local time when Foyer has not added it; `added_by` is empty then. `used_in` and `pinned_in` are by
    name, and hold only workspaces that the operator looks after. `problem` says what failed.
    """

    path: str
    title: str
    words: int | None
    tokens: int | None
    source: Source
    added_at: datetime | None
    added_by: str
    used_in: tuple[Workspace, ...]
    pinned_in: tuple[Workspace, ...]
    state: State
    problem: Words = ""
    job_id: int | None = None

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def type(self) -> str:
        return type_of(self.path)

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True, slots=True)
class Facets:
    """What the table can be filtered by, in order: of the documents that the operator sees."""

    types: list[str]
    folders: list[str]
    workspaces: list[Workspace]


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder and how many documents in it the operator sees. `protected`: the instance never removes it."""

    name: str
    documents: int
    protected: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A document in a workspace."""

    workspace: Workspace
    pinned: bool
    watched: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of one document. `document` is None when its file is gone; `size` is in bytes, where Foyer has added it.

    `elsewhere`: it is also in a workspace that the operator does not look after. `erasable`: the operator may erase it.
    """

    row: DocumentRow
    document: Document | None
    places: tuple[Place, ...]
    size: int | None
    elsewhere: bool
    erasable: bool


@dataclass(frozen=True, slots=True)
class InWorkspace:
    """A document as a workspace's page lists it. `missing`: its file is gone from the library."""

    path: str
    title: str
    words: int | None
    tokens: int | None
    pinned: bool
    watched: bool
    since: datetime
    missing: bool


def rows(
    operator: Operator,
    *,
    q: str = "",
    type: str = "",
    folder: str = "",
    workspace: str = "",
    used: str = "",
    state: str = "",
    sort: str = "",
) -> Reading[list[DocumentRow]]:
    """The documents that fit, in the order of a column: title, type, words, tokens, source, added, used, pinned or state ("-" before it:
    downwards).

    `q` is looked for in title and path; `type` an extension, `workspace` a slug, `used` "yes" or "no", `state` a State. Raises ApiError.
    """
    raise NotImplementedError


def facets(operator: Operator) -> Reading[Facets]:
    """Raises ApiError."""
    raise NotImplementedError


def folders(operator: Operator) -> Reading[list[FolderRow]]:
    """The instance's own one first, then by name. Who looks after some workspaces only sees folders with something in them. Raises ApiError."""
    raise NotImplementedError


def find(operator: Operator, path: str) -> Reading[Detail | None]:
    """One document, or None when there is none that the operator may see. Raises ApiError."""
    raise NotImplementedError


def in_workspace(workspace: Workspace) -> Reading[list[InWorkspace]]:
    """The documents embedded in a workspace, by title. Whether the operator may see the workspace is the caller's to ask. Raises ApiError."""
    raise NotImplementedError
