"""Groups, workspaces for everyone, and locking somebody out: each shown first, then applied as a set."""

import pytest

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessSet, Grant, Group, GroupMember, OpenWorkspace, Reason
from dashboard.access.sweeps import sweep
from dashboard.audit.models import AuditEvent
from dashboard.jobs import engine
from dashboard.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales(room, team):
    """A group that gives the room, with nobody in it."""
    group = Group.objects.create(name="Sales")
    group.workspaces.create(workspace_id=room)
    return group


@pytest.fixture
def apply(admin_client):
    """Applies the set that a form led to, and works off its job."""

    def act(answer) -> AccessSet:
        assert answer.status_code == 302, answer.content.decode()
        staged = AccessSet.objects.latest("pk")
        assert answer["Location"] == f"/access/sets/{staged.pk}/"
        assert admin_client.get(answer["Location"]).status_code == 200
        admin_client.post(f"{answer['Location']}apply/")
        staged.refresh_from_db()
        while staged.job_id and engine.work(staged.job_id):
            pass
        instance.forget_members()
        return staged

    return act


def undo(admin_client, done):
    return admin_client.post(f"/access/sets/{done.pk}/undo/")


@pytest.fixture
def join(admin_client, apply):
    def act(group, *names):
        return apply(admin_client.post(f"/groups/{group.pk}/join/", {"names": "\n".join(names)}))

    return act


@pytest.fixture
def leave(admin_client, apply):
    return lambda group, *ids: apply(admin_client.post(f"/groups/{group.pk}/leave/", {"ids": ids}))


# --- Groups -----------------------------------------------------------------------------------------------------------
def test_a_group_is_made_and_renamed(admin_client, standin):
    answer = admin_client.post("/groups/new/", {"name": "Sales"})
    group = Group.objects.get()
    assert answer["Location"] == f"/groups/{group.pk}/edit/"
    admin_client.post(f"/groups/{group.pk}/edit/", {"name": "Sales North"})
    assert "Sales North" in admin_client.get("/groups/").content.decode()
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"group.created", "group.renamed"}


def test_two_groups_have_two_names(admin_client, standin, sales):
    assert admin_client.post("/groups/new/", {"name": "sales"}).status_code == 422
    assert Group.objects.count() == 1


@pytest.mark.parametrize(("name", "same"), [("über uns", "ÜBER UNS"), ("Продажи", "продажи"), ("Straße", "STRASSE")])
def test_names_of_groups_are_compared_whatever_their_script(admin_client, standin, name, same):
    group = Group.objects.create(name=name)
    assert (
        "There is a group of this name already." in admin_client.post("/groups/new/", {"name": same}).content.decode()
    )
    admin_client.post(f"/groups/{group.pk}/edit/", {"name": same})
    assert Group.objects.get().name == same, "its own name may change its case"


def test_joining_is_shown_first_and_changes_nothing_yet(admin_client, team, room, sales):
    answer = admin_client.post(f"/groups/{sales.pk}/join/", {"names": "dora.olsen, bianca"})
    page = admin_client.get(answer["Location"]).content.decode()
    assert "Give dora.olsen and bianca access to" in page or "Give bianca and dora.olsen access to" in page
    assert "People who join the group Sales: 2." in page
    assert not GroupMember.objects.exists()
    assert team.users["dora.olsen"] not in team.members(room)


def test_who_joins_gets_what_the_group_gives_and_who_leaves_loses_it(team, room, sales, join, leave):
    join(sales, "dora.olsen")
    assert team.users["dora.olsen"] in team.members(room)
    assert Grant.objects.get().group == sales
    leave(sales, team.users["dora.olsen"])
    assert team.users["dora.olsen"] not in team.members(room)
    assert not GroupMember.objects.exists()


def test_a_name_that_nobody_has_is_told(admin_client, sales):
    answer = admin_client.post(f"/groups/{sales.pk}/join/", {"names": "dora.olsen\nnobody.here"})
    assert answer.status_code == 422
    assert "no users of these names: nobody.here" in answer.content.decode()
    assert not AccessSet.objects.exists()


def test_people_are_found_by_name_and_ticked(admin_client, team, sales, apply):
    page = admin_client.get(f"/groups/{sales.pk}/", {"q": "dora"}).content.decode()
    assert f'value="{team.users["dora.olsen"]}"' in page
    apply(admin_client.post(f"/groups/{sales.pk}/join/", {"ids": [team.users["dora.olsen"]]}))
    assert GroupMember.objects.get().user_id == team.users["dora.olsen"]


def test_one_who_was_ticked_and_is_not_there_any_more_is_told(admin_client, team, sales):
    ticked = {"names": "dora.olsen", "ids": [team.users["bianca"], 765]}
    answer = admin_client.post(f"/groups/{sales.pk}/join/", ticked)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody who was ticked is not a user any more." in page and "dora.olsen</textarea>" in page
    assert not AccessSet.objects.exists()


def test_a_workspace_more_is_given_to_all_in_the_group(admin_client, team, room, sales, join, apply):
    join(sales, "dora.olsen", "bianca")
    other = next(i for i in team.workspaces.values() if i != room)
    team.set_members(other, "cem")
    instance.forget_members()
    apply(admin_client.post(f"/groups/{sales.pk}/edit/", {"name": "Sales", "workspaces": [room, other]}))
    assert {team.users["dora.olsen"], team.users["bianca"]} <= team.members(other)
    apply(admin_client.post(f"/groups/{sales.pk}/edit/", {"name": "Sales", "workspaces": [room]}))
    assert team.members(other) == {team.users["cem"]}
    assert team.users["bianca"] in team.members(room)


def test_who_was_there_before_joining_stays_after_leaving(team, room, sales, join, leave):
    join(sales, "sam")
    leave(sales, team.users["sam"])
    assert team.users["sam"] in team.members(room)


def test_undoing_a_join_leaves_the_group_again(admin_client, team, room, sales, join, apply):
    done = join(sales, "dora.olsen")
    apply(undo(admin_client, done))
    assert not GroupMember.objects.exists()
    assert team.users["dora.olsen"] not in team.members(room)


def test_deleting_a_group_shows_what_is_lost_and_then_takes_it(admin_client, team, room, sales, join, apply):
    join(sales, "dora.olsen")
    answer = admin_client.post(f"/groups/{sales.pk}/delete/")
    page = admin_client.get(answer["Location"]).content.decode()
    assert "Take from dora.olsen the access to" in page
    assert Group.objects.exists()
    done = apply(answer)
    assert not Group.objects.exists()
    assert team.users["dora.olsen"] not in team.members(room)
    assert undo(admin_client, done)["Location"] == f"/access/sets/{done.pk}/"


def test_an_empty_group_goes_at_once(admin_client, sales, apply):
    apply(admin_client.post(f"/groups/{sales.pk}/delete/"))
    assert not Group.objects.exists()


def test_a_group_stays_while_somebody_could_not_be_taken_out(admin_client, team, sales, join, apply, standin):
    join(sales, "dora.olsen")
    standin.fault("locked", path="(manage|update)-users")
    apply(admin_client.post(f"/groups/{sales.pk}/delete/"))
    assert Grant.objects.get().group == sales


def test_managers_have_no_groups(manager_client, sales):
    assert manager_client.get("/groups/").status_code == 403


# --- Everyone ---------------------------------------------------------------------------------------------------------
def test_a_workspace_is_opened_to_everyone_after_a_look(admin_client, team, room, apply):
    before = team.members(room)
    answer = admin_client.post(f"/access/{room}/open/", {"on": 1})
    page = admin_client.get(answer["Location"]).content.decode()
    assert "which is for everyone" in page
    assert not OpenWorkspace.objects.exists()
    apply(answer)
    assert OpenWorkspace.objects.get().workspace_id == room
    suspended = {user.id for user in instance.users().value if user.suspended}
    assert set(team.users.values()) - team.members(room) == suspended - before
    sweep()
    assert not Job.objects.filter(items__state="failed").exists()


def test_closed_again_it_takes_what_everyone_had_and_leaves_the_rest(admin_client, team, room, apply, join, sales):
    join(sales, "dora.olsen")
    apply(admin_client.post(f"/access/{room}/open/", {"on": 1}))
    assert set(Grant.objects.filter(user_id=team.users["dora.olsen"]).values_list("reason", flat=True)) == {
        Reason.GROUP,
        Reason.EVERYONE,
    }
    apply(admin_client.post(f"/access/{room}/open/", {"on": 0}))
    assert team.members(room) == {team.users[name] for name in ("sam", "cem", "dora.olsen")}
    assert not OpenWorkspace.objects.exists()
    sweep()
    assert team.members(room) == {team.users[name] for name in ("sam", "cem", "dora.olsen")}


def test_undoing_it_closes_the_workspace_again(admin_client, team, room, apply):
    done = apply(admin_client.post(f"/access/{room}/open/", {"on": 1}))
    apply(undo(admin_client, done))
    assert team.members(room) == {team.users["sam"], team.users["cem"]}
    assert not OpenWorkspace.objects.exists()


# --- Locking out ------------------------------------------------------------------------------------------------------
def test_locking_out_suspends_and_takes_everything(admin_client, team, room, sales, join, apply, standin):
    join(sales, "dora.olsen")
    other = next(i for i in team.workspaces.values() if i != room)
    team.set_members(other, "dora.olsen", "cem")
    Grant.objects.create(workspace_id=room, user_id=team.users["dora.olsen"], reason=Reason.DIRECT)
    Grant.objects.create(workspace_id=room, user_id=team.users["dora.olsen"], reason=Reason.EVERYONE)
    OpenWorkspace.objects.create(workspace_id=room)
    instance.forget_members()
    reasons = sorted(Grant.objects.values_list("workspace_id", "reason", "group"), key=str)
    url = f"/users/{team.users['dora.olsen']}/lock-out/"
    assert "by the group Sales" in admin_client.get(url).content.decode()
    answer = admin_client.post(url, {"confirmed": 1})
    done = AccessSet.objects.latest("pk")
    assert answer["Location"] == f"/access/sets/{done.pk}/"
    while engine.work(done.job_id):
        pass
    account = next(u for u in standin.get("/v1/admin/users")["users"] if u["username"] == "dora.olsen")
    assert account["suspended"] == 1
    for workspace_id in team.workspaces.values():
        assert team.users["dora.olsen"] not in team.members(workspace_id)
    assert not Grant.objects.exists()
    assert not GroupMember.objects.exists()
    sweep()
    assert team.users["dora.olsen"] not in team.members(room)
    assert {change.outcome for change in done.changes.all()} == {"done"}
    apply(undo(admin_client, done))
    assert team.users["dora.olsen"] in team.members(other)
    assert GroupMember.objects.get().group == sales
    own = Grant.objects.filter(workspace_id=room, user_id=team.users["dora.olsen"])
    back = own.values_list("workspace_id", "reason", "group")
    assert sorted(back, key=str) == reasons


def test_who_is_the_last_admin_is_not_locked_out(admin_client, team, standin):
    admins = [u for u in standin.get("/v1/admin/users")["users"] if u["role"] == "admin"]
    for account in admins[1:]:
        standin.post(f"/v1/admin/users/{account['id']}", {"role": "manager"})
    answer = admin_client.post(f"/users/{admins[0]['id']}/lock-out/", {"confirmed": 1})
    assert answer.status_code == 422
    assert "last admin" in answer.content.decode()
    assert not AccessSet.objects.exists()


def test_it_says_that_access_was_not_taken_when_only_suspending_went_well(admin_client, team, room, standin):
    standin.fault("500", path=r"/workspaces/\d+/users")
    answer = admin_client.post(f"/users/{team.users['sam']}/lock-out/", {"confirmed": 1})
    assert answer.status_code == 422
    account = next(u for u in standin.get("/v1/admin/users")["users"] if u["username"] == "sam")
    assert account["suspended"] == 1
    assert "is suspended, but keeps" in answer.content.decode()


def test_everything_of_a_person_is_each_reason_once(team, room, sales, join):
    join(sales, "dora.olsen")
    wanted = sets.everything_of(team.users["dora.olsen"])
    assert [(w.reason, w.give) for w in wanted if w.reason == Reason.GROUP] == [(Reason.GROUP, False)]
