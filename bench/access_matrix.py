"""The access matrix: python -m bench.access_matrix

Warm pages, the cold build beside the bare fetching of the same member lists (same session, 16 at a time, taken in turns), and memory.
Foyer's pages are asked through all of its middleware in this process, the stand-in is a process of its own.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.stage import begin_anew

HTMX = {"HX-Request": "true"}
KEY = "BENCH-BENCH-BENCH-BENCH"


def milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def stand_in(users: int, workspaces: int) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"--port": port, "--users": users, "--workspaces": workspaces, "--api-key": KEY}
    command = [sys.executable, "-m", "dashboard.sandbox", *(str(word) for pair in options.items() for word in pair)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/api/ping", timeout=5).close()  # noqa: S310  (http, to ourselves)
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def measure(users: int, workspaces: int, *, warm_goal: int, cold_goal: str) -> None:
    from django.conf import settings
    from django.test import Client

    from dashboard import instance
    from dashboard.access.models import Grant, Reason
    from dashboard.accounts.models import Operator, Role

    print(f"\n{users:,} people, {workspaces} workspaces")
    with stand_in(users, workspaces) as url:
        settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY = url, KEY
        begin_anew()
        instance.hang_up()
        client = Client()
        client.force_login(
            Operator.objects.get_or_create(username="bench", role=Role.ADMIN)[0],
            backend="dashboard.accounts.backends.LocalBackend",
        )

        def page(query: str = "") -> None:
            answer = client.get(f"/access/{query}", headers=HTMX)
            assert answer.status_code == 200
            assert b'type="checkbox" name="cell"' in answer.content

        client.get("/users/", headers=HTMX)
        before = resident()
        page()
        members = instance.members().value
        some = [(w, u) for w, ids in list(members.items())[:60] for u in ids[:50]]
        Grant.objects.all().delete()
        Grant.objects.bulk_create(Grant(workspace_id=w, user_id=u, reason=Reason.DIRECT) for w, u in some)

        session = instance.connect().memberships._http._kept
        addresses = [f"{url}/api/v1/admin/workspaces/{workspace_id}/users" for workspace_id in members]

        def bare() -> None:
            headers = {"Authorization": f"Bearer {KEY}"}
            with ThreadPoolExecutor(instance.READERS) as pool:
                list(pool.map(lambda address: session.get(address, headers=headers, timeout=30).content, addresses))

        def cold() -> None:
            instance.forget_members()
            page()

        pairs = [(milliseconds(bare), milliseconds(cold)) for _ in range(7)]
        fetched, built = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(
            f"  cold build   {built:6.0f} ms beside {fetched:.0f} ms of bare fetching: {ratio:.2f} times ({cold_goal})"
        )
        for name, query in {
            "first page": "",
            "pasted list": "?q=ada,sam,mia,dora.olsen&w=finance",
            "last page": "?page=999&columns=999",
        }.items():
            times = [milliseconds(partial(page, query)) for _ in range(25)]
            print(f"  warm, {name:<12} {statistics.median(times):5.0f} ms, {max(times):.0f} at most (goal {warm_goal})")
        for _ in range(200 if users < 5_000 else 30):
            page()
        print(f"  memory grew by {resident() - before:.0f} MB (goal 60)")


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        os.environ.update(
            DATA_DIR=data,
            DJANGO_SETTINGS_MODULE="dashboard.settings",
            SECRET_KEY="b" * 50,
            HTTPS="false",
            ALLOWED_HOSTS="testserver",
            ANYTHINGLLM_URL="http://127.0.0.1:1",
            ANYTHINGLLM_API_KEY=KEY,
            LOG_LEVEL="ERROR",
        )
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        measure(1_000, 200, warm_goal=120, cold_goal="goal 1.3")
        measure(10_000, 500, warm_goal=300, cold_goal="no goal")


if __name__ == "__main__":
    main()
