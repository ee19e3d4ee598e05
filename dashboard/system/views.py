"""The system room: what Foyer talks to, and whether it works."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from dashboard.http import Request, render_page
from dashboard.permissions import Action, requires


@require_GET
@requires(Action.VIEW_SYSTEM)
def system_overview(request: Request) -> HttpResponse:
    return render_page(request, "system/system_overview.html", partial="system/_overview.html", context={})


@require_POST
@requires(Action.VIEW_SYSTEM)
def connection_test(request: Request) -> HttpResponse:
    return render_page(request, "system/connection_test.html", partial="system/_connection_test.html", context={})
