"""The switch: one change at once, drawn from what was read back."""

from datetime import UTC, date, timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from dashboard import instance
from dashboard.access.forms import UntilField
from dashboard.access.models import Grant, Group, Reason
from dashboard.accounts.models import LookedAfter, Role
from tests.conftest import operator, signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db


@pytest.fixture
def toggle(admin_client, team, room):
    def act(name, give, client=admin_client, headers=HTMX, **posted):
        return client.post(f"/access/{room}/{team.users[name]}/", {"give": give, **posted}, headers=headers)

    return act


def test_it_gives_and_takes(team, room, toggle):
    answer = toggle("dora.olsen", 1)
    assert 'aria-checked="true"' in answer.content.decode()
    assert "dora.olsen may open" in answer["HX-Trigger"]
    assert team.users["dora.olsen"] in team.members(room)
    assert 'aria-checked="false"' in toggle("dora.olsen", 0).content.decode()
    assert team.users["dora.olsen"] not in team.members(room)


def test_it_says_why_access_stays(team, room, toggle):
    sales = Group.objects.create(name="Sales")
    Grant.objects.create(workspace_id=room, user_id=team.users["sam"], reason=Reason.GROUP, group=sales)
    answer = toggle("sam", 0)
    assert 'aria-checked="true"' in answer.content.decode()
    assert "by the group Sales" in answer.content.decode()
    assert "Still has access: by a group (Sales)." in answer["HX-Trigger"]


def test_it_gives_until_the_end_of_a_day(team, room, toggle):
    day = timezone.localdate() + timedelta(days=2)
    toggle("dora.olsen", 1, until=day.isoformat())
    until = timezone.localtime(Grant.objects.get().until)
    assert (until.date(), until.hour, until.minute) == (day, 23, 59)


def test_it_refuses_a_day_that_is_over(team, room, toggle):
    answer = toggle("dora.olsen", 1, until="2020-01-01")
    assert "This day is over already." in answer["HX-Trigger"]
    assert 'aria-checked="false"' in answer.content.decode()
    assert team.users["dora.olsen"] not in team.members(room)


def test_it_shows_the_truth_when_the_instance_only_says_yes(team, room, toggle, standin):
    standin.fault("locked", path="manage-users")
    answer = toggle("dora.olsen", 1)
    assert 'aria-checked="false"' in answer.content.decode()
    assert "the change is not there" in answer["HX-Trigger"]


def test_nothing_is_swapped_when_the_instance_is_down(room, toggle, standin):
    standin.fault("500", path="/users")
    answer = toggle("dora.olsen", 1)
    assert answer["HX-Reswap"] == "none"
    assert "Nothing was changed" in answer["HX-Trigger"] or "error" in answer["HX-Trigger"]


def test_without_javascript_it_leads_back(toggle):
    answer = toggle("dora.olsen", 1, headers={}, next="/users/1/")
    assert (answer.status_code, answer["Location"]) == (302, "/users/1/")


def test_it_refuses_viewers(room, team, toggle, viewer_client):
    assert toggle("dora.olsen", 1, client=viewer_client).status_code == 403
    assert team.users["dora.olsen"] not in team.members(room)


def test_what_was_taken_on_the_instance_is_shown_and_given_again(team, room, toggle, admin_client):
    toggle("dora.olsen", 1)
    team.set_members(room, "sam", "cem")
    page = admin_client.post("/refresh/", {"next": f"/users/{team.users['dora.olsen']}/"}, follow=True)
    assert "was taken on AnythingLLM, not here" in page.content.decode()
    assert team.users["dora.olsen"] not in team.members(room)
    assert "was taken" not in toggle("dora.olsen", 1).content.decode()
    assert team.users["dora.olsen"] in team.members(room)


def test_what_was_taken_on_the_instance_can_be_left_so(team, room, toggle, admin_client):
    toggle("dora.olsen", give=1)
    team.set_members(room, "sam", "cem")
    instance.forget_members()
    url = f"/users/{team.users['dora.olsen']}/"
    assert "Leave it so" in admin_client.get(url).content.decode()
    toggle("dora.olsen", give=0)
    page = admin_client.get(url).content.decode()
    assert "Leave it so" not in page
    assert "was taken on AnythingLLM" not in page
    assert team.members(room) == {team.users["sam"], team.users["cem"]}


# --- On a person's page -----------------------------------------------------------------------------------------------
def test_a_persons_page_has_a_switch_for_each_workspace_and_says_why(admin_client, team, room):
    page = admin_client.get(f"/users/{team.users['sam']}/").content.decode()
    own, offers = page.split('id="offers"')
    assert f'id="switch-{room}-{team.users["sam"]}"' in own
    assert "found on AnythingLLM" in own
    assert 'aria-checked="true"' not in offers
    assert 'role="switch"' in offers


def test_workspaces_to_give_are_searched_by_name(admin_client, team, room):
    name = next(name for name, i in team.workspaces.items() if i != room)
    team.set_members(team.workspaces[name], "cem")
    offers = (
        admin_client.get(f"/users/{team.users['dora.olsen']}/", {"w": name}).content.decode().split('id="offers"')[1]
    )
    assert offers.count('class="access-switch"') == 1
    assert name in offers


def test_who_may_only_look_sees_no_switch(viewer_client, team, room):
    page = viewer_client.get(f"/users/{team.users['sam']}/").content.decode()
    assert "found on AnythingLLM" in page
    assert 'role="switch"' not in page


# --- Home -------------------------------------------------------------------------------------------------------------
def test_home_brings_to_mind_what_ends_soon(admin_client, team, room, toggle):
    toggle("dora.olsen", 1, until=(timezone.localdate() + timedelta(days=1)).isoformat())
    toggle("bianca", 1, until=(timezone.localdate() + timedelta(days=9)).isoformat())
    page = admin_client.get("/").content.decode()
    assert "The access of dora.olsen to" in page
    assert "The access of bianca to" not in page


def test_home_is_silent_where_another_reason_stays(admin_client, team, room, toggle):
    toggle("dora.olsen", 1, until=(timezone.localdate() + timedelta(days=1)).isoformat())
    Grant.objects.create(workspace_id=room, user_id=team.users["dora.olsen"], reason=Reason.EVERYONE)
    assert "The access of dora.olsen" not in admin_client.get("/").content.decode()


@pytest.fixture
def limited_client(room):
    """A manager of that one workspace."""
    somebody = operator(Role.MANAGER, "lia")
    LookedAfter.objects.create(operator=somebody, workspace_id=room)
    return signed_in(somebody)


def test_whom_a_manager_of_some_does_not_see_is_nobody_to_him(limited_client, team, room, standin):
    for name in ("dora.olsen", "ada"):
        answer = limited_client.post(f"/access/{room}/{team.users[name]}/", {"give": 1}, headers=HTMX)
        assert answer.status_code == 404
        assert name not in answer.content.decode() + answer.headers.get("HX-Trigger", "")
        assert team.users[name] not in team.members(room)


def test_a_manager_of_some_gives_back_what_he_has_just_taken(limited_client, team, room):
    sam = f"/access/{room}/{team.users['sam']}/"
    assert limited_client.post(sam, {"give": 0}, headers=HTMX).status_code == 200
    instance.forget("users")
    instance.forget_members()
    assert limited_client.post(sam, {"give": 1}, headers=HTMX).status_code == 200
    assert team.users["sam"] in team.members(room)


def test_it_does_not_say_of_an_admin_that_the_workspace_is_closed(team, room, toggle):
    toggle("ada", 1)
    answer = toggle("ada", 0)
    assert "may not open" not in answer["HX-Trigger"]
    assert "opens it by role" in answer["HX-Trigger"]


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Beirut", "America/Santiago", "America/Nuuk", "Europe/Berlin"])
def test_a_day_ends_a_moment_before_the_next_even_where_clocks_change_at_midnight(zone):
    field, moment = UntilField(), timedelta.resolution
    with timezone.override(zone):
        for number in range(365):
            day = date(2099, 1, 1) + timedelta(days=number)
            end = field.clean(day.isoformat()).astimezone(UTC)
            assert timezone.localdate(end) == day
            assert timezone.localdate(end + moment) == day + timedelta(days=1)


def test_until_needs_a_day_and_the_end_is_told(team, room, toggle):
    day = timezone.localdate() + timedelta(days=30)
    given = toggle("dora.olsen", 1, until=day.isoformat())
    assert f"dora.olsen may open Company Handbook until {date_format(day, 'SHORT_DATE_FORMAT')}." in given["HX-Trigger"]
    refused = toggle("dora.olsen", 1, until="")
    assert "Choose a day." in refused["HX-Trigger"]
    (grant,) = Grant.objects.filter(user_id=team.users["dora.olsen"])
    assert timezone.localdate(grant.until) == day
    assert "Give without an end" in refused.content.decode()
    endless = toggle("dora.olsen", "endless", until="2020-01-01")
    assert "Give without an end" not in endless.content.decode()
    grant.refresh_from_db()
    assert grant.until is None


def test_an_end_is_not_told_while_another_reason_gives_access_without_one(team, room, toggle):
    sales, sam = Group.objects.create(name="Sales"), team.users["sam"]
    Grant.objects.create(workspace_id=room, user_id=sam, reason=Reason.GROUP, group=sales)
    day = timezone.localdate() + timedelta(days=30)
    assert "sam may open Company Handbook." in toggle("sam", 1, until=day.isoformat())["HX-Trigger"]


def test_until_without_a_day_gives_nothing(team, room, toggle):
    toggle("dora.olsen", 1, until="")
    assert team.users["dora.olsen"] not in team.members(room)
