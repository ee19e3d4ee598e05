"""HEAD, as monitors and link checkers ask."""

from __future__ import annotations

import http.client

import pytest
from django.test import RequestFactory

from dashboard.middleware import unnamed_proxy
from tests.project.processes import running


@pytest.mark.parametrize(
    "url", ["/", "/users/", "/users/export/", "/audit/export/", "/sign-in/", "/no-such-page/", "/healthz"]
)
def test_a_page_answers_head_as_get_without_a_body(admin_client, client, standin, url):
    asked = client if url == "/sign-in/" else admin_client
    got, answer = asked.get(url), asked.head(url)
    told = b"".join(answer.streaming_content) if answer.streaming else answer.content
    got.close()
    assert (answer.status_code, told) == (got.status_code, b"")
    assert answer.headers.get("Content-Type") == got.headers.get("Content-Type")
    if not got.streaming:
        assert abs(int(answer["Content-Length"]) - int(got["Content-Length"])) < 100  # of tokens and times


def test_an_act_is_not_done_by_head(admin_client, standin):
    answer = admin_client.head("/sign-out/")
    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")


def test_the_log_tells_head_from_get(admin_client, standin, caplog):
    admin_client.head("/users/")
    assert [record.method for record in caplog.records if record.name == "dashboard.request"] == ["HEAD"]


def test_over_the_wire_the_next_answer_is_not_mixed_up_with_a_body(tmp_path):
    with running(["dashboard.run"], tmp_path) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        line = http.client.HTTPConnection("127.0.0.1", foyer.port, timeout=20)
        for method in ("HEAD", "GET", "HEAD", "GET"):
            line.request(method, "/sign-in/")
            answer = line.getresponse()
            assert (answer.status, bool(answer.read())) == (200, method == "GET")
        line.close()


# --- A proxy that is not named ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "address", "found"),
    [
        ("", "10.0.0.1", None),
        ("203.0.113.7", "10.0.0.1", "10.0.0.1"),
        ("203.0.113.7, 198.51.100.2", "10.0.0.1", "10.0.0.1"),
        ("203.0.113.7, 198.51.100.2", "198.51.100.2", None),  # the server believed it
        ("203.0.113.7:4711", "203.0.113.7", None),
        ("[2001:db8::7]:4711", "2001:db8::7", None),
    ],
)
def test_a_proxy_is_known_by_whom_it_speaks_for(told, address, found):
    headers = {"X-Forwarded-For": told} if told else {}
    assert unnamed_proxy(RequestFactory().get("/", headers=headers, REMOTE_ADDR=address)) == found


def test_system_names_a_proxy_that_is_not_named_and_the_log_has_it_once(admin_client, standin, caplog):
    through = {"headers": {"X-Forwarded-For": "203.0.113.7"}, "REMOTE_ADDR": "172.20.0.1"}
    for _time in range(2):
        page = admin_client.get("/system/", **through).content.decode()
    assert "set FORWARDED_ALLOW_IPS=172.20.0.1" in page
    assert [r.address for r in caplog.records if "FORWARDED_ALLOW_IPS" in r.getMessage()] == ["172.20.0.1"]
    assert "FORWARDED_ALLOW_IPS" not in admin_client.get("/system/").content.decode()
