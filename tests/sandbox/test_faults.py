import json
import time

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ReadTimeout

from dashboard.sandbox.faults import KINDS, Fault, parse
from dashboard.sandbox.testing import Sandbox

from .conftest import Ask

USERS = "/v1/admin/users"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("401", 401, "application/json"),
        ("403", 403, "application/json"),
        ("404", 404, "application/json"),
        ("429", 429, "application/json"),
        ("500", 500, "application/json"),
        ("html-500", 500, "text/html"),
        ("502", 502, "text/html"),
        ("503", 503, "text/html"),
        ("504", 504, "text/html"),
        ("html", 200, "text/html"),
        ("echo", 400, "application/json"),
        ("empty", 200, "application/json"),
        ("shape", 200, "application/json"),
        ("utf8", 200, "application/json"),
        ("truncated", 200, "application/json"),
        ("key-refused", 403, "application/json"),
        ("single-user", 401, "text/plain"),
        ("locked-all", 403, "application/json"),
    ],
)
def test_a_fault_answers_for_the_instance_and_then_is_over(
    sandbox: Sandbox, ask: Ask, kind: str, status: int, content_type: str
) -> None:
    sandbox.fault(kind, path=USERS, method="GET", times=1)
    answer = ask("GET", USERS)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, content_type)
    assert len(ask("GET", USERS).json()["users"]) == 43


@pytest.mark.parametrize("kind", ["empty", "truncated", "utf8", "html"])
def test_bodies_that_are_not_json_are_not_json(sandbox: Sandbox, ask: Ask, kind: str) -> None:
    sandbox.fault(kind, path=USERS)
    body = ask("GET", USERS).content
    with pytest.raises(ValueError):
        json.loads(body)


@pytest.mark.parametrize("kind", ["down", "reset"])
def test_a_closed_connection_carries_nothing_out(sandbox: Sandbox, ask: Ask, kind: str) -> None:
    sandbox.fault(kind, path=USERS, method="DELETE")
    with pytest.raises(requests.ConnectionError):
        ask("DELETE", f"{USERS}/3")
    assert sandbox.state()["counts"]["users"] == 43


def test_a_lost_answer_was_carried_out(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("lost", path=USERS, method="DELETE", times=1)
    with pytest.raises(requests.ConnectionError):
        ask("DELETE", f"{USERS}/3")
    assert sandbox.state()["counts"]["users"] == 42


def test_a_cut_answer_ends_in_the_middle(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("cut", path=USERS)
    with pytest.raises(ChunkedEncodingError):
        ask("GET", USERS)


def test_a_stall_answers_nothing(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("stall", path=USERS, seconds=30)
    with pytest.raises(ReadTimeout):
        ask("GET", USERS, timeout=0.2)


def test_a_drip_answers_byte_by_byte(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("drip", path="/ping", seconds=0.01)
    before = time.monotonic()
    assert ask("GET", "/ping").json() == {"online": True}
    assert time.monotonic() - before > 0.1


def test_a_slow_head_comes_byte_by_byte_and_is_that_of_the_real_answer(sandbox: Sandbox, ask: Ask) -> None:
    whole = ask("GET", "/ping")
    sandbox.fault("headers", path="/ping", seconds=0.001)
    before = time.monotonic()
    slow = ask("GET", "/ping")
    assert time.monotonic() - before > 0.1
    assert (slow.status_code, slow.content) == (whole.status_code, whole.content)
    assert slow.headers["content-type"] == whole.headers["content-type"]


def test_a_stale_connection_serves_once(sandbox: Sandbox) -> None:
    sandbox.fault("stale")
    with requests.Session() as kept:
        assert kept.get(f"{sandbox.url}/api/ping", timeout=10).status_code == 200
        with pytest.raises(requests.ConnectionError):
            kept.get(f"{sandbox.url}/api/ping", timeout=10)
        assert kept.get(f"{sandbox.url}/api/ping", timeout=10).status_code == 200
    assert [seen["faults"] for seen in sandbox.state()["requests"]] == [[], ["stale"], []]


def test_a_fault_can_wait_for_a_write(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("500", since="POST|DELETE")
    assert ask("GET", USERS).status_code == 200
    assert ask("POST", f"{USERS}/3", json={"bio": "x"}).status_code == 200
    assert ask("GET", USERS).status_code == ask("POST", f"{USERS}/3", json={"bio": "y"}).status_code == 500


def test_latency_is_added(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("latency", path=USERS, seconds=0.2)
    before = time.monotonic()
    assert ask("GET", USERS).status_code == 200
    assert time.monotonic() - before > 0.2


def test_a_redirect_leads_elsewhere(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("redirect", path=USERS)
    assert ask("GET", USERS).headers["location"] == "http://elsewhere.invalid/login"


def test_an_answer_can_be_too_long(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("long", path=USERS, size=100_000)
    assert len(ask("GET", USERS).content) > 100_000


def test_a_locked_database_lies_about_writes(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("locked")
    assert ask("DELETE", f"{USERS}/3").json() == {"success": True, "error": None}
    assert ask("DELETE", "/v1/workspace/finance").text == "OK"
    assert ask("POST", "/v1/admin/preferences", json={"support_email": "a@b.c"}).json()["success"] is True
    assert ask("POST", f"{USERS}/new", json={"username": "nele2", "password": "long-enough-1"}).status_code == 400
    assert ask("POST", "/v1/admin/invite/new", json={}).json()["invite"] is None
    counts = sandbox.state()["counts"]
    assert (counts["users"], counts["workspaces"]) == (43, 9)


def test_faults_match_method_and_path(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("500", path=r"/admin/users$", method="POST|DELETE")
    assert ask("GET", USERS).status_code == 200
    assert ask("POST", f"{USERS}/3", json={"bio": "x"}).status_code == 200


def test_they_can_be_cleared(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("500")
    sandbox.clear_faults()
    assert ask("GET", USERS).status_code == 200


def test_the_state_counts_reads_and_writes(sandbox: Sandbox, ask: Ask) -> None:
    before = sandbox.state()
    ask("GET", USERS)
    ask("GET", "/v1/workspaces")
    after = sandbox.state()
    assert (after["writes"], after["changes"]) == (0, before["changes"])
    assert [(seen["method"], seen["path"]) for seen in after["requests"]] == [
        ("GET", f"/api{USERS}"),
        ("GET", "/api/v1/workspaces"),
    ]
    ask("POST", f"{USERS}/3", json={"bio": "x"})
    assert sandbox.state()["writes"] == 1
    assert sandbox.state()["changes"] > after["changes"]


def test_a_reset_brings_everything_back(sandbox: Sandbox, ask: Ask) -> None:
    before = ask("GET", USERS).json()
    ask("DELETE", f"{USERS}/3")
    sandbox.fault("500")
    sandbox.configure(single_user=True)
    sandbox.reset()
    assert ask("GET", USERS).json() == before


@pytest.mark.parametrize("body", [{"kind": "nonsense"}, {"kind": "500", "path": "("}, {"nothing": 1}])
def test_it_refuses_a_fault_that_does_not_exist(sandbox: Sandbox, body: dict[str, str]) -> None:
    assert requests.post(f"{sandbox.url}/sandbox/faults", json=body, timeout=5).status_code == 400
    assert sandbox.state()["faults"] == []


def test_a_fault_can_be_written_in_one_line() -> None:
    assert parse("500 path=/admin/users method=GET times=3") == Fault("500", "/admin/users", "GET", 3)
    assert parse("latency seconds=0.5").seconds == 0.5
    with pytest.raises(ValueError, match="not an option"):
        parse("500 colour=red")
    assert {"down", "lost", "locked", "single-user"} <= KINDS
