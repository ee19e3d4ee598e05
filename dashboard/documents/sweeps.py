"""What the worker does every hour without being asked: it throws away files that nobody waits for any more."""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from dashboard import clock, uploads
from dashboard.documents.models import Incoming

KEPT_FOR = timedelta(days=7)  # from its arrival, for a file whose item failed: until then it can be tried again
STILL_ARRIVING = 3600.0  # seconds since anything was written to a file that may be on its way from a browser


def sweep() -> None:
    """Files that are in the library or too old, and those of requests that broke off."""
    if not clock.believed():
        return
    waiting = Incoming.objects.filter(ended_at=None, created_at__gt=timezone.now() - KEPT_FOR)
    tokens = set(waiting.values_list("token", flat=True))
    for file in uploads.incoming().iterdir():
        if file.name not in tokens and time.time() - file.stat().st_mtime > STILL_ARRIVING:
            file.unlink(missing_ok=True)
