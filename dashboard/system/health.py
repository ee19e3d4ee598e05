"""For whoever watches over Foyer: is it alive, and can it do its work?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from huey.contrib.djhuey import HUEY

from dashboard import instance, marks, workers
from dashboard.environment import prepare_folder
from dashboard.models import Sign
from dashboard.permissions import public

log = logging.getLogger("dashboard.health")


SEEN_FOR = 5.0  # seconds for which something that could be written to need not be tried again
_written: dict[str, float] = {}


def _now_and_then(name: str, write: Callable[[], None]) -> None:
    if time.monotonic() - _written.get(name, -SEEN_FOR) >= SEEN_FOR:
        write()
        _written[name] = time.monotonic()


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _now_and_then("database", lambda: Sign.write("readyz"))


def _disk() -> None:
    _now_and_then("disk", lambda: prepare_folder(settings.INCOMING_DIR))


def _queue() -> None:
    HUEY.pending_count()


def _worker() -> None:
    if not workers.are_running():
        raise RuntimeError("no sign of life")


def _instance() -> None:
    instance.connect().system.get_health()


# Without the worker pages work, but people who join, access that ends, and jobs wait: an alarm, like all that /readyz says, and nothing
# else tells of it by night.
PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "disk": _disk,
    "queue": _queue,
    "cache": marks.check,
    "worker": _worker,
    "instance": _instance,
}


@require_safe
@public
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nothing and nobody, so that a database that is down does not get the process restarted in circles."""
    return JsonResponse({"status": "ok"})


@require_safe
@public
def readyz(request: HttpRequest) -> HttpResponse:
    """Able to work: `{"status", "parts": {name: {"state": "ok" | "failed", "ms"}}}`, 503 when a part failed. Why is in the log."""
    parts = {}
    for name, ask in PARTS.items():
        started, state = time.perf_counter(), "ok"
        try:
            ask()
        except Exception as error:  # whatever the reason: this part does not work
            state = "failed"
            log.warning("not ready", extra={"part": name, "cause": type(error).__name__})
        parts[name] = {"state": state, "ms": round((time.perf_counter() - started) * 1000, 1)}
    ready = all(part["state"] == "ok" for part in parts.values())
    return JsonResponse({"status": "ok" if ready else "failed", "parts": parts}, status=200 if ready else 503)
