"""What belongs to no room: leases, and when something was last seen alive."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Lease(models.Model):
    """A named lock that holds across processes, and ends by itself when its holder died (see dashboard.locks)."""

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=32)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


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
