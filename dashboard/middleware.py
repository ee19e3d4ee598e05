"""What happens around every view: the request log, sign-in, toasts, errors of the instance."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect

from dashboard import errors
from dashboard.anythingllm import ApiError
from dashboard.context import request_address, request_id
from dashboard.http import LONGEST_URL, OpenRequest, number_of, own_url, page_behind, wants_partial
from dashboard.uploads import most_bytes

GetResponse = Callable[[HttpRequest], HttpResponseBase]

log = logging.getLogger("dashboard.request")


class RequestLogMiddleware:
    """One line a request, with its id, which also goes to the browser and to the ledger. No query, body or cookie is logged."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        id_token = request_id.set(uuid.uuid4().hex[:16])
        address_token = request_address.set(request.META.get("REMOTE_ADDR", ""))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            route = request.resolver_match.route if request.resolver_match else None
            if route not in ("healthz", "readyz") and not request.path.startswith(settings.STATIC_URL):
                log.info(
                    "request",
                    extra={
                        "method": request.method,
                        # The route, not the path: paths can carry codes and names.
                        "route": f"/{route}" if route is not None else "(none)",
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                        # Only as far as the view has asked for it: reading it here would fail again where the database has failed.
                        "operator": getattr(getattr(request, "_cached_user", None), "pk", None),
                        "htmx": "HX-Request" in request.headers,
                    },
                )
            return response
        finally:
            request_id.reset(id_token)
            request_address.reset(address_token)


class HeadMiddleware:
    """HEAD, as monitors and link checkers ask: every page that can be got answers it as it answers GET, without a body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        request.method = "HEAD"
        if response.streaming:  # what would have been sent is closed with the answer
            response.streaming_content = ()  # type: ignore[attr-defined]
        else:
            response.content = b""  # type: ignore[attr-defined]
        return response


def unnamed_proxy(request: HttpRequest) -> str | None:
    """The address of a proxy that tells whom it speaks for, and is not believed because FORWARDED_ALLOW_IPS does not name it.

    Of one that is believed the server has put the address of whom it speaks for in place of its own.
    """
    told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    address = str(request.META.get("REMOTE_ADDR", ""))
    known = any(
        part in (address, f"[{address}]") or part.rpartition(":")[0] in (address, f"[{address}]") for part in told
    )
    return None if told == [""] or known else address


class UnnamedProxyMiddleware:
    """Says in the log, once, that a proxy was seen that is not named."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.told = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self.told and (address := unnamed_proxy(request)):
            self.told = True
            log.warning("a proxy that FORWARDED_ALLOW_IPS does not name", extra={"address": address})
        return self.get_response(request)


class HeadersMiddleware:
    """What Django and django-csp leave out: nobody else may embed what we answer, and pages need no camera."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response


class SecretAddressMiddleware:
    """A joining link's address is a secret: whatever is answered there, the browser passes the address on to nobody as a referrer.

    Such pages' own forms then come with "Origin: null", which says no more than none: a browser that says they come from elsewhere is
    believed, and the token is checked as ever.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith("/join/"):
            return self.get_response(request)
        ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        if request.headers.get("Origin") == "null" and ours:
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.headers.get('Host', '')}"
        response = self.get_response(request)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Sign-in is required everywhere; a fragment of a page must not be replaced by the sign-in page, so htmx is sent there."""

    def handle_no_permission(self, request: OpenRequest, view_func: Any) -> HttpResponseBase:  # type: ignore[override]
        # After it one comes back to a page: not to a fragment, nor to the address of an act, which no link can open.
        if "HX-Request" in request.headers:
            page = page_behind(request)
        elif request.method not in ("GET", "HEAD"):
            page = own_url(request, request.headers.get("Referer", ""), "")
        else:
            page = request.get_full_path()
        page = page if 0 < len(quote(page)) < LONGEST_URL else "/"
        url = redirect_to_login(page, self.get_login_url(view_func)).url
        if request.method not in ("GET", "HEAD"):
            url += "&unsent=part" if "HX-Request" in request.headers else "&unsent=page"
        return HttpResponseClientRedirect(url) if "HX-Request" in request.headers else HttpResponseRedirect(url)


class RefusedBeforeMiddleware:
    """A page for what is refused before any view could say so: what no browser sends, a body that is too large, an act's address opened
    like a page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = number_of(request.META.get("CONTENT_LENGTH") or "0")
        if length is None or "\0" in request.path + unquote(request.META.get("QUERY_STRING", "")):
            return errors.bad_request(request, BadRequest())  # for a NUL PostgreSQL does not even look
        # Where the most is larger than elsewhere, one's rights are looked at, and so the session.
        if length and length > most_bytes(request.path_info, None):
            most = most_bytes(request.path_info, request.user)
            if length > most:
                return errors.too_large(request, most)
        response = self.get_response(request)
        if response.status_code == 405:
            page = errors.method_not_allowed(request)
            page["Allow"] = response["Allow"]
            return page
        return response


class HtmxMiddleware:
    """Carries `messages` to htmx as toasts, and turns a redirect after a partial's POST into one that htmx follows as a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: OpenRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not wants_partial(request):
            return response
        if response.status_code in (301, 302, 303):
            return HttpResponseClientRedirect(response["Location"])
        if "HX-Redirect" not in response and "HX-Refresh" not in response:
            toasts = [{"level": m.level_tag, "text": str(m)} for m in messages.get_messages(request)]
            if toasts:
                triggers = json.loads(response.get("HX-Trigger", "{}"))
                response["HX-Trigger"] = json.dumps({**triggers, "toasts": toasts})
        return response


class InstanceErrorMiddleware:
    """Turns an error of the instance that no view could say better into one sentence: a page, or a toast for htmx."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: OpenRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ApiError | errors.Declined):
            return None
        log.warning("problem", extra={"cause": type(error).__name__, "call": getattr(error, "route", "")})
        return errors.problem_response(request, errors.describe(error))
