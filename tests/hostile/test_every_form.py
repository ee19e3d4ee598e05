"""Whatever is typed into a form: it is done to the letter, or refused in a sentence with all of it still there. Never an error of ours."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
from django import forms
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import strategies as st

import dashboard
from tests.conftest import THOROUGH
from tests.doors import DOORS
from tests.hostile.doors import ALSO_ASKED, POSTS, QUERIES, READ_BY, TYPED, address, asked
from tests.hostile.page import as_typed, page_of, sound, toasts
from tests.hostile.texts import texts
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db


def every_form() -> set[type[forms.BaseForm]]:
    """All that the rooms have."""
    for module in pkgutil.walk_packages(dashboard.__path__, "dashboard."):
        if not module.name.startswith(("dashboard.sandbox", "dashboard.asgi", "dashboard.relay")):
            importlib.import_module(module.name)
    found, todo = set(), [forms.BaseForm]
    while todo:
        for kind in todo.pop().__subclasses__():
            todo.append(kind)
            if kind.__module__.startswith("dashboard."):
                found.add(kind)
    return found


DONE = {200, 201, 204, 302}
REFUSED = {400, 403, 404, 409, 410, 413, 422, 429}
# Examples for each name that is looked at.
EACH, THOROUGH_EACH = 2, 15
# Controls in which nobody types.
CHOSEN = {"hidden", "select", "checkbox", "radio", "button"}
WITH_TOKEN = {"csrfmiddlewaretoken": "of-no-matter-here"}

Pairs = list[tuple[str, Any]]


def pairs_of(posted: dict[str, Any]) -> Pairs:
    return [(key, one) for key, some in posted.items() for one in (some if isinstance(some, list) else [some])]


def send(client: Client, url: str, pairs: Pairs, **how: Any) -> HttpResponse:
    """As a browser does: with a file in several parts, else as one line."""
    if any(isinstance(value, SimpleUploadedFile) for _key, value in pairs):
        fields: dict[str, list[Any]] = {}
        for key, value in pairs:
            fields.setdefault(key, []).append(value)
        return client.post(url, fields, **how)
    return client.post(url, urlencode(pairs), content_type="application/x-www-form-urlencoded", **how)


def is_error(answer: HttpResponse) -> bool:
    """Whether htmx is told of an error although nothing on its page changes."""
    return answer.get("HX-Reswap") == "none"


def judge(answer: HttpResponse, pairs: Pairs) -> bool:
    """Whether it was done. What was not is told, and all that was typed is still there."""
    assert answer.status_code in DONE | REFUSED, answer.status_code
    sound(answer, settings.ANYTHINGLLM_PUBLIC_URL + "/sso/")
    typed = {key: value for key, value in dict(pairs).items() if key in TYPED and value}
    if answer.wsgi_request.path == reverse("document_add_file"):
        typed.pop("name", None)  # that of a file, which the script sends; no form has it
    if is_error(answer):
        assert any(toasts(answer))
        return False
    led = "Location" in answer or "HX-Redirect" in answer
    if led and any(said.level_tag == "error" for said in get_messages(answer.wsgi_request)):
        assert not typed, f"{sorted(typed)} is lost on another page"
        return False
    if answer.status_code in DONE:
        return True
    page = page_of(answer)
    assert page.told, "not a word why"
    partial = "HX-Request" in answer.wsgi_request.headers  # may leave a form alone that stands beside it
    for key, value in typed.items() if answer.status_code == 422 else ():
        if page.controls.get(key) not in CHOSEN and not (partial and key not in page.controls):
            assert as_typed(value) in map(as_typed, page.fields[key]), f"{key} is lost"
    return False


# --- Every door, every name, every form -------------------------------------------------------------------------------
def test_every_door_is_tried(figure):
    posted = {door.name for door in POSTS.values()}
    assert posted == {name for name, (_action, methods) in DOORS.items() if "POST" in methods}
    assert set(QUERIES) == {name for name, (_action, methods) in DOORS.items() if "GET" in methods}
    each = THOROUGH_EACH if THOROUGH else EACH
    figure("hostile: doors with spoilt fields", f"{len(posted)} posted to, {len(QUERIES)} asked, {each} a field")


def test_every_name_and_every_form_is_tried_and_what_people_usually_post_is_done(worlds, seen):
    """The ground on which the rest stands: what is spoilt there would have been done."""
    for name, door in POSTS.items():
        for how in ({}, {"headers": HTMX}):
            posted, url = WITH_TOKEN | door.posted(worlds.things), door.url(worlds.things)
            client = worlds.things.client(door.who)
            with worlds.tried():
                answer = send(client, url, pairs_of(posted), **how)
                assert judge(answer, pairs_of(posted)), f"{name}: {page_of(answer).told}"
                request = answer.wsgi_request
                assert seen.of(request.POST) <= set(posted), name
                assert seen.of(request.GET) <= set(QUERIES.get(door.name, {}) | ALSO_ASKED.get(name, {})), name
            worlds.begin_anew()
    for name, names in QUERIES.items():
        for query in ({}, asked(name, worlds.things)):
            answer = worlds.things.client(READ_BY.get(name, "ada")).get(address(name, worlds.things), query)
            assert answer.status_code in (200, 204, 302, 404, 422), name
            assert seen.of(answer.wsgi_request.GET) <= set(names), name
    assert every_form() <= seen.forms


# --- Whatever is typed ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Spoilt:
    """One change of what is posted."""

    key: str
    value: str | None  # None: it is left out
    again: bool = False  # besides the right one

    def applied(self, pairs: Pairs) -> Pairs:
        kept = pairs if self.again else [(key, value) for key, value in pairs if key != self.key]
        return kept if self.value is None else [*kept, (self.key, self.value)]


def spoiling(keys: list[str]) -> st.SearchStrategy[list[Spoilt]]:
    key = st.sampled_from(keys)
    other = st.builds(Spoilt, key, texts)
    less = st.builds(Spoilt, key, st.none())
    twice = st.builds(Spoilt, key, texts, st.just(True))
    more = st.builds(Spoilt, texts, texts)
    return st.lists(other | other | other | twice | less | more, min_size=1, max_size=4)


def tried(name: str, keys: list[str]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Tries some examples for every one of the keys: the same ones in every run, unless there is time for many."""

    def decorate(example: Callable[..., None]) -> Callable[[], None]:
        most = len(keys) * (THOROUGH_EACH if THOROUGH else EACH)
        limits = hypothesis.settings(
            max_examples=most, database=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
        )
        once = limits(given(spoiling(keys), st.booleans())(example))
        return once if THOROUGH else seed(name)(once)

    return decorate


# A file that was complete when the part after it turns out to be broken: Django leaves it to the garbage collector, which deletes it.
@pytest.mark.filterwarnings("ignore:.*incoming.*[.]upload:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.matrix
@pytest.mark.parametrize("name", sorted(POSTS))
def test_whatever_is_posted_is_done_or_refused_in_words_and_nothing_is_lost(name, worlds, refused):
    door = POSTS[name]
    keys = sorted({*WITH_TOKEN, *door.posted(worlds.things)})

    @tried(name, keys)
    def example(changes: list[Spoilt], htmx: bool) -> None:
        url, pairs = door.url(worlds.things), pairs_of(WITH_TOKEN | door.posted(worlds.things))
        for change in changes:
            pairs = change.applied(pairs)
        client = worlds.things.client(door.who)
        try:
            with worlds.tried():
                answer = send(client, url, pairs, headers=HTMX if htmx else {})
                done = judge(answer, pairs)
                if done and "Location" in answer:
                    assert sound(client.get(answer["Location"])).status_code in (200, 302, 404)
            assert done or not worlds.written, "refused, and yet something was written"
            assert refused == []
        finally:
            refused.clear()
            worlds.settle()

    example()


@pytest.mark.matrix
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_whatever_is_asked_in_an_address_is_answered_in_words_and_writes_nothing(name, worlds, refused):
    usual, url = pairs_of(asked(name, worlds.things)), address(name, worlds.things)

    @tried(name, sorted(QUERIES[name]) or ["next"])
    def example(changes: list[Spoilt], htmx: bool) -> None:
        pairs = usual
        for change in changes:
            pairs = change.applied(pairs)
        client = worlds.things.client(READ_BY.get(name, "ada"))
        try:
            with worlds.tried():
                answer = client.get(f"{url}?{urlencode(pairs)}", headers=HTMX if htmx else {})
                judge(answer, pairs)
                b"".join(answer)
            assert not worlds.written, "asked, and yet something was written"
            assert refused == []
        finally:
            refused.clear()

    example()
