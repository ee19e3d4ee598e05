"""What can be done with documents of the library: into workspaces, out of them, into another folder, away for good.

Each act begins with the documents: those ticked in the table (`ids`, their paths) or all that match its search (`all`). It is shown
first, in words, and done when that was confirmed and is still so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from dashboard import sight, titles
from dashboard.anythingllm import ApiError, Workspace
from dashboard.documents import services
from dashboard.documents.forms import EraseForm, FolderForm, WorkspacesForm
from dashboard.documents.services import Doomed, Moved, Pair, Standing
from dashboard.documents.views import search_form
from dashboard.errors import Declined, describe
from dashboard.http import Request, number_of, own_url, page_behind, render_page, wants_partial
from dashboard.names import told_apart
from dashboard.order import natural
from dashboard.permissions import Action, allows, also_requires, requires
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy, ngettext

SHOWN = 20  # documents named of those in one line of a preview
CHANGED = gettext_lazy("Some of this has changed since you looked. See what it is now, and confirm again.")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Documents, and the fields that name them once more in the next form."""

    paths: list[str]
    fields: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def seen(self) -> str:
        """Whether these are still those that were shown."""
        return digest(self.paths)


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """Some things, the first of them to be named."""

    things: list[T]

    def __len__(self) -> int:
        return len(self.things)

    @property
    def first(self) -> list[T]:
        return self.things[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.things) - SHOWN, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of moving documents: those that were moved, and those that stay, by the reason."""

    moved: Some[Moved]
    stayed: list[tuple[str, Some[Moved]]]
    lost: Some[Moved]  # beside them, by others


def told(outcomes: Sequence[Moved]) -> Told:
    stayed: dict[str, list[Moved]] = {}
    for one in outcomes:
        if one.problem and not one.beside:
            stayed.setdefault(str(one.problem), []).append(one)
    moved = Some([one for one in outcomes if not one.problem])
    lost = Some([one for one in outcomes if one.beside])
    return Told(moved, [(why, Some(some)) for why, some in stayed.items()], lost)


def digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _chosen(request: Request) -> Chosen | None:
    """None when somebody came back to the address of the act, without any."""
    given = request.POST if request.method == "POST" else request.GET
    if "all" in given:
        form = search_form(request.user, given)
        found = services.rows(request.user, **form.criteria()).certain()
        fields = [("all", "1"), *((name, value) for name, value in form.asked().items() if value)]
        chosen = Chosen([row.path for row in found if row.path], fields)
    else:
        paths = [path for path in dict.fromkeys(given.getlist("ids")) if path]
        chosen = Chosen(paths, [("ids", path) for path in paths])
    if not chosen and request.method == "POST":
        raise Declined(_("No document is chosen. Tick some in the table first."))
    return chosen if chosen else None


def _changed(request: Request, seen: str) -> bool:
    return request.POST.get("seen") != seen


def _next(request: Request) -> str:
    """Where the form says it came from, within Foyer; else the list from which its dialog was opened, as it was searched."""
    behind, library = page_behind(request), reverse("document_list")
    given = request.POST if request.method == "POST" else request.GET
    return own_url(request, given.get("next", ""), behind if behind.partition("?")[0] == library else library)


def _back(request: Request) -> HttpResponse:
    return redirect(_next(request))


# --- Into workspaces --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class IntoOne:
    """What putting documents into one workspace comes to."""

    workspace: Workspace
    new: Some[Pair]
    there: Some[Pair]
    gone: Some[Pair]
    failed: Some[Pair]  # of the new ones, like the large
    large: Some[Pair]


def _by_workspace(pairs: list[Pair]) -> list[IntoOne]:
    """In the order of the pairs."""
    workspaces = {pair.workspace.id: pair.workspace for pair in pairs}
    found = []
    for workspace in workspaces.values():
        own = [pair for pair in pairs if pair.workspace.id == workspace.id]
        new = [pair for pair in own if pair.standing == Standing.NEW]
        there = [pair for pair in own if pair.standing == Standing.THERE]
        gone = [pair for pair in own if pair.standing == Standing.GONE]
        failed, large = [pair for pair in new if pair.failed], [pair for pair in new if pair.large]
        found.append(IntoOne(workspace, Some(new), Some(there), Some(gone), Some(failed), Some(large)))
    return found


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_embed(request: Request) -> HttpResponse:
    """Asks for workspaces; with `step` shows what that comes to; with `step=start` begins the job."""
    chosen = _chosen(request)
    if chosen is None:
        return redirect("document_list")
    step = request.POST.get("step", "")
    reading = sight.workspaces(request.user)
    workspaces = sorted(reading.value, key=lambda some: natural(some.name))
    form = WorkspacesForm(
        request.POST if step else None,
        choices=told_apart(workspaces),
        initial={"workspaces": request.POST.getlist("workspaces")},
    )
    context: dict[str, Any] = {"chosen": chosen, "form": form, "reading": reading}
    if step and form.is_valid():
        workspace_ids = form.cleaned_data["workspaces"]
        try:
            if step == "start" and not _changed(request, chosen.seen):
                job = services.embed(actor=request.user, paths=chosen.paths, workspace_ids=workspace_ids)
                return redirect("job_detail", job.pk)
            pairs = services.stage_embed(request.user, chosen.paths, workspace_ids)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            if step == "start":
                form.add_error(None, str(CHANGED))
            context |= {
                "parts": _by_workspace(pairs),
                "documents": len({pair.path for pair in pairs if pair.standing == Standing.NEW}),
                "workspace_ids": workspace_ids,
            }
    return render_page(
        request,
        "documents/document_embed.html",
        partial="documents/_document_embed.html",
        context=context,
        status=422 if form.errors else 200,
    )


# --- Out of workspaces ------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_remove(request: Request) -> HttpResponse:
    """Asks which of the workspaces that hold the documents (`workspaces`: ids ticked already); with `step` takes them out.

    One document is out of one workspace at once, more are a job.
    """
    chosen = _chosen(request)
    if chosen is None:
        return redirect("document_list")
    pairs = services.stage_remove(request.user, chosen.paths)
    parts = _by_workspace(pairs)
    step = request.POST.get("step", "")
    ticked = list(map(number_of, request.GET.getlist("workspaces")))
    form = WorkspacesForm(
        request.POST if step else None,
        choices=[(part.workspace.id, _held(part)) for part in parts],
        initial={"workspaces": ticked or ([parts[0].workspace.id] if len(parts) == 1 else [])},
    )
    if step and form.is_valid():
        hit = [pair for pair in pairs if pair.workspace.id in form.cleaned_data["workspaces"]]
        if _changed(request, chosen.seen):
            form.add_error(None, str(CHANGED))
        else:
            try:
                return _taken_out(request, chosen, hit)
            except (ApiError, Declined) as error:
                form.add_error(None, str(describe(error).sentence))
    return render_page(
        request,
        "documents/document_remove.html",
        partial="documents/_document_remove.html",
        context={
            "chosen": chosen,
            "form": form,
            "parts": parts,
            "title": pairs[0].title if pairs and len(chosen) == 1 else "",
            "next": _next(request),
        },
        status=422 if form.errors else 200,
    )


def _held(part: IntoOne) -> str:
    n = len(part.there)
    words = ngettext("%(name)s (%(n)d document)", "%(name)s (%(n)d documents)", n)
    return words % {"name": part.workspace.name, "n": n}


def _taken_out(request: Request, chosen: Chosen, hit: list[Pair]) -> HttpResponse:
    if len(hit) > 1:
        workspace_ids = {pair.workspace.id for pair in hit}
        job = services.remove(actor=request.user, paths=chosen.paths, workspace_ids=workspace_ids)
        return redirect("job_detail", job.pk)
    (pair,) = hit
    services.take_out(actor=request.user, workspace_id=pair.workspace.id, path=pair.path, title=pair.title)
    words = {"title": pair.title, "workspace": pair.workspace.name}
    messages.success(request, _("%(title)s was removed from %(workspace)s. It is still in the library.") % words)
    return _back(request)


# --- Away for good ----------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_erase(request: Request) -> HttpResponse:
    """Shows what would be lost; with `step`, the number and the password, erases it. One document is gone at once, more are a job."""
    if not allows(request.user, Action.ERASE_DOCUMENTS):
        raise PermissionDenied
    chosen = _chosen(request)
    if chosen is None:
        return redirect("document_list")
    staged = services.stage_erase(request.user, chosen.paths)
    doomed = [some for some in staged if not some.refused]
    step = request.POST.get("step", "")
    form = EraseForm(request.POST if step else None, count=len(doomed))
    seen = digest([f"{some.path} {[workspace.id for workspace in some.used_in]}" for some in doomed])
    if step and _changed(request, seen):
        form.add_error(None, str(CHANGED))
    if step and doomed and form.is_valid():
        demand = also_requires(request, Action.ERASE_DOCUMENTS)
        if demand is not None:
            return demand
        try:
            return _erased(request, doomed)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
    hit = {workspace.id: workspace for some in doomed for workspace in some.used_in}
    return render_page(
        request,
        "documents/document_erase.html",
        partial="documents/_document_erase.html",
        context={
            "chosen": chosen,
            "form": form,
            "doomed": Some(doomed),
            "spared": Some([some for some in staged if some.refused]),
            "workspaces": sorted(hit.values(), key=lambda workspace: natural(workspace.name)),
            "seen": seen,
        },
        status=422 if form.errors else 200,
    )


def _erased(request: Request, doomed: list[Doomed]) -> HttpResponse:
    if len(doomed) > 1:
        job = services.erase(actor=request.user, paths=[some.path for some in doomed])
        return redirect("job_detail", job.pk)
    (one,) = doomed
    services.erase_one(actor=request.user, path=one.path, title=one.title)
    messages.success(request, _("%(title)s was erased everywhere.") % {"title": one.title})
    return _back(request)


# --- Into another folder ----------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_move(request: Request) -> HttpResponse:
    """Asks for the folder; with `step` moves, and tells of each document what came of it."""
    chosen = _chosen(request)
    if chosen is None:
        return redirect("document_list")
    reading = services.folders(request.user)
    names = [folder.name for folder in reading.value]
    form = FolderForm(request.POST if request.POST.get("step") else None, names=names)
    movable, staying = ([], []) if reading.stale else services.stage_move(request.user, chosen.paths)
    context: dict[str, Any] = {
        "chosen": chosen,
        "form": form,
        "reading": reading,
        "movable": Some(movable),
        "staying": Some(staying),
        "count": len(movable) or len(chosen),
    }
    if form.is_bound and form.is_valid():
        if _changed(request, chosen.seen):
            form.add_error(None, str(CHANGED))
        else:
            try:
                folder = form.cleaned_data["folder"]
                outcomes = services.move(actor=request.user, paths=chosen.paths, folder=folder)
                context |= {"told": told(outcomes), "folder": folder}
            except (ApiError, Declined) as error:
                form.add_error(None, str(describe(error).sentence))
    response = render_page(
        request,
        "documents/document_move.html",
        partial="documents/_document_move.html",
        context=context,
        status=422 if form.errors else 200,
    )
    # However the dialog is closed then, the table behind it is drawn anew.
    return trigger_client_event(response, "documents-changed") if "told" in context else response


# --- Into every question's context ------------------------------------------------------------------------------------
@require_POST
@requires(Action.CHANGE_DOCUMENTS)
def document_pin(request: Request) -> HttpResponse:
    """Pins `path` in `workspace` (an id), or no more; answers with the switch as it stands then."""
    posted = request.POST
    workspace_id, path = number_of(posted.get("workspace", "")), posted.get("path", "")
    if workspace_id is None or posted.get("pinned") not in ("0", "1"):
        raise BadRequest
    document = services.pin(actor=request.user, workspace_id=workspace_id, path=path, pinned=posted["pinned"] == "1")
    workspace = next(some for some in sight.workspaces(request.user).value if some.id == workspace_id)
    title = titles.shown(document.title)
    words = {"title": title, "workspace": workspace.name}
    if document.pinned:
        messages.success(request, _("The whole of %(title)s is now read with every question in %(workspace)s.") % words)
    else:
        messages.success(request, _("%(title)s is not pinned in %(workspace)s any more.") % words)
    if not wants_partial(request):
        return _back(request)
    context = {"path": path, "title": title, "workspace": workspace, "pinned": document.pinned}
    return render(request, "documents/_pin.html", context | {"next": posted.get("next", "")})
