"""Links: made, found, shown, extended and revoked; by whom, and until when."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.utils import timezone

from dashboard import instance
from dashboard.access.models import Group, GroupWorkspace
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent
from dashboard.errors import Declined
from dashboard.invites import codes, joining, services, sweeps
from dashboard.invites.models import Joining, JoiningState, Link, LinkState
from tests.conftest import operator
from tests.invites.conftest import SECRET, code_of, join_by, later

pytestmark = pytest.mark.django_db


def state(link: Link) -> LinkState:
    return services.state_of(Link.objects.get(pk=link.pk))


def expire(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def mona(two_rooms) -> Operator:
    """Looks after the first of the two workspaces only."""
    mona = operator(Role.MANAGER, "mona")
    mona.looks_after.create(workspace_id=two_rooms[0])
    return mona


# --- Codes ------------------------------------------------------------------------------------------------------------
def test_a_code_has_192_bits_and_is_shown_again(make_link):
    link = make_link()
    assert re.fullmatch("[A-Za-z0-9_-]{32}", code_of(link))
    assert services.find(code_of(link)) == link
    assert services.address(RequestFactory().get("/"), link) == f"http://testserver/join/{code_of(link)}/"
    assert code_of(make_link()) != code_of(link)


def test_a_stolen_database_opens_no_door(make_link, settings):
    link = make_link()
    code, stolen = code_of(link), serializers.serialize("json", Link.objects.all())
    assert code not in stolen
    assert code not in json.dumps(list(AuditEvent.objects.values("target_name", "before", "after", "detail")))
    settings.SECRET_KEY = "the-thief-does-not-have-the-servers-key"
    (row,) = json.loads(stolen)
    assert codes.derive(row["fields"]["salt"]) != code
    assert codes.recover(row["fields"]["salt"], row["fields"]["code_hash"]) is None
    assert services.find(codes.derive(row["fields"]["salt"])) is None


def test_with_another_secret_key_a_link_still_opens_but_is_not_shown(make_link, settings):
    link = make_link()
    code, settings.SECRET_KEY = code_of(link), "a-new-key-since-the-link-was-made-0123456789"
    assert services.address(RequestFactory().get("/"), link) is None
    assert services.find(code) == link
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests-0123456789-0123456789-abc"]
    assert code_of(link) == code


@pytest.mark.parametrize(
    "code", ["", "x", "ü" * 32, "x" * 33, "x" * 10_000, "\x00" * 32, "../../../../../../../../etc/passwd", "A" * 32]
)
def test_any_text_may_be_asked_for(code, make_link):
    make_link()
    assert services.find(code) is None


# --- What may be given ------------------------------------------------------------------------------------------------
def test_a_manager_of_some_workspaces_gives_these_only(make_link, mona, two_rooms):
    with pytest.raises(Declined):
        make_link(actor=mona, workspace_ids=two_rooms)
    with pytest.raises(Declined):
        make_link(actor=mona, workspace_ids=[])
    assert make_link(actor=mona, workspace_ids=two_rooms[:1]).workspace_ids == two_rooms[:1]


def test_a_manager_of_some_workspaces_gives_no_group_that_gives_more(make_link, mona, two_rooms):
    group = Group.objects.create(name="Sales")
    GroupWorkspace.objects.create(group=group, workspace_id=two_rooms[0])
    assert [some.name for some in services.may_give(mona).groups] == ["Sales"]
    make_link(actor=mona, workspace_ids=[], group_ids=[group.pk])
    GroupWorkspace.objects.create(group=group, workspace_id=two_rooms[1])
    assert services.may_give(mona).groups == []
    with pytest.raises(Declined):
        make_link(actor=mona, workspace_ids=[], group_ids=[group.pk])


def test_only_admins_invite_managers(make_link):
    with pytest.raises(Declined):
        make_link(actor=operator(Role.MANAGER, "mona"), role="manager")
    assert make_link(role="manager").role == "manager"


def test_what_is_not_there_cannot_be_given(make_link):
    with pytest.raises(Declined):
        make_link(workspace_ids=[987_654])
    with pytest.raises(Declined):
        make_link(group_ids=[987_654])
    assert not Link.objects.exists()


@pytest.mark.parametrize("fields", [{"uses": 0}, {"uses": 501}, {"daily_limit": 0}])
def test_the_database_itself_refuses_what_no_form_lets_through(fields, make_link):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_link(**fields)


def test_a_batch_is_made_once_whatever_is_pressed(ada, two_rooms):
    fields = services.LinkFields(label="Course", workspace_ids=two_rooms, uses=9)
    people = [services.Person("Anna", "anna@example.com"), services.Person("Ben")]
    batch = uuid.uuid4()
    made = services.make_many(actor=ada, fields=fields, people=people, batch=batch)
    again = services.make_many(actor=ada, fields=fields, people=people, batch=batch)
    assert {link.pk for link in made} == {link.pk for link in again}
    assert sorted((link.for_whom, link.email, link.uses) for link in Link.objects.all()) == [
        ("Anna", "anna@example.com", 1),
        ("Ben", "", 1),
    ]
    assert AuditEvent.objects.get(action="invite.made").after["links"] == 2


# --- Who sees what ----------------------------------------------------------------------------------------------------
def test_who_could_not_give_it_does_not_see_its_code(make_link, mona, two_rooms, ada):
    theirs = make_link(actor=mona, workspace_ids=two_rooms[:1])
    shared = make_link(workspace_ids=two_rooms[:1])
    wider, managers, empty = (
        make_link(),
        make_link(role="manager", workspace_ids=two_rooms[:1]),
        make_link(workspace_ids=[]),
    )
    assert set(services.visible_to(mona)) == {theirs, shared}
    assert set(services.visible_to(operator(Role.MANAGER, "moritz"))) == {theirs, shared, wider, empty}
    assert set(services.visible_to(ada)) == {theirs, shared, wider, managers, empty}


# --- Until when -------------------------------------------------------------------------------------------------------
def test_an_expired_link_lets_nobody_in(there, make_link):
    link = make_link()
    expire(link)
    with pytest.raises(joining.LinkClosed) as refusal:
        join_by(link, "newbie")
    assert refusal.value.state == LinkState.EXPIRED
    assert there.minted() == []


@pytest.mark.parametrize(
    "seen_by", [lambda link: services.find(code_of(link)), lambda link: sweeps.sweep()], ids=["a visit", "the worker"]
)
def test_what_was_seen_expired_stays_so_when_the_clock_is_set_back(seen_by, make_link):
    link = make_link()
    expire(link)
    seen_by(link)
    Link.objects.update(expires_at=timezone.now() + timedelta(days=1))  # as the clock set back makes it look
    assert state(link) == LinkState.EXPIRED
    with pytest.raises(joining.LinkClosed):
        join_by(link, "newbie")
    assert AuditEvent.objects.filter(action="invite.expired", actor=None).count() == 1


def test_extending_opens_it_again(there, make_link, ada):
    link = make_link()
    expire(link)
    sweeps.sweep()
    services.extend(actor=ada, link=link, days=3)
    assert state(link) == LinkState.OPEN
    assert timedelta(days=2, hours=23) < link.expires_at - timezone.now() <= timedelta(days=3)
    services.extend(actor=ada, link=link, days=3)
    assert timedelta(days=5, hours=23) < link.expires_at - timezone.now() <= timedelta(days=6)
    services.extend(actor=ada, link=link, days=10_000)
    assert link.expires_at - timezone.now() <= timedelta(days=365)
    join_by(link, "newbie")
    assert len(there.users("newbie")) == 1


def test_a_revoked_link_lets_nobody_in_for_good(there, make_link, ada):
    link = make_link(uses=2)
    join_by(link, "newbie")
    services.revoke(actor=ada, link=link)
    with pytest.raises(joining.LinkClosed) as refusal:
        join_by(link, "newbie-2")
    assert refusal.value.state == LinkState.REVOKED
    with pytest.raises(Declined):
        services.extend(actor=ada, link=link, days=3)
    assert (link.revoked_by, state(link)) == (ada, LinkState.REVOKED)
    join_by(link, "newbie")  # who has joined stays
    assert len(there.users("newbie", "newbie-2")) == 1


def test_a_used_up_link_lets_nobody_new_in(there, make_link):
    link = make_link()
    join_by(link, "newbie")
    with pytest.raises(joining.LinkClosed) as refusal:
        join_by(link, "newbie-2")
    assert refusal.value.state == LinkState.USED_UP
    assert there.users("newbie-2") == []


def interrupted(standin, link: Link) -> None:
    """newbie has begun, and the instance went away before it did anything."""
    instance.entrance()
    standin.fault("reset", path="/api/invite/[0-9A-Z]", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")


def test_somebody_just_joining_holds_the_last_place_for_a_while(standin, there, make_link):
    link = make_link()
    interrupted(standin, link)
    with pytest.raises(joining.AllHeld):
        join_by(link, "newbie-2")
    later(14)
    sweeps.sweep()
    with pytest.raises(joining.AllHeld):
        join_by(link, "newbie-2")
    later(2)
    sweeps.sweep()
    join_by(link, "newbie-2")
    assert there.users("newbie") == []
    with pytest.raises(joining.LinkClosed):
        join_by(link, "newbie")


def test_who_began_in_time_ends_in_time(standin, there, make_link):
    link = make_link()
    interrupted(standin, link)
    expire(link)
    join_by(link, "newbie")
    assert len(there.users("newbie")) == 1


def test_who_began_before_it_was_revoked_gets_no_account(standin, there, make_link, ada):
    link = make_link()
    interrupted(standin, link)
    services.revoke(actor=ada, link=link)
    with pytest.raises(joining.LinkClosed):
        join_by(link, "newbie")
    later(4)
    sweeps.sweep()
    assert there.users("newbie") == []
    assert there.pending() == []
    assert Joining.objects.get().state == JoiningState.GIVEN_BACK


def test_one_link_cannot_be_made_to_litter_the_instance(standin, there, make_link):
    """Each refusal there leaves a disabled invite in its list for ever."""
    standin.configure(passwords={"min": 8, "max": 250, "lower": 0, "upper": 1, "numeric": 0, "symbol": 0})
    link = make_link()
    for _try in range(13):
        with pytest.raises(joining.PasswordRefused):
            join_by(link, "newbie")
    with pytest.raises(Declined, match="ten minutes"):
        join_by(link, "newbie")
    assert len(there.minted()) == 13
    later(11)
    join_by(link, "newbie", SECRET.title())
    assert len(there.users("newbie")) == 1
