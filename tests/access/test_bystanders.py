"""Taking one person out of a workspace costs nobody else their access, whatever the instance does with its list of members."""

from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone

from dashboard import instance
from dashboard.access import bystanders
from dashboard.access.models import Grant, MembersBefore
from dashboard.access.services import Outcome, put_back
from dashboard.access.sets import Wanted, apply, stage
from dashboard.access.sweeps import sweep
from dashboard.anythingllm import Budget, Kind
from dashboard.audit.models import AuditEvent
from dashboard.audit.models import Outcome as LedgerOutcome
from dashboard.errors import Declined
from dashboard.jobs import engine
from dashboard.jobs import services as jobs
from dashboard.jobs.models import ItemState

pytestmark = pytest.mark.django_db
State = MembersBefore.State
STAY = 5


@pytest.fixture
def full(team, room):
    """The workspace with sam, who is to go, and those who are to stay; the latter's ids."""
    names = [name for name in team.users if name not in ("sam", "ada", "mia")][:STAY]
    team.set_members(room, "sam", *names)
    instance.forget_members()
    return {team.users[name]: name for name in names}


def restored():
    return sorted(
        int(key) for key in AuditEvent.objects.filter(action="access.restored").values_list("target_id", flat=True)
    )


def time_passes():
    """What got no answer has happened by now, or never will."""
    MembersBefore.objects.update(late_until=timezone.now() - timedelta(seconds=1))
    instance.hang_up()


def nobody_answers(standin, kind):
    """The write goes wrong like this, and from then on nobody answers."""
    standin.fault(kind, path="manage-users", times=1)
    standin.fault("down", since="POST")


# --- At once ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["half", "half-lost"])
def test_whom_the_instance_lost_gets_access_back_at_once_and_is_named(kind, ada, team, room, full, change, standin):
    Grant.objects.create(workspace_id=room, user_id=min(full), reason="direct", granted_by=ada)
    standin.fault(kind, path="manage-users", times=1)
    (result,) = change(team.step("sam", False))
    assert team.members(room) == set(full)
    assert result.outcome == Outcome.DONE
    assert sorted(result.others.back) == sorted(full.values())
    assert "took access from 5 other people as well" in result.others.in_words()
    assert all(name in result.others.in_words() for name in list(result.others.back)[:3])
    assert restored() == sorted(full)
    line = AuditEvent.objects.get(action="access.taken")
    assert (line.outcome, result.others.in_words() in line.detail) == (LedgerOutcome.OK, True)
    assert {event.actor_name for event in AuditEvent.objects.filter(action="access.restored")} == {"Foyer"}
    assert Grant.objects.get().user_id == min(full)


def test_as_long_as_they_are_missing_every_page_says_so(admin_client, ada, team, room, full, change, standin):
    given, found = sorted(full)[:2]
    Grant.objects.create(workspace_id=room, user_id=given, reason="direct", granted_by=ada)
    standin.fault("half", path="manage-users")
    change(team.step("sam", False))
    assert not team.members(room)
    slug = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["id"] == room)
    pages = {url: admin_client.get(url).content.decode() for url in (f"/workspaces/{slug}/", f"/users/{given}/")}
    for page in pages.values():
        assert "was lost by AnythingLLM; Foyer gives it back" in page and "was taken on AnythingLLM" not in page
        assert "Forget" not in page
    assert full[found] in pages[f"/workspaces/{slug}/"]
    assert "lost by AnythingLLM" in admin_client.get("/access/").content.decode()
    matters = admin_client.get("/").context["matters"]
    assert "Foyer could not give it back yet" in matters[0].sentence and len(matters) > 1  # the gravest comes first


def test_the_list_stands_in_the_database_before_the_instance_is_asked(team, room, full, change, standin):
    nobody_answers(standin, "half-lost")
    change(team.step("sam", False))
    record = MembersBefore.objects.get(pk=room)
    assert set(record.staying) == set(full)
    assert record.removes == [team.users["sam"]]
    assert record.state == State.OPEN


def test_a_change_that_loses_nobody_is_settled_and_costs_no_call_more(team, room, full, change, standin):
    roster = instance.connect().memberships.roster()
    before = len(standin.state()["requests"])
    change(team.step("sam", False), roster=roster)
    assert len(standin.state()["requests"]) - before == 3
    assert MembersBefore.objects.get(pk=room).state == State.SETTLED
    assert restored() == []


def test_adding_alone_deletes_nothing_and_needs_no_record(team, room, full, change, standin):
    standin.fault("half", path="update-users")
    nobody = next(name for name in team.users if name not in (*full.values(), "sam"))
    change(team.step(nobody, True))
    assert team.members(room) == {*full, team.users["sam"], team.users[nobody]}
    assert not MembersBefore.objects.exists()


def test_an_instance_without_the_newer_call_deletes_even_when_it_adds(team, room, full, change, standin):
    standin.configure(as_version=[1, 3, 0])
    standin.fault("half", path="update-users", times=1)
    nobody = next(name for name in team.users if name not in (*full.values(), "sam"))
    (result,) = change(team.step(nobody, True))
    assert result.outcome == Outcome.FAILED
    assert team.members(room) == {*full, team.users["sam"]}


# --- Later ------------------------------------------------------------------------------------------------------------
def test_what_cannot_be_mended_at_once_is_said_and_the_worker_mends_it(team, room, full, change, standin):
    standin.fault("half", path="manage-users")
    (result,) = change(team.step("sam", False))
    assert team.members(room) == set()
    assert sorted(result.others.missing) == sorted(full.values())
    assert "could not give it back yet" in result.others.in_words()
    sweep()  # still no
    assert restored() == []
    standin.clear_faults()
    sweep()
    assert team.members(room) == set(full)
    assert restored() == sorted(full)
    assert MembersBefore.objects.get().state == State.SETTLED
    sweep()
    assert restored() == sorted(full)


def test_nothing_else_is_changed_there_while_people_are_missing(team, room, full, change, standin):
    standin.fault("half", path="manage-users")
    change(team.step("sam", False))
    with pytest.raises(Declined, match="while people are missing there"):
        change(team.step("sam", True))
    standin.clear_faults()
    (result,) = change(team.step("sam", True))
    assert team.members(room) == {*full, team.users["sam"]}
    assert sorted(result.others.back) == sorted(full.values())


@pytest.mark.parametrize("kind", ["half", "half-lost"])
def test_when_nobody_answers_it_says_who_may_be_missing_and_the_next_change_mends_it_first(
    kind, team, room, full, change, standin
):
    if kind == "half":
        standin.fault("lost", path="manage-users", times=1)
    nobody_answers(standin, kind)
    (result,) = change(team.step("sam", False))
    assert (result.outcome, result.others.unseen) == (Outcome.UNKNOWN, len(full))
    assert "5 other people had access, and may have lost it" in result.others.in_words()
    standin.clear_faults()
    instance.hang_up()
    assert team.members(room) == set()
    (result,) = change(team.step("sam", False))
    assert result.outcome == Outcome.ALREADY
    assert team.members(room) == set(full)
    assert restored() == sorted(full)


def test_a_request_that_is_carried_out_late_is_mended_too(team, room, full, change, standin):
    """No answer in time, and the list still whole: the instance may be just about to delete it."""
    instance.connect().http_client.budgets[Kind.WRITE] = Budget(3, 0.2)
    standin.fault("latency", path="manage-users", seconds=1, times=1)
    standin.fault("half", path="manage-users", times=1)
    (result,) = change(team.step("sam", False))
    assert result.outcome == Outcome.UNKNOWN
    assert MembersBefore.objects.get().state == State.WHOLE
    never = Event()
    while team.members(room):
        assert not never.wait(0.05)
    instance.hang_up()
    sweep()
    assert team.members(room) == set(full)
    assert restored() == sorted(full)
    time_passes()
    sweep()
    assert MembersBefore.objects.get().state == State.SETTLED


def test_whom_others_added_meanwhile_stays(team, room, full, change, standin):
    nobody_answers(standin, "half-lost")
    change(team.step("sam", False))
    standin.clear_faults()
    other = next(user_id for name, user_id in team.users.items() if user_id not in full and name != "sam")
    slug = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["id"] == room)
    standin.post(f"/v1/admin/workspaces/{slug}/manage-users", {"userIds": [other]})
    instance.hang_up()
    sweep()
    assert team.members(room) == {*full, other}


def test_whom_a_later_change_takes_is_not_put_back(team, room, full, change, standin):
    standin.fault("lost", path="manage-users", times=1)
    change(team.step("sam", False))
    gone, *stay = full
    change(team.step(full[gone], False))
    assert team.members(room) == set(stay)
    for _round in range(2):
        sweep()
        time_passes()
    assert team.members(room) == set(stay)
    assert restored() == []


def test_whom_a_later_change_gives_access_is_kept_too(team, room, full, change, standin):
    """The first request may still be carried out, and knows nothing of them."""
    standin.fault("lost", path="manage-users", times=1)
    change(team.step("sam", False))
    change(team.step("sam", True))
    team.set_members(room)
    sweep()
    assert team.members(room) == {*full, team.users["sam"]}


def test_who_came_later_is_not_lost_by_a_request_that_does_not_know_them(team, room, full, change, standin):
    """Carried out late and rightly, it loses one of many only."""
    standin.fault("lost", path="manage-users", times=1)
    change(team.step("sam", False))
    change(team.step("mia", True))
    team.set_members(room, *full.values())
    sweep()
    assert team.members(room) == {*full, team.users["mia"]}


def test_whom_somebody_takes_on_the_instance_itself_is_not_put_back(team, room, full, change, standin):
    standin.fault("lost", path="manage-users", times=1)
    change(team.step("sam", False))
    assert MembersBefore.objects.get().state == State.WHOLE
    _gone, *stay = full.values()
    team.set_members(room, *stay)
    sweep()
    assert team.members(room) == {team.users[name] for name in stay}


def test_whose_account_was_deleted_is_not_waited_for(team, room, full, change, standin):
    nobody_answers(standin, "half-lost")
    change(team.step("sam", False))
    standin.clear_faults()
    gone, *stay = full
    standin._fetch("DELETE", f"/api/v1/admin/users/{gone}")
    time_passes()
    sweep()
    assert team.members(room) == set(stay)
    assert restored() == sorted(stay)
    assert MembersBefore.objects.get().state == State.SETTLED


def test_a_workspace_that_was_deleted_is_let_go(team, room, full, change, standin):
    nobody_answers(standin, "half-lost")
    change(team.step("sam", False))
    standin.clear_faults()
    slug = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["id"] == room)
    instance.hang_up()
    instance.connect().workspaces.delete(slug)
    sweep()
    assert MembersBefore.objects.get().state == State.SETTLED
    assert restored() == []


def test_the_worker_asks_nothing_when_all_is_settled(team, room, full, change, standin):
    change(team.step("sam", False))
    before = len(standin.state()["requests"])
    sweep()
    assert len(standin.state()["requests"]) == before


# --- What people are told ---------------------------------------------------------------------------------------------
def test_the_switch_names_the_others(admin_client, team, room, full, standin):
    standin.fault("half", path="manage-users", times=1)
    answer = admin_client.post(f"/access/{room}/{team.users['sam']}/", {"give": "0"}, follow=True)
    page = answer.content.decode()
    assert "sam may not open" in page
    assert "took access from 5 other people as well, and Foyer has given it back" in page


def work(job):
    while engine.work(job.pk):
        pass
    job.refresh_from_db()
    return job


def test_a_set_says_it_and_trying_again_builds_on_no_emptied_list(ada, team, room, full, standin, monkeypatch):
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    access_set = stage(actor=ada, title="One out", wanted=[Wanted(room, team.users["sam"], give=False)])
    standin.fault("half", path="manage-users")
    job = work(apply(actor=ada, access_set=access_set))
    item = job.items.get()
    assert item.state == ItemState.FAILED
    assert "1 taken" in item.message
    assert "took access from 5 other people as well" in item.message
    assert "took access from 5 other people as well" in access_set.changes.get().message
    standin.clear_faults()
    jobs.retry(actor=ada, job=job)
    work(job)
    item = job.items.get()
    assert item.state == ItemState.DONE
    assert "Foyer has given it back" in item.message
    assert "Foyer has given it back" in access_set.changes.get().message
    assert team.members(room) == set(full)


def test_looking_when_nothing_is_unsettled_is_nothing(room, standin):
    assert put_back(room) == bystanders.NOBODY
