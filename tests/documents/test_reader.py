"""The instance's reader of documents stops: the batch waits, the file that did it is found out, the others go on."""

from __future__ import annotations

import pytest
from django.utils import translation

from dashboard.documents import adding, reader
from dashboard.documents.models import Incoming
from dashboard.jobs import engine
from dashboard.jobs.models import Job, JobState
from tests.documents.arriving import arrive, library, work

pytestmark = pytest.mark.django_db
KILLER = "STOPREADER of this the reader stops"


@pytest.fixture(autouse=True)
def _place(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(reader, "PATIENCE", 1)
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path


def states(job) -> dict[str, str]:
    return {item.label: item.state for item in adding.rows(job)}


def sent(standin) -> int:
    return sum(request["path"].endswith("/document/upload") for request in standin.state()["requests"])


def test_the_batch_waits_with_one_sentence_and_sends_nothing_more(ada, standin):
    standin.configure(collector_up=False)
    items = [arrive(ada, f"{n}.txt", f"Word {n}.") for n in range(3)]
    job = work(items[0]).job
    assert job.state == JobState.QUEUED
    assert job.note == str(reader.NOT_RUNNING)
    with translation.override("zh-hans"):  # kept for readers of every language
        assert "AnythingLLM" in Job.objects.get(id=job.id).note
        assert Job.objects.get(id=job.id).note != job.note
    assert set(states(job).values()) == {"pending"}
    assert set(job.items.values_list("message", flat=True)) == {""}  # nobody reads them now
    tried = sent(standin)
    assert tried <= engine.HANDS
    work(items[0])
    assert sent(standin) <= tried + 1  # it is asked whether it runs, and no file is sent for that


def test_the_file_that_stops_the_reader_is_found_out_and_the_others_are_added(ada, standin):
    before = set(library(standin))
    names = ["a.txt", "blank.txt", "b.txt", "c.txt"]
    items = [arrive(ada, name, KILLER if name == "blank.txt" else f"Word {name}.") for name in names]
    starts = 0
    job = work(items[0]).job
    while job.is_open:
        assert "reader of documents" in job.note
        assert states(job)["blank.txt"] == "pending"
        assert starts < 3
        standin.configure(collector_up=True)
        starts += 1
        job = work(items[0]).job
    assert states(job) == {"a.txt": "done", "blank.txt": "failed", "b.txt": "done", "c.txt": "done"}
    culprit = job.items.get(state="failed")
    assert culprit.message == str(reader.CULPRIT)
    assert len(set(library(standin)) - before) == 3
    assert starts == 1  # the second time it was read alone, after all others


@pytest.mark.django_db(transaction=True)
def test_who_was_read_beside_it_is_not_to_blame(ada, standin, settings, monkeypatch):
    """Two hands: both files were being read when it stopped. Each is tried alone."""
    monkeypatch.setattr(settings.HUEY, "immediate", False)
    monkeypatch.setattr(engine, "HANDS", 2)
    standin.configure(processing=0.2)
    names = ["innocent.txt", "blank.txt", "later.txt"]
    items = [arrive(ada, name, KILLER if name == "blank.txt" else f"Word {name}.") for name in names]
    job = work(items[0]).job
    for _turn in range(6):
        if not job.is_open:
            break
        standin.configure(collector_up=True)
        job = work(items[0]).job
    assert states(job) == {"innocent.txt": "done", "blank.txt": "failed", "later.txt": "done"}
    assert not Incoming.objects.exclude(suspected_at=None).exclude(name="blank.txt").exists()


def test_what_failed_is_tried_again_with_the_suspect_last(ada, standin):
    blank = arrive(ada, "blank.txt", KILLER)
    broken = arrive(ada, "broken.pdf", "not a PDF")
    work(blank)
    standin.configure(collector_up=True)
    job = work(blank).job
    assert states(job) == {"blank.txt": "failed", "broken.pdf": "failed"}
    assert [item.label for item in job.items.all()] == ["broken.pdf", "blank.txt"]
    standin.configure(collector_up=True)
    adding.retry(actor=ada, job=job)
    job = work(broken).job
    assert states(job) == {"blank.txt": "failed", "broken.pdf": "failed"}
    assert job.items.get(label="broken.pdf").message == "AnythingLLM refused: A processing error occurred."


def test_a_suspect_that_is_read_alone_is_cleared(ada, standin):
    item = arrive(ada, "dog.txt", "The office dog is called Pumpernickel.")
    Incoming.objects.update(suspected_at="2026-11-30T10:00:00Z")
    assert work(item).state == "done"
    assert Incoming.objects.get().suspected_at is None
