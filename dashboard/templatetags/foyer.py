"""Small helps for templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from dashboard import __version__, paging
from dashboard import context as request_context

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A mark from static/img/icons.svg; decoration only, a word always stands beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("img/icons.svg"), name
    )


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: object) -> str:
    """The page's own query string with some values changed; an empty value drops the parameter: `?{% query page=2 %}`."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return str(parameters.urlencode())


@register.filter
def page_numbers(page: Page[Any]) -> Iterable[str | int]:
    """The numbers a pager shows: the ends, the neighbours, and an ellipsis for the rest."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)


@register.filter
def from_now(when: datetime) -> str:
    """A point in time in words: "in 6 days", "3 hours ago"."""
    now = timezone.now()
    words = {"time": timesince(when, now, depth=1) if when < now else timeuntil(when, now, depth=1)}
    return _("%(time)s ago") % words if when < now else _("in %(time)s") % words


@register.simple_tag
def page_sizes() -> tuple[int, ...]:
    return paging.SIZES


@register.simple_tag
def foyer_version() -> str:
    return __version__


@register.simple_tag
def request_id() -> str:
    """The id under which the log knows this request, for pages that ask a person to pass it on."""
    return request_context.request_id.get()
