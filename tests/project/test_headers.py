"""What every answer carries, whoever asks and whatever comes of it."""

from __future__ import annotations

import pytest

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("url", ["/", "/sign-in/", "/no-such-page/", "/healthz", "/static/css/app.css"])
def test_every_answer_carries_the_doors_headers(client, db, url):
    answer = client.get(url)
    answer.close()
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in answer["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer
    assert "Server" not in answer


@pytest.mark.parametrize("url", ["/sign-in/", "/no-such-page/"])
def test_pages_may_load_from_foyer_alone(client, db, url):
    policy = dict(part.split(" ", 1) for part in client.get(url)["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)


def test_what_is_refused_before_any_view_is_a_page_like_the_others(client, db):
    refused = client.get("/sign-in/", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "must add the name to ALLOWED_HOSTS" in refused.content.decode()
    page = client.get("/sign-in/")
    for name in ("Content-Security-Policy", "X-Frame-Options", *EVERYWHERE):
        assert refused[name] == page[name]


def test_static_files_are_not_in_the_request_log(client, db, caplog):
    client.get("/static/css/app.css").close()
    assert not caplog.records
    client.get("/sign-in/")
    assert [record.route for record in caplog.records] == ["/sign-in/"]


def test_with_https_cookies_are_secure_and_browsers_are_told_to_stay(client, db, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    assert client.get("/sign-in/").status_code == 301
    assert "max-age=31536000" in client.get("/sign-in/", secure=True)["Strict-Transport-Security"]
