"""The instance is killed at random moments while people are taken out of workspaces: nobody else has lost their access when it is over."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from dashboard import instance
from dashboard.access import bystanders
from dashboard.access.bystanders import NOBODY, Others
from dashboard.access.models import MembersBefore
from dashboard.access.services import LEDGER, Step, change_members
from dashboard.access.sweeps import sweep
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.errors import Declined
from tests.conftest import THOROUGH
from tests.kills.processes import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 200 if THOROUGH else 10
WORKSPACES = 50
AT_ONCE = 0.5  # seconds within which it is killed

Cells = set[tuple[int, int]]  # workspace and user


class Office:
    """Somebody who gives and takes access, and what must have come of it. `unsure`: cells of which nobody knows yet."""

    def __init__(self, standin: StandIn, actor: Operator, chance: Random) -> None:
        self.standin, self.actor, self.chance = standin, actor, chance
        self.workspaces = dict(standin.rows("SELECT id, name FROM workspaces"))
        self.people = dict(standin.rows("SELECT id, username FROM users WHERE role = 'default'"))
        for slug in (slug for (slug,) in standin.rows("SELECT slug FROM workspaces")):
            members = chance.sample(list(self.people), 20)
            standin.post(f"/v1/admin/workspaces/{slug}/manage-users", {"userIds": members})
        self.wanted: Cells = set(standin.members())
        self.unsure: Cells = set()
        self.told = NOBODY  # of others, by the last change
        self.changes = 0

    def work(self, over: Event) -> None:
        try:
            while not over.is_set():
                self.change(self.chance.choice(list(self.workspaces)))
        finally:
            connection.close()

    def change(self, workspace: int) -> None:
        inside = [user for user in self.people if (workspace, user) in self.wanted]
        outside = [user for user in self.people if (workspace, user) not in self.wanted]
        takes = self.chance.sample(inside, min(len(inside), self.chance.randint(0, 2)))
        gives = self.chance.sample(outside, min(len(outside), self.chance.randint(0, 2)))
        if takes or gives:
            self.try_for(workspace, {**dict.fromkeys(takes, False), **dict.fromkeys(gives, True)})

    def try_for(self, workspace: int, wanted: dict[int, bool]) -> None:
        steps = [Step(user, self.people[user], give) for user, give in wanted.items()]
        for user, give in wanted.items():
            self.unsure.add((workspace, user))
            (self.wanted.add if give else self.wanted.discard)((workspace, user))
        self.told, self.changes = NOBODY, self.changes + 1
        try:
            results = change_members(
                actor=self.actor, workspace_id=workspace, workspace_name=self.workspaces[workspace], steps=steps
            )
        except (ApiError, Declined):
            return  # nothing of it was done
        self.told = results[0].others
        for step, result in zip(steps, results, strict=True):
            if LEDGER[result.outcome] == Outcome.OK:
                self.unsure.discard((workspace, step.user_id))

    def missing(self) -> Cells:
        """Who was to stay and is not there: read from the instance's own database."""
        return self.wanted - self.unsure - set(self.standin.members())


def told(others: Others) -> bool:
    return not others.settled or bool(others.back)


def test_whoever_takes_somebody_out_while_the_instance_dies_costs_nobody_else_access(
    seed, ada, tmp_path, settings, monkeypatch, figure
):
    chance, hit = Random(seed), Counter[str]()  # noqa: S311
    standin = StandIn(tmp_path, WORKSPACES, between=0.1)
    try:
        settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY = standin.url, standin.api_key
        instance.line().breaker.pause = 0
        office = Office(standin, ada, chance)
        before, lost = set(office.wanted), set[tuple[int, int]]()
        with ThreadPoolExecutor(1) as pool:
            for _kill in range(KILLS):
                over = Event()
                working = pool.submit(office.work, over)
                time.sleep(chance.uniform(0.05, AT_ONCE))
                over.set()
                standin.kill()
                working.result()
                now_missing = office.missing()
                hit["kills that emptied a workspace"] += bool(now_missing - lost)
                assert told(office.told) or not now_missing - lost
                lost |= now_missing
                standin.start()
                if chance.random() < 0.5:  # else the next change there mends it, or a later round
                    sweep()
        MembersBefore.objects.update(late_until=timezone.now())
        instance.hang_up()
        sweep()
        for workspace, user in sorted(office.unsure):
            office.try_for(workspace, {user: (workspace, user) in office.wanted})
        MembersBefore.objects.update(late_until=timezone.now())
        sweep()
        assert office.unsure == set()
        assert set(standin.members()) == office.wanted
        assert bystanders.unsettled() == []
        restored = AuditEvent.objects.filter(action="access.restored").values_list("after__workspace_id", "target_id")
        assert lost <= {(workspace, int(user)) for workspace, user in restored}
    finally:
        print(f"seed {seed}")  # noqa: T201
        standin.stop()
    figure("bystanders: the instance killed", f"{KILLS} times in {office.changes} changes (seed {seed})")
    figure("bystanders: workspaces that it left empty", hit["kills that emptied a workspace"])
    figure("bystanders: lost for a moment, told and put back", f"{len(lost)} of {len(before)}, 0 lost in the end")
