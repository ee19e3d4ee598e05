"""Having the instance read a file, a text or a page: once, and under a name of its own.

Two uploads of one name at a time mix up their contents on the instance, so no two are ever sent under the same. What an upload became
whose answer got lost is found by that name, and the title stays as people know it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.utils import timezone

from dashboard import instance
from dashboard.anythingllm import ApiError, Document, NotApplied, Refused
from dashboard.documents import reader
from dashboard.documents.models import Incoming, Source, Stored
from dashboard.documents.presence import is_there
from dashboard.documents.sweeps import KEPT_FOR
from dashboard.errors import Declined, Words
from dashboard.jobs.kinds import Later
from dashboard.locks import Busy
from dashboard.said import gettext as _

BOXES = {".mbox", ".xlsx"}  # become several documents; with a title given, all would have the same


def send(incoming: Incoming) -> list[Document]:
    """The documents it has become, read back. What was sent before is looked for first. Raises ApiError; Declined when the file is gone."""
    again = incoming.asked_at is not None
    if again and (found := became(incoming)):
        if not (incoming.suspected_at and is_box(incoming)):
            return found
        # A reader that stopped in the middle of a box has left a part of it.
        instance.connect().documents.remove([document.path for document in found if document.path])
    if incoming.source == Source.LINK:
        incoming.before = incoming.before or [document.path for document in _pages(incoming)]
    elif not incoming.staged.exists():
        raise Declined(_missing(incoming))
    incoming.asked_at = timezone.now()
    incoming.save(update_fields=["before", "asked_at"])
    try:
        with reader.watched(incoming):
            documents = instance.settled(lambda: _ask(incoming) or None, lambda: became(incoming) or None)
    except (Later, Busy):
        if not again and not incoming.suspected_at:
            incoming.asked_at = None
            incoming.save(update_fields=["asked_at"])
        raise
    except ApiError as problem:
        if not again and not problem.outcome_unknown:
            incoming.asked_at = None  # nothing to look for
            incoming.save(update_fields=["asked_at"])
        if isinstance(problem, Refused):
            raise Refused(problem.status_code, problem.message.replace(sent_name(incoming), incoming.name)) from None
        raise
    if not all(is_there(document.path) for document in documents):
        raise NotApplied("The instance took the file, but it is not in the library.")
    if again:
        _erase_what_came_late(incoming, documents)
    return documents


def _missing(incoming: Incoming) -> Words:
    if incoming.created_at < timezone.now() - KEPT_FOR:
        return _("The file was thrown away here after a week. Add it again.")
    return _(
        "The file is not in DATA_DIR/incoming any more, where it waited: it was deleted there, or Foyer was restored without it. Add it again."
    )


def became(incoming: Incoming) -> list[Document]:
    """What it has become, as far as the library shows it now. Raises ApiError."""
    if incoming.source == Source.LINK:
        others = Stored.objects.filter(source=Source.LINK).exclude(upload=incoming.token).values_list("path", flat=True)
        known = {*(incoming.before or ()), *others}
        return [document for document in _pages(incoming) if document.path not in known]
    return [some for some in _library() if incoming.token in some.name or incoming.token in some.title]


def is_box(incoming: Incoming) -> bool:
    """Whether several documents come of it."""
    return incoming.source == Source.FILE and PurePosixPath(incoming.name).suffix.lower() in BOXES


def sent_name(incoming: Incoming) -> str:
    """A file's name that no other upload has, without what the instance would change."""
    name = PurePosixPath(incoming.name)
    # Of a box the instance makes titles of it.
    stem = re.sub(r"[^\w (),+-]+" if is_box(incoming) else r"[^\w-]+", "-", name.stem)[:50].strip("- ")
    suffix = name.suffix.lower() if re.fullmatch(r"\.\w{1,9}", name.suffix, re.ASCII) else ""
    return f"{stem}-{incoming.token}{'.txt' if incoming.source == Source.TEXT else suffix}"


def _ask(incoming: Incoming) -> list[Document]:
    documents = instance.connect().documents
    if incoming.source == Source.LINK:
        return list(documents.upload_link(incoming.name))
    name = sent_name(incoming)
    metadata = {} if is_box(incoming) else {"title": incoming.name}
    # Never into a chosen folder at once: there sheets would overwrite those of other workbooks. It is moved afterwards.
    return list(documents.upload(incoming.staged, file_name=name, metadata=metadata))


def _pages(incoming: Incoming) -> list[Document]:
    """The documents that are named after the page's host."""
    host = host_of(incoming)
    return [document for document in _library() if host in document.name.lower()]


def host_of(incoming: Incoming) -> str:
    return urlsplit(incoming.name).hostname or ""


def _library() -> list[Document]:
    return [document for folder in instance.library(max_age=0).certain() for document in folder.documents]


def _erase_what_came_late(incoming: Incoming, documents: list[Document]) -> None:
    """A first try whose worker died may have come through after all, when it had just been looked for."""
    kept = {document.path for document in documents}
    late = [document.path for document in became(incoming) if document.path and document.path not in kept]
    if late:
        instance.connect().documents.remove(late)
