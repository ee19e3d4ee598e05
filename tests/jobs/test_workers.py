"""Several workers, real threads and real processes: each item is done exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.db import connection
from django.utils import timezone

from dashboard.chat import turns
from dashboard.chat.models import Turn, TurnState
from dashboard.chat.tasks import answer
from dashboard.jobs import engine
from dashboard.jobs.management.commands.run_huey import QUESTIONS_AT_A_TIME
from dashboard.jobs.models import JobState
from tests.jobs.conftest import states, time_passes

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]


def together(*acts) -> None:
    def closing(act) -> None:
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=closing, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def queue(tmp_path) -> Iterator[Path]:
    """A queue that a worker in another process shares with the test."""
    path = tmp_path / "queue.sqlite3"
    both = (settings.HUEY, settings.QUESTIONS)
    for huey in both:
        huey.immediate = False
        old, huey.storage_kwargs["filename"] = huey.storage_kwargs["filename"], str(path)
        huey.storage = huey.create_storage()
    yield path
    for huey in both:
        huey.storage.close()
        huey.storage_kwargs["filename"] = old
        huey.immediate = True


@pytest.fixture
def worker(queue, tmp_path) -> Iterator:
    """Starts `manage.py run_huey` on the test's own database; whatever is left of it is ended afterwards."""
    started = []
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.jobs.rig.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": url,
        "QUEUE_URL": f"sqlite:///{queue}",
    }

    def start() -> subprocess.Popen:
        log = (tmp_path / f"worker-{len(started)}.log").open("wb")
        with log:
            command = [sys.executable, "manage.py", "run_huey"]
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until(true, seconds=30.0) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it took too long"
        time.sleep(0.02)


def done(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def test_two_workers_never_claim_the_same_item(new_job, queue):
    job = new_job(range(60), kind="rig.write")
    claimed = []

    def claim_all() -> None:
        while item := engine._claim(job):
            claimed.append(item.key)

    together(claim_all, claim_all, claim_all)
    assert sorted(claimed, key=int) == [str(n) for n in range(60)]


def test_a_job_is_taken_up_once(new_job, tmp_path, queue):
    job = new_job(range(20), kind="rig.write", pace=0.002)
    together(*[lambda: engine.work(job.pk)] * 4)
    assert done(tmp_path / "done") == [str(n) for n in range(20)]
    job.refresh_from_db()
    assert (job.state, job.run) == (JobState.DONE, 1)


def test_a_call_that_takes_long_does_not_look_dead(new_job, queue, monkeypatch):
    monkeypatch.setattr(engine, "BEAT", 0.02)
    job = new_job("a", kind="rig.write", pace=0.3)
    working = threading.Thread(target=lambda: (engine.work(job.pk), connection.close()))
    working.start()
    wait_until(lambda: states(job) == ["running"])
    time_passes(job)
    wait_until(lambda: type(job).objects.get(pk=job.pk).alive_at > timezone.now() - engine.DEAD_AFTER, seconds=0.5)
    assert engine.due() == []
    working.join()
    assert states(job) == ["done"]


def test_a_worker_killed_again_and_again_loses_nothing_and_doubles_nothing(new_job, tmp_path, worker):
    job = new_job(range(40), kind="rig.write", pace=0.02)
    for least in (3, 12, 25):
        process = worker()
        wait_until(lambda least=least: len(done(tmp_path / "done")) >= least)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time_passes(job)
    worker()
    wait_until(lambda: type(job).objects.get(pk=job.pk).state == JobState.DONE)
    assert states(job) == ["done"] * 40
    assert sorted(done(tmp_path / "done"), key=int) == [str(n) for n in range(40)]


def test_a_worker_that_is_asked_to_stop_hands_its_job_back(new_job, tmp_path, worker):
    job = new_job(range(1000), kind="rig.write", pace=0.02)
    process = worker()
    wait_until(lambda: len(done(tmp_path / "done")) >= 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=engine.SLICE + 5) == 0
    assert "running" not in states(job)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    so_far = len(done(tmp_path / "done"))
    worker()  # goes on by itself: the queue has kept it
    wait_until(lambda: len(done(tmp_path / "done")) > so_far)


def test_questions_that_hang_hold_up_no_job_and_end_with_the_worker(
    worker, new_job, ada, standin, monkeypatch, tmp_path
):
    monkeypatch.setenv("ANYTHINGLLM_URL", standin.url)
    monkeypatch.setenv("ANYTHINGLLM_API_KEY", standin.api_key)
    room = standin.get("/v1/workspace/customer-support")["workspace"][0]
    where = {"workspace_id": room["id"], "workspace_slug": room["slug"], "session_id": "s", "mode": "chat"}
    asked = [turns.open_turn(actor=ada, text=f"HANG {number}", **where) for number in range(8)]
    for turn in asked:
        answer(turn.pk)
    process = worker()
    under_way = Turn.objects.filter(state=TurnState.TAKEN)
    wait_until(lambda: under_way.count() == QUESTIONS_AT_A_TIME)
    new_job(["one"], kind="rig.write")
    wait_until(lambda: done(tmp_path / "done") == ["one"])
    assert under_way.count() == QUESTIONS_AT_A_TIME, [(t.state, t.problem) for t in Turn.objects.all()]
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert set(under_way.model.objects.values_list("state", flat=True)) == {TurnState.INTERRUPTED, TurnState.WAITING}
    assert "Foyer is being restarted" in Turn.objects.filter(state=TurnState.INTERRUPTED)[0].problem


def test_a_waiting_worker_looks_at_the_queue_twice_a_second():
    """`manage.py run_huey` is ours: huey's own waits up to 10 seconds when there was nothing to do for a while."""
    command = load_command_class(get_commands()["run_huey"], "run_huey")
    assert command.create_parser("manage.py", "run_huey").parse_args([]).max_delay == 0.5
