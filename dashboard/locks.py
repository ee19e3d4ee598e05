"""A lock between processes, kept in the database so that it works with SQLite and PostgreSQL alike.

The instance has no transactions for us: what must be read, decided and written as one (the last admin, the members of a workspace)
is done under such a lock. It is a lease, because a holder may be killed; it lasts longer than the longest write may take.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.errors import Declined
from dashboard.models import Lease
from dashboard.server.threads import waiting

LEASE = timedelta(seconds=150)  # a read (20 s), a write (60 s), a read back (20 s), and some
LONG_LEASE = timedelta(seconds=1000)  # the same around embedding (900 s) or an upload (600 s)


class Busy(Declined):
    """Somebody else held the lock for all the time we were ready to wait."""


@contextmanager
def held(name: str, *, wait: float = 30.0, lasts: timedelta | None = None, holder: str = "") -> Iterator[None]:
    """Holds the lock `name`, waiting up to `wait` seconds for it; a holder that dies has it for `lasts`, else for LEASE. Raises Busy.

    With a name of its own (at most 32 characters) a `holder` that died can take up at once what it held.
    """
    holder = holder or uuid.uuid4().hex
    give_up = time.monotonic() + wait
    while not _take(name, holder, lasts or LEASE):
        if time.monotonic() > give_up:
            raise Busy(_("Somebody else is changing this right now. Try again in a moment."))
        with waiting():
            time.sleep(0.05)
    try:
        yield
    finally:
        Lease.objects.filter(name=name, holder=holder).delete()


def _take(name: str, holder: str, lasts: timedelta) -> bool:
    now = timezone.now()
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=now + lasts)
        return True
    except IntegrityError:
        # Taking over a lease that ran out: only one of several can, because `until` is part of the condition.
        free = Q(until__lt=now) | Q(holder=holder)
        return Lease.objects.filter(free, name=name).update(holder=holder, until=now + lasts) == 1
