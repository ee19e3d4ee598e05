from __future__ import annotations

import pytest
from django.test import Client

from dashboard import instance
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent
from tests.conftest import PASSWORD


class Door:
    """What the tests do at the door, and what they look at afterwards."""

    def __init__(self, standin) -> None:
        self.standin = standin

    def sign_in(self, username: str, password: str = "", client: Client | None = None, **more):
        client = client or Client()
        return client.post("/sign-in/", {"username": username, "password": password or self.standin.password}, **more)

    def linked(self, username: str) -> Client:
        """A browser signed in with an account of the instance."""
        client = Client()
        assert self.sign_in(username, client=client).status_code == 302
        return client

    def local(self, username: str = "root", role: Role = Role.ADMIN) -> Client:
        """A browser signed in, through the door, as a new local operator; the password is PASSWORD."""
        Operator.objects.create_user(username, PASSWORD, role=role)
        client = Client()
        assert self.sign_in(username, PASSWORD, client=client).status_code == 302
        return client

    def account(self, username: str) -> dict:
        return next(u for u in self.standin.get("/v1/admin/users")["users"] if u["username"] == username)

    def change_account(self, name: str, /, **changes) -> None:
        answer = self.standin.post(f"/v1/admin/users/{self.account(name)['id']}", changes)
        assert answer["success"], answer
        instance.hang_up()  # as if some minutes had passed: nothing is remembered

    def new_account(self, username: str, role: str = "default") -> dict:
        body = {"username": username, "password": self.standin.password, "role": role}
        user = self.standin.post("/v1/admin/users/new", body)["user"]
        instance.hang_up()
        return user

    def delete_account(self, username: str) -> None:
        self.standin._fetch("DELETE", f"/api/v1/admin/users/{self.account(username)['id']}")
        instance.hang_up()


@pytest.fixture
def door(standin, db) -> Door:
    return Door(standin)


@pytest.fixture
def ledger(db):
    """What the ledger says: (action, who, on whom, outcome) of the entries of some action, oldest first."""

    def entries(action: str) -> list[tuple[str, str, str]]:
        found = AuditEvent.objects.filter(action=action).order_by("id")
        return [(event.actor_name, event.target_name, event.outcome) for event in found]

    return entries
