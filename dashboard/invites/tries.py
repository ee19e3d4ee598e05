"""Unknown codes from one address: ten a minute, then no code is looked at for a while. Kept in the database, where counting is safe."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from dashboard.accounts.services import client_network
from dashboard.invites.models import Try

MOST = 10
WITHIN = timedelta(minutes=1)


def too_many(request: HttpRequest) -> int:
    """Seconds until the next code from this address is looked at; 0 when it may be now."""
    since = timezone.now() - WITHIN
    recent = Try.objects.filter(network=client_network(request) or "", at__gt=since).order_by("-at")
    last = recent.values_list("at", flat=True)[MOST - 1 : MOST].first()
    return 0 if last is None else max(1, int((last - since).total_seconds()))


def count(request: HttpRequest) -> None:
    """Remembers that a code from this address was unknown."""
    Try.objects.create(network=client_network(request) or "")


def forget_old() -> None:
    Try.objects.filter(at__lt=timezone.now() - WITHIN).delete()
