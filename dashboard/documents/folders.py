"""Folders of the library, and moving documents between them.

The instance moves nothing that is embedded, and says success; of a list it moves what it can and says failure; a folder that it does not
remove it calls removed. So everything is told from what is read back.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from django.db import transaction

from dashboard import instance, titles
from dashboard.accounts.models import Operator
from dashboard.anythingllm import (
    ApiError,
    Document,
    NotApplied,
    Refused,
    Unconfirmed,
    Workspace,
)
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.audit.models import Outcome
from dashboard.audit.services import recording
from dashboard.documents import erasing, library
from dashboard.documents.embedding import GONE, RECENT
from dashboard.documents.library import DocumentRow, State
from dashboard.documents.models import Incoming, Stored
from dashboard.documents.paths import is_folder_name, is_unique, moved_to
from dashboard.documents.presence import in_folder
from dashboard.errors import Declined, Words
from dashboard.instance import Reading
from dashboard.jobs import services as workshop
from dashboard.jobs.models import Job
from dashboard.jobs.services import NewItem
from dashboard.order import natural
from dashboard.permissions import Action, allows
from dashboard.said import gettext, ngettext
from dashboard.said import gettext_lazy as _

LONGEST = 100  # letters of a folder's name

IN_USE = _("It is in a workspace, and AnythingLLM moves only what is in none. Take it out first.")
NOT_MOVED = _("AnythingLLM did not move it.")
TAKEN = _("Another document of this name is in that folder already.")
NO_FOLDER = _("There is no such folder any more. Load the page again.")
LOST = _("They were in that folder before: somebody may have erased or moved them at the same time.")
CHANGED = _("Another number of documents is in it now. Look again, and confirm again.")
PROTECTED = _("This folder is AnythingLLM's own and always stays.")


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of moving one document: where it is now. With a `problem` it is where it was."""

    path: str
    title: str
    problem: Words = ""
    beside: bool = False  # it was not to be moved, and is what the folder lost meanwhile


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a folder, and the workspaces that use something of it, by name."""

    documents: int
    workspaces: list[Workspace]


# --- Moving ------------------------------------------------------------------------------------------------------------
def move(*, actor: Operator, paths: Collection[str], folder: str) -> list[Moved]:
    """Moves documents into another folder, and tells for each, by title, what was read back.

    What the actor may not see is left out. Raises Declined when there is no such folder; ApiError.
    """
    found = sorted(library.of_paths(actor, paths), key=lambda row: natural(row.title))
    _demand(folder)
    rows = [row for row in found if row.folder != folder]
    with ExitStack() as ledger:
        entries = {
            row.path: ledger.enter_context(
                recording(
                    actor,
                    "document.moved",
                    target=("document", row.key, row.title),
                    before={"folder": row.folder},
                    after={"folder": folder},
                )
            )
            for row in rows
        }
        moved = _moved(rows, folder)
        for row, outcome in zip(rows, moved, strict=False):  # after them comes what was lost beside
            if outcome.problem:
                entries[row.path].outcome, entries[row.path].detail = Outcome.FAILED, str(outcome.problem)
    return moved + [Moved(row.path, row.title) for row in found if row.folder == folder]


def stage_move(operator: Operator, paths: Collection[str]) -> tuple[list[DocumentRow], list[DocumentRow]]:
    """Those that can be moved, and those that stay where they are because a workspace uses them, by title. What the operator may not see
    is left out. Raises ApiError.
    """
    rows = sorted(library.of_paths(operator, paths), key=lambda row: natural(row.title))
    return [row for row in rows if _movable(row)], [row for row in rows if not _movable(row)]


def _moved(rows: list[DocumentRow], folder: str) -> list[Moved]:
    """Moves what can be moved. Raises ApiError when certainly nothing was, or when it cannot be read back."""
    # Left to the instance, an embedded document would be moved from under its workspaces while its database is busy, and over another one.
    before = _here(folder)
    targets = {row.path: moved_to(row.path, folder) for row in rows if _movable(row)}
    lost = _ask({old: new for old, new in targets.items() if new not in before})
    try:
        there = {name: _here(name) for name in {folder, *(row.folder for row in rows)}}
    except ApiError as problem:
        raise lost or Unconfirmed("What was moved could not be read back.") from problem
    moved = {old: new for old, new in targets.items() if new in there[folder] and new not in before}
    if lost and not moved:
        raise lost  # it may still be at it
    _follow(moved)
    told = [_told(row, targets.get(row.path, ""), before, there[folder] | there[row.folder]) for row in rows]
    return told + [
        Moved(path, titles.shown(document.title), LOST, beside=True) for path, document in _lost(before, there[folder])
    ]


def place(paths: Collection[str], folder: str) -> dict[str, str]:
    """Moves what was just added, and is in no workspace yet, to the folder that it is for. Gives the title, by path, of what is not in
    that folder any more, or not as it was before.

    Trying again does no harm. Raises Declined when not all of it is there afterwards; ApiError.
    """
    targets = {path: moved_to(path, folder) for path in paths}
    # What has a name of its own lands on nothing, and moving it once more is refused: for that the folder, of which the instance opens
    # every file, is read once.
    before = {} if all(map(is_unique, paths)) else _chosen(folder)
    lost = _ask({old: new for old, new in targets.items() if new not in before})
    after = _chosen(folder)
    moved = {old: new for old, new in targets.items() if new in after}
    _follow(moved)
    if len(moved) < len(targets):
        raise lost or Declined(NOT_MOVED)
    return {path: titles.shown(document.title) for path, document in _lost(before, after)}


def _chosen(folder: str) -> dict[str, Document]:
    """What is in the folder that something was added for, by path. Raises Declined when it is gone; the instance's own is made again."""
    documents = in_folder(folder)
    if documents is None and folder != PROTECTED_FOLDER:
        words = _("It is in the library, but there is no folder %(name)s any more. Make it again, then retry.")
        raise Declined(words % {"name": folder})
    if documents is None:
        _make(folder)  # it is not there before the first upload
    return _by_path(documents)


def _ask(moves: dict[str, str]) -> ApiError | None:
    """Asks the instance to move; what came of it has to be read back. Gives the error when its answer got lost; raises those which say that
    nothing was done.
    """
    if not moves:
        return None
    try:
        instance.connect().documents.move(moves)
    except (NotApplied, Refused):
        pass  # of some: which, is read back
    except ApiError as error:
        if not error.outcome_unknown:
            raise
        return error
    finally:
        instance.forget("library")
    return None


def _lost(before: dict[str, Document], after: dict[str, Document]) -> list[tuple[str, Document]]:
    """What was in a folder before something was moved into it, and is not there any more, or is another document now."""
    return [(path, was) for path, was in before.items() if path not in after or after[path].id != was.id]


def _movable(row: DocumentRow) -> bool:
    return not row.used_in and not row.elsewhere and row.state != State.MISSING


def _told(row: DocumentRow, target: str, before: Collection[str], there: Collection[str]) -> Moved:
    if target in there and target not in before:
        return Moved(target, row.title)
    if row.path not in there:
        return Moved(row.path, row.title, GONE)
    if target in before:
        return Moved(row.path, row.title, TAKEN)
    return Moved(row.path, row.title, NOT_MOVED if _movable(row) else IN_USE)


def _follow(moves: dict[str, str]) -> None:
    """What Foyer knows of these documents goes with them."""
    with transaction.atomic():
        known = list(Stored.objects.filter(path__in=moves))
        # What was known of a document that lay there before says nothing of this one.
        Stored.objects.filter(path__in=[moves[stored.path] for stored in known]).delete()
        for stored in known:
            stored.path = moves[stored.path]
            stored.save(update_fields=["path"])
    for coming in Incoming.objects.filter(ended_at=None).exclude(paths=[], replaces=[]):
        paths, replaces = ([moves.get(path, path) for path in some] for some in (coming.paths, coming.replaces))
        if (paths, replaces) != (coming.paths, coming.replaces):
            Incoming.objects.filter(pk=coming.pk).update(paths=paths, replaces=replaces)


# --- Folders -----------------------------------------------------------------------------------------------------------
def make(*, actor: Operator, name: str) -> None:
    """A new folder. Raises Declined for a name that is taken or that the instance would bend; ApiError."""
    _demand_plain(name)
    with recording(actor, "folder.made", target=("folder", "", name)):
        _make(name)


def rename(*, actor: Operator, name: str, new_name: str) -> list[Moved]:
    """Makes the new folder, moves everything, and removes the old one when nothing is left in it; tells for each document, by title.

    The instance cannot rename. What is embedded stays in the old folder, which then stays too. Raises Declined when nothing of it can
    move, else as `make`.
    """
    _demand_plain(new_name)
    if name == PROTECTED_FOLDER:
        raise Declined(PROTECTED)
    _demand(name)
    rows = _rows_in(actor, name)
    if rows and not any(map(_movable, rows)):
        raise Declined(_("Everything in it is in a workspace, and AnythingLLM moves only what is in none."))
    before, after = {"name": name}, {"name": new_name, "documents": len(rows)}
    with recording(actor, "folder.renamed", target=("folder", "", name), before=before, after=after) as entry:
        _make(new_name)
        moved = _moved(rows, new_name) if rows else []
        staying = sum(bool(outcome.problem) for outcome in moved)
        if staying:
            words = ngettext(
                "%(n)d document stays in the old folder.", "%(n)d documents stay in the old folder.", staying
            )
            entry.outcome, entry.detail = Outcome.FAILED, words % {"n": staying}
        else:
            _remove_empty(name)
    return moved


def contents(name: str) -> Reading[Contents]:
    """For the question before a folder is removed. Raises ApiError."""
    shelf, embedded = instance.library(), instance.workspace_documents()
    paths = {document.path for folder in shelf.value if folder.name == name for document in folder.documents}
    used = [w for w in instance.workspaces().value if any(d.path in paths for d in embedded.value.get(w.id, ()))]
    found = Contents(len(paths), sorted(used, key=lambda workspace: natural(workspace.name)))
    return Reading(found, min(shelf.as_of, embedded.as_of), shelf.problem or embedded.problem)


def remove(*, actor: Operator, name: str, shown: int | None = None) -> Job | None:
    """Removes an empty folder at once, and gives None; else starts a job that erases its documents one by one and then the folder.

    `shown`: how many documents the actor has seen in it. Raises Declined when that is not so now, and for the instance's own folder;
    ApiError.
    """
    if name == PROTECTED_FOLDER:
        raise Declined(PROTECTED)
    _demand(name)
    rows = _rows_in(actor, name)
    if shown is not None and len(rows) != shown:
        raise Declined(CHANGED)
    if not rows:
        remove_empty(actor=actor, name=name)
        return None
    doomed = erasing.stage_erase(actor, [row.path for row in rows])
    last = NewItem("folder", gettext("The folder %(name)s") % {"name": name}, {"folder": name})
    title = gettext("Erase the folder %(name)s") % {"name": name}
    return workshop.start(actor, kind="documents.erase", title=title, items=[*map(erasing.item_of, doomed), last])


def remove_empty(*, actor: Operator, name: str) -> bool:
    """Removes a folder in which nothing is left. False: it was gone before. Raises Declined when something is; ApiError."""
    if not allows(actor, Action.MANAGE_FOLDERS):
        raise Declined(_("Your role does not include this any more."))
    if not exists(name):
        return False
    with recording(actor, "folder.removed", target=("folder", "", name)):
        _remove_empty(name)
    return True


def _rows_in(actor: Operator, name: str) -> list[DocumentRow]:
    instance.forget("library")
    found = library.everything(actor, RECENT).certain()
    return sorted(
        (row for row in found if row.path and row.folder == name and row.state != State.MISSING),
        key=lambda row: natural(row.title),
    )


def _make(name: str) -> None:
    if exists(name):
        raise Declined(_("There is a folder of this name already."))

    def write() -> None:
        instance.connect().documents.create_folder(name)

    try:
        instance.settled(write, lambda: exists(name) or None)
    finally:
        instance.forget("library")


def _remove_empty(name: str) -> None:
    """The instance would erase what is in it, so what may be in it is read right before."""
    left = len(_here(name))
    if left:
        words = ngettext(
            "%(n)d document is still in it, so it stays.", "%(n)d documents are still in it, so it stays.", left
        )
        raise Declined(words % {"n": left})
    try:
        instance.settled(lambda: instance.connect().documents.delete_folder(name), lambda: not exists(name) or None)
    finally:
        instance.forget("library")


def clear_away(name: str) -> None:
    """Removes a folder that was made by the way, unless something is in it."""
    with suppress(Declined, NotApplied):
        _remove_empty(name)


def exists(name: str) -> bool:
    """Asked of the instance. Raises ApiError."""
    return in_folder(name) is not None


def _demand(name: str) -> None:
    if not is_folder_name(name) or not exists(name):
        raise Declined(NO_FOLDER)


def _here(name: str) -> dict[str, Document]:
    """What is in the folder now, by path. Raises ApiError."""
    return _by_path(in_folder(name))


def _by_path(documents: Collection[Document] | None) -> dict[str, Document]:
    return {document.path: document for document in documents or () if document.path}


def _demand_plain(name: str) -> None:
    """The instance would make another folder of such a name, or one that it never lists."""
    odd = name.startswith(".") or name.endswith(".md") or not name.isprintable() or set(name) & set('<>:"|?*')
    if not is_folder_name(name) or odd or len(name) > LONGEST:
        raise Declined(
            _(
                "The name of a folder has at most 100 letters, none of these: %(odd)s, no dot at its beginning and no .md at its end."
            )
            % {"odd": '/ \\ < > : " | ? *'}
        )
