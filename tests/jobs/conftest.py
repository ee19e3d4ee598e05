from __future__ import annotations

import pytest
from django.utils import timezone

from dashboard.jobs import engine, services
from dashboard.jobs.models import Job
from tests.jobs.rig import jobs as rig


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Between tries to reach the instance no time passes here, and a slow machine brings a job to its end in one slice, too."""
    monkeypatch.setattr(engine, "SLICE", 60.0)
    rig.trouble.clear()


@pytest.fixture
def new_job(ada, tmp_path):
    """Writes a job down; nobody has begun with it, because the test's transaction is not committed."""

    def make(keys, kind="rig.trouble", **params) -> Job:
        items = [services.NewItem(str(key), f"user {key}") for key in keys]
        return services.start(
            ada, kind=kind, title="Suspend people", items=items, params={"file": str(tmp_path / "done"), **params}
        )

    return make


def states(job: Job) -> list[str]:
    return list(job.items.values_list("state", flat=True))


def messages(job: Job) -> list[str]:
    return list(job.items.values_list("message", flat=True))


def time_passes(job: Job) -> None:
    """As if the job's worker had given no sign of life for a while."""
    Job.objects.filter(pk=job.pk).update(alive_at=timezone.now() - 2 * engine.DEAD_AFTER)
