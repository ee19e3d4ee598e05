from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from dashboard.sandbox.testing import Sandbox, running_sandbox

Ask = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def _running() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running: Sandbox) -> Sandbox:
    """A stand-in with the believable team, fresh."""
    _running.reset()
    return _running


@pytest.fixture
def ask(sandbox: Sandbox) -> Iterator[Ask]:
    """`ask("GET", "/v1/admin/users")`: with the API key; the rest is what requests takes."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {sandbox.api_key}"

        def send(method: str, path: str, **more: Any) -> requests.Response:
            return session.request(
                method, f"{sandbox.url}/api{path}", **{"timeout": 10, "allow_redirects": False, **more}
            )

        yield send
