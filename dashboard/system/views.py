"""The system room: what Foyer talks to, and whether it works."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from dashboard import instance
from dashboard.anythingllm import ApiError, SingleUserMode
from dashboard.errors import describe
from dashboard.http import Request, render_page
from dashboard.permissions import Action, requires
from dashboard.system import services


@require_GET
@requires(Action.VIEW_SYSTEM)
def system_overview(request: Request) -> HttpResponse:
    reading, error = None, None
    try:
        reading = instance.overview()
        error = reading.problem
    except ApiError as failure:
        error = failure
    key_state = services.key_state(error)
    if error is None and reading and not reading.value.multi_user:
        error = SingleUserMode(200, "The instance is in single-user mode.")
    context = {
        "address": settings.ANYTHINGLLM_URL,
        "public_address": settings.ANYTHINGLLM_PUBLIC_URL,
        "reading": reading,
        "overview": reading.value if reading else None,
        "problem": describe(error) if error else None,
        "key_state": key_state,
        "parts": services.own_parts(request),
        "features": services.features(reading.value.version if reading else None),
    }
    return render_page(request, "system/system_overview.html", partial="system/_overview.html", context=context)


@require_POST
@requires(Action.VIEW_SYSTEM)
def connection_test(request: Request) -> HttpResponse:
    context = {"address": settings.ANYTHINGLLM_URL, "steps": services.test_connection()}
    return render_page(request, "system/connection_test.html", partial="system/_connection_test.html", context=context)
