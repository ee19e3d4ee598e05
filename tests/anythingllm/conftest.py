from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.anythingllm import AnythingLLMClient, Budget, Kind
from tests.anythingllm.answering import Answering, answering
from tests.anythingllm.replaying import KEY


@pytest.fixture(scope="session")
def running_server() -> Iterator[Answering]:
    with answering() as running:
        yield running


@pytest.fixture
def server(running_server: Answering) -> Answering:
    running_server.clear()
    return running_server


@pytest.fixture
def client(server: Answering) -> Iterator[AnythingLLMClient]:
    budgets = {Kind.READ: Budget(0.5, 0.3), Kind.WRITE: Budget(0.5, 0.3), Kind.STREAM: Budget(0.5, 0.3)}
    opened = AnythingLLMClient(server.url, KEY, budgets=budgets)
    yield opened
    opened.close()
