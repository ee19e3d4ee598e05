"""The managers' pages: the table of all that lets people in, making a link, handing it out, looking after it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import instance, sight
from dashboard.anythingllm import ApiError
from dashboard.errors import Declined, Words, describe
from dashboard.http import Request, number_of, own_url, page_behind, render_page
from dashboard.invites import mails, qr, services, table
from dashboard.invites.forms import ExtendForm, InviteSearchForm, LinkForm, MailForm
from dashboard.invites.joining import CLOSED, LoginForbidden
from dashboard.invites.models import Link
from dashboard.names import told_apart
from dashboard.once import once
from dashboard.order import natural
from dashboard.paging import page_of
from dashboard.permissions import Action, requires


def closed_to_all() -> Words:
    """Why nobody at all can join at the moment, in a sentence; empty when nothing stands in the way."""
    try:
        instance.invites().certain()  # there are none while it has one user only
        return "" if instance.entrance().value.password_login else LoginForbidden().sentence
    except ApiError as error:
        return describe(error).sentence


def link_or_404(request: Request, link_id: int) -> Link:
    """The link, if this operator may see it; others' links do not exist."""
    return get_object_or_404(services.visible_to(request.user), pk=link_id)


def _found_or_404(request: Request, invite_id: int) -> instance.Reading[table.Row]:
    """An invite made on the instance, if this operator may see it. Raises ApiError when it cannot be told whether it is there."""
    reading = table.rows(request.user, source="anythingllm")
    found = next((row for row in reading.value if row.key == invite_id), None)
    if found is None:
        reading.certain()
        instance.users()  # fails too when the instance answers everything empty, because its database is busy
        raise Http404
    return instance.Reading(found, reading.as_of, reading.problem)


def _origin(request: Request, otherwise: str) -> str:
    """The page a dialog was opened on, with its search and filters: there one goes back to."""
    return own_url(request, request.POST.get("next") or page_behind(request), otherwise)


@require_GET
@requires(Action.INVITE)
def invite_list(request: Request) -> HttpResponse:
    try:
        workspaces = sight.workspaces(request.user).value
    except ApiError:
        workspaces = []  # the table says so itself, and shows what Foyer knows
    form = InviteSearchForm(request.GET, workspaces=workspaces)
    criteria = form.criteria()
    reading = table.rows(request.user, **criteria)
    context = {
        "form": form,
        "reading": reading,
        "page": page_of(reading.value, request),
        "sort": criteria["sort"] or "-created",
        "filtered": any(value for name, value in criteria.items() if name != "sort"),
        "closed": closed_to_all(),
    }
    return render_page(request, "invites/invite_list.html", partial="invites/_invite_table.html", context=context)


@require_http_methods(["GET", "POST"])
@requires(Action.INVITE)
def invite_new(request: Request) -> HttpResponse:
    """With `?like=` a form filled in as that link was."""
    form = LinkForm(
        request.POST or None,
        initial=like(request),
        gifts=services.may_give(request.user),
        managers=services.may_make_managers(request.user),
    )
    if request.method == "POST" and form.is_valid():
        try:
            with once(form.cleaned_data["once"]):
                link = services.make(actor=request.user, fields=form.link_fields())
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            if link.email:
                mails.start(actor=request.user, links=[link], origin=request.build_absolute_uri("/"))
                messages.success(request, _("The link is being sent to %(address)s.") % {"address": link.email})
            return redirect("invite_link", link.pk)
    context = {"form": form, "reading": sight.workspaces(request.user), "closed": closed_to_all()}
    return render(request, "invites/invite_new.html", context, status=422 if form.errors else 200)


def like(request: Request) -> dict[str, Any]:
    """What the link named by `?like=` gives, for a form; empty without one. For whom it is, every link says anew."""
    link_id = number_of(request.GET.get("like", "")) or 0
    link = services.visible_to(request.user).filter(pk=link_id).first()
    if link is None:
        return {}
    names = ("label", "workspace_ids", "group_ids", "uses", "role", "daily_limit", "note", "language")
    return {name: getattr(link, name) for name in names}


@never_cache
@require_GET
@requires(Action.INVITE)
def invite_link(request: Request, link_id: int) -> HttpResponse:
    """The address to hand out: as a dialog over the table, and as the page after making it."""
    link = link_or_404(request, link_id)
    return _link_page(request, link, MailForm(initial={"email": link.email}))


def _link_page(request: Request, link: Link, mail_form: MailForm) -> HttpResponse:
    state, given = services.state_of(link), what_it_gives(link)
    context = {
        **_drawn(request, link),
        **given,
        "state": state,
        "why_closed": CLOSED.get(state, ""),
        "closed": "" if "problem" in given else closed_to_all(),
        "mail_form": mail_form if settings.SENDS_MAIL else None,
    }
    return render_page(
        request,
        "invites/invite_link.html",
        partial="invites/_invite_link.html",
        context=context,
        status=422 if mail_form.errors else 200,
    )


@never_cache
@require_GET
@requires(Action.INVITE)
def invite_print(request: Request, link_id: int) -> HttpResponse:
    return render(request, "invites/invite_print.html", _drawn(request, link_or_404(request, link_id)))


def _drawn(request: Request, link: Link) -> dict[str, Any]:
    """The link's address, in letters and as a picture; both empty when it cannot be shown any more."""
    address = services.address(request, link)
    title = _("QR code of the link %(name)s") % {"name": link.label}
    return {"link": link, "address": address, "qr": qr.svg(address, title) if address else ""}


def what_it_gives(link: Link) -> dict[str, Any]:
    """Context of _opens.html: `gifts` ("Finance, HR, the group Sales"), as far as they are there, and the `reading` they come from, or
    the `problem` why nobody can tell.
    """
    try:
        reading = instance.workspaces()
    except ApiError as error:
        return {"gifts": "", "problem": describe(error)}
    given = services.gives(link, link.created_by)
    known = told_apart(sorted(reading.value, key=lambda w: natural(w.name)))
    names = [name for workspace_id, name in known if workspace_id in given.workspace_ids]
    names += [_("the group %(name)s") % {"name": group.name} for group in given.groups]
    return {"gifts": ", ".join(names), "reading": reading}


@require_GET
@requires(Action.INVITE)
def invite_detail(request: Request, link_id: int) -> HttpResponse:
    link = link_or_404(request, link_id)
    state = services.state_of(link)
    context = {
        "link": link,
        "state": state,
        "why_closed": CLOSED.get(state, ""),
        "tone": table.TONES[state],
        "people": services.people(link),
        "can_revoke": state in table.REVOCABLE,
        "can_extend": state in table.EXTENDABLE,
        **what_it_gives(link),
    }
    try:
        context["with_page"] = {user.id for user in sight.users(request.user).value}
    except ApiError as error:
        context["problem"] = describe(error)
    return render(request, "invites/invite_detail.html", context)


@require_http_methods(["GET", "POST"])
@requires(Action.INVITE)
def invite_extend(request: Request, link_id: int) -> HttpResponse:
    link = link_or_404(request, link_id)
    form = ExtendForm(request.POST or None)
    origin = _origin(request, reverse("invite_detail", args=[link_id]))
    if request.method == "POST" and form.is_valid():
        try:
            services.extend(actor=request.user, link=link, days=form.cleaned_data["days"])
        except Declined as error:
            form.add_error(None, str(error.sentence))
        else:
            messages.success(request, _("%(name)s lives longer now.") % {"name": link.label})
            return redirect(origin)
    context = {"form": form, "link": link, "origin": origin}
    return render_page(
        request,
        "invites/invite_extend.html",
        partial="invites/_invite_extend.html",
        context=context,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@requires(Action.INVITE)
def invite_revoke(request: Request, link_id: int) -> HttpResponse:
    link = link_or_404(request, link_id)
    origin = _origin(request, reverse("invite_detail", args=[link_id]))
    form = Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.revoke(actor=request.user, link=link)
        except Declined as error:
            form.add_error(None, str(error.sentence))
        else:
            messages.success(request, _("%(name)s was revoked: nobody new can join by it.") % {"name": link.label})
            return redirect(origin)
    context = {"form": form, "link": link, "origin": origin}
    return render_page(
        request,
        "invites/invite_revoke.html",
        partial="invites/_invite_revoke.html",
        context=context,
        status=422 if form.errors else 200,
    )


# --- Invites made on AnythingLLM --------------------------------------------------------------------------------------
@never_cache
@require_GET
@requires(Action.INVITE)
def invite_found(request: Request, invite_id: int) -> HttpResponse:
    reading = _found_or_404(request, invite_id)
    row = reading.value
    title = _("QR code of invite %(n)d") % {"n": row.key}
    context = {"row": row, "reading": reading, "qr": qr.svg(row.address, title) if row.address else ""}
    return render_page(request, "invites/invite_found.html", partial="invites/_invite_found.html", context=context)


@require_http_methods(["GET", "POST"])
@requires(Action.INVITE)
def invite_found_revoke(request: Request, invite_id: int) -> HttpResponse:
    reading = _found_or_404(request, invite_id)
    form = Form(request.POST if request.method == "POST" else None)
    origin = _origin(request, reverse("invite_list"))
    if request.method == "POST" and form.is_valid():
        try:
            table.disable_found(actor=request.user, invite_id=invite_id)
        except (ApiError, Declined) as error:
            form.add_error(None, str(describe(error).sentence))
        else:
            messages.success(request, _("The invite was revoked: nobody can join by it any more."))
            return redirect(origin)
    context = {"form": form, "row": reading.value, "reading": reading, "origin": origin}
    return render_page(
        request,
        "invites/invite_found_revoke.html",
        partial="invites/_invite_found_revoke.html",
        context=context,
        status=422 if form.errors else 200,
    )


# --- By mail ----------------------------------------------------------------------------------------------------------
@never_cache
@require_POST
@requires(Action.INVITE)
def invite_mail(request: Request, link_id: int) -> HttpResponse:
    """Sends the link, or sends it again, to the address posted."""
    link = link_or_404(request, link_id)
    form = MailForm(request.POST)
    if not settings.SENDS_MAIL:
        raise Http404
    if not form.is_valid():
        return _link_page(request, link, form)
    link.email = form.cleaned_data["email"]
    link.save(update_fields=["email"])
    mails.start(actor=request.user, links=[link], origin=request.build_absolute_uri("/"))
    messages.success(request, _("The link is being sent to %(address)s.") % {"address": link.email})
    return redirect(_origin(request, reverse("invite_detail", args=[link_id])))
