"""A page of somebody else's cannot act in the name of whoever looks at it: no door takes anything without the token of its own page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from dashboard.accounts.models import Operator, Role
from tests.conftest import THOROUGH, operator, signed_in
from tests.doors import LINES
from tests.rights.watching import Watch
from tests.rights.world import World

METHODS = ("POST", "PUT", "PATCH", "DELETE")
PUBLIC = ("sign_in", "join", "join_check")


def careful(somebody: Operator | None) -> Client:
    """A browser whose tokens are looked at, as outside of tests."""
    client = Client(enforce_csrf_checks=True)
    if somebody:
        client.cookies = signed_in(somebody).cookies
    return client


def token_of(client: Client, url: str = "/profile/") -> str:
    """As the form on one of our pages has it."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(url).content.decode())
    assert found
    return found[1]


def refused(answer: Any) -> bool:
    return answer.status_code == 403 and "Form too old" in answer.content.decode()


@pytest.fixture
def admin(world: World) -> Operator:
    return operator(Role.ADMIN, "local.admin")


# What comes with a form that was not made here: nothing at all, a token of nobody's, one of another browser's, the right one from elsewhere.
def forged(client: Client) -> list[dict[str, Any]]:
    own, others = token_of(client), token_of(careful(operator(Role.ADMIN, "eve")))
    return [
        {"data": {}},
        {"data": {"csrfmiddlewaretoken": "x" * 64}},
        {"data": {"csrfmiddlewaretoken": others}},
        {"data": {"csrfmiddlewaretoken": own}, "headers": {"Origin": "https://evil.example"}},
        {"data": {"csrfmiddlewaretoken": own}, "headers": {"Origin": "null"}},
        {"data": {}, "headers": {"HX-Request": "true"}},
        {"data": {}, "headers": {"X-CSRFToken": others}},
    ]


def test_no_door_takes_what_another_page_sends(world, admin, figure):
    client, things, watch = careful(admin), world.things(admin, world.own), Watch(world.standin)
    ways, tried = forged(client), 0
    for number, (door, line) in enumerate(LINES.items()):
        url = world.address(door, things)
        # At the doors that act: with nothing, and in turn, or thoroughly, in all other ways. Of the methods that no door has one each.
        others = ways[1:] if THOROUGH else [ways[1 + number % (len(ways) - 1)]]
        for how in [ways[0], *others] if "POST" in line.answers else []:
            with watch.seeing():
                answer = client.post(url, **how)
            assert refused(answer), f"POST {url} {how}: {answer.status_code}"
            assert not watch.written, f"POST {url} {how}: {watch.written}"
            tried += 1
        method = METHODS[number % len(METHODS)]
        assert refused(client.generic(method, url)), f"{method} {url}"
        tried += 1
    assert client.get("/profile/").status_code == 200, "still signed in"
    figure("rights: forms of other sites", f"{tried} tried, 0 taken")


def test_nor_from_somebody_who_is_not_signed_in(world):
    things = world.things(world.boss, world.own)
    for door in PUBLIC:
        url = world.address(door, things)
        client = careful(None)
        assert refused(client.post(url, {})), url
        client.get(url)  # now it has a token, which has to come with the form
        assert refused(client.post(url, {})), url


@pytest.mark.parametrize("way", ["in the form", "in the header, as htmx sends it"])
def test_the_token_of_our_own_page_is_taken(way, world, admin):
    client = careful(admin)
    token = token_of(client)
    data, headers = {"theme": "dark"}, {}
    if way == "in the form":
        data["csrfmiddlewaretoken"] = token
    else:
        headers = {"X-CSRFToken": token, "HX-Request": "true"}
    client.post("/theme/", data, headers=headers)
    admin.refresh_from_db()
    assert admin.theme == "dark"


def test_the_cookies_go_to_no_other_site():
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY
