"""Sign-in and out, one's own profile, and the operators room."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import instance
from dashboard.accounts import codes as kept_codes
from dashboard.accounts import services
from dashboard.accounts.forms import (
    LooksAfterForm,
    NewOperatorForm,
    OperatorForm,
    OperatorPasswordForm,
    PasswordChangeForm,
    ProfileForm,
    SignInForm,
)
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import ApiError, PasswordLoginDisabled
from dashboard.anythingllm.rules import generate_password
from dashboard.errors import AnotherInstance, Declined, describe
from dashboard.folding import folded
from dashboard.http import OpenRequest, Request, own_url, render_page
from dashboard.names import told_apart
from dashboard.order import natural
from dashboard.paging import page_of
from dashboard.permissions import Action, public, requires


# --- In and out -------------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
@public
def sign_in(request: OpenRequest) -> HttpResponse:
    goal = own_url(
        request, request.POST.get("next") or request.GET.get("next", ""), resolve_url(settings.LOGIN_REDIRECT_URL)
    )
    if request.user.is_authenticated and request.method == "GET":
        return redirect(goal)
    if language := services.chosen_language(request):
        translation.activate(language)
        request.LANGUAGE_CODE = language
    form = SignInForm(request.POST if request.method == "POST" else None)
    status, seconds = 200, 0
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                check = services.sign_in(request, **form.cleaned_data)
            except PasswordLoginDisabled as error:
                form.add_error(None, str(describe(error).sentence))
            except AnotherInstance as error:
                form.add_error(None, str(describe(error).sentence))
                status = 503
            except ApiError:
                form.add_error(None, str(services.why_not_checked()))
                status = 503
            else:
                if check.operator is not None:
                    return _welcome(request, check.operator, check.recovery_codes, goal)
                form.add_error(None, str(services.REFUSED))
                seconds = check.locked_for
    response = render(request, "accounts/sign_in.html", {"form": form, "next": goal}, status=status)
    return services.locked_out(response, seconds)


def _welcome(request: OpenRequest, operator: Operator, codes: tuple[str, ...], goal: str) -> HttpResponse:
    codes = codes or kept_codes.kept(operator)
    if codes:
        services.keep_recovery_codes(cast("Request", request), codes, goal)
        goal = resolve_url("recovery_codes")
    services.keep_language(operator, services.chosen_language(request))
    return services.speak(redirect(goal), operator.language)


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.USE_FOYER, even_in_doubt=True)
def recovery_codes(request: Request) -> HttpResponse:
    kept = request.session.get("recovery_codes")
    if kept is None:
        return redirect("home")
    if request.method == "POST":
        services.acknowledge_recovery_codes(request)
        return redirect(kept["next"])
    if "download" in request.GET:
        text = "".join(f"{code}\r\n" for code in kept["codes"])
        disposition = 'attachment; filename="anythingllm-recovery-codes.txt"'
        return HttpResponse(
            text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": disposition}
        )
    return render(request, "accounts/recovery_codes.html", {"codes": kept["codes"]})


@require_POST
@requires(Action.USE_FOYER, even_in_doubt=True)
def sign_out(request: Request) -> HttpResponse:
    services.sign_out(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign_in")


@require_POST
@requires(Action.USE_FOYER, even_in_doubt=True)
def sign_out_everywhere(request: Request) -> HttpResponse:
    services.sign_out_everywhere(request)
    messages.success(request, _("You are signed out here and everywhere else."))
    return redirect("sign_in")


# --- Own account ------------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(Action.USE_FOYER)
def profile(request: Request) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        operator = form.save(commit=False)
        operator.save(update_fields=["language", "theme"])
        with translation.override(operator.language or translation.get_language()):
            messages.success(request, _("Your profile is saved."))
        return services.speak(redirect("profile"), operator.language)
    context = {"form": form}
    return render(request, "accounts/profile.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.USE_FOYER)
def password_change(request: Request) -> HttpResponse:
    if not request.user.is_local:
        context = {"sso": instance.signs_in_at_once(), "public_url": settings.ANYTHINGLLM_PUBLIC_URL}
        return render(request, "accounts/password_change.html", context)
    form = PasswordChangeForm(request.POST or None, operator=request.user)
    seconds = 0
    if request.method == "POST" and form.is_valid():
        check = services.prove(request, form.cleaned_data["current"])
        if check.operator is not None:
            services.change_own_password(request, form.cleaned_data["password"])
            messages.success(request, _("Your password is changed. All your other sessions have ended."))
            return redirect("profile")
        form.add_error("current", str(services.WRONG_PASSWORD))
        seconds = check.locked_for
    response = render(request, "accounts/password_change.html", {"form": form}, status=422 if form.is_bound else 200)
    return services.locked_out(response, seconds)


# --- Operators --------------------------------------------------------------------------------------------------------------
@require_GET
@requires(Action.MANAGE_OPERATORS)
def operator_list(request: Request) -> HttpResponse:
    q = request.GET.get("q", "").strip()[:150]
    found = [
        operator
        for operator in Operator.objects.prefetch_related("looks_after")
        if folded(q) in folded(operator.username)
    ]
    context = {"q": q, "page": page_of(found, request)}
    return render_page(request, "accounts/operator_list.html", partial="accounts/_operator_table.html", context=context)


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.MANAGE_OPERATORS)
def operator_new(request: Request) -> HttpResponse:
    form = NewOperatorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"] or generate_password()
        try:
            operator = services.create_operator(
                actor=request.user,
                username=form.cleaned_data["username"],
                role=form.cleaned_data["role"],
                password=password,
            )
        except Declined as error:
            form.add_error("username", str(error.sentence))
        else:
            return _password_shown(request, operator, password)
    return render(request, "accounts/operator_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_OPERATORS)
def operator_edit(request: Request, operator_id: int) -> HttpResponse:
    operator = get_object_or_404(Operator, pk=operator_id)
    form = OperatorForm(request.POST or None, operator=operator)
    if request.method == "POST" and form.is_valid():
        services.change_operator(actor=request.user, operator=operator, **form.cleaned_data)
        messages.success(request, _("%(name)s is saved.") % {"name": operator.username})
        return redirect("operator_list")
    context = {"form": form, "operator": operator}
    return render(request, "accounts/operator_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_OPERATORS)
def operator_workspaces(request: Request, operator_id: int) -> HttpResponse:
    """Which workspaces an operator is manager of."""
    return _looks_after(request, get_object_or_404(Operator, pk=operator_id))


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_OPERATORS)
def operator_of_user(request: Request, user_id: int) -> HttpResponse:
    """The same for an account of the instance, whether it has ever signed in to Foyer or not."""
    user = next((user for user in instance.users(max_age=0).certain() if user.id == user_id), None)
    if user is None:
        raise Http404
    operator = Operator.objects.filter(anythingllm_user_id=user_id).first()
    if operator is None and request.method == "GET":
        # Looking makes no operator.
        operator = Operator(username=user.username, role=services.ROLES.get(user.role, Role.MEMBER))
    return _looks_after(request, operator or services.operator_of(user, actor=request.user))


def _looks_after(request: Request, operator: Operator) -> HttpResponse:
    # Those on the list first: of hundreds they would not be found.
    workspaces = sorted(
        instance.workspaces().certain(), key=lambda w: (w.id not in operator.looked_after, natural(w.name))
    )
    # An empty list is an answer, too: nothing may be posted but the token.
    form = LooksAfterForm(
        request.POST if request.method == "POST" else None, operator=operator, names=dict(told_apart(workspaces))
    )
    if request.method == "POST" and form.is_valid():
        services.look_after(actor=request.user, operator=operator, workspace_ids=form.cleaned_data["workspaces"])
        messages.success(request, _("%(name)s is saved.") % {"name": operator.username})
        return redirect("operator_list")
    context = {"form": form, "operator": operator}
    return render(request, "accounts/operator_workspaces.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.MANAGE_OPERATORS)
def operator_password(request: Request, operator_id: int) -> HttpResponse:
    operator = get_object_or_404(Operator, pk=operator_id, anythingllm_user_id=None)
    form = OperatorPasswordForm(request.POST or None, operator=operator)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"] or generate_password()
        services.reset_password(actor=request.user, operator=operator, password=password)
        return _password_shown(request, operator, password)
    context = {"form": form, "operator": operator}
    return render(request, "accounts/operator_password.html", context, status=422 if form.is_bound else 200)


def _password_shown(request: Request, operator: Operator, password: str) -> HttpResponse:
    """Answers the POST itself, so that the password is kept nowhere and cannot be seen a second time."""
    return render(request, "accounts/password_shown.html", {"operator": operator, "password": password})
