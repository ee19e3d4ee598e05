"""Many personal links at once: a list is looked at first, then a link is made for each who is on it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import sight
from dashboard.anythingllm import ApiError
from dashboard.csvfiles import csv_response
from dashboard.errors import Declined, describe
from dashboard.http import Request, render_page
from dashboard.invites import lists, mails, services
from dashboard.invites.forms import BatchForm
from dashboard.invites.models import Link, LinkState, MailState
from dashboard.invites.table import TONES
from dashboard.invites.views import closed_to_all, like, what_it_gives
from dashboard.jobs import services as jobs
from dashboard.permissions import Action, requires


@require_http_methods(["GET", "POST"])
@requires(Action.INVITE)
def invite_batch(request: Request) -> HttpResponse:
    """Shows what would become of every line; sent again with `make`, makes the links for the list that was looked at."""
    form = BatchForm(
        request.POST or None,
        request.FILES or None,
        initial=like(request),
        gifts=services.may_give(request.user),
        managers=services.may_make_managers(request.user),
    )
    if request.method == "POST" and form.is_valid() and "make" in request.POST and form.as_seen and form.good:
        try:
            return _made(request, form)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
    shown = form.shown
    before = services.invited_before(request.user, [row.email for row in shown]) if shown else {}
    context = {
        "form": form,
        "rows": [(row, before.get(row.email.casefold())) for row in shown],
        "max_people": lists.MAX_PEOPLE,
        "reading": sight.workspaces(request.user),
        "closed": closed_to_all(),
    }
    return render(request, "invites/invite_batch.html", context, status=422 if form.errors else 200)


def _made(request: Request, form: BatchForm) -> HttpResponse:
    batch = form.cleaned_data["batch"]
    people = [row.person for row in form.good]
    links = services.make_many(actor=request.user, fields=form.link_fields(), people=people, batch=batch)
    # Who sends the form twice gets to the same links, and nobody gets a second mail.
    if form.cleaned_data.get("send") and mails.job_of(batch) is None:
        _send(request, links)
    return redirect("invite_batch_detail", batch)


@dataclass(frozen=True, slots=True)
class Row:
    link: Link
    address: str | None
    state: LinkState

    @property
    def tone(self) -> str:
        return TONES[self.state]


def _rows(request: Request, batch: UUID) -> list[Row]:
    """The links of the batch, as far as this operator may see them, as on the list. Raises Http404 when there are none."""
    links = services.visible_to(request.user).filter(batch=batch).order_by("pk")
    rows = [Row(link, services.address(request, link), services.state_of(link)) for link in links]
    if not rows:
        raise Http404
    return rows


@never_cache
@require_GET
@requires(Action.INVITE)
def invite_batch_detail(request: Request, batch: UUID) -> HttpResponse:
    """Every link with its address; the partial asks for itself while mails are being sent."""
    rows = _rows(request, batch)
    job = mails.job_of(batch)
    context = {
        "batch": batch,
        "label": rows[0].link.label,
        "link": rows[0].link,
        "rows": rows,
        "job": job,
        "progress": jobs.progress([job])[job.pk] if job else None,
        "unsent": len(_unsent(rows)),
        "next": request.path,
        **what_it_gives(rows[0].link),
    }
    return render_page(
        request, "invites/invite_batch_detail.html", partial="invites/_invite_batch_links.html", context=context
    )


@require_GET
@requires(Action.INVITE)
def invite_batch_export(request: Request, batch: UUID) -> StreamingHttpResponse:
    rows = _rows(request, batch)
    header = [_("Name"), _("Mail address"), _("Link"), _("Expires"), _("State"), _("Mail")]
    lines = (
        [
            row.link.for_whom,
            row.link.email,
            row.address or "",
            formats.date_format(timezone.localtime(row.link.expires_at), "SHORT_DATETIME_FORMAT"),
            row.state.label,
            row.link.get_mail_state_display(),
        ]
        for row in rows
    )
    return csv_response("links.csv", header, lines)


@require_POST
@requires(Action.INVITE)
def invite_batch_mail(request: Request, batch: UUID) -> HttpResponse:
    """Mails the links that were not sent yet."""
    links, job = [row.link for row in _unsent(_rows(request, batch))], mails.job_of(batch)
    if links and not (job and job.is_open):
        _send(request, links)
    else:
        messages.info(request, _("There is nothing to send, or it is being sent already."))
    return redirect("invite_batch_detail", batch)


def _unsent(rows: list[Row]) -> list[Row]:
    """Those that can be mailed and certainly were not."""
    may_be = ("", MailState.FAILED)
    return [
        row
        for row in rows
        if settings.SENDS_MAIL and row.link.email and row.state == LinkState.OPEN and row.link.mail_state in may_be
    ]


def _send(request: Request, links: list[Link]) -> None:
    addressed = [link for link in links if link.email]
    if addressed:
        mails.start(actor=request.user, links=addressed, origin=request.build_absolute_uri("/"))
