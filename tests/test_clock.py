"""Nothing that is given or open until a day ends because the clock jumped."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import clock, instance
from dashboard.access.models import Grant
from dashboard.access.services import Step, change_members
from dashboard.access.sweeps import sweep
from dashboard.documents import sweeps as document_sweeps
from dashboard.invites import services as invites
from dashboard.invites import sweeps as invite_sweeps
from dashboard.models import ClockMark

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
