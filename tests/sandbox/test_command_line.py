import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from dashboard.sandbox import DEFAULT_API_KEY
from dashboard.sandbox.seed import Size, sow
from dashboard.sandbox.store import Store


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "dashboard.sandbox", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def users(port: int, key: str = DEFAULT_API_KEY) -> list[dict]:
    for _ in range(100):
        try:
            headers = {"Authorization": f"Bearer {key}"}
            return requests.get(f"http://127.0.0.1:{port}/api/v1/admin/users", headers=headers, timeout=5).json()[
                "users"
            ]
        except requests.ConnectionError:
            time.sleep(0.05)
    pytest.fail("it does not answer")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_keeps_its_state_in_a_file_and_stops_when_told(tmp_path: Path, by: signal.Signals) -> None:
    database = str(tmp_path / "state" / "sandbox.sqlite3")
    for expected in (12, 11):
        port = free_port()
        with start("--port", str(port), "--db", database, "--users", "12") as process:
            assert len(users(port)) == expected
            headers = {"Authorization": f"Bearer {DEFAULT_API_KEY}"}
            requests.delete(f"http://127.0.0.1:{port}/api/v1/admin/users/12", headers=headers, timeout=5)
            process.send_signal(by)
            _, errors = process.communicate(timeout=10)
        assert errors == ""


def test_a_state_file_learns_a_new_key(tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.sqlite3")
    for key in ("first-key", "second-key"):
        port = free_port()
        with start("--port", str(port), "--db", database, "--users", "5", "--api-key", key) as process:
            assert len(users(port, key)) == 5
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=10)


def test_a_busy_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        with start("--port", port) as process:
            _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors == f"The stand-in cannot listen on port {port}: Address already in use. Choose another with --port.\n"


def test_a_fault_and_a_version_can_be_set_at_the_start() -> None:
    port = free_port()
    with start(
        "--port", str(port), "--fault", "500 path=/v1/auth times=1", "--as-version", "v1.3.0", "--single-user"
    ) as process:
        for _ in range(100):
            try:
                state = requests.get(f"http://127.0.0.1:{port}/sandbox/state", timeout=5).json()
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert state["faults"][0]["kind"] == "500"
    assert (state["config"]["as_version"], state["config"]["single_user"]) == ([1, 3, 0], True)


@pytest.mark.parametrize("option", [("--fault", "nonsense"), ("--as-version", "newest")])
def test_it_says_what_it_does_not_understand(option: tuple[str, str]) -> None:
    with start(*option) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert option[1] in errors


def test_the_same_seed_makes_the_same_team() -> None:
    def team(seed: int) -> list[tuple[object, ...]]:
        store = Store()
        sow(store, api_key="k", size=Size(), seed=seed)
        rows = store.all("SELECT username, role, suspended, dailyMessageLimit FROM users ORDER BY id")
        rows += store.all("SELECT code, status, workspaceIds FROM invites ORDER BY id")
        rows += store.all("SELECT prompt, user_id FROM chats ORDER BY id")
        store.close()
        return [tuple(row.values()) for row in rows]

    assert team(1) == team(1)
    assert team(1) != team(2)


def test_a_large_team_can_be_made(figure) -> None:
    before = time.monotonic()
    store = Store()
    sow(store, api_key="k", size=Size(10_000, 500, 5_000))
    figure("the stand-in's team of 10,000", f"{time.monotonic() - before:.1f} s")
    counts = {table: store.count(table) for table in ("users", "workspaces", "files")}
    store.close()
    assert counts == {"users": 10_000, "workspaces": 500, "files": 5_000}
