"""A hundred people at once: python -m bench load [--people 100] [--seconds 180] [--pause 10 30] [--database sqlite]

Foyer's real server, its real worker and the stand-in, which takes 50 ms for every answer, each a process of its own. Everybody has a session of
their own and walks through the rooms as their role does (bench/crowd.py); afterwards the instance is asked whether all that Foyer said is so.
Once with SQLite and once with PostgreSQL, which is started for it where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import stage
from bench.crowd import PASSWORD, Person, Place, Promises, Tally
from bench.postgres import binaries, postgresql
from bench.stage import KEY, Server, configure, foyer, stand_in, worker

TEAM = {"users": 1_000, "workspaces": 40, "documents": 300}
SHARES = {"admin": 0.06, "manager": 0.24, "default": 0.7}
TAKES = 0.05  # seconds, the instance for each answer
ARRIVALS = 4  # people who sign in at a time
SAMPLE = 10.0  # seconds
QUIET_WITHIN = 180.0  # seconds after which the last job must have ended
FLAT = 1.05  # the last third of the time beside the one before


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench load")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--pause", type=float, nargs=2, default=(10, 30), help="seconds between two clicks: from, to")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="default: both, one after the other")
    options = parser.parse_args(arguments)
    if options.database is None:
        for name in ("sqlite", "postgresql"):
            subprocess.run([sys.executable, "-m", "bench", "load", *arguments, "--database", name], check=True)
        return
    with tempfile.TemporaryDirectory() as data, ExitStack() as things:
        server = None
        os.environ["DATABASE_URL"] = ""  # SQLite in the directory of this run
        if options.database == "postgresql":
            programs = binaries()
            if programs is None:
                print("\nLoad with PostgreSQL: not measured, because it is not installed (apt-get install postgresql).")
                return
            os.environ["DATABASE_URL"], server = things.enter_context(postgresql(programs))
        stage.use_settings(data)
        run(options, Path(data), server)


def run(options: argparse.Namespace, data: Path, database: subprocess.Popen[bytes] | None) -> None:
    logs = {name: data / f"{name}.log" for name in ("web", "worker")}
    with ExitStack() as servers:
        instance = servers.enter_context(stand_in(**TEAM))
        people, workspaces = hire(instance, options.people)
        configure(instance, latency=TAKES)
        web = servers.enter_context(foyer(instance, log=logs["web"]))
        works = servers.enter_context(worker(instance, log=logs["worker"]))
        place = Place(web, Tally(), Promises(), workspaces, tuple(options.pause))
        crowd = [Person(place, name, role, n, theirs) for n, (name, role, theirs) in enumerate(people)]
        arrive(crowd)
        samples = Samples({"web": web, "worker": works, "stand-in": instance}, database)
        live(crowd, options.seconds, samples)
        quiet = settle()
        found = [*quiet, *untruths(instance, place.promises)]
    noted = {name: lines(log) for name, log in logs.items()}
    report(options, place, samples, noted, found)


# --- Before -----------------------------------------------------------------------------------------------------------
def hire(instance: Server, count: int) -> tuple[list[tuple[str, str, list[int]]], list[int]]:
    """The people, each with name, role, and the ids of those whom they look after; and the ids of the workspaces."""
    from dashboard.anythingllm import AnythingLLMClient

    client = AnythingLLMClient(instance.url, KEY)
    looked_after = [user.id for user in client.users.list() if user.role == "default" and not user.suspended]
    workspaces = [workspace.id for workspace in client.workspaces.list()]
    roles = [role for role, share in SHARES.items() for _ in range(round(share * count))]
    people, busy = [], sum(role != "default" for role in roles)
    for number, role in enumerate(roles):
        account = client.users.create(f"load.{number}", PASSWORD, role)
        people.append((account.username, role, looked_after[number::busy] if role != "default" else []))
        if role == "default":
            client.memberships.add(workspaces[number % (len(workspaces) - 1)], [account.id])
            client.memberships.add(workspaces[0], [account.id])
    return people, workspaces


def arrive(crowd: Sequence[Person]) -> None:
    """Everybody signs in, before the time begins."""
    with ThreadPoolExecutor(ARRIVALS) as door:
        list(door.map(Person.sign_in, crowd))


# --- While ------------------------------------------------------------------------------------------------------------
@dataclass
class Samples:
    """Memory and threads of the servers, one line each SAMPLE seconds, and what everybody's processors did."""

    servers: dict[str, Server]
    database: subprocess.Popen[bytes] | None
    megabytes: dict[str, list[float]] = field(default_factory=dict)
    threads: dict[str, list[int]] = field(default_factory=dict)
    worked: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        self._before, self._began = self._work(), time.monotonic()

    def take(self) -> None:
        for name, server in self.servers.items():
            self.megabytes.setdefault(name, []).append(server.megabytes())
            self.threads.setdefault(name, []).append(server.threads())

    def end(self) -> None:
        self.seconds = time.monotonic() - self._began
        self.worked = {name: now - self._before.get(name, 0.0) for name, now in self._work().items()}

    def _work(self) -> dict[str, float]:
        """Seconds of processor time so far, by whom; "machine": by anybody."""
        found = {name: server.worked() / 1000 for name, server in self.servers.items()}
        found["people"] = time.process_time()
        if self.database:
            found["PostgreSQL"] = sum(_of_family(self.database.pid))
        ticks = [int(some) for some in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
        found["machine"] = (sum(ticks[:3]) + sum(ticks[5:8])) / os.sysconf("SC_CLK_TCK")
        return found


def _of_family(parent: int) -> Iterator[float]:
    """Seconds of processor time of a process and of each child that it has or had."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # has ended since
        if parent in (int(place.parts[2]), int(fields[1])):
            yield sum(int(some) for some in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def live(crowd: Sequence[Person], seconds: float, samples: Samples) -> None:
    place = crowd[0].place
    place.until = time.monotonic() + seconds
    threads = [threading.Thread(target=person.live, name=person.name) for person in crowd]
    samples.begin()
    for thread in threads:
        thread.start()
    while (left := place.until - time.monotonic()) > 0:
        time.sleep(min(SAMPLE, left))
        samples.take()
    for thread in threads:
        thread.join()
    samples.end()


# --- After ------------------------------------------------------------------------------------------------------------
def settle() -> list[str]:
    """Waits for the last jobs, and says what has not come to a good end."""
    from dashboard.audit.models import AuditEvent, Outcome
    from dashboard.chat.models import Turn, TurnState
    from dashboard.invites.models import Joining, JoiningState
    from dashboard.jobs.models import OPEN, ItemState, Job, JobItem
    from dashboard.models import Lease

    deadline = time.monotonic() + QUIET_WITHIN
    while Job.objects.filter(state__in=OPEN).exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(2.0)  # what ends with them
    left = {
        "jobs have not ended": Job.objects.filter(state__in=OPEN),
        "items of jobs were not done": JobItem.objects.exclude(state=ItemState.DONE),
        "acts of the ledger did not end well": AuditEvent.objects.exclude(outcome=Outcome.OK),
        "questions were not answered to their end": Turn.objects.exclude(state__in=(TurnState.DONE, TurnState.WAITING)),
        "joinings were not done": Joining.objects.exclude(state=JoiningState.DONE),
        "locks are held": Lease.objects.all(),
    }
    counted = {what: rows.count() for what, rows in left.items()}
    return [f"{count} {what}" for what, count in counted.items() if count]


def untruths(instance: Server, promised: Promises) -> Iterator[str]:
    """Each promise that the instance, or Foyer's own database, does not bear out."""
    from dashboard.anythingllm import AnythingLLMClient
    from dashboard.chatlog import sync
    from dashboard.chatlog.models import Exchange
    from dashboard.invites.models import Link

    configure(instance, latency=0)
    os.environ["ANYTHINGLLM_URL"] = instance.url
    client = AnythingLLMClient(instance.url, KEY)
    users = client.users.list()
    by_id, names = {user.id: user for user in users}, Counter(user.username for user in users)
    yield from (f"user {i}: not the note that was saved" for i, bio in promised.bios.items() if by_id[i].bio != bio)
    for user_id, suspended in promised.suspended.items():
        if by_id[user_id].suspended != suspended:
            yield f"user {user_id}: suspended should be {suspended}"

    workspaces = client.workspaces.list()
    members = {some.id: [member.user_id for member in client.memberships.read(some.id)] for some in workspaces}
    for (workspace_id, user_id), has in promised.members.items():
        if members[workspace_id].count(user_id) != has:
            yield f"user {user_id} in workspace {workspace_id}: should be {has}"

    for label in promised.links:
        if Link.objects.filter(label=label).count() != 1:
            yield f"{label}: not there, or more than once"
    ids = {user.username: user.id for user in users}
    for name, workspace_id in promised.joined.items():
        if names[name] != 1 or members[workspace_id].count(ids[name]) != 1:
            yield f"{name}: no account, or not in workspace {workspace_id}"
    used = {invite.claimed_by.id for invite in client.admin.get_invites() if invite.claimed_by}
    yield from (f"{name}: no invite of theirs" for name in promised.joined if ids.get(name) not in used)

    library = Counter(document.title for folder in client.documents.get_folders() for document in folder.documents)
    held = Counter((some.id, doc.title) for some in workspaces for doc in client.workspaces.get_documents(some.slug))
    for title, workspace_ids in promised.documents.items():
        if library[title] != 1:
            yield f"{title}: {library[title]} times in the library"
        wrong = {i for i in workspace_ids if held[i, title] != 1} | {
            i for (i, some), _n in held.items() if some == title and i not in workspace_ids
        }
        yield from (f"{title}: {held[i, title]} times in workspace {i}" for i in wrong)

    log = list(whole_log(client))
    asked, numbers = Counter(record.prompt for record in log), {record.prompt: record.id for record in log}
    for text, number in promised.questions.items():
        if asked[text] != 1 or numbers[text] != number:
            yield f"{text}: {asked[text]} times in the instance's log"
    from django.conf import settings

    settings.ANYTHINGLLM_URL = instance.url
    while not sync.update(60):
        pass
    here = dict(Exchange.objects.values_list("pk", "prompt"))
    if here != {record.id: record.prompt for record in log}:
        yield f"the log of chats has {len(here)} lines here and {len(log)} on the instance"


def whole_log(client: object) -> Iterator[object]:
    page, more = 0, True
    while more:
        read = client.admin.chat_log(page)
        yield from read.records
        page, more = page + 1, read.has_more


def lines(log: Path) -> Counter[str]:
    """What a server had to say: it writes nothing below a warning."""
    found: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        try:
            said = json.loads(line)
            cause = said.get("exc_info", "").strip().rpartition("\n")[2] or said.get("cause", "")
            found[" ".join(filter(None, (said["level"], said["logger"], said["message"], cause)))[:300]] += 1
        except ValueError:
            found[line[:300]] += 1
    return found


# --- What came of it --------------------------------------------------------------------------------------------------
def report(
    options: argparse.Namespace, place: Place, samples: Samples, noted: dict[str, Counter[str]], untrue: list[str]
) -> None:
    low, high = options.pause
    print(f"\nLoad with {options.database}: {options.people} people for {options.seconds} s,", end=" ")
    print(f"{low:g} to {high:g} s between two clicks, {TAKES * 1000:.0f} ms for each answer of the instance")
    report_requests(place.tally, samples.seconds)
    for name in ("web", "worker"):
        report_memory(name, samples.megabytes[name], samples.threads[name])
    worked = dict(samples.worked)
    others = worked.pop("machine") - sum(worked.values())
    shares = ", ".join(f"{name} {spent / samples.seconds:.2f}" for name, spent in worked.items())
    print(f"  processors at work, of {os.cpu_count()}: {shares}; others on the machine {others / samples.seconds:.2f}")
    for name, said in noted.items():
        locked = sum(count for line, count in said.items() if "database is locked" in line)
        print(f"  log of the {name}: {said.total()} lines of a warning or worse, {locked} with 'database is locked'")
        for line, count in said.most_common(10):
            print(f"    {count} times {line}")
    print(f"  told: {place.promises.counted()}")
    print(
        f"  {'NOT ALL OF IT IS SO' if untrue else 'and all of it is so afterwards, each once; every job and act has ended well'}"
    )
    for sentence in untrue[:20]:
        print(f"    {sentence}")


def report_requests(tally: Tally, seconds: float) -> None:
    wrong = Counter[str]()
    for (kind, _sentence), count in tally.wrong.items():
        wrong[kind] += count
    print(f"  {'':<24} {'number':>7} {'p50 ms':>8} {'p95 ms':>8} {'most':>8} {'wrong':>6}")
    for kind in sorted(tally.times.keys() | wrong.keys()):
        print(f"  {kind:<24} {row(tally.times.get(kind, []))} {wrong[kind]:>6}")
    # Before the time are those who sign in; how long a whole answer takes is the model's business.
    apart = ("sign in", "chat: whole")
    within = [took for kind, times in tally.times.items() if not kind.startswith(apart) for took in times]
    print(f"  {'all within the time':<24} {row(within)} {wrong.total():>6}")
    print(f"  {len(within) / seconds:.1f} requests a second")
    for (kind, sentence), count in tally.wrong.most_common(20):
        print(f"    WRONG, {count} times, {kind}: {sentence}")


def report_memory(name: str, megabytes: list[float], threads: list[int]) -> None:
    third = len(megabytes) // 3 or 1
    middle, last = statistics.mean(megabytes[-2 * third : -third] or megabytes), statistics.mean(megabytes[-third:])
    print(
        f"  memory of the {name}: {megabytes[0]:.0f} MB at first, {middle:.0f} in the second third of the time, {last:.0f} in the last:"
        f" {'flat' if last <= middle * FLAT else 'NOT FLAT'}; {max(threads)} threads at most"
    )


def row(times: Iterable[float]) -> str:
    found = sorted(took * 1000 for took in times)
    if not found:
        return f"{0:>7} {'':>8} {'':>8} {'':>8}"
    p95 = found[min(len(found) - 1, int(len(found) * 0.95))]
    return f"{len(found):>7} {statistics.median(found):>8.0f} {p95:>8.0f} {found[-1]:>8.0f}"
