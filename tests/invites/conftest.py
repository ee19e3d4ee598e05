from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone

from dashboard.invites import joining, services
from dashboard.invites.models import Joining, Link

SECRET = "a-very-long-password"


@pytest.fixture
def there(standin):
    """What tests ask the stand-in itself, past Foyer."""

    class There:
        def __init__(self) -> None:
            self.rooms = {w["name"]: w["id"] for w in standin.get("/v1/workspaces")["workspaces"]}
            self.before = {invite["id"] for invite in self.invites()}

        def invites(self) -> list[dict]:
            return standin.get("/v1/admin/invites")["invites"]

        def minted(self) -> list[dict]:
            """The invites that are here since the test began."""
            return [invite for invite in self.invites() if invite["id"] not in self.before]

        def pending(self) -> list[int]:
            return [invite["id"] for invite in self.minted() if invite["status"] == "pending"]

        def users(self, *names: str) -> list[dict]:
            return [user for user in standin.get("/v1/admin/users")["users"] if user["username"] in names]

        def user(self, name: str) -> dict:
            (found,) = self.users(name)
            return found

        def rooms_of(self, name: str) -> set[int]:
            return {
                room
                for room in self.rooms.values()
                for member in standin.get(f"/v1/admin/workspaces/{room}/users")["users"]
                if member["username"] == name
            }

    return There()


@pytest.fixture
def two_rooms(there) -> list[int]:
    return list(there.rooms.values())[:2]


@pytest.fixture
def make_link(ada, two_rooms):
    def make(*, actor=ada, **fields) -> Link:
        return services.make(
            actor=actor, fields=services.LinkFields(**{"label": "New people", "workspace_ids": two_rooms, **fields})
        )

    return make


def code_of(link: Link) -> str:
    return services.codes.recover(link.salt, link.code_hash)


def visit():
    """A request of somebody who is not signed in."""
    request = RequestFactory().post("/join/")
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def join_by(link: Link, username: str, password: str = SECRET, request=None) -> joining.Joined:
    """What the joining page does: the link is looked up by its code each time."""
    return joining.join(request or visit(), link=services.find(code_of(link)), username=username, password=password)


def later(minutes: int) -> None:
    """Lets time pass for all joinings."""
    back = timedelta(minutes=minutes)
    for one in Joining.objects.all():
        Joining.objects.filter(pk=one.pk).update(
            created_at=one.created_at - back,
            tried_at=one.tried_at - back,
            next_at=timezone.now() - timedelta(seconds=1),
        )
