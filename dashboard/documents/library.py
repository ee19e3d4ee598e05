"""The library as an operator sees it: every document of the instance, where it is used, and what Foyer knows of it besides.

All workspaces share one library. Who looks after some workspaces only sees what is embedded in these or what they have added themselves,
and of where a document is used only these.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, overload

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard import instance, sight, titles
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Document, DocumentFolder, NotFound, Workspace, WorkspaceDocument
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.documents import adding
from dashboard.documents.models import Incoming, Source, Stored
from dashboard.documents.paths import folder_of, key_of, type_of
from dashboard.errors import Words
from dashboard.folding import folded
from dashboard.instance import Reading
from dashboard.jobs import services as workshop
from dashboard.jobs.models import TROUBLE, UNFINISHED, JobItem
from dashboard.order import natural
from dashboard.permissions import Action, allows, scope

NEWS = timedelta(days=7)  # how long a failure is told in the table
MANY = 500  # documents, of which more are not named one by one in a query


class State(models.TextChoices):
    USED = "used", _("In use")
    UNUSED = "unused", _("In no workspace")
    ADDING = "adding", _("Being added")
    FAILED = "failed", _("Failed")
    MISSING = "missing", _("File is gone")  # embedded, but not in the library any more


TONES = {State.USED: "ok", State.UNUSED: "quiet", State.ADDING: "accent", State.FAILED: "error", State.MISSING: "warn"}


class Origin(NamedTuple):
    """Where a document comes from. `source` is None for what came from elsewhere, like a connector of the instance's.

    `added_at` is the instance's own clock, taken for UTC, when Foyer has not added it; `added_by` is empty then. `own`: the operator has
    added it here.
    """

    source: Source | None = None
    added_at: datetime | None = None
    added_by: str = ""
    own: bool = False

    @property
    def label(self) -> Words:
        return self.source.label if self.source else _("Other")


UNTOLD = Origin()


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the table shows it. `path` is empty while it is being added, or when that failed; `document` is None then, and when
    its file is gone.

    `used_in` and `pinned_in` are by name, and hold only workspaces that the operator looks after; `elsewhere`: it is in others, too.
    `problem` says what failed, in the job `job_id` if the operator may see that.
    """

    path: str
    folder: str
    title: str
    type: str
    words: int | None = None
    tokens: int | None = None
    document: Document | None = None
    used_in: tuple[Workspace, ...] = ()
    pinned_in: tuple[Workspace, ...] = ()
    elsewhere: bool = False
    state: State = State.UNUSED
    problem: Words = ""
    job_id: int | None = None
    origin: Origin = UNTOLD

    @property
    def key(self) -> str:
        """Its id in the ledger, where its kind is "document"."""
        return key_of(self.path)

    @property
    def tone(self) -> str:
        return TONES[self.state]


class Rows(Sequence[DocumentRow]):
    """Rows whose origin is looked up when they are taken out: of those that a page shows, not of thousands."""

    def __init__(self, operator: Operator, rows: Sequence[DocumentRow]) -> None:
        self._operator, self._rows = operator, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> DocumentRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[DocumentRow]: ...
    def __getitem__(self, index: int | slice) -> DocumentRow | list[DocumentRow]:
        if isinstance(index, slice):
            return _with_origins(self._operator, self._rows[index])
        return _with_origins(self._operator, [self._rows[index]])[0]

    def __iter__(self) -> Iterator[DocumentRow]:
        return iter(self[:])


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
    """All that is known of one document. `size` is in bytes, where Foyer has added it; `erasable`: the operator may erase it."""

    row: DocumentRow
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


Embedded = Mapping[int, Sequence[WorkspaceDocument]]  # by workspace id
Joined = Mapping[str, DocumentRow]  # by path

# What the last join was made of, and what it made.
_last: tuple[tuple[object, ...], Joined] = ((), {})


def _read(max_age: float | None = None) -> Reading[Joined]:
    """Every document of the instance and where it is used, as old as the oldest of what is read for it. Raises ApiError.

    It is joined once for as long as the instance's answers stay the same, not for each page.
    """
    global _last
    shelf = instance.library() if max_age is None else instance.library(max_age)
    embedded = instance.workspace_documents() if max_age is None else instance.workspace_documents(max_age)
    as_of, problem = min(shelf.as_of, embedded.as_of), shelf.problem or embedded.problem
    made_of = (as_of, shelf.value, embedded.value, instance.workspaces().value)
    known, rows = _last
    if known != made_of:
        rows = _join(*made_of)
        gone = {workspace.id for row in rows.values() if row.state == State.MISSING for workspace in row.used_in}
        if gone:
            # Erased on the instance, a document is gone from its workspaces, too: whether they still have it is read after the library.
            instance.forget_documents(*gone)
            embedded = instance.workspace_documents()
            as_of, problem = min(shelf.as_of, embedded.as_of), problem or embedded.problem
            made_of = (as_of, shelf.value, embedded.value, instance.workspaces().value)
            rows = _join(*made_of)
        _last = made_of, rows
    return Reading(rows, as_of, problem)


def _join(
    as_of: datetime, folders: Sequence[DocumentFolder], embedded: Embedded, workspaces: Sequence[Workspace]
) -> Joined:
    used: defaultdict[str, list[Workspace]] = defaultdict(list)  # by path, in the order of their names
    pinned: defaultdict[str, list[Workspace]] = defaultdict(list)
    as_embedded: dict[str, WorkspaceDocument] = {}
    for workspace in sorted(workspaces, key=lambda some: natural(some.name)):
        # By path, because the instance lists twice what it was made to embed twice.
        for path, found in {found.path: found for found in embedded.get(workspace.id, ())}.items():
            used[path].append(workspace)
            as_embedded[path] = found
            if found.pinned:
                pinned[path].append(workspace)
    rows: dict[str, DocumentRow] = {}

    def add(
        path: str, title: str, words: int | None, tokens: int | None, document: Document | None, state: State
    ) -> None:
        used_in, pinned_in = tuple(used.get(path, ())), tuple(pinned.get(path, ()))
        folder, type, title = folder_of(path), type_of(path) or type_of(title), titles.shown(title)
        rows[path] = DocumentRow(path, folder, title, type, words, tokens, document, used_in, pinned_in, state=state)

    for document in (document for folder in folders for document in folder.documents):
        path = document.path or document.name
        state = State.USED if path in used else State.UNUSED
        add(path, document.title, document.words, document.tokens, document, state)
    for path, found in as_embedded.items():
        if path not in rows:
            # What was embedded since the library was read need not be without its file.
            state = State.MISSING if found.created_at < as_of else State.USED
            add(path, found.title, *_lengths(found), None, state)
    return rows


def _seen(operator: Operator, max_age: float | None = None) -> Reading[Joined]:
    """What the operator may see of it. Raises ApiError."""
    reading, mine = _read(max_age), scope(operator)
    if mine is None:
        return reading
    added = set(Stored.objects.filter(added_by=operator).values_list("path", flat=True))
    found: dict[str, DocumentRow] = {}
    for path, row in reading.value.items():
        used_in = tuple(workspace for workspace in row.used_in if workspace.id in mine)
        if used_in or (path in added and row.document):
            found[path] = replace(
                row,
                used_in=used_in,
                pinned_in=tuple(workspace for workspace in row.pinned_in if workspace.id in mine),
                elsewhere=len(used_in) < len(row.used_in),
                state=row.state if used_in else State.UNUSED,
            )
    return Reading(found, reading.as_of, reading.problem)


def _with_origins(operator: Operator, rows: Sequence[DocumentRow]) -> list[DocumentRow]:
    """The same rows with where they come from: as Foyer knows it, if they were added here, else as the instance does."""
    known = Stored.objects.order_by().values_list("path", "source", "added_at", "added_by__username", "added_by")
    if len(rows) <= MANY:
        known = known.filter(path__in=[row.path for row in rows])
    here = {path: Origin(Source(source), at, by, pk == operator.pk) for path, source, at, by, pk in known}
    return [replace(row, origin=here.get(row.path) or _elsewhere(row)) for row in rows]


def _elsewhere(row: DocumentRow) -> Origin:
    """The origin of what was not added here. What is on its way here tells its own."""
    return Origin(_source(row.document), moment(row.document.published or "")) if row.document else row.origin


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

    `max_age` is how many seconds old a reading may be; None: as on pages. The origin of what has a path is left out. Raises ApiError.
    """
    reading = _seen(operator, max_age)
    rows = dict(reading.value)
    _mark_failures(rows, {some.id: some for some in sight.workspaces(operator).value}, embed_failures(operator))
    lately = models.Q(item__state__in=UNFINISHED) | models.Q(created_at__gte=timezone.now() - NEWS)
    on_their_way = adding.on_their_way(operator).filter(lately)
    without_path = [row for coming in on_their_way for row in _coming(coming, rows, operator)]
    return Reading([*rows.values(), *without_path], reading.as_of, reading.problem)


def _mark_failures(
    rows: dict[str, DocumentRow], workspaces: Mapping[int, Workspace], failures: Mapping[str, Mapping[int, Trouble]]
) -> None:
    """Marks what failed to be put into a workspace where it still is not."""
    for row in [row for row in rows.values() if row.key in failures] if failures else ():
        for workspace_id, trouble in failures[row.key].items():
            workspace = workspaces.get(workspace_id)
            if workspace and workspace_id not in {some.id for some in row.used_in}:
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
    origin = Origin(Source(coming.source), coming.created_at, batch.actor.username, batch.actor == operator)
    name, type = coming.name, type_of(coming.name)
    return [DocumentRow("", "", name, type, state=state, problem=problem, job_id=item.job_id, origin=origin)]


def rows(operator: Operator, *, sort: str = "", **criteria: str) -> Reading[Rows]:
    """The documents that fit `matching`, in the order of `ordered`. Raises ApiError."""
    reading = everything(operator)
    found = matching(reading.value, **criteria)
    return Reading(Rows(operator, ordered(found, sort)), reading.as_of, reading.problem)


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
    words = folded(q).split()
    return [
        row
        for row in found
        if (not folder or row.folder == folder)
        and (not state or row.state == state)
        and (not used or bool(row.used_in) == (used == "yes"))
        and (not workspace or any(some.slug == workspace for some in row.used_in))
        and (not type or row.type == type)
        and all(word in folded(row.title) or word in folded(row.path) for word in words)
    ]


def ordered(found: Sequence[DocumentRow], sort: str = "") -> list[DocumentRow]:
    """By title, type, words, tokens, source, added, used, pinned or state, "-" before it: downwards; titles break ties."""
    column, down = sort.removeprefix("-"), sort.startswith("-")
    field = {"source": "source", "added": "added_at"}.get(column)
    # Of what was added here: no more than this, because the whole origin of each takes twice as long.
    here: dict[str, Any] = dict(Stored.objects.order_by().values_list("path", field)) if field else {}
    keys: dict[str, Callable[[DocumentRow], Any]] = {
        "type": lambda row: row.type,
        "words": lambda row: row.words or 0,
        "tokens": lambda row: row.tokens or 0,
        "source": lambda row: here.get(row.path) or _elsewhere(row).source or "",
        "added": lambda row: here.get(row.path) or _elsewhere(row).added_at or LONG_AGO,
        "used": lambda row: len(row.used_in),
        "pinned": lambda row: len(row.pinned_in),
        "state": lambda row: STATES.index(row.state),
    }
    by_title = sorted(found, key=lambda row: natural(row.title), reverse=down and column == "title")
    return sorted(by_title, key=keys[column], reverse=down) if column in keys else by_title


LONG_AGO = datetime.min.replace(tzinfo=UTC)
STATES = list(State)


def facets(operator: Operator) -> Reading[Facets]:
    """Raises ApiError."""
    reading = _seen(operator)
    rows = [row for row in reading.value.values() if row.document]
    used = {workspace.id: workspace for row in reading.value.values() for workspace in row.used_in}
    found = Facets(
        sorted({row.type for row in rows} - {""}),
        sorted({row.folder for row in rows}, key=_folder_order),
        sorted(used.values(), key=lambda workspace: natural(workspace.name)),
    )
    return Reading(found, reading.as_of, reading.problem)


def folders(operator: Operator) -> Reading[list[FolderRow]]:
    """The instance's own one first, then by name. Who looks after some workspaces only sees those with something in them. Raises ApiError."""
    reading = _seen(operator)
    counts = Counter(row.folder for row in reading.value.values() if row.document)
    names = set(counts) if scope(operator) is not None else {folder.name for folder in instance.library().value}
    found = [FolderRow(name, counts[name], name == PROTECTED_FOLDER) for name in sorted(names, key=_folder_order)]
    return Reading(found, reading.as_of, reading.problem)


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
    (row,) = _with_origins(operator, [row])
    embedded = instance.workspace_documents().value
    places = tuple(
        Place(workspace, found.pinned, found.watched, found.created_at)
        for workspace in row.used_in
        for found in {found.path: found for found in embedded.get(workspace.id, ())}.values()
        if found.path == path
    )
    size = Stored.objects.filter(path=path).values_list("size", flat=True).first()
    erasable = allows(operator, Action.ERASE_DOCUMENTS) and not erase_refusal(
        operator, own=row.origin.own, elsewhere=row.elsewhere
    )
    return Reading(Detail(row, places, size or None, erasable), reading.as_of, reading.problem)


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
    found = [row for row in everything(operator, max_age).certain() if row.path in wanted]
    return _with_origins(operator, found)


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
        InWorkspace(some.path, titles.shown(some.title), *_lengths(some), some.pinned, some.watched, some.created_at)
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
