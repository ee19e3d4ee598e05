"""Small helps for templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from dashboard import __version__, paging, workers
from dashboard import context as request_context

register = template.Library()

DAY = 86_400  # seconds
# Length in seconds, the fewest that are told in it, and the words.
UNITS = (
    (365.25 * DAY, 2, ngettext_lazy("in %(n)d year", "in %(n)d years", "n"), ngettext_lazy("%(n)d year ago", "%(n)d years ago", "n")),
    (30.44 * DAY, 2, ngettext_lazy("in %(n)d month", "in %(n)d months", "n"), ngettext_lazy("%(n)d month ago", "%(n)d months ago", "n")),
    (DAY, 1, ngettext_lazy("in %(n)d day", "in %(n)d days", "n"), ngettext_lazy("%(n)d day ago", "%(n)d days ago", "n")),
    (3600, 1, ngettext_lazy("in %(n)d hour", "in %(n)d hours", "n"), ngettext_lazy("%(n)d hour ago", "%(n)d hours ago", "n")),
    (60, 1, ngettext_lazy("in %(n)d minute", "in %(n)d minutes", "n"), ngettext_lazy("%(n)d minute ago", "%(n)d minutes ago", "n")),
)  # fmt: skip

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
def errors_of_all(form: BaseForm) -> list[str]:
    """What is wrong with the form as a whole, and with fields of it that nobody sees."""
    return [*form.non_field_errors(), *(error for field in form.hidden_fields() for error in field.errors)]


@register.filter
def from_now(when: datetime) -> str:
    """A point in time in words: "in 7 days", "3 hours ago". What is to come is rounded: seven days are seven, also a moment later."""
    seconds = (when - timezone.now()).total_seconds()
    for unit, fewest, ahead, ago in UNITS:
        if abs(seconds) >= unit * fewest:
            n = round(seconds / unit) if seconds > 0 else int(-seconds / unit)
            return str((ahead if seconds > 0 else ago) % {"n": n})
    return _("in a moment") if seconds > 0 else _("just now")


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
