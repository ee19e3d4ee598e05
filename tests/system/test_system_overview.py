"""The system page stands in every state of the instance, with one sentence that says which."""

from __future__ import annotations

import pytest

from dashboard import instance
from tests.conftest import signed_in

URL = "/system/"


def test_it_shows_what_the_instance_runs_on(admin_client, standin):
    page = admin_client.get(URL).content.decode()
    assert standin.url in page
    for fact in ("lab-chat", "lancedb", "Vectors", "accepted", "Multi-user mode"):
        assert fact in page


def test_it_never_shows_the_key(admin_client, standin, settings):
    for answer in (admin_client.get(URL), admin_client.post("/system/test/")):
        assert settings.ANYTHINGLLM_API_KEY not in answer.content.decode()


def test_it_says_that_the_key_is_missing(admin_client, standin, settings):
    settings.ANYTHINGLLM_API_KEY = ""
    assert "Set ANYTHINGLLM_API_KEY" in admin_client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("down", "does not answer at"),
        ("key-refused", "refuses the API key"),
        ("html", "is not AnythingLLM&#x27;s API"),
        ("truncated", "could not be understood"),
        ("html-500", "answered with an error of its own"),
    ],
)
@pytest.mark.parametrize("seen_before", [True, False])
def test_it_stands_and_says_so_when_the_instance_fails(admin_client, standin, fault, sentence, seen_before):
    if seen_before:
        assert admin_client.get(URL).status_code == 200
        instance.forget("overview")
    standin.fault(fault)
    answer = admin_client.get(URL)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count('class="banner"') == 1
    assert sentence in page
    assert ("lab-chat" in page) == seen_before, "the last known figures stay, with their time"
    assert ("As of" in page) == seen_before


def test_it_says_so_in_single_user_mode(admin_client, standin):
    standin.configure(single_user=True)
    page = admin_client.get(URL).content.decode()
    assert "Settings &gt; Security &gt; Multi-User Mode" in page
    assert "accepted" in page


def test_it_says_what_an_unknown_version_can_probably_do(admin_client, standin):
    page = admin_client.get(URL).content.decode()
    assert "not told" in page
    assert page.count("probably") == page.count('data-label="Since version"') > 10


@pytest.mark.parametrize(("version", "yes", "no"), [("1.16.0", 12, 0), ("1.9.0", 5, 7), ("1.4.0", 0, 12)])
def test_features_follow_the_version(version, yes, no):
    from dashboard.system.services import features

    there = [feature.there for feature in features(version)]
    assert (there.count(True), there.count(False)) == (yes, no)


def test_every_difference_between_versions_that_matters_has_words():
    from dashboard.anythingllm.rules import SINCE
    from dashboard.system.services import FEATURES

    # Three that are no ability of Foyer's: how invites fail, pictures, and what goes with a thread.
    assert set(SINCE) - set(FEATURES) == {"invite_blocked_by_sso", "image_generation", "threads_take_their_chats"}


def test_it_is_for_admins_only(manager_client, viewer_client, member_client, standin):
    for client in (manager_client, viewer_client, member_client):
        assert client.get(URL).status_code == 403


def test_htmx_gets_the_overview_alone(ada, standin):
    answer = signed_in(ada).get(URL, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<div id="system-overview"')
