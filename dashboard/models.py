"""What belongs to no room: leases, and what is known of the clock."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """A named lock that holds across processes, and ends by itself when its holder died (see dashboard.locks)."""

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=32)
    until = models.DateTimeField()  # by the database's clock
    fence = models.BigIntegerField(default=0)  # grows with every taking

    def __str__(self) -> str:
        return self.name


class ClockMark(models.Model):
    """The one row of dashboard.clock: when somebody last looked at the clock, and since when it may be wrong."""

    at = models.DateTimeField()
    doubted_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.at)
