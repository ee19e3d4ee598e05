"""How it speaks HTTP: Express's manners."""

import http.client
import time
from urllib.parse import urlsplit

import pytest
import requests

from dashboard.sandbox.testing import Sandbox

from .conftest import Ask

NEW = "/v1/admin/users/new"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("GET", "/v1/admin/users/5"),
        ("DELETE", "/v1/admin/users/"),
        ("PUT", "/v1/admin/users/2"),
    ],
)
def test_what_is_no_route_is_the_index_page(ask: Ask, method: str, path: str) -> None:
    answer = ask(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.lstrip().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("body", ["{", "null", '"text"', "7"])
def test_a_bad_body_is_an_html_page_before_the_key_is_asked_for(sandbox: Sandbox, body: str) -> None:
    answer = requests.post(
        f"{sandbox.url}/api{NEW}", data=body, headers={"Content-Type": "application/json"}, timeout=5
    )
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "<pre>Bad Request</pre>" in answer.text


def test_json_without_its_content_type_is_not_read(ask: Ask) -> None:
    answer = ask("POST", NEW, data='{"username": "olaf", "password": "long-enough-1"}')
    assert answer.json()["error"] == '"value" is not allowed to be empty'


def test_plain_text_is_read_as_json(ask: Ask) -> None:
    kind = {"Content-Type": "text/plain"}
    assert ask("POST", NEW, data='{"username": "olaf", "password": "long-enough-1"}', headers=kind).status_code == 200
    answer = ask("POST", NEW, data="{", headers=kind)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


@pytest.mark.parametrize(
    ("header", "status"), [("Basic {}", 200), ("bearer {}", 200), ("{}", 403), ("Bearer", 403), ("Bearer wrong", 403)]
)
def test_only_the_second_word_of_the_header_counts(sandbox: Sandbox, header: str, status: int) -> None:
    headers = {"Authorization": header.format(sandbox.api_key)}
    assert requests.get(f"{sandbox.url}/api/v1/auth", headers=headers, timeout=5).status_code == status


def test_an_unchanged_list_is_304(ask: Ask) -> None:
    tag = ask("GET", "/v1/workspaces").headers["etag"]
    answer = ask("GET", "/v1/workspaces", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_an_idle_connection_is_closed_after_five_seconds(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
    connection.request("GET", "/api/ping")
    connection.getresponse().read()
    assert connection.sock is not None
    before = time.monotonic()
    assert connection.sock.recv(1) == b""
    assert 4 < time.monotonic() - before < 15
    connection.close()


def test_the_control_endpoints_are_not_part_of_the_api(sandbox: Sandbox, ask: Ask) -> None:
    assert requests.get(f"{sandbox.url}/sandbox/nothing", timeout=5).status_code == 404
    assert ask("GET", "/sandbox/state").headers["content-type"].startswith("text/html")
