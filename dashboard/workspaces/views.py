"""The workspaces room: what there is, and who can open it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from dashboard import instance
from dashboard.anythingllm import ApiError
from dashboard.errors import describe
from dashboard.http import Request, render_page
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, requires
from dashboard.workspaces import services
from dashboard.workspaces.forms import WorkspaceSearchForm


@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_list(request: Request) -> HttpResponse:
    form = WorkspaceSearchForm(request.GET)
    criteria = form.criteria()
    members, problem = None, None
    # Member lists take a call per workspace, so a cold table comes first and asks for the counts after.
    counts_wanted = instance.members_known() or "counts" in request.GET
    if counts_wanted:
        try:
            members = instance.members().value
        except ApiError as error:
            problem = describe(error)
    reading = services.search(request.user, members, **criteria)
    page = page_of(reading.value, request)
    context = {
        "form": form,
        "reading": reading,
        "page": page,
        "counts_pending": not counts_wanted,
        "members_problem": problem,
        "sort": criteria["sort"] or "name",
        "filtered": bool(criteria["q"] or criteria["mode"]),
    }
    return render_page(
        request, "workspaces/workspace_list.html", partial="workspaces/_workspace_table.html", context=context
    )


@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_detail(request: Request, slug: str) -> HttpResponse:
    reading = services.find(request.user, slug)
    if reading.value is None:
        raise Http404
    openers, problem = None, None
    try:
        openers = services.openers(reading.value)
    except ApiError as error:
        problem = describe(error)
    context = {
        "reading": reading,
        "workspace": reading.value,
        "openers": openers,
        "page": page_of(openers.value.members, request) if openers else None,
        "openers_problem": problem,
        "may_view_users": allows(request.user, Action.VIEW_USERS),
    }
    return render_page(request, "workspaces/workspace_detail.html", partial="workspaces/_members.html", context=context)
