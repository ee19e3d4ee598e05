"""How much of a file is taken from whom, and what becomes of it when nobody waits for it any more."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from dashboard.documents.models import Incoming
from dashboard.documents.sweeps import KEPT_FOR, STILL_ARRIVING, sweep
from tests.documents.arriving import arrive, work

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def incoming(settings, tmp_path):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = MEGABYTE
    settings.DOCUMENT_MAX_MB = 2
    return tmp_path


def send(client: Client, size: int, address: str = "/documents/add/file/"):
    form = {"batch": "b1", "ticket": "t1", "folder": "custom-documents", "duplicates": "skip"}
    return client.post(address, {**form, "files": SimpleUploadedFile("big.txt", b"Words. " * (size // 7))})


def test_a_document_may_be_larger_than_any_other_body(admin_client, standin):
    assert send(admin_client, 2 * MEGABYTE).status_code == 201
    assert Incoming.objects.get().size == 2 * MEGABYTE // 7 * 7


def test_it_has_a_size_too(admin_client, standin, incoming):
    response = send(admin_client, 4 * MEGABYTE)
    assert response.status_code == 413
    assert "larger than 3 MB" in response.content.decode()
    response = send(admin_client, 2 * MEGABYTE + 7000)
    assert response.status_code == 409
    assert "larger than 2 MB" in response.content.decode()
    assert not list(incoming.iterdir())


def test_it_is_taken_only_from_those_who_may_add_documents_and_only_there(
    admin_client, viewer_client, member_client, standin
):
    assert send(viewer_client, 2 * MEGABYTE).status_code == 413
    assert send(member_client, 2 * MEGABYTE).status_code == 413
    assert send(Client(), 2 * MEGABYTE).status_code == 413
    assert send(admin_client, 2 * MEGABYTE, "/users/import/").status_code == 413
    assert send(admin_client, 2 * MEGABYTE, "/documents/add/text/").status_code == 413


def old(file, seconds: float) -> None:
    os.utime(file, (time.time() - seconds, time.time() - seconds))


def test_what_waits_or_failed_is_kept_for_a_week(ada, standin, incoming):
    standin.configure(collector_up=False)
    item = work(arrive(ada, "dog.txt", "The office dog."))
    old(item.incoming.staged, 2 * STILL_ARRIVING)
    sweep()
    assert item.incoming.staged.exists()

    Incoming.objects.update(created_at=timezone.now() - KEPT_FOR - timedelta(seconds=1))
    sweep()
    assert not list(incoming.iterdir())
    standin.configure(collector_up=True)
    item = work(item)
    assert (item.state, item.message) == ("failed", "The file was thrown away here after a week. Add it again.")


def test_a_file_that_a_restored_backup_has_not_is_told_as_that(ada, standin, incoming):
    standin.configure(collector_up=False)
    item = work(arrive(ada, "dog.txt", "The office dog."))
    item.incoming.staged.unlink()
    standin.configure(collector_up=True)
    item = work(item)
    assert item.state == "failed"
    assert item.message.startswith("The file is not in DATA_DIR/incoming any more")


def test_what_is_in_the_library_and_what_broke_off_is_thrown_away(ada, standin, incoming):
    item = work(arrive(ada, "dog.txt", "The office dog."))
    left, broken_off, arriving = item.incoming.staged, incoming / "x.upload.txt", incoming / "y.upload.txt"
    for file in (left, broken_off, arriving):
        file.write_text("Words")
    old(left, 2 * STILL_ARRIVING)
    old(broken_off, 2 * STILL_ARRIVING)
    sweep()
    assert list(incoming.iterdir()) == [arriving]


def test_a_request_that_is_refused_leaves_nothing_behind(admin_client, standin, incoming):
    response = admin_client.post("/documents/add/file/", {"files": SimpleUploadedFile("a.txt", b"Words")})
    assert response.status_code == 422
    assert not list(incoming.iterdir())
