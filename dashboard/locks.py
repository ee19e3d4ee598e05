"""A lock between processes, kept in the database so that it works with SQLite and PostgreSQL alike.

The instance has no transactions for us: what must be read, decided and written as one (the last admin, the members of a workspace)
is done under such a lock. It is a lease, because a holder may be killed; it lasts longer than the longest write may take. Whoever was held
up for longer, and does not know it, is stopped by `check`, which `dashboard.instance` calls before each write to the instance.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from dashboard.errors import Declined
from dashboard.models import Lease
from dashboard.said import gettext_lazy as _
from dashboard.server.threads import may_wait, waiting

LEASE = timedelta(seconds=150)  # a read (20 s), a write (60 s), a read back (20 s), and some
LONG_LEASE = timedelta(seconds=1000)  # the same around embedding (900 s) or an upload (600 s)

# The database's clock, because those of several machines need not agree. Django writes times for SQLite in this form, too.
_NOW = {"sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')", "postgresql": "clock_timestamp()"}
_UNTIL = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %(seconds)s || ' seconds')",
    "postgresql": "clock_timestamp() + %(seconds)s * interval '1 second'",
}
# A lease that is given back leaves no row, so that a new one begins where no number was before: at the microseconds of the time.
_TAKE = """
INSERT INTO dashboard_lease (name, holder, fence, until) VALUES (%(name)s, %(holder)s, %(fence)s, {until})
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, fence = dashboard_lease.fence + 1
WHERE dashboard_lease.until < {now} OR dashboard_lease.holder = excluded.holder
RETURNING fence
"""
_STANDS = "SELECT 1 FROM dashboard_lease WHERE name = %s AND holder = %s AND fence = %s AND until > {now}"


class Busy(Declined):
    """Somebody else held the lock for all the time we were ready to wait, or took it over from us because we had it for too long."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that was taken. Every taking of the same name has a higher `fence` than those before."""

    name: str
    holder: str
    fence: int


_held: ContextVar[tuple[Held, ...]] = ContextVar("leases", default=())


@contextmanager
def held(name: str, *, wait: float = 30.0, lasts: timedelta | None = None, holder: str = "") -> Iterator[Held]:
    """Holds the lock `name`, waiting up to `wait` seconds for it; a holder that dies has it for `lasts`, else for LEASE. Raises Busy.

    With a name of its own (at most 32 characters) a `holder` that died can take up at once what it held.
    """
    holder = holder or uuid.uuid4().hex
    give_up = time.monotonic() + wait
    while (lease := _take(name, holder, lasts or LEASE)) is None:
        if time.monotonic() > give_up or not may_wait():
            raise Busy(_("Somebody else is changing this right now. Try again in a moment."))
        with waiting():
            time.sleep(0.05)
    token = _held.set((*_held.get(), lease))
    try:
        yield lease
    finally:
        _held.reset(token)
        Lease.objects.filter(name=name, holder=holder, fence=lease.fence).delete()


def check() -> None:
    """Raises Busy when a lease that we hold here has run out, or is somebody else's by now: what we read under it may not be so any more."""
    for lease in _held.get():
        with connection.cursor() as cursor:
            cursor.execute(_STANDS.format(now=_NOW[connection.vendor]), [lease.name, lease.holder, lease.fence])
            if cursor.fetchone() is None:
                raise Busy(
                    _(
                        "This took so long that somebody else may be changing the same by now. Load the page, and try again."
                    )
                )


def _take(name: str, holder: str, lasts: timedelta) -> Held | None:
    """One statement that takes what nobody holds, whose lease ran out, or what is the holder's own; None when it is somebody else's."""
    sql = _TAKE.format(now=_NOW[connection.vendor], until=_UNTIL[connection.vendor])
    values: dict[str, str | int | float] = {
        "name": name,
        "holder": holder,
        "fence": time.time_ns() // 1000,
        "seconds": lasts.total_seconds(),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return Held(name, holder, row[0]) if row else None
