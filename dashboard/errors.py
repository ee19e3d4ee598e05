"""The sentences an operator sees when something goes wrong: all of them, in one place, each with cause and next step."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django_htmx.http import reswap

from dashboard import anythingllm, trouble
from dashboard.anythingllm.errors import without
from dashboard.anythingllm.sse import Failed
from dashboard.audit.models import Outcome
from dashboard.http import OpenRequest, Request, own_url, wants_partial
from dashboard.said import gettext_lazy as _
from dashboard.trouble import Trouble

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure in words fit for an operator. `status` is the status of our answer; `outcome` is what the ledger says of the act."""

    title: Words
    sentence: Words
    status: int
    outcome: Outcome


class Declined(Exception):
    """Foyer itself says no, in a sentence for the operator, before anything was asked of the instance."""

    def __init__(self, sentence: Words) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class AnotherInstance(anythingllm.ApiError):
    """What answers is not the instance that Foyer's records are about (see dashboard.identity)."""

    def __init__(self) -> None:
        super().__init__(0, "This is not the instance that the records are about.")


class Crowded(anythingllm.ApiError):
    """So many pages wait for the instance already that it was not asked (see dashboard.server.threads)."""

    def __init__(self) -> None:
        super().__init__(0, "Too many pages are waiting for the instance.")


def describe(error: anythingllm.ApiError | Declined) -> Problem:
    """The sentence for an error, by its cause. The instance's own words are passed on only where it refused something."""
    address = settings.ANYTHINGLLM_URL
    match error:
        case Declined():
            return Problem(_("Not possible"), error.sentence, 409, Outcome.REFUSED)
        case AnotherInstance():
            return Problem(
                _("Another AnythingLLM"),
                _(
                    "This is another AnythingLLM than before, or one restored from a backup. "
                    "Foyer has stopped, so that nobody gets what is somebody else's. An admin has to say first what it is."
                ),
                503,
                Outcome.REFUSED,
            )
        case Crowded():
            return Problem(
                _("Please wait"),
                _(
                    "AnythingLLM is slow, and many pages are waiting for it. Nothing was changed. Try again in a moment."
                ),
                503,
                Outcome.FAILED,
            )
        case anythingllm.Unreachable(outcome_unknown=True):
            return Problem(
                _("No answer"),
                _(
                    "AnythingLLM took the request but did not answer in time, so the outcome is unknown. "
                    "Look at the current state before you try again."
                ),
                504,
                Outcome.UNKNOWN,
            )
        case anythingllm.Unreachable():
            return Problem(
                _("AnythingLLM is not reachable"),
                _("AnythingLLM does not answer at %(address)s. Nothing was changed.") % {"address": address},
                503,
                Outcome.FAILED,
            )
        case anythingllm.KeyRefused():
            # The instance says the same when its database is busy, so this is no proof that the key was revoked.
            return Problem(
                _("AnythingLLM refuses the API key"),
                _(
                    "AnythingLLM refuses the API key. If this stays so for more than a minute, an administrator must set a new one. "
                    "Nothing was changed."
                ),
                502,
                Outcome.FAILED,
            )
        case anythingllm.SingleUserMode():
            return Problem(
                _("AnythingLLM is in single-user mode"),
                _(
                    "This AnythingLLM is not in multi-user mode. Users and invites appear once it is switched on: "
                    "Settings > Security > Multi-User Mode."
                ),
                502,
                Outcome.FAILED,
            )
        case anythingllm.PasswordLoginDisabled():
            return Problem(
                _("Password sign-in is off"),
                _(
                    "This AnythingLLM does not allow signing in with a password. Use its single sign-on, or a local operator."
                ),
                502,
                Outcome.REFUSED,
            )
        case anythingllm.DeletionProtected():
            return Problem(
                _("Deletion is blocked"),
                _("The owner of this AnythingLLM has blocked the deletion of workspaces. Nothing was changed."),
                409,
                Outcome.REFUSED,
            )
        case anythingllm.NotFound():
            return Problem(
                _("Not there any more"),
                _("AnythingLLM does not know this any more: somebody may have deleted it. Load the page again."),
                404,
                Outcome.REFUSED,
            )
        case anythingllm.Unconfirmed():
            return Problem(
                _("Not confirmed"),
                _(
                    "AnythingLLM accepted the change, but it could not be read back. Look at the current state before you try again."
                ),
                502,
                Outcome.UNKNOWN,
            )
        case anythingllm.SsoDisabled():
            return Problem(
                _("Single sign-on is off"),
                _("This AnythingLLM does not issue sign-in links: its simple single sign-on is switched off."),
                409,
                Outcome.REFUSED,
            )
        case anythingllm.NotApplied():
            return Problem(
                _("Not applied"),
                _(
                    "AnythingLLM reported success, but the change is not there. Its database may be busy: try again in a minute."
                ),
                502,
                Outcome.FAILED,
            )
        case anythingllm.Refused():
            return Problem(
                _("AnythingLLM refused"),
                _("AnythingLLM refused: %(words)s") % {"words": error.message},
                422,
                Outcome.REFUSED,
            )
        case anythingllm.NotAnythingLLM():
            return Problem(
                _("Not AnythingLLM's API"),
                _("Something answers at %(address)s, but it is not AnythingLLM's API. Check ANYTHINGLLM_URL.")
                % {"address": address},
                502,
                Outcome.FAILED,
            )
        case anythingllm.TooLarge():
            return Problem(
                _("Answer too large"),
                _("AnythingLLM's answer was larger than Foyer accepts. Nothing was changed here."),
                502,
                Outcome.UNKNOWN,
            )
        case anythingllm.NotSupported():
            return Problem(
                _("Not possible"),
                _("This AnythingLLM cannot do that: %(why)s") % {"why": error.message},
                501,
                Outcome.REFUSED,
            )
        case anythingllm.BrokenAnswer(outcome_unknown=False):
            return Problem(
                _("Answer not understood"),
                _("AnythingLLM's answer could not be understood. Nothing was changed."),
                502,
                Outcome.FAILED,
            )
        case anythingllm.BrokenAnswer():
            return Problem(
                _("Answer not understood"),
                _(
                    "AnythingLLM's answer could not be understood, so the outcome is unknown. Look at the current state before you try again."
                ),
                502,
                Outcome.UNKNOWN,
            )
        case anythingllm.ServerError(outcome_unknown=False):
            return Problem(
                _("AnythingLLM had an error"),
                _("AnythingLLM answered with an error of its own. Nothing was changed."),
                502,
                Outcome.FAILED,
            )
    return Problem(
        _("AnythingLLM had an error"),
        _("AnythingLLM answered with an error of its own. Look at the current state before you try again."),
        502,
        Outcome.UNKNOWN,
    )


# --- Answers that stream ----------------------------------------------------------------------------------------------
RESTARTING = _(
    "Foyer is being restarted, so the answer stops here. AnythingLLM keeps what it has written so far. Load the page again in a moment."
)
NOTHING_KEPT = _("The connection broke off before the answer was complete, and nothing of it was kept. Ask again.")
NOT_FOR_YOU_ANY_MORE = _(
    "The answer ends here, because you are no longer signed in or no longer have access to this workspace."
)
QUESTION_GONE = _("This question is not there any more: it was deleted, or it was too old. Load the page again.")
STREAM_FAILED = _(
    "Something in Foyer went wrong, and it has been logged. Load the page again to see what AnythingLLM has kept."
)


def describe_ending(failure: Failed) -> Words:
    """Why an answer that had begun to stream is not whole."""
    match failure.reason:
        case "aborted" if failure.message:
            words = without([settings.ANYTHINGLLM_API_KEY], failure.message)
            return _("AnythingLLM's language model gave up: %(words)s") % {"words": words[:300]}
        case "aborted":
            return _("AnythingLLM gave up on this answer. Ask again in a moment.")
        case "timed_out":
            return _(
                "AnythingLLM fell silent before its answer was complete, so Foyer stopped waiting. What arrived is kept."
            )
        case "broken":
            return _("AnythingLLM's answer could not be read to its end. What arrived is kept.")
        case "interrupted":
            return _("The connection to AnythingLLM broke off before its answer was complete. What arrived is kept.")


def problem_response(request: OpenRequest | Request, problem: Problem) -> HttpResponse:
    """The problem as a page; for htmx as a toast, so that nothing on the page is replaced by something untrue."""
    if wants_partial(request):
        messages.error(request, str(problem.sentence))
        return reswap(HttpResponse(status=200), "none")
    if request.htmx and request.htmx.boosted:
        toasts = {"toasts": [{"level": "error", "text": str(problem.sentence)}]}
        return reswap(HttpResponse(status=200, headers={"HX-Trigger": json.dumps(toasts)}), "none")
    return page(request, problem.status, problem.title, problem.sentence)


def page(request: HttpRequest, status: int, title: Words, sentence: Words) -> HttpResponse:
    # From an act one goes back to the page that it was begun on.
    back = (
        own_url(cast("OpenRequest", request), request.headers.get("Referer", ""), "")
        if request.method == "POST"
        else ""
    )
    context = {"status": status, "title": title, "sentence": sentence, "back": back}
    return render(request, "errors/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        sentence = _(
            "Foyer does not know itself by the name in this address. An administrator must add the name to ALLOWED_HOSTS, or you open "
            "Foyer under the name you were given."
        )
        return page(request, 400, _("Unknown name"), sentence)
    return page(
        request,
        400,
        _("Not understood"),
        _("The browser sent something that Foyer could not read. Go back and try again."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = str(exception) or _("Your role does not include this. An admin of Foyer can change that.")
    return page(request, 403, _("Not for you"), sentence)


def too_large(request: HttpRequest, most: int) -> HttpResponse:
    """`most` is in bytes."""
    sentence = _(
        "What was sent is larger than %(most)s, so it was not read and nothing was changed. Send less at once."
    )
    return page(
        request,
        413,
        _("Too large"),
        sentence % {"most": f"{most // 1024**2} MB" if most >= 1024**2 else f"{most // 1024} kB"},
    )


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    sentence = _("This is the address of an act, not of a page. Nothing was changed: go back and use the button there.")
    return page(request, 405, _("No page"), sentence)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _(
        "This form was open for too long or came from another site, so nothing was changed. Go back, load the page again and send it once more."
    )
    return page(request, 403, _("Form too old"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404, _("Nothing here"), _("There is no such page, or what it showed has been deleted."))


GROUND: dict[Trouble, tuple[Words, Words, int]] = {
    Trouble.NO_ROOM: (
        _("No room left"),
        _(
            "The disk of Foyer is full, so nothing can be kept and this was not done. An administrator must make room where "
            "DATA_DIR and the database are; then try again."
        ),
        507,
    ),
    Trouble.READ_ONLY: (
        _("Nothing can be kept"),
        _(
            "Foyer may not write to its disk or its database, so this was not done. An administrator must see to it that DATA_DIR "
            "and the database can be written to; then try again."
        ),
        503,
    ),
    Trouble.NO_DATABASE: (
        _("The database does not answer"),
        _(
            "Foyer cannot reach its database right now, so nothing can be shown or kept. Try again in a minute; if it stays so, "
            "an administrator must look at the database."
        ),
        503,
    ),
    Trouble.NO_QUEUE: (
        _("The queue does not answer"),
        _(
            "Foyer cannot reach its queue right now. Try again in a minute; if it stays so, an administrator must look at QUEUE_URL."
        ),
        503,
    ),
}


def of_the_ground(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer when disk, database or queue fail, which is nobody's mistake; None when it was something else.

    Without the request's own context: who is signed in may be just what cannot be read.
    """
    found = trouble.of(error)
    if found is None:
        return None
    title, sentence, status = GROUND[found]
    if "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers:
        answer = reswap(HttpResponse(status=200), "none")
        answer["HX-Trigger"] = json.dumps({"toasts": [{"level": "error", "text": str(sentence)}]})
        return answer
    context = {"status": status, "title": title, "sentence": sentence, "team_name": settings.TEAM_NAME}
    answer = HttpResponse(render_to_string("errors/error.html", context), status=status)
    answer["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    if answer := of_the_ground(request, sys.exc_info()[1]):
        return answer
    sentence = _(
        "Something in Foyer went wrong. It has been logged with the number below; an administrator can find it there."
    )
    # Without the request: who is signed in, and their messages, may be just what could not be read.
    context = {"status": 500, "title": _("Our mistake"), "sentence": sentence, "team_name": settings.TEAM_NAME}
    return HttpResponse(render_to_string("errors/error.html", context), status=500)
