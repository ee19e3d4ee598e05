"""A full or read-only disk, and a database that is away: a sentence and one line in the log, nobody's mistake."""

from __future__ import annotations

import errno
import json
import logging
import resource
import shutil

import psycopg
import pytest
import redis
from django.core.exceptions import DisallowedHost
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, OperationalError, ProgrammingError, connection
from django.urls import reverse

from dashboard import trouble
from dashboard.errors import GROUND
from dashboard.trouble import InOneLine, Trouble

# What makes the database of these tests refuse, as it would on a disk that has become so.
HURT = {
    "sqlite": {"read-only": "PRAGMA query_only=1", "no room": "PRAGMA max_page_count=1"},
    "postgresql": {"read-only": "SET default_transaction_read_only = on"},
}[connection.vendor]
WRITES = [
    ("/sign-in/", {"username": "ada", "password": "correct-horse-battery"}),
    (
        "/operators/new/",
        {"username": "new", "role": "viewer", "password1": "a-long-password-1", "password2": "a-long-password-1"},
    ),
    ("/invites/new/", {"label": "Course", "uses": "3", "days": "7", "role": "default"}),
    (
        "/documents/add/text/",
        {"title": "Rules", "text": "Be kind.", "folder": "custom-documents", "duplicates": "skip"},
    ),
    ("/sign-out/everywhere/", {}),
]


def healed() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA query_only=0")
            cursor.execute("PRAGMA max_page_count=1000000000")
        else:
            cursor.execute("SET default_transaction_read_only = off")


@pytest.fixture
def read_only(transactional_db, admin_client, client):
    admin_client.raise_request_exception = client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(HURT["read-only"])
    yield
    healed()


def assert_told(answer, trouble: Trouble) -> None:
    title, sentence, status = GROUND[trouble]
    assert answer.status_code == status
    assert answer["Retry-After"] == "60"
    assert str(title) in answer.content.decode()
    assert str(sentence) in answer.content.decode()


@pytest.mark.parametrize(("url", "form"), WRITES, ids=lambda it: it if isinstance(it, str) else "")
def test_a_database_that_takes_nothing_is_the_reason_given(read_only, admin_client, client, standin, url, form):
    asked = client if url == "/sign-in/" else admin_client
    assert_told(asked.post(url, form), Trouble.READ_ONLY)
    assert all(request["method"] == "GET" for request in standin.state()["requests"])
    healed()
    assert admin_client.get("/").status_code == 200


def test_a_database_on_a_full_disk_is_the_reason_given(transactional_db, admin_client, standin):
    admin_client.raise_request_exception = False
    url, form = WRITES[2]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")  # else what other tests have left free is used first
        cursor.execute(HURT.get("no room", HURT["read-only"]))
    try:
        # What is left of the last pages is used first.
        answer = next(
            answer for _try in range(500) if (answer := admin_client.post(url, form)).status_code not in (302, 303)
        )
    finally:
        healed()
    assert_told(answer, Trouble.NO_ROOM if "no room" in HURT else Trouble.READ_ONLY)
    assert admin_client.post(url, form).status_code == 302


def test_htmx_is_told_by_a_toast_and_nothing_on_the_page_is_replaced(read_only, admin_client):
    answer = admin_client.post("/sign-out/everywhere/", headers={"HX-Request": "true"})
    (toast,) = json.loads(answer["HX-Trigger"])["toasts"]
    assert toast == {"level": "error", "text": str(GROUND[Trouble.READ_ONLY][1])}
    assert answer["HX-Reswap"] == "none"


def test_a_file_for_which_there_is_no_room_is_refused_with_the_reason(admin_client, db, standin, settings):
    """The process may write no file of that size, which is refused as a full disk refuses it."""
    admin_client.raise_request_exception = False
    file = SimpleUploadedFile("large.txt", b"words " * 4_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, before[1]))
    try:
        answer = admin_client.post(reverse("document_add_file"), {"files": file, "batch": "b" * 32, "ticket": "t"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_told(answer, Trouble.NO_ROOM)
    assert list(settings.INCOMING_DIR.glob("*.upload")) == []


def test_the_folder_for_arriving_files_is_made_again(admin_client, db, standin, settings, tmp_path):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    for _time in range(2):
        file = SimpleUploadedFile("rules.txt", b"Be kind.")
        form = {
            "files": file,
            "batch": "b" * 32,
            "ticket": f"t{_time}",
            "folder": "custom-documents",
            "duplicates": "skip",
        }
        answer = admin_client.post(reverse("document_add_file"), form)
        assert answer.status_code == 201, answer.content
        shutil.rmtree(tmp_path / "incoming")


def caused(error: Exception, cause: Exception | None) -> Exception:
    error.__cause__ = cause
    return error


class Full(psycopg.OperationalError):
    sqlstate = "53100"


class Terminated(psycopg.OperationalError):
    sqlstate = "57P01"


class ReadOnly(psycopg.InternalError):
    sqlstate = "25006"


class Deadlock(psycopg.OperationalError):
    sqlstate = "40P01"


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (caused(OperationalError("could not extend file"), Full()), Trouble.NO_ROOM),
        (caused(OperationalError("terminating connection"), Terminated()), Trouble.NO_DATABASE),
        (caused(OperationalError("connection refused"), psycopg.OperationalError()), Trouble.NO_DATABASE),
        (caused(InternalError("cannot execute INSERT"), ReadOnly()), Trouble.READ_ONLY),
        (caused(OperationalError("deadlock detected"), Deadlock()), None),
        (caused(ProgrammingError("no results to fetch"), psycopg.ProgrammingError()), None),
        (redis.ConnectionError(), Trouble.NO_QUEUE),
        (OSError(errno.ENOSPC, "No space left"), Trouble.NO_ROOM),
        (OSError(errno.EROFS, "Read-only file system"), Trouble.READ_ONLY),
        (caused(RuntimeError(), OSError(errno.ENOSPC, "No space left")), Trouble.NO_ROOM),
        (FileNotFoundError(errno.ENOENT, "No such file"), None),
        (ValueError(), None),
    ],
)
def test_the_ground_is_told_from_mistakes(error, found):
    assert trouble.of(error) is found


def test_the_log_has_it_in_one_line_a_minute_and_a_mistake_in_full():
    told, handler = [], logging.Handler()
    handler.emit = lambda record: told.append((record.getMessage(), bool(record.exc_info)))
    handler.addFilter(InOneLine())
    logger = logging.getLogger("tests.trouble")
    logger.addHandler(handler)
    logger.propagate = False
    for error in [OSError(errno.ENOSPC, "full")] * 3 + [ValueError()] * 2 + [redis.ConnectionError(), DisallowedHost()]:
        logger.error("Error reading from queue", exc_info=error)
    assert told == [
        ("no room", False),
        *[("Error reading from queue", True)] * 2,
        ("queue away", False),
        ("Error reading from queue", False),
    ]
