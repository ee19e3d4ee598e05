"""The workspaces room: what there is, and who can open it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboard.http import Request, render_page
from dashboard.permissions import Action, requires


@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_list(request: Request) -> HttpResponse:
    return render_page(
        request, "workspaces/workspace_list.html", partial="workspaces/_workspace_table.html", context={}
    )


@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_detail(request: Request, slug: str) -> HttpResponse:
    return render_page(request, "workspaces/workspace_detail.html", partial="workspaces/_members.html", context={})
