"""The workshop's room: jobs, their progress while they run, and what came of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.csvfiles import csv_response
from dashboard.errors import Declined
from dashboard.http import Request, own_url, render_page
from dashboard.jobs import services
from dashboard.jobs.kinds import registered
from dashboard.jobs.models import ItemState, Job
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, also_requires, requires


@require_GET
@requires(Action.VIEW_JOBS)
def job_list(request: Request) -> HttpResponse:
    page = page_of(services.visible_to(request.user), request)
    progress = services.progress(page.object_list)
    context = {"page": page, "rows": [(job, progress[job.pk]) for job in page.object_list]}
    return render_page(request, "jobs/job_list.html", partial="jobs/_job_table.html", context=context)


@require_GET
@requires(Action.VIEW_JOBS)
def job_detail(request: Request, job_id: int) -> HttpResponse:
    """The page; the partial is what the page asks for every second while the job runs."""
    job = _job(request, job_id)
    state = request.GET.get("state", "")
    items = job.items.filter(state=state) if state in ItemState else job.items.all()
    context: dict[str, Any] = {
        "job": job,
        "progress": services.progress([job])[job.pk],
        "state": state,
        "page": page_of(items, request),
        "passwords": not job.is_open and services.has_passwords(job),
    }
    return render_page(request, "jobs/job_detail.html", partial="jobs/_job.html", context=context)


@require_POST
@requires(Action.VIEW_JOBS)
def job_cancel(request: Request, job_id: int) -> HttpResponse:
    job = _job(request, job_id)
    try:
        services.cancel(actor=request.user, job=job)
        messages.success(request, _("The job was cancelled. What had begun is brought to its end."))
    except Declined as error:
        messages.error(request, str(error.sentence))
    return _back(request, job_id)


@require_POST
@requires(Action.VIEW_JOBS)
def job_retry(request: Request, job_id: int) -> HttpResponse:
    job = _job(request, job_id)
    action = registered(job.kind).action
    # Who may not is told so by the service, and the ledger keeps it.
    demand = also_requires(request, action) if allows(request.user, action) else None
    if demand is not None:
        return demand
    try:
        services.retry(actor=request.user, job=job)
        messages.success(request, _("What had failed is tried again."))
    except Declined as error:
        messages.error(request, str(error.sentence))
    return _back(request, job_id)


@require_GET
@requires(Action.VIEW_JOBS)
def job_report(request: Request, job_id: int) -> HttpResponseBase:
    job = _job(request, job_id)
    header = [_("No."), _("What"), _("Outcome"), _("Message"), _("Tries"), _("When")]
    return csv_response(f"job-{job.pk}.csv", header, services.report(job))


@require_POST
@requires(Action.VIEW_JOBS)
def job_passwords(request: Request, job_id: int) -> HttpResponseBase:
    """The file of names and passwords, once."""
    job = _job(request, job_id)
    try:
        rows = services.show_passwords(actor=request.user, job=job)
    except Declined as error:
        messages.error(request, str(error.sentence))
        return redirect("job_detail", job_id)
    return csv_response(f"passwords-{job.pk}.csv", [_("User name"), _("Password")], rows)


def _back(request: Request, job_id: int) -> HttpResponse:
    """Where the form said it came from, within Foyer; else the job's page."""
    return redirect(own_url(request, request.POST.get("next", ""), reverse("job_detail", args=[job_id])))


def _job(request: Request, job_id: int) -> Job:
    """The job, if this operator may see it; others' jobs do not exist."""
    return get_object_or_404(services.visible_to(request.user), pk=job_id)
