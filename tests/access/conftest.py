from __future__ import annotations

import pytest

from dashboard.access.services import Step, change_members


@pytest.fixture
def team(standin):
    """What tests ask the stand-in itself, past Foyer: users by name, workspaces by name, members of a workspace."""

    class Team:
        def __init__(self) -> None:
            self.users = {user["username"]: user["id"] for user in standin.get("/v1/admin/users")["users"]}
            self.workspaces = {w["name"]: w["id"] for w in standin.get("/v1/workspaces")["workspaces"]}

        def members(self, workspace_id: int) -> set[int]:
            return {m["userId"] for m in standin.get(f"/v1/admin/workspaces/{workspace_id}/users")["users"]}

        def set_members(self, workspace_id: int, *names: str) -> None:
            standin.post(
                f"/v1/admin/workspaces/{workspace_id}/update-users", {"userIds": [self.users[name] for name in names]}
            )

        def step(self, name: str, give: bool, **more) -> Step:
            return Step(user_id=self.users[name], username=name, give=give, **more)

    return Team()


@pytest.fixture
def room(team):
    """A workspace with sam and cem in it, and nobody else."""
    workspace_id = next(iter(team.workspaces.values()))
    team.set_members(workspace_id, "sam", "cem")
    return workspace_id


@pytest.fixture
def change(ada, room):
    def act(*steps, actor=ada, **more):
        return change_members(actor=actor, workspace_id=room, workspace_name="Room", steps=steps, **more)

    return act
