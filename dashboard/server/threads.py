"""Threads for views: a few work at a time, and no person and no address has all of them.

A thread that waits for the instance, or for a lock that somebody else holds, is not working: another request goes on meanwhile. Whoever has
as many as one may have waits in line, outside of the threads: addresses take turns there, and at each address its persons. The line has an
end for each of them and in all, and what it costs to go on does not grow with it: anybody can make up persons.
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
ADDRESS_IN_LINE = 200  # of one address
ALL_IN_LINE = 1000  # of everybody; then the longest line of an address becomes shorter
NOTED_EVERY = 60.0  # seconds between two lines of the log that say that all threads are taken

log = logging.getLogger("dashboard.server")


class Full(Exception):
    """So many requests of this person, of this address or of everybody are waiting that this one is not taken."""


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
    may_wait: bool = False


_thread = threading.local()


class Pool:
    """`submit` from any thread. Threads begin when they are needed. With `spares_some` as many as may work are kept for those who wait for
    nobody, of all threads and of an address's: `may_wait` says no to more.
    """

    def __init__(
        self,
        name: str,
        everybody: Limit,
        person: Limit | None = None,
        address: Limit | None = None,
        *,
        spares_some: bool = False,
    ) -> None:
        self.name = name
        self._everybody, self._person, self._address = everybody, person or everybody, address or everybody
        self._spares_some = spares_some
        self._lock = threading.Lock()
        self._working: Counter[Hashable] = Counter()
        self._held: Counter[Hashable] = Counter()
        self._may_wait: Counter[Hashable] = Counter()
        self._line: OrderedDict[str, OrderedDict[Hashable, deque[_Job]]] = OrderedDict()  # by address and person
        self._waiting: Counter[Hashable] = Counter()  # how many are in line, by the keys of the limits
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._noted = 0.0

    def submit(self, who: Who, act: Callable[[], T]) -> Future[T]:
        """As soon as the limits allow it. Raises Full. A future that was given before raises it, too, when its job has to leave a full line."""
        limits = ((None, self._everybody), (("person", who.person), self._person), (who.address, self._address))
        job = _Job(who, limits, act)
        with self._lock:
            displaced = self._make_room(who)
            self._line.setdefault(who.address, OrderedDict()).setdefault(who.person, deque()).append(job)
            self._count(self._waiting, job, 1)
            self._admit()
            waiting = self._waiting[None] if self._working[None] >= self._everybody.working else 0
        if displaced and displaced.future.set_running_or_notify_cancel():
            displaced.future.set_exception(Full())
        if waiting and time.monotonic() - self._noted > NOTED_EVERY:
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
    def _make_room(self, who: Who) -> _Job | None:
        """For one more in line. Gives the job that has to leave for it, the last of the longest line; raises Full when there is none."""
        if self._waiting["person", who.person] >= IN_LINE or self._waiting[who.address] >= ADDRESS_IN_LINE:
            raise Full
        if self._waiting[None] < ALL_IN_LINE:
            return None
        longest = max(self._line, key=self._waiting.__getitem__)
        if self._waiting[longest] <= self._waiting[who.address] + 1:
            raise Full
        job = self._line[longest][next(reversed(self._line[longest]))][-1]
        self._remove(job)
        return job

    def _admit(self) -> None:
        """Begins what may begin."""
        while self._free(None, self._everybody) and (job := self._next()):
            self._remove(job)
            if job.who.address in self._line:
                self._line.move_to_end(job.who.address)
                if job.who.person in self._line[job.who.address]:
                    self._line[job.who.address].move_to_end(job.who.person)
            if not job.future.set_running_or_notify_cancel():
                continue
            self._count(self._working, job, 1)
            self._count(self._held, job, 1)
            self._jobs.put(job)
            if self._threads < self._held[None]:
                self._threads += 1
                threading.Thread(target=self._work, name=self.name).start()

    def _next(self) -> _Job | None:
        """Whose turn it is. Only those are passed over who have as many threads as they may have, and these are few."""
        for address, persons in self._line.items():
            if self._free(address, self._address):
                for person, line in persons.items():
                    if self._free(("person", person), self._person):
                        return line[0]
        return None

    def _remove(self, job: _Job) -> None:
        """Out of the line."""
        persons = self._line[job.who.address]
        persons[job.who.person].remove(job)
        self._count(self._waiting, job, -1)
        if not persons[job.who.person]:
            del persons[job.who.person]
        if not persons:
            del self._line[job.who.address]

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
            persons = self._line.get(job.who.address)
            if persons and job in persons.get(job.who.person, ()):
                self._remove(job)

    def _let_wait(self, job: _Job) -> bool:
        with self._lock:
            if not job.may_wait:
                parts = ((None, self._everybody), (job.who.address, self._address))
                if self._spares_some and any(self._may_wait[key] >= of.held - of.working for key, of in parts):
                    return False
                job.may_wait = True
                self._count(self._may_wait, job, 1)
            return True

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
            if job.may_wait:
                self._count(self._may_wait, job, -1)
            self._admit()
        if failure is not None:
            job.future.set_exception(failure)
        else:
            job.future.set_result(result)


# --- In a thread of a pool, or in any other ---------------------------------------------------------------------------
def may_wait() -> bool:
    """To be asked before this thread waits for what may take long. Who was told yes may wait again and again, so that nothing is left half done."""
    at = _at()
    return at is None or at[0]._let_wait(at[1])


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
