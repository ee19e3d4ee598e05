"""The ledger's room: who did what, on whom, when, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboard.accounts.models import Role
from dashboard.audit import services
from dashboard.audit.forms import AuditSearchForm
from dashboard.audit.models import AuditEvent
from dashboard.csvfiles import csv_response
from dashboard.http import Request, render_page
from dashboard.paging import page_of
from dashboard.permissions import Action, requires


@require_GET
@requires(Action.VIEW_LEDGER)
def audit_list(request: Request) -> HttpResponse:
    form = AuditSearchForm(request.GET)
    valid = form.is_valid()
    events = services.search(request.user, **form.cleaned_data) if valid else AuditEvent.objects.none()
    context = {"form": form, "page": page_of(events, request), "addresses": _sees_addresses(request)}
    return render_page(
        request,
        "audit/audit_list.html",
        partial="audit/_event_table.html",
        context=context,
        status=200 if valid else 422,
    )


@require_GET
@requires(Action.VIEW_LEDGER)
def audit_export(request: Request) -> HttpResponseBase:
    """What the page shows with the same query, all of it, as CSV."""
    form = AuditSearchForm(request.GET)
    if not form.is_valid():
        return audit_list(request)
    header = [
        *(
            _("When"),
            _("Who"),
            _("Action"),
            _("What"),
            _("Kind of target"),
            _("Id of target"),
            _("Target"),
            _("Before"),
        ),
        *(_("After"), _("Outcome"), _("Detail"), _("Address"), _("Request"), _("Ended")),
    ]
    day = timezone.localdate().isoformat()
    events = services.search(request.user, **form.cleaned_data).iterator()
    return csv_response(f"ledger-{day}.csv", header, _rows(events, addresses=_sees_addresses(request)))


def _sees_addresses(request: Request) -> bool:
    """From where their colleagues work is not for managers to know."""
    return request.user.effective_role == Role.ADMIN


def _rows(events: Iterator[AuditEvent], *, addresses: bool) -> Iterator[list[object]]:
    for event in events:
        yield [
            timezone.localtime(event.at).isoformat(" ", "seconds"),
            event.actor_name,
            event.action,
            event.act,
            event.target_type,
            event.target_id,
            event.target_name,
            json.dumps(event.before, ensure_ascii=False),
            json.dumps(event.after, ensure_ascii=False),
            event.ended.label,
            event.why,
            event.address if addresses else "",
            event.request_id,
            timezone.localtime(event.finished_at).isoformat(" ", "seconds") if event.finished_at else "",
        ]
