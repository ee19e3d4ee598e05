"""For whoever watches over Foyer: is it alive, and can it do its work?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from dashboard.permissions import public


@require_GET
@public
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nothing and nobody, so that a broken database does not get the process restarted in circles."""
    return JsonResponse({"status": "ok"})


@require_GET
@public
def readyz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})
