"""The users room: the table, and what can be done with one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import instance
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.anythingllm import ApiError, User
from dashboard.anythingllm.rules import generate_password, suggest_username, username_rule
from dashboard.audit.services import about
from dashboard.chatlog import services as chatlog
from dashboard.csvfiles import csv_response
from dashboard.errors import Declined, describe
from dashboard.folding import folded
from dashboard.http import Request, own_url, page_behind, render_page, wants_partial
from dashboard.names import check_username
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, also_requires, requires
from dashboard.users import services
from dashboard.users.forms import NewUserForm, PasswordForm, UserDeleteForm, UserForm, UserSearchForm

OFFERED = 10  # workspaces shown of those that could be given


def _may(request: Request, reading: instance.Reading[Any] | None = None) -> dict[str, bool]:
    """What the templates of this room may offer: of changes none, while what they show is an old answer."""
    actions = {
        "create": Action.CREATE_USERS,
        "change": Action.CHANGE_USERS,
        "delete": Action.DELETE_USERS,
        "export": Action.EXPORT_USERS,
        "ledger": Action.VIEW_LEDGER,
        "operators": Action.MANAGE_OPERATORS,
        "workspaces": Action.VIEW_WORKSPACES,
        "access": Action.CHANGE_ACCESS,
        "usage": Action.VIEW_USAGE,
    }
    may = {word: allows(request.user, action) for word, action in actions.items()}
    may["usage"] = may["usage"] and chatlog.tells_people()
    if reading is not None and reading.stale:
        may |= {"create": False, "change": False, "delete": False, "access": False}
    return may


def _user_or_404(request: Request, user_id: int) -> instance.Reading[User]:
    reading = services.find(request.user, user_id)
    if reading.value is None:
        raise Http404
    return instance.Reading(reading.value, reading.as_of, reading.problem)


def _back(request: Request, user_id: int) -> HttpResponse:
    """Where the form said it came from, within Foyer; else the person's page."""
    return redirect(own_url(request, request.POST.get("next", ""), reverse("user_detail", args=[user_id])))


@require_GET
@requires(Action.VIEW_USERS)
def user_list(request: Request) -> HttpResponse:
    form = UserSearchForm(request.GET)
    criteria = form.criteria()
    reading = services.search(request.user, **criteria)
    page = page_of(reading.value, request)
    # Counting takes a call per workspace, so a cold table comes first and asks for the counts after.
    counts_wanted = instance.members_known() or "counts" in request.GET
    counts = services.workspace_counts(request.user) if counts_wanted else None
    context = {
        "form": form,
        "criteria": {name: value for name, value in criteria.items() if name != "sort"},
        "reading": reading.beside(counts),
        "page": page,
        "rows": _rows(request, list(page.object_list), counts.value if counts else None),
        "counts_pending": counts is None,
        "sort": criteria["sort"] or "name",
        "filtered": any(criteria[name] for name in ("q", "role", "state", "signed_in")),
        "may": _may(request, reading),
    }
    partial = "users/_user_counts.html" if "counts" in request.GET else "users/_user_table.html"
    return render_page(request, "users/user_list.html", partial=partial, context=context)


@require_GET
@requires(Action.EXPORT_USERS)
def user_export(request: Request) -> StreamingHttpResponse:
    """What the table shows under the same search and filters, all pages, as CSV."""
    criteria = UserSearchForm(request.GET).criteria()
    # A file cannot say how old it is, so old answers will not do.
    users, counts = (
        services.search(request.user, **criteria).certain(),
        services.workspace_counts(request.user).certain(),
    )
    named, active = chatlog.tells_people(), chatlog.last_active(request.user)
    header = [
        _("Name"),
        _("Role"),
        _("State"),
        _("Messages a day"),
        _("Workspaces"),
        _("Has signed in"),
        *([_("Last active")] if named else []),
        _("Created"),
        _("About"),
    ]
    rows = (
        [
            user.username,
            user.role,
            _("suspended") if user.suspended else _("active"),
            user.daily_message_limit if user.daily_message_limit is not None else "",
            _("all by role") if user.role in services.IMPLICIT_ROLES else counts[user.id],
            _("yes") if user.first_login_done else _("no"),
            *([active[user.id].isoformat(timespec="seconds") if user.id in active else ""] if named else []),
            user.created_at.isoformat(timespec="seconds"),
            user.bio,
        ]
        for user in users
    )
    return csv_response("users.csv", header, rows)


@require_GET
@requires(Action.VIEW_USERS)
def user_detail(request: Request, user_id: int) -> HttpResponse:
    reading = _user_or_404(request, user_id)
    may = _may(request, reading)
    own = user_id == request.user.anythingllm_user_id
    context: dict[str, Any] = {"person": reading.value, "reading": reading, "may": may, "own": own}
    if may["workspaces"]:
        try:
            context |= _switches(request, reading.value)
            context["reading"] = reading.beside(context["access"])
        except ApiError as error:
            context["access_problem"] = describe(error)
    operator = accounts.operator_known(user_id)
    if may["operators"] and operator:
        context |= {"operator": operator, "looks_after": _names_of(operator.limited_to or ())}
    if may["ledger"]:
        also = [("operator", operator.pk)] if operator else []
        context["events"] = about(request.user, ("user", user_id), *also, limit=10)
    return render(request, "users/user_detail.html", context)


def _names_of(workspace_ids: Collection[int]) -> list[str]:
    """Names of workspaces, as far as they are known; of one that is gone, or while the instance cannot tell, none."""
    try:
        return [workspace.name for workspace in instance.workspaces().value if workspace.id in workspace_ids]
    except ApiError:
        return []


def _switches(request: Request, person: User) -> dict[str, Any]:
    """What the person may open, and what could be given besides: the first workspaces with the words of `?w=` in their name."""
    reading = access.switches_of_user(request.user, person)
    own = [switch for switch in reading.value if switch.on or switch.cell.grants]
    others = [switch for switch in reading.value if not (switch.on or switch.cell.grants)]
    if person.role in services.IMPLICIT_ROLES:
        return {"access": reading, "given": own, "by_role": others}
    words = folded(request.GET.get("w", "")).split()
    others = [switch for switch in others if all(word in folded(switch.workspace_name) for word in words)]
    return {
        "access": reading,
        "given": own,
        "others": others[:OFFERED],
        "more": max(len(others) - OFFERED, 0),
        "w": request.GET.get("w", ""),
    }


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@requires(Action.CREATE_USERS)
def user_new(request: Request) -> HttpResponse:
    reading = instance.users()
    form = NewUserForm(
        request.POST or None,
        initial={"password": generate_password()},
        rule=username_rule(instance.version()),
        names={user.username for user in reading.value},
    )
    if request.method == "POST" and form.is_valid():
        demand = also_requires(request, Action.PROMOTE_USERS) if form.cleaned_data["role"] == "admin" else None
        if demand is not None:
            return demand
        try:
            user = services.create(actor=request.user, **form.cleaned_data)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            messages.success(request, _("%(name)s was created.") % {"name": user.username})
            return render(
                request, "users/user_created.html", {"person": user, "password": form.cleaned_data["password"]}
            )
    context = {"form": form, "reading": reading}
    return render(request, "users/user_new.html", context, status=422 if form.errors else 200)


@require_GET
@requires(Action.CREATE_USERS)
def user_check(request: Request) -> HttpResponse:
    """What the instance would say to a name while it is being typed, and a valid one close to it."""
    username = request.GET.get("username", "")
    rule = username_rule(instance.version())
    names = {user.username for user in instance.users().value}
    problem, suggestion = "", ""
    try:
        check_username(username, rule, names)
    except ValidationError as error:
        problem = error.messages[0]
        suggestion = suggest_username(username, instance.version(), names)
    return render(
        request, "users/_user_check.html", {"username": username, "problem": problem, "suggestion": suggestion}
    )


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_USERS)
def user_edit(request: Request, user_id: int) -> HttpResponse:
    reading = _user_or_404(request, user_id)
    person = reading.value
    form = UserForm(
        request.POST or None,
        initial={
            "username": person.username,
            "role": person.role,
            "daily_message_limit": person.daily_message_limit,
            "bio": person.bio,
        },
        rule=username_rule(instance.version()),
        names={user.username for user in instance.users().value if user.id != user_id},
    )
    if request.method == "POST" and form.is_valid():
        promotes = form.cleaned_data["role"] == "admin" and person.role != "admin"
        demand = also_requires(request, Action.PROMOTE_USERS) if promotes else None
        if demand is not None:
            return demand
        # Only what was changed on this form: what another operator changed meanwhile stays.
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            if changes:
                person = services.update(actor=request.user, user_id=user_id, **changes)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            messages.success(request, _("%(name)s was saved.") % {"name": person.username})
            return _back(request, user_id)
    context = {"form": form, "person": person, "reading": reading}
    status = 422 if form.errors else 200
    return render_page(request, "users/user_edit.html", partial="users/_user_edit.html", context=context, status=status)


@require_POST
@requires(Action.CHANGE_USERS)
def user_suspend(request: Request, user_id: int) -> HttpResponse:
    person = services.suspend(actor=request.user, user_id=user_id)
    messages.success(request, _("%(name)s is suspended and locked out.") % {"name": person.username})
    return _row(request, person)


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_USERS)
def user_lock_out(request: Request, user_id: int) -> HttpResponse:
    """Suspends, and takes all access: for somebody who leaves for good."""
    reading = _user_or_404(request, user_id)
    person = reading.value
    form = Form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if not person.suspended:
                person = services.suspend(actor=request.user, user_id=user_id)
            set_id = services.take_everything(actor=request.user, user=person)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
            if person.suspended:
                words = {"name": person.username}
                form.add_error(None, _("%(name)s is suspended, but keeps what is listed here. Try again.") % words)
        else:
            messages.success(request, _("%(name)s is suspended and locked out.") % {"name": person.username})
            return redirect("access_set", set_id)
    context: dict[str, Any] = {"form": form, "person": person, "reading": reading}
    try:
        context |= _switches(request, person)
    except ApiError as error:
        context["access_problem"] = describe(error)
    status = 422 if form.errors else 200
    return render_page(
        request, "users/user_lock_out.html", partial="users/_user_lock_out.html", context=context, status=status
    )


@require_POST
@requires(Action.CHANGE_USERS)
def user_resume(request: Request, user_id: int) -> HttpResponse:
    person = services.resume(actor=request.user, user_id=user_id)
    messages.success(request, _("%(name)s can sign in again.") % {"name": person.username})
    return _row(request, person)


def _row(request: Request, person: User) -> HttpResponse:
    """The row drawn from what was read back; without htmx the page it came from."""
    if not wants_partial(request):
        return _back(request, person.id)
    counts = services.workspace_counts(request.user).value if instance.members_known() else None
    (row,) = _rows(request, [person], counts)
    context = {"row": row, "may": _may(request), "behind": page_behind(request)}
    return render(request, "users/_user_row.html", context)


def _rows(request: Request, people: Sequence[User], counts: Counter[int] | None) -> list[services.UserRow]:
    active = chatlog.last_active(request.user, [person.id for person in people])
    return [
        services.UserRow(person, counts[person.id] if counts is not None else None, active.get(person.id))
        for person in people
    ]


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_USERS)
def user_password(request: Request, user_id: int) -> HttpResponse:
    reading = _user_or_404(request, user_id)
    person = reading.value
    form = PasswordForm(request.POST or None, initial={"password": generate_password()}, username=person.username)
    context: dict[str, Any] = {"form": form, "person": person, "reading": reading}
    # Whoever sets the password of an admin or manager can be one: as grave as making one.
    grave = request.method == "POST" and person.role in ("admin", "manager")
    if grave and (demand := also_requires(request, Action.PROMOTE_USERS)):
        return demand
    if request.method == "POST" and form.is_valid():
        try:
            services.set_password(actor=request.user, user_id=user_id, password=form.cleaned_data["password"])
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            context["password"] = form.cleaned_data["password"]
            return render_page(
                request, "users/user_password_done.html", partial="users/_user_password_done.html", context=context
            )
    status = 422 if form.errors else 200
    return render_page(
        request, "users/user_password.html", partial="users/_user_password.html", context=context, status=status
    )


@require_http_methods(["GET", "POST"])
@requires(Action.DELETE_USERS)
def user_delete(request: Request, user_id: int) -> HttpResponse:
    reading = _user_or_404(request, user_id)
    person = reading.value
    form = UserDeleteForm(request.POST or None, username=person.username)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete(actor=request.user, user_id=user_id)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            messages.success(request, _("%(name)s was deleted.") % {"name": person.username})
            return redirect(reverse("user_list"))
    context = {"form": form, "person": person, "reading": reading, "in_the_log": chatlog.after_deletion()}
    status = 422 if form.errors else 200
    return render_page(
        request, "users/user_delete.html", partial="users/_user_delete.html", context=context, status=status
    )
