"""Importing people from CSV: choose a list, see what would become of every row, start it as a job."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from dashboard import charsets, clock, instance
from dashboard.csvfiles import MAX_BYTES, Unreadable, csv_response, read_again
from dashboard.forms import EncodingField
from dashboard.http import Request
from dashboard.jobs import services as jobs
from dashboard.paging import page_of
from dashboard.permissions import Action, also_requires, requires
from dashboard.said import ngettext
from dashboard.users import imports, services
from dashboard.users.models import ImportDraft

KEPT_FOR = timedelta(days=1)


class ImportForm(forms.Form):
    """A file or a pasted text. Afterwards `sheet` holds what was read."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the list"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "spellcheck": "false",
                "placeholder": gettext_lazy("name,role,limit,about\nanna,default,50,Sales"),
            }
        ),
    )
    encoding = EncodingField()
    sheet: imports.Sheet

    def clean(self) -> dict[str, Any]:
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("text", "")
        if (file is None) == (not text.strip()):
            raise forms.ValidationError(_("Choose a file or paste a list, one of both."))
        content = text.encode() if file is None else file.read(MAX_BYTES + 1)  # one too many is told as too large
        try:
            self.sheet = imports.read(content, self.cleaned_data.get("encoding", "") if file else "")
        except Unreadable as problem:
            self.add_error("text" if file is None else "file", problem.sentence)
        return self.cleaned_data


class EncodingForm(forms.Form):
    encoding = EncodingField(required=True)


def _judged(draft: ImportDraft, names: set[str]) -> list[imports.Judged]:
    return imports.judge([imports.Row(*cells) for cells in draft.rows], instance.version(), names)


def _draft(request: Request, draft_id: int) -> ImportDraft:
    """The operator's own draft; others' do not exist."""
    return get_object_or_404(ImportDraft, pk=draft_id, operator=request.user)


@require_http_methods(["GET", "POST"])
@requires(Action.CREATE_USERS)
def user_import(request: Request) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        if clock.believed():
            ImportDraft.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
        draft = ImportDraft.objects.create(
            operator=request.user,
            rows=[astuple(row) for row in form.sheet.rows],
            warnings=form.sheet.warnings,
            encoding=form.sheet.encoding,
        )
        return redirect("user_import_preview", draft.pk)
    context = {"form": form, "max_rows": imports.MAX_ROWS}
    return render(request, "users/user_import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(Action.CREATE_USERS)
def user_import_preview(request: Request, draft_id: int) -> HttpResponse:
    """What would become of every row. POST creates those that are new, in a job."""
    draft = _draft(request, draft_id)
    if draft.job_id is not None:
        return redirect("job_detail", draft.job_id)
    if request.method == "POST" and "encoding" in request.POST:
        _read_again(request, draft)
        return redirect("user_import_preview", draft.pk)
    if request.method == "POST":
        new = [
            row
            for row in _judged(draft, {user.username for user in services.current()})
            if row.state == imports.State.NEW
        ]
        demand = also_requires(request, Action.PROMOTE_USERS) if any(row.role == "admin" for row in new) else None
        if demand is not None:
            return demand
        if new:
            return redirect("job_detail", _start(request, draft, new))
    reading = instance.users()
    judged = _judged(draft, {user.username for user in reading.value})
    counts = {state: sum(row.state == state for row in judged) for state in imports.State}
    show = request.GET.get("show", "")
    context = {
        "draft": draft,
        "encoding": EncodingForm(initial={"encoding": draft.encoding})["encoding"] if draft.encoding else None,
        "reading": reading,
        "counts": [(state, count) for state, count in counts.items() if count],
        "new": counts[imports.State.NEW],
        "total": len(judged),
        "show": show,
        "page": page_of([row for row in judged if show in ("", row.state)], request),
    }
    return render(request, "users/user_import_preview.html", context, status=422 if request.method == "POST" else 200)


def _read_again(request: Request, draft: ImportDraft) -> None:
    """In the encoding that was chosen; the rows stay as they are when they cannot be read so."""
    form = EncodingForm(request.POST)
    if not draft.encoding or not form.is_valid():
        raise BadRequest
    chosen = form.cleaned_data["encoding"]
    try:
        rows = [
            imports.Row(*cells).changed(lambda cell: read_again(cell, draft.encoding, chosen)) for cells in draft.rows
        ]
    except Unreadable as problem:
        messages.error(request, problem.sentence)
        return
    # Not what a job was begun with meanwhile: then there are no rows any more.
    found = ImportDraft.objects.filter(pk=draft.pk, job_id=None)
    found.update(rows=[astuple(row) for row in rows], encoding=chosen, warnings=[_chosen(chosen)])


def _chosen(encoding: str) -> str:
    return _("The file was read as %(encoding)s.") % {"encoding": charsets.ENCODINGS[encoding]}


def _start(request: Request, draft: ImportDraft, new: list[imports.Judged]) -> int:
    """Begins the job, once: who sends the form twice gets to the same job. Gives its id."""
    items = [
        jobs.NewItem(
            row.row.username,
            row.row.username,
            {"role": row.role, "daily_message_limit": row.daily_message_limit, "bio": row.row.bio},
        )
        for row in new
    ]
    title = ngettext("Create %(n)d user from a list", "Create %(n)d users from a list", len(new)) % {"n": len(new)}
    with transaction.atomic():
        draft = ImportDraft.objects.select_for_update().get(pk=draft.pk)
        if draft.job_id is None:
            draft.job_id = jobs.start(request.user, kind="users.import", title=title, items=items).pk
            draft.rows = []
            draft.save()
    return draft.job_id


@require_GET
@requires(Action.CREATE_USERS)
def user_import_export(request: Request, draft_id: int) -> HttpResponseBase:
    """The preview as CSV: every row with what would become of it."""
    draft = _draft(request, draft_id)
    judged = _judged(draft, {user.username for user in instance.users().certain()})
    header = [_("Line"), *(imports.COLUMN_LABELS[column] for column in imports.COLUMNS), _("Outcome"), _("Reason")]
    rows = (
        [
            row.row.line,
            row.row.username,
            row.row.role,
            row.row.daily_message_limit if row.daily_message_limit is None else row.daily_message_limit,
            row.row.bio,
            row.state.label,
            row.words,
        ]
        for row in judged
    )
    return csv_response("import-preview.csv", header, rows)
