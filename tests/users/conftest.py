from __future__ import annotations

import pytest


@pytest.fixture
def user_of(standin):
    """Asks the stand-in itself, past Foyer, for one account by its name; None when there is none."""

    def ask(username: str):
        found = standin.get("/v1/admin/users")["users"]
        return next((user for user in found if user["username"] == username), None)

    return ask


@pytest.fixture
def lone_admin(standin, user_of):
    """Leaves `ada` as the only admin of the instance, and gives her account."""
    for user in standin.get("/v1/admin/users")["users"]:
        if user["role"] == "admin" and user["username"] != "ada":
            standin.post(f"/v1/admin/users/{user['id']}", {"role": "default"})
    return user_of("ada")


HTMX = {"HX-Request": "true"}
