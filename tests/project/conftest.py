"""One Foyer that runs as `make run` starts it, for the tests that only talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.project.processes import Running, running


@pytest.fixture(scope="session")
def running_foyer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With few threads for pages, and every line logged."""
    home = tmp_path_factory.mktemp("running")
    variables = {"SECRET_KEY": "s3cret-only-for-this-test-" * 2, "LOG_LEVEL": "DEBUG", "WEB_THREADS": "2"}
    with running(["dashboard.run"], home, **variables) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        yield foyer
