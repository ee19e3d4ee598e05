"""Pages of a list, with their state in the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.core.paginator import _SupportsPagination  # a sequence or a query, as django-stubs names it

T = TypeVar("T")

SIZES = (25, 50, 100)
DEFAULT_SIZE = 50


def page_of(rows: _SupportsPagination[T], request: HttpRequest) -> Page[T]:
    """The page that `?page=` and `?size=` ask for; a wrong number gives the nearest page there is, never an error."""
    size = request.GET.get("size", "")
    per_page = int(size) if size in map(str, SIZES) else DEFAULT_SIZE
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
