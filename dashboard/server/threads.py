"""Threads for views: a few work at a time, and no person and no address has all of them.

A thread that waits for the instance, or for a lock that somebody else holds, is not working: another request goes on meanwhile. Whoever has
as many as one may have waits in line, outside of the threads; persons take turns there.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")

IDLE = 5.0  # seconds after which a thread ends that was only needed while others waited
IN_LINE = 100  # requests of one person
NOTED_EVERY = 60.0  # seconds between two lines of the log that say that all threads are taken

log = logging.getLogger("dashboard.server")


class Full(Exception):
    """So many requests of this person are waiting that no more are taken."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Threads at a time: those that work, and those as well that wait for somebody else."""

    working: int
    held: int


@dataclass(frozen=True, slots=True)
class Who:
    """Whose request it is, as far as can be told before a session is looked for."""

    person: Hashable
    address: str


@dataclass(slots=True, eq=False)
class _Job:
    who: Who
    limits: tuple[tuple[Hashable, Limit], ...]
    act: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)
    away: int = 0


_thread = threading.local()


class Pool:
    """`submit` from any thread. Threads begin when they are needed."""

    def __init__(self, name: str, everybody: Limit, person: Limit | None = None, address: Limit | None = None) -> None:
        self.name = name
        self._everybody, self._person, self._address = everybody, person or everybody, address or everybody
        self._lock = threading.Lock()
        self._working: Counter[Hashable] = Counter()
        self._held: Counter[Hashable] = Counter()
        self._line: OrderedDict[Hashable, deque[_Job]] = OrderedDict()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._noted = 0.0

    def submit(self, who: Who, act: Callable[[], T]) -> Future[T]:
        """As soon as the limits allow it. Raises Full."""
        limits = ((None, self._everybody), (("person", who.person), self._person), (who.address, self._address))
        job = _Job(who, limits, act)
        with self._lock:
            line = self._line.setdefault(who.person, deque())
            if len(line) >= IN_LINE:
                raise Full
            line.append(job)
            self._admit()
            if taken := self._working[None] >= self._everybody.working and who.person in self._line:
                waiting = sum(map(len, self._line.values()))
        if taken and time.monotonic() - self._noted > NOTED_EVERY:
            self._noted = time.monotonic()
            log.warning("all threads are taken", extra={"pool": self.name, "in_line": waiting})
        job.future.add_done_callback(lambda future: self._leave(job) if future.cancelled() else None)
        return job.future

    def close(self) -> None:
        """Threads end when what they are at is done."""
        with self._lock:
            for _number in range(self._threads):
                self._jobs.put(None)

    # --- Under the lock ---------------------------------------------------------------------------------------------------
    def _admit(self) -> None:
        """Begins what may begin: of each person in line one, then the next of each."""
        begun = True
        while begun:
            begun = False
            for person, line in list(self._line.items()):
                if not all(self._free(key, limit) for key, limit in line[0].limits):
                    continue
                job = line.popleft()
                if line:
                    self._line.move_to_end(person)
                else:
                    del self._line[person]
                begun = True
                if not job.future.set_running_or_notify_cancel():
                    continue
                for key, _limit in job.limits:
                    self._working[key] += 1
                    self._held[key] += 1
                self._jobs.put(job)
                if self._threads < self._held[None]:
                    self._threads += 1
                    threading.Thread(target=self._work, name=self.name).start()

    def _free(self, key: Hashable, limit: Limit) -> bool:
        return self._working[key] < limit.working and self._held[key] < limit.held

    def _count(self, counter: Counter[Hashable], job: _Job, change: int) -> None:
        for key, _limit in job.limits:
            counter[key] += change
            if not counter[key]:
                del counter[key]  # else everybody who ever came would be kept

    # --- Without it -------------------------------------------------------------------------------------------------------
    def _leave(self, job: _Job) -> None:
        """Whoever has left waits in line no more."""
        with self._lock:
            line = self._line.get(job.who.person)
            if line and job in line:
                line.remove(job)
                if not line:
                    del self._line[job.who.person]

    def _step(self, job: _Job, change: int) -> None:
        with self._lock:
            self._count(self._working, job, change)
            if change < 0:
                self._admit()

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=IDLE)
            except queue.Empty:
                with self._lock:
                    if self._threads <= self._everybody.working or not self._jobs.empty():
                        continue
                    self._threads -= 1
                break
            if job is None:
                with self._lock:
                    self._threads -= 1
                break
            self._run(job)
            del job  # while the thread waits, what it did is kept by nobody
        connections.close_all()

    def _run(self, job: _Job) -> None:
        result: Any = None
        failure: BaseException | None = None
        _thread.at = self, job
        try:
            result = job.act()
        except BaseException as error:  # whoever waits for it gets it
            failure = error
        del _thread.at
        with self._lock:
            self._count(self._working, job, -1)
            self._count(self._held, job, -1)
            self._admit()
        if failure is not None:
            job.future.set_exception(failure)
        else:
            job.future.set_result(result)


# --- In a thread of a pool, or in any other ---------------------------------------------------------------------------
def step_out() -> None:
    """From now on this thread waits for somebody else. To be followed by `step_in`; may be nested."""
    if at := _at():
        pool, job = at
        job.away += 1
        if job.away == 1:
            pool._step(job, -1)


def step_in() -> None:
    """It works again, at once: were it to wait here with a lock in its hand, those who wait for the lock would have the threads."""
    if at := _at():
        pool, job = at
        job.away -= 1
        if not job.away:
            pool._step(job, 1)


def _at() -> tuple[Pool, _Job] | None:
    return getattr(_thread, "at", None)


@contextmanager
def waiting() -> Iterator[None]:
    step_out()
    try:
        yield
    finally:
        step_in()
