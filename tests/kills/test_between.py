"""Killed between any two statements to its database: sent again, and gone on with by a worker, it comes out right and once."""

from __future__ import annotations

import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessChange, Grant
from dashboard.accounts.models import Operator
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.documents import services as documents
from dashboard.documents.adding import Options
from dashboard.documents.models import Incoming, Stored
from dashboard.documents.paths import key_of
from dashboard.errors import Declined
from dashboard.invites import services as invites
from dashboard.invites import sweeps
from dashboard.invites.models import Joining, JoiningState, Link
from dashboard.jobs import engine
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from dashboard.models import Lease
from dashboard.sandbox.testing import Sandbox
from dashboard.users.models import ImportDraft
from tests.conftest import THOROUGH, signed_in
from tests.documents.arriving import arrive, in_workspace, library
from tests.invites.conftest import join_by, later

pytestmark = pytest.mark.django_db(transaction=True)

EVERY = 1 if THOROUGH else 11  # of the statements; which ones is left to chance


def killed_before(statement: int, act: Callable[[], object]) -> bool:
    """Does it in a process of its own, which ends before its n-th statement; False when it has not that many."""
    connection.close()
    child = os.fork()
    if not child:
        left = iter(range(statement))

        def count(execute: Any, *arguments: Any) -> Any:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*arguments)

        try:
            with connection.execute_wrapper(count):
                act()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    instance.hang_up()  # the line is the child's now
    _pid, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "it failed by itself"
    return bool(status)


def time_passes() -> None:
    """What the dead hold ends by itself, and the worker looks for what they left."""
    past = timezone.now() - timedelta(hours=1)
    Lease.objects.update(until=past)
    Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).update(alive_at=past)
    later(10)


def the_worker_comes() -> None:
    for job_id in engine.due():
        while engine.work(job_id):
            pass
    sweeps.sweep()


class Flow:
    """What a person asks for, with all that comes of it: here the worker's part is done at once, in the same process."""

    def __init__(self, ada: Operator, standin: Sandbox, number: int) -> None:
        self.ada, self.standin, self.number = ada, standin, number

    def send(self) -> None: ...

    def check(self) -> None: ...

    def jobs(self) -> Any:
        """That came of it."""

    def items(self) -> list[JobItem]:
        """Of the one job that came of it."""
        job = self.jobs().get()
        assert job.state == JobState.DONE
        return list(job.items.all())

    def done_once(self, action: str, count: int, **of: Any) -> None:
        """What the ledger says was done: no more than was done, and nothing that failed. Lines may have stayed open."""
        lines = AuditEvent.objects.filter(action=action, **of)
        assert {line.outcome for line in lines} <= {Outcome.OK, Outcome.STARTED}
        assert lines.filter(outcome=Outcome.OK).count() <= count <= lines.count()


class Import(Flow):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.names = [f"new-{self.number}-{n}" for n in range(2)]
        rows = [[n + 2, name, "default", "5", ""] for n, name in enumerate(self.names)]
        self.draft = ImportDraft.objects.create(operator=self.ada, rows=rows, warnings=[])
        self.browser = signed_in(self.ada)

    def send(self) -> None:
        assert self.browser.post(f"/users/import/{self.draft.pk}/").status_code == 302

    def jobs(self) -> Any:
        return Job.objects.filter(kind="users.import", items__key=self.names[0])

    def check(self) -> None:
        items = self.items()
        assert [(item.key, item.state) for item in items] == [(name, ItemState.DONE) for name in self.names]
        users = self.standin.get("/v1/admin/users")["users"]
        assert Counter(u["username"] for u in users if u["username"] in self.names) == Counter(self.names)
        for name in self.names:
            self.done_once("user.created", 1, target_name=name)


class AccessSet(Flow):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.room = self.standin.get("/v1/workspaces")["workspaces"][0]["id"]
        people = [user["id"] for user in self.standin.get("/v1/admin/users")["users"]]
        self.stays, self.goes, self.comes = people[:3]
        self.standin.post(f"/v1/admin/workspaces/{self.room}/update-users", {"userIds": [self.stays, self.goes]})
        Grant.objects.all().delete()
        instance.hang_up()
        wanted = [sets.Wanted(self.room, self.comes, give=True), sets.Wanted(self.room, self.goes, give=False)]
        self.set = sets.stage(actor=self.ada, title="A change", wanted=wanted)

    def send(self) -> None:
        try:
            sets.apply(actor=self.ada, access_set=self.set)
        except Declined:
            self.set.refresh_from_db()
            assert self.set.applied_at

    def jobs(self) -> Any:
        return Job.objects.filter(kind="access.set", params__set=self.set.pk)

    def check(self) -> None:
        (item,) = self.items()
        assert item.state == ItemState.DONE
        members = self.standin.get(f"/v1/admin/workspaces/{self.room}/users")["users"]
        assert Counter(m["userId"] for m in members) == Counter([self.stays, self.comes])
        assert list(Grant.objects.values_list("user_id", flat=True)) == [self.comes]
        assert set(self.set.changes.values_list("outcome", flat=True)) == {AccessChange.Outcome.DONE}
        self.set.refresh_from_db()
        assert self.set.job_id == item.job_id


class Adding(Flow):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        rooms = self.standin.get("/v1/workspaces")["workspaces"][:2]
        self.slugs = [room["slug"] for room in rooms]
        self.options = Options(workspace_ids=tuple(room["id"] for room in rooms))
        self.name = f"report-{self.number}.txt"

    def send(self) -> None:
        arrive(self.ada, self.name, f"The report of day {self.number}.", self.options, batch=self.name)

    def jobs(self) -> Any:
        return Job.objects.filter(kind="documents.add", items__label=self.name)

    def check(self) -> None:
        (item,) = self.items()
        assert item.state == ItemState.DONE, item.message
        assert Incoming.objects.get(name=self.name).item == item
        path = Stored.objects.get(title=self.name).path
        assert [some for some in library(self.standin) if f"report-{self.number}-" in some] == [path]
        assert [in_workspace(self.standin, slug).count(path) for slug in self.slugs] == [1, 1]
        self.done_once("document.added", 1, target_name=self.name)
        self.done_once("document.embedded", 2, target_name=self.name)


class Embedding(Flow):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.room = self.standin.get("/v1/workspaces")["workspaces"][0]
        text = {"textContent": f"Text {self.number}", "metadata": {"title": f"text-{self.number}"}}
        self.path = self.standin.post("/v1/document/raw-text", text)["documents"][0]["location"]
        instance.hang_up()
        instance.forget("library")

    def send(self) -> None:
        with suppress(Declined):  # it is there already
            documents.embed(actor=self.ada, paths=[self.path], workspace_ids=[self.room["id"]])

    def check(self) -> None:
        items = JobItem.objects.filter(job__kind="documents.embed", payload__path=self.path)
        assert {item.state for item in items} <= {ItemState.DONE, ItemState.SKIPPED}
        assert in_workspace(self.standin, self.room["slug"]).count(self.path) == 1
        self.done_once("document.embedded", 1, target_id=key_of(self.path))


class Join(Flow):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.name = f"guest-{self.number}"
        self.room = self.standin.get("/v1/workspaces")["workspaces"][0]["id"]
        fields = invites.LinkFields(label=self.name, workspace_ids=[self.room], daily_limit=7)
        self.link = invites.make(actor=self.ada, fields=fields)

    def send(self) -> None:
        join_by(self.link, self.name)

    def check(self) -> None:
        (user,) = (u for u in self.standin.get("/v1/admin/users")["users"] if u["username"] == self.name)
        members = self.standin.get(f"/v1/admin/workspaces/{self.room}/users")["users"]
        assert [m["userId"] for m in members].count(user["id"]) == 1
        assert user["dailyMessageLimit"] == 7
        assert list(Grant.objects.filter(user_id=user["id"]).values_list("workspace_id", flat=True)) == [self.room]
        assert Joining.objects.get(link=self.link, state=JoiningState.DONE).user_id == user["id"]
        counted = Link.objects.counted().get(pk=self.link.pk)
        assert (counted.used, counted.held) == (1, 0)
        own = [
            i
            for i in self.standin.get("/v1/admin/invites")["invites"]
            if (i["claimedBy"] or {}).get("id") == user["id"]
        ]
        assert len(own) == 1
        assert not Joining.objects.filter(closed_at=None).exists()
        self.done_once("invite.joined", 1, target_name=self.name)


@pytest.mark.parametrize("kind", [Import, AccessSet, Adding])
def test_a_server_that_dies_while_it_begins_a_job_has_begun_none_or_one(kind, ada, standin, figure, settings):
    settings.HUEY.immediate = False  # nobody works on it
    try:
        statement = 0
        while True:
            flow = kind(ada, standin, statement)
            was_killed = killed_before(statement, flow.send)
            if not was_killed:
                break
            time_passes()
            flow.send()
            assert flow.jobs().count() == 1
            statement += 1
    finally:
        settings.HUEY.immediate = True
    assert statement > 5
    figure(f"kills: statements of who begins: {kind.__name__}", f"{statement} tried, 0 wrong")


@pytest.mark.parametrize("kind", [Import, AccessSet, Adding, Embedding, Join])
def test_killed_before_any_statement_it_comes_out_right_and_once(kind, ada, standin, seed, figure):
    print(f"seed {seed}")  # noqa: T201
    statement, tried = Random(seed).randrange(EVERY), 0  # noqa: S311
    pending = {i["id"] for i in standin.get("/v1/admin/invites")["invites"] if i["status"] == "pending"}
    while True:
        flow = kind(ada, standin, statement)
        was_killed = killed_before(statement, flow.send)
        print(f"killed before statement {statement}")  # noqa: T201
        if was_killed:
            time_passes()
            flow.send()
        for _twice in range(2):
            the_worker_comes()
            later(10)
        flow.check()
        assert pending == {i["id"] for i in standin.get("/v1/admin/invites")["invites"] if i["status"] == "pending"}
        if not was_killed:
            break
        statement, tried = statement + EVERY, tried + 1
    assert tried
    figure(f"kills: statements of all of: {kind.__name__}", f"{tried} tried, 0 wrong")
