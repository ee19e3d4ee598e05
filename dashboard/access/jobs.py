"""A set of changes as a job: one item is one workspace, so that its members are written once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dashboard import instance
from dashboard.access.bystanders import NOBODY, Others
from dashboard.access.models import AccessChange, AccessSet
from dashboard.access.services import change_members, put_back
from dashboard.access.sets import Outcome, finish_shape, step_of
from dashboard.anythingllm import ApiError
from dashboard.errors import Declined, describe
from dashboard.jobs.kinds import Result, register
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.locks import Busy
from dashboard.permissions import Action, scope
from dashboard.said import gettext as _
from dashboard.said import joined

RECENT = 10.0  # seconds for which one reading of users and workspaces serves the items of a job


@register("access.set", action=Action.CHANGE_ACCESS)
class ApplySet:
    """`params`: set (its id). An item's key is a workspace's id."""

    def perform(self, item: JobItem, job: Job) -> Result:
        workspace_id, mine = int(item.key), scope(job.actor)
        changes = list(AccessChange.objects.filter(set=job.params["set"], workspace_id=workspace_id))
        todo = [change for change in changes if change.outcome in ("", Outcome.FAILED, Outcome.UNKNOWN)]
        if not todo:  # its worker died at the very end, or others whom this hit are still missing
            others = put_back(workspace_id)
            if changes and changes[0].outcome in (Outcome.DONE, Outcome.ALREADY):
                changes[0].message = others.in_words()[:300]
                changes[0].save(update_fields=["message"])
            return summary(changes, others)
        # What was tried before may be our own doing, unless it certainly failed.
        ours = [item.attempts > 1 and change.outcome != Outcome.FAILED for change in todo]
        last = [change.outcome for change in todo]
        # What is known of the last try is not known of this one, whose worker may die.
        for change in todo:
            change.outcome = ""
        AccessChange.objects.bulk_update(todo, ["outcome"])
        try:
            if mine is not None and workspace_id not in mine:
                raise Declined(_("You do not look after this workspace any more."))
            results = change_members(
                actor=job.actor,
                workspace_id=workspace_id,
                workspace_name=item.label,
                steps=[
                    replace(step_of(change), only_new=False) if tried else step_of(change)
                    for change, tried in zip(todo, ours, strict=True)
                ],
                roster=instance.roster(RECENT),
            )
        except Busy:
            for change, outcome in zip(todo, last, strict=True):
                change.outcome = outcome
            raise  # tried again later: nothing was written
        except (ApiError, Declined) as error:
            for change in todo:
                change.outcome, change.message = Outcome.FAILED, describe(error).sentence
            raise
        else:
            for change, result, tried in zip(todo, results, ours, strict=True):
                change.outcome, change.message = result.outcome, result.message
                # What a worker did who died before he could write it down was done all the same.
                if tried and change.outcome == Outcome.ALREADY and change.was_member != change.give:
                    change.outcome = Outcome.DONE
            done = summary(changes, others := results[0].others)
            todo[0].message = joined(" ", filter(None, (todo[0].message, others.in_words())))
        finally:
            AccessChange.objects.bulk_update(todo, ["outcome", "message"])
        finish_shape(AccessSet.objects.get(pk=job.params["set"]).also)
        return done

    def check(self, item: JobItem, job: Job) -> Result | None:
        """Nothing needs to be read back first: each change is a difference to what is read, so that doing it again does no harm."""
        return None


def summary(changes: list[AccessChange], others: Others) -> Result:
    """ "12 given, 3 taken, 1 failed: ..." of one workspace, and what befell the others there."""
    counts = Counter((change.outcome, change.give if change.outcome == Outcome.DONE else None) for change in changes)
    words = {
        (Outcome.DONE, True): _("%(n)d given"),
        (Outcome.DONE, False): _("%(n)d taken"),
        (Outcome.KEPT, None): _("%(n)d kept for another reason"),
        (Outcome.ALREADY, None): _("%(n)d so already"),
        (Outcome.FAILED, None): _("%(n)d failed"),
        (Outcome.UNKNOWN, None): _("%(n)d unknown"),
    }
    said = joined(", ", (text % {"n": counts[key]} for key, text in words.items() if counts[key]))
    trouble = [change for change in changes if change.outcome in (Outcome.FAILED, Outcome.UNKNOWN)]
    if trouble:
        why = joined("; ", (joined(": ", [change.username, change.message]) for change in trouble[:3]))
        said = joined(": ", [said, why])
    if others != NOBODY:
        said = joined(". ", [said, others.in_words()])
    if any(change.outcome == Outcome.UNKNOWN for change in trouble) or others.unseen:
        return Result(ItemState.UNKNOWN, said)
    return Result(ItemState.FAILED if trouble or others.missing else ItemState.DONE, said)
