"""Starting, watching, cancelling and retrying jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from dashboard.accounts.models import Operator, Role
from dashboard.audit.services import recording
from dashboard.context import request_address, request_id
from dashboard.errors import Declined, Words
from dashboard.jobs import engine
from dashboard.jobs.kinds import registered
from dashboard.jobs.models import OPEN, TROUBLE, UNFINISHED, ItemState, Job, JobItem, JobState
from dashboard.jobs.passwords import new_salt, password_for
from dashboard.jobs.tasks import run_job
from dashboard.models import Instance
from dashboard.permissions import allows
from dashboard.said import gettext as _


@dataclass(frozen=True, slots=True)
class NewItem:
    """One change still to be made. `key` is the id (or name) of what is changed, `label` its name for people; no secrets."""

    key: str
    label: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a job's items are in each state."""

    counts: dict[ItemState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        return self.total - sum(self.counts[state] for state in UNFINISHED)

    @property
    def trouble(self) -> int:
        return sum(self.counts[state] for state in TROUBLE)

    @property
    def rows(self) -> list[tuple[ItemState, Words, int]]:
        """State, its name, how many: of the states that occur."""
        return [(state, state.label, count) for state, count in self.counts.items() if count]


def start(
    actor: Operator, *, kind: str, title: str, items: Iterable[NewItem], params: dict[str, Any] | None = None
) -> Job:
    """Writes the job down and has a worker begin. Raises KeyError for an unknown kind."""
    registered(kind)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            title=title,
            params=params or {},
            actor=actor,
            address=request_address.get(),
            request_id=request_id.get(),
            language=get_language() or settings.LANGUAGE_CODE,
            alive_at=timezone.now(),
        )
        rows = _append(job, items)
    with recording(actor, "job.started", target=("job", job.pk, job.title), after={"items": len(rows)}):
        _enqueue(job)
    return job


def add(*, actor: Operator, job: Job, items: Iterable[NewItem]) -> list[JobItem]:
    """More for a job to do; one that has ended begins again. Raises Declined when it was cancelled, or is not the actor's."""
    with transaction.atomic():
        job = _locked(job)
        _demand_right(actor, job)
        if job.cancelled_at or job.actor_id != actor.pk:
            raise Declined(_("This job has been cancelled, or is now somebody else's. Begin a new one."))
        rows = _append(job, items)
        _reopen(job)
    return rows


def tell(item: JobItem, words: Words) -> None:
    """What is being done with an item, while a worker is at it."""
    JobItem.objects.filter(pk=item.pk, state=ItemState.RUNNING, attempts=item.attempts).update(message=words)


def put_last(item: JobItem) -> None:
    """What else waits in the job is tried before it."""
    with transaction.atomic():
        job = _locked(item.job)
        last = job.items.aggregate(last=Max("position"))["last"] or 0
        if last != item.position:
            JobItem.objects.filter(pk=item.pk).update(position=last + 1)


def visible_to(operator: Operator) -> QuerySet[Job]:
    """The jobs this operator may see: admins all, others their own."""
    jobs = Job.objects.select_related("actor")
    return jobs if operator.role == Role.ADMIN else jobs.filter(actor=operator)


def failures(operator: Operator, since: datetime) -> int:
    """How many items of the jobs this operator may see failed, or ended unknown, since then."""
    return visible_to(operator).filter(items__state__in=TROUBLE, items__finished_at__gte=since).count()


def progress(jobs: Iterable[Job]) -> dict[int, Progress]:
    """The progress of each job, by its id."""
    found = {job.pk: dict.fromkeys(ItemState, 0) for job in jobs}
    rows = JobItem.objects.filter(job__in=found).order_by().values_list("job", "state").annotate(Count("pk"))
    for job_id, state, count in rows:
        found[job_id][ItemState(state)] = count
    return {job_id: Progress(counts) for job_id, counts in found.items()}


def cancel(*, actor: Operator, job: Job) -> None:
    """Leaves out what has not begun. What is under way is brought to its end."""
    with recording(actor, "job.cancelled", target=("job", job.pk, job.title)):
        if job.state not in OPEN:
            raise Declined(_("This job has ended already."))
        engine.cancel(job)


def cancel_all(*, actor: Operator) -> None:
    for job in Job.objects.filter(state__in=OPEN):
        with suppress(Declined):
            cancel(actor=actor, job=job)


def retry(*, actor: Operator, job: Job, item_ids: Collection[int] | None = None) -> None:
    """Does again what failed or is unknown; the unknown is read back first. From now on the job acts in the name of `actor`.

    Some items alone can be retried while others are still under way. Raises Declined when there is nothing to retry.
    """
    with recording(actor, "job.retried", target=("job", job.pk, job.title)) as entry:
        _demand_right(actor, job)
        if Instance.objects.filter(parted_at__gt=job.created_at).exists():
            raise Declined(
                _(
                    "This job is from before AnythingLLM was changed or restored: what it names may be something else now."
                )
            )
        with transaction.atomic():
            job = _locked(job)
            trouble = job.items.filter(state__in=TROUBLE)
            if item_ids is not None:
                trouble = trouble.filter(pk__in=item_ids)
            waits = job.is_open and (item_ids is None or job.cancelled_at is not None)
            count = 0 if waits else trouble.update(state=ItemState.PENDING, message="", finished_at=None)
            if not count:
                raise Declined(_("There is nothing to retry in this job."))
            Job.objects.filter(pk=job.pk).update(
                actor=actor, address=request_address.get(), request_id=request_id.get()
            )
            _reopen(job)
            entry.after = {"items": count}


def has_passwords(job: Job) -> bool:
    """True while passwords made by this job wait to be shown."""
    return job.items.filter(state=ItemState.DONE).exclude(salt="").exists()


def show_passwords(*, actor: Operator, job: Job) -> list[tuple[str, str]]:
    """Names and passwords of the accounts the job has made, once: afterwards nobody can compute them again."""
    with recording(actor, "job.passwords_shown", target=("job", job.pk, job.title)) as entry:
        _demand_right(actor, job)
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=job.pk)
            items = list(job.items.filter(state=ItemState.DONE).exclude(salt=""))
            if not items:
                raise Declined(_("The passwords of this job have been shown already."))
            rows = [(item.label, password_for(job, item)) for item in items]
            job.items.filter(pk__in=[item.pk for item in items]).update(salt="")
        entry.after = {"items": len(rows)}
    return rows


def report(job: Job) -> Iterator[list[object]]:
    """The job's items as rows of a table: number, what, outcome, message, tries, when."""
    for item in job.items.iterator():
        when = timezone.localtime(item.finished_at).isoformat(" ", "seconds") if item.finished_at else ""
        yield [item.position, item.label, item.get_state_display(), item.message, item.attempts, when]


def _demand_right(actor: Operator, job: Job) -> None:
    """Who was allowed this when the job began may not be any more. Raises Declined."""
    if not allows(actor, registered(job.kind).action):
        raise Declined(_("Your role does not include this any more."))


def _locked(job: Job) -> Job:
    """The job as it is now, and as it stays for the rest of the transaction: no worker finishes it meanwhile."""
    return Job.objects.select_for_update().get(pk=job.pk)


def _append(job: Job, items: Iterable[NewItem]) -> list[JobItem]:
    salted = registered(job.kind).makes_passwords
    last = job.items.aggregate(last=Max("position"))["last"] or 0
    rows = [
        JobItem(
            job=job,
            position=position,
            key=item.key,
            label=item.label[:255],
            payload=item.payload,
            salt=new_salt() if salted else "",
        )
        for position, item in enumerate(items, start=last + 1)
    ]
    return JobItem.objects.bulk_create(rows, batch_size=500)


def _reopen(job: Job) -> None:
    """A worker that has the job finds what is new by itself."""
    if not job.is_open:
        Job.objects.filter(pk=job.pk).update(
            state=JobState.QUEUED, alive_at=timezone.now(), cancelled_at=None, finished_at=None
        )
        _enqueue(job)


def _enqueue(job: Job) -> None:
    # When the queue does not take it, the job waits and is found by the worker's look-out every minute.
    transaction.on_commit(partial(run_job, job.pk), robust=True)
