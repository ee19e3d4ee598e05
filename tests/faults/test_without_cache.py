"""Everything that can be done in Foyer while the cache is away: what was read counts as forgotten, and nothing else is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard import marks
from tests.faults.acts import ACTS
from tests.faults.conftest import everything, on_stage, visible
from tests.faults.operations import FIRST, QUESTIONS, VISITS, forget

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]


@pytest.fixture
def lose_cache(settings, monkeypatch) -> Callable[[], None]:
    def lose() -> None:
        monkeypatch.setattr(marks, "_state", marks._State())
        settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Redis", "LOCATION": "redis://127.0.0.1:9/0"}}

    return lose


@pytest.mark.parametrize("name", VISITS)
def test_a_page_is_as_it_always_is(name, stage, lose_cache):
    url = VISITS[name](stage)
    forget()
    lose_cache()
    response = stage.client.get(url)
    assert response.status_code in ((503,) if name == "readyz" else (200, 302)), visible(response)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_does_what_it_always_does(name, ada, standin, web, well_ended, lose_cache):
    act, good = ACTS[name], well_ended(name)
    stage = on_stage(name, ada, standin, web)
    lose_cache()
    response = act.do(stage)
    assert response.status_code in (200, 201, 302), visible(response)
    assert everything(stage, name) == good


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered(name, stage, lose_cache):
    FIRST.get(name, lambda _stage: None)(stage)
    lose_cache()
    response = QUESTIONS[name](stage)
    assert response.status_code in (200, 204, 302, 422), visible(response)
