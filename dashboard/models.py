"""What belongs to no room: leases, the clock, when something was last seen alive, and which instance the records are about."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Lease(models.Model):
    """A named lock that holds across processes, and ends by itself when its holder died (see dashboard.locks)."""

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=32)
    until = models.DateTimeField()  # by the database's clock
    fence = models.BigIntegerField(default=0)  # grows with every taking

    def __str__(self) -> str:
        return self.name


class Instance(models.Model):
    """The AnythingLLM that Foyer's records are about: one row, written when it is first read (see dashboard.identity)."""

    class State(models.TextChoices):
        SAME = "same", _("the same as ever")
        DOUBTED = "doubted", _("another one, or an older state")  # everything waits for an admin's word

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    address = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SAME)
    # Raised by each decision that parts records from the instance: what those ids are moved by.
    epoch = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(auto_now_add=True)  # when it was first read, or an admin last said what it is
    doubted_at = models.DateTimeField(null=True)
    parted_at = models.DateTimeField(null=True)  # since when ids mean what they mean now: older jobs are not retried

    def __str__(self) -> str:
        return f"{self.address}: {self.state}"


class Witness(models.Model):
    """An account or a workspace of the instance, as it is known by its id: all of them together are the instance's fingerprint.

    The instance sets `created_at` once and never changes it. None: known from before it was kept, and not seen on the instance since.
    """

    class Kind(models.TextChoices):
        USER = "user", _("Account")
        WORKSPACE = "workspace", _("Workspace")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    object_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="witness_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class ClockMark(models.Model):
    """The one row of dashboard.clock: when somebody last looked at the clock, and since when it may be wrong."""

    at = models.DateTimeField()
    doubted_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.at)


class Sign(models.Model):
    """When somebody last wrote under this name: "worker" by the worker, "readyz" by the check whether the database takes anything."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def write(name: str) -> None:
        Sign.objects.bulk_create(
            [Sign(name=name, at=timezone.now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
        )
