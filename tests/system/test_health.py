"""Alive and ready, for whoever watches over Foyer. What happens without database and queue is in tests/project/test_run.py."""

from __future__ import annotations

import pytest
from django.conf import settings as configured
from django.db import connection

from dashboard import marks
from dashboard.models import Sign
from dashboard.system import health
from dashboard.system.health import PARTS
from tests.resp import RedisStandIn
from tests.test_trouble import HURT, healed


@pytest.fixture(autouse=True)
def _nothing_tried_yet(monkeypatch):
    monkeypatch.setattr(health, "_written", {})


def states(client) -> dict[str, str]:
    answer = client.get("/readyz")
    found = {name: part["state"] for name, part in answer.json()["parts"].items() if part["state"] != "ok"}
    assert answer.status_code == (503 if found else 200)
    return found


def test_healthz_asks_nothing_and_nobody(client, standin):
    answer = client.get("/healthz")  # without the `db` fixture a query would fail
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert standin.state()["requests"] == []


def test_readyz_names_each_part_and_its_time(client, standin, db):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    parts = answer.json()["parts"]
    assert {name: part["state"] for name, part in parts.items()} == dict.fromkeys(PARTS, "ok")
    assert all(part["ms"] >= 0 for part in parts.values())


def test_readyz_says_which_part_fails_and_no_more(client, standin, db, settings):
    standin.fault("down")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    states = {name: part["state"] for name, part in answer.json()["parts"].items()}
    assert states == dict.fromkeys(PARTS, "ok") | {"instance": "failed"}
    assert standin.url not in answer.content.decode()
    assert settings.ANYTHINGLLM_API_KEY not in answer.content.decode()


def test_readyz_gives_up_on_an_instance_that_hangs(client, standin, db):
    standin.fault("stall", seconds=30)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["instance"]["ms"] < 6000


@pytest.mark.parametrize("url", ["/healthz", "/readyz"])
def test_they_answer_over_plain_http_where_https_is_demanded(client, standin, db, settings, url):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(url).status_code == 200
    assert client.post(url).status_code in (301, 405)


def test_readyz_says_that_no_worker_runs(client, standin, db, monkeypatch):
    monkeypatch.setattr(configured.HUEY, "immediate", False)
    assert states(client) == {"worker": "failed"}
    Sign.write("worker")
    assert states(client) == {}
    Sign.objects.update(at="2020-01-01T00:00:00Z")
    assert states(client) == {"worker": "failed"}


def test_readyz_says_that_the_cache_is_away(client, standin, db, settings, monkeypatch):
    monkeypatch.setattr(marks, "_state", marks._State())
    server = RedisStandIn()
    settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Redis", "LOCATION": server.url}}
    assert states(client) == {"cache": "failed"}


def test_readyz_says_that_nothing_can_be_kept(client, standin, transactional_db, settings, tmp_path):
    connection.cursor().execute(HURT["read-only"])
    try:
        assert states(client) == {"database": "failed"}
    finally:
        healed()
    health._written.clear()
    (tmp_path / "file").touch()
    settings.INCOMING_DIR = tmp_path / "file"
    assert states(client) == {"disk": "failed"}


def test_readyz_writes_now_and_then_only(client, standin, db, django_assert_num_queries):
    assert states(client) == {}
    with django_assert_num_queries(1):
        client.get("/readyz")
