"""What is under way when something is killed: each work is begun by people at their browsers, and compared with the truth when it is over.

No two works touch the same account, cell of access, document or link, so that each knows what must have come of it.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any, ClassVar

from django.db.models import Q

from dashboard.access.models import AccessChange, AccessSet, Grant, Reason
from dashboard.accounts.models import Operator
from dashboard.documents.models import Batch, Incoming, Stored
from dashboard.documents.paths import pair_key
from dashboard.invites import codes, services
from dashboard.invites.models import WITH_ACCOUNT, Joining, JoiningState, Link
from dashboard.jobs.models import UNFINISHED, ItemState, Job, JobItem, JobState
from dashboard.jobs.passwords import password_for
from tests.kills.processes import Browser, Foyer, Left, StandIn

SECRET = "a-very-long-password"
HIDDEN = re.compile(r'<input type="hidden" name="seen" value="([^"]*)"')


class Scene:
    """Where it happens, what was so at the beginning, and what has to be added to that for what was asked since."""

    def __init__(self, foyer: Foyer, standin: StandIn, ada: Operator, session: str, chance: Random) -> None:
        self.foyer, self.standin, self.ada, self.chance = foyer, standin, ada, chance
        self._session = session
        self.workspaces = [i for (i,) in standin.rows("SELECT id FROM workspaces ORDER BY id")]
        self.people = standin.rows("SELECT id, username FROM users WHERE role = 'default' ORDER BY id")
        self.users, self.members = standin.users(), standin.members()
        self.embedded, self.passages = standin.embedded(), standin.passages()
        self.invites = len(standin.invites())
        self.touched: set[tuple[int, int]] = set()  # cells of access
        self.works: list[Work] = []
        self._threads = ThreadPoolExecutor(60)

    def adas_browser(self) -> Browser:
        return Browser(self.foyer, self._session)

    def meanwhile(self, act: Any, *arguments: Any) -> Future[None]:
        return self._threads.submit(act, *arguments)

    def begin(self, kind: type[Work]) -> Work:
        work = kind(self, len(self.works))
        self.works.append(work)
        self.foyer.note(f"{work.name} begins")
        work.begin()
        return work

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


class Work:
    kind: ClassVar[str]
    size: ClassVar[int]  # steps, as `progress` counts them
    worker_does_it: ClassVar[bool] = True
    compared = False

    def __init__(self, scene: Scene, number: int) -> None:
        self.scene, self.number, self.name = scene, number, f"{self.kind} {number}"
        self.futures: list[Future[None]] = []

    def begin(self) -> None: ...

    def progress(self) -> int:
        return self.items().exclude(state__in=UNFINISHED).count()

    def has_come_to(self, steps: int) -> bool:
        """Raises what went wrong for the people who began it, instead of waiting for what nobody does."""
        self.people_are_done()
        return self.progress() >= steps

    def items(self) -> Any:
        """The items of its jobs."""

    def people_are_done(self) -> bool:
        for future in self.futures:
            if future.done():
                future.result()
        return all(future.done() for future in self.futures)

    def is_over(self) -> bool:
        return (
            self.people_are_done()
            and not Job.objects.filter(items__in=self.items()).exclude(state=JobState.DONE).exists()
        )

    def compare(self) -> None: ...

    def did(self, *states: ItemState) -> list[JobItem]:
        """Its items, all of which ended well."""
        items = list(self.items().select_related("job"))
        assert {item.state for item in items} <= set(states), [f"{i.label}: {i.state} {i.message}" for i in items]
        return items


class Import(Work):
    kind, size = "import", 30

    def begin(self) -> None:
        self.names = [f"new-{self.number}-{n:02}" for n in range(self.size)]
        self.futures = [self.scene.meanwhile(self._send)]

    def _send(self) -> None:
        browser = self.scene.adas_browser()
        lines = [f"{name},default,{n + 1},Number {n}" for n, name in enumerate(self.names)]
        text = "\n".join(["name,role,limit,about", *lines])
        preview = browser.post("/users/import/", {"text": text}).headers["Location"]
        assert browser.post(preview, {}).headers["Location"].startswith("/jobs/")

    def items(self) -> Any:
        return JobItem.objects.filter(job__kind="users.import", key__in=self.names)

    def compare(self) -> None:
        items = self.did(ItemState.DONE)
        assert sorted(item.key for item in items) == self.names
        rows = self.scene.standin.rows(
            "SELECT username, role, dailyMessageLimit, bio FROM users WHERE username LIKE ?", f"new-{self.number}-%"
        )
        assert sorted(rows) == [(name, "default", n + 1, f"Number {n}") for n, name in enumerate(self.names)]
        # The password that is going to be shown is the one that the account has, whoever was killed between.
        for item in self.scene.chance.sample(items, 5):
            assert self.scene.standin.accepts(item.key, password_for(item.job, item))
        self.scene.users.update(self.names)


class AccessSets(Work):
    kind, size = "access set", 8

    def begin(self) -> None:
        scene, members = self.scene, self.scene.members
        self.give: set[tuple[int, int]] = set()
        self.take: set[tuple[int, int]] = set()
        for workspace in scene.chance.sample(scene.workspaces, self.size):
            cells = [(workspace, user) for user, _name in scene.people if (workspace, user) not in scene.touched]
            assert len(cells) > 4, "every cell was changed by a set before: there are too few people for so many"
            scene.chance.shuffle(cells)
            self.give.update([cell for cell in cells if cell not in members][:3])
            self.take.update([cell for cell in cells if cell in members][:2])
        scene.touched |= self.give | self.take
        self.futures = [scene.meanwhile(self._send)]

    def _send(self) -> None:
        browser = self.scene.adas_browser()
        give, take = (" ".join(f"{w}-{u}" for w, u in sorted(cells)) for cells in (self.give, self.take))
        staged = browser.post("/access/stage/", {"give": give, "take": take}, page="/access/").headers["Location"]
        assert browser.post(f"{staged}apply/", {}, page=staged).headers["Location"] == staged

    def _sets(self) -> Any:
        """Who sends the first form twice has staged two, and sees, and applies, the second."""
        workspace, user = min(self.give)
        own = AccessChange.objects.filter(workspace_id=workspace, user_id=user)
        return AccessSet.objects.filter(changes__in=own, applied_at__isnull=False)

    def items(self) -> Any:
        sets = list(self._sets().values_list("pk", flat=True))
        return JobItem.objects.filter(job__kind="access.set", job__params__set__in=sets)

    def is_over(self) -> bool:
        return super().is_over() and self._sets().exists()

    def compare(self) -> None:
        assert len(self.did(ItemState.DONE)) == self.size
        applied = self._sets().get()
        outcomes = Counter(applied.changes.values_list("give", "outcome"))
        done = AccessChange.Outcome.DONE
        assert outcomes == Counter({(True, done): len(self.give), (False, done): len(self.take)})
        assert Job.objects.filter(kind="access.set", params__set=applied.pk).count() == 1
        cells = self.give | self.take
        known = Q()
        for workspace, user in cells:
            known |= Q(workspace_id=workspace, user_id=user)
        grants = Counter(Grant.objects.filter(known, reason=Reason.DIRECT).values_list("workspace_id", "user_id"))
        assert grants == Counter(self.give)
        self.scene.members.update(self.give)
        for cell in self.take:
            del self.scene.members[cell]


class Adding(Work):
    kind, size = "adding", 6

    def begin(self) -> None:
        scene = self.scene
        self.batch = f"batch-{self.number}"
        self.files = [f"report-{self.number}-{n}.txt" for n in range(self.size)]
        self.into = scene.chance.sample(scene.workspaces, 2)
        self.futures = [scene.meanwhile(self._send)]

    def _content(self, name: str) -> str:
        return "\n\n".join(f"Part {n} of {name}. " + "What it says is said at some length. " * 20 for n in range(3))

    def _send(self) -> None:
        browser = self.scene.adas_browser()
        where = {"folder": "custom-documents", "workspaces": self.into, "duplicates": "skip", "batch": self.batch}
        for name in self.files:
            file = {"files": (name, self._content(name).encode(), "text/plain")}
            fields = where | {"ticket": name}
            answer = browser.post("/documents/add/file/", fields, page="/documents/add/", files=file)
            assert answer.status_code == 201, answer.text[-500:]

    def items(self) -> Any:
        arrived = Incoming.objects.filter(batch__token=self.batch).values_list("pk", flat=True)
        return JobItem.objects.filter(job__kind="documents.add", key__in=[str(pk) for pk in arrived])

    def compare(self) -> None:
        items = self.did(ItemState.DONE)
        assert len(items) == self.size
        assert {item.job_id for item in items} == {Batch.objects.get(token=self.batch).job_id}
        assert Counter(item.incoming.name for item in items) == Counter(self.files)
        assert not [item.label for item in items if (self.scene.foyer.data / "incoming" / item.incoming.token).exists()]
        stored = Stored.objects.filter(title__in=self.files)
        assert Counter(stored.values_list("title", flat=True)) == Counter(self.files)
        paths = list(stored.values_list("path", flat=True))
        there = [path for path in self.scene.standin.library() if f"report-{self.number}-" in path]
        assert sorted(there) == sorted(paths)
        self.scene.embedded.update((workspace, path) for workspace in self.into for path in paths)


class Embedding(Work):
    kind, size = "embedding", 8

    def begin(self) -> None:
        scene = self.scene
        self.into = scene.chance.sample(scene.workspaces, 2)
        asked = {
            pair for work in scene.works if isinstance(work, Embedding) and work is not self for pair in work.pairs
        }
        taken = {path for workspace, path in asked | set(scene.embedded) if workspace in self.into}
        free = [path for path in sorted(scene.standin.library()) if path not in taken and "report-" not in path]
        self.paths = scene.chance.sample(free, 4)
        self.pairs = {(workspace, path) for workspace in self.into for path in self.paths}
        self.futures = [scene.meanwhile(self._send)]

    def _send(self) -> None:
        browser = self.scene.adas_browser()
        fields = {"ids": self.paths, "workspaces": self.into}
        preview = browser.post("/documents/embed/", fields | {"step": "preview"}, page="/documents/add/")
        seen = HIDDEN.search(preview.text)
        assert seen, preview.text[-500:]
        answer = browser.post("/documents/embed/", fields | {"step": "start", "seen": seen[1]})
        # Who sends it again may be told that all of it is there already.
        assert answer.status_code == 302 or (browser.broken and answer.status_code == 422), answer.text[-500:]

    def items(self) -> Any:
        keys = [pair_key(workspace, path) for workspace, path in self.pairs]
        return JobItem.objects.filter(job__kind="documents.embed", key__in=keys)

    def compare(self) -> None:
        items = self.did(ItemState.DONE, ItemState.SKIPPED)
        assert {item.key for item in items} == {pair_key(workspace, path) for workspace, path in self.pairs}
        self.scene.embedded.update(self.pairs)


class Joinings(Work):
    """More people than places. One of them does not come back when their browser says that there is no answer."""

    kind, size, worker_does_it = "joining", 10, False

    def begin(self) -> None:
        scene = self.scene
        self.into = scene.chance.sample(scene.workspaces, 2)
        fields = services.LinkFields(label=self.name, workspace_ids=self.into, uses=self.size, daily_limit=7)
        self.link = services.make(actor=scene.ada, fields=fields)
        self.address = f"/join/{codes.recover(self.link.salt, self.link.code_hash)}/"
        self.names = [f"guest-{self.number}-{n:02}" for n in range(self.size + 2)]
        self.joined: set[str] = set()
        self.too_late: set[str] = set()
        self.left: set[str] = set()
        self.futures = [scene.meanwhile(self._send, name) for name in self.names]

    def _send(self, name: str) -> None:
        browser = Browser(self.scene.foyer)
        status = browser.get(self.address).status_code
        browser.comes_back = name != self.names[0]
        while status != 410:
            try:
                answer = browser.post(self.address, {"username": name, "password": SECRET})
            except Left:
                self.left.add(name)
                return
            status = answer.status_code
            if status == 302:
                self.joined.add(name)
                return
            # Somebody else holds the last place, or the one whose server died still has the name; so many tries in vain have a limit.
            assert status in (409, 410, 429), f"{status}: {answer.text}"
            time.sleep(0.5)
        self.too_late.add(name)

    def _joinings(self) -> Any:
        return Joining.objects.filter(link=self.link)

    def progress(self) -> int:
        return self._joinings().filter(state__in=WITH_ACCOUNT).count()

    def is_over(self) -> bool:
        over = self._joinings().filter(closed_at__isnull=False)
        return self.people_are_done() and self._joinings().count() == over.count()

    def compare(self) -> None:
        standin = self.scene.standin
        done = dict(self._joinings().filter(state=JoiningState.DONE).values_list("username", "user_id"))
        assert set(self._joinings().values_list("state", flat=True)) <= {JoiningState.DONE, JoiningState.GIVEN_BACK}
        counted = Link.objects.counted().get(pk=self.link.pk)
        assert (counted.used, counted.held) == (self.size, 0)
        assert len(done) == self.size
        assert len(self.joined) + len(self.too_late) + len(self.left) == len(self.names)
        assert self.joined <= set(done) <= self.joined | self.left
        rows = standin.rows(
            "SELECT username, id, role, dailyMessageLimit FROM users WHERE username LIKE ?", f"guest-{self.number}-%"
        )
        assert sorted(rows) == sorted((name, user_id, "default", 7) for name, user_id in done.items())
        assert all(standin.accepts(name, SECRET) for name in done)
        cells = {(workspace, user_id) for workspace in self.into for user_id in done.values()}
        grants = Grant.objects.filter(user_id__in=done.values()).values_list("workspace_id", "user_id", "reason")
        assert Counter(grants) == Counter((*cell, Reason.INVITE) for cell in cells)
        self.scene.users.update(done.keys())
        self.scene.members.update(cells)


WORKS = (Import, AccessSets, Adding, Embedding, Joinings)
