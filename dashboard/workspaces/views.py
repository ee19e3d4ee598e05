"""The workspaces room: what there is, who can open it, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from dashboard import instance, sight
from dashboard.access import services as access
from dashboard.access import sets
from dashboard.anythingllm import ApiError, NotApplied, Workspace
from dashboard.audit.services import about_workspace
from dashboard.chatlog import services as chatlog
from dashboard.csvfiles import csv_response
from dashboard.documents import services as documents
from dashboard.errors import Declined, Problem, describe
from dashboard.http import Request, render_page, wants_partial
from dashboard.once import once
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, requires, scope
from dashboard.said import gettext as _
from dashboard.said import ngettext
from dashboard.workspaces import services
from dashboard.workspaces.forms import (
    NewWorkspaceForm,
    PeopleForm,
    WorkspaceDeleteForm,
    WorkspaceForm,
    WorkspaceSearchForm,
)

CANDIDATES = 10  # people to add who are shown for a search
DOCUMENTS = 20  # of a workspace on its page; the library has all of them


def _may(request: Request) -> dict[str, bool]:
    """What the templates of this room may offer."""
    actions = {
        "create": Action.CREATE_WORKSPACES,
        "change": Action.CHANGE_WORKSPACES,
        "delete": Action.DELETE_WORKSPACES,
        "access": Action.CHANGE_ACCESS,
        "open": Action.OPEN_WORKSPACES,
        "ledger": Action.VIEW_LEDGER,
        "users": Action.VIEW_USERS,
        "documents": Action.VIEW_DOCUMENTS,
        "change_documents": Action.CHANGE_DOCUMENTS,
    }
    return {word: allows(request.user, action) for word, action in actions.items()}


def _workspace_or_404(request: Request, slug: str) -> instance.Reading[Workspace]:
    reading = services.find(request.user, slug)
    if reading.value is None:
        raise Http404
    return instance.Reading(reading.value, reading.as_of, reading.problem)


def _same(request: Request, workspace: Workspace) -> None:
    """Refuses a form that was about another workspace, deleted since, whose slug this one has got."""
    if request.POST.get("id") != str(workspace.id):
        raise Declined(_("Another workspace has this address now. Load the page again."))


def _tried(read: Callable[[], instance.Reading[Any]]) -> tuple[instance.Reading[Any] | None, Problem | None]:
    """What was read, or in words why it could not be."""
    try:
        return read(), None
    except ApiError as error:
        return None, describe(error)


# --- The table --------------------------------------------------------------------------------------------------------
@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_list(request: Request) -> HttpResponse:
    form = WorkspaceSearchForm(request.GET)
    criteria = form.criteria()
    members, counts, members_problem, counts_problem = None, None, None, None
    # Members and documents take two calls per workspace, so a cold table comes first and asks for the counts after.
    counts_wanted = (instance.members_known() and instance.document_counts_known()) or "counts" in request.GET
    if counts_wanted:
        members, members_problem = _tried(instance.members)
        counts, counts_problem = _tried(instance.document_counts)
    reading = services.search(
        request.user, members.value if members else None, counts.value if counts else None, **criteria
    )
    context = {
        "form": form,
        "reading": reading.beside(members, counts),
        "page": page_of(reading.value, request),
        "counts_pending": not counts_wanted,
        "counts_problem": members_problem or counts_problem,
        "sort": criteria["sort"] or "name",
        "filtered": bool(criteria["q"] or criteria["mode"]),
        "may": _may(request),
        "left_out": instance.left_out() if scope(request.user) is None else [],
    }
    return render_page(
        request, "workspaces/workspace_list.html", partial="workspaces/_workspace_table.html", context=context
    )


@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_export(request: Request) -> StreamingHttpResponse:
    """What the table shows under the same search and filter, all pages, as CSV."""
    criteria = WorkspaceSearchForm(request.GET).criteria()
    # A file cannot say how old it is, so old answers will not do.
    members, counts = instance.members().certain(), instance.document_counts().certain()
    rows = services.search(request.user, members, counts, **criteria).certain()
    header = [
        _("Name"),
        _("Name in addresses"),
        _("Members"),
        _("Documents"),
        _("Threads"),
        _("Chat mode"),
        _("Provider for chats"),
        _("Model for chats"),
        _("Created"),
    ]
    lines = (
        [
            row.workspace.name,
            row.workspace.slug,
            row.members,
            row.documents,
            len(row.workspace.threads),
            row.workspace.chat_mode or "chat",
            row.workspace.chat_provider or "",
            row.workspace.chat_model or "",
            row.workspace.created_at.isoformat(timespec="seconds"),
        ]
        for row in rows
    )
    return csv_response("workspaces.csv", header, lines)


# --- One workspace ----------------------------------------------------------------------------------------------------
@require_GET
@requires(Action.VIEW_WORKSPACES)
def workspace_detail(request: Request, slug: str) -> HttpResponse:
    """Facts, people and documents; the partial is the people whose name holds `q`, with those who could be added."""
    reading = _workspace_or_404(request, slug)
    workspace, may, q = reading.value, _may(request), request.GET.get("q", "").strip()
    context: dict[str, Any] = {"reading": reading, "workspace": workspace, "may": may, "q": q}
    try:
        people = access.switches_of_workspace(workspace, q=q, others=bool(q) and may["access"])
        inside, outside = people.value
        context |= {
            "people": people,
            "by_role": services.by_role(),
            "by_role_named": scope(request.user) is None,
            "page": page_of(inside, request),
            "candidates": outside[:CANDIDATES],
            "more": max(len(outside) - CANDIDATES, 0),
            "open": access.is_open(workspace.id),
            "next": request.get_full_path(),
        }
    except ApiError as error:
        context["people_problem"] = describe(error)
    if not wants_partial(request):
        context |= _documents(workspace)
    context["reading"] = reading.beside(context.get("people"), context.get("documents"))
    if may["ledger"]:
        context["events"] = about_workspace(request.user, workspace.id)
    return render_page(request, "workspaces/workspace_detail.html", partial="workspaces/_people.html", context=context)


def _documents(workspace: Workspace) -> dict[str, Any]:
    try:
        reading = documents.in_workspace(workspace)
    except ApiError as error:
        return {"documents_problem": describe(error), "document_count": None}
    return {"documents": reading, "shown": reading.value[:DOCUMENTS], "document_count": len(reading.value)}


@require_http_methods(["GET", "POST"])
@requires(Action.CREATE_WORKSPACES)
def workspace_new(request: Request) -> HttpResponse:
    reading = instance.workspaces()
    names = {workspace.name for workspace in reading.value}
    form = NewWorkspaceForm(request.POST or None, names=names, version=instance.version())
    if request.method == "POST" and form.is_valid():
        try:
            with once(form.cleaned_data["once"]):
                workspace = services.create(
                    actor=request.user,
                    name=form.cleaned_data["name"],
                    chat_mode=form.cleaned_data["chat_mode"],
                    second=form.cleaned_data.get("anyway", False),
                )
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            messages.success(request, _("%(name)s was created. Nobody is a member yet.") % {"name": workspace.name})
            return redirect("workspace_detail", workspace.slug)
    context = {"form": form, "reading": reading}
    return render(request, "workspaces/workspace_new.html", context, status=422 if form.errors else 200)


DEFAULTS = {"history": 20, "top_n": 4, "similarity_threshold": 0.25, "chat_mode": "chat"}  # where nothing is stored


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_WORKSPACES)
def workspace_settings(request: Request, slug: str) -> HttpResponse:
    reading = _workspace_or_404(request, slug)
    workspace = reading.value
    stored = {name: getattr(workspace, name) for name in WorkspaceForm.base_fields if name != "anyway"}
    form = WorkspaceForm(
        request.POST or None,
        initial=stored | {name: value for name, value in DEFAULTS.items() if stored[name] is None},
        names={other.name for other in sight.workspaces(request.user).value if other.id != workspace.id},
        version=instance.version(),
    )
    if request.method == "POST":
        _same(request, workspace)
        if form.is_valid():
            try:
                workspace = services.update(actor=request.user, workspace_id=workspace.id, **form.changes())
            except (ApiError, Declined) as error:
                if isinstance(error, NotApplied) and error.differences:
                    form.tell_stored(error.differences)
                else:
                    form.add_error(None, str(describe(error).sentence))
            else:
                messages.success(request, _("The settings of %(name)s were saved.") % {"name": workspace.name})
                return redirect("workspace_settings", slug)
    context = {"form": form, "workspace": workspace, "reading": reading, "may": _may(request)}
    return render(request, "workspaces/workspace_settings.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(Action.DELETE_WORKSPACES)
def workspace_delete(request: Request, slug: str) -> HttpResponse:
    reading = _workspace_or_404(request, slug)
    workspace = reading.value
    form = WorkspaceDeleteForm(request.POST or None, name=workspace.name)
    if request.method == "POST":
        _same(request, workspace)
        if form.is_valid():
            try:
                services.delete(actor=request.user, workspace_id=workspace.id)
            except (ApiError, Declined) as error:
                form.add_error(None, str(describe(error).sentence))
            else:
                messages.success(request, _("%(name)s was deleted.") % {"name": workspace.name})
                return redirect("workspace_list")
    context = {
        "form": form,
        "workspace": workspace,
        "reading": reading,
        "contents": services.contents(workspace),
        "protected": services.deletion_protected(),
        "keeps_log": chatlog.keeps_log(),
    }
    status = 422 if form.errors else 200
    return render_page(
        request,
        "workspaces/workspace_delete.html",
        partial="workspaces/_workspace_delete.html",
        context=context,
        status=status,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_ACCESS)
def workspace_add_people(request: Request, slug: str) -> HttpResponse:
    """A list of names; what it would change is staged and shown before it is done. Names that nobody has are told first."""
    reading = _workspace_or_404(request, slug)
    workspace = reading.value
    form = PeopleForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "workspace": workspace, "reading": reading}
    if request.method == "POST" and form.is_valid():
        instead = {name.casefold(): name for name in request.POST.getlist("instead")}
        found = services.named(request.user, [*form.cleaned_data["names"], *instead.values()])
        if found.users and (not found.unknown or "without" in request.POST):
            people = {user.id: user for user in found.users}
            staged = sets.stage(
                actor=request.user,
                title=workspace.name,
                wanted=[sets.Wanted(workspace.id, user_id, give=True) for user_id in people],
            )
            # Who has been given it already is not among them.
            n = staged.changes.count()
            if n:
                title = ngettext("%(n)d person to %(workspace)s", "%(n)d people to %(workspace)s", n)
                staged.title = title % {"n": n, "workspace": workspace.name}
                staged.save(update_fields=["title"])
                return redirect("access_set", staged.pk)
            staged.delete()
            messages.info(request, _("All of them have been given this workspace already."))
            return redirect("workspace_detail", slug)
        context["found"] = found
        form.add_error("names", _("Nobody has some of these names.") if found.users else _("Nobody has these names."))
    status = 422 if form.errors else 200
    return render(request, "workspaces/workspace_add_people.html", context, status=status)
