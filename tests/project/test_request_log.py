"""One JSON line a request: what an administrator needs, and nothing that is secret."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.project.processes import browser


def test_a_request_is_one_json_line_without_query_body_or_path(running_foyer):
    web, before = running_foyer, len(running_foyer.said())
    request = urllib.request.Request(
        f"http://127.0.0.1:{web.port}/users/7/?code=s3cret",
        data=urllib.parse.urlencode({"password": "s3cret"}).encode(),
        headers={"Cookie": "foyer_session=s3cret", "Authorization": "Bearer s3cret", "HX-Request": "true"},
    )
    with browser.open(request, timeout=10) as answer:  # which leads the browser to the sign-in
        assert answer.headers["HX-Redirect"].startswith("/sign-in/")
    web.get("/healthz")  # asked every few seconds, so not logged
    lines = [json.loads(line) for line in web.said()[before:].splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines if line["logger"] == "dashboard.request"] == ["request"]
    line = next(line for line in lines if line["logger"] == "dashboard.request")
    assert line.pop("ms") > 0
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "dashboard.request",
        "message": "request",
        "request_id": answer.headers["X-Request-ID"],
        "method": "POST",
        "route": "/users/<int:user_id>/",
        "status": answer.status,
        "operator": None,
        "htmx": True,
    }
    assert "s3cret" not in web.said()


def test_the_code_of_a_joining_link_is_not_logged_whatever_becomes_of_it(running_foyer):
    web, before = running_foyer, len(running_foyer.said())
    for method, path in [
        ("GET", "pl4nted/"),
        ("POST", "pl4nted/"),
        ("PUT", "pl4nted/"),
        ("GET", "pl4nted"),
        ("POST", "pl4nted/check/"),
    ]:
        request = urllib.request.Request(f"http://127.0.0.1:{web.port}/join/{path}", method=method)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            browser.open(request, timeout=10)
        refusal.value.close()
        assert refusal.value.headers["Referrer-Policy"] == "no-referrer"
    web.wait_until(lambda: web.said()[before:].count('"message": "request"') >= 5)
    assert "pl4nted" not in web.said()
