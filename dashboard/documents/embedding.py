"""Putting documents into workspaces and taking them out, pinning, and what a question would find.

The instance embeds twice what it has already, hides every failure, and takes minutes: so one document a call, under leases, what
is there already is left out, and what came of it is read back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.db import models

from dashboard import instance, locks, sight, titles
from dashboard.accounts.models import Operator
from dashboard.anythingllm import NotApplied, NotFound, ServerError, Workspace, WorkspaceDocument
from dashboard.audit.models import Outcome
from dashboard.audit.services import Entry, recording
from dashboard.documents import library
from dashboard.documents.models import Stored
from dashboard.documents.paths import key_of, pair_key
from dashboard.documents.presence import is_there
from dashboard.errors import Declined, Words
from dashboard.jobs import services as workshop
from dashboard.jobs.models import Job
from dashboard.jobs.services import NewItem
from dashboard.order import natural
from dashboard.permissions import scope
from dashboard.said import gettext, ngettext
from dashboard.said import gettext_lazy as _

LARGE = 50_000  # tokens from which on embedding takes long
PATIENCE = 10.0  # seconds to wait while the workspace embeds something else
RECENT = 10.0  # seconds for which a reading is good enough to begin with; what is done is read back

NOT_EMBEDDED = _(
    "AnythingLLM did not embed it, and does not say why: its embedder may not answer or not take this text. Its log tells."
)
GONE = _("The document is not in the library any more.")
NO_WORKSPACE = _("This workspace is not there any more, or you do not look after it.")


class Standing(models.TextChoices):
    NEW = "new", _("Not there yet")
    THERE = "there", _("There")
    GONE = "gone", _("Not in the library any more")


@dataclass(frozen=True, slots=True)
class Pair:
    """A document and a workspace. `failed` is why it lately could not be put there."""

    path: str
    title: str
    words: int | None
    tokens: int | None
    workspace: Workspace
    standing: Standing
    failed: str = ""

    @property
    def large(self) -> bool:
        return (self.tokens or 0) >= LARGE


# --- Before ------------------------------------------------------------------------------------------------------------
def stage_embed(operator: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> list[Pair]:
    """What putting these documents into these workspaces comes to, as it is now, by workspace and title.

    What the operator may not see or does not look after is left out. Raises ApiError.
    """
    wanted, failures = set(workspace_ids), library.embed_failures(operator)
    workspaces = [workspace for workspace in sight.workspaces(operator).certain() if workspace.id in wanted]
    found = []
    for row in library.of_paths(operator, paths):
        there = {workspace.id for workspace in row.used_in}
        for workspace in workspaces:
            missing = Standing.GONE if row.state == library.State.MISSING else Standing.NEW
            standing = Standing.THERE if workspace.id in there else missing
            trouble = failures.get(row.key, {}).get(workspace.id) if standing == Standing.NEW else None
            why = trouble.why if trouble else ""
            found.append(Pair(row.path, row.title, row.words, row.tokens, workspace, standing, why))
    return sorted(found, key=lambda pair: (natural(pair.workspace.name), pair.workspace.id, natural(pair.title)))


def stage_remove(
    operator: Operator, paths: Collection[str], workspace_ids: Collection[int] | None = None
) -> list[Pair]:
    """The workspaces that these documents are in (None: of all that the operator looks after), as it is now, by workspace and title.

    Raises ApiError.
    """
    found = [
        Pair(row.path, row.title, row.words, row.tokens, workspace, Standing.THERE)
        for row in library.of_paths(operator, paths)
        for workspace in row.used_in
        if workspace_ids is None or workspace.id in workspace_ids
    ]
    return sorted(found, key=lambda pair: (natural(pair.workspace.name), pair.workspace.id, natural(pair.title)))


# --- Many: jobs --------------------------------------------------------------------------------------------------------
def embed(*, actor: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> Job:
    """Starts putting in what is not there yet, one workspace after the other. Raises Declined when that is nothing; ApiError."""
    pairs = [pair for pair in stage_embed(actor, paths, workspace_ids) if pair.standing == Standing.NEW]
    if not pairs:
        raise Declined(_("There is nothing to put in: the documents are there already, or are gone."))
    return workshop.start(actor, kind="documents.embed", title=_title(pairs, put_in=True), items=map(_item, pairs))


def remove(*, actor: Operator, paths: Collection[str], workspace_ids: Collection[int]) -> Job:
    """Starts taking documents out of workspaces; they stay in the library. Raises Declined when they are in none; ApiError."""
    pairs = stage_remove(actor, paths, workspace_ids)
    if not pairs:
        raise Declined(_("These documents are in none of these workspaces any more."))
    return workshop.start(actor, kind="documents.remove", title=_title(pairs, put_in=False), items=map(_item, pairs))


def _item(pair: Pair) -> NewItem:
    payload = {"path": pair.path, "title": pair.title, "workspace_id": pair.workspace.id}
    return NewItem(pair_key(pair.workspace.id, pair.path), f"{pair.title} – {pair.workspace.name}", payload)


def _title(pairs: list[Pair], *, put_in: bool) -> str:
    n, names = len({pair.path for pair in pairs}), list(dict.fromkeys(pair.workspace.name for pair in pairs))
    documents = ngettext("%(n)d document", "%(n)d documents", n) % {"n": n}
    place = names[0] if len(names) == 1 else gettext("%(n)d workspaces") % {"n": len(names)}
    words = gettext("Put %(documents)s into %(place)s") if put_in else gettext("Take %(documents)s out of %(place)s")
    return words % {"documents": documents, "place": place}


# --- One ---------------------------------------------------------------------------------------------------------------
def put(*, actor: Operator, workspace_id: int, path: str, title: str) -> bool:
    """Embeds one document in one workspace and reads it back. False: it was there already. Takes up to minutes.

    Trying again does no harm. Raises Declined when the instance hid a failure, when workspace or document are gone, or are none of the
    actor's; Busy; ApiError.
    """
    one_at_a_time = locks.held(f"documents:{workspace_id}", wait=PATIENCE)
    # Also after our death the instance goes on with it, and would do it once more.
    under_way = locks.held(f"embed:{pair_key(workspace_id, path)}", wait=0, lasts=locks.LONG_LEASE)
    with _changing(actor, workspace_id, path) as workspace, one_at_a_time:
        present = {document.path for document in _documents(workspace)}
        if path in present:
            return False
        client = instance.connect().workspaces

        def write() -> bool | None:
            try:
                client.add_documents(workspace.slug, [path], present=present)
            except NotApplied:
                return None  # whether that is so is read back
            return True

        why = ""
        with under_way, _recording(actor, "document.embedded", workspace, path, title) as entry:
            try:
                instance.settled(write, lambda: lists(workspace, path) or None)
            except NotApplied:
                why = entry.detail = str(_why_not_embedded(path))
                entry.outcome = Outcome.FAILED
        if why:
            raise Declined(why)
        return True


def take_out(*, actor: Operator, workspace_id: int, path: str, title: str) -> bool:
    """Takes one document out of one workspace and reads that back; it stays in the library. False: it was not there.

    Raises NotApplied when the instance hid a failure, else as `put`.
    """
    with _changing(actor, workspace_id, path) as workspace:
        times = sum(document.path == path for document in _documents(workspace))
        if not times:
            return False
        client = instance.connect().workspaces

        def write() -> None:
            with suppress(NotApplied):  # whether that is so is read back
                client.remove_document(workspace.slug, path)

        with _recording(actor, "document.removed", workspace, path, title):
            for _once in range(times - 1):  # what was embedded twice has to be taken out twice
                write()
            instance.settled(write, lambda: not lists(workspace, path) or None)
        return True


def holds(*, actor: Operator, workspace_id: int, path: str) -> bool:
    """Whether the workspace has the document now, asked of the instance. Raises Declined when it is none of the actor's; ApiError."""
    return lists(_workspace(actor, workspace_id), path)


def pin(*, actor: Operator, workspace_id: int, path: str, pinned: bool) -> WorkspaceDocument:
    """Puts the whole document into every question's context, or no more, and gives it as read back.

    Raises NotApplied when the instance did not do it, Declined when the document is not there; ApiError.
    """
    with _changing(actor, workspace_id, path) as workspace:
        document = next((some for some in _documents(workspace) if some.path == path), None)
        if document is None:
            raise Declined(_("This document is not in the workspace any more. Load the page again."))
        action = "document.pinned" if pinned else "document.unpinned"
        with _recording(actor, action, workspace, path, titles.shown(document.title)):
            return instance.settled(
                lambda: instance.connect().workspaces.pin(workspace.slug, path, pinned),
                lambda: next((d for d in _documents(workspace) if d.path == path and d.pinned == pinned), None),
            )


@contextmanager
def _changing(actor: Operator, workspace_id: int, path: str) -> Iterator[Workspace]:
    """The workspace, whose documents are read again afterwards. Raises Declined when it, or the document, is none of the actor's."""
    workspace = _workspace(actor, workspace_id)
    if scope(actor) is not None and not _is_theirs(actor, path):
        raise Declined(GONE)
    try:
        yield workspace
    finally:
        instance.forget_documents(workspace_id)


def _workspace(actor: Operator, workspace_id: int) -> Workspace:
    for workspace in sight.workspaces(actor, RECENT).certain():
        if workspace.id == workspace_id:
            return workspace
    raise Declined(NO_WORKSPACE)


def _is_theirs(actor: Operator, path: str) -> bool:
    """Whether someone who looks after some workspaces only has added the document, or has it in one of these."""
    if Stored.objects.filter(path=path, added_by=actor).exists():
        return True
    mine, embedded = scope(actor) or (), instance.workspace_documents(RECENT).certain()
    return any(document.path == path for workspace_id in mine for document in embedded.get(workspace_id, ()))


def _documents(workspace: Workspace) -> tuple[WorkspaceDocument, ...]:
    """Those of the workspace, as they are now. Raises Declined when it is gone."""
    try:
        return instance.connect().workspaces.get_documents(workspace.slug)
    except NotFound:
        instance.users(max_age=0).certain()  # also not found while the database is busy, and then this read fails
        raise Declined(NO_WORKSPACE) from None


def lists(workspace: Workspace, path: str) -> bool:
    """Whether the workspace has the document now. Raises Declined when the workspace is gone; ApiError."""
    return any(document.path == path for document in _documents(workspace))


@contextmanager
def _recording(actor: Operator, action: str, workspace: Workspace, path: str, title: str) -> Iterator[Entry]:
    after = {"workspace": workspace.name, "workspace_id": workspace.id}
    with recording(actor, action, target=("document", key_of(path), title), after=after) as entry:
        yield entry


def _why_not_embedded(path: str) -> Words:
    return NOT_EMBEDDED if is_there(path) else GONE


# --- What a question would find ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a question finds; `score` is between 0 and 1. `passage` is text of a document, never to be trusted as HTML."""

    title: str
    passage: str
    score: float


def search_vectors(
    workspace: Workspace, query: str, *, top_n: int | None = None, threshold: float | None = None
) -> list[Hit]:
    """What a question would find, best first, without asking a model. None: as the workspace is set.

    Whether the operator may see the workspace is the caller's to ask. Raises Declined when the embedder fails; ApiError.
    """
    client = instance.connect().workspaces
    try:
        hits = client.vector_search(workspace.slug, query, top_n=top_n, score_threshold=threshold)
    except ServerError as error:
        if error.status_code != 500:
            raise
        # The embedder's own words come as plain text.
        raise Declined(
            _(
                "AnythingLLM could not search: its embedder does not answer, or failed. Its settings and its log tell more."
            )
        ) from None
    return [Hit(titles.shown(str(hit.metadata.get("title") or "")), _passage(hit.text), hit.score) for hit in hits]


def _passage(text: str) -> str:
    """Without the block that the instance puts before every passage."""
    return text.partition("</document_metadata>")[2].strip() or text.strip()
