"""The log of chats: a table that can be searched, one conversation, and files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard import locks
from dashboard.anythingllm import ApiError
from dashboard.chatlog import services
from dashboard.chatlog.forms import ChatSearchForm
from dashboard.chatlog.models import Exchange
from dashboard.csvfiles import csv_response, in_pieces
from dashboard.errors import describe
from dashboard.http import Request, own_url, render_page
from dashboard.paging import page_of
from dashboard.permissions import Action, requires


def _form(request: Request) -> ChatSearchForm:
    return ChatSearchForm(request.GET, workspaces=services.workspaces(request.user))


@require_GET
@requires(Action.VIEW_CHATS)
def chatlog_list(request: Request) -> HttpResponse:
    form = _form(request)
    valid = form.is_valid()
    found = services.search(request.user, **form.criteria()) if valid else Exchange.objects.none()
    page = page_of(found, request)
    if page.object_list:
        services.note_reading(request.user)
    context = {
        "form": form,
        "page": page,
        "filtered": valid and form.filtered(),
        "keeps_log": services.keeps_log(),
        "sees_people": services.sees_people(),
        "progress": services.progress(),
    }
    status = 200 if valid else 422
    return render_page(
        request, "chatlog/chatlog_list.html", partial="chatlog/_chatlog_table.html", context=context, status=status
    )


@require_GET
@requires(Action.VIEW_CHATS)
def chatlog_detail(request: Request, exchange_id: int) -> HttpResponse:
    """The conversation around one line, at the page on which that stands."""
    exchange = services.visible_to(request.user).filter(pk=exchange_id).first()
    if exchange is None:
        raise Http404
    services.note_reading(request.user)
    conversation = services.conversation(request.user, exchange).prefetch_related("citations")
    page = page_of(conversation, request)
    if "page" not in request.GET:
        earlier = Q(created_at__lt=exchange.created_at) | Q(created_at=exchange.created_at, pk__lt=exchange.pk)
        before = services.conversation(request.user, exchange).filter(earlier).count()
        page = page.paginator.get_page(before // page.paginator.per_page + 1)
    context = {"exchange": exchange, "page": page, "sees_people": services.sees_people()}
    return render(request, "chatlog/chatlog_detail.html", context)


@require_POST
@requires(Action.VIEW_CHATS)
def chatlog_update(request: Request) -> HttpResponse:
    """Reads the newest lines now, without waiting for the worker."""
    try:
        if services.update_now():
            messages.success(request, _("The log is up to date."))
        else:
            messages.info(request, _("There is more to read; the worker goes on with it."))
    except locks.Busy:
        messages.info(request, _("The log is being read right now."))
    except ApiError as error:
        messages.error(request, str(describe(error).sentence))
    return redirect(own_url(request, request.POST.get("next", ""), reverse("chatlog_list")))


# --- Files ------------------------------------------------------------------------------------------------------------
@require_GET
@requires(Action.VIEW_CHATS)
def chatlog_export(request: Request) -> HttpResponseBase:
    """What the table shows with the same query, all of it: `?format=` csv, json or jsonl."""
    form = _form(request)
    if not form.is_valid():
        return chatlog_list(request)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "json", "jsonl"):
        raise Http404
    criteria = form.criteria()
    about = {name: str(criteria[name]) for name in ("person", "since", "until") if criteria.get(name)}
    if criteria["workspace"] is not None:
        about["workspace"] = dict(services.workspaces(request.user))[criteria["workspace"]]
    found = services.search(request.user, **criteria)
    records = map(_record, services.exported(request.user, found, format=kind, **about))
    name = f"chats-{timezone.localdate().isoformat()}.{kind}"
    if kind == "csv":
        return csv_response(name, _header(), (_cells(record) for record in records))
    lines = _json(records) if kind == "json" else (f"{_dumped(record)}\n" for record in records)
    response = StreamingHttpResponse(
        in_pieces(lines), content_type="application/json" if kind == "json" else "application/jsonl; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


def _record(exchange: Exchange) -> dict[str, Any]:
    """The line as it stands in files; whoever asked only where that may be known."""
    name = exchange.user.name if exchange.user else ""
    person = {"user_id": exchange.user_id, "username": name, "session_id": exchange.session_id}
    return {
        "id": exchange.pk,
        "created_at": timezone.localtime(exchange.created_at).isoformat(timespec="seconds"),
        "workspace_id": exchange.workspace_id,
        "workspace": exchange.workspace.name,
        **(person if services.sees_people() else {}),
        "thread_id": exchange.thread_id,
        "mode": exchange.mode,
        "prompt": exchange.prompt,
        "answer": exchange.answer,
        "sources": [citation.title for citation in exchange.citations.all()],
        "feedback": exchange.feedback,
        "visible": exchange.visible,
    }


def _header() -> list[str]:
    person = [_("Number of the account"), _("Person"), _("Session")] if services.sees_people() else []
    return [
        *(_("Number"), _("When"), _("Number of the workspace"), _("Workspace")),
        *person,
        *(_("Thread"), _("Mode"), _("Question"), _("Answer"), _("Sources"), _("Liked"), _("In the history")),
    ]


def _cells(record: dict[str, Any]) -> Iterator[object]:
    for value in record.values():
        match value:
            case list():
                yield "; ".join(value)
            case bool():
                yield _("yes") if value else _("no")
            case _other:
                yield value


def _json(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, record in enumerate(records):
        yield f"{',' if number else ''}\n{_dumped(record)}"
    yield "\n]\n"


def _dumped(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)
