from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from tests.conftest import signed_in
from tests.kills.processes import Foyer, StandIn
from tests.kills.works import Scene


@pytest.fixture
def seed() -> int:
    """Of all that is left to chance; another one each time. `KILLS_SEED=...` brings the same choices again."""
    return int(os.environ.get("KILLS_SEED") or Random().randrange(10**6))  # noqa: S311


@pytest.fixture
def scene(seed, transactional_db, ada, tmp_path, settings) -> Iterator[Scene]:
    """Everything runs. What happened is printed at the end, for who looks at a failure."""
    with ExitStack() as stack:
        standin = StandIn(tmp_path)
        stack.callback(standin.stop)
        settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY = standin.url, standin.api_key
        foyer = Foyer(tmp_path, standin)
        stack.callback(foyer.end)
        stack.callback(lambda: print(f"seed {seed}", *foyer.diary, foyer.said(), sep="\n"))  # noqa: T201
        session = signed_in(ada).cookies[settings.SESSION_COOKIE_NAME].value
        scene = Scene(foyer, standin, ada, session, Random(seed))  # noqa: S311
        stack.callback(scene.close)
        yield scene
