"""Sets of changes: staged, looked at, applied workspace by workspace, undone by what was really done."""

from datetime import timedelta

import pytest
from django.db.models.signals import pre_save
from django.utils import timezone

from dashboard import instance, locks
from dashboard.access import sets
from dashboard.access.models import AccessChange, AccessSet, Grant, Group, Reason
from dashboard.access.services import change_members
from dashboard.access.sets import Wanted
from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.errors import Declined
from dashboard.jobs import engine
from dashboard.jobs import services as jobs
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from dashboard.models import Lease
from tests.conftest import operator, signed_in

pytestmark = pytest.mark.django_db
Outcome = AccessChange.Outcome


@pytest.fixture
def rooms(team):
    """Three workspaces by id: sam and cem in the first, cem in the second, nobody in the third."""
    ids = list(team.workspaces.values())[:3]
    for workspace_id, names in zip(ids, (["sam", "cem"], ["cem"], []), strict=True):
        team.set_members(workspace_id, *names)
    instance.forget_members()
    return ids


@pytest.fixture
def stage(ada, team):
    def act(*changes, **more) -> AccessSet:
        """(workspace id, name, give) or with a dictionary of what else is wanted."""
        wanted = [Wanted(room, team.users[name], give, **dict(*rest)) for room, name, give, *rest in changes]
        return sets.stage(actor=ada, title="Some changes", wanted=wanted, **more)

    return act


def work(job: Job) -> Job:
    while engine.work(job.pk):
        pass
    job.refresh_from_db()
    return job


@pytest.fixture
def applied(ada):
    def act(access_set: AccessSet) -> AccessSet:
        work(sets.apply(actor=ada, access_set=access_set))
        access_set.refresh_from_db()
        return access_set

    return act


def outcomes(access_set):
    return [change.outcome for change in access_set.changes.order_by("id")]


def state(team, rooms):
    """Who is where, and why, as far as undoing must bring it back."""
    grants = Grant.objects.order_by("workspace_id", "user_id", "reason", "group_id")
    return [team.members(room) for room in rooms], list(
        grants.values_list("workspace_id", "user_id", "reason", "group_id", "until")
    )


# --- Staging ----------------------------------------------------------------------------------------------------------
def test_staging_changes_nothing_on_the_instance(team, rooms, stage, standin):
    writes = standin.state()["writes"]
    stage((rooms[0], "dora.olsen", True), (rooms[0], "sam", False))
    assert standin.state()["writes"] == writes


def test_what_is_so_already_is_left_out(rooms, stage, applied):
    applied(stage((rooms[2], "sam", True)))
    again = stage((rooms[2], "sam", True), (rooms[2], "dora.olsen", False), (rooms[1], "sam", True))
    assert [(c.workspace_id, c.username) for c in again.changes.all()] == [(rooms[1], "sam")]


def test_people_and_workspaces_that_do_not_exist_are_left_out(ada, team, rooms):
    wanted = [Wanted(rooms[0], 99_999, True), Wanted(99_999, team.users["sam"], True)]
    assert not sets.stage(actor=ada, title="", wanted=wanted).changes.exists()


def test_who_is_found_on_the_instance_is_not_given_a_groups_reason(rooms, stage):
    """Else leaving the group would take what it did not give."""
    sales = Group.objects.create(name="Sales")
    staged = stage((rooms[0], "sam", True, {"reason": Reason.GROUP, "group_id": sales.pk}))
    assert not staged.changes.exists()


# --- Looking ----------------------------------------------------------------------------------------------------------
def test_the_shorter_way_to_say_it_is_taken(rooms, stage, team):
    names = ["dora.olsen", "bianca"]
    staged = stage(*((room, name, True) for name in names for room in rooms))
    (sentence,) = sets.preview(staged).sentences
    for word in [*names, *(c.workspace_name for c in staged.changes.all())]:
        assert word in sentence


def test_it_says_what_changed_since_the_operator_looked(rooms, stage, team):
    staged = stage((rooms[2], "sam", True))
    team.set_members(rooms[2], "sam")
    preview = sets.preview(staged)
    assert preview.rows[0].member
    assert "Changed since you looked: sam." in preview.warnings


def test_it_warns_of_suspended_and_implicit_and_vanished_people(rooms, stage, team, standin):
    staged = stage((rooms[2], "sam", True), (rooms[2], "mia", True), (rooms[2], "dora.olsen", True))
    standin.post(f"/v1/admin/users/{team.users['sam']}", {"suspended": 1})
    standin._fetch("DELETE", f"/api/v1/admin/users/{team.users['dora.olsen']}")
    instance.forget("users")
    warnings = " ".join(sets.preview(staged).warnings)
    assert "Suspended, so they cannot use it before they are resumed: sam." in warnings
    assert "Admins and managers open every workspace anyway: mia." in warnings
    assert "not there any more: dora.olsen." in warnings


def test_it_says_who_keeps_access_for_another_reason(rooms, stage, applied):
    sales = Group.objects.create(name="Sales")
    applied(stage((rooms[2], "sam", True), (rooms[2], "sam", True, {"reason": Reason.GROUP, "group_id": sales.pk})))
    staged = stage((rooms[2], "sam", False))
    (row,) = sets.preview(staged).rows
    assert "Sales" in row.notes[0]
    assert outcomes(applied(staged)) == [Outcome.KEPT]


# --- Applying ---------------------------------------------------------------------------------------------------------
def test_applying_gives_and_takes_and_tells_what_came_of_it(team, rooms, stage, applied):
    done = applied(stage((rooms[0], "dora.olsen", True), (rooms[0], "sam", False), (rooms[1], "sam", True)))
    assert outcomes(done) == [Outcome.DONE] * 3
    assert team.members(rooms[0]) == {team.users["cem"], team.users["dora.olsen"]}
    assert team.members(rooms[1]) == {team.users["cem"], team.users["sam"]}
    assert list(Job.objects.get(pk=done.job_id).items.values_list("state", flat=True)) == [ItemState.DONE] * 2


def test_a_set_is_applied_once(ada, rooms, stage, applied):
    done = applied(stage((rooms[2], "sam", True)))
    with pytest.raises(Declined):
        sets.apply(actor=ada, access_set=done)
    assert Job.objects.count() == 1


def test_five_hundred_changes_of_fifty_workspaces_take_three_calls_each(ada, team, standin):
    for n in range(50 - len(team.workspaces)):
        standin.post("/v1/workspace/new", {"name": f"Room {n}"})
    ids = [w["id"] for w in standin.get("/v1/workspaces")["workspaces"]][:50]
    people = list(team.users.values())[:10]
    for (
        workspace_id
    ) in ids:  # every second person is there already, so each workspace has five to give and five to take
        standin.post(f"/v1/admin/workspaces/{workspace_id}/update-users", {"userIds": people[::2]})
    instance.forget("workspaces")
    wanted = [Wanted(i, user, give=n % 2 == 1) for i in ids for n, user in enumerate(people)]
    staged = sets.stage(actor=ada, title="Many", wanted=wanted)
    assert staged.changes.count() == 500
    job = sets.apply(actor=ada, access_set=staged)
    before = len(standin.state()["requests"])
    work(job)
    asked = [request["path"] for request in standin.state()["requests"][before:]]
    slugs = {w["id"]: w["slug"] for w in standin.get("/v1/workspaces")["workspaces"]}
    for workspace_id in ids:
        own = [p for p in asked if f"/workspaces/{workspace_id}/" in p or f"/workspaces/{slugs[workspace_id]}/" in p]
        assert len(own) == 3, own
    # Besides these, users and workspaces: once, or again after ten seconds.
    assert len(asked) - 150 <= 8
    assert set(outcomes(staged)) == {Outcome.DONE}
    for workspace_id in ids:
        assert team.members(workspace_id) == set(people[1::2])


def test_a_workspace_that_fails_is_told_and_can_be_retried(ada, rooms, stage, team, standin):
    staged = stage((rooms[0], "dora.olsen", True), (rooms[1], "dora.olsen", True))
    standin.fault("500", path=f"/workspaces/{rooms[1]}/users", method="GET")
    job = work(sets.apply(actor=ada, access_set=staged))
    assert outcomes(staged) == [Outcome.DONE, Outcome.FAILED]
    standin.clear_faults()
    jobs.retry(actor=ada, job=job)
    work(job)
    assert outcomes(staged) == [Outcome.DONE, Outcome.DONE]
    assert team.users["dora.olsen"] in team.members(rooms[1])


def test_a_success_that_did_not_happen_fails(ada, rooms, stage, standin):
    staged = stage((rooms[2], "sam", True))
    standin.fault("locked", path="manage-users")
    job = work(sets.apply(actor=ada, access_set=staged))
    assert outcomes(staged) == [Outcome.FAILED]
    assert "1 failed: sam" in job.items.get().message


def test_a_worker_that_dies_leaves_nothing_undone_and_nothing_unclear(ada, team, rooms, stage):
    """It had written to the instance, but not what came of it."""
    staged = stage((rooms[2], "sam", True), (rooms[0], "dora.olsen", True))
    job = sets.apply(actor=ada, access_set=staged)
    team.set_members(rooms[2], "sam")
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, run=1, alive_at=timezone.now() - 2 * engine.DEAD_AFTER)
    JobItem.objects.filter(job=job, key=str(rooms[2])).update(state=ItemState.RUNNING, attempts=1)
    assert engine.due() == [job.pk]
    work(job)
    assert outcomes(staged) == [Outcome.DONE, Outcome.DONE]
    assert Grant.objects.count() == 2
    opposite = sets.undo(actor=ada, access_set=AccessSet.objects.get(pk=staged.pk))
    assert opposite.changes.count() == 2


def test_an_end_is_kept_when_a_worker_dies_after_a_try_that_failed(ada, team, rooms, stage, standin):
    """The second try had written to the instance; nobody but us gave this access."""
    until = timezone.now() + timedelta(days=2)
    staged = stage((rooms[2], "sam", True, {"until": until}))
    standin.fault("500", path=f"workspaces/{rooms[2]}/users")
    job = sets.apply(actor=ada, access_set=staged)
    work(job)
    assert outcomes(staged) == [Outcome.FAILED]
    standin.clear_faults()
    jobs.retry(actor=ada, job=job)

    def dies(**kwargs):
        raise KeyboardInterrupt

    pre_save.connect(dies, sender=Grant)
    try:
        with pytest.raises(KeyboardInterrupt):
            work(job)
    finally:
        pre_save.disconnect(dies, sender=Grant)
    assert team.users["sam"] in team.members(rooms[2])
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, alive_at=timezone.now() - 2 * engine.DEAD_AFTER)
    JobItem.objects.filter(job=job).update(state=ItemState.RUNNING)
    assert engine.due() == [job.pk]
    work(job)
    assert outcomes(staged) == [Outcome.DONE]
    assert Grant.objects.get().until == until


def test_what_a_dead_worker_has_locked_waits_until_its_lease_runs_out(ada, rooms, stage, monkeypatch):
    staged = stage((rooms[2], "sam", True), (rooms[0], "dora.olsen", True))
    monkeypatch.setitem(locks.held.__wrapped__.__kwdefaults__, "wait", 0)
    lease = Lease.objects.create(name=f"workspace:{rooms[2]}", holder="dead", until=timezone.now() + locks.LEASE)
    job = sets.apply(actor=ada, access_set=staged)
    work(job)
    job.refresh_from_db()
    assert (job.state, job.note.partition(".")[0]) == (JobState.QUEUED, "Somebody else is changing the same")
    lease.until = timezone.now() - timedelta(seconds=1)
    lease.save()
    work(job)
    assert outcomes(staged) == [Outcome.DONE, Outcome.DONE]
    assert AuditEvent.objects.filter(action="access.given").count() == 2


# --- Undoing ----------------------------------------------------------------------------------------------------------
def test_undoing_brings_back_exactly_what_was(ada, team, rooms, stage, applied):
    sales = Group.objects.create(name="Sales")
    soon, later = (timezone.now() + timedelta(days=days) for days in (3, 9))
    by_group = {"reason": Reason.GROUP, "group_id": sales.pk}
    applied(
        stage(
            (rooms[2], "sam", True, {"until": soon}),
            (rooms[2], "bianca", True),
            (rooms[1], "sam", True),
            (rooms[1], "sam", True, by_group),
        )
    )
    before = state(team, rooms)
    done = applied(
        stage(
            (rooms[2], "sam", True, {"until": later}),  # prolonged
            (rooms[2], "bianca", False),  # taken
            (rooms[1], "sam", False),  # taken, but kept by the group
            (rooms[0], "dora.olsen", True),  # given
            (rooms[2], "cem", True, by_group),  # given by a group
        )
    )
    assert state(team, rooms) != before
    applied(sets.undo(actor=ada, access_set=done))
    assert state(team, rooms) == before


def test_undoing_asked_for_twice_is_staged_once(ada, rooms, stage, applied):
    done = applied(stage((rooms[0], "dora.olsen", True)))
    assert sets.undo(actor=ada, access_set=done) == sets.undo(actor=ada, access_set=done)
    assert done.undone_by.count() == 1


def test_undoing_leaves_who_was_there_before(ada, team, rooms, stage, applied):
    done = applied(stage((rooms[0], "sam", True, {"until": timezone.now() + timedelta(days=1)})))
    applied(sets.undo(actor=ada, access_set=done))
    assert team.users["sam"] in team.members(rooms[0])
    assert Grant.objects.get().until is None


def test_what_failed_is_not_undone(ada, rooms, stage, standin):
    staged = stage((rooms[2], "sam", True))
    standin.fault("locked", path="manage-users")
    work(sets.apply(actor=ada, access_set=staged))
    staged.refresh_from_db()
    assert not sets.undo(actor=ada, access_set=staged).changes.exists()


def test_what_others_gave_on_the_instance_meanwhile_stays_theirs_and_is_not_undone(ada, team, rooms, stage, applied):
    staged = stage((rooms[2], "sam", True, {"until": timezone.now() + timedelta(days=1)}), (rooms[2], "cem", True))
    team.set_members(rooms[2], "sam")
    done = applied(staged)
    assert outcomes(done) == [Outcome.ALREADY, Outcome.DONE]
    assert [grant.user_id for grant in Grant.objects.all()] == [team.users["cem"]]
    applied(sets.undo(actor=ada, access_set=done))
    assert team.members(rooms[2]) == {team.users["sam"]}


def test_what_others_gave_before_a_retry_stays_theirs_and_is_not_undone(ada, team, rooms, stage, standin):
    staged = stage((rooms[2], "sam", True))
    standin.fault("500", path=f"/workspaces/{rooms[2]}/users", method="GET")
    job = work(sets.apply(actor=ada, access_set=staged))
    assert outcomes(staged) == [Outcome.FAILED]
    standin.clear_faults()
    team.set_members(rooms[2], "sam")
    instance.forget_members()
    jobs.retry(actor=ada, job=job)
    work(job)
    assert outcomes(staged) == [Outcome.ALREADY]
    assert not sets.undo(actor=ada, access_set=AccessSet.objects.get(pk=staged.pk)).changes.exists()


def test_what_somebody_else_gave_here_meanwhile_stays_theirs_and_is_not_undone(ada, team, rooms, stage, applied):
    mia = operator(Role.MANAGER, "mia")
    staged = stage((rooms[2], "sam", True))
    change_members(actor=mia, workspace_id=rooms[2], workspace_name="C", steps=[team.step("sam", True)])
    done = applied(staged)
    assert outcomes(done) == [Outcome.ALREADY]
    assert Grant.objects.get().granted_by == mia
    assert not sets.undo(actor=ada, access_set=done).changes.exists()


def test_a_reason_that_was_added_to_what_others_gave_meanwhile_is_undone_alone(ada, team, rooms, stage, applied):
    sales = Group.objects.create(name="Sales")
    staged = stage((rooms[2], "sam", True, {"reason": Reason.GROUP, "group_id": sales.pk}))
    applied(stage((rooms[2], "sam", True)))
    done = applied(staged)
    assert outcomes(done) == [Outcome.ALREADY]
    assert Grant.objects.count() == 2
    applied(sets.undo(actor=ada, access_set=done))
    assert Grant.objects.get().reason == Reason.DIRECT
    assert team.users["sam"] in team.members(rooms[2])


def test_what_others_took_meanwhile_is_not_given_back(ada, team, rooms, stage, applied):
    staged = stage((rooms[0], "sam", False), (rooms[1], "cem", False))
    team.set_members(rooms[0], "cem")
    done = applied(staged)
    assert outcomes(done) == [Outcome.ALREADY, Outcome.DONE]
    applied(sets.undo(actor=ada, access_set=done))
    assert [team.members(room) for room in rooms[:2]] == [{team.users["cem"]}, {team.users["cem"]}]


def test_what_is_not_finished_cannot_be_undone(ada, rooms, stage):
    staged = stage((rooms[2], "sam", True))
    with pytest.raises(Declined):
        sets.undo(actor=ada, access_set=staged)
    sets.apply(actor=ada, access_set=staged)
    with pytest.raises(Declined):
        sets.undo(actor=ada, access_set=staged)


def test_undo_is_offered_where_there_is_something_to_undo(admin_client, rooms, stage, applied, standin):
    """Not of what failed altogether, nor of a group that was deleted."""
    done = applied(stage((rooms[2], "sam", True)))
    assert f"/access/sets/{done.pk}/undo/" in admin_client.get(f"/access/sets/{done.pk}/").content.decode()
    standin.fault("locked", path="manage-users")
    failed = applied(stage((rooms[2], "mia", True)))
    assert f"/access/sets/{failed.pk}/undo/" not in admin_client.get(f"/access/sets/{failed.pk}/").content.decode()
    failed.also = {"delete": True}
    assert not sets.can_undo(failed)


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_shows_first_what_would_be_and_then_what_came_of_it(admin_client, team, rooms, stage):
    staged = stage((rooms[2], "sam", True))
    url = f"/access/sets/{staged.pk}/"
    assert "Nothing has been changed yet" in admin_client.get(url).content.decode()
    assert admin_client.post(f"{url}apply/")["Location"] == url
    assert 'hx-trigger="every 1s"' in admin_client.get(url).content.decode()
    work(Job.objects.get())
    page = admin_client.get(url).content.decode()
    assert "every 1s" not in page
    assert 'data-tone="ok">done' in page
    undone = admin_client.post(f"{url}undo/")["Location"]
    assert "Take from sam access to" in admin_client.get(undone).content.decode()
    assert team.members(rooms[2]) == {team.users["sam"]}


def test_an_empty_set_says_so_and_offers_nothing_to_apply(admin_client, rooms, stage):
    page = admin_client.get(f"/access/sets/{stage((rooms[0], 'dora.olsen', False)).pk}/").content.decode()
    assert "Nothing to change" in page
    assert "access-apply" not in page


def test_what_was_only_looked_at_can_be_discarded_and_what_was_applied_cannot(admin_client, rooms, stage, applied):
    looked_at, done = stage((rooms[2], "sam", True)), applied(stage((rooms[2], "cem", True)))
    assert "access-discard" in admin_client.get(f"/access/sets/{looked_at.pk}/").content.decode()
    for one in (looked_at, done):
        admin_client.post(f"/access/sets/{one.pk}/discard/")
    assert list(AccessSet.objects.all()) == [done]
    assert "access-discard" not in admin_client.get(f"/access/sets/{done.pk}/").content.decode()


def test_it_says_when_only_the_end_changes(rooms, stage, applied):
    friday = timezone.now() + timedelta(days=3)
    applied(stage((rooms[2], "sam", True, {"until": friday})))
    later = {"until": friday + timedelta(days=7)}
    look = sets.preview(stage((rooms[2], "sam", True, later), (rooms[2], "dora.olsen", True)))
    assert look.warnings == ["The end of their access changes: sam."]
    applied(stage((rooms[2], "sam", True)))
    assert Grant.objects.get().until is None


def test_the_reason_for_access_that_was_lost_can_be_taken(team, rooms, stage, applied):
    applied(stage((rooms[2], "sam", True)))
    team.set_members(rooms[2])
    instance.forget_members()
    taken = stage((rooms[2], "sam", False))
    assert sets.preview(taken).warnings == ["Have no access any more, only the reason for it is forgotten: sam."]
    applied(taken)
    assert not Grant.objects.exists()
    assert team.members(rooms[2]) == set()


def test_who_has_no_page_is_named_without_a_link(admin_client, team, rooms, stage, standin):
    staged = stage((rooms[2], "sam", True), (rooms[2], "cem", True))
    standin._fetch("DELETE", f"/api/v1/admin/users/{team.users['sam']}")
    instance.forget("users")
    page = admin_client.get(f"/access/sets/{staged.pk}/").content.decode()
    assert f"/users/{team.users['cem']}/" in page
    assert f"/users/{team.users['sam']}/" not in page


def test_others_sets_do_not_exist_for_a_manager(rooms, stage):
    staged = stage((rooms[2], "sam", True))
    manager = signed_in(operator(Role.MANAGER, "mia"))
    for way, ask in (("", manager.get), ("apply/", manager.post), ("undo/", manager.post), ("discard/", manager.post)):
        assert ask(f"/access/sets/{staged.pk}/{way}").status_code == 404
    assert "Some changes" not in manager.get("/access/sets/").content.decode()


def test_the_list_shows_what_came_of_each(admin_client, rooms, stage, applied):
    applied(stage((rooms[2], "sam", True)))
    stage((rooms[2], "cem", True))
    page = admin_client.get("/access/sets/").content.decode()
    assert "Finished" in page
    assert "Not applied" in page
