"""The library as an operator sees it: every document of the instance, where it is used, and what Foyer knows of it besides.

All workspaces share one library. Who looks after some workspaces only sees what is embedded in these or what they have added themselves,
and of where a document is used only these.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard import instance, sight
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Document, DocumentFolder, NotFound, Workspace, WorkspaceDocument
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.documents import adding
from dashboard.documents.models import Incoming, Source, Stored
from dashboard.documents.paths import folder_of, key_of, type_of
from dashboard.errors import Words
from dashboard.instance import Reading
from dashboard.jobs import services as workshop
from dashboard.jobs.models import TROUBLE, UNFINISHED, JobItem
from dashboard.order import natural
from dashboard.permissions import Action, allows, scope

NEWS = timedelta(days=7)  # how long a failure is told in the table


class State(models.TextChoices):
    USED = "used", _("In use")
    UNUSED = "unused", _("In no workspace")
    ADDING = "adding", _("Being added")
    FAILED = "failed", _("Failed")
    MISSING = "missing", _("File is gone")  # embedded, but not in the library any more


TONES = {State.USED: "ok", State.UNUSED: "quiet", State.ADDING: "accent", State.FAILED: "error", State.MISSING: "warn"}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the table shows it. `path` is empty while it is being added, or when that failed.

    `source` is None for what came from elsewhere, like a connector of the instance's. `added_at` is the instance's own clock, taken for
    UTC, when Foyer has not added it; `added_by` is empty then. `used_in` and `pinned_in` are by name, and hold only workspaces that the
    operator looks after; `elsewhere`: it is in others, too. `own`: the operator has added it here. `problem` says what failed, in the job
    `job_id` if the operator may see that.
    """

    path: str
    title: str
    words: int | None = None
    tokens: int | None = None
    source: Source | None = None
    added_at: datetime | None = None
    added_by: str = ""
    own: bool = False
    used_in: tuple[Workspace, ...] = ()
    pinned_in: tuple[Workspace, ...] = ()
    elsewhere: bool = False
    state: State = State.UNUSED
    problem: Words = ""
    job_id: int | None = None

    @property
    def key(self) -> str:
        """Its id in the ledger, where its kind is "document"."""
        return key_of(self.path)

    @property
    def folder(self) -> str:
        return folder_of(self.path)

    @property
    def type(self) -> str:
        return type_of(self.path) or type_of(self.title)

    @property
    def source_label(self) -> Words:
        return self.source.label if self.source else _("Other")

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

    `erasable`: the operator may erase it.
    """

    row: DocumentRow
    document: Document | None
    places: tuple[Place, ...]
    size: int | None
    erasable: bool


@dataclass(frozen=True, slots=True)
class InWorkspace:
    """A document as a workspace's page lists it."""

    path: str
    title: str
    words: int | None
    tokens: int | None
    pinned: bool
    watched: bool
    since: datetime


# --- What is known ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something is not as it was asked for, and the job that tells more, if the operator may see it."""

    why: str
    job_id: int | None


@dataclass(frozen=True, slots=True)
class _Use:
    """Where documents are embedded: of the operator's workspaces which, in the order of their names, and whether in others; by path."""

    workspaces: Mapping[int, Workspace]
    used: dict[str, list[Workspace]] = field(default_factory=lambda: defaultdict(list))
    pinned: dict[str, list[Workspace]] = field(default_factory=lambda: defaultdict(list))
    as_embedded: dict[str, WorkspaceDocument] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)


Embedded = Mapping[int, Sequence[WorkspaceDocument]]  # by workspace id


def _read(max_age: float | None = None) -> tuple[Reading[list[DocumentFolder]], Embedded]:
    """The library and what each workspace has of it, both as old as the older of them. Raises ApiError."""
    shelf = instance.library() if max_age is None else instance.library(max_age)
    embedded = instance.workspace_documents() if max_age is None else instance.workspace_documents(max_age)
    as_of, problem = min(shelf.as_of, embedded.as_of), shelf.problem or embedded.problem
    return Reading(shelf.value, as_of, problem), embedded.value


def _documents(operator: Operator, folders: Sequence[DocumentFolder], embedded: Embedded) -> list[Document]:
    """Those in the library that the operator may see."""
    documents = [document for folder in folders for document in folder.documents]
    mine = scope(operator)
    if mine is None:
        return documents
    theirs = set(Stored.objects.filter(added_by=operator).values_list("path", flat=True))
    theirs.update(some.path for workspace_id in mine for some in embedded.get(workspace_id, ()))
    return [document for document in documents if document.path in theirs]


def _use(operator: Operator, embedded: Embedded) -> _Use:
    use = _Use({workspace.id: workspace for workspace in sight.workspaces(operator).value})
    for workspace in sorted(use.workspaces.values(), key=lambda w: natural(w.name)):
        # By path, because the instance lists twice what it was made to embed twice.
        for path, found in {found.path: found for found in embedded.get(workspace.id, ())}.items():
            use.used[path].append(workspace)
            use.as_embedded[path] = found
            if found.pinned:
                use.pinned[path].append(workspace)
    for workspace_id in embedded.keys() - use.workspaces.keys():
        use.elsewhere.update(found.path for found in embedded[workspace_id])
    return use


Origin = tuple[Source | None, datetime | None, str, bool]  # source, added_at, added_by and own of a row


def _stored(operator: Operator) -> dict[str, Origin]:
    """Of the documents that were added here, by path."""
    fields = ("path", "source", "added_at", "added_by__username", "added_by")
    return {
        path: (Source(source), added_at, name, pk == operator.pk)
        for path, source, added_at, name, pk in Stored.objects.order_by().values_list(*fields)
    }


def embed_failures(operator: Operator) -> dict[str, dict[int, Trouble]]:
    """What lately failed to be put into a workspace: by the document's key, then by the workspace's id."""
    jobs = set(workshop.visible_to(operator).filter(kind="documents.embed").values_list("pk", flat=True))
    items = JobItem.objects.filter(
        job__kind="documents.embed", state__in=TROUBLE, finished_at__gte=timezone.now() - NEWS
    )
    found: dict[str, dict[int, Trouble]] = {}
    for key, why, job_id in items.order_by("finished_at").values_list("key", "message", "job_id"):
        workspace_id, _dash, document = key.partition("-")
        found.setdefault(document, {})[int(workspace_id)] = Trouble(why, job_id if job_id in jobs else None)
    return found


# --- The table --------------------------------------------------------------------------------------------------------
def everything(operator: Operator, max_age: float | None = None) -> Reading[list[DocumentRow]]:
    """All documents that the operator may see, in no order: in the library, embedded without a file, and on their way.

    `max_age` is how many seconds old a reading may be; None: as on pages. Raises ApiError.
    """
    shelf, embedded = _read(max_age)
    use, stored = _use(operator, embedded), _stored(operator)
    rows: dict[str, DocumentRow] = {}

    def add(path: str, title: str, words: int | None, tokens: int | None, origin: Origin, state: State) -> None:
        used_in, pinned_in = tuple(use.used.get(path, ())), tuple(use.pinned.get(path, ()))
        elsewhere = path in use.elsewhere
        rows[path] = DocumentRow(path, title, words, tokens, *origin, used_in, pinned_in, elsewhere, state)

    for document in _documents(operator, shelf.value, embedded):
        path = document.path or document.name
        origin = stored.get(path) or (_source(document), moment(document.published or ""), "", False)
        state = State.USED if path in use.used else State.UNUSED
        add(path, document.title, document.words, document.tokens, origin, state)
    for path, found in use.as_embedded.items():
        if path not in rows:
            # What was embedded since the library was read need not be without its file.
            state = State.MISSING if found.created_at < shelf.as_of else State.USED
            add(path, found.title, *_lengths(found), stored.get(path, (None, None, "", False)), state)
    _mark_failures(rows, use.workspaces, embed_failures(operator))
    lately = models.Q(item__state__in=UNFINISHED) | models.Q(created_at__gte=timezone.now() - NEWS)
    on_their_way = adding.on_their_way(operator).filter(lately)
    without_path = [row for coming in on_their_way for row in _coming(coming, rows, operator)]
    return Reading([*rows.values(), *without_path], shelf.as_of, shelf.problem)


def _mark_failures(
    rows: dict[str, DocumentRow], workspaces: Mapping[int, Workspace], failures: Mapping[str, Mapping[int, Trouble]]
) -> None:
    """Marks what failed to be put into a workspace where it still is not."""
    for row in [row for row in rows.values() if row.key in failures] if failures else ():
        for workspace_id, trouble in failures[row.key].items():
            workspace = workspaces.get(workspace_id)
            if workspace and workspace not in row.used_in:
                why = f"{workspace.name}: {trouble.why}"
                rows[row.path] = replace(row, state=State.FAILED, problem=why, job_id=trouble.job_id)


def _coming(coming: Incoming, rows: dict[str, DocumentRow], operator: Operator) -> list[DocumentRow]:
    """Marks the documents it has become; one that it has not become yet, as a row without a path."""
    item, batch = coming.item, coming.batch
    assert item is not None  # noqa: S101  (they were found by their items)
    failed = item.state in TROUBLE
    state, problem = (State.FAILED, item.message) if failed else (State.ADDING, "")
    there = [rows[path] for path in coming.paths if path in rows]
    for row in there:
        if not failed or not {workspace.id for workspace in row.used_in}.issuperset(batch.workspace_ids):
            rows[row.path] = replace(row, state=state, problem=problem, job_id=item.job_id)
    if there:
        return []
    row = DocumentRow("", coming.name, source=Source(coming.source), added_at=coming.created_at, state=state)
    by = batch.actor
    return [replace(row, added_by=by.username, own=by == operator, problem=problem, job_id=item.job_id)]


def rows(operator: Operator, *, sort: str = "", **criteria: str) -> Reading[list[DocumentRow]]:
    """The documents that fit `matching`, in the order of `ordered`. Raises ApiError."""
    reading = everything(operator)
    return Reading(ordered(matching(reading.value, **criteria), sort), reading.as_of, reading.problem)


def matching(
    found: Sequence[DocumentRow],
    *,
    q: str = "",
    type: str = "",
    folder: str = "",
    workspace: str = "",
    used: str = "",
    state: str = "",
) -> list[DocumentRow]:
    """Those that fit all of it: `q` words of title or path, `type` an extension, `workspace` a slug, `used` yes or no, `state` a State."""
    words = q.casefold().split()
    return [
        row
        for row in found
        if (not folder or row.folder == folder)
        and (not state or row.state == state)
        and (not used or bool(row.used_in) == (used == "yes"))
        and (not workspace or any(some.slug == workspace for some in row.used_in))
        and (not type or row.type == type)
        and all(word in row.title.casefold() or word in row.path.casefold() for word in words)
    ]


def ordered(found: Sequence[DocumentRow], sort: str = "") -> list[DocumentRow]:
    """By title, type, words, tokens, source, added, used, pinned or state, "-" before it: downwards; titles break ties."""
    keys: dict[str, Callable[[DocumentRow], Any]] = {
        "type": lambda row: row.type,
        "words": lambda row: row.words or 0,
        "tokens": lambda row: row.tokens or 0,
        "source": lambda row: row.source or "",
        "added": lambda row: row.added_at or LONG_AGO,
        "used": lambda row: len(row.used_in),
        "pinned": lambda row: len(row.pinned_in),
        "state": lambda row: STATES.index(row.state),
    }
    column, down = sort.removeprefix("-"), sort.startswith("-")
    by_title = sorted(found, key=lambda row: natural(row.title), reverse=down and column == "title")
    return sorted(by_title, key=keys[column], reverse=down) if column in keys else by_title


LONG_AGO = datetime.min.replace(tzinfo=UTC)
STATES = list(State)


def facets(operator: Operator) -> Reading[Facets]:
    """Raises ApiError."""
    shelf, embedded = _read()
    documents = _documents(operator, shelf.value, embedded)
    used = [workspace for workspace in sight.workspaces(operator).value if embedded.get(workspace.id)]
    found = Facets(
        sorted({type_of(document.path or "") or type_of(document.title) for document in documents} - {""}),
        sorted({folder_of(document.path or "") for document in documents}, key=_folder_order),
        sorted(used, key=lambda workspace: natural(workspace.name)),
    )
    return Reading(found, shelf.as_of, shelf.problem)


def folders(operator: Operator) -> Reading[list[FolderRow]]:
    """The instance's own one first, then by name. Who looks after some workspaces only sees those with something in them. Raises ApiError."""
    shelf, embedded = _read()
    counts = Counter(folder_of(document.path or "") for document in _documents(operator, shelf.value, embedded))
    names = set(counts) if scope(operator) is not None else {folder.name for folder in shelf.value}
    found = [FolderRow(name, counts[name], name == PROTECTED_FOLDER) for name in sorted(names, key=_folder_order)]
    return Reading(found, shelf.as_of, shelf.problem)


def _folder_order(name: str) -> tuple[bool, str]:
    return name != PROTECTED_FOLDER, natural(name)


# --- One document, one workspace --------------------------------------------------------------------------------------
def find(operator: Operator, path: str, *, max_age: float | None = None) -> Reading[Detail | None]:
    """One document, or None when there is none that the operator may see. One missing from an old answer is looked for in a new one.

    Raises ApiError.
    """
    reading = everything(operator, max_age)
    row = next((row for row in reading.value if row.path == path), None) if path else None
    if row is None and max_age is None and _came_since(path):
        return find(operator, path, max_age=0)
    if row is None:
        return Reading(None, reading.as_of, reading.problem)
    embedded = instance.workspace_documents().value
    places = tuple(
        Place(workspace, found.pinned, found.watched, found.created_at)
        for workspace in row.used_in
        for found in {found.path: found for found in embedded.get(workspace.id, ())}.values()
        if found.path == path
    )
    documents = (document for folder in instance.library().value for document in folder.documents)
    document = next((document for document in documents if document.path == path), None)
    size = Stored.objects.filter(path=path).values_list("size", flat=True).first()
    erasable = allows(operator, Action.ERASE_DOCUMENTS) and not erase_refusal(
        operator, own=row.own, elsewhere=row.elsewhere
    )
    return Reading(Detail(row, document, places, size or None, erasable), reading.as_of, reading.problem)


def _came_since(path: str) -> bool:
    """Whether the instance has a document of this name: asked before everything is read again for an address that anybody may type."""
    if not folder_of(path) or not path.endswith(".json"):
        return False
    try:
        instance.connect().documents.get(path)
    except NotFound:
        return False
    return True


def of_paths(operator: Operator, paths: Collection[str], max_age: float = 10.0) -> list[DocumentRow]:
    """Those of the documents that the operator may see, for a decision about them: as they were within the last seconds. Raises ApiError."""
    wanted = set(paths) - {""}
    return [row for row in everything(operator, max_age).certain() if row.path in wanted]


def erase_refusal(operator: Operator, *, own: bool, elsewhere: bool) -> Words:
    """Why someone who looks after some workspaces only may not erase a document, see DocumentRow; empty when they may."""
    if scope(operator) is None:
        return ""
    if not own:
        return _("Somebody else has added it. You can take it out of your workspaces.")
    if elsewhere:
        return _("It is also in a workspace that you do not look after. You can take it out of yours.")
    return ""


def in_workspace(workspace: Workspace) -> Reading[list[InWorkspace]]:
    """The documents embedded in a workspace, by title. Whether the operator may see the workspace is the caller's to ask. Raises ApiError."""
    if instance.document_counts_known():
        reading = instance.workspace_documents()
        documents = Reading(reading.value.get(workspace.id, ()), reading.as_of, reading.problem)
    else:
        documents = Reading(instance.connect().workspaces.get_documents(workspace.slug), timezone.now())
    found = [
        InWorkspace(some.path, some.title, *_lengths(some), some.pinned, some.watched, some.created_at)
        for some in {some.path: some for some in documents.value}.values()
    ]
    found.sort(key=lambda some: natural(some.title))
    return Reading(found, documents.as_of, documents.problem)


def _lengths(document: WorkspaceDocument) -> tuple[int | None, int | None]:
    """Words and tokens, as they were when it was embedded."""
    words, tokens = (document.metadata.get(key) for key in ("wordCount", "token_count_estimate"))
    return (words if type(words) is int else None, tokens if type(tokens) is int else None)


def _source(document: Document) -> Source | None:
    """What the instance says it was made of."""
    told = document.source or ""
    if "URL link" in told:
        return Source.LINK
    if "file uploaded by the user" in told:
        return Source.FILE
    return Source.TEXT if document.name.startswith("raw-") else None


_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}), (\d{1,2}):(\d\d):(\d\d)\s([AP])M")


@lru_cache(maxsize=50_000)
def moment(published: str) -> datetime | None:
    """The instance's local time in American style, "11/3/2026, 4:05:06 PM", taken for UTC; None for any other style."""
    match = _AMERICAN.fullmatch(published)
    if not match:
        return None
    month, day, year, hour, minute, second = map(int, match.groups()[:6])
    try:
        return datetime(year, month, day, hour % 12 + 12 * (match[7] == "P"), minute, second, tzinfo=UTC)
    except ValueError:
        return None
