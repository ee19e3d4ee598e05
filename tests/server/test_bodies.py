"""Bodies on disk: what is left free for the database."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from dashboard.server import bodies

BODY = b"a" * 2 * bodies.IN_MEMORY


def taken(body: bytes) -> bytes:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    found = asyncio.run(bodies.take(receive, len(body), len(body)))
    with found.file:
        return found.file.read()


def test_bodies_leave_some_of_the_disk_free(settings, tmp_path, monkeypatch):
    settings.INCOMING_DIR = tmp_path
    assert taken(BODY) == BODY
    monkeypatch.setattr(bodies, "LEFT_FREE", shutil.disk_usage(tmp_path).total)
    with pytest.raises(bodies.NoRoom):
        taken(BODY)
    small = b"a" * bodies.IN_MEMORY
    assert taken(small) == small  # is not written at all
