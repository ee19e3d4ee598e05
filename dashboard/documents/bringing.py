"""What a worker does with something on its way: into the library, into its workspaces, and out with what it replaces.

Every step is written down when it is done, and begins by looking whether it was done already: a worker that is killed anywhere leaves
something to go on with, and nothing is there twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.text import get_text_list

from dashboard import instance, locks, titles
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Document, NotApplied, Refused
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.audit.services import recording
from dashboard.documents import embedding, erasing, folders, library, reader, versions
from dashboard.documents.models import Batch, Duplicates, Incoming, Source, Stored
from dashboard.documents.paths import folder_of, key_of, moved_to
from dashboard.documents.presence import is_there
from dashboard.documents.sending import became, host_of, is_box, send
from dashboard.errors import Declined
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, JobItem
from dashboard.jobs.services import tell
from dashboard.locks import Busy
from dashboard.permissions import Action, allows, scope
from dashboard.said import gettext as _
from dashboard.said import joined

FEWEST_WORDS = 20  # of a page that is kept without asking
SHORT_PAGE = 150  # words; a shorter one that begins like an error is taken for one
_ERROR = re.compile(
    r"\b(40[134]|429|50[0234])\b|not found|forbidden|access denied|unauthorized|just a moment|captcha", re.IGNORECASE
)


def bring(item: JobItem, actor: Operator) -> Result:
    """Takes up what the item's key names, an Incoming, where it was left. Raises ApiError and Declined; what was done before stays."""
    incoming = Incoming.objects.select_related("batch").get(pk=item.key)
    result = _Bringing(incoming, incoming.batch, item, actor).go()
    incoming.ended_at = timezone.now()
    incoming.save(update_fields=["ended_at"])
    incoming.staged.unlink(missing_ok=True)
    return result


@dataclass(slots=True)
class _Bringing:
    incoming: Incoming
    batch: Batch
    item: JobItem
    actor: Operator
    lost: list[str] = field(default_factory=list)  # titles of what is not in its folder any more

    def go(self) -> Result:
        incoming, workspace_ids = self.incoming, dict.fromkeys(self.batch.workspace_ids)
        twin: list[Stored] = []
        doomed: list[erasing.Doomed] = []
        with self._one_at_a_time():
            if not incoming.paths and not (incoming.asked_at and became(incoming)):
                twin = self._twin()
                incoming.replaces = self._older(twin)
            # The same content is known already, whatever was chosen; behind an address there may be a new one.
            is_used = bool(twin) and not (
                self.batch.duplicates == Duplicates.REPLACE and incoming.source == Source.LINK
            )
            if not is_used:
                doomed = self._doomed()
                if not incoming.paths:
                    self._bring()
        if is_used:
            self._put(twin, workspace_ids)
            where = {"title": twin[0].title, "folder": folder_of(twin[0].path)}
            return Result(ItemState.SKIPPED, _("There already, as %(title)s in %(folder)s") % where)
        documents = self._in_its_folder()
        workspace_ids |= dict.fromkeys(workspace.id for old in doomed for workspace in old.used_in)
        names = self._put(documents, workspace_ids)
        names += self._replace(documents, workspace_ids)
        ready = _("Ready in %(workspaces)s") % {"workspaces": get_text_list(names, _("and"))}
        words = [ready if names else _("In the library")]
        if doomed:
            old = {"title": doomed[0].title, "folder": folder_of(doomed[0].path)}
            words.append(_("It replaces %(title)s in %(folder)s") % old)
        if self.lost:
            lost = {"titles": get_text_list(self.lost, _("and")), "folder": self.batch.folder}
            words.append(_("Not in %(folder)s any more, as somebody may have erased it: %(titles)s") % lost)
        return Result(ItemState.DONE, ". ".join(words))

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Two of one content would both find none there yet, as would two versions; and of two pages of one host nobody could tell whose
        answer got lost.
        """
        incoming = self.incoming
        keys = [f"incoming:{(incoming.sha256 or host_of(incoming))[:80]}"]
        if self.batch.duplicates == Duplicates.REPLACE:
            keys.append(f"version:{hashlib.sha256(incoming.name.encode()).hexdigest()}")
        with ExitStack() as held:
            for key in keys:
                held.enter_context(
                    locks.held(key, wait=embedding.PATIENCE, lasts=locks.LONG_LEASE, holder=incoming.token)
                )
            yield

    def _twin(self) -> list[Stored]:
        """What the newest upload of the same content, or page of the same address, has become, if all of it is still there for the
        actor to see.
        """
        incoming = self.incoming
        if self.batch.duplicates == Duplicates.KEEP:
            return []
        same = {"address": incoming.name} if incoming.source == Source.LINK else {"sha256": incoming.sha256}
        uploads: dict[str, list[Stored]] = {}
        for stored in Stored.objects.filter(**same).order_by("-pk"):
            uploads.setdefault(stored.upload, []).insert(0, stored)
        return next((documents for documents in uploads.values() if all(map(self._sees, documents))), [])

    def _older(self, twin: list[Stored]) -> list[str]:
        """What is to go when the new one is in its place: as it was shown before. Raises Declined when that cannot be told for certain."""
        incoming, batch = self.incoming, self.batch
        if batch.duplicates != Duplicates.REPLACE:
            return []
        is_page = incoming.source == Source.LINK
        if twin and not is_page:
            return []
        # Of two files of one name in a batch, neither replaces the other.
        own, name = set(batch.incoming.values_list("token", flat=True)), incoming.name
        found = versions.older(self.actor, [name], batch.folder, leave=own, pages=is_page).get(name)
        if found is None:
            return []
        if found.refused:
            raise Declined(found.refused)
        if batch.replaces is not None and not set(found.paths) <= set(batch.replaces.get(incoming.name, ())):
            raise Declined(
                _("A document of this name has come since you looked, so none is replaced. Add the file again.")
            )
        return list(found.paths)

    def _sees(self, stored: Stored) -> bool:
        if scope(self.actor) is not None and library.find(self.actor, stored.path).value is None:
            return False
        return is_there(stored.path)

    def _bring(self) -> None:
        """Into the library, and writes down what it has become there."""
        incoming = self.incoming
        incoming.save(update_fields=["replaces"])
        if self.item.attempts > 1:
            reader.demand_running()
        tell(self.item, _("Being read"))
        with recording(self.actor, "document.added", target=("document", "", incoming.name)) as entry:
            try:
                documents = send(incoming)
            except Refused:
                self._tidy()
                raise
            instance.forget("library")
            is_page = incoming.source == Source.LINK
            if is_page and not incoming.any_page:
                self._demand_a_page(documents[0])
            incoming.paths = [document.path for document in documents]
            with transaction.atomic():
                Stored.objects.filter(path__in=incoming.paths).delete()  # of documents in whose place these are
                Stored.objects.bulk_create(
                    Stored(
                        upload=incoming.token,
                        path=document.path or "",
                        title=_title(incoming, document)[:255],
                        name="" if is_page else incoming.name[:255],
                        source=incoming.source,
                        address=incoming.name if is_page else "",
                        size=incoming.size,
                        sha256=incoming.sha256,
                        added_by=self.actor,
                    )
                    for document in documents
                )
                incoming.save(update_fields=["paths"])
            entry.target_id = key_of(moved_to(incoming.paths[0], self.batch.folder))
            entry.after = {"folder": self.batch.folder, "documents": len(documents), "bytes": incoming.size}
            if incoming.replaces:
                entry.after["replaces"] = incoming.replaces

    def _demand_a_page(self, document: Document) -> None:
        """The instance keeps an error page like any other. What looks like one is erased again; raises Declined."""
        begins = " ".join((document.text or document.title)[:500].split())[:120]
        words = FEWEST_WORDS if document.words is None else document.words
        if words >= SHORT_PAGE or (words >= FEWEST_WORDS and not _ERROR.search(begins)):
            return
        instance.connect().documents.remove([document.path or ""])
        if is_there(document.path):
            raise NotApplied("The page is still in the library.")
        self.incoming.asked_at, self.incoming.doubted = None, True
        self.incoming.save(update_fields=["asked_at", "doubted"])
        raise Declined(
            _("What came back looks like an error, so it was erased again. It has %(n)d words and begins: %(begins)s")
            % {"n": words, "begins": begins}
        )

    def _in_its_folder(self) -> list[Stored]:
        """The documents it has become. The instance puts them into its own folder, and sheets into one that it makes for their workbook;
        from there they are moved.
        """
        folder = self.batch.folder
        documents = list(Stored.objects.filter(upload=self.incoming.token))
        if not documents:
            raise Declined(_("It was added, and has been erased since."))
        elsewhere = [stored.path for stored in documents if folder_of(stored.path) != folder]
        if elsewhere:
            used = self._used() if self.item.attempts > 1 else set()
            lost = folders.place([path for path in elsewhere if path not in used], folder)
            replaced = {path for paths in self.batch.incoming.values_list("replaces", flat=True) for path in paths}
            self.lost = [title for path, title in lost.items() if path not in replaced]
            if used.intersection(elsewhere) and folder != PROTECTED_FOLDER:
                raise Declined(folders.IN_USE)
            documents = list(Stored.objects.filter(upload=self.incoming.token))
            self.incoming.paths = [stored.path for stored in documents]
            self.incoming.save(update_fields=["paths"])
        self._tidy()
        return documents

    def _used(self) -> set[str]:
        """What is in a workspace, and so must not be moved."""
        embedded = instance.workspace_documents(embedding.RECENT).certain()
        return {document.path for documents in embedded.values() for document in documents}

    def _tidy(self) -> None:
        """The folder that the instance made for a workbook goes when nothing is left in it."""
        if is_box(self.incoming):
            for folder in instance.library(max_age=0).certain():
                if self.incoming.token in folder.name and not folder.documents:
                    folders.clear_away(folder.name)

    def _put(self, documents: list[Stored], workspace_ids: Collection[int]) -> list[str]:
        """Into the workspaces, one after the other; gives their names. Raises Declined when one of them did not get it."""
        names, problems = [], []
        known = {workspace.id: workspace.name for workspace in instance.workspaces().value}
        for number, workspace_id in enumerate(workspace_ids, start=1):
            name = known.get(workspace_id, _("a workspace that is gone"))
            step = {"workspace": name, "n": number, "of": len(workspace_ids)}
            tell(self.item, _("Embedding in %(workspace)s (%(n)d of %(of)d)") % step)
            try:
                for stored in documents:
                    embedding.put(actor=self.actor, workspace_id=workspace_id, path=stored.path, title=stored.title)
            except Busy:
                raise
            except Declined as problem:
                problems.append(joined(": ", [name, problem.sentence]))
            else:
                names.append(name)
        if problems:
            words = _("In the library, but not in %(problems)s") % {"problems": joined(" ", problems)}
            stays = _("What it is to replace stays until it is.")
            raise Declined(joined(" ", [words, stays]) if self.incoming.replaces else words)
        return names

    def _doomed(self) -> list[erasing.Doomed]:
        """What is to be replaced, as far as it is not gone yet. Raises Declined when the actor may not erase it."""
        if not self.incoming.replaces:
            return []
        doomed = erasing.stage_erase(self.actor, self.incoming.replaces)
        refused = [old.refused for old in doomed if old.refused]
        if refused or not allows(self.actor, Action.ERASE_DOCUMENTS):
            why = refused[0] if refused else _("your role does not include erasing.")
            raise Declined(_("What is there already cannot be replaced: %(why)s") % {"why": why})
        return doomed

    def _replace(self, documents: list[Stored], workspace_ids: Collection[int]) -> list[str]:
        """Pins what takes the place of something pinned, then erases what it replaces. Gives the names of workspaces that it was put into
        meanwhile, and so the new one, too.
        """
        doomed = self._doomed()
        more = {workspace.id for old in doomed for workspace in old.used_in}.difference(workspace_ids)
        names = self._put(documents, more)
        for old in doomed:
            for workspace in old.used_in:
                there = instance.connect().workspaces.get_documents(workspace.slug)
                if any(document.path == old.path and document.pinned for document in there):
                    for new in documents:
                        embedding.pin(actor=self.actor, workspace_id=workspace.id, path=new.path, pinned=True)
            erasing.erase_one(actor=self.actor, path=old.path, title=old.title)
        return names


def _title(incoming: Incoming, document: Document) -> str:
    """As people know it. Of a box each document has its own, with the name in it under which that was sent."""
    if sheet := is_box(incoming) and titles.sheet_in(document.title):
        return titles.of_sheet(incoming.name, sheet)
    if incoming.source != Source.LINK and not is_box(incoming):
        return incoming.name
    return document.title.replace(f"-{incoming.token}", "")
