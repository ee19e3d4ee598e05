from __future__ import annotations

from typing import Any

import pytest

from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange


def everything(standin) -> list[dict[str, Any]]:
    """The whole log of the instance, past Foyer, newest first."""
    found, page, more = [], 0, True
    while more:
        answer = standin.post("/v1/admin/workspace-chats", {"offset": page})
        found, page, more = found + answer["chats"], page + 1, answer["hasPages"]
    return found


def kept() -> list[int]:
    return list(Exchange.objects.order_by("-id").values_list("id", flat=True))


def asks(standin, text: str, *, slug: str = "company-handbook") -> None:
    standin.post(f"/v1/workspace/{slug}/chat", {"message": text, "mode": "query"})


@pytest.fixture
def log(standin, db):
    """The instance's log, read to its end."""
    assert sync.update(60)
    return standin
