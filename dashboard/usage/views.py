"""Who uses what: figures, a chart, tables, and these as files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboard.chatlog import services as chatlog
from dashboard.csvfiles import csv_response
from dashboard.http import Request
from dashboard.permissions import Action, requires
from dashboard.usage import services
from dashboard.usage.services import Share, Usage

SHOWN = 15  # rows of a table; its file has all


def _days(request: Request) -> int:
    """The period asked for; 30 days when it is none of those there are."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, services.PERIODS) else 30


@require_GET
@requires(Action.VIEW_USAGE)
def usage_overview(request: Request) -> HttpResponse:
    days = _days(request)
    context: dict[str, Any] = {
        "days": days,
        "periods": services.PERIODS,
        "shown": SHOWN,
        "keeps_log": chatlog.keeps_log(),
        "sees_people": chatlog.sees_people(),
        "progress": chatlog.progress(),
        "usage": services.usage(request.user, days),
    }
    return render(request, "usage/usage_overview.html", context)


@require_GET
@requires(Action.VIEW_USAGE)
def usage_export(request: Request) -> StreamingHttpResponse:
    """One of the tables, all of it: `?table=` days, workspaces, people or documents."""
    usage = services.usage(request.user, _days(request))
    kind = request.GET.get("table", "days")
    tables = {"days": _of_days, "workspaces": _of_workspaces, "documents": _of_documents}
    if chatlog.sees_people():
        tables["people"] = _of_people
    if kind not in tables:
        raise Http404
    header, rows = tables[kind](usage)
    if not chatlog.sees_people() and kind in ("days", "workspaces"):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return csv_response(f"usage-{kind}-{timezone.localdate().isoformat()}.csv", header, rows)


# --- Tables as files: who asked comes last, and goes first when nobody may know -----------------------------------------
Table = tuple[list[str], list[list[object]]]


def _of_days(usage: Usage) -> Table:
    return [_("Day"), _("Messages"), _("People")], [[d.day.isoformat(), d.messages, d.people] for d in usage.days]


def _of_workspaces(usage: Usage) -> Table:
    header = [_("Number"), _("Workspace"), _("Messages"), _("Answers without sources"), _("Last used"), _("People")]
    return header, _shares(usage.workspaces)


def _of_people(usage: Usage) -> Table:
    header = [_("Number"), _("Person"), _("Messages"), _("Answers without sources"), _("Last active"), _("Workspaces")]
    return header, _shares(usage.persons)


def _of_documents(usage: Usage) -> Table:
    header = [_("Document"), _("Answers"), _("Workspaces")]
    return header, [[cited.title, cited.answers, cited.workspaces] for cited in usage.documents]


def _shares(shares: Iterable[Share]) -> list[list[object]]:
    return [
        [
            share.id,
            share.name,
            share.messages,
            share.without_sources,
            timezone.localtime(share.last).isoformat(" ", "minutes"),
            share.others,
        ]
        for share in shares
    ]
