"""Small helps for templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from dashboard import __version__, paging, workers
from dashboard import context as request_context

register = template.Library()

SELECTED, CHECKED = mark_safe(" selected"), mark_safe(" checked")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A mark from static/img/icons.svg; decoration only, a word always stands beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("img/icons.svg"), name
    )


@register.simple_tag
def worker_is_running() -> bool:
    return workers.are_running()


@register.simple_tag
def options(widget: dict[str, Any]) -> SafeString:
    """What stands in the tag of Django's Select. No list of ours has groups."""
    html = '<option value="{}"{}>{}</option>'
    found = [option for _group, some, _index in widget["optgroups"] for option in some]
    return format_html_join("\n", html, ((o["value"], SELECTED if o["selected"] else "", o["label"]) for o in found))


@register.simple_tag
def boxes(widget: dict[str, Any]) -> SafeString:
    """The same of Django's CheckboxSelectMultiple and RadioSelect, in a form whose fields have ids."""
    html = '<div><label for="{1}"><input{0} id="{1}" value="{2}"{3}> {4}</label></div>'
    found = [option for _group, some, _index in widget["optgroups"] for option in some]
    of_all = widget["attrs"] | {"id": None, "type": found[0]["type"], "name": widget["name"]} if found else {}
    shared = flatatt(of_all)  # made once; it takes longer than all the rest
    told = ((shared, o["attrs"]["id"], o["value"], CHECKED if o["selected"] else "", o["label"]) for o in found)
    return format_html_join("\n", html, told)


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
