"""Users, invites and members: the traps that Foyer has to live with."""

import pytest
import requests

from dashboard.sandbox.testing import Sandbox

from .conftest import Ask

NAME_RULE = "Username must start with a lowercase letter and only contain lowercase letters, numbers, underscores, hyphens, and periods"


def test_the_team_is_believable(ask: Ask) -> None:
    users = {user["username"]: user for user in ask("GET", "/v1/admin/users").json()["users"]}
    assert [users[name]["role"] for name in ("ada", "mia", "sam")] == ["admin", "manager", "default"]
    assert len(users) == 43
    assert any(user["suspended"] == 1 for user in users.values())
    assert any(not user["seen_recovery_codes"] for user in users.values())
    assert any(user["dailyMessageLimit"] for user in users.values())
    assert any("@" in name for name in users)
    assert len(ask("GET", "/v1/workspaces").json()["workspaces"]) == 9
    assert {invite["status"] for invite in ask("GET", "/v1/admin/invites").json()["invites"]} == {
        "pending",
        "claimed",
        "disabled",
    }


def test_everybody_signs_in_with_the_common_password(sandbox: Sandbox, ask: Ask) -> None:
    for name in ("ada", "mia", "sam"):
        answer = ask("POST", "/request-token", json={"username": name, "password": sandbox.password}).json()
        assert (answer["valid"], answer["user"]["username"]) == (True, name)
        assert "recoveryCodes" not in answer


def test_the_first_sign_in_gives_recovery_codes_once(sandbox: Sandbox, ask: Ask) -> None:
    body = {"username": "yuki", "password": sandbox.password}
    assert len(ask("POST", "/request-token", json=body).json()["recoveryCodes"]) == 4
    assert "recoveryCodes" not in ask("POST", "/request-token", json=body).json()


@pytest.mark.parametrize(
    ("username", "password", "number"),
    [("nobody", "x", "[001]"), ("ada", "x", "[002]"), ("piet", "welcome-to-foyer", "[004]")],
)
def test_a_refused_sign_in_is_200_and_says_which(ask: Ask, username: str, password: str, number: str) -> None:
    answer = ask("POST", "/request-token", json={"username": username, "password": password})
    assert answer.status_code == 200
    assert answer.json()["message"].startswith(number)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"username": "olaf", "password": None}, '"value" must be a string'),
        ({"username": "olaf", "password": "1234567"}, "password should be at least 8 characters long"),
        ({"username": "Olaf"}, NAME_RULE),
        ({"username": "o" * 65}, "Username cannot be longer than 64 characters"),
        (
            {"username": "olaf", "dailyMessageLimit": -1},
            "Daily message limit must be null or a number greater than or equal to 1",
        ),
        ({"username": "olaf", "bio": "x" * 1001}, "Bio cannot be longer than 1,000 characters"),
        ({"username": "olaf", "role": None}, "Invalid role. Allowed roles are: default, admin, manager"),
        ({"username": "ada"}, "A user with that username already exists"),
    ],
)
def test_it_refuses_users_in_the_real_ones_words(ask: Ask, fields: dict[str, object], error: str) -> None:
    answer = ask("POST", "/v1/admin/users/new", json={"password": "long-enough-1", **fields})
    assert (answer.status_code, answer.json()) == (400, {"user": None, "error": error})


def test_any_text_suspends(ask: Ask) -> None:
    ask("POST", "/v1/admin/users/3", json={"suspended": "false"})
    users = ask("GET", "/v1/admin/users").json()["users"]
    assert next(user for user in users if user["id"] == 3)["suspended"] == 1


def test_the_last_admin_cannot_be_demoted_but_deleted(ask: Ask) -> None:
    ask("DELETE", "/v1/admin/users/4")
    others = [
        user["id"] for user in ask("GET", "/v1/users").json()["users"] if user["role"] == "admin" and user["id"] != 1
    ]
    for user_id in others:
        ask("DELETE", f"/v1/admin/users/{user_id}")
    answer = ask("POST", "/v1/admin/users/1", json={"role": "manager"}).json()
    assert answer == {"success": False, "error": "No system admins will remain if you do this. Update failed."}
    assert ask("DELETE", "/v1/admin/users/1").json()["success"] is True


def test_deleting_somebody_takes_chats_threads_and_memberships_along(sandbox: Sandbox, ask: Ask) -> None:
    before = sandbox.state()["counts"]
    member = ask("GET", "/v1/admin/workspaces/2/users").json()["users"][-1]["userId"]
    ask("DELETE", f"/v1/admin/users/{member}")
    after = sandbox.state()["counts"]
    assert after["workspace_users"] < before["workspace_users"]
    assert after["chats"] <= before["chats"]


def test_one_unknown_id_empties_the_workspace_and_is_called_success(ask: Ask) -> None:
    answer = ask("POST", "/v1/admin/workspaces/2/update-users", json={"userIds": [2, 99999]})
    assert answer.json() == {"success": True, "error": None}
    assert ask("GET", "/v1/admin/workspaces/2/users").json() == {"users": []}


def test_manage_users_cannot_empty_a_workspace(ask: Ask) -> None:
    answer = ask("POST", "/v1/admin/workspaces/finance/manage-users", json={"userIds": [3], "reset": True})
    assert [user["userId"] for user in answer.json()["users"]] == [3]
    answer = ask("POST", "/v1/admin/workspaces/finance/manage-users", json={"userIds": [], "reset": True})
    assert (answer.status_code, answer.json()["error"]) == (404, "No valid user IDs provided.")
    assert len(answer.json()["users"]) == 1


MANAGE, UPDATE = "/v1/admin/workspaces/finance/manage-users", "/v1/admin/workspaces/2/update-users"


@pytest.mark.parametrize(
    ("path", "body"), [(MANAGE, {"userIds": [3, 4], "reset": True}), (UPDATE, {"userIds": [3, 4]})]
)
def test_an_insert_that_fails_leaves_nobody_and_is_called_success(
    sandbox: Sandbox, ask: Ask, path: str, body: dict[str, object]
) -> None:
    workspace = next(w["id"] for w in ask("GET", "/v1/workspaces").json()["workspaces"] if w["slug"] == "finance")
    path = path.replace("/2/", f"/{workspace}/")
    sandbox.fault("half", path=path)
    answer = ask("POST", path, json=body)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert ask("GET", f"/v1/admin/workspaces/{workspace}/users").json() == {"users": []}
    sandbox.clear_faults()
    ask("POST", MANAGE, json={"userIds": [3]})
    assert [user["userId"] for user in ask("GET", f"/v1/admin/workspaces/{workspace}/users").json()["users"]] == [3]


def test_who_dies_between_deleting_and_inserting_leaves_nobody_and_says_nothing(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fault("half-lost", path="manage-users")
    with pytest.raises(requests.ConnectionError):
        ask("POST", MANAGE, json={"userIds": [3, 4], "reset": True})
    workspace = next(w["id"] for w in ask("GET", "/v1/workspaces").json()["workspaces"] if w["slug"] == "finance")
    assert ask("GET", f"/v1/admin/workspaces/{workspace}/users").json() == {"users": []}


def test_an_invite_is_claimed_once(sandbox: Sandbox, ask: Ask) -> None:
    code = ask("POST", "/v1/admin/invite/new", json={"workspaceIds": [2, 99999]}).json()["invite"]["code"]
    assert requests.get(f"{sandbox.url}/api/invite/{code}", timeout=5).json()["invite"]["status"] == "pending"
    body = {"username": "newcomer", "password": "long-enough-1", "role": "admin"}
    assert requests.post(f"{sandbox.url}/api/invite/{code}", json=body, timeout=5).json() == {
        "success": True,
        "error": None,
    }
    again = requests.post(f"{sandbox.url}/api/invite/{code}", json={**body, "username": "second"}, timeout=5).json()
    assert again["error"] == "Invite not found or is invalid."
    users = {user["username"]: user for user in ask("GET", "/v1/users").json()["users"]}
    assert users["newcomer"]["role"] == "default"
    members = ask("GET", "/v1/admin/workspaces/2/users").json()["users"]
    assert users["newcomer"]["id"] in {member["userId"] for member in members}


def test_a_login_token_works_once(sandbox: Sandbox, ask: Ask) -> None:
    token = ask("GET", "/v1/users/3/issue-auth-token").json()["token"]
    url = f"{sandbox.url}/api/request-token/sso/simple"
    assert requests.get(url, params={"token": token}, timeout=5).json()["user"]["username"] == "sam"
    assert requests.get(url, params={"token": token}, timeout=5).status_code == 401


def test_single_user_mode_has_no_users(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(single_user=True)
    assert ask("GET", "/v1/admin/users").text == "Unauthorized"
    assert ask("GET", "/v1/users").text == "Instance is not in Multi-User mode. Permission denied."
    answer = ask("GET", "/v1/users/1/issue-auth-token")
    assert (answer.status_code, answer.text) == (
        403,
        "Multi-User mode is not enabled. It must be enabled to use Simple SSO.",
    )
    assert ask("POST", "/v1/admin/workspace-chats", json={}).status_code == 200


def test_suspension_ends_a_session(sandbox: Sandbox, ask: Ask) -> None:
    token = ask("POST", "/request-token", json={"username": "sam", "password": sandbox.password}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert ask("GET", "/system/check-token", headers=headers).text == "OK"
    ask("POST", "/v1/admin/users/3", json={"suspended": 1})
    assert ask("GET", "/system/check-token", headers=headers).json() == {"error": "User is suspended from system"}
    assert ask("GET", "/v1/auth", headers=headers).status_code == 403


def test_the_environment_can_be_changed_by_the_names_of_the_pages(ask: Ask) -> None:
    told = ask(
        "POST", "/v1/system/update-env", json={"GenericOpenAiTokenLimit": "4096", "MultiUserMode": "no", "NOPE": "x"}
    ).json()
    assert told == {"newValues": {"GenericOpenAiTokenLimit": "4096"}, "error": False}
    settings = ask("GET", "/v1/system").json()["settings"]
    assert (settings["GenericOpenAiTokenLimit"], settings["MultiUserMode"]) == ("4096", True)
    told = ask("POST", "/v1/system/update-env", json={"GenericOpenAiTokenLimit": "0", "VectorDB": "none"}).json()
    assert told == {"newValues": {}, "error": "Value must be greater than zero"}
