"""Groups: named sets of workspaces with people in them. Whatever they give or take is shown first, as a set of changes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import instance
from dashboard.access import groups
from dashboard.access.forms import GroupEditForm, GroupForm, JoinForm
from dashboard.access.models import AccessSet, Group
from dashboard.folding import folded
from dashboard.http import Request, number_of, render_page
from dashboard.order import natural
from dashboard.paging import page_of
from dashboard.permissions import Action, requires

FOUND = 20  # people shown of those who match


@require_GET
@requires(Action.MANAGE_GROUPS)
def group_list(request: Request) -> HttpResponse:
    context = {"page": page_of(groups.counted(), request)}
    return render_page(request, "access/group_list.html", partial="access/_group_table.html", context=context)


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_GROUPS)
def group_new(request: Request) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        group = groups.create(actor=request.user, name=form.cleaned_data["name"])
        messages.success(request, _("The group %(name)s was made. Give it workspaces and people.") % {"name": group})
        return redirect("group_edit", group.pk)
    return render_page(
        request,
        "access/group_new.html",
        partial="access/_group_new.html",
        context={"form": form},
        status=422 if form.errors else 200,
    )


@require_GET
@requires(Action.MANAGE_GROUPS)
def group_detail(request: Request, group_id: int) -> HttpResponse:
    return _detail(request, get_object_or_404(Group, pk=group_id), JoinForm(users=[]))


def _detail(request: Request, group: Group, form: JoinForm) -> HttpResponse:
    reading = instance.users()
    people = groups.people(group, reading.value)
    q = request.GET.get("q", "").strip()
    joined = {user.id for user in people}
    matching = [u for u in reading.value if q and folded(q) in folded(u.username) and u.id not in joined]
    context: dict[str, Any] = {
        "group": group,
        "reading": reading,
        "workspaces": groups.workspaces(group, instance.workspaces().value),
        "page": page_of(people, request),
        "form": form,
        "q": q,
        "found": sorted(matching, key=lambda user: natural(user.username))[:FOUND],
        "more": max(len(matching) - FOUND, 0),
    }
    return render_page(
        request,
        "access/group_detail.html",
        # Only the search asks for a piece. What is wrong with the form of those who join is told on a whole page.
        partial="access/group_detail.html" if form.errors else "access/_group_found.html",
        context=context,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_GROUPS)
def group_edit(request: Request, group_id: int) -> HttpResponse:
    """Renames at once; what other workspaces change for the people is shown first."""
    group = get_object_or_404(Group, pk=group_id)
    reading = instance.workspaces()
    known = sorted(reading.value, key=lambda workspace: natural(workspace.name))
    before = {workspace.id for workspace in groups.workspaces(group, known)}
    form = GroupEditForm(
        request.POST or None,
        group=group,
        initial={"name": group.name, "workspaces": sorted(before)},
        workspaces=known,
    )
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if name != group.name:
            groups.rename(actor=request.user, group=group, name=name)
            messages.success(request, _("The group was renamed."))
        after = set(form.cleaned_data["workspaces"])
        if after == before:
            return redirect("group_detail", group.pk)
        return _shown(groups.stage_workspaces(request.user, group, add=after - before, remove=before - after))
    context = {"form": form, "group": group, "reading": reading}
    return render_page(
        request,
        "access/group_edit.html",
        partial="access/_group_edit.html",
        context=context,
        status=422 if form.errors else 200,
    )


@require_POST
@requires(Action.MANAGE_GROUPS)
def group_join(request: Request, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    form = JoinForm(request.POST, users=instance.users().value)
    if not form.is_valid():
        return _detail(request, group, form)
    return _shown(groups.stage_people(request.user, group, add=form.chosen()))


@require_POST
@requires(Action.MANAGE_GROUPS)
def group_leave(request: Request, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    ids = {number for given in request.POST.getlist("ids") if (number := number_of(given)) is not None}
    if not ids:
        messages.info(request, _("Nobody was ticked."))
        return redirect("group_detail", group_id)
    return _shown(groups.stage_people(request.user, group, remove=ids))


@require_POST
@requires(Action.MANAGE_GROUPS)
def group_delete(request: Request, group_id: int) -> HttpResponse:
    """Nothing is deleted yet: what would be lost is shown."""
    return _shown(groups.stage_deletion(request.user, get_object_or_404(Group, pk=group_id)))


def _shown(staged: AccessSet) -> HttpResponse:
    return redirect("access_set", staged.pk)
