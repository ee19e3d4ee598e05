"""Searches find a name whatever the case and form of its letters: a Mac sends an accent apart from its letter."""

from __future__ import annotations

import unicodedata

import pytest
from django.test import Client

from dashboard.folding import folded

pytestmark = pytest.mark.django_db
NAME = "Überstunden Élection ﬁnal"
TYPED = "überstunden élection FINAL"


def test_case_and_form_do_not_count():
    for text in (NAME, unicodedata.normalize("NFD", NAME), NAME.upper(), "Ｕ" + NAME, "ß" * 600, "plain ASCII"):
        assert folded(text) == folded(folded(text)) == folded(unicodedata.normalize("NFD", text).upper())
    assert folded("ab" * 500) == "ab" * 500


@pytest.mark.parametrize(
    "url",
    ["/workspaces/?q={}", "/access/?w={}", "/palette/?q={}", "/users/{user}/?w={}", "/chat/?q={}", "/users/?q={}"],
)
def test_a_search_finds_it(url, admin_client: Client, standin):
    name = unicodedata.normalize("NFD", NAME)
    standin.post("/v1/workspace/new", {"name": name})
    user = next(user for user in standin.get("/v1/admin/users")["users"] if user["role"] == "default")
    shown = name
    if url == "/users/?q={}":
        standin.post(f"/v1/admin/users/{user['id']}", {"bio": name})
        shown = user["username"]

    def page(words: str) -> str:
        return admin_client.get(url.format(words, user=user["id"]), headers={"HX-Request": "true"}).content.decode()

    assert shown in page(TYPED)
    assert shown not in page("überstunden nothing")
