"""What the worker does by itself: access ends in time, newcomers get what is for everyone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import instance, locks
from dashboard.access.models import Grant, OpenWorkspace, Reason
from dashboard.access.sweeps import sweep
from dashboard.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def timed(team, room, change):
    """dora has access for a time that is over by now."""
    change(team.step("dora.olsen", True, until=timezone.now() + timedelta(hours=1)))
    Grant.objects.update(until=timezone.now() - timedelta(seconds=1))
    return team.users["dora.olsen"]


@pytest.fixture
def opened(room):
    OpenWorkspace.objects.create(workspace_id=room)
    return room


def newcomer(standin, name: str) -> int:
    made = standin.post(
        "/v1/admin/users/new", {"username": name, "password": "correct-horse-battery", "role": "default"}
    )
    instance.forget("users")
    return made["user"]["id"]


# --- Time -------------------------------------------------------------------------------------------------------------
def test_access_ends_when_its_time_is_over_in_the_name_of_foyer(team, room, timed):
    sweep()
    assert timed not in team.members(room)
    assert not Grant.objects.exists()
    event = AuditEvent.objects.filter(action="access.taken").get()
    assert (event.actor, event.actor_name, event.target_name) == (None, "Foyer", "dora.olsen")


def test_access_does_not_end_before(team, room, timed):
    Grant.objects.update(until=timezone.now() + timedelta(minutes=1))
    sweep()
    assert timed in team.members(room)


def test_another_reason_stays(team, room, timed):
    Grant.objects.create(workspace_id=room, user_id=timed, reason=Reason.INVITE)
    sweep()
    assert timed in team.members(room)
    assert Grant.objects.get().reason == Reason.INVITE


def test_what_was_prolonged_meanwhile_stays(team, room, timed, monkeypatch):
    """Somebody gives more time just after the worker has looked."""
    from dashboard.access import sweeps

    def prolonging(**more):
        Grant.objects.update(until=timezone.now() + timedelta(days=1))
        return change_members(**more)

    change_members = sweeps.change_members
    monkeypatch.setattr(sweeps, "change_members", prolonging)
    sweep()
    assert timed in team.members(room)
    assert Grant.objects.exists()


@pytest.mark.parametrize("fault", ["500", "lost", "locked"])
def test_nothing_is_claimed_while_the_instance_fails_and_it_ends_afterwards(team, room, timed, standin, fault):
    standin.fault(fault, path="/(users|workspaces|update-users|manage-users)")
    sweep()
    standin.clear_faults()
    assert Grant.objects.exists() == (timed in team.members(room))
    instance.forget("users", "workspaces")
    instance.hang_up()
    sweep()
    assert timed not in team.members(room)
    assert not Grant.objects.exists()


def test_only_one_worker_sweeps(team, room, timed):
    with locks.held("access-sweep"):
        sweep()
    assert timed in team.members(room)


def test_nothing_is_asked_when_there_is_nothing_to_do(standin):
    before = len(standin.state()["requests"])
    sweep()
    assert len(standin.state()["requests"]) == before


# --- Newcomers --------------------------------------------------------------------------------------------------------
def test_who_is_new_on_the_instance_gets_what_is_for_everyone(team, opened, standin):
    user_id = newcomer(standin, "newcomer")
    sweep()
    assert user_id in team.members(opened)
    assert Grant.objects.get(user_id=user_id).reason == Reason.EVERYONE


def test_from_whom_it_was_taken_on_the_instance_does_not_get_it_again(team, opened, standin):
    user_id = newcomer(standin, "newcomer")
    sweep()
    team.set_members(opened, "sam", "cem")
    sweep()
    assert user_id not in team.members(opened)


def test_who_is_suspended_gets_it_when_resumed(team, opened, standin):
    user_id = newcomer(standin, "newcomer")
    standin.post(f"/v1/admin/users/{user_id}", {"suspended": 1})
    sweep()
    assert user_id not in team.members(opened)
    standin.post(f"/v1/admin/users/{user_id}", {"suspended": 0})
    instance.forget("users")
    sweep()
    assert user_id in team.members(opened)


def test_who_was_there_already_is_left_as_found(team, opened):
    sweep()
    assert not Grant.objects.filter(user_id=team.users["sam"]).exists()


def test_who_is_created_here_gets_it_at_once(admin_client, team, opened, standin):
    admin_client.post("/users/new/", {"username": "newcomer", "password": "correct-horse-battery", "role": "default"})
    user_id = next(u["id"] for u in standin.get("/v1/admin/users")["users"] if u["username"] == "newcomer")
    assert user_id in team.members(opened)


def test_creating_somebody_succeeds_when_welcoming_fails(admin_client, team, opened, standin):
    standin.fault("500", path="/workspaces")
    answer = admin_client.post(
        "/users/new/", {"username": "newcomer", "password": "correct-horse-battery", "role": "default"}
    )
    assert "newcomer was created." in answer.content.decode()
    standin.clear_faults()
    instance.hang_up()
    sweep()
    user_id = next(u["id"] for u in standin.get("/v1/admin/users")["users"] if u["username"] == "newcomer")
    assert user_id in team.members(opened)
