"""The server as it runs in production gets SIGTERM while somebody is being answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.project.processes import ROOT, running
from tests.relay.conftest import QUESTION, WORKSPACE, Listening

PREPARE = f"""
from django.test import Client
from dashboard.accounts.models import Operator
from dashboard.chat import turns
ada = Operator.objects.create_user("ada", "correct-horse-battery")
client = Client()
client.force_login(ada, backend="dashboard.accounts.backends.LocalBackend")
session = client.cookies["foyer_session"].value
for number in range(10):
    turn = turns.open_turn(actor=ada, workspace_id=1, workspace_slug="{WORKSPACE}", text="QUESTION", mode="chat", session_id="s")
    print("opened", session, turns.ticket(turn, session))
"""
ENDED = "from dashboard.chat.models import Turn; print(*Turn.objects.values_list('state', flat=True))"


def managed(variables: dict[str, str], *command: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dashboard.settings", **variables}
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def variables(tmp_path, standin) -> dict[str, str]:
    found = {
        "SECRET_KEY": "only-for-this-test-" * 3,
        "HTTPS": "false",
        "DATA_DIR": str(tmp_path / "data"),
        "STATIC_ROOT": "",
        "DATABASE_URL": "",
        "QUEUE_URL": "",
        "CACHE_URL": "",
        "ANYTHINGLLM_URL": standin.url,
        "ANYTHINGLLM_API_KEY": standin.api_key,
    }
    managed(found, "migrate", "--verbosity", "0")
    return found


def opened(variables: dict[str, str], question: str) -> list[list[str]]:
    """Session and ticket of ten questions."""
    said = managed(variables, "shell", "-c", PREPARE.replace("QUESTION", question))
    tickets = [line.split()[1:] for line in said.splitlines() if line.startswith("opened")]
    assert len(tickets) == 10
    return tickets


def test_sigterm_tells_each_open_stream_and_the_server_ends_in_time(tmp_path, standin, variables):
    tickets = opened(variables, f"HANG {QUESTION}")
    managed(variables, "collectstatic", "--noinput", "-v", "0")
    with running(["dashboard.web"], tmp_path, **variables, DRAIN_SECONDS="0") as web:
        web.wait_until_it_answers()
        browsers = [Listening(web.port, ticket, session) for session, ticket in tickets]
        for browser in browsers:
            browser.wait_for("chunk")
        started = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        for browser in browsers:
            browser.to_the_end()
            assert browser.names == ["chunk", "failed", "done"]
            assert "Foyer is being restarted" in browser.sentence
            assert browser.done["state"] == "interrupted"
            browser.leave()
        assert time.monotonic() - started < 60
        web.process.wait(10)
        assert "Traceback" not in web.said()
        assert standin.api_key not in web.said()
    assert managed(variables, "shell", "-c", ENDED).split()[-10:] == ["interrupted"] * 10


def test_what_is_open_goes_on_and_nothing_new_begins(tmp_path, standin, variables):
    standin.configure(pace=2)
    (session, first), (_session, second), *_others = opened(variables, QUESTION)
    drawn = {"DJANGO_SETTINGS_MODULE": "tests.server.rig", "DRAIN_SECONDS": "60"}
    with running(["dashboard.web"], tmp_path, **variables, **drawn) as web:
        web.wait_until_it_answers()
        assert "stopping" not in web.get("/readyz")[1]
        open_one = Listening(web.port, first, session)
        open_one.wait_for("chunk")
        web.process.send_signal(signal.SIGTERM)
        web.wait_until(lambda: web.get("/readyz") == (503, '{"status": "stopping"}'))
        assert web.get("/healthz")[0] == web.get("/sign-in/")[0] == 200
        late = Listening(web.port, second, session).to_the_end()
        assert late.names == ["failed", "done"]
        assert "Foyer is being restarted" in late.sentence
        assert late.done["state"] == "waiting"
        standin.configure(pace=2000)
        open_one.to_the_end()
        assert open_one.done["state"] == "done"
        web.process.wait(20)
        for browser in (open_one, late):
            browser.leave()
    assert sum(state == "done" for state in managed(variables, "shell", "-c", ENDED).split()) == 1
