"""What is done to many documents: one item is one document, or one document and one workspace, its key as in paths.py."""

from __future__ import annotations

from typing import Any

from dashboard.documents import adding, bringing, embedding, erasing, folders
from dashboard.errors import Declined
from dashboard.jobs.kinds import Result, register
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.permissions import Action
from dashboard.said import gettext_lazy as _

THERE = _("It was there already.")
NOT_THERE = _("It was not there any more.")
GONE = _("It was gone already.")


@register(adding.KIND, action=Action.CHANGE_DOCUMENTS, side_by_side=True)
class Add:
    """An item's key is the id of an Incoming."""

    def perform(self, item: JobItem, job: Job) -> Result:
        return bringing.bring(item, job.actor)

    def check(self, item: JobItem, job: Job) -> Result | None:
        """Nothing needs to be read back first: each step looks whether it was done already."""
        return None


@register("documents.embed", action=Action.CHANGE_DOCUMENTS)
class Embed:
    """An item's payload: path, title, workspace_id."""

    def perform(self, item: JobItem, job: Job) -> Result:
        done = embedding.put(actor=job.actor, **item.payload)
        return Result(ItemState.DONE) if done else Result(ItemState.SKIPPED, THERE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        return Result(ItemState.DONE) if _is_there(item.payload, job) is True else None


@register("documents.remove", action=Action.CHANGE_DOCUMENTS)
class Remove:
    """As Embed."""

    def perform(self, item: JobItem, job: Job) -> Result:
        done = embedding.take_out(actor=job.actor, **item.payload)
        return Result(ItemState.DONE) if done else Result(ItemState.SKIPPED, NOT_THERE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        return Result(ItemState.DONE) if _is_there(item.payload, job) is False else None


@register("documents.erase", action=Action.ERASE_DOCUMENTS)
class Erase:
    """An item's payload: path and title of a document, or the name of a folder that goes when nothing is left in it."""

    def perform(self, item: JobItem, job: Job) -> Result:
        if "folder" in item.payload:
            done = folders.remove_empty(actor=job.actor, name=item.payload["folder"])
        else:
            done = erasing.erase_one(actor=job.actor, **item.payload)
        return Result(ItemState.DONE) if done else Result(ItemState.SKIPPED, GONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        payload = item.payload
        gone = not folders.exists(payload["folder"]) if "folder" in payload else erasing.erased(payload["path"])
        return Result(ItemState.DONE) if gone else None


def _is_there(payload: dict[str, Any], job: Job) -> bool | None:
    """Whether the workspace has the document; None when it is not the actor's to ask about, as trying again will tell."""
    try:
        return embedding.holds(actor=job.actor, workspace_id=payload["workspace_id"], path=payload["path"])
    except Declined:
        return None
