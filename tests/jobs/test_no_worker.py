"""When no worker runs, whoever waits for it is told."""

from __future__ import annotations

import pytest
from django.conf import settings

from dashboard import workers
from dashboard.models import Sign
from tests.documents.arriving import arrive

SENTENCE = "worker is not running"


@pytest.fixture
def no_worker(monkeypatch, db):
    monkeypatch.setattr(settings.HUEY, "immediate", False)


def test_whoever_waits_is_told_until_one_runs(no_worker, new_job, admin_client, ada, standin, settings, tmp_path):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    added = arrive(ada, "a.txt", "Some words.").job
    pages = ("/", f"/jobs/{new_job('a').pk}/", f"/documents/add/{added.pk}/")
    for url in pages:
        assert SENTENCE in admin_client.get(url).content.decode(), url
    assert "not running" in admin_client.get("/system/").content.decode()
    Sign.write(workers.NAME)
    for url in pages:
        assert SENTENCE not in admin_client.get(url).content.decode(), url
    assert "not running" not in admin_client.get("/system/").content.decode()


def test_a_job_that_has_ended_waits_for_nobody(no_worker, new_job, admin_client):
    job = new_job("a")
    job.state = "done"
    job.save()
    assert SENTENCE not in admin_client.get(f"/jobs/{job.pk}/").content.decode()


def test_a_member_is_not_bothered_with_it(no_worker, member_client, standin):
    assert SENTENCE not in member_client.get("/").content.decode()


def test_one_that_was_killed_is_missed(no_worker):
    assert not workers.are_running()
    workers.say_that_one_runs()
    assert workers.are_running()
    Sign.objects.update(at="2020-01-01T00:00:00Z")
    assert not workers.are_running()
