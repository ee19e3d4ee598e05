"""Starting, watching, cancelling and retrying jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dashboard.accounts.models import Operator, Role
from dashboard.audit.services import recording
from dashboard.context import request_address, request_id
from dashboard.errors import Declined, Words
from dashboard.jobs import engine
from dashboard.jobs.kinds import registered
from dashboard.jobs.models import OPEN, TROUBLE, UNFINISHED, ItemState, Job, JobItem, JobState
from dashboard.jobs.passwords import password_for
from dashboard.jobs.tasks import run_job
from dashboard.permissions import allows


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
    salted = registered(kind).makes_passwords
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            title=title[:200],
            params=params or {},
            actor=actor,
            address=request_address.get(),
            request_id=request_id.get(),
            language=get_language() or settings.LANGUAGE_CODE,
            alive_at=timezone.now(),
        )
        rows = [
            JobItem(
                job=job,
                position=position,
                key=item.key,
                label=item.label[:255],
                payload=item.payload,
                salt=get_random_string(32) if salted else "",
            )
            for position, item in enumerate(items, start=1)
        ]
        JobItem.objects.bulk_create(rows, batch_size=500)
    with recording(actor, "job.started", target=("job", job.pk, job.title), after={"items": len(rows)}):
        _enqueue(job)
    return job


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


def retry(*, actor: Operator, job: Job) -> None:
    """Does again what failed or is unknown; the unknown is read back first. From now on the job acts in the name of `actor`."""
    with recording(actor, "job.retried", target=("job", job.pk, job.title)) as entry:
        _demand_right(actor, job)
        with transaction.atomic():
            trouble = JobItem.objects.filter(job=OuterRef("pk"), state__in=TROUBLE)
            reopened = Job.objects.filter(Exists(trouble), pk=job.pk).exclude(state__in=OPEN)
            if not reopened.update(
                state=JobState.QUEUED,
                actor=actor,
                address=request_address.get(),
                request_id=request_id.get(),
                alive_at=timezone.now(),
                cancelled_at=None,
                finished_at=None,
            ):
                raise Declined(_("There is nothing to retry in this job."))
            count = job.items.filter(state__in=TROUBLE).update(state=ItemState.PENDING, finished_at=None)
            entry.after = {"items": count}
        _enqueue(job)


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


def _enqueue(job: Job) -> None:
    # When the queue does not take it, the job waits and is found by the worker's look-out every minute.
    transaction.on_commit(partial(run_job, job.pk), robust=True)
