"""The start page, the jump box, the light, the theme."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard import instance
from dashboard.accounts.models import Theme
from dashboard.home import services
from dashboard.http import Request, own_url, render_page
from dashboard.permissions import Action, requires


@require_GET
@requires(Action.USE_FOYER)
def home(request: Request) -> HttpResponse:
    return render(request, "home/home.html", services.overview(request.user))


@require_GET
@requires(Action.USE_FOYER)
def palette(request: Request) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:100]
    context = {"query": query, **services.jump(request.user, query)}
    return render_page(request, "home/palette.html", partial="home/_palette_results.html", context=context)


@require_GET
@requires(Action.USE_FOYER, even_in_doubt=True)
def light(request: Request) -> HttpResponse:
    """The light alone, asked for every half minute by every open page; this is what notices an outage while nobody clicks."""
    return render(request, "home/_light.html", {"light": instance.light(probe=True)})


@require_POST
@requires(Action.USE_FOYER)
def refresh(request: Request) -> HttpResponse:
    """Back to the page one came from, which then asks the instance instead of showing what was read a moment ago."""
    instance.forget("users", "workspaces", "invites", "overview", "library")
    instance.forget_members()
    instance.forget_documents()
    return redirect(own_url(request, request.POST.get("next", ""), reverse("home")))


@require_POST
@requires(Action.USE_FOYER, even_in_doubt=True)
def theme_change(request: Request) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme in Theme.values:
        request.user.theme = theme
        request.user.save(update_fields=["theme"])
    return redirect(own_url(request, request.POST.get("next", ""), reverse("home")))
