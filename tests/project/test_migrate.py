"""Several containers bring one database up to date at once, and each waits its turn."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from dashboard.management.commands.migrate import LOCK
from tests.project.test_settings import GOOD, ROOT, start


@pytest.fixture
def database(tmp_path) -> str:
    """A fresh one, where the tests' own is: a file, or on the server."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'foyer.sqlite3'}"
        return
    server, name = os.environ["TEST_DATABASE_URL"].rsplit("/", 1)[0], f"migrate_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"{server}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def begun(tmp_path: Path, database: str) -> subprocess.Popen[str]:
    environment = {**GOOD, "DATA_DIR": str(tmp_path), "DATABASE_URL": database}
    command = [sys.executable, "manage.py", "migrate", "--noinput", "-v", "0"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def test_all_of_them_end_well_and_each_change_is_made_once(tmp_path, database):
    several = [begun(tmp_path, database) for _container in range(4)]
    said = [process.communicate(timeout=200)[1] for process in several]
    assert ([process.returncode for process in several], said) == ([0] * 4, [""] * 4)
    code = (
        "import django; django.setup(); from django.db.migrations.recorder import MigrationRecorder as R; "
        "r = list(R.Migration.objects.values_list('app', 'name')); print(len(r) == len(set(r)) > 20)"
    )
    done = start(tmp_path, ["-c", code], DATABASE_URL=database, DJANGO_SETTINGS_MODULE="dashboard.settings")
    assert done.stdout == "True\n", done.stderr


def test_the_lock_is_a_number_that_the_server_takes():
    assert 0 < LOCK < 2**63
