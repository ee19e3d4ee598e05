"""Adding documents: what arrives from a browser is kept here first, then a job brings it into the library, one item a file.

The job's rows are the page's rows: an item's message says what is being done while it runs, and where the document is, or why not,
afterwards. `item.incoming` has name, size and, once they are known, the paths. What the worker does is in `bringing`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import QuerySet

from dashboard import locks, uploads
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.documents.models import Batch, Duplicates, Incoming, Source
from dashboard.documents.paths import is_folder_name
from dashboard.errors import Declined, Words
from dashboard.jobs import services as jobs
from dashboard.jobs.models import TROUBLE, UNFINISHED, Job, JobItem
from dashboard.permissions import scope
from dashboard.said import gettext as _
from dashboard.texts import UTF16, as_utf8

MOST_FILES = 200  # in a batch
KIND = "documents.add"
# What programs and systems leave beside the files that people made. The script knows them, too (upload.js).
LEFTOVERS = re.compile(r"(^|/)(~\$[^/]*|\.~lock\.[^/]*|\.DS_Store|desktop\.ini|Thumbs\.db|[^/]*\.tmp)$", re.IGNORECASE)
JOINERS = "\u200c\u200d"  # belong to words in some scripts, and to composed signs
NAT64 = IPv6Network("64:ff9b::/96")
# All others are reserved, or lead to hosts of the older kind in ways of a site's own.
PUBLIC_V6 = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Options:
    """Where documents go. To replace means to erase, so the view asks `also_requires(request, Action.ERASE_DOCUMENTS)` for it."""

    folder: str = PROTECTED_FOLDER
    workspace_ids: tuple[int, ...] = ()
    duplicates: Duplicates = Duplicates.SKIP
    encoding: str = ""  # of texts that are not UTF-8, one of texts.ENCODINGS
    replaces: dict[str, list[str]] | None = None  # by name of a file, what was shown as replaced; None: nothing was


def refusal(name: str, size: int) -> Words | None:
    """Why a file of this name and size (bytes) would not be taken, or None. Needs no content, so pages can tell before sending."""
    if LEFTOVERS.search(name):
        return _("%(name)s is a file that a program or system keeps for itself, so it is left out.") % {"name": name}
    if size > settings.DOCUMENT_MAX_MB * 1024 * 1024:
        return _("%(name)s is larger than %(n)d MB.") % {"name": name, "n": settings.DOCUMENT_MAX_MB}
    if not size:
        return _("%(name)s is empty.") % {"name": name}
    return None


def add_file(
    *, actor: Operator, batch: str, ticket: str, file: TemporaryUploadedFile, options: Options, name: str = ""
) -> JobItem:
    """Takes a file over from the browser; a worker goes on with it. The first file of a batch begins its job with its options.

    `batch` and `ticket` are the page's own random names (at most 40 characters) for the batch and for this file in it: sending the same
    again gives the same item. `name` is how the file is to be known, when not as it is called: with its path, where another one of the
    batch is called the same. Raises Declined: too large, empty, too many, unreadable by the instance, job cancelled, a workspace outside
    of the operator's.
    """
    name = known_name(name) if name else name_of(file)
    batch, ticket = _plain(batch)[:40], _plain(ticket)[:40]
    size, arrived = file.size or 0, Path(file.temporary_file_path())
    with arrived.open("rb") as content:
        beginning = content.read(1000)
        # Text in UTF-16, which is full of NUL, is sent as UTF-8.
        readable = beginning.startswith(UTF16)
        problem = refusal(name, size) or ("" if readable else uploads.unreadable(name, beginning))
    if problem:
        raise Declined(problem)
    if (text := as_utf8(name, arrived, options.encoding)) is not None:
        arrived.write_bytes(text)
    with arrived.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    with _taking(actor, batch, options) as kept:
        incoming = kept.incoming.filter(ticket=ticket).first()
        if incoming is None:
            incoming = _new(kept, ticket, Source.FILE, name, size=size, sha256=sha256)
            arrived.replace(incoming.staged)
            incoming.save()
        return incoming.item or _begin(actor, incoming)


def add_text(*, actor: Operator, title: str, text: str, options: Options) -> JobItem:
    """Typed text becomes a file of that title, and goes the way of files. Raises Declined: no title, no words, too large.

    The instance's own call for it would make another title of this one, and loses one that is not in Latin letters.
    """
    name, content = _plain(title), text.encode()
    if not title.strip() or not text.split():
        raise Declined(_("A text needs a title and at least one word."))
    problem = refusal(name, len(content))
    if problem:
        raise Declined(problem)
    sha256 = hashlib.sha256(content).hexdigest()
    with _taking(actor, secrets.token_hex(16), options) as kept:
        incoming = _new(kept, "text", Source.TEXT, name, size=len(content), sha256=sha256)
        uploads.incoming()
        incoming.staged.write_bytes(content)
        incoming.save()
        return _begin(actor, incoming)


def add_link(*, actor: Operator, address: str, options: Options) -> JobItem:
    """A page that the instance fetches. Raises Declined when the address is not http(s), or not of a public host as seen from here."""
    address = address.strip()
    _demand_public(address)
    with _taking(actor, secrets.token_hex(16), options) as kept:
        incoming = _new(kept, "link", Source.LINK, address)
        incoming.save()
        return _begin(actor, incoming)


def known_name(name: str) -> str:
    """The name of a file as people know it, however it was sent: its path is words, and leads nowhere."""
    return _plain("/".join(part for part in re.split(r"[/\\]+", name) if part not in ("", ".", "..")))


def name_of(file: TemporaryUploadedFile) -> str:
    return known_name((file.name or "").rpartition("\\")[2])


def batch_of(operator: Operator, token: str) -> Batch | None:
    """The operator's own batch, as soon as its first file has arrived."""
    return Batch.objects.filter(token=_plain(token)[:40], actor=operator).first()


def rows(job: Job) -> QuerySet[JobItem]:
    """The job's items in the order of their arrival, `incoming` at hand: what the page lists."""
    return job.items.filter(incoming__isnull=False).select_related("incoming").order_by("pk")


def retry(*, actor: Operator, job: Job, item_ids: Collection[int] | None = None, any_page: bool = False) -> None:
    """Tries these items again (None: all that failed), from where they failed. `any_page` keeps a page although it looks like an error.

    Raises Declined when there is nothing to try again.
    """
    if any_page:
        pages = Incoming.objects.filter(item__job=job, item__state__in=TROUBLE, source=Source.LINK)
        pages.filter(item__in=item_ids or []).update(any_page=True)
    jobs.retry(actor=actor, job=job, item_ids=item_ids)


def on_their_way(operator: Operator) -> QuerySet[Incoming]:
    """What is being added or failed to be, newest first, `item` at hand: the operator's own, of an admin everybody's."""
    found = Incoming.objects.filter(item__state__in=(*UNFINISHED, *TROUBLE)).select_related("item", "batch__actor")
    return (found if operator.effective_role == Role.ADMIN else found.filter(batch__actor=operator)).order_by("-pk")


# --- What all ways have in common -------------------------------------------------------------------------------------
@contextmanager
def _taking(actor: Operator, token: str, options: Options) -> Iterator[Batch]:
    """The batch, for something to be added to it by one request at a time. Raises Declined where it must not go."""
    mine = scope(actor)
    if mine is not None and not mine.issuperset(options.workspace_ids):
        raise Declined(_("You do not look after this workspace."))
    if not is_folder_name(options.folder):
        raise Declined(_("This is no name of a folder."))
    with locks.held(f"batch:{token}"):
        batch, _made = Batch.objects.get_or_create(
            token=token,
            defaults={
                "actor": actor,
                "folder": options.folder,
                "workspace_ids": list(options.workspace_ids),
                "duplicates": options.duplicates,
                "replaces": options.replaces,
            },
        )
        if batch.actor_id != actor.pk:
            raise Declined(_("What was chosen is not there any more. Load the page again."))
        shown = {**(batch.replaces or {}), **(options.replaces or {})}
        if batch.replaces is not None and shown != batch.replaces:  # more was chosen meanwhile
            batch.replaces = shown
            batch.save(update_fields=["replaces"])
        yield batch


def _new(batch: Batch, ticket: str, source: Source, name: str, **more: Any) -> Incoming:
    if batch.incoming.count() >= MOST_FILES:
        raise Declined(_("At most %(n)d files can be added at once.") % {"n": MOST_FILES})
    return Incoming(batch=batch, ticket=ticket, source=source, name=name, token=secrets.token_hex(5), **more)


def _begin(actor: Operator, incoming: Incoming) -> JobItem:
    """Gives it to the job of its batch, which begins with it."""
    new, batch = jobs.NewItem(str(incoming.pk), incoming.name), incoming.batch
    with transaction.atomic():  # else who dies here and sends it again would have it added by two items at a time
        if batch.job is None:
            batch.job = jobs.start(actor, kind=KIND, title=_("Add documents"), items=[new])
            batch.save(update_fields=["job"])
            incoming.item = batch.job.items.get()
        else:
            (incoming.item,) = jobs.add(actor=actor, job=batch.job, items=[new])
        incoming.save(update_fields=["item"])
    return incoming.item


def _plain(name: str) -> str:
    """The name without what is not meant to be seen: control characters, and those that turn the direction of the text. Accents are
    written the same way everywhere: a Mac sends them apart from their letters.
    """
    words = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
    return "".join(letter for letter in words if letter.isprintable() or letter in JOINERS)[:255] or _("Document")


def _demand_public(address: str) -> None:
    """What the instance finds there can be another host than we find, but what is private from here is not asked for."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise Declined(_("This is no address of a web page. It begins with http:// or https://."))
    try:
        found = {ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Declined(_("There is no host named %(host)s, as seen from Foyer.") % {"host": host}) from None
    if not all(map(_is_public, found)):
        raise Declined(_("%(host)s is in a private network. Only public pages can be added.") % {"host": host})


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv6Address):  # some lead to a host of the older kind
        behind = IPv4Address(int(found) & 0xFFFFFFFF) if found in NAT64 else found.sixtofour or found.ipv4_mapped
        if behind:
            return _is_public(behind)
        if found not in PUBLIC_V6:
            return False
    return found.is_global and not found.is_multicast
