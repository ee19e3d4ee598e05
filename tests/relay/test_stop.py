"""The server as it runs in production gets SIGTERM while somebody is being answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

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
    turn = turns.open_turn(actor=ada, workspace_id=1, workspace_slug="{WORKSPACE}", text="HANG {QUESTION}", mode="chat", session_id="s")
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


def test_sigterm_tells_each_open_stream_and_the_server_ends_in_time(tmp_path, standin):
    variables = {
        "SECRET_KEY": "only-for-this-test-" * 3,
        "HTTPS": "false",
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "",
        "QUEUE_URL": "",
        "CACHE_URL": "",
        "ANYTHINGLLM_URL": standin.url,
        "ANYTHINGLLM_API_KEY": standin.api_key,
    }
    managed(variables, "migrate", "--verbosity", "0")
    tickets = [line.split()[1:] for line in managed(variables, "shell", "-c", PREPARE).splitlines() if "opened" in line]
    assert len(tickets) == 10
    with running(["dashboard.web"], tmp_path, **variables) as web:
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
        assert time.monotonic() - started < 5
        web.process.wait(10)
        assert "Traceback" not in web.said()
        assert standin.api_key not in web.said()
    assert managed(variables, "shell", "-c", ENDED).split()[-10:] == ["interrupted"] * 10
