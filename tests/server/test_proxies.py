"""Who is believed about the browser: the proxy that is named, and nobody else."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.project.processes import running

ADDRESS = "127.0.0.1"


@pytest.fixture(scope="module", params=["127.0.0.1", "192.0.2.7"])
def asked(request, tmp_path_factory):
    """`asked(headers)`: status, place and page of the sign-in page of a Foyer that knows one proxy; and whether that is ours."""
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.server.rig",
        "SECRET_KEY": "only-for-this-test-" * 3,
        "HTTPS": "true",
        "FORWARDED_ALLOW_IPS": request.param,
    }
    with running(["dashboard.web"], tmp_path_factory.mktemp("proxies"), **variables) as web:
        web.wait_until_it_answers()

        def ask(**headers: str) -> tuple[int, str, str]:
            connection = http.client.HTTPConnection(ADDRESS, web.port, timeout=30)
            connection.request("GET", "/static/css/app.css", headers=headers)
            answer = connection.getresponse()
            found = answer.status, answer.headers.get("Location", ""), answer.read().decode()
            connection.close()
            return found

        ask.log = lambda: [json.loads(line) for line in web.said().splitlines() if line.startswith("{")]
        yield ask, request.param == ADDRESS


def test_the_proxy_that_is_named_is_believed_and_no_other_is(asked):
    ask, named = asked
    status, place, page = ask(**{"X-Forwarded-Proto": "https"})
    if named:
        assert status == 200
    else:
        assert (status, place) == (400, "")
        assert f"{ADDRESS}, to FORWARDED_ALLOW_IPS" in page


def test_the_log_names_it_once_a_minute(asked):
    ask, named = asked
    for _time in range(3):
        ask(**{"X-Forwarded-Proto": "https"})
    told = [line for line in ask.log() if "FORWARDED_ALLOW_IPS" in line["message"]]
    assert [(line["level"], line["address"]) for line in told] == ([] if named else [("WARNING", ADDRESS)])


def test_a_header_with_an_underscore_says_nothing(asked):
    ask, _named = asked
    status, place, _page = ask(X_Forwarded_Proto="https")
    assert (status, place.startswith("https://")) == (301, True)


def test_plain_http_is_sent_to_https(asked):
    ask, _named = asked
    assert ask(**{"X-Forwarded-Proto": "http"})[0] == 301
    assert ask()[0] == 301
