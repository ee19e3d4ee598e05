"""Folders of the library."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.anythingllm import ApiError
from dashboard.documents import services
from dashboard.documents.act_views import told
from dashboard.documents.forms import FolderNameForm
from dashboard.documents.services import FolderRow
from dashboard.errors import Declined, describe
from dashboard.http import Request, render_page
from dashboard.instance import Reading
from dashboard.permissions import Action, also_requires, requires
from dashboard.said import gettext as _


def _open(name: str) -> HttpResponse:
    return redirect(reverse("document_list") + "?" + urlencode({"folder": name}))


def _folder(request: Request) -> Reading[FolderRow]:
    """The folder that `name` names."""
    name = (request.POST if request.method == "POST" else request.GET).get("name", "")
    reading = services.folders(request.user)
    found = next((folder for folder in reading.value if folder.name == name), None)
    if found is None:
        raise Http404
    return Reading(found, reading.as_of, reading.problem)


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_FOLDERS)
def folder_new(request: Request) -> HttpResponse:
    form = FolderNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["new_name"]
        try:
            services.folder_make(actor=request.user, name=name)
        except (ApiError, Declined) as error:
            form.add_error("new_name", str(describe(error).sentence))
        else:
            messages.success(request, _("The folder %(name)s was made.") % {"name": name})
            return _open(name)
    return render_page(
        request,
        "documents/folder_new.html",
        partial="documents/_folder_new.html",
        context={"form": form},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_FOLDERS)
def folder_rename(request: Request) -> HttpResponse:
    """Makes the new folder and moves everything; what the instance did not move is told, and stays."""
    reading = _folder(request)
    folder = reading.value
    form = FolderNameForm(request.POST if "new_name" in request.POST else None, initial={"new_name": folder.name})
    context: dict[str, Any] = {"folder": folder, "form": form, "reading": reading}
    if form.is_bound and form.is_valid():
        new_name = form.cleaned_data["new_name"]
        try:
            outcomes = told(services.folder_rename(actor=request.user, name=folder.name, new_name=new_name))
        except (ApiError, Declined) as error:
            form.add_error("new_name", str(describe(error).sentence))
        else:
            if not outcomes.stayed:
                messages.success(request, _("The folder is now called %(name)s.") % {"name": new_name})
                return _open(new_name)
            context |= {"told": outcomes, "new_name": new_name}
    return render_page(
        request,
        "documents/folder_rename.html",
        partial="documents/_folder_rename.html",
        context=context,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_FOLDERS)
def folder_remove(request: Request) -> HttpResponse:
    """With the folder go its documents, everywhere."""
    folder = _folder(request).value
    reading = services.folder_contents(folder.name)
    shown = reading.value.documents
    form = Form(request.POST if "step" in request.POST else None)
    if form.is_bound and form.is_valid():
        demand = also_requires(request, Action.ERASE_DOCUMENTS) if shown else None
        if demand is not None:
            return demand
        try:
            if request.POST.get("documents") != str(shown):
                raise Declined(services.FOLDER_CHANGED)
            # What came into it since it was read is told by the service, which reads it anew.
            job = services.folder_remove(actor=request.user, name=folder.name, shown=shown)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
            reading = services.folder_contents(folder.name)
        else:
            if job is not None:
                return redirect("job_detail", job.pk)
            messages.success(request, _("The folder %(name)s was removed.") % {"name": folder.name})
            return redirect("document_list")
    return render_page(
        request,
        "documents/folder_remove.html",
        partial="documents/_folder_remove.html",
        context={"folder": folder, "form": form, "contents": reading.value, "reading": reading},
        status=422 if form.errors else 200,
    )
