"""The one safe way to change members: nothing lost, nothing claimed that is not so."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

import pytest
from django.db import connection

from dashboard import instance
from dashboard.access.models import Grant, Group, Reason
from dashboard.access.services import Outcome, change_members
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import ApiError, Budget, Kind
from dashboard.audit.models import AuditEvent
from dashboard.audit.models import Outcome as LedgerOutcome

pytestmark = pytest.mark.django_db


def outcomes(results):
    return [result.outcome for result in results]


def test_it_gives_and_takes_at_once_and_keeps_the_others(team, room, change):
    results = change(team.step("dora.olsen", True), team.step("sam", False))
    assert outcomes(results) == [Outcome.DONE, Outcome.DONE]
    assert team.members(room) == {team.users["cem"], team.users["dora.olsen"]}


def test_it_takes_three_calls_besides_the_roster(team, room, change, standin):
    roster = instance.connect().memberships.roster()
    before = len(standin.state()["requests"])
    change(team.step("dora.olsen", True), team.step("sam", False), roster=roster)
    assert len(standin.state()["requests"]) - before == 3


def test_it_can_take_the_last_member(team, room, change):
    change(team.step("sam", False), team.step("cem", False))
    assert team.members(room) == set()


def test_what_is_so_already_is_told_and_remembered(team, room, change):
    results = change(team.step("sam", True), team.step("dora.olsen", False))
    assert outcomes(results) == [Outcome.ALREADY, Outcome.ALREADY]
    assert Grant.objects.get().user_id == team.users["sam"]


def test_one_who_was_deleted_meanwhile_hurts_nobody_else(team, room, change, standin):
    gone = team.step("dora.olsen", True)
    standin._fetch("DELETE", f"/api/v1/admin/users/{gone.user_id}")
    results = change(gone, team.step("bianca", True))
    assert outcomes(results) == [Outcome.FAILED, Outcome.DONE]
    assert team.members(room) == {team.users[name] for name in ("sam", "cem", "bianca")}


def test_another_reason_keeps_access_and_is_named(team, room, change):
    sales = Group.objects.create(name="Sales")
    change(team.step("sam", True))
    change(team.step("sam", True, reason=Reason.GROUP, group_id=sales.pk))
    (result,) = change(team.step("sam", False))
    assert result.outcome == Outcome.KEPT
    assert "Sales" in str(result.message)
    assert team.users["sam"] in team.members(room)
    (result,) = change(team.step("sam", False, reason=Reason.GROUP, group_id=sales.pk))
    assert result.outcome == Outcome.DONE
    assert team.users["sam"] not in team.members(room)
    assert not Grant.objects.exists()


def test_a_success_that_did_not_happen_is_a_failure(team, room, change, standin):
    standin.fault("locked", path="manage-users")
    results = change(team.step("dora.olsen", True), team.step("bianca", True))
    assert outcomes(results) == [Outcome.FAILED, Outcome.FAILED]
    assert not Grant.objects.exists()
    assert {event.outcome for event in AuditEvent.objects.all()} == {LedgerOutcome.FAILED}


def test_a_lost_answer_is_read_back(team, room, change, standin):
    standin.fault("lost", path="manage-users", times=1)
    (result,) = change(team.step("dora.olsen", True))
    assert result.outcome in (Outcome.DONE, Outcome.ALREADY)
    assert team.users["dora.olsen"] in team.members(room)
    assert Grant.objects.get().user_id == team.users["dora.olsen"]


@pytest.mark.parametrize("give", [True, False])
def test_what_may_still_be_under_way_is_unknown(give, team, room, change, standin):
    instance.connect().http_client.budgets[Kind.WRITE] = Budget(3, 0.2)
    standin.fault("latency", path="manage-users", seconds=1)
    (result,) = change(team.step("dora.olsen" if give else "sam", give))
    assert result.outcome == Outcome.UNKNOWN
    assert "the outcome is unknown" in str(result.message)
    assert AuditEvent.objects.get().outcome == LedgerOutcome.UNKNOWN
    standin.clear_faults()
    time.sleep(1)
    instance.hang_up()
    (again,) = change(team.step("dora.olsen" if give else "sam", give))
    assert again.outcome == Outcome.ALREADY


def test_when_nothing_can_be_read_back_the_outcome_is_unknown(team, room, change, standin):
    roster = instance.connect().memberships.roster()
    # The write stalls; while it does, the reads begin to fail, and then it is cut off.
    standin.fault("latency", path="manage-users", seconds=0.6)
    standin.fault("lost", path="manage-users")
    Timer(0.3, standin.fault, ("500",), {"path": "/users", "method": "GET"}).start()
    (result,) = change(team.step("dora.olsen", True), roster=roster)
    assert result.outcome == Outcome.UNKNOWN
    assert AuditEvent.objects.get().outcome == LedgerOutcome.UNKNOWN
    assert not Grant.objects.exists()


def test_when_nothing_was_sent_the_error_is_raised(team, room, change, standin):
    standin.fault("500", path=f"/workspaces/{room}/users", method="GET")
    with pytest.raises(ApiError):
        change(team.step("dora.olsen", True))
    standin.clear_faults()
    assert team.members(room) == {team.users["sam"], team.users["cem"]}


def test_each_step_is_one_line_of_the_ledger_about_the_person(team, room, change, ada):
    change(team.step("dora.olsen", True), team.step("sam", False))
    given, taken = AuditEvent.objects.order_by("action")
    assert (given.action, given.target_name, given.actor) == ("access.given", "dora.olsen", ada)
    assert (taken.action, taken.target_name) == ("access.taken", "sam")
    assert given.after["workspace"] == "Room"


@pytest.mark.django_db(transaction=True)
def test_two_hundred_changes_by_eight_people_at_once_lose_none(team, room, standin):
    actor = Operator.objects.create_user("eight", "x", role=Role.ADMIN)
    names = [name for name in team.users if name not in ("sam", "cem")][:25]
    roster = instance.connect().memberships.roster()
    # 200 changes: each person is given, taken, given ... eight times, each time by somebody else.
    turns = [(name, turn % 2 == 0) for turn in range(8) for name in names]

    def act(chunk):
        try:
            for name, give in chunk:
                change_members(
                    actor=actor, workspace_id=room, workspace_name="Room", steps=[team.step(name, give)], roster=roster
                )
        finally:
            connection.close()

    # Person i is handled by thread i % 8 only, so the order for each person is known and the last turn (taken) must hold.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, [[t for t in turns if names.index(t[0]) % 8 == k] for k in range(8)]))
    assert team.members(room) == {team.users["sam"], team.users["cem"]}
    assert AuditEvent.objects.filter(outcome=LedgerOutcome.OK).count() == 200


@pytest.mark.django_db(transaction=True)
def test_eight_people_giving_at_once_lose_nobody(team, room, standin):
    actor = Operator.objects.create_user("eight", "x", role=Role.ADMIN)
    names = [name for name in team.users if name not in ("sam", "cem")][:32]

    def act(name):
        try:
            return change_members(actor=actor, workspace_id=room, workspace_name="Room", steps=[team.step(name, True)])[
                0
            ].outcome
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(act, names)) == {Outcome.DONE}
    assert team.members(room) == {team.users[name] for name in [*names, "sam", "cem"]}
