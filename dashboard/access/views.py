"""Sets of changes, the switch for one person and one workspace, and workspaces that are for everyone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap

from dashboard import instance, sight
from dashboard.access import bystanders, sets
from dashboard.access.bystanders import NOBODY
from dashboard.access.forms import ToggleForm
from dashboard.access.models import AccessChange, AccessSet, Grant
from dashboard.access.services import IMPLICIT_ROLES, Cell, Result, Step, Switch, change_members, grants_of
from dashboard.anythingllm import ApiError, User, Workspace
from dashboard.audit import services as ledger
from dashboard.errors import Declined
from dashboard.http import Request, own_url, render_page, wants_partial
from dashboard.jobs import services as jobs
from dashboard.paging import page_of
from dashboard.permissions import Action, requires, scope
from dashboard.said import gettext as _

Outcome = AccessChange.Outcome


# --- Sets -------------------------------------------------------------------------------------------------------------
@require_GET
@requires(Action.CHANGE_ACCESS)
def access_set_list(request: Request) -> HttpResponse:
    page = page_of(sets.visible_to(request.user), request)
    context = {"page": page, "rows": sets.tallied(page.object_list)}
    return render_page(request, "access/access_set_list.html", partial="access/_access_set_table.html", context=context)


@require_GET
@requires(Action.CHANGE_ACCESS)
def access_set(request: Request, set_id: int) -> HttpResponse:
    """Before it is applied what it would do, afterwards what came of it; the partial asks for itself while its job runs."""
    access_set = _set(request, set_id)
    context: dict[str, Any] = {
        "set": access_set,
        "also": sets.also_in_words(access_set.also),
        "with_page": _with_page(request),
    }
    if access_set.applied_at is None:
        preview = sets.preview(access_set)
        context |= {"preview": preview, "page": page_of(preview.rows, request)}
    else:
        job = sets.job_of(access_set)
        outcome = request.GET.get("outcome", "")
        changes = access_set.changes.select_related("group")
        counts = sets.counted(access_set)
        context |= {
            "job": job,
            "progress": jobs.progress([job])[job.pk] if job else None,
            "counts": counts,
            "total": sum(count for _outcome, _label, count in counts),
            "outcome": outcome,
            "page": page_of(changes.filter(outcome=outcome) if outcome in Outcome else changes, request),
            "can_undo": not (job and job.is_open) and sets.can_undo(access_set),
            "undone_by": access_set.undone_by.exclude(applied_at=None).first(),
            "next": request.path,
        }
    return render_page(request, "access/access_set.html", partial="access/_access_set.html", context=context)


@require_POST
@requires(Action.CHANGE_ACCESS)
def access_apply(request: Request, set_id: int) -> HttpResponse:
    access_set = _set(request, set_id)
    try:
        sets.apply(actor=request.user, access_set=access_set)
    except Declined as error:
        messages.error(request, str(error.sentence))
    return redirect("access_set", set_id)


@require_POST
@requires(Action.CHANGE_ACCESS)
def access_discard(request: Request, set_id: int) -> HttpResponse:
    try:
        sets.discard(_set(request, set_id))
    except Declined as error:
        messages.error(request, str(error.sentence))
        return redirect("access_set", set_id)
    messages.info(request, _("Discarded. Nothing was changed."))
    return redirect("access_set_list")


@require_POST
@requires(Action.CHANGE_ACCESS)
def access_undo(request: Request, set_id: int) -> HttpResponse:
    """Nothing is undone yet: the opposite is staged, and shown."""
    try:
        opposite = sets.undo(actor=request.user, access_set=_set(request, set_id))
    except Declined as error:
        messages.error(request, str(error.sentence))
        return redirect("access_set", set_id)
    return redirect("access_set", opposite.pk)


def _with_page(request: Request) -> set[int]:
    """Whose page this operator may open; nobody's while that cannot be read."""
    try:
        return {user.id for user in sight.users(request.user).value}
    except ApiError:
        return set()


def _set(request: Request, set_id: int) -> AccessSet:
    """The set, if this operator may see it; others' sets do not exist."""
    return get_object_or_404(sets.visible_to(request.user), pk=set_id)


# --- One person, one workspace ----------------------------------------------------------------------------------------
@require_POST
@requires(Action.CHANGE_ACCESS)
def access_toggle(request: Request, workspace_id: int, user_id: int) -> HttpResponse:
    """Gives or takes at once; answers with the switch as it stands then, whatever was asked."""
    workspace, user = _workspace(request, workspace_id), _user(request, user_id)
    form = ToggleForm(request.POST)
    if "give" in form.errors:
        raise BadRequest
    give, result = form.cleaned_data["give"], None
    implicit = user.role in IMPLICIT_ROLES
    if form.is_valid():
        (result,) = change_members(
            actor=request.user,
            workspace_id=workspace.id,
            workspace_name=workspace.name,
            steps=[Step(user.id, user.username, give, until=form.cleaned_data["until"] if give else None)],
        )
        # Another reason may give access for longer, or without an end.
        _say(request, user, workspace, give, result, Cell(give, implicit, _grants(user, workspace)).until)
    else:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    if not wants_partial(request):
        return redirect(own_url(request, request.POST.get("next", ""), reverse("home")))
    try:
        is_member = user.id in instance.members_of(workspace.id)
    except ApiError:
        if result is None or result.outcome not in (Outcome.DONE, Outcome.ALREADY):
            return reswap(HttpResponse(), "none")  # what came of it is said, and how it is now nobody knows
        is_member = give
    lost = bystanders.missing([workspace.id]).get(workspace.id, ())
    cell = Cell(is_member, implicit, _grants(user, workspace), user.id in lost)
    by = "user" if request.POST.get("by") == "user" else "workspace"
    suspended = user.suspended and by == "user"
    context = {
        "switch": Switch(user.id, user.username, workspace.id, workspace.name, workspace.slug, cell, suspended),
        "by": by,
        "next": request.POST.get("next", ""),
    }
    return render(request, "access/_switch.html", context)


def _grants(user: User, workspace: Workspace) -> tuple[Grant, ...]:
    return grants_of(user_ids=[user.id], workspace_ids=[workspace.id]).get((workspace.id, user.id), ())


def _say(
    request: Request, user: User, workspace: Workspace, give: bool, result: Result, until: datetime | None
) -> None:
    words = {"name": user.username, "workspace": workspace.name, "why": result.message}
    match result.outcome:
        case Outcome.KEPT:
            messages.warning(request, _("%(name)s, %(workspace)s: %(why)s") % words)
        case Outcome.FAILED | Outcome.UNKNOWN:
            messages.error(request, _("%(name)s, %(workspace)s: %(why)s") % words)
        case _done if give and until:
            words["day"] = date_format(localtime(until), "SHORT_DATE_FORMAT")
            messages.success(request, _("%(name)s may open %(workspace)s until %(day)s.") % words)
        case _done if give:
            messages.success(request, _("%(name)s may open %(workspace)s.") % words)
        case _done if user.role in IMPLICIT_ROLES:
            messages.success(
                request, _("%(name)s is no member of %(workspace)s any more, and opens it by role.") % words
            )
        case _done:
            messages.success(request, _("%(name)s may not open %(workspace)s any more.") % words)
    if result.others != NOBODY:
        tell = messages.warning if result.others.settled else messages.error
        tell(request, result.others.in_words())


def _workspace(request: Request, workspace_id: int) -> Workspace:
    """The workspace, if this operator looks after it; others' workspaces do not exist."""
    mine = scope(request.user)
    found = next((w for w in instance.workspaces().value if w.id == workspace_id), None)
    if found is None or (mine is not None and found.id not in mine):
        raise Http404
    return found


def _user(request: Request, user_id: int) -> User:
    """The account, if this operator sees it, or has changed its access before: whom they just took it from they may give it back."""
    found = next((user for user in instance.users().value if user.id == user_id), None)
    seen = found is not None and (
        scope(request.user) is None
        or any(user.id == user_id for user in sight.users(request.user).value)
        or ledger.has_changed_access(request.user, user_id)
    )
    if found is None or not seen:
        raise Http404
    return found


# --- A workspace for everyone -----------------------------------------------------------------------------------------
@require_POST
@requires(Action.OPEN_WORKSPACES)
def access_open(request: Request, workspace_id: int) -> HttpResponse:
    """Stages that a workspace becomes one for everyone (`on=1`), or is no more, and shows what that changes."""
    workspace = _workspace(request, workspace_id)
    if request.POST.get("on") == "1":
        title, wanted, also = _("%(name)s for everyone"), sets.opening(workspace.id), {"open": workspace.id}
    else:
        title, wanted, also = _("%(name)s no more for everyone"), sets.closing(workspace.id), {"close": workspace.id}
    staged = sets.stage(actor=request.user, title=title % {"name": workspace.name}, wanted=wanted, also=also)
    return redirect("access_set", staged.pk)
