"""A world to try rights in, and how one asks at a door."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client

from dashboard.jobs import engine
from tests.rights import world as worlds

HTMX = {"HX-Request": "true"}
POSTED = {"csrfmiddlewaretoken": "as every form of ours has one"}


@pytest.fixture
def world(standin, db) -> worlds.World:
    return worlds.build(standin)


def ask(client: Client, method: str, url: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> Any:
    """With a form's fields where the method has a body. What streams is read to its end."""
    headers = HTMX if htmx else {}
    posted = {**POSTED, **(data or {})}
    answer = (
        client.post(url, posted, headers=headers) if method == "POST" else client.generic(method, url, headers=headers)
    )
    if answer.streaming:
        answer.whole = answer.getvalue()
    return answer


def status(answer: HttpResponseBase) -> int:
    """As a browser without a script would be answered: to htmx a redirect, or that something is not possible, is said in headers."""
    if answer.has_header("HX-Redirect"):
        return 302
    if answer.get("HX-Reswap") == "none" and answer.status_code == 200:
        return 409
    return answer.status_code


def text(answer: HttpResponse) -> str:
    """All that a browser is given, headers too, in small letters."""
    body = answer.whole if answer.streaming else answer.content  # type: ignore[attr-defined]
    return f"{dict(answer.headers)} {body.decode('utf-8-sig')}".lower()


def goes_to_sign_in(answer: HttpResponseBase) -> bool:
    return answer.get("HX-Redirect", answer.get("Location", "")).startswith("/sign-in/?next=")


def work(job: Any) -> Any:
    """A worker takes the job up, until it has ended or waits."""
    while engine.work(job.pk):
        pass
    job.refresh_from_db()
    return job
