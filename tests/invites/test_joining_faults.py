"""Whatever call of a joining fails, in whatever way: sent again, or by the worker alone, it comes to one account that has what the link gives."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.utils import timezone

from dashboard import instance
from dashboard.access.models import Grant, Group, GroupWorkspace
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.invites import joining, sweeps
from dashboard.invites.models import Joining, JoiningState, Link
from dashboard.models import Lease
from tests.invites.conftest import join_by, later, visit

pytestmark = pytest.mark.django_db

# Every call of one joining by a link that gives a role, a limit, a workspace and a group with another one, in this order.
CALLS = (
    "users: is the name free",
    "mint the invite",
    "accept it",
    "invites: was it claimed",
    "users: what the account has",
    "workspaces",
    "set role and limit",
    "users: read them back",
    "members of the first",
    "members of the second",
    "login",
)
ACCEPTED = CALLS.index("accept it")
# Refused; an error before and after the act was done; no answer before and after it; no API; the database busy for writes and for reads.
FAULTS = ("403", "500", "lost", "cut", "reset", "html", "locked", "locked-all")


@pytest.fixture
def link(make_link, there) -> Link:
    group = Group.objects.create(name="Sales")
    GroupWorkspace.objects.create(group=group, workspace_id=list(there.rooms.values())[1])
    made = make_link(role="manager", daily_limit=7, group_ids=[group.pk], workspace_ids=list(there.rooms.values())[:1])
    instance.hang_up()
    instance.workspaces()  # by name, since the page was opened
    instance.forget("users")
    instance.entrance()  # known for minutes, as the version is
    instance.version()
    return made


def all_is_well(there, link) -> None:
    user = there.user("newbie")
    rooms = set(list(there.rooms.values())[:2])
    assert (user["role"], user["dailyMessageLimit"]) == ("manager", 7)
    assert there.rooms_of("newbie") == rooms
    assert set(Grant.objects.values_list("workspace_id", "user_id")) == {(room, user["id"]) for room in rooms}
    assert Joining.objects.get(state=JoiningState.DONE).user_id == user["id"]
    assert nothing_left(there) == (1, 0)
    assert AuditEvent.objects.filter(action="invite.joined", outcome=Outcome.OK).count() == 1


def nothing_left(there) -> tuple[int, int]:
    """How many uses are taken and held."""
    assert there.pending() == []
    assert not Joining.objects.filter(closed_at=None).exists()
    assert not Joining.objects.exclude(state__in=(JoiningState.DONE, JoiningState.GIVEN_BACK)).exists()
    counted = Link.objects.counted().get()
    return counted.used, counted.held


def answers_again(standin) -> None:
    standin.clear_faults()
    instance.hang_up()  # the breaker has forgotten, as time does
    later(20)


def test_these_are_the_calls(standin, link):
    before = len(standin.state()["requests"])
    join_by(link, "newbie")
    assert len(standin.state()["requests"]) - before == len(CALLS)


@pytest.mark.matrix
@pytest.mark.parametrize(("call", "kind"), list(product(CALLS, FAULTS)))
def test_a_call_that_fails_is_made_good_by_the_same_form_sent_again(call, kind, standin, there, link):
    standin.fault(kind, path="^/api/", after=CALLS.index(call), times=1)
    for _try in range(3):
        request = visit()
        try:
            join_by(link, "newbie", request=request)
        except (joining.Interrupted, joining.PasswordRefused):
            continue
        break
    assert request.user.is_authenticated
    answers_again(standin)
    sweeps.sweep()
    all_is_well(there, link)


def killed_at(standin, at: int, done: bool, link) -> None:
    """A process of its own joins, and is killed while it waits for the answer to that call, which was carried out or was not."""
    standin.fault("drip" if done else "stall", path="^/api/", after=at, times=1, seconds=60)
    asked = len(standin.state()["requests"])
    connection.close()
    child = os.fork()
    if not child:
        try:
            join_by(link, "newbie")
        finally:
            os._exit(0)
    instance.hang_up()  # the line is the child's now
    give_up = time.monotonic() + 20
    while not any(seen["faults"] and (seen["status"] or not done) for seen in standin.state()["requests"][asked:]):
        assert time.monotonic() < give_up, "it took too long"
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))  # what the dead hold ends by itself


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_the_worker_alone_goes_on_when_the_web_process_is_killed(call, done, standin, there, link):
    at = CALLS.index(call)
    killed_at(standin, at, done, link)
    answers_again(standin)
    sweeps.sweep()
    if at + done > ACCEPTED:
        all_is_well(there, link)
    else:
        assert there.users("newbie") == []
        assert nothing_left(there) == (0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("call", CALLS)
def test_the_same_form_goes_on_when_the_web_process_was_killed(call, standin, there, link):
    killed_at(standin, CALLS.index(call), True, link)
    standin.clear_faults()
    request = visit()
    join_by(link, "newbie", request=request)
    assert request.user.is_authenticated
    answers_again(standin)
    sweeps.sweep()
    all_is_well(there, link)
