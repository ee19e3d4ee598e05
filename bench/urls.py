"""Foyer, and beside it in the same server a bare view: the template of the users page, from memory.

It asks nobody, neither the instance nor the database, and knows no session and no rights. Its context is taken once from the real view.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.http import HttpRequest, HttpResponse
from django.template import Context
from django.template.context import make_context
from django.template.loader import get_template
from django.urls import include, path

from dashboard.permissions import public
from dashboard.users import views

kept: dict[str, Any] = {}


def keep(request: HttpRequest, page: str, *, context: dict[str, Any], **_rest: Any) -> HttpResponse:
    template = get_template(page).template
    whole = make_context(context, request)
    with whole.bind_template(template):
        kept["context"] = whole.flatten()
    return HttpResponse()


@public
def bare(request: HttpRequest) -> HttpResponse:
    if not kept:
        with mock.patch.object(views, "render_page", keep):
            views.user_list(request)
    return HttpResponse(get_template("users/user_list.html").template.render(Context(kept["context"])))


urlpatterns = [path("bench/bare/", bare), path("", include("dashboard.urls"))]
