"""The system room: what Foyer talks to, and whether it works."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import clock, identity, instance
from dashboard.anythingllm import ApiError, SingleUserMode
from dashboard.errors import Declined, describe
from dashboard.http import Request, render_page
from dashboard.models import Instance
from dashboard.permissions import Action, requires
from dashboard.system import decisions, services


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
        "ours": decisions.ours(),
        "clock": clock.doubt(),
        "parts": services.own_parts(request),
        "features": services.features(reading.value.version if reading else None),
    }
    return render_page(request, "system/system_overview.html", partial="system/_overview.html", context=context)


@require_POST
@requires(Action.VIEW_SYSTEM)
def connection_test(request: Request) -> HttpResponse:
    context = {"address": settings.ANYTHINGLLM_URL, "steps": services.test_connection()}
    return render_page(request, "system/connection_test.html", partial="system/_connection_test.html", context=context)


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.MANAGE_OPERATORS, even_in_doubt=True)
def instance_identity(request: Request) -> HttpResponse:
    """Whether the instance is the one that the records are about; where it is not, an admin says here what it is."""
    context: dict[str, Any] = {"ours": decisions.ours()}
    status = 200
    try:
        if request.method == "POST":
            if request.POST.get("decision") == "anew":
                decisions.begin_anew(actor=request.user)
                messages.success(
                    request, _("Foyer starts anew with this AnythingLLM. What was recorded before is kept.")
                )
            elif not identity.doubted():
                messages.info(request, _("Somebody has said already which AnythingLLM this is."))
            else:
                decisions.keep(actor=request.user, same=request.POST.getlist("same"))
                messages.success(request, _("Foyer goes on with this AnythingLLM."))
            return redirect("instance_identity")
        if context["ours"] and context["ours"].state == Instance.State.DOUBTED:
            context["found"] = decisions.findings()
    except (ApiError, Declined) as error:
        problem = describe(error)
        context["problem"], status = problem, problem.status
    return render(request, "system/instance_identity.html", context, status=status)
