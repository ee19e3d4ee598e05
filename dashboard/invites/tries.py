"""Unknown codes from one address: ten a minute, then no code is looked at for a while; and names that are looked up, or joined by in vain.

Kept in the database, where counting is safe."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from dashboard.accounts.services import client_network
from dashboard.invites.models import Try

MOST = 10
NAME, MOST_NAMES = "name ", 30  # names looked up while somebody types one: two or three would do
JOIN, MOST_JOINS = "join ", 30  # that let nobody in: the answer tells whether somebody has the name
PASSWORD, MOST_PASSWORDS = "password ", 120  # looked at while they are typed: a course of twenty does so at one address
WITHIN = timedelta(minutes=1)


def too_many(request: HttpRequest, kind: str = "", most: int = MOST) -> int:
    """Seconds until the next code from this address is looked at; 0 when it may be now."""
    since = timezone.now() - WITHIN
    recent = Try.objects.filter(network=_whose(request, kind), at__gt=since).order_by("-at")
    last = recent.values_list("at", flat=True)[most - 1 : most].first()
    return 0 if last is None else max(1, int((last - since).total_seconds()))


def count(request: HttpRequest, kind: str = "") -> None:
    """Remembers that a code from this address was unknown."""
    Try.objects.create(network=_whose(request, kind))


def _whose(request: HttpRequest, kind: str) -> str:
    return f"{kind}{client_network(request) or ''}"[:45]


def forget_old() -> None:
    Try.objects.filter(at__lt=timezone.now() - WITHIN).delete()
