"""The joining page: what somebody sees who was given a link. Its address is the key, so it stands in no log, session, message or referrer."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import errors, instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError
from dashboard.anythingllm.rules import suggest_username, username_rule
from dashboard.errors import Declined
from dashboard.http import OpenRequest, Request
from dashboard.invites import first_steps, joining, services, strength, tries
from dashboard.invites.join_forms import JoinForm
from dashboard.invites.models import Link, LinkState
from dashboard.names import check_username, told_apart
from dashboard.permissions import public
from dashboard.server.threads import waiting


def language_of(request: OpenRequest, link: Link) -> str:
    """The one chosen on the page, else the link's; "" leaves it to the browser."""
    return accounts.chosen_language(request) or link.language


def with_link(view: Callable[[OpenRequest, Link], HttpResponse]) -> Callable[..., HttpResponse]:
    """Hands the view the link of a code, in the link's language. An unknown code gets one answer in one time, whatever it looks like."""

    @wraps(view)
    def found(request: OpenRequest, code: str) -> HttpResponse:
        started = time.monotonic()
        if seconds := tries.too_many(request):
            sentence = _("Too many links that do not exist were tried from your network. Try again in a minute.")
            return accounts.locked_out(errors.page(request, 429, _("Please wait"), sentence), seconds)
        link = services.find(code)
        if link is None:
            tries.count(request)
            with waiting():
                time.sleep(max(0.0, started + accounts.REFUSED_AFTER - time.monotonic()))
            sentence = _("Foyer does not know this link. Copy the whole of it, or ask whoever gave it to you.")
            return errors.page(request, 404, _("No such link"), sentence)
        if language := language_of(request, link):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return view(request, link)

    return found


# --- The page -----------------------------------------------------------------------------------------------------------
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@public
@with_link
def join(request: OpenRequest, link: Link) -> HttpResponse:
    if "sign_out" in request.POST and isinstance(request.user, Operator):
        accounts.sign_out(cast("Request", request))
        return redirect(request.get_full_path())
    names = _names()
    form = JoinForm(
        request.POST or None,
        initial={"username": _first_suggestion(link, names)},
        rule=username_rule(instance.version()),
        known=(link.for_whom, settings.TEAM_NAME),
    )
    status, seconds, suggestion = 422 if form.is_bound else 200, 0, ""
    if form.is_valid() and (seconds := tries.too_many(request, tries.JOIN, tries.MOST_JOINS)):
        form.add_error(None, _("Too many names were tried from your network. Try again in a minute."))
    if form.is_valid():
        username, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            joined = _joined(request, link, username, password)
        except joining.LinkClosed as closed:
            return _closed(request, link, closed.state)
        except joining.LoginForbidden:
            return _forbidden(request, link)
        except joining.NameTaken as taken:
            form.add_error("username", str(taken.sentence))
            suggestion = suggest_username(username, instance.version(), {*names, username})
        except joining.NameRefused as refused:
            form.add_error("username", str(refused.sentence))
        except joining.PasswordRefused as refused:
            form.add_error("password", str(refused.sentence))
        except joining.LockedOut as locked:
            form.add_error(None, str(locked.sentence))
            seconds = locked.seconds
        except Declined as problem:  # somebody is quicker, or the instance failed us: the same form sent again goes on
            form.add_error(None, str(problem.sentence))
            status = 503 if isinstance(problem, joining.Interrupted) else 409
        else:
            return _welcome(request, link, joined)
    elif (state := services.state_of(link)) != LinkState.OPEN:
        return _closed(request, link, state)
    elif not _password_login():
        return _forbidden(request, link)
    elif form.has_error("username") and (typed := form.data.get("username", "").strip()):
        # Without a look at who is there: this form is not counted, and free or taken is not told by it.
        suggestion = suggest_username(typed, instance.version())
    context = {
        "form": form,
        "link": link,
        "check_url": f"{request.path}check/?language={translation.get_language()}",
        "workspaces": _workspaces(link),
        "suggestion": suggestion,
    }
    return accounts.locked_out(render(request, "invites/join.html", context, status=status), seconds)


def _joined(request: OpenRequest, link: Link, username: str, password: str) -> joining.Joined:
    """As `joining.join`. A try that lets nobody in is counted, unless the link itself counts it."""
    try:
        return joining.join(request, link=link, username=username, password=password)
    except (joining.Interrupted, joining.PasswordRefused):
        raise
    except Declined:
        tries.count(request, tries.JOIN)
        raise


def _welcome(request: OpenRequest, link: Link, joined: joining.Joined) -> HttpResponse:
    operator, goal = cast("Operator", request.user), reverse("first_steps")
    if joined.recovery_codes:
        accounts.keep_recovery_codes(cast("Request", request), joined.recovery_codes, goal)
    accounts.keep_language(operator, language_of(request, link))
    return accounts.speak(redirect(goal), operator.language)


def _closed(request: OpenRequest, link: Link, state: LinkState) -> HttpResponse:
    """A real link that lets nobody in any more."""
    context = {
        "title": _("This link is closed"),
        "sentence": joining.CLOSED[state],
        "link": link,
        "joined_before": link.used > 0,
    }
    return render(request, "invites/join_closed.html", context, status=410)


def _forbidden(request: OpenRequest, link: Link) -> HttpResponse:
    """The link is good, but the instance lets nobody in by any."""
    context = {
        "title": _("Joining is not possible here"),
        "sentence": joining.LoginForbidden().sentence,
        "link": link,
    }
    return render(request, "invites/join_closed.html", context, status=409)


def _password_login() -> bool:
    """Whether the instance lets people in by password; while it does not answer, the form is shown and tells at its end."""
    try:
        return instance.entrance().value.password_login
    except ApiError:
        return True


def _workspaces(link: Link) -> list[str]:
    """Names of what the link opens; without an answer of the instance the page goes without them."""
    try:
        return [name for _id, name in told_apart(first_steps.promised(link))]
    except ApiError:
        return []


# --- While typing ---------------------------------------------------------------------------------------------------------
@never_cache
@sensitive_post_parameters("password")
@require_POST
@public
@with_link
def join_check(request: OpenRequest, link: Link) -> HttpResponse:
    """What would be said to the name, or how good the password is."""
    if services.state_of(link) != LinkState.OPEN:
        return HttpResponse(status=410)
    username = request.POST.get("username", "").strip()
    if request.GET.get("field") == "password":
        password, judged = request.POST.get("password", ""), None
        if password:
            if tries.too_many(request, tries.PASSWORD, tries.MOST_PASSWORDS):
                return HttpResponse()  # how good it is is told when the form is sent
            tries.count(request, tries.PASSWORD)
            judged = strength.judge(password, (username, link.for_whom, settings.TEAM_NAME))
        return render(request, "invites/_join_password.html", {"strength": judged, "best": strength.BEST})
    if not username or tries.too_many(request, tries.NAME, tries.MOST_NAMES):
        return HttpResponse()  # what the name is worth is told when the form is sent
    tries.count(request, tries.NAME)
    names, problem, suggestion = _names(), "", ""
    try:
        check_username(username, username_rule(instance.version()), names)
    except ValidationError as error:
        problem = error.messages[0]
        suggestion = suggest_username(username, instance.version(), {*names, username})
    context = {"username": username, "problem": problem, "suggestion": suggestion}
    return render(request, "invites/_join_name.html", context)


def _names() -> set[str]:
    """The accounts' names, as far as they are known."""
    try:
        return {user.username for user in instance.users().value}
    except ApiError:
        return set()


def _first_suggestion(link: Link, names: set[str]) -> str:
    """Out of the name that the link is for, else of the mail address; nothing out of what has no letter that could stay."""
    for known in (link.for_whom, link.email.partition("@")[0]):
        if any(letter.isascii() and letter.isalpha() for letter in known):
            return suggest_username(known, instance.version(), names)
    return ""
