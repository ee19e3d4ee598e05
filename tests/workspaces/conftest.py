from __future__ import annotations

import pytest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def stored(standin):
    """Asks the stand-in itself, past Foyer, for one workspace by its slug; None when there is none."""

    def ask(slug: str):
        found = standin.get("/v1/workspaces")["workspaces"]
        return next((workspace for workspace in found if workspace["slug"] == slug), None)

    return ask


@pytest.fixture
def handbook(stored):
    return stored("company-handbook")
