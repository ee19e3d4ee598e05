from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.jobs import engine
from dashboard.jobs.models import Job
from tests.conftest import operator


@pytest.fixture
def shelf(standin):
    """What tests ask the stand-in itself, past Foyer: the library, and what is embedded where."""

    class Shelf:
        def __init__(self) -> None:
            self.workspaces = {w["slug"]: w["id"] for w in standin.get("/v1/workspaces")["workspaces"]}

        def folders(self) -> dict[str, list[str]]:
            found = standin.get("/v1/documents")["localFiles"]["items"]
            return {folder["name"]: [item["name"] for item in folder["items"]] for folder in found}

        def files(self) -> set[str]:
            return {f"{folder}/{name}" for folder, names in self.folders().items() for name in names}

        def path(self, title: str) -> str:
            """Of the one document of this title (without its extension)."""
            (found,) = (path for path in self.files() if path.partition("/")[2].startswith(f"{title}."))
            return found

        def embedded(self, slug: str) -> list[str]:
            """Twice what was embedded twice."""
            return [row["docpath"] for row in standin.get(f"/v1/workspace/{slug}")["workspace"][0]["documents"]]

        def pinned(self, slug: str) -> list[str]:
            rows = standin.get(f"/v1/workspace/{slug}")["workspace"][0]["documents"]
            return [row["docpath"] for row in rows if row["pinned"]]

        def add(self, title: str, text: str) -> str:
            """A document that Foyer knows nothing of."""
            told = standin.post("/v1/document/raw-text", {"textContent": text, "metadata": {"title": title}})
            instance.hang_up()
            return told["documents"][0]["location"]

    return Shelf()


@pytest.fixture
def work():
    """Does a job's work to its end, or until the job waits."""

    def to_the_end(job: Job) -> Job:
        while engine.work(job.pk):
            pass
        job.refresh_from_db()
        return job

    return to_the_end


@pytest.fixture
def lim(shelf):
    """A manager who looks after Finance only."""
    limited = operator(Role.MANAGER, "lim")
    limited.looks_after.create(workspace_id=shelf.workspaces["finance"])
    return limited


def states(job: Job) -> list[str]:
    return list(job.items.values_list("state", flat=True))


def messages(job: Job) -> list[str]:
    return list(job.items.values_list("message", flat=True))
