"""Invites that were made on the instance itself."""

import json

import pytest

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from tests.conftest import operator, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(there) -> dict:
    return next(invite for invite in there.invites() if invite["status"] == "pending")


def status(there, invite: dict) -> str:
    return next(found["status"] for found in there.invites() if found["id"] == invite["id"])


def test_its_address_leads_to_the_instance(admin_client, pending, settings):
    settings.ANYTHINGLLM_PUBLIC_URL = "https://ai.example.com"
    page = admin_client.get(f"/invites/found/{pending['id']}/").content.decode()
    assert f"https://ai.example.com/accept-invite/{pending['code']}" in page
    assert "It was made on AnythingLLM" in page


def test_it_can_be_revoked(admin_client, pending, there):
    url = f"/invites/found/{pending['id']}/revoke/"
    assert f"Revoke invite {pending['id']} of AnythingLLM?" in admin_client.get(url).content.decode()
    assert admin_client.post(url)["Location"] == "/invites/"
    assert status(there, pending) == "disabled"
    assert AuditEvent.objects.filter(action="invite.disabled", target_id=pending["id"]).count() == 1


def test_a_claimed_one_stays_as_it_is(admin_client, there):
    claimed = next(invite for invite in there.invites() if invite["status"] == "claimed")
    response = admin_client.post(f"/invites/found/{claimed['id']}/revoke/")
    assert response.status_code == 422 and "used or disabled meanwhile" in response.content.decode()
    assert status(there, claimed) == "claimed"


def test_it_says_so_when_the_instance_cannot_be_asked(admin_client, pending, standin, there):
    url = f"/invites/found/{pending['id']}/revoke/"
    admin_client.get(url)
    standin.fault("502", path="/admin/invite")
    assert admin_client.post(url).status_code == 422
    standin.clear_faults()
    assert status(there, pending) == "pending"


def test_one_that_is_not_there_is_not_found(admin_client, standin):
    assert admin_client.get("/invites/found/99999/").status_code == 404
    assert admin_client.post("/invites/found/99999/revoke/").status_code == 404


def test_limited_managers_see_those_of_their_workspaces_only(standin, there):
    invites = [
        (i["id"], set(json.loads(i["workspaceIds"] or "[]"))) for i in there.invites() if i["status"] == "pending"
    ]
    mine = next(rooms for _id, rooms in invites if rooms)
    lim = operator(Role.MANAGER, "lim")
    for room in mine:
        lim.looks_after.create(workspace_id=room)
    client = signed_in(lim)
    for invite_id, rooms in invites:
        seen = bool(rooms) and rooms <= mine
        assert client.get(f"/invites/found/{invite_id}/").status_code == (200 if seen else 404), invite_id
