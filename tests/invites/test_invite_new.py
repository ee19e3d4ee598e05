from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.access.models import Group
from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.invites.models import Link, LinkRole
from dashboard.jobs.models import Job
from tests.conftest import operator, signed_in

pytestmark = pytest.mark.django_db
URL = "/invites/new/"
FORM = {"label": "Sales, spring", "uses": 1, "days": 7, "role": "default"}


def test_it_makes_a_link_and_shows_it(admin_client, two_rooms):
    response = admin_client.post(URL, {**FORM, "workspace_ids": two_rooms, "uses": 20, "days": 3, "daily_limit": 50})
    link = Link.objects.get()
    assert response["Location"] == f"/invites/{link.pk}/link/"
    assert (link.label, link.uses, link.daily_limit) == ("Sales, spring", 20, 50)
    assert set(link.workspace_ids) == set(two_rooms)
    assert abs(link.expires_at - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)
    assert AuditEvent.objects.filter(action="invite.made", target_name="Sales, spring").exists()


def test_what_is_wrong_with_a_field_that_nobody_sees_is_told(admin_client, two_rooms):
    answer = admin_client.post(URL, {**FORM, "workspace_ids": two_rooms, "once": "no key"})
    assert answer.status_code == 422 and not Link.objects.exists()
    assert "This form did not arrive whole." in answer.content.decode()


def test_a_week_and_one_person_are_filled_in(admin_client, standin):
    form = admin_client.get(URL).context["form"]
    assert (form["days"].value(), form["uses"].value(), form["role"].value()) == (7, 1, "default")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", ""),
        ("label", "x" * 81),
        ("uses", 0),
        ("uses", 501),
        ("days", 0),
        ("days", 366),
        ("daily_limit", 0),
        ("note", "x" * 501),
        ("email", "anna@"),
        ("workspace_ids", ["99999"]),
        ("language", "fr"),
        ("role", "admin"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(admin_client, standin, two_rooms, field, value):
    form = {**FORM, "note": "See you there", "workspace_ids": two_rooms, field: value}
    response = admin_client.post(URL, form)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Link.objects.count() == 0
    page = response.content.decode()
    if field not in ("label", "note"):
        assert 'value="Sales, spring"' in page and "See you there" in page
    if field != "workspace_ids":
        assert page.count(" checked") >= len(two_rooms)


def test_what_is_folded_away_opens_when_something_in_it_is_wrong(admin_client, standin):
    assert "<details>" in admin_client.get(URL).content.decode()
    assert "<details open>" in admin_client.post(URL, {**FORM, "daily_limit": 0}).content.decode()


def test_only_admins_are_offered_the_role_manager(admin_client, manager_client, standin):
    assert 'name="role"' in admin_client.get(URL).content.decode()
    assert 'name="role"' not in manager_client.get(URL).content.decode()
    manager_client.post(URL, {**FORM, "role": "manager"})
    assert Link.objects.get().role == LinkRole.DEFAULT


def test_groups_can_be_given(admin_client, standin, two_rooms):
    assert "Groups" not in admin_client.get(URL).content.decode()
    group = Group.objects.create(name="Field service")
    group.workspaces.create(workspace_id=two_rooms[0])
    admin_client.post(URL, {**FORM, "group_ids": [group.pk]})
    link = Link.objects.get()
    assert link.group_ids == [group.pk]
    assert "the group Field service" in admin_client.get(f"/invites/{link.pk}/link/").content.decode()


def test_one_like_another_is_filled_in_as_that_was(admin_client, make_link, two_rooms):
    link = make_link(uses=9, daily_limit=5, note="Hello", for_whom="Anna", email="anna@example.com")
    form = admin_client.get(f"{URL}?like={link.pk}").context["form"]
    assert (form["uses"].value(), form["daily_limit"].value(), form["note"].value()) == (9, 5, "Hello")
    assert form["workspace_ids"].value() == sorted(two_rooms)
    assert not form["for_whom"].value() and not form["email"].value()


@pytest.mark.parametrize("like", ["99999", "x", "-1", "9" * 30])
def test_like_one_that_is_not_there_is_an_empty_form(admin_client, standin, like):
    assert not admin_client.get(f"{URL}?like={like}").context["form"]["label"].value()


def test_an_address_has_it_mailed_at_once(admin_client, standin):
    admin_client.post(URL, {**FORM, "email": "anna@example.com"})
    assert Job.objects.get().items.get().label == "Sales, spring <anna@example.com>"


def test_a_limited_manager_chooses_among_their_own_workspaces(standin, two_rooms, there):
    lim = operator(Role.MANAGER, "lim")
    lim.looks_after.create(workspace_id=two_rooms[0])
    client = signed_in(lim)
    form = client.get(URL).context["form"]
    assert [choice[0] for choice in form.fields["workspace_ids"].choices] == [two_rooms[0]]
    assert client.post(URL, {**FORM, "workspace_ids": [two_rooms[1]]}).status_code == 422
    assert client.post(URL, FORM).status_code == 422
    assert Link.objects.count() == 0
    assert client.post(URL, {**FORM, "workspace_ids": [two_rooms[0]]}).status_code == 302
