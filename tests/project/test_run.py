"""`make run`, as a person would: it starts everything, says how to sign in, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from urllib.parse import urlencode

import pytest

from dashboard.sandbox.testing import running_sandbox
from tests.project.processes import Running, browser, free_port, is_alive, nobody_listens, running
from tests.project.test_settings import start


def test_it_starts_everything_says_how_to_sign_in_and_ends_it_all(tmp_path):
    with running(["dashboard.run"], tmp_path) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        assert f"http://localhost:{foyer.port}/" in foyer.said()
        assert "ada / welcome-to-foyer" in foyer.said()
        status, page = foyer.get("/sign-in/")
        assert status == 200
        assert 'name="username"' in page
        foyer.wait_until(lambda: json.loads(foyer.get("/readyz")[1])["status"] == "ok")  # the worker has begun, too
        stylesheet = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page)
        assert stylesheet, "static files carry their hash"
        assert foyer.get(stylesheet[1])[0] == 200
        secret = tmp_path / "data/trial/secret-key"
        assert secret.stat().st_mode & 0o777 == 0o600
        parts = foyer.children()
        assert len(parts) == 3, parts
        assert foyer.end() == 0
        assert "Traceback" not in foyer.said()
        assert not any(is_alive(pid) for pid in parts.values())
        assert nobody_listens(foyer.port)
        assert nobody_listens(foyer.sandbox_port)


def test_a_second_run_keeps_the_secret_and_needs_no_stand_in_when_there_is_an_instance(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/secret-key").write_text("kept-" * 10)
    address = f"http://127.0.0.1:{free_port()}"
    with running(["dashboard.run"], tmp_path, ANYTHINGLLM_URL=address, ANYTHINGLLM_API_KEY="s3cret") as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        assert "admin account of your AnythingLLM" in foyer.said()
        assert "createsuperuser" in foyer.said()
        assert len(foyer.children()) == 2
        assert nobody_listens(foyer.sandbox_port)
        foyer.wait_until(lambda: failing(foyer) == {"instance"})
        assert foyer.end(signal.SIGTERM) == 0
        assert (tmp_path / "data/secret-key").read_text() == "kept-" * 10
        assert "s3cret" not in foyer.said()


def test_what_was_tried_out_is_no_part_of_what_comes_after_it(tmp_path):
    """The README's own way: look at it with the stand-in, then name an AnythingLLM and start it again."""

    def rows(database: str, sql: str) -> list[str]:
        with closing(sqlite3.connect(tmp_path / "data" / database)) as connection:
            return [str(row[0]) for row in connection.execute(sql)]

    form = {"username": "ada", "password": "welcome-to-foyer"}
    operators, sessions = "SELECT username FROM accounts_operator", "SELECT session_key FROM django_session"
    # Also where a database is named: it is the real one's.
    real = f"sqlite:///{tmp_path}/data/real.sqlite3"
    with running(["dashboard.run"], tmp_path, DATABASE_URL=real) as foyer:
        port = foyer.port
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        jar = urllib.request.HTTPCookieProcessor()
        person = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
        page = person.open(f"http://127.0.0.1:{port}/sign-in/").read().decode()
        form["csrfmiddlewaretoken"] = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        there = person.open(f"http://127.0.0.1:{port}/sign-in/", urlencode(form).encode())
        assert there.url.endswith(f":{port}/")
        assert foyer.end() == 0
    assert rows("trial/foyer.sqlite3", operators) == ["ada"]
    assert not (tmp_path / "data/real.sqlite3").exists()
    with running_sandbox() as real_one:
        before = real_one.state()["changes"]
        more = {"ANYTHINGLLM_URL": real_one.url, "ANYTHINGLLM_API_KEY": real_one.api_key, "PORT": str(port)}
        with running(["dashboard.run"], tmp_path, DATABASE_URL=real, **more) as foyer:
            foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
            assert "/sign-in/" in person.open(f"http://127.0.0.1:{port}/operators/").url
            assert foyer.end() == 0
        assert real_one.state()["changes"] == before
    assert not rows("real.sqlite3", operators) and not rows("real.sqlite3", sessions)


def test_the_trial_of_an_earlier_version_is_not_taken_for_ones_own(tmp_path):
    """It lay where one's own database lies now."""
    (tmp_path / "data").mkdir()
    for name in ("foyer.sqlite3", "sandbox.sqlite3"):
        (tmp_path / "data" / name).touch()
    with running(["dashboard.run"], tmp_path, ANYTHINGLLM_URL="http://127.0.0.1:9") as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said().startswith(
            f"{tmp_path}/data holds what an earlier version kept of a trial: move foyer.sqlite3*"
        )
        assert foyer.said().count("\n") == 1
    assert (tmp_path / "data/foyer.sqlite3").stat().st_size == 0


def test_when_one_part_dies_all_of_it_ends_with_its_exit_code(tmp_path):
    with running(["dashboard.run"], tmp_path) as foyer:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        parts = foyer.children()
        worker = next(pid for command, pid in parts.items() if "run_huey" in command)
        os.kill(worker, signal.SIGKILL)
        assert foyer.process.wait(20) == 128 + signal.SIGKILL
        assert "The worker ended by itself" in foyer.said()
        assert not any(is_alive(pid) for pid in parts.values())


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_busy_port_is_one_sentence_before_anything_starts(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(["dashboard.run"], tmp_path, **{name: str(port)}) as foyer:
            assert foyer.process.wait(20) == 1
            assert foyer.said() == f"Port {port} is in use or not allowed: set {name} to another one.\n"
            assert not list(tmp_path.rglob("foyer.sqlite3"))


def test_web_and_stand_in_need_two_ports(tmp_path):
    port = str(free_port())
    with running(["dashboard.run"], tmp_path, PORT=port, SANDBOX_PORT=port) as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said() == "PORT and SANDBOX_PORT must be two different ports.\n"


def test_a_bad_setting_is_one_sentence(tmp_path):
    with running(["dashboard.run"], tmp_path, PORT="eighty") as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said() == "PORT must be a whole number from 1 to 65535.\n"
    with running(["dashboard.run"], tmp_path, TIME_ZONE="Mars/Olympus") as foyer:
        assert foyer.process.wait(20) == 1
        assert foyer.said() == "TIME_ZONE must be a time zone such as Europe/Berlin.\n"


def test_it_is_alive_but_not_ready_while_database_and_queue_are_down(tmp_path):
    nowhere = f"127.0.0.1:{free_port()}"
    assert start(tmp_path / "data", ["manage.py", "collectstatic", "--noinput", "-v", "0"]).returncode == 0
    with running(
        ["dashboard.web"],
        tmp_path,
        SECRET_KEY="only-for-this-test-" * 3,
        HTTPS="false",
        ANYTHINGLLM_URL=f"http://{nowhere}",
        DATABASE_URL=f"postgres://foyer:s3cret@{nowhere}/foyer",
        QUEUE_URL=f"redis://:s3cret@{nowhere}/0",
    ) as web:
        web.wait_until_it_answers()
        assert web.get("/healthz") == (200, '{"status": "ok"}')
        status, answer = web.get("/readyz")
        assert status == 503
        assert failing(web) == {"database", "queue", "worker", "instance"}
        somebody = urllib.request.Request(f"http://127.0.0.1:{web.port}/users/")
        somebody.add_header("Cookie", "foyer_session=" + "a" * 32)
        for _time in range(3):
            with pytest.raises(urllib.error.HTTPError) as refusal:
                browser.open(somebody, timeout=20)
            page = refusal.value.read().decode()
            refusal.value.close()
            assert (refusal.value.code, "The database does not answer" in page) == (503, True)
        assert "s3cret" not in answer + page + web.said()
        assert "Traceback" not in web.said()
        assert web.said().count("database away") <= 2, "once a minute by each logger"


def failing(foyer: Running) -> set[str]:
    parts = json.loads(foyer.get("/readyz")[1])["parts"]
    return {name for name, part in parts.items() if part["state"] == "failed"}


@pytest.mark.parametrize("command", [["dashboard.run"], ["manage", "migrate"]])
def test_a_database_that_is_away_at_the_start_is_one_sentence(tmp_path, command):
    variables = {"SECRET_KEY": "only-for-this-test-" * 3, "ANYTHINGLLM_URL": "http://127.0.0.1:9"}
    address = f"postgres://foyer:s3cret@127.0.0.1:{free_port()}/foyer"
    with running(command, tmp_path, DATABASE_URL=address, **variables) as foyer:
        assert foyer.process.wait(30) == 1
        assert foyer.said().splitlines()[-1].startswith("The database that DATABASE_URL names does not answer")
        assert "Traceback" not in foyer.said()
        assert "s3cret" not in foyer.said()
