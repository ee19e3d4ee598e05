"""Workers that are really killed, again and again, while the instance goes on with what they asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from dashboard import locks
from dashboard.documents import services
from dashboard.jobs import engine
from dashboard.jobs.models import ItemState, Job
from dashboard.models import Lease
from tests.documents.conftest import states

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
WORK = "import django; django.setup(); from dashboard.jobs import engine; exec('while engine.work({}): pass')"


@pytest.fixture
def worker(standin):
    """Starts a process that works on the job, with the test's own database."""
    if connection.vendor != "sqlite":
        pytest.skip("the test's database is reached by its file")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "ANYTHINGLLM_URL": standin.url,
        "ANYTHINGLLM_API_KEY": standin.api_key,
        "LOG_LEVEL": "ERROR",
    }
    started = []
    settings.HUEY.immediate = False  # nobody else works on it

    def start(job: Job) -> subprocess.Popen:
        command = [sys.executable, "-c", WORK.format(job.pk)]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return started[-1]

    yield start
    settings.HUEY.immediate = True
    for process in started:
        process.kill()
        process.wait()


def embeddings_begun(standin) -> int:
    return sum(request["path"].endswith("update-embeddings") for request in standin.state()["requests"])


def test_a_worker_killed_while_it_embeds_loses_and_doubles_nothing(ada, shelf, standin, worker, work):
    paths = [shelf.path("strategy-2027"), shelf.path("membrane-study"), shelf.path("phishing")]
    room = shelf.workspaces["finance"]
    job = services.embed(actor=ada, paths=paths, workspace_ids=[room])
    standin.fault("latency", path="update-embeddings", seconds=0.4)
    for begun in (1, 2):
        process = worker(job)
        give_up = time.monotonic() + 60
        while embeddings_begun(standin) < begun:
            assert time.monotonic() < give_up and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert Lease.objects.filter(name=f"documents:{room}").exists()
        time.sleep(0.8)  # the instance does to the end what it was asked
        Lease.objects.filter(name=f"documents:{room}").update(until=timezone.now() - locks.LEASE)
        Job.objects.filter(pk=job.pk).update(alive_at=timezone.now() - 2 * engine.DEAD_AFTER)
        assert engine.due() == [job.pk]
    standin.clear_faults()
    assert states(work(job)) == [ItemState.DONE] * 3
    assert [shelf.embedded("finance").count(path) for path in paths] == [1, 1, 1]
    assert embeddings_begun(standin) == 3
