"""What .env may look like, whose the files are, and the key that `make run` keeps."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from huey.serializer import Serializer, SignedSerializer

from dashboard import environment
from dashboard.environment import parse
from dashboard.jobs.tasks import run_job
from tests.project.test_settings import GOOD, start

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=value", "value"),
        ("KEY = value", "value"),
        ("  KEY=value  ", "value"),
        ("export KEY=value", "value"),
        ("KEY=value # a note", "value"),
        ("KEY=value\t# a note", "value"),
        ("KEY= # a note", ""),
        ("KEY=", ""),
        ("KEY=a#b", "a#b"),
        ("KEY=redis://:pass@host:6379/0?a=b", "redis://:pass@host:6379/0?a=b"),
        ("KEY='a # b $c'", "a # b $c"),
        ("KEY='value' # a note", "value"),
        ('KEY="a \\"quoted\\" \\\\ # b\\n"', 'a "quoted" \\ # b\n'),
        ('KEY="" # a note', ""),
        ("KEY=it's", "it's"),
        ("KEY=Büro 年", "Büro 年"),
    ],
)
def test_a_line_of_env_is_cut_as_compose_cuts_it(line, value):
    assert parse(line.encode(), ".env") == {"KEY": value}


def test_a_file_from_windows_is_read_with_its_mark_and_its_line_ends():
    content = "\ufeffFIRST=1\r\n\r\n# a note\r\nSECOND = 2\r\n".encode()
    assert parse(content, ".env") == {"FIRST": "1", "SECOND": "2"}


@pytest.mark.parametrize(
    "line", ["s3cret", "my key=s3cret", "KEY: s3cret", "KEY='s3cret", 'KEY="s3cret" s3cret', "KEY=s3\0cret"]
)
def test_a_line_that_is_none_is_named_and_never_shown(line):
    with pytest.raises(ImproperlyConfigured, match=r"^\.env, line 2, must be NAME=value") as refusal:
        parse(f"# ours\n{line}\n".encode(), ".env")
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_file_in_another_encoding_is_a_sentence_too():
    with pytest.raises(ImproperlyConfigured, match=r"^\.env must be a text file in UTF-8"):
        parse("KEY=s3cret".encode("utf-16"), ".env")


@pytest.fixture
def house(tmp_path) -> Path:
    """A copy of Foyer with nothing set in the environment, for an .env of its own."""
    for name in ("dashboard", "templates", "static", "locale"):
        shutil.copytree(ROOT / name, tmp_path / "foyer" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path / "foyer")
    return tmp_path / "foyer"


def run(house: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([sys.executable, *arguments], cwd=house, env=environment, capture_output=True, text=True)


READ = "from dashboard import settings as s; print(s.ANYTHINGLLM_URL, s.ANYTHINGLLM_API_KEY, len(s.SECRET_KEY))"


def test_the_environment_goes_before_the_file_and_empty_lines_count_as_not_set(house):
    lines = ["SECRET_KEY = " + "a" * 50 + " # made in May", "ANYTHINGLLM_API_KEY = MY-KEY", "ANYTHINGLLM_URL=", "HOST="]
    (house / ".env").write_text("\ufeff" + "\r\n".join(lines))
    assert run(house, "-c", READ).stdout == "http://localhost:3001 MY-KEY 50\n"
    assert run(house, "-c", READ, ANYTHINGLLM_API_KEY="OTHER").stdout == "http://localhost:3001 OTHER 50\n"


def test_a_bad_line_stops_every_start_with_one_sentence(house):
    (house / ".env").write_text("SECRET_KEY s3cret\n")
    for command in (["manage.py", "check"], ["-m", "dashboard.web"], ["-m", "dashboard.run"]):
        done = run(house, *command)
        said = done.stderr + done.stdout
        assert done.returncode == 1
        assert said.startswith(".env, line 1, must be NAME=value")
        assert said.count("\n") == 1
        assert "s3cret" not in said


def test_a_local_operator_is_made_as_the_readme_says(house):
    """With nothing set but the instance's address and key, after `make run` has made the rest."""
    (house / ".env").write_text("ANYTHINGLLM_URL=http://127.0.0.1:9\nANYTHINGLLM_API_KEY=MY-KEY\n")
    prepare = "from dashboard import run; run.prepare()"
    assert run(house, "-c", prepare, PORT="0").returncode == 1, "no port, so that nothing is prepared by chance"
    done = run(house, "-c", prepare)
    assert (done.returncode, done.stderr) == (0, "")
    spare = {"DJANGO_SUPERUSER_USERNAME": "spare", "DJANGO_SUPERUSER_PASSWORD": "correct-horse-battery"}
    done = run(house, "manage.py", "createsuperuser", "--noinput", **spare)
    assert (done.returncode, done.stderr) == (0, "")
    with sqlite3.connect(house / "var/foyer.sqlite3") as database:
        assert database.execute("SELECT username, role FROM accounts_operator").fetchall() == [("spare", "admin")]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in (house / "var").iterdir() if path.is_file()} == (
        {path.name: "0o600" for path in (house / "var").iterdir() if path.is_file()}
    )
    database.close()


def test_whatever_is_written_is_the_owners_alone_and_what_was_open_is_closed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    names = ("foyer.sqlite3", "foyer.sqlite3-wal", "queue.sqlite3", "secret-key", "elsewhere/db")
    for path in (tmp_path / name for name in names):
        path.touch()
        path.chmod(0o644)
    for path in (tmp_path, elsewhere):
        path.chmod(0o755)
    code = "from dashboard import settings; open(settings.DATA_DIR / 'new', 'w').close()"
    done = start(tmp_path, ["-c", code], DATABASE_URL=f"sqlite:///{elsewhere / 'db'}")
    assert (done.returncode, done.stderr) == (0, "")
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path, *tmp_path.iterdir(), elsewhere / "db")}
    assert modes.pop("elsewhere") == "0o755", "only the folder that is Foyer's own"
    assert modes.pop(tmp_path.name) == modes.pop("incoming") == "0o700"
    assert modes.pop("cache", "0o700") == modes.pop("questions") == "0o700"
    assert set(modes.values()) == {"0o600"}


def test_a_data_folder_that_cannot_be_written_is_named_and_nothing_else(tmp_path):
    """Nobody may write a byte, as on a disk that is full; of rights, root would not be asked."""
    for command, sentence in [
        (["manage.py", "check"], "DATA_DIR must be a directory that Foyer may write to, with room in it.\n"),
        (["-m", "dashboard.run"], "DATA_DIR must be a directory that Foyer may write to: File too large.\n"),
    ]:
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, *command],
            cwd=ROOT, env={**GOOD, "DATA_DIR": str(tmp_path / "data")}, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stderr + done.stdout) == (1, sentence)


def test_the_queue_takes_only_what_is_signed_with_our_key():
    """A pickle is code: a stranger who can write to the queue must not have any run."""
    huey = settings.HUEY
    kept = huey.serialize_task(run_job.s(1))
    assert huey.deserialize_task(kept).args == (1,)
    for forged in (Serializer().serialize("s3cret"), kept[:-1] + b"x", SignedSerializer("other").serialize("s3cret")):
        with pytest.raises(ValueError, match=r"Signature|Separator"):
            huey.serializer.deserialize(forged)


def test_what_cannot_be_made_private_is_left_as_it_is(tmp_path):
    environment.make_private(tmp_path / "nowhere", tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
