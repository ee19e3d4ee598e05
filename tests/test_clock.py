"""Nothing that is given or open until a day ends because the clock jumped."""

import os
from datetime import timedelta

import pytest
from django.conf import settings as dj_settings
from django.utils import timezone

from dashboard import clock, instance
from dashboard.access import bystanders
from dashboard.access.models import Grant, MembersBefore
from dashboard.access.services import Step, change_members
from dashboard.access.sweeps import sweep
from dashboard.accounts import codes
from dashboard.chat import turns
from dashboard.chat.models import Mode, Turn
from dashboard.documents import sweeps as document_sweeps
from dashboard.invites import services as invites
from dashboard.invites import sweeps as invite_sweeps
from dashboard.models import ClockMark
from dashboard.users.models import ImportDraft

pytestmark = pytest.mark.django_db
real_now = timezone.now


@pytest.fixture
def at(monkeypatch):
    """From now on the clock of this machine is so far ahead."""

    def act(**ahead: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(**ahead))

    return act


@pytest.fixture
def given(ada, standin):
    """sam may open a workspace for another month."""
    workspace = standin.get("/v1/workspaces")["workspaces"][0]
    step = Step(3, "sam", give=True, until=real_now() + timedelta(days=30))
    change_members(actor=ada, workspace_id=workspace["id"], workspace_name=workspace["name"], steps=[step])

    def is_so() -> bool:
        users = standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
        return Grant.objects.exists() and 3 in {user["userId"] for user in users}

    return is_so


def test_a_clock_that_jumps_ahead_for_a_moment_takes_nothing(given, at):
    sweep()
    at(days=60)
    sweep()
    sweep()
    assert given()
    at()
    sweep()
    assert given()


def test_a_clock_that_jumps_ahead_for_a_moment_ends_no_link(ada, standin, at):
    link = invites.make(actor=ada, fields=invites.LinkFields(label="A link", workspace_ids=[1]))
    invite_sweeps.sweep()
    at(days=60)
    invite_sweeps.sweep()
    link.refresh_from_db()
    assert link.expired_at is None


def test_a_clock_that_jumps_ahead_for_a_moment_throws_no_file_away(settings, tmp_path, at):
    settings.INCOMING_DIR = tmp_path
    file = tmp_path / "arrived"
    file.touch()
    os.utime(file, (0, 0))
    assert clock.believed()
    at(days=60)
    document_sweeps.sweep()
    assert file.exists()
    at()
    ClockMark.objects.update(at=real_now(), doubted_since=None)
    document_sweeps.sweep()
    assert not file.exists()


def test_a_clock_that_jumps_ahead_for_a_moment_throws_no_recovery_codes_away(ada, standin, at):
    """The instance shows them once."""
    codes.keep(ada, ["word-word-word"])
    codes.sweep()
    at(days=60)
    assert codes.kept(ada) == ()
    codes.sweep()
    at()
    assert codes.kept(ada) == ("word-word-word",)


def question(ada, hours: float, **more) -> Turn:
    turn = turns.open_turn(actor=ada, workspace_id=1, workspace_slug="w", text="?", mode=Mode.CHAT, session_id="s")
    Turn.objects.filter(pk=turn.pk).update(created_at=real_now() - timedelta(hours=hours), **more)
    return turn


def test_a_clock_that_jumps_ahead_for_a_moment_ends_no_question(ada, standin, at):
    waiting, ended = question(ada, 0.1), question(ada, 24, state="done", ended_at=real_now())
    turns.sweep()
    file = dj_settings.QUESTIONS_DIR / "of-nobody-yet"
    file.touch()
    os.utime(file, (0, 0))
    at(days=60)
    turns.sweep()
    at()
    assert dict(Turn.objects.values_list("pk", "state")) == {waiting.pk: "waiting", ended.pk: "done"}
    assert file.exists()
    file.unlink()


@pytest.mark.parametrize("said", ["anonymous", "off"])
def test_what_the_log_may_not_say_is_forgotten_also_while_the_clock_may_be_wrong(ada, standin, settings, said):
    settings.CHAT_LOG = said
    ClockMark.objects.create(pk=1, at=real_now() - timedelta(days=2))
    waiting, _ended = question(ada, 2), question(ada, 2, state="done", ended_at=real_now())
    turns.sweep()
    assert [turn.pk for turn in Turn.objects.all()] == [waiting.pk]


def test_no_list_of_people_is_forgotten_while_the_clock_may_be_wrong(admin_client, standin):
    def chosen() -> str:
        return admin_client.post("/users/import/", {"text": "name\nanna"})["Location"]

    first = chosen()
    ImportDraft.objects.update(created_at=real_now() - timedelta(hours=25))
    ClockMark.objects.update(at=real_now() - timedelta(days=2))
    chosen()
    assert admin_client.get(first).status_code == 200
    ClockMark.objects.update(at=real_now(), doubted_since=None)
    chosen()
    assert admin_client.get(first).status_code == 404


def test_a_clock_that_jumps_ahead_does_not_settle_who_was_to_stay(standin, at):
    """Whoever was asked to write them, and did not answer, may still do it."""
    workspace = standin.get("/v1/workspaces")["workspaces"][0]
    members = standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
    MembersBefore.objects.create(
        workspace_id=workspace["id"],
        slug=workspace["slug"],
        members={str(member["userId"]): member["username"] for member in members},
        adds=[],
        removes=[],
        written_at=real_now(),
        late_until=real_now() + bystanders.LATE,
    )
    sweep()
    at(days=60)
    sweep()
    at()
    assert bystanders.unsettled() == [workspace["id"]]
    ClockMark.objects.update(at=real_now(), doubted_since=None)
    MembersBefore.objects.update(written_at=real_now() - timedelta(minutes=2), late_until=real_now())
    sweep()
    assert bystanders.unsettled() == []


def test_the_first_look_already_compares_with_the_clock_of_the_instance(given, at):
    """A worker that is started with a wrong clock has no look of its own to compare with."""
    instance.hang_up()
    at(days=60)
    sweep()
    assert given()


def test_what_is_really_over_ends_once_the_clock_has_run_on(given):
    """The worker was stopped over the weekend, which looks like a jump."""
    Grant.objects.update(until=real_now() - timedelta(minutes=1))
    ClockMark.objects.create(pk=1, at=real_now() - timedelta(days=2))
    sweep()
    assert given()
    ClockMark.objects.update(doubted_since=real_now() - clock.STEADY)
    sweep()
    assert not given()


def test_a_clock_that_runs_as_it_should_is_believed(given):
    Grant.objects.update(until=real_now() - timedelta(minutes=1))
    sweep()
    assert not given()


def test_the_system_page_says_that_nothing_is_ended(admin_client, standin, at):
    assert clock.believed()
    assert "The clock of this machine" not in admin_client.get("/system/").content.decode()
    ClockMark.objects.update(at=real_now() - timedelta(days=2))
    assert not clock.believed()
    assert "The clock of this machine" in admin_client.get("/system/").content.decode()


def test_what_the_instance_says_of_the_time_may_be_nonsense(standin):
    client = instance.connect().http_client
    for said in ("", "yesterday", "Thu, 99 Foo 2026 00:00:00 GMT"):
        client._hear_time(said)
    assert client.time_there is None
    instance.users()
    assert abs(client.time_there - real_now()) < timedelta(minutes=1)
