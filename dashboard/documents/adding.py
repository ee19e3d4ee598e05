"""Adding documents: what arrives from a browser is kept here first, then a job brings it into the library, one item a file.

The job's rows are the page's rows: an item's message says what is being done while it runs, and where the document is, or why not,
afterwards. `item.incoming` has name, size and, once they are known, the paths.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.core.files.uploadedfile import TemporaryUploadedFile

from dashboard.accounts.models import Operator
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.documents.models import Batch, Duplicates, Incoming
from dashboard.errors import Words
from dashboard.jobs.models import Job, JobItem

MOST_FILES = 200  # in a batch


@dataclass(frozen=True, slots=True)
class Options:
    """Where documents go. To replace means to erase, so the view asks `also_requires(request, Action.ERASE_DOCUMENTS)` for it."""

    folder: str = PROTECTED_FOLDER
    workspace_ids: tuple[int, ...] = ()
    duplicates: Duplicates = Duplicates.SKIP


def refusal(name: str, size: int) -> Words | None:
    """Why a file of this name and size (bytes) would not be taken, or None. Needs no content, so pages can tell before sending."""
    raise NotImplementedError


def read_as_text(name: str) -> bool:
    """True when the instance has no reader for such a file, and will take it for plain text if it looks like it: to be told before sending.

    False also when the instance does not say what it reads.
    """
    raise NotImplementedError


def add_file(*, actor: Operator, batch: str, ticket: str, file: TemporaryUploadedFile, options: Options) -> JobItem:
    """Takes a file over from the browser; a worker goes on with it. The first file of a batch begins its job with its options.

    `batch` and `ticket` are the page's own random names (at most 40 characters) for the batch and for this file in it: sending the same
    again gives the same item. Raises Declined: too large, empty, too many, unreadable by the instance, job cancelled, a workspace outside
    of the operator's.
    """
    raise NotImplementedError


def add_text(*, actor: Operator, title: str, text: str, options: Options) -> JobItem:
    """Typed text becomes a file of that title, and goes the way of files. Raises Declined: no title, no words, too large."""
    raise NotImplementedError


def add_link(*, actor: Operator, address: str, options: Options) -> JobItem:
    """A page that the instance fetches. Raises Declined when the address is not http(s), or not of a public host as seen from here."""
    raise NotImplementedError


def batch_of(operator: Operator, token: str) -> Batch | None:
    """The operator's own batch, as soon as its first file has arrived."""
    raise NotImplementedError


def rows(job: Job) -> list[JobItem]:
    """The job's items in the order of their arrival, `incoming` at hand: what the page lists."""
    raise NotImplementedError


def retry(*, actor: Operator, job: Job, item_ids: Collection[int] | None = None, any_page: bool = False) -> None:
    """Tries these items again (None: all that failed), from where they failed. `any_page` keeps a page although it looks like an error.

    Raises Declined when there is nothing to try again, or a file has been thrown away since.
    """
    raise NotImplementedError


def on_their_way(operator: Operator) -> list[Incoming]:
    """What is being added or failed to be, newest first, `item` at hand: the operator's own, of an admin everybody's."""
    raise NotImplementedError
