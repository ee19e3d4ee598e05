"""The users page: python -m bench users_page

Time is what a client on this machine waits, so "own" time has the way through the server in it. What is compared is asked in turns.
"""

from __future__ import annotations

import json
import statistics
import threading
import time

from bench.stage import KEY, Server, fetch, foyer, milliseconds, signed_in, stand_in

USERS = "/api/v1/admin/users"
BROWSER = {"Accept-Encoding": "gzip"}
LOAD = 4  # connections at a time
ROUNDS = 5
ROUND = 2.0  # seconds


def median(times: list[float]) -> float:
    return statistics.median(times)


def main() -> None:
    with stand_in(users=10_000) as instance, foyer(instance) as web:
        headers = BROWSER | signed_in()
        open_page(web, headers)
        print("users page, 10,000 users")
        warm_and_cold(instance, web, headers)
        parse(instance)
        jump()
        throughput(web, headers)
        memory(web, headers)
    with stand_in() as instance, foyer(instance) as web:
        headers = BROWSER | signed_in()
        open_page(web, headers)
        print("users page, the standard team")
        throughput(web, headers)


def open_page(web: Server, headers: dict[str, str]) -> None:
    """As a browser does: the page, then the counts. From then on all is known."""
    web.get("/users/", headers)
    web.get("/users/?counts=1", headers | {"HX-Request": "true"})
    web.get("/bench/bare/", headers)


def warm_and_cold(instance: Server, web: Server, headers: dict[str, str]) -> None:
    from dashboard import instance as line

    def page() -> tuple[float, float]:
        """Milliseconds until the answer was there, and how many of them the server's processor worked."""
        worked = web.worked()
        waited = milliseconds(lambda: web.get("/users/", headers))
        return waited, web.worked() - worked

    asked, warm, cold = [], [], []
    for _ in range(21):
        asked.append(milliseconds(lambda: instance.get(USERS, {"Authorization": f"Bearer {KEY}"})))
        line.forget("users")
        cold.append(page())
        warm.append(page())
    bare, quick, slow = median(asked), median([w for w, _ in warm]), median([c for c, _ in cold])
    over = median([c - a for (c, _), a in zip(cold, asked, strict=True)])
    print(f"  the instance's own answer   {bare:6.0f} ms")
    print(
        f"  page, warm                  {quick:6.0f} ms, {quick / bare:.2f} of it; {mean(warm):.0f} ms of work (goal 60)"
    )
    print(
        f"  page, cold                  {slow:6.0f} ms, {over:.0f} more than it (goal 150); {mean(cold):.0f} ms of work"
    )


def mean(pages: list[tuple[float, float]]) -> float:
    """Of the work, which the kernel counts in steps of 10 ms."""
    return statistics.mean(work for _, work in pages)


def parse(instance: Server) -> None:
    from dashboard.anythingllm import User

    body = instance.get(USERS, {"Authorization": f"Bearer {KEY}"})
    bare = median([milliseconds(lambda: json.loads(body)) for _ in range(9)])
    whole = median(
        [milliseconds(lambda: [User.from_json(user) for user in json.loads(body)["users"]]) for _ in range(9)]
    )
    print(
        f"  client reads the answer     {whole:6.0f} ms, {whole / bare:.1f} times bare JSON ({len(body) / 1e6:.1f} MB)"
    )


def jump() -> None:
    from dashboard.home.services import best

    names = [f"Person {number}" for number in range(10_000)]
    slowest = max(
        median([milliseconds(lambda q=q: best(names, q, str)) for _ in range(9)]) for q in ("x", "person 9999")
    )
    print(f"  jump box finds a name       {slowest:6.0f} ms")


def throughput(web: Server, headers: dict[str, str]) -> None:
    """The page beside the bare view, in turns: requests a second, and how much work of the processor each takes."""
    rounds = [(load(web, "/users/", headers), load(web, "/bench/bare/", headers)) for _ in range(ROUNDS)]
    page, bare = (median([rate for rate, _ in side]) for side in zip(*rounds, strict=True))
    ratio = median([a[0] / b[0] for a, b in rounds])
    work = median([b[1] / a[1] for a, b in rounds])
    print(
        f"  requests a second           {page:6.1f} beside {bare:.1f} of the bare view: {ratio:.2f}, by work {work:.2f} (goal 0.70)"
    )


def load(web: Server, path: str, headers: dict[str, str]) -> tuple[float, float]:
    """Requests a second over LOAD connections, and milliseconds of work for each."""
    done: list[int] = []

    def ask() -> None:
        connection, count, until = web.connection(), 0, time.monotonic() + ROUND
        while time.monotonic() < until:
            fetch(connection, path, headers)
            count += 1
        connection.close()
        done.append(count)

    threads = [threading.Thread(target=ask) for _ in range(LOAD)]
    started, worked = time.monotonic(), web.worked()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - started), (web.worked() - worked) / sum(done)


def memory(web: Server, headers: dict[str, str]) -> None:
    before = web.megabytes()
    for _ in range(500):
        web.get("/users/", headers)
    after = web.megabytes()
    print(f"  memory of the server        {before:6.0f} MB, {after - before:+.0f} MB after 500 more pages")
