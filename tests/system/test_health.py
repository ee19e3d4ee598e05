"""Alive and ready, for whoever watches over Foyer. What happens without database and queue is in tests/project/test_run.py."""

from __future__ import annotations

import pytest


def test_healthz_asks_nothing_and_nobody(client, standin):
    answer = client.get("/healthz")  # without the `db` fixture a query would fail
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert standin.state()["requests"] == []


def test_readyz_names_each_part_and_its_time(client, standin, db):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    parts = answer.json()["parts"]
    assert {name: part["state"] for name, part in parts.items()} == {"database": "ok", "queue": "ok", "instance": "ok"}
    assert all(part["ms"] >= 0 for part in parts.values())


def test_readyz_says_which_part_fails_and_no_more(client, standin, db, settings):
    standin.fault("down")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    states = {name: part["state"] for name, part in answer.json()["parts"].items()}
    assert states == {"database": "ok", "queue": "ok", "instance": "failed"}
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
