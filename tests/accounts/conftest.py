from __future__ import annotations

import pytest

from dashboard.accounts import services


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Refusals come at once; that they are held back otherwise has a test of its own."""
    monkeypatch.setattr(services, "REFUSED_AFTER", 0.0)
