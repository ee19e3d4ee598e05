"""A form that makes something goes through once."""

import uuid

import pytest

from dashboard.errors import Declined
from dashboard.invites.models import Link
from dashboard.once import once

pytestmark = pytest.mark.django_db


def test_the_same_form_goes_through_once():
    key = uuid.uuid4()
    with once(key):
        pass
    with pytest.raises(Declined), once(key):
        raise AssertionError("it went through twice")
    with once(uuid.uuid4()):
        pass


def test_what_failed_may_be_sent_again():
    key = uuid.uuid4()
    with pytest.raises(KeyError), once(key):
        raise KeyError
    with once(key):
        pass


def test_a_workspace_sent_twice_is_made_once(admin_client, standin):
    key = admin_client.get("/workspaces/+new/").context["form"]["once"].value()
    typed = {"name": "Legal", "chat_mode": "chat", "once": key, "anyway": "on"}
    assert admin_client.post("/workspaces/+new/", typed).status_code == 302
    again = admin_client.post("/workspaces/+new/", typed)
    assert again.status_code == 422
    assert "This form was sent already" in again.content.decode()
    assert [w["name"] for w in standin.get("/v1/workspaces")["workspaces"]].count("Legal") == 1


def test_a_link_sent_twice_is_made_once(admin_client, standin):
    page = admin_client.get("/invites/new/")
    key = page.context["form"]["once"].value()
    assert f'value="{key}"' in page.content.decode()
    typed = {"label": "Course", "uses": 1, "days": 7, "role": "default", "once": key}
    assert admin_client.post("/invites/new/", typed).status_code == 302
    assert "This form was sent already" in admin_client.post("/invites/new/", typed).content.decode()
    assert Link.objects.count() == 1
