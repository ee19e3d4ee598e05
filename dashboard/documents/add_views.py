"""Adding documents: files from a browser, a page of the web, typed text; and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.formats import number_format
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from dashboard import instance
from dashboard.anythingllm import ApiError
from dashboard.documents import adding, services
from dashboard.documents.add_forms import AddForm, LinkForm, PlaceForm, TextForm, signed
from dashboard.documents.models import Duplicates
from dashboard.documents.services import Older
from dashboard.errors import Declined, Words, describe
from dashboard.http import Request, number_of, render_page, wants_partial
from dashboard.jobs import services as jobs
from dashboard.jobs.models import TROUBLE, ItemState, Job, JobItem
from dashboard.permissions import Action, also_requires, requires
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy

WORDS: dict[str, Words] = {
    ItemState.PENDING: gettext_lazy("Waiting"),
    ItemState.RUNNING: gettext_lazy("Being added"),
    ItemState.DONE: pgettext_lazy("state", "Added"),
    ItemState.SKIPPED: gettext_lazy("Skipped"),
    ItemState.FAILED: gettext_lazy("Failed"),
    ItemState.UNKNOWN: gettext_lazy("Unknown"),
}


def panel(request: Request) -> dict[str, Any]:
    """What documents/_add.html wants. `?workspace=` with a slug ticks that workspace. Raises ApiError when the instance was never read."""
    try:
        accepted = instance.readable_endings().value
    except ApiError:
        accepted = ()  # it reads nothing just now; what is sent waits
    return {
        "add": AddForm(operator=request.user, workspace=request.GET.get("workspace", "")),
        "most_files": adding.MOST_FILES,
        "most_mb": settings.DOCUMENT_MAX_MB,
        "most_bytes": settings.DOCUMENT_MAX_MB * 1024 * 1024,
        "accepted": " ".join(accepted),
    }


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_add(request: Request) -> HttpResponse:
    """The page to choose files on. What the script posts is where they are to go: looked at before the first of them is sent."""
    if request.method == "GET":
        return render(request, "documents/document_add.html", panel(request))
    form = AddForm(request.POST, operator=request.user)
    if not form.is_valid():
        return render(request, "documents/_add_options.html", {"add": form}, status=422)
    names = [adding.known_name(name) for name in request.POST.getlist("filenames")[: adding.MOST_FILES]]
    found = _unseen(request, form, names)
    if found:
        return render(request, "documents/_add_options.html", {"add": form, "versions": found})
    return _demand(request, form) or trigger_client_event(HttpResponse(status=204), "documents-begin")


def _unseen(request: Request, form: AddForm | LinkForm, names: list[str]) -> list[Older]:
    """What files of these names, or pages of these addresses, would replace, unless just that has been shown. The form then says what is."""
    options = form.options()
    if options.duplicates != Duplicates.REPLACE:
        return []
    pages = isinstance(form, LinkForm)
    instance.forget("library")  # what has come since it was last read would be refused afterwards
    found = list(services.older(request.user, names, options.folder, pages=pages).values())
    now = signed(found)
    if now == form.cleaned_data["replaces"]:
        return []
    told = request.POST.copy()
    told["replaces"] = now
    form.data = told
    return found


def _demand(request: Request, form: PlaceForm) -> HttpResponse | None:
    """For the proof of password that replacing wants, because it is erasing; else None."""
    is_dangerous = form.options().duplicates == Duplicates.REPLACE
    return also_requires(request, Action.ERASE_DOCUMENTS) if is_dangerous else None


@require_POST
@requires(Action.CHANGE_DOCUMENTS)
def document_add_file(request: Request) -> HttpResponse:
    """The script sends each file by itself, and is told the id of its item; the form without it sends all at once."""
    form = AddForm(request.POST, operator=request.user)
    files = cast("list[TemporaryUploadedFile]", request.FILES.getlist("files"))  # by FILE_UPLOAD_HANDLERS
    by_script = "ticket" in request.POST
    if not form.is_valid() or not files:
        if by_script:
            raise Declined(_("What was chosen is not there any more. Load the page again."))
        if not files:
            form.add_error(None, _("Choose at least one file."))
        return _add_page(request, form)
    if not by_script and (unseen := _unseen(request, form, list(map(adding.name_of, files)))):
        form.add_error(None, _("Look at what is replaced, then choose the files once more and add them."))
        return _add_page(request, form, versions=unseen)
    options, batch = form.options(), request.POST.get("batch") or get_random_string(32)
    demand = _demand(request, form) if adding.batch_of(request.user, batch) is None else None
    if demand is not None:
        return demand
    if by_script:
        item = adding.add_file(
            actor=request.user,
            batch=batch,
            ticket=request.POST["ticket"],
            file=files[0],
            options=options,
            name=request.POST.get("name", ""),
        )
        return JsonResponse({"item": item.pk, "url": reverse("document_add_status", args=[item.job_id])}, status=201)
    taken: JobItem | None = None
    for file in files:
        try:
            taken = adding.add_file(
                actor=request.user, batch=batch, ticket=get_random_string(32), file=file, options=options
            )
        except Declined as error:
            messages.error(request, f"{file.name}: {error.sentence}")
    return redirect("document_add_status", taken.job_id) if taken else redirect("document_add")


def _add_page(request: Request, form: AddForm, **more: Any) -> HttpResponse:
    return render(request, "documents/document_add.html", panel(request) | {"add": form, **more}, status=422)


# --- How far they are -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Row:
    """Something on its way, as its line shows it. All of them are drawn every second, so nothing is looked up for a line."""

    id: int  # of the job's item
    name: str
    size: str
    tone: str
    words: Words
    message: str
    path: str  # of the document it has become; of several, the first
    trouble: bool
    doubted: bool  # it looked like an error page, and may be kept all the same


def _row(item: JobItem) -> Row:
    incoming, state = item.incoming, ItemState(item.state)
    return Row(
        item.pk,
        incoming.name,
        _size(incoming.size),
        item.tone,
        WORDS[state],
        item.message,
        path=incoming.paths[0] if incoming.paths and state == ItemState.DONE else "",
        trouble=state in TROUBLE,
        doubted=state == ItemState.FAILED and incoming.doubted,
    )


def _size(size: int) -> str:
    """Bytes as the script words them before they are sent. Of a page of the web nobody knows them."""
    if not size:
        return ""
    kilobytes = size / 1024
    if kilobytes < 1024:
        return _("%(n)s kB") % {"n": max(round(kilobytes), 1)}
    megabytes, places = kilobytes / 1024, 0 if kilobytes >= 10_240 else 1
    return _("%(n)s MB") % {"n": number_format(round(megabytes, places), places)}


@require_GET
@requires(Action.CHANGE_DOCUMENTS)
def document_add_status(request: Request, job_id: int) -> HttpResponse:
    """One batch, its files in the order of their arrival; the partial is what the page asks for every second while the job runs."""
    return _status(request, _job(request, job_id))


@require_POST
@requires(Action.CHANGE_DOCUMENTS)
def document_add_retry(request: Request, job_id: int) -> HttpResponse:
    """Some of a batch once more, or all that failed; `any_page` keeps a page although it looks like an error."""
    job = _job(request, job_id)
    item_ids = {number for some in request.POST.getlist("item") if (number := number_of(some)) is not None}
    adding.retry(actor=request.user, job=job, item_ids=item_ids or None, any_page="any_page" in request.POST)
    if wants_partial(request):
        return _status(request, _job(request, job_id))
    return redirect("document_add_status", job_id)


def _status(request: Request, job: Job) -> HttpResponse:
    progress = jobs.progress([job])[job.pk]
    counts = progress.counts
    context = {
        "job": job,
        "rows": [_row(item) for item in adding.rows(job)],
        "progress": progress,
        "ready": counts[ItemState.DONE] + counts[ItemState.SKIPPED],
    }
    response = render_page(
        request, "documents/document_add_status.html", partial="documents/_add_status.html", context=context
    )
    # The table of documents, where it is on the same page, is out of date now.
    return response if job.is_open else trigger_client_event(response, "documents-changed")


def _job(request: Request, job_id: int) -> Job:
    """The job of a batch, if this operator may see it; others' do not exist."""
    return get_object_or_404(jobs.visible_to(request.user).filter(batch__isnull=False), pk=job_id)


# --- Without a file ---------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_link(request: Request) -> HttpResponse:
    form = LinkForm(request.POST or None, operator=request.user, workspace=request.GET.get("workspace", ""))
    unseen: list[Older] = []
    if request.method == "POST" and form.is_valid():
        try:
            unseen = _unseen(request, form, [form.cleaned_data["address"].strip()])
        except ApiError as error:
            form.add_error(None, str(describe(error).sentence))
    if request.method == "POST" and form.is_valid() and not unseen:
        demand = _demand(request, form)
        if demand is not None:
            return demand
        address = form.cleaned_data["address"]
        try:
            item = adding.add_link(actor=request.user, address=address, options=form.options())
        except (ApiError, Declined) as error:
            form.add_error("address", str(describe(error).sentence))
        else:
            return redirect("document_add_status", item.job_id)
    return render_page(
        request,
        "documents/document_link.html",
        partial="documents/_document_link.html",
        context={"form": form, "versions": unseen},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_DOCUMENTS)
def document_text(request: Request) -> HttpResponse:
    form = TextForm(request.POST or None, operator=request.user, workspace=request.GET.get("workspace", ""))
    if request.method == "POST" and form.is_valid():
        title, text = form.cleaned_data["title"], form.cleaned_data["text"]
        try:
            item = adding.add_text(actor=request.user, title=title, text=text, options=form.options())
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            return redirect("document_add_status", item.job_id)
    return render_page(
        request,
        "documents/document_text.html",
        partial="documents/_document_text.html",
        context={"form": form},
        status=422 if form.errors else 200,
    )
