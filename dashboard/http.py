"""The typed request, and the one place that decides between a page and a partial."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from dashboard.accounts.models import Operator

LONGEST_URL = 8_000  # characters; Django redirects to no longer one than twice that
LONGEST_NUMBER = 18  # digits, which all databases can compare with an id


class Request(HttpRequest):
    """A request behind the sign-in: `user` is an operator. Views are annotated with it, nothing is ever constructed."""

    user: Operator
    htmx: HtmxDetails


class OpenRequest(HttpRequest):
    """A request to a public view: nobody need be signed in."""

    user: Operator | AnonymousUser
    htmx: HtmxDetails


def wants_partial(request: Request | OpenRequest) -> bool:
    """True when htmx asks for a piece of a page; its boosted links and history restores want the whole page."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def render_page(
    request: Request | OpenRequest,
    page: str,
    *,
    partial: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """The template `page`, or only its `partial` when htmx asks for a piece: one URL, two shapes."""
    response = render(request, partial if wants_partial(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def own_url(request: HttpRequest, url: str, otherwise: str) -> str:
    """`url` when it leads to a page of ours, else `otherwise`: where a form says it came from is not to be trusted."""
    url = url.strip()
    try:
        host = request.get_host()
    except DisallowedHost:
        return otherwise
    safe = url_has_allowed_host_and_scheme(url, {host}, require_https=request.is_secure())
    # A word alone would be taken for the name of a view, and what is too long for a redirect led to no page of ours.
    return url if safe and urlsplit(url).path.startswith("/") and len(url) <= LONGEST_URL else otherwise


def page_behind(request: Request | OpenRequest) -> str:
    """The page from which htmx asks, if it is one of ours, as a path; else empty."""
    url = own_url(request, request.htmx.current_url or "", "")
    return urlunsplit(("", "", *urlsplit(url)[2:])) if url else ""


def number_of(text: str) -> int | None:
    """The number that a text of digits is, if an id can be as large; else None."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None
