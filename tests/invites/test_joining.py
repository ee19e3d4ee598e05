"""A person's way through a link, against an instance that does what it shall."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.access.models import Grant, Group, GroupMember, GroupWorkspace, OpenWorkspace, Reason
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.invites import joining
from dashboard.invites.models import Joining, JoiningState, Link, LinkState
from tests.conftest import operator
from tests.invites.conftest import SECRET, join_by, visit

pytestmark = pytest.mark.django_db


# --- What a link gives --------------------------------------------------------------------------------------------------
def test_a_link_gives_an_account_its_workspaces_and_a_session(there, make_link, two_rooms):
    link, request = make_link(), visit()
    joined = join_by(link, "newbie", request=request)
    assert len(joined.recovery_codes) == 4
    assert joined.missing == ()
    user = there.user("newbie")
    assert (user["role"], user["dailyMessageLimit"]) == ("default", None)
    assert there.rooms_of("newbie") == set(two_rooms)
    assert request.user == Operator.objects.get(anythingllm_user_id=user["id"])
    assert request.session["_auth_user_id"] == str(request.user.pk)
    reasons = set(Grant.objects.filter(user_id=user["id"]).values_list("workspace_id", "reason", "granted_by"))
    assert reasons == {(room, Reason.INVITE, link.created_by_id) for room in two_rooms}
    done = Joining.objects.get()
    assert (done.state, done.user_id, done.note) == (JoiningState.DONE, user["id"], "")
    assert there.pending() == []


def test_it_gives_role_limit_groups_and_what_is_for_everyone(there, make_link, two_rooms):
    rooms = list(there.rooms.values())
    group = Group.objects.create(name="Sales")
    GroupWorkspace.objects.create(group=group, workspace_id=rooms[2])
    OpenWorkspace.objects.create(workspace_id=rooms[3])
    join_by(make_link(role="manager", daily_limit=7, group_ids=[group.pk]), "newbie")
    user = there.user("newbie")
    assert (user["role"], user["dailyMessageLimit"]) == ("manager", 7)
    assert there.rooms_of("newbie") == {*two_rooms, rooms[2], rooms[3]}
    assert Grant.objects.get(workspace_id=rooms[2]).group == group
    assert Grant.objects.get(workspace_id=rooms[3]).reason == Reason.EVERYONE
    assert GroupMember.objects.get(group=group).user_id == user["id"]


def test_the_ledger_tells_who_came_and_what_they_got(there, make_link, two_rooms):
    group = Group.objects.create(name="Sales")
    link = make_link(daily_limit=3, group_ids=[group.pk])
    join_by(link, "newbie")
    came = AuditEvent.objects.get(action="invite.joined")
    user = there.user("newbie")
    assert (came.outcome, came.target_id, came.target_name) == (Outcome.OK, str(user["id"]), "newbie")
    assert came.after == {
        "link": "New people",
        "workspaces": ", ".join(name for name, room in there.rooms.items() if room in two_rooms),
        "groups": "Sales",
        "role": "default",
        "daily_message_limit": 3,
    }
    assert came.actor == link.created_by  # so that managers find in the ledger who came by their links
    assert AuditEvent.objects.filter(action="access.given", actor=link.created_by).count() == 2
    assert AuditEvent.objects.get(action="user.changed").after == {"daily_message_limit": 3}
    assert SECRET not in str(list(AuditEvent.objects.values()))


def test_a_deleted_workspace_is_left_out_and_noted(standin, there, make_link, two_rooms):
    link = make_link()
    gone = next(w for w in standin.get("/v1/workspaces")["workspaces"] if w["id"] == two_rooms[0])
    instance.connect().workspaces.delete(gone["slug"])
    join_by(link, "newbie")
    assert there.rooms_of("newbie") == {two_rooms[1]}
    assert Joining.objects.get().state == JoiningState.DONE
    assert "1 workspace was left out" in Joining.objects.get().note


def test_one_joining_takes_few_calls(standin, make_link, record_property):
    link = make_link()
    instance.entrance()
    instance.version()
    before = len(standin.state()["requests"])
    join_by(link, "newbie")
    asked = [(seen["method"], seen["path"]) for seen in standin.state()["requests"][before:]]
    record_property("figure", ("calls of one joining into two workspaces", str(len(asked)), "9"))
    # users, mint, accept, invites, users, workspaces, members of each of two, login
    assert len(asked) <= 9, asked


# --- Names ------------------------------------------------------------------------------------------------------------
def test_the_name_of_an_account_is_taken(there, make_link):
    with pytest.raises(joining.NameTaken):
        join_by(make_link(), "sam")
    assert there.minted() == []
    assert not Joining.objects.exists()


def test_the_name_of_a_local_operator_is_taken(there, make_link, ada):
    with pytest.raises(joining.NameTaken):
        join_by(make_link(), ada.username)
    assert there.minted() == []


def test_a_name_taken_since_the_list_was_read_is_told_and_nothing_is_left(standin, there, make_link):
    link = make_link()
    instance.users()
    standin.post("/v1/admin/users/new", {"username": "newbie", "password": SECRET, "role": "default"})
    with pytest.raises(joining.NameTaken):
        join_by(link, "newbie")
    assert there.pending() == []
    assert Joining.objects.get().state == JoiningState.GIVEN_BACK
    join_by(link, "newbie-2")
    assert len(there.users("newbie-2")) == 1


@pytest.mark.parametrize("name", ["x", "Ümit", "1st", "with space", "x" * 65])
def test_a_name_against_the_rules_is_refused_before_anything_is_asked(name, there, make_link):
    with pytest.raises(joining.NameRefused):
        join_by(make_link(), name)
    assert there.minted() == []


def test_two_people_of_one_name_by_one_link(there, make_link):
    link = make_link(uses=2)
    join_by(link, "newbie")
    with pytest.raises(joining.NameTaken):
        join_by(link, "newbie", "another-long-password")
    join_by(link, "newbie-2", "another-long-password")
    assert len(there.users("newbie", "newbie-2")) == 2
    assert Link.objects.counted().get().used == 2


# --- Passwords ----------------------------------------------------------------------------------------------------------
def test_a_password_the_instance_refuses_is_told_in_its_words_and_gives_the_use_back(standin, there, make_link):
    standin.configure(passwords={"min": 8, "max": 250, "lower": 0, "upper": 1, "numeric": 0, "symbol": 0})
    link = make_link()
    with pytest.raises(joining.PasswordRefused, match="upper-cased"):
        join_by(link, "newbie")
    assert there.pending() == []
    assert there.users("newbie") == []
    join_by(link, "newbie", "Now-with-a-capital")
    assert len(there.users("newbie")) == 1


def test_nobody_gets_into_somebody_elses_account_by_naming_it(there, make_link):
    """Not by the very link that made it, and not by another."""
    link, other = make_link(), make_link()
    join_by(link, "newbie")
    for some in (link, other):
        request = visit()
        with pytest.raises(joining.NameTaken):
            join_by(some, "newbie", "wrong-password-here", request)
        assert not request.user.is_authenticated
        assert "_auth_user_id" not in request.session


def test_wrong_passwords_are_counted_as_at_the_sign_in(make_link):
    link = make_link()
    join_by(link, "newbie")
    for _try in range(4):
        with pytest.raises(joining.NameTaken):
            join_by(link, "newbie", "wrong-password-here")
    for password in ("wrong-password-here", SECRET):
        with pytest.raises(joining.LockedOut):
            join_by(link, "newbie", password)


def test_the_same_form_sent_again_signs_in_and_uses_nothing_more(there, make_link):
    link, request = make_link(), visit()
    join_by(link, "newbie")
    assert join_by(link, "newbie", request=request) == joining.Joined((), ())
    assert request.user.is_authenticated
    assert len(there.minted()) == 1
    assert Joining.objects.count() == 1


def test_an_account_that_took_the_name_since_is_not_the_one_that_joined(standin, there, make_link):
    link = make_link()
    join_by(link, "newbie")
    instance.connect().users.delete(there.user("newbie")["id"])
    standin.post("/v1/admin/users/new", {"username": "newbie", "password": SECRET, "role": "default"})
    with pytest.raises(joining.NameTaken):
        join_by(link, "newbie")


def test_an_invite_claimed_by_hand_on_the_instance_is_not_taken_for_the_persons_account(standin, there, make_link):
    """An admin there sees the pending invite, and may pass it on."""
    link = make_link()
    standin.fault("reset", path="/api/invite/[0-9A-Z]", times=1)
    standin.fault("500", path="/admin/invites", times=1)
    with pytest.raises(joining.Interrupted):
        join_by(link, "newbie")
    (invite,) = there.minted()
    standin.post(f"/invite/{invite['code']}", {"username": "stranger", "password": SECRET})
    join_by(link, "newbie")
    assert Joining.objects.get(state=JoiningState.DONE).user_id == there.user("newbie")["id"]


# --- Where nobody can join ------------------------------------------------------------------------------------------------
def test_it_says_so_when_the_instance_forbids_passwords(standin, there, make_link):
    standin.configure(sso_no_login=True)
    with pytest.raises(joining.LoginForbidden):
        join_by(make_link(), "newbie")
    assert there.minted() == []


def test_it_says_so_when_the_instance_forbids_passwords_since_it_was_asked(standin, there, make_link):
    assert instance.entrance().value.password_login
    standin.configure(sso_no_login=True)
    link = make_link()
    with pytest.raises(joining.LoginForbidden):
        join_by(link, "newbie")
    assert there.pending() == []
    assert not instance.entrance().value.password_login
    standin.configure(sso_no_login=False)
    instance.forget("entrance")
    join_by(link, "newbie")


@pytest.mark.parametrize("sso", [True, False])
def test_how_people_can_get_in_is_asked_without_a_trace(sso, standin, there):
    standin.configure(sso=sso)
    assert instance.entrance().value == instance.Entrance(password_login=True, sso=sso)
    assert there.minted() == []


def test_in_single_user_mode_there_are_no_sign_in_links(standin):
    standin.configure(single_user=True)
    assert instance.entrance().value == instance.Entrance(password_login=True, sso=False)


# --- Rights of the maker ------------------------------------------------------------------------------------------------
def test_a_demoted_admins_link_makes_no_managers(there, make_link):
    maker = operator(Role.ADMIN, "chief")
    link = make_link(actor=maker, role="manager")
    Operator.objects.filter(pk=maker.pk).update(role=Role.MANAGER)
    join_by(link, "newbie")
    assert there.user("newbie")["role"] == "default"


def test_a_link_gives_only_what_its_maker_looks_after_now(there, make_link, two_rooms):
    maker = operator(Role.MANAGER, "mona")
    link = make_link(actor=maker)
    maker.looks_after.create(workspace_id=two_rooms[1])
    join_by(link, "newbie")
    assert there.rooms_of("newbie") == {two_rooms[1]}
    assert "left out" in Joining.objects.get().note


@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"is_active": False}])
def test_a_link_ends_with_its_makers_right_to_invite(change, there, make_link):
    maker = operator(Role.MANAGER, "mona")
    link = make_link(actor=maker)
    Operator.objects.filter(pk=maker.pk).update(**change)
    with pytest.raises(joining.LinkClosed) as refusal:
        join_by(link, "newbie")
    assert refusal.value.state == LinkState.WITHDRAWN
    assert there.minted() == []


@pytest.mark.parametrize("change", [{"suspended": 1}, {"role": "default"}])
def test_a_link_ends_when_its_makers_account_is_suspended_or_demoted_on_the_instance(change, standin, there, make_link):
    account = there.user("mia")
    maker = Operator.objects.create(username="mia", role=Role.MANAGER, anythingllm_user_id=account["id"])
    link = make_link(actor=maker)
    standin.post(f"/v1/admin/users/{account['id']}", change)
    instance.forget("users")
    with pytest.raises(joining.LinkClosed) as refusal:
        join_by(link, "newbie")
    assert refusal.value.state == LinkState.WITHDRAWN
    assert Operator.objects.get(pk=maker.pk).role == Role.MANAGER, "looking is not changing"


def test_a_marker_fits_into_the_column_of_ids_on_the_instance(make_link):
    assert -(2**31) <= joining._hold(make_link(), "newcomer").marker < 0


def test_nobody_comes_in_under_a_name_that_means_somebody_elses_account(make_link, there):
    """Whoever signs in as "ada@anythingllm" means the account ada."""
    with pytest.raises(joining.NameRefused, match="cannot end in @anythingllm"):
        join_by(make_link(), "ada@anythingllm")
    assert not there.users("ada@anythingllm")
