"""A few threads for many people: parts for each, turns for those who wait, and a place left by whoever waits for somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches

from dashboard.server.threads import ADDRESS_IN_LINE, ALL_IN_LINE, IN_LINE, Full, Limit, Pool, Who, may_wait, waiting

HERE = "192.0.2.1"


@pytest.fixture
def made() -> Iterator[Callable[..., Pool]]:
    pools: list[Pool] = []

    def make(*limits: Limit, **more: Any) -> Pool:
        pools.append(Pool("test", *limits, **more))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


class Slow:
    """An act that begins, and ends when it is told to."""

    def __init__(self, pool: Pool, person: str, address: str = HERE, *, away: bool = False) -> None:
        self.begun, self.end = threading.Event(), threading.Event()
        self._away = away
        self.future = pool.submit(Who(person, address), self._act)

    def _act(self) -> str:
        if self._away:
            with waiting():
                self.begun.set()
                self.end.wait(20)
        else:
            self.begun.set()
            self.end.wait(20)
        return "done"

    def finish(self) -> Any:
        self.end.set()
        return self.future.result(20)


def begun(*acts: Slow) -> list[bool]:
    return [act.begun.wait(5) if act.future.running() else False for act in acts]


def test_nobody_has_more_than_their_part(made):
    pool = made(Limit(3, 9), Limit(2, 9))
    ada = [Slow(pool, "ada") for _act in range(5)]
    mia = Slow(pool, "mia")
    assert begun(*ada) == [True, True, False, False, False]
    assert begun(mia) == [True]
    assert [act.finish() for act in (*ada, mia)] == ["done"] * 6


def test_an_address_has_no_more_than_its_part_whoever_it_says_it_is(made):
    pool = made(Limit(3, 9), Limit(2, 9), Limit(2, 9))
    made_up = [Slow(pool, f"person {n}") for n in range(5)]
    other = Slow(pool, "mia", "192.0.2.2")
    assert begun(*made_up) == [True, True, False, False, False]
    assert begun(other) == [True]
    for act in (*made_up, other):
        act.finish()


def test_whoever_waits_for_somebody_else_leaves_their_place(made):
    pool = made(Limit(1, 3))
    away = [Slow(pool, f"person {n}", away=True) for n in range(2)]
    assert begun(*away) == [True, True]
    works = Slow(pool, "mia")
    assert begun(works) == [True]
    last = Slow(pool, "sam")
    assert begun(last) == [False]  # three are held
    for act in (*away, works, last):
        assert act.finish() == "done"


def test_those_in_line_take_turns(made):
    pool = made(Limit(1, 1))
    first = Slow(pool, "ada")
    order: list[str] = []
    waits = [
        pool.submit(Who(name, HERE), lambda name=name: order.append(name))
        for name in ("ada", "ada", "ada", "mia", "sam")
    ]
    first.finish()
    for future in waits:
        future.result(20)
    assert order == ["ada", "mia", "sam", "ada", "ada"]


def test_who_has_left_the_line_is_not_begun_and_lets_others_pass(made):
    pool = made(Limit(1, 1))
    first, left, last = Slow(pool, "ada"), Slow(pool, "ada"), Slow(pool, "ada")
    assert left.future.cancel()
    first.finish()
    assert last.finish() == "done"
    assert not left.begun.is_set()


def test_a_line_has_an_end(made):
    pool = made(Limit(1, 1))
    acts = [Slow(pool, "ada") for _act in range(1 + IN_LINE)]
    with pytest.raises(Full):
        Slow(pool, "ada")
    mia = Slow(pool, "mia")
    for act in (*acts, mia):
        act.end.set()
    assert [act.finish() for act in (*acts, mia)] == ["done"] * (IN_LINE + 2)


def test_an_error_is_told_to_who_asked_and_leaves_the_thread_free(made):
    pool = made(Limit(1, 1))
    with pytest.raises(ZeroDivisionError):
        pool.submit(Who("ada", HERE), lambda: 1 / 0).result(20)
    assert Slow(pool, "ada").finish() == "done"


def test_threads_that_are_not_needed_any_more_end(made, monkeypatch):
    monkeypatch.setattr("dashboard.server.threads.IDLE", 0.05)
    pool = made(Limit(1, 5))
    acts = [Slow(pool, f"person {n}", away=True) for n in range(5)]
    assert begun(*acts) == [True] * 5
    assert pool._threads == 5
    for act in acts:
        act.finish()
    over = threading.Event()
    while pool._threads > 1:
        assert not over.wait(0.01)


def test_that_all_are_taken_stands_in_the_log(made, caplog):
    pool = made(Limit(1, 1))
    acts = [Slow(pool, "ada"), Slow(pool, "mia"), Slow(pool, "sam")]
    assert [(record.message, record.pool) for record in caplog.records] == [("all threads are taken", "test")]
    for act in acts:
        act.finish()


def test_a_thread_keeps_its_line_to_the_cache(made):
    """Where each request made a new one, a cache on another machine got a connection each time."""
    pool = made(Limit(1, 1))
    one, other = (pool.submit(Who("ada", HERE), lambda: caches["default"]).result(20) for _request in range(2))
    assert one is other


def test_whoever_makes_up_persons_has_the_line_of_one_address(made):
    pool = made(Limit(1, 1))
    acts = [Slow(pool, f"made up {n}") for n in range(1 + ADDRESS_IN_LINE)]
    with pytest.raises(Full):
        Slow(pool, "made up, too")
    mia = Slow(pool, "mia", "198.51.100.7")
    acts[0].finish()
    assert not mia.future.running()  # the address that came first has the next turn
    acts[1].finish()
    assert mia.finish() == "done"
    for act in acts:
        act.end.set()
    assert [act.finish() for act in acts] == ["done"] * len(acts)


def test_when_the_line_is_full_the_longest_becomes_shorter(made):
    pool = made(Limit(1, 1))
    first = Slow(pool, "first")
    crowd = [
        Slow(pool, f"{address} {n}", f"203.0.113.{address}")
        for address in range(ALL_IN_LINE // ADDRESS_IN_LINE)
        for n in range(ADDRESS_IN_LINE)
    ]
    mia = Slow(pool, "mia", "198.51.100.7")
    told = [act for act in crowd if act.future.done()]
    assert len(told) == 1 and told[0] is crowd[ADDRESS_IN_LINE - 1]
    with pytest.raises(Full):
        told[0].future.result(0)
    with pytest.raises(Full):
        Slow(pool, "one more", "203.0.113.1")
    for act in (first, mia, *crowd):
        act.end.set()
    assert first.finish() == mia.finish() == "done"


def test_what_one_more_costs_does_not_grow_with_the_line(made, monkeypatch):
    pool = made(Limit(3, 9), address=Limit(2, 9))
    acts = [Slow(pool, f"made up {n}") for n in range(2 + ADDRESS_IN_LINE)]
    looked, free = [], Pool._free
    monkeypatch.setattr(Pool, "_free", lambda self, *key: looked.append(key) or free(self, *key))
    mia = Slow(pool, "mia", "198.51.100.7")
    assert mia.finish() == "done"
    assert len(looked) < 20
    for act in acts:
        act.end.set()


def test_the_last_threads_are_for_those_who_wait_for_nobody(made):
    pool = made(Limit(2, 6), address=Limit(1, 4), spares_some=True)
    told: list[bool] = []

    class Asks(Slow):
        def _act(self) -> str:
            told.append(may_wait())
            assert may_wait() == told[-1]  # who was told yes is never told no later
            self._away = told[-1]
            return super()._act()

    def asks(person: str, address: str) -> Slow:
        one = Asks(pool, person, address)
        assert begun(one) == [True]
        return one

    here = [asks(f"one {n}", HERE) for n in range(3)]
    assert told == [True, True, True]
    refused = asks("one too many", HERE)
    assert told[-1] is False
    refused.finish()
    there = asks("from elsewhere", "198.51.100.7")
    assert told[-1] is True
    last = asks("one too many of all", "198.51.100.2")
    assert told[-1] is False
    nobody = Slow(pool, "needs nobody", "198.51.100.3")
    assert begun(nobody) == [True]
    for one in (nobody, last, here[0]):
        one.finish()
    next_one = asks("one", HERE)
    assert told[-1] is True
    for one in (*here[1:], there, next_one):
        one.finish()
