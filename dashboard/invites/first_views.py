"""The first steps of somebody who has just joined, and the way into AnythingLLM."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.anythingllm import ApiError
from dashboard.chat.services import answer_in_background
from dashboard.chat.services import first_question as ask
from dashboard.errors import Declined, describe
from dashboard.http import Request, render_page, wants_partial
from dashboard.invites import first_steps as steps
from dashboard.invites.join_forms import QuestionForm
from dashboard.permissions import Action, also_requires, requires


@require_GET
@never_cache
@requires(Action.USE_FOYER)
def first_steps(request: Request) -> HttpResponse:
    context = _rooms(request)
    found = context["rooms"].found if "rooms" in context else []
    chosen = next((room for room in found if room.slug == request.GET.get("workspace")), found[0] if found else None)
    if chosen:
        initial = {"workspace": chosen.slug, "text": chosen.question, "key": uuid.uuid4()}
        context["form"] = QuestionForm(initial=initial, rooms=[(room.slug, room.name) for room in found])
    context["codes"] = request.session.get("recovery_codes", {}).get("codes")
    return render_page(request, "invites/first_steps.html", partial="invites/_rooms.html", context=context)


def _rooms(request: Request) -> dict[str, Any]:
    context: dict[str, Any] = _way_in()
    if not request.user.is_local:
        try:
            context["reading"] = reading = steps.rooms(request.user)
            context["rooms"] = reading.value
        except ApiError as error:
            context["problem"] = describe(error)
    return context


def _way_in() -> dict[str, Any]:
    return {"sso": instance.signs_in_at_once(), "public_url": settings.ANYTHINGLLM_PUBLIC_URL}


@require_POST
@never_cache
@requires(Action.USE_FOYER)
def first_question(request: Request) -> HttpResponse:
    """It is answered where one can go on: in the chat."""
    slug = request.POST.get("workspace", "")
    form = QuestionForm(request.POST, rooms=[(slug, slug)])  # whether it may be asked, the service knows best
    context: dict[str, Any] = {"form": form}
    status = 422
    if form.is_valid():
        text, key = form.cleaned_data["text"], form.cleaned_data["key"] or uuid.uuid4()
        try:
            turn = ask(actor=request.user, slug=slug, text=text, key=key)
        except (ApiError, Declined) as error:
            context["problem"] = describe(error)
            status = describe(error).status
        else:
            address = reverse("chat_thread", args=[slug, turn.thread_slug or turn.session_id])
            if wants_partial(request):
                return HttpResponseClientRedirect(address)
            answer_in_background(turn)
            return redirect(f"{address}#end")
    if wants_partial(request):
        status = 422  # what htmx shows in its place
    return render_page(
        request, "invites/first_question.html", partial="invites/_refused.html", context=context, status=status
    )


@require_POST
@never_cache
@requires(Action.USE_FOYER)
def anythingllm_open(request: Request) -> HttpResponse:
    slug, thread = request.POST.get("workspace", ""), request.POST.get("thread", "")
    # An admin can do everything there, without being asked again.
    admin = request.user.role == Role.ADMIN and not request.user.is_local
    if admin and (demand := also_requires(request, Action.PROMOTE_USERS)):
        return demand
    address = steps.way_in(actor=request.user, slug=slug, thread=thread)
    if wants_partial(request):
        return HttpResponseClientRedirect(address)
    # Not a redirect: our content security policy lets no form lead to another site.
    return render(request, "invites/anythingllm_open.html", {"address": address})
