"""The library: the table of all documents, one of them, and what a workspace finds in its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from dashboard import instance, sight
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, Workspace
from dashboard.audit.services import about
from dashboard.documents import services
from dashboard.documents.add_views import panel
from dashboard.documents.forms import DocumentSearchForm, FindForm
from dashboard.errors import Declined, describe
from dashboard.http import Request, render_page, wants_partial
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, requires


def may(request: Request, reading: instance.Reading[Any] | None = None) -> dict[str, bool]:
    """What the templates of this room may offer: of changes none, while what they show is an old answer."""
    changes = {
        "change": Action.CHANGE_DOCUMENTS,
        "folders": Action.MANAGE_FOLDERS,
        "erase": Action.ERASE_DOCUMENTS,
    }
    looks = {"ledger": Action.VIEW_LEDGER, "jobs": Action.VIEW_JOBS, "workspaces": Action.VIEW_WORKSPACES}
    certain = reading is None or not reading.stale
    return {word: certain and allows(request.user, action) for word, action in changes.items()} | {
        word: allows(request.user, action) for word, action in looks.items()
    }


def search_form(operator: Operator, asked: QueryDict) -> DocumentSearchForm:
    return DocumentSearchForm(asked, facets=services.facets(operator).value)


@require_GET
@requires(Action.VIEW_DOCUMENTS)
def document_list(request: Request) -> HttpResponse:
    page, part = "documents/document_list.html", "documents/_document_table.html"
    if request.htmx.target == "documents":
        part = page  # asked for by the page that came first, while the library was not read yet
    context: dict[str, Any] = {"may": may(request), "pending": True}
    if instance.library_known() or wants_partial(request) or "ready" in request.GET:
        try:
            context = _table(request)
        except ApiError as error:
            if part != page:
                raise
            context = {
                "may": may(request),
                "problem": describe(error),
            }  # no toast: the page waits for something to show
        else:
            if context["may"]["change"] and (part == page or not wants_partial(request)):
                context |= panel(request)
    return render_page(request, page, partial=part, context=context)


def _table(request: Request) -> dict[str, Any]:
    """What the table shows of the library. Raises ApiError when it was never read."""
    form = search_form(request.user, request.GET)
    asked = form.asked()
    reading = services.rows(request.user, **form.criteria())
    page = page_of(reading.value, request)
    return {
        "form": form,
        "asked": asked,
        "reading": reading,
        "page": page,
        "rows": page.object_list,
        "folders": services.folders(request.user).value,
        "folder": asked["folder"],
        "sort": asked["sort"] or "title",
        "filtered": any(value for name, value in asked.items() if name != "sort"),
        "may": may(request, reading),
    }


@require_GET
@requires(Action.VIEW_DOCUMENTS)
def document_detail(request: Request) -> HttpResponse:
    """The document at `?path=`: a drawer over the page, and a page of its own."""
    if not request.GET.get("path"):
        return redirect("document_list")
    reading = services.find(request.user, request.GET["path"])
    if reading.value is None:
        raise Http404
    row, may_do = reading.value.row, may(request, reading)
    context = {
        "detail": reading.value,
        "row": row,
        "path_query": quote(row.path, safe=""),
        "reading": reading,
        "may": may_do,
        "events": about(request.user, ("document", row.key), limit=10) if may_do["ledger"] else (),
    }
    return render_page(
        request, "documents/document_detail.html", partial="documents/_document_detail.html", context=context
    )


@require_GET
@requires(Action.VIEW_DOCUMENTS)
def workspace_find(request: Request, slug: str) -> HttpResponse:
    """What a question would find among a workspace's documents. It costs the instance an embedding, so nothing is asked while one types."""
    workspace = _workspace(request, slug)
    form = FindForm(request.GET, workspace=workspace)
    asked = form.asked()
    context: dict[str, Any] = {"workspace": workspace, "form": form, "q": asked["q"]}
    if asked["q"]:
        try:
            context["hits"] = services.search_vectors(workspace, asked["q"], top_n=asked["n"], threshold=asked["least"])
        except (ApiError, Declined) as error:
            context["problem"] = describe(error)
    return render_page(
        request, "documents/workspace_find.html", partial="documents/_workspace_find.html", context=context
    )


def _workspace(request: Request, slug: str) -> Workspace:
    """The workspace, if this operator looks after it; others' workspaces do not exist."""
    found = next((some for some in sight.workspaces(request.user).value if some.slug == slug), None)
    if found is None:
        raise Http404
    return found
