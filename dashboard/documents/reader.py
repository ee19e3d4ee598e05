"""The instance's reader of documents is a process of its own, which some files stop: then nothing can be added until it is started again.

The job waits for that. Which of the files that were being read has done it nobody says, so each of them is tried once more: after all
others, and while nothing else is read. Who then stops it again has failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from dashboard import instance, locks
from dashboard.anythingllm import ApiError, NotFound, Refused
from dashboard.documents.models import Incoming
from dashboard.errors import Declined
from dashboard.jobs import services as workshop
from dashboard.jobs.kinds import Later
from dashboard.jobs.models import ItemState
from dashboard.models import Lease
from dashboard.said import gettext_lazy as _

# The instance's words for "it does not run", and for "it went away in the middle".
AWAY, STOPPED = "Document processing API is not online", "fetch failed"
TRIAL = "documents.trial"  # the lease of what is read alone
PATIENCE = 10.0  # seconds to wait for another trial

NOT_RUNNING = _(
    "AnythingLLM's reader of documents is not running: start it again, or all of AnythingLLM. What is left waits; Foyer tries again every minute."
)
HAS_STOPPED = _(
    "AnythingLLM's reader of documents has stopped: start it again, or all of AnythingLLM. What is left waits; Foyer tries again every minute, "
    "and what was being read just then comes last, one file at a time."
)
CULPRIT = _(
    "AnythingLLM's reader of documents stopped when it read this file, twice. Leave it out or bring it in another format, "
    "and start the reader again."
)
ALONE = _("A file that may have stopped AnythingLLM's reader is being tried alone.")


def demand_running() -> None:
    """Raises Later while the reader does not run: asked before something is sent to it once more."""
    try:
        instance.connect().documents.accepted_types()
    except NotFound:
        raise Later(NOT_RUNNING) from None
    except ApiError:
        pass  # says nothing of the reader


@contextmanager
def watched(incoming: Incoming) -> Iterator[None]:
    """Around the sending of what is marked as asked for. Raises Later when the reader stops or does not run; Declined when it is this file
    that stops it; Busy while another is tried alone.
    """
    with _alone(incoming) if incoming.suspected_at else _beside(incoming):
        try:
            yield
        except Refused as problem:
            if AWAY in problem.message:
                raise Later(NOT_RUNNING) from None
            if STOPPED not in problem.message:
                raise
            if incoming.suspected_at:
                raise Declined(CULPRIT) from None
            incoming.suspected_at = timezone.now()
            incoming.save(update_fields=["suspected_at"])
            if incoming.item is not None:
                workshop.put_last(incoming.item)
            raise Later(HAS_STOPPED) from None
    if incoming.suspected_at:
        incoming.suspected_at = None
        incoming.save(update_fields=["suspected_at"])


@contextmanager
def _alone(incoming: Incoming) -> Iterator[None]:
    with locks.held(TRIAL, wait=PATIENCE, lasts=locks.LONG_LEASE, holder=incoming.token):
        under_way = Incoming.objects.filter(item__state=ItemState.RUNNING, paths=[]).exclude(asked_at=None)
        if under_way.exclude(pk=incoming.pk).exists():
            raise locks.Busy(ALONE)
        yield


@contextmanager
def _beside(incoming: Incoming) -> Iterator[None]:
    """Who is tried alone looks whether others are marked as asked for, and these whether one is: so that never both go on."""
    if Lease.objects.filter(name=TRIAL, until__gt=timezone.now()).exists():
        raise locks.Busy(ALONE)
    yield
