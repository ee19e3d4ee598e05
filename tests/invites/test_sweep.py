"""What the worker does for links by itself. That it finishes what a dead web process left: test_joining_faults."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import instance, locks
from dashboard.audit.models import AuditEvent
from dashboard.invites import joining, services, sweeps, tries
from dashboard.invites.models import Joining, JoiningState, Link, Try
from tests.anythingllm.answering import answering, of_json
from tests.invites.conftest import SECRET, join_by, later, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(make_link) -> Link:
    made = make_link()
    instance.entrance()
    return made


def lose_the_accept(standin, link: Link) -> None:
    """The accept is carried out, but neither its answer nor what it came to can be read."""
    standin.fault("lost", path="/api/invite/[0-9A-Z]", times=1)
    standin.fault("500", path="/admin/invites", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")


def make_unclaimed(standin, link: Link) -> None:
    """The instance dies between making the account and claiming the invite: as if an admin there had made it."""
    standin.fault("reset", path="/api/invite/[0-9A-Z]", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")
    standin.post("/v1/admin/users/new", {"username": "newbie", "password": SECRET, "role": "default"})


def test_an_account_without_a_claim_is_left_to_its_person(standin, there, link):
    make_unclaimed(standin, link)
    later(20)
    sweeps.sweep()
    waiting = Joining.objects.get()
    assert waiting.state == JoiningState.STARTED
    assert "of this name" in waiting.note
    assert there.pending() == []
    with pytest.raises(joining.NameTaken):
        join_by(link, "newbie", "wrong-password-here")
    assert Joining.objects.get().state == JoiningState.STARTED
    request = visit()
    joined = join_by(link, "newbie", request=request)
    assert request.user.is_authenticated
    assert len(joined.recovery_codes) == 4, "the proof of the password was the first sign-in"
    assert Joining.objects.get().state == JoiningState.DONE
    assert Joining.objects.get().note == ""
    assert there.pending() == []


def test_a_refusal_does_not_end_what_an_earlier_accept_may_still_come_to(standin, there, link):
    """The instance is slow: the first accept arrives after the second one was refused."""
    standin.fault("reset", path="/api/invite/[0-9A-Z]", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")
    with pytest.raises(joining.PasswordRefused):
        join_by(link, "newbie", "short")
    assert Joining.objects.get().state == JoiningState.STARTED
    standin.post("/v1/admin/users/new", {"username": "newbie", "password": SECRET, "role": "default"})
    join_by(link, "newbie")
    assert Joining.objects.get().state == JoiningState.DONE


def test_a_lost_accept_is_found_by_its_claim(standin, there, link, two_rooms):
    lose_the_accept(standin, link)
    assert Joining.objects.get().asked
    later(1)
    sweeps.sweep()
    assert Joining.objects.get().state == JoiningState.DONE
    assert there.rooms_of("newbie") == set(two_rooms)
    request = visit()
    with pytest.raises(joining.NameTaken):
        join_by(link, "newbie", "wrong-password-here", request)
    assert not request.user.is_authenticated


def test_whose_account_was_made_gets_in_though_the_link_was_revoked_since(standin, there, link, ada):
    lose_the_accept(standin, link)
    services.revoke(actor=ada, link=link)
    request = visit()
    join_by(link, "newbie", request=request)
    assert request.user.is_authenticated
    assert len(there.minted()) == 1
    assert AuditEvent.objects.filter(action="invite.joined", outcome="ok", target_name="newbie").count() == 1


def test_it_leaves_alone_who_is_just_joining(standin, there, link):
    lose_the_accept(standin, link)
    later(20)
    with locks.held(joining.lock_of("newbie")):
        sweeps.sweep()
    assert Joining.objects.get().state == JoiningState.STARTED


def test_it_gives_nothing_back_because_of_an_empty_list(standin, there, link):
    lose_the_accept(standin, link)
    later(20)
    standin.fault("locked-all", path="^/api/")
    sweeps.sweep()
    assert Joining.objects.get().state == JoiningState.STARTED
    standin.clear_faults()
    sweeps.sweep()
    assert Joining.objects.get().state == JoiningState.DONE


def test_one_that_fails_does_not_stop_the_others(standin, there, make_link):
    instance.entrance()
    links = [make_link(), make_link()]
    for number, some in enumerate(links):
        standin.fault("lost", path="/api/invite/[0-9A-Z]", times=1)
        standin.fault("500", path="/admin/invites", times=1)
        with pytest.raises(joining.Interrupted):
            join_by(some, f"newbie-{number}")
    later(5)
    standin.fault("500", path="/admin/invites", times=1)
    sweeps.sweep()
    assert sorted(Joining.objects.values_list("state", flat=True)) == [JoiningState.DONE, JoiningState.STARTED]


def test_what_fails_again_and_again_is_tried_less_and_less_often(standin, there, link):
    standin.fault("500", path=r"/admin/workspaces/\d+/users")
    joined = join_by(link, "newbie")
    assert len(joined.missing) == 2
    pauses = []
    for _round in range(9):
        waiting = Joining.objects.get()
        assert waiting.state == JoiningState.ACCOUNT
        pauses.append(round((waiting.next_at - timezone.now()).total_seconds() / 60))
        sweeps.sweep()
        assert Joining.objects.get().attempts == waiting.attempts, "not before its time"
        Joining.objects.update(next_at=timezone.now())
        sweeps.sweep()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert "Still missing" in Joining.objects.get().note
    standin.clear_faults()
    Joining.objects.update(next_at=timezone.now())
    sweeps.sweep()
    assert (Joining.objects.get().state, Joining.objects.get().note) == (JoiningState.DONE, "")


def test_a_deleted_account_is_waited_for_no_longer(standin, there, link):
    standin.fault("500", path=r"/admin/workspaces/\d+/users")
    join_by(link, "newbie")
    instance.connect().users.delete(there.user("newbie")["id"])
    later(5)
    sweeps.sweep()
    assert Joining.objects.get().state == JoiningState.DONE
    assert "not there any more" in Joining.objects.get().note


def test_an_invite_that_was_minted_after_all_is_disabled(standin, there, link):
    """A mint without an answer may be carried out long after it was asked."""
    standin.fault("reset", path="/admin/invite/new", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")
    later(20)
    sweeps.sweep()
    ended = Joining.objects.get()
    assert ended.state == JoiningState.GIVEN_BACK
    Joining.objects.update(closed_at=None)
    standin.post("/v1/admin/invite/new", {"workspaceIds": [ended.marker, 1]})
    assert len(there.pending()) == 1
    sweeps.sweep()
    assert there.pending() == []
    assert Joining.objects.get().closed_at


@pytest.mark.parametrize(("users", "closed"), [([], False), ([{"id": 1}], True)], ids=["busy", "none"])
def test_a_list_without_any_invite_is_believed_only_when_there_are_users(users, closed, standin, link, settings):
    """The instance lists nothing at all while its database is busy."""
    standin.fault("reset", path="/admin/invite/new", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")
    Joining.objects.update(state=JoiningState.GIVEN_BACK)
    later(20)
    about_user = standin.get("/v1/admin/users")["users"][0]
    with answering() as busy:
        busy.also("GET", "/api/v1/admin/invites", of_json({"invites": []}))
        busy.also("GET", "/api/v1/admin/users", of_json({"users": [about_user | user for user in users]}))
        settings.ANYTHINGLLM_URL = busy.url
        sweeps.sweep()
    assert bool(Joining.objects.get().closed_at) == closed


def test_invites_made_on_the_instance_are_left_alone(standin, there, link):
    join_by(link, "newbie")
    standin.post("/v1/admin/invite/new", {"workspaceIds": [1]})
    later(20)
    sweeps.sweep()
    assert len(there.pending()) == 1


def test_nothing_is_asked_of_the_instance_when_there_is_nothing_to_do(standin, link):
    before = len(standin.state()["requests"])
    sweeps.sweep()
    assert len(standin.state()["requests"]) == before


def test_two_workers_do_not_sweep_at_once(link):
    Link.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with locks.held("invite-sweep"):
        sweeps.sweep()
    assert Link.objects.get().expired_at is None
    sweeps.sweep()
    assert Link.objects.get().expired_at
    assert AuditEvent.objects.filter(action="invite.expired").count() == 1


# --- Unknown codes ----------------------------------------------------------------------------------------------------
def test_ten_unknown_codes_a_minute_from_one_address():
    request, other = visit(), visit()
    other.META["REMOTE_ADDR"] = "192.0.2.7"
    for _try in range(10):
        assert tries.too_many(request) == 0
        tries.count(request)
    assert 1 <= tries.too_many(request) <= 60
    assert tries.too_many(other) == 0
    Try.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert tries.too_many(request) == 0
    sweeps.sweep()
    assert not Try.objects.exists()
