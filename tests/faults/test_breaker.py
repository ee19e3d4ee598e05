"""When the instance is away: the second page comes at once, says how old it is, and all is well again by itself."""

from __future__ import annotations

import time

import pytest

from dashboard import instance
from dashboard.anythingllm.http import RETRIES
from tests.faults.conftest import SHORT, patience, told
from tests.faults.operations import forget

pytestmark = pytest.mark.django_db


@pytest.fixture
def _known(stage, monkeypatch):
    """The page was seen once, then everything grew old."""
    assert stage.client.get("/users/").status_code == 200
    forget()
    monkeypatch.setattr(instance, "RETRY_AFTER", 0.0)  # every page would ask, were it not for the breaker
    patience(read=SHORT, write=SHORT)


def requests(stage) -> int:
    return len(stage.standin.state()["requests"])


@pytest.mark.parametrize(("kind", "seconds"), [("down", 0), ("stall", 30)])
@pytest.mark.usefixtures("_known")
def test_soon_nothing_waits_for_an_instance_that_is_away(stage, kind, seconds):
    stage.standin.fault(kind, seconds=seconds)
    for _ in range(instance.line().breaker.limit + 1):
        stage.client.get("/users/")
    breaker, asked, began = instance.line().breaker, requests(stage), time.monotonic()
    for _ in range(20):
        response = stage.client.get("/users/")
        assert "its last answer, as of" in response.content.decode()
        assert "changes are not possible until it is back" in response.content.decode()
    calls = (time.monotonic() - began) / breaker.pause + 1
    assert requests(stage) - asked <= calls * (1 + RETRIES)


@pytest.mark.usefixtures("_known")
def test_the_second_page_is_fast_even_before_the_circuit_opens(stage, monkeypatch):
    monkeypatch.setattr(instance, "RETRY_AFTER", 5.0)
    stage.standin.fault("stall", seconds=30)
    stage.client.get("/users/")
    asked = requests(stage)
    assert told(stage.client.get("/users/"))
    assert requests(stage) == asked


@pytest.mark.usefixtures("_known")
def test_a_page_waits_once_for_an_instance_that_hangs(stage):
    stage.standin.fault("stall", seconds=30)
    asked = requests(stage)
    assert told(stage.client.get(f"/users/{stage.sam}/"))
    assert requests(stage) == asked + 1


@pytest.mark.usefixtures("_known")
def test_it_recovers_by_itself(stage):
    breaker = instance.line().breaker
    breaker.pause = 0.05
    stage.standin.fault("down")
    for _ in range(breaker.limit + 1):
        stage.client.get("/users/")
    assert breaker.open
    stage.standin.clear_faults()
    patience(read=10, write=10)
    time.sleep(breaker.pause)
    response = stage.client.get("/users/")
    assert response.status_code == 200
    assert not told(response)
    assert not breaker.open
    assert stage.post(f"/users/{stage.sam}/suspend/").status_code == 200
    assert stage.user(stage.sam)["suspended"] == 1


@pytest.mark.usefixtures("_known")
def test_nothing_is_written_while_it_is_away(stage):
    stage.standin.fault("down")
    for _ in range(instance.line().breaker.limit + 1):
        stage.client.get("/users/")
    response = stage.post(f"/users/{stage.sam}/suspend/")
    assert told(response)
    stage.standin.clear_faults()
    assert stage.user(stage.sam)["suspended"] == 0
