"""The connection test asks step by step and stops at the first that fails."""

from __future__ import annotations

import re

import pytest

from dashboard.system.services import test_connection as ask_connection

URL = "/system/test/"


def outcomes(page: str) -> list[str]:
    return re.findall(r'<span class="status" data-tone="(ok|error|quiet)">', page.split('id="connection-test"')[1])


def test_all_is_well(admin_client, standin):
    answer = admin_client.post(URL, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert outcomes(answer.content.decode()) == ["ok"] * 4
    assert not standin.state()["writes"], "it changes nothing"


def test_it_is_a_whole_page_without_javascript(admin_client, standin):
    page = admin_client.post(URL).content.decode()
    assert "<h1>Connection test</h1>" in page
    assert outcomes(page) == ["ok"] * 4


@pytest.mark.parametrize(
    ("path", "fault", "expected", "sentence"),
    [
        ("", "down", ["error", "quiet", "quiet", "quiet"], "does not answer at"),
        ("", "html", ["ok", "error", "quiet", "quiet"], "is not AnythingLLM&#x27;s API"),
        ("/v1/", "key-refused", ["ok", "ok", "error", "quiet"], "refuses the API key"),
        ("is-multi-user-mode", "html-500", ["ok", "ok", "ok", "error"], "error of its own"),
    ],
)
def test_it_stops_at_the_first_failure_and_says_why(admin_client, standin, path, fault, expected, sentence):
    standin.fault(fault, path=path)
    page = admin_client.post(URL).content.decode()
    assert outcomes(page) == expected
    assert sentence in page


def test_it_says_so_in_single_user_mode(admin_client, standin):
    standin.configure(single_user=True)
    page = admin_client.post(URL).content.decode()
    assert outcomes(page) == ["ok", "ok", "ok", "error"]
    assert "Settings &gt; Security &gt; Multi-User Mode" in page


def test_each_step_tells_its_time(standin):
    standin.fault("latency", path="/api/ping", seconds=0.5)
    steps = ask_connection()
    assert steps[0].ms >= 500
    assert all(step.ms < steps[0].ms for step in steps[1:])


def test_the_page_shows_afterwards_what_was_found_out(admin_client, standin):
    assert "accepted" in admin_client.get("/system/").content.decode()
    standin.fault("key-refused", path="/v1/")
    admin_client.post(URL)
    assert "refuses the API key" in admin_client.get("/system/").content.decode()


def test_it_is_for_admins_only_and_by_post_only(admin_client, manager_client, viewer_client, member_client, standin):
    assert admin_client.get(URL).status_code == 405
    for client in (manager_client, viewer_client, member_client):
        assert client.post(URL).status_code == 403
    assert standin.state()["requests"] == []
