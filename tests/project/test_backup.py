"""The README's own lines for backup and restore, carried out; only what Docker does is left out."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bench.postgres import binaries, postgresql

ROOT = Path(__file__).resolve().parents[2]
OLD = """
create table people (id int primary key); insert into people values (7);
create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end';
create trigger locked before delete on people for each row execute function refuse();
"""
# As an update leaves it: a table that the dump does not know, and that needs one which it knows.
UPDATE = (
    "create table groups (person int references people); insert into groups values (7); insert into people values (8);"
)


def lines(heading: str) -> list[str]:
    """The commands below it, one a line."""
    block = (ROOT / "README.md").read_text().partition(f"**{heading}")[2].split("```")[1]
    return [command for line in block.splitlines() if (command := re.sub(r"(^|\s)#.*", "", line).strip())]


def sh(folder: Path, *commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["sh", "-ec", "\n".join(commands)], cwd=folder, env=environment, capture_output=True, text=True
    )


def written_by_a_process_that_was_killed(folder: Path, *statements: str) -> None:
    """So that what was written last is in the -wal beside the file."""
    code = (
        "import os, sqlite3, sys; d = sqlite3.connect('var/foyer.sqlite3'); d.executescript(sys.argv[1]); os._exit(0)"
    )
    script = ";".join(["PRAGMA journal_mode=WAL", *statements])
    assert subprocess.run([sys.executable, "-c", code, script], cwd=folder).returncode == 0
    assert (folder / "var/foyer.sqlite3-wal").stat().st_size


def test_sqlite_comes_back_as_it_was_with_files_on_their_way(tmp_path):
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "var/incoming").mkdir(parents=True)
    (tmp_path / "var/incoming/file").write_text("on its way")
    written_by_a_process_that_was_killed(tmp_path, "create table t (n)", "insert into t values (1)")
    of_sqlite = [line for line in lines("Backup") if "docker" not in line]
    assert of_sqlite[0] == "umask 077"
    done = sh(tmp_path, *of_sqlite)
    assert done.returncode == 0, done.stderr
    kept = [tmp_path / name for name in ("foyer-backup.sqlite3", "incoming.tar.gz")]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
    written_by_a_process_that_was_killed(tmp_path, "insert into t values (2)")
    (tmp_path / "var/incoming/file").unlink()
    restore = [line.removesuffix(" && make run") for line in lines("Restore") if "docker" not in line]
    done = sh(tmp_path, *restore)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "var/foyer.sqlite3")) as there:
        assert there.execute("select n from t").fetchall() == [(1,)]
    assert (tmp_path / "var/incoming/file").read_text() == "on its way"


@pytest.fixture(scope="module")
def server():
    programs = binaries()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine")
    with postgresql(programs) as (url, _process):
        host = re.search(r"@([\d.]+):(\d+)/", url)
        yield {"PGHOST": host[1], "PGPORT": host[2], "PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.fixture
def database(server, tmp_path):
    """`database(commands)`: what they print, in the README's own database."""

    def run(*commands: str) -> str:
        here = [line.replace("docker compose exec -T database ", "") for line in commands]
        done = sh(tmp_path, *here, **server)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("createdb -U foyer foyer")
    yield run
    run("dropdb -U foyer foyer")


def of_postgresql(heading: str) -> list[str]:
    return [line for line in lines(heading) if "exec -T database" in line]


def sql(words: str) -> str:
    return f'psql -U foyer -qtA -v ON_ERROR_STOP=1 foyer <<"EOF"\n{words}\nEOF'


@pytest.mark.parametrize("more", ["", "--clean --if-exists"])  # as the README once said it
def test_a_dump_comes_back_into_the_database_of_a_newer_version(database, more):
    database(sql(OLD))
    (backup,) = of_postgresql("Backup")
    database(backup.replace("pg_dump", f"pg_dump {more}"))
    for _time in range(2):
        database(sql(UPDATE))
        database(*of_postgresql("Restore"))
        assert database(sql("select * from people; select to_regclass('public.groups');")) == "7\n\n"


def test_a_dump_that_is_damaged_changes_nothing(database, tmp_path):
    database(sql(OLD), *of_postgresql("Backup"))
    (tmp_path / "foyer.sql").write_text((tmp_path / "foyer.sql").read_text() + "\nselect nonsense;\n")
    database(sql(UPDATE))
    with pytest.raises(AssertionError, match="nonsense"):
        database(*of_postgresql("Restore"))
    assert database(sql("select * from people;")) == "7\n8\n"
