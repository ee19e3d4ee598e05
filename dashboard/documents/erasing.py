"""Erasing documents everywhere: the source, the vectors, and out of every workspace. The instance calls it success whatever happens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.anythingllm import NotApplied, Workspace
from dashboard.audit.models import Outcome
from dashboard.audit.services import recording
from dashboard.documents import embedding, library
from dashboard.documents.models import Stored
from dashboard.documents.paths import key_of
from dashboard.documents.presence import is_there
from dashboard.errors import Declined, Words
from dashboard.jobs import services as workshop
from dashboard.jobs.models import Job
from dashboard.jobs.services import NewItem
from dashboard.order import natural
from dashboard.permissions import scope
from dashboard.said import gettext_lazy as _
from dashboard.said import ngettext

NOT_ERASED = _("AnythingLLM reported success, but the document is still in the library.")
STILL_LISTED = _(
    "Its file is erased, but it is still listed in %(workspaces)s: AnythingLLM's database may have been busy. Erase it once more."
)


@dataclass(frozen=True, slots=True)
class Doomed:
    """A document to be erased, and the operator's workspaces that it goes from. `refused`: why this operator may not erase it."""

    path: str
    title: str
    used_in: tuple[Workspace, ...]
    refused: Words = ""


def stage_erase(operator: Operator, paths: Collection[str]) -> list[Doomed]:
    """What erasing these comes to, as it is now, by title. What the operator may not see is left out. Raises ApiError."""
    found = [
        Doomed(
            row.path,
            row.title,
            row.used_in,
            library.erase_refusal(operator, own=row.origin.own, elsewhere=row.elsewhere),
        )
        for row in library.of_paths(operator, paths)
    ]
    return sorted(found, key=lambda doomed: natural(doomed.title))


def erase(*, actor: Operator, paths: Collection[str]) -> Job:
    """Starts erasing those that the actor may erase. Raises Declined when there are none; ApiError."""
    items = [item_of(doomed) for doomed in stage_erase(actor, paths) if not doomed.refused]
    if not items:
        raise Declined(_("There is nothing to erase: the documents are gone already, or are not yours to erase."))
    title = ngettext("Erase %(n)d document", "Erase %(n)d documents", len(items)) % {"n": len(items)}
    return workshop.start(actor, kind="documents.erase", title=title, items=items)


def item_of(doomed: Doomed) -> NewItem:
    return NewItem(key_of(doomed.path), doomed.title, {"path": doomed.path, "title": doomed.title})


def erase_one(*, actor: Operator, path: str, title: str) -> bool:
    """Erases one document and reads back that it is gone from the library and from every workspace. False: it was gone before.

    Trying again does no harm. Raises Declined when the actor may not, or when something of it is left; ApiError.
    """
    limited = scope(actor) is not None
    holders = _holders(path, max_age=0 if limited else embedding.RECENT)
    if limited:
        own = Stored.objects.filter(path=path, added_by=actor).exists()
        elsewhere = any(workspace.id not in (scope(actor) or ()) for workspace in holders)
        refused = library.erase_refusal(actor, own=own, elsewhere=elsewhere)
        if refused:
            raise Declined(refused)
    if not holders and not is_there(path):
        _forget(path)
        return False
    before = {"path": path, "workspaces": [workspace.name for workspace in holders]}
    why = ""
    try:
        with recording(actor, "document.erased", target=("document", key_of(path), title), before=before) as entry:
            try:
                instance.settled(
                    lambda: instance.connect().documents.delete(path), lambda: not _left(path, holders) or None
                )
            except NotApplied:
                why = entry.detail = str(_left(path, holders))
                entry.outcome = Outcome.FAILED
    finally:
        instance.forget("library")
        instance.forget_documents(*(workspace.id for workspace in holders))
    if why:
        raise Declined(why)
    _forget(path)
    return True


def erased(path: str) -> bool:
    """Whether nothing of it is left, asked of the instance. Raises ApiError."""
    return not _left(path, _holders(path, max_age=embedding.RECENT))


def _left(path: str, holders: Collection[Workspace]) -> Words:
    """What is left of it, empty when nothing is."""
    if is_there(path):
        return NOT_ERASED
    listed = [workspace.name for workspace in holders if embedding.lists(workspace, path)]
    return STILL_LISTED % {"workspaces": ", ".join(listed)} if listed else ""


def _holders(path: str, max_age: float) -> list[Workspace]:
    """All workspaces of the instance that have the document."""
    embedded = instance.workspace_documents(max_age).certain()
    workspaces = instance.workspaces().value
    return [w for w in workspaces if any(document.path == path for document in embedded.get(w.id, ()))]


def _forget(path: str) -> None:
    Stored.objects.filter(path=path).delete()
