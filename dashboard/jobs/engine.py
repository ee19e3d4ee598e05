"""How a job is worked on, so that nothing is lost and nothing done twice, whoever dies in the middle.

A worker takes a waiting job up, claims one item at a time, has it performed, records the outcome. Taking up and claiming are single
conditional UPDATEs, so two workers can never both have the same. While it works it gives signs of life; a job without one for
DEAD_AFTER is given to another worker. Whatever was tried before is read back before it is tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from copy import copy
from datetime import timedelta
from typing import TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from dashboard import errors
from dashboard.accounts import services as accounts
from dashboard.anythingllm import ApiError, KeyRefused, Unreachable
from dashboard.audit.models import Outcome
from dashboard.context import request_address, request_id
from dashboard.jobs.kinds import Kind, Later, Result, registered
from dashboard.jobs.models import OPEN, UNFINISHED, ItemState, Job, JobItem, JobState
from dashboard.locks import Busy
from dashboard.permissions import Action, allows
from dashboard.said import gettext as _

R = TypeVar("R")

SLICE = 2.0  # seconds of work after which a job lets others have their turn, and a worker may stop
BEAT = 10.0  # seconds between signs of life
# Longer than a write may take: what a dead worker asked of the instance has ended before it is read back.
DEAD_AFTER = timedelta(seconds=90)
FORGOTTEN_AFTER = timedelta(seconds=30)  # for a waiting job that the queue may have lost
HANDS = 2  # items of one job at a time, where its kind allows: one file is read while the one before is embedded
LOOK = 0.05  # seconds after which a hand without work looks for more
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds between tries to reach the instance, then the job waits

log = logging.getLogger(__name__)


def work(job_id: int) -> bool:
    """Takes the job up and works on it for a slice. True when there is more to do now: ask for another slice."""
    job = _take(job_id)
    if job is None:
        return False
    with _as_its_request(job), _signs_of_life(job):
        return _work(job)


def due() -> list[int]:
    """The jobs nobody works on: their worker died, or the queue lost them, or the instance could not be reached."""
    now = timezone.now()
    dead = Q(state=JobState.RUNNING, alive_at__lt=now - DEAD_AFTER)
    forgotten = Q(state=JobState.QUEUED, alive_at__lt=now - FORGOTTEN_AFTER)
    ids = list(Job.objects.filter(dead | forgotten).order_by("pk").values_list("pk", flat=True))
    # Asked again in the UPDATE, because a worker may have given a sign of life since.
    Job.objects.filter(dead | forgotten, pk__in=ids).update(state=JobState.QUEUED, alive_at=now)
    return ids


def cancel(job: Job) -> None:
    """What has not begun is left out; what is under way is brought to its end."""
    if Job.objects.filter(pk=job.pk, state__in=OPEN, cancelled_at=None).update(cancelled_at=timezone.now()):
        _leave_out(job)
        _finish(job)


def _take(job_id: int) -> Job | None:
    now = timezone.now()
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
            state=JobState.RUNNING, run=F("run") + 1, alive_at=now, started_at=Coalesce("started_at", now)
        )
        if not taken:
            return None
        JobItem.objects.filter(job=job_id, state=ItemState.RUNNING).update(state=ItemState.PENDING)
        return Job.objects.select_related("actor").get(pk=job_id)


def _work(job: Job) -> bool:
    handler = registered(job.kind)
    if not _may_go_on(job, handler.action):
        cancel(job)
    ends = time.monotonic() + SLICE
    others = HANDS - 1 if handler.side_by_side else 0
    with ThreadPoolExecutor(
        others or 1, thread_name_prefix=f"job-{job.pk}"
    ) as pool:  # has no thread before it is asked
        working = [pool.submit(copy_context().run, _another_hand, copy(job), handler.kind, ends) for _ in range(others)]
        notes = {_hand(job, handler.kind, ends), *(hand.result() for hand in working)} - {None}
    if not notes:
        return False
    if "" in notes:
        return _hand_back(job)
    _hand_back(job, note=notes.pop() or "")
    return False


def _may_go_on(job: Job, action: Action) -> bool:
    """Whether who began the job may still do so, by the rights that an account has now: they may not have come here since it lost them."""
    # Before a job is ended the instance is asked: a list that was read a moment ago may be older than the account.
    for max_age in (accounts.WRITE_RIGHTS_EVERY, 0.0):
        actor = accounts.as_of_now(job.actor, max_age=max_age)
        if actor is not None and allows(actor, action):
            return True
    return False


def _another_hand(job: Job, kind: Kind, ends: float) -> str | None:
    try:
        return _hand(job, kind, ends)
    finally:
        connection.close()


def _hand(job: Job, kind: Kind, ends: float) -> str | None:
    """Works on one item after the other. None when none is left to begin with; else the job must go on: "" at once, or why later."""
    misses, locked = 0, set[int]()
    while _still_mine(job):
        if job.cancelled_at:
            _leave_out(job)
        item = _claim(job, leave=locked) or _claim(job)
        if item is None:
            _finish(job)
            waiting, running = (job.items.filter(state=s).exists() for s in (ItemState.PENDING, ItemState.RUNNING))
            if not waiting:
                if not running or time.monotonic() > ends:
                    return None
                time.sleep(LOOK)  # another hand is at work, and more may be added meanwhile
            continue
        try:
            result = _attempt(kind, item, job)
        except Later as error:
            _put_back(item)
            return str(error.sentence)
        except (Unreachable, KeyRefused, errors.AnotherInstance, Busy) as error:
            _put_back(item)
            if misses == len(PAUSES):
                return _waiting(error)
            if isinstance(error, Busy) and item.pk not in locked:
                locked.add(item.pk)  # the others need not wait for it
            else:
                time.sleep(PAUSES[misses])
            misses += 1
        else:
            _settle(item, result)
            misses = 0
            if time.monotonic() > ends:
                return ""
    return None


def _attempt(kind: Kind, item: JobItem, job: Job) -> Result:
    """Performs one item. Raises Unreachable, KeyRefused or AnotherInstance when nothing was changed and the others would fare the same, Busy when
    what it changes is locked: by somebody else, or by a worker that died and whose lease has to run out; Later.
    """
    if item.attempts > 1:
        found = _asked(kind.check, item, job, refused=ItemState.UNKNOWN)
        if found is not None:
            return found
    result = _asked(kind.perform, item, job, refused=ItemState.FAILED)
    if result.state == ItemState.UNKNOWN:
        found = _asked(kind.check, item, job, refused=ItemState.UNKNOWN)
        # Not there yet is no proof: the instance may still be at it. It is looked for again when the item is retried.
        if found is not None and found.state != ItemState.UNKNOWN:
            return found
    return result


def _asked(ask: Callable[[JobItem, Job], R], item: JobItem, job: Job, *, refused: ItemState) -> R | Result:
    """What the kind answers, or its error as the item's outcome: `refused` where the error says that nothing was changed."""
    try:
        return ask(item, job)
    except (Busy, Later):
        raise
    except (ApiError, errors.Declined) as error:
        problem = errors.describe(error)
        if isinstance(error, (Unreachable, KeyRefused, errors.AnotherInstance)) and problem.outcome != Outcome.UNKNOWN:
            raise
        return Result(ItemState.UNKNOWN if problem.outcome == Outcome.UNKNOWN else refused, problem.sentence)
    except Exception:
        log.exception("job item", extra={"job": job.pk, "item": item.pk})
        return Result(
            ItemState.UNKNOWN, _("Something in Foyer went wrong, so the outcome is unknown. It has been logged.")
        )


def _claim(job: Job, leave: Collection[int] = ()) -> JobItem | None:
    """The next item that waits, now running and ours alone."""
    while True:
        item = job.items.filter(state=ItemState.PENDING).exclude(pk__in=leave).first()
        if item is None:
            return None
        claimed = JobItem.objects.filter(pk=item.pk, state=ItemState.PENDING, attempts=item.attempts).update(
            state=ItemState.RUNNING, attempts=item.attempts + 1, claimed_at=timezone.now()
        )
        if claimed:
            item.state = ItemState.RUNNING
            item.attempts += 1
            return item


def _put_back(item: JobItem) -> None:
    JobItem.objects.filter(pk=item.pk, state=ItemState.RUNNING, attempts=item.attempts).update(
        state=ItemState.PENDING, message=""
    )


def _settle(item: JobItem, result: Result) -> None:
    """Records the outcome, unless somebody else has claimed the item since because we seemed dead."""
    JobItem.objects.filter(pk=item.pk, state=ItemState.RUNNING, attempts=item.attempts).update(
        state=result.state, message=result.message, finished_at=timezone.now()
    )


def _leave_out(job: Job) -> None:
    waiting = job.items.filter(state=ItemState.PENDING)
    now = timezone.now()
    waiting.filter(attempts=0).update(
        state=ItemState.SKIPPED, message=_("Left out, because the job was cancelled."), finished_at=now
    )
    waiting.update(
        state=ItemState.UNKNOWN, message=_("Cancelled after a first try, so the outcome is unknown."), finished_at=now
    )


def _finish(job: Job) -> None:
    """Closes the job, if no item is left, in this or another worker's hands."""
    with transaction.atomic():
        # Who adds items holds the row, too: what they add is seen here, or they see that the job has ended.
        Job.objects.select_for_update().get(pk=job.pk)
        unfinished = JobItem.objects.filter(job=OuterRef("pk"), state__in=UNFINISHED)
        Job.objects.filter(~Exists(unfinished), pk=job.pk, state__in=OPEN).update(
            state=Case(When(cancelled_at=None, then=Value(JobState.DONE)), default=Value(JobState.CANCELLED)),
            finished_at=timezone.now(),
            note="",
        )


def _hand_back(job: Job, note: str = "") -> bool:
    """The job waits again. False when it was not ours any more."""
    return bool(_ours(job).update(state=JobState.QUEUED, alive_at=timezone.now(), note=note))


def _still_mine(job: Job) -> bool:
    """Gives a sign of life and looks whether the job was cancelled. False when it is over or another worker's."""
    if not _ours(job).update(alive_at=timezone.now()):
        return False
    job.refresh_from_db(fields=["cancelled_at"])
    return True


def _ours(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, run=job.run, state=JobState.RUNNING)


def _waiting(error: ApiError | Busy) -> str:
    problem = _("Somebody else is changing the same") if isinstance(error, Busy) else errors.describe(error).title
    return _("%(problem)s. What is left waits; Foyer tries again every minute.") % {"problem": problem}


@contextmanager
def _as_its_request(job: Job) -> Iterator[None]:
    """Log, ledger and messages as if the request that started the job were still under way."""
    id_token, address_token = request_id.set(job.request_id), request_address.set(job.address)
    try:
        with translation.override(job.language):
            yield
    finally:
        request_id.reset(id_token)
        request_address.reset(address_token)


@contextmanager
def _signs_of_life(job: Job) -> Iterator[None]:
    """Shows that we live while a call to the instance takes its time."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            try:
                _ours(job).update(alive_at=timezone.now())
            except DatabaseError:
                log.warning("no sign of life", extra={"job": job.pk})
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"job-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
