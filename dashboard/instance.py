"""The line to the configured instance: one client for the process, cached reads with "as of", and a circuit breaker.

Every room asks the instance through here. Reads may be a little old and say so; a decision about rights, and every write, uses
`connect()` and what it reads back.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard import identity, locks, marks
from dashboard.anythingllm import (
    AnythingLLMClient,
    ApiError,
    Call,
    DocumentFolder,
    InstanceMetrics,
    Invite,
    Kind,
    NotApplied,
    NotFound,
    Roster,
    SingleUserMode,
    SystemSettings,
    Unconfirmed,
    Unreachable,
    User,
    Workspace,
    WorkspaceDocument,
)
from dashboard.errors import Crowded, Declined
from dashboard.models import Witness
from dashboard.server.threads import may_wait, step_in, step_out, waiting

T = TypeVar("T")

FRESH_FOR = 30.0  # seconds for which a read is used again without asking
MEMBERS_FRESH_FOR = 300.0  # the same for member lists, which cost a call each
LIBRARY_FRESH_FOR = 60.0  # and for the library, which is read from the instance's disk
RETRY_AFTER = 5.0  # seconds after a failed read before it is tried again
READERS = 16  # workspaces asked about at a time


OUTAGES = {"Unreachable", "TimedOut"}
TROUBLES = {"KeyRefused", "NotAnythingLLM", "SingleUserMode", "ServerError", "BrokenAnswer", "TooLarge"}


# --- The circuit breaker ----------------------------------------------------------------------------------------------
class Breaker:
    """After `limit` outages within `window` seconds, or one read that timed out, lets one call through every `pause` seconds and fails
    the others at once.

    An outage is a call that got no answer. It is per process: what it saves is this process's threads.
    """

    def __init__(self, limit: int = 5, window: float = 30.0, pause: float = 2.0) -> None:
        self.limit, self.window, self.pause = limit, window, pause
        self._outages: deque[float] = deque(maxlen=limit)
        self._probed_at = 0.0
        self._lock = threading.Lock()
        self.last_error: str | None = (
            None  # the class of the last error that says something about the instance as a whole
        )
        self.heard_at: float | None = None  # monotonic time of the last answer or outage

    @property
    def open(self) -> bool:
        return len(self._outages) == self.limit and time.monotonic() - self._outages[-1] < self.window

    def before(self) -> None:
        """Raises Unreachable when the call should not be tried."""
        with self._lock:
            if self.open:
                if time.monotonic() - self._probed_at < self.pause:
                    raise Unreachable("The instance did not answer a moment ago.", sent=False)
                self._probed_at = time.monotonic()

    def after(self, error: str | None, *, probe: bool = False, read: bool = False) -> None:
        """What a call that was tried came to: the name of its error, or None. Nothing is ever wrong with a probe but the instance."""
        with self._lock:
            self.heard_at = now = time.monotonic()
            if error in OUTAGES:
                if self._outages and now - self._outages[0] > self.window and not self.open:
                    self._outages.clear()
                # Waiting in vain for a read took so long that nobody should wait for the next one, too.
                hangs = read and error == "TimedOut"
                self._outages.extend([now] * (self.limit if hangs else 1))
                self._probed_at = now  # the pause begins when the waiting is over
            else:
                self._outages.clear()
            self.last_error = error if probe or error in OUTAGES or error in TROUBLES else None


# --- The line ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What the instance said, and when. With a `problem` it is the last good answer, and nothing may be written on its strength."""

    value: T
    as_of: datetime
    problem: ApiError | None = None

    @property
    def stale(self) -> bool:
        return self.problem is not None

    @property
    def single_user(self) -> bool:
        """It answers, but has one user only: there are no people, and nothing to wait for."""
        return isinstance(self.problem, SingleUserMode)

    def certain(self) -> T:
        """The value, for what an old answer will not do for. Raises its problem."""
        if self.problem is not None:
            raise self.problem
        return self.value

    def beside(self, *others: Reading[Any] | None) -> Reading[T]:
        """The same, for a page that also shows these (None: not shown): as of the oldest of them."""
        return Reading(self.value, min([self.as_of, *(some.as_of for some in others if some)]), self.problem)


@dataclass(slots=True)
class _Shelf:
    """The last good answer to one question, and the last failure to get a newer one."""

    lock: threading.Lock
    reading: Reading[Any] | None = None
    asked_at: float = 0.0
    read_at: float = 0.0
    mark: object = None
    problem: ApiError | None = None
    failed_at: float = 0.0
    failed_mark: object = None


@dataclass(frozen=True, slots=True)
class _OfOne:
    """What was read of one workspace."""

    value: Any
    as_of: datetime
    read_at: float
    marks: tuple[object, object]


class Line:
    """The client and what was read through it. One per address and key, so that a test with another instance starts clean."""

    def __init__(self, address: str, api_key: str) -> None:
        self.breaker = Breaker()
        self.client = AnythingLLMClient(
            address, api_key, before_call=self._ask, before_write=locks.check, on_call=self._heard
        )
        self._shelves: dict[str, _Shelf] = {}
        self.of_each: dict[str, dict[int, _OfOne]] = {}
        self.witnesses: identity.Memory = {}
        self.left_out: list[str] = []
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="line")

    def _ask(self) -> None:
        self.breaker.before()
        if not may_wait():
            raise Crowded
        step_out()

    def _heard(self, call: Call) -> None:
        step_in()
        self.breaker.after(call.error, probe=call.kind is Kind.PROBE, read=call.kind is Kind.READ)

    def read(self, key: str, ask: Callable[[], T], max_age: float) -> Reading[T]:
        """The answer to a question, asked again when older than `max_age` seconds or forgotten by any process. With a `max_age` of 0 it is
        asked from now on; who wants that at the same time shares it, so that many are not kept waiting for one another.

        Raises ApiError only when there is no earlier answer to fall back on.
        """
        shelf = self._shelves.setdefault(key, _Shelf(threading.Lock()))
        mark = _mark(key)
        now = time.monotonic()
        known = shelf.reading
        forgotten = mark != shelf.mark
        if known is not None and not forgotten and now - shelf.read_at < max_age:
            return known
        # Somebody is asking already: what we know will do meanwhile, unless it is known to be wrong.
        if not shelf.lock.acquire(blocking=False):
            if known is not None and not forgotten and max_age:
                return known
            if not may_wait():
                if known is None:
                    raise Crowded
                return Reading(known.value, known.as_of, Crowded())
            with waiting():
                shelf.lock.acquire()
        try:
            newest = shelf.read_at if max_age else shelf.asked_at
            if shelf.reading is not None and shelf.mark == mark and newest > now:
                return shelf.reading
            failed_since = now - RETRY_AFTER if max_age else now
            if shelf.problem is not None and shelf.failed_mark == mark and shelf.failed_at > failed_since:
                problem = shelf.problem
            else:
                asked_at = time.monotonic()
                try:
                    value = ask()
                except Crowded as error:
                    problem = error  # others may ask
                except ApiError as error:
                    problem = shelf.problem = error
                    shelf.failed_at, shelf.failed_mark = time.monotonic(), mark
                else:
                    shelf.reading = Reading(value, timezone.now())
                    shelf.asked_at, shelf.read_at = asked_at, time.monotonic()
                    shelf.mark, shelf.problem = mark, None
                    return shelf.reading
            if shelf.reading is None:
                raise problem
            return Reading(shelf.reading.value, shelf.reading.as_of, problem)
        finally:
            shelf.lock.release()

    def holds(self, key: str, max_age: float) -> bool:
        """True when the answer is at hand, and neither older than that nor forgotten."""
        shelf = self._shelves.get(key)
        if shelf is None or shelf.reading is None or shelf.mark != _mark(key):
            return False
        return time.monotonic() - shelf.read_at < max_age

    def known(self, key: str) -> Any:
        shelf = self._shelves.get(key)
        return shelf.reading.value if shelf and shelf.reading else None

    def each(self, ask: Callable[[Workspace], T], workspaces: Sequence[Workspace]) -> list[T]:
        """The same question about many workspaces, READERS at a time; the first failure fails all."""
        if not may_wait():
            raise Crowded
        with waiting():
            return list(self._pool.map(ask, workspaces))


@cache
def _line(address: str, api_key: str) -> Line:
    return Line(address, api_key)


def line() -> Line:
    return _line(settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY)


def hang_up() -> None:
    """Drops every client and all that was read: for tests, each of which talks to an instance of its own."""
    _line.cache_clear()


def connect() -> AnythingLLMClient:
    """The client for the configured instance, with the circuit breaker in it."""
    return line().client


def _mark_key(key: str) -> str:
    return f"instance:{key}"


def _mark(key: str) -> marks.Mark:
    return marks.of([_mark_key(key)])[_mark_key(key)]


def forget(*keys: str) -> None:
    """After a write: the next read of "users", "workspaces", "invites" or "overview", in any process, asks the instance."""
    marks.renew([_mark_key(key) for key in keys])


def settled(write: Callable[[], T | None], read_back: Callable[[], T | None]) -> T:
    """Does `write` and gives what came of it: what it was answered with, else what `read_back` finds.

    Raises NotApplied when the instance said yes and nothing happened. When its answer got lost and reading back does not show that it
    was done after all, the error stands: the outcome is unknown.
    """
    lost: ApiError | None = None
    try:
        answer = write()
    except ApiError as error:
        if not error.outcome_unknown:
            raise
        answer, lost = None, error
    if answer is not None:
        return answer
    try:
        found = read_back()
    except (ApiError, Declined) as problem:
        raise lost or Unconfirmed("The change was accepted, but could not be read back.") from problem
    if found is None:
        raise lost or NotApplied("The instance accepted the change but did not make it.")
    return found


# --- What is asked often ----------------------------------------------------------------------------------------------
def users(max_age: float = FRESH_FOR) -> Reading[list[User]]:
    """All accounts of the instance, in its own order."""

    def ask() -> list[User]:
        found = connect().users.list()
        if not found:
            # A multi-user instance has at least one account; an empty list is what it answers while its database is busy.
            raise Unconfirmed("The instance answered with an empty list of users.")
        identity.judge(Witness.Kind.USER, found, line().witnesses)
        return found

    return line().read("users", ask, max_age)


ADDRESSED = re.compile(r"[-a-zA-Z0-9_]+")  # slugs that an address can hold


def workspaces(max_age: float = FRESH_FOR) -> Reading[list[Workspace]]:
    """All workspaces of the instance, with their threads but without documents and members.

    Without those whose slug no address can hold, which the instance itself never makes: `left_out()` names them.
    """

    def ask() -> list[Workspace]:
        found = connect().workspaces.list()
        if not found and line().known("workspaces"):
            users(max_age=0).certain()  # also answered empty while the database is busy, and then this read fails too
        identity.judge(Witness.Kind.WORKSPACE, found, line().witnesses)
        line().left_out = [workspace.name for workspace in found if not ADDRESSED.fullmatch(workspace.slug)]
        return [workspace for workspace in found if ADDRESSED.fullmatch(workspace.slug)]

    return line().read("workspaces", ask, max_age)


def confirm(max_age: float) -> None:
    """Makes sure that this is the instance that the records are about. Raises AnotherInstance, and ApiError when nothing tells."""
    users(max_age).certain()
    workspaces(max_age).certain()


def roster(max_age: float = 0) -> Roster:
    """Users and workspaces, read within `max_age` seconds and held against the witnesses. Raises AnotherInstance, and ApiError."""
    listed, rooms = users(max_age).certain(), workspaces(max_age).certain()
    return Roster(frozenset(user.id for user in listed), {room.id: room.slug for room in rooms})


def left_out() -> list[str]:
    """The names of workspaces that were listed last and can have no page."""
    return line().left_out


def members(max_age: float = MEMBERS_FRESH_FOR) -> Reading[dict[int, tuple[int, ...]]]:
    """The user ids listed as members of each workspace, by workspace id: one call per workspace, there is no shorter way."""

    def ask(workspace: Workspace) -> tuple[int, ...]:
        return tuple(sorted(member.user_id for member in connect().memberships.read(workspace.id)))

    return _of_each("members", ask, max_age)


def members_of(workspace_id: int) -> tuple[int, ...]:
    """The user ids listed as members of one workspace, asked now. When they differ from what was known, every process is told. Raises ApiError."""
    listed = tuple(sorted(member.user_id for member in connect().memberships.read(workspace_id)))
    known = line().of_each.get("members", {}).get(workspace_id)
    if known is not None and known.value != listed:
        forget_members(workspace_id)
    return listed


def members_known() -> bool:
    """True when members() can answer without a call per workspace."""
    return line().holds("members", MEMBERS_FRESH_FOR)


def member_marks(workspace_ids: Collection[int]) -> dict[int, object]:
    """By workspace id, what becomes another one when its members are forgotten, in any process."""
    keys = {workspace_id: _mark_key(f"members:{workspace_id}") for workspace_id in workspace_ids}
    found = marks.of([_mark_key("members:all"), *keys.values()]) if keys else {}
    return {workspace_id: (found[_mark_key("members:all")], found[key]) for workspace_id, key in keys.items()}


def forget_members(*workspace_ids: int) -> None:
    """After a change of members: the next read, in any process, asks for the lists of these workspaces (none given: of all) again."""
    _forget_each("members", workspace_ids)


def workspace_documents(max_age: float = MEMBERS_FRESH_FOR) -> Reading[dict[int, tuple[WorkspaceDocument, ...]]]:
    """The documents embedded in each workspace, by workspace id: one call per workspace, as for members."""

    def ask(workspace: Workspace) -> tuple[WorkspaceDocument, ...]:
        try:
            return tuple(sorted(connect().workspaces.get_documents(workspace.slug), key=attrgetter("id")))
        except NotFound:
            users(max_age=0).certain()  # also answered empty while the database is busy, and then this read fails too
            return ()  # deleted since the workspaces were listed

    return _of_each("documents", ask, max_age)


def document_counts(max_age: float = MEMBERS_FRESH_FOR) -> Reading[dict[int, int]]:
    """How many documents each workspace has, by workspace id."""
    reading = workspace_documents(max_age)
    counts = {workspace_id: len(documents) for workspace_id, documents in reading.value.items()}
    return Reading(counts, reading.as_of, reading.problem)


def document_counts_known() -> bool:
    """True when document_counts() can answer without a call per workspace."""
    return line().holds("documents", MEMBERS_FRESH_FOR)


def forget_documents(*workspace_ids: int) -> None:
    """After a change of documents, as `forget_members`."""
    _forget_each("documents", workspace_ids)


def library(max_age: float = LIBRARY_FRESH_FOR) -> Reading[list[DocumentFolder]]:
    """All documents there are, by folder: one call, for which the instance opens every file. Forgotten as "library"."""

    def ask() -> list[DocumentFolder]:
        found = connect().documents.get_folders()
        if not any(folder.documents for folder in found) and line().known("library"):
            users(max_age=0).certain()  # also answered empty while the database is busy, and then this read fails too
        return found

    return line().read("library", ask, max_age)


def library_known(max_age: float = LIBRARY_FRESH_FOR) -> bool:
    """True when library() and workspace_documents() can answer without asking."""
    return line().holds("library", max_age) and document_counts_known()


def _of_each(what: str, ask: Callable[[Workspace], T], max_age: float) -> Reading[dict[int, T]]:
    """What is asked of every workspace by itself, by workspace id. Only what is too old or was forgotten is read again; `as_of` is the
    time of the oldest. What was changed on the instance itself is told to the other processes by the first that sees it: else a page
    would show now this, now that, as long as each believes what it read.
    """
    kept = line().of_each.setdefault(what, {})

    def ask_all() -> dict[int, T]:
        there = {workspace.id: workspace for workspace in workspaces().value}
        keys = {workspace_id: _mark_key(f"{what}:{workspace_id}") for workspace_id in there}
        of_all = _mark_key(f"{what}:all")
        found = marks.of([of_all, *keys.values()])
        wanted: dict[int, tuple[object, object]] = {i: (found[of_all], found[keys[i]]) for i in there}
        now = time.monotonic()
        old = [i for i in there if i not in kept or kept[i].marks != wanted[i] or now - kept[i].read_at >= max_age]

        def read(workspace: Workspace) -> _OfOne:
            return _OfOne(ask(workspace), timezone.now(), time.monotonic(), wanted[workspace.id])

        before = {i: kept[i].value for i in old if i in kept}
        kept.update(zip(old, line().each(read, [there[i] for i in old]), strict=True))
        changed = [i for i, value in before.items() if kept[i].value != value]
        if changed:
            _forget_each(what, changed)
        for workspace_id in kept.keys() - there.keys():
            del kept[workspace_id]
        return {workspace_id: kept[workspace_id].value for workspace_id in there}

    reading = line().read(what, ask_all, max_age)
    as_of = min((some.as_of for some in list(kept.values())), default=reading.as_of)
    return Reading(reading.value, as_of, reading.problem)


def _forget_each(what: str, workspace_ids: Sequence[int]) -> None:
    forget(what, *(f"{what}:{workspace_id}" for workspace_id in workspace_ids or ("all",)))


def invites(max_age: float = FRESH_FOR) -> Reading[list[Invite]]:
    """All invites of the instance, in every state."""
    return line().read("invites", lambda: connect().admin.get_invites(), max_age)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the instance says of itself. `version` is None when it does not tell (most deployments do not)."""

    multi_user: bool
    settings: SystemSettings
    metrics: InstanceMetrics
    vector_count: int

    @property
    def version(self) -> str | None:
        return self.metrics.app_version


def overview(max_age: float = 300.0) -> Reading[Overview]:
    """Version, mode, model, embedder and vectors of the instance."""

    def ask() -> Overview:
        client = connect()
        return Overview(
            client.admin.is_multi_user_mode(),
            client.system.get_settings(),
            client.system.metrics(),
            client.system.vector_count(),
        )

    return line().read("overview", ask, max_age)


def version() -> str | None:
    """The instance's version as far as it is known, for rules that differ between versions; never fails."""
    try:
        return overview().value.version
    except ApiError:
        return None


@dataclass(frozen=True, slots=True)
class Entrance:
    """How people can get in to the instance: by a password (and so by an invite, too), by a sign-in link that Foyer asks for."""

    password_login: bool
    sso: bool


def entrance(max_age: float = 300.0) -> Reading[Entrance]:
    """What the instance's environment allows; nothing tells but trying."""

    def ask() -> Entrance:
        client = connect()
        return Entrance(client.invites.can_be_accepted(), client.users.offers_login_tokens())

    return line().read("entrance", ask, max_age)


def signs_in_at_once() -> bool:
    """Whether the instance lets us open it for somebody without their password."""
    try:
        return entrance().value.sso
    except ApiError:
        return False


def public_path(slug: str = "", thread: str = "") -> str:
    """The path of a workspace, or of a thread in it, on AnythingLLM's own pages."""
    path = f"/workspace/{quote(slug, safe='')}" if slug else "/"
    return f"{path}/t/{quote(thread, safe='')}" if slug and thread else path


def readable_endings(max_age: float = 3600.0) -> Reading[tuple[str, ...]]:
    """The endings of file names that the instance has a reader for, such as ".pdf". Others it takes when they look like plain text.

    While its reader of documents is down it does not know of this question: NotFound.
    """

    def ask() -> tuple[str, ...]:
        types = connect().documents.accepted_types()
        return tuple(dict.fromkeys(ending.lower() for endings in types.values() for ending in endings))

    return line().read("readable_endings", ask, max_age)


# --- The light --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Light:
    """The instance's state as the last call showed it. `tone` is ok, warn, error or quiet (nothing asked yet)."""

    tone: str
    label: str


def light(probe: bool = False) -> Light:
    """The light in the top bar; with `probe`, the instance is asked when nothing was heard of it for half a minute."""
    breaker = line().breaker
    if probe and (breaker.heard_at is None or time.monotonic() - breaker.heard_at > FRESH_FOR):
        with suppress(ApiError):  # the breaker has heard it
            connect().system.get_health()
    if breaker.heard_at is None:
        return Light("quiet", _("AnythingLLM: not asked yet"))
    if breaker.last_error is None:
        return Light("ok", _("AnythingLLM answers"))
    if breaker.last_error in OUTAGES:
        return Light("error", _("AnythingLLM does not answer"))
    return Light("warn", _("AnythingLLM answers, but not as it should"))
