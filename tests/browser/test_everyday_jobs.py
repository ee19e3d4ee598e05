"""What everyday jobs cost with 1,000 people: clicks and fields, each up to the instance's wanted state and a page that truthfully says so."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import update_the_log
from tests.browser.hand import JOBS

pytestmark = pytest.mark.browser


@pytest.fixture
def somebody(standin) -> dict:
    """One of many: neither first nor last, and able to sign in."""
    return [user for user in standin.get("/v1/admin/users")["users"] if user["role"] == "default"][500]


def account(standin, username: str) -> dict:
    return next(user for user in standin.get("/v1/admin/users")["users"] if user["username"] == username)


def may_sign_in(standin, username: str, password: str) -> bool:
    """Asked of the instance itself, as its own sign-in page does."""
    return standin.post("/request-token", {"username": username, "password": password})["valid"]


def find(hand, name: str) -> None:
    hand.click(hand.page.get_by_role("link", name="Users", exact=True))
    hand.type(hand.page.get_by_label("Search"), name)
    expect(hand.page.locator("#user-table tbody tr")).to_have_count(1)


def jump(hand, name: str) -> None:
    hand.click(hand.page.get_by_role("link", name="Jump to"))
    hand.type(hand.page.get_by_role("searchbox", name="Jump to people"), name)
    hand.click(hand.page.locator(".palette-results").get_by_role("link", name=re.compile(f"^{name} ")))


@pytest.mark.journey
def test_creating_a_user(hand, standin, figure):
    page = hand.page
    hand.click(page.get_by_role("link", name="Users", exact=True))
    hand.click(page.get_by_role("link", name="New user"))
    hand.type(page.get_by_label("User name"), "newcomer")
    hand.click(page.get_by_role("button", name="Create"))

    expect(page.get_by_text("newcomer was created.")).to_be_visible()
    assert account(standin, "newcomer")["role"] == "default"
    assert may_sign_in(standin, "newcomer", page.locator("p.copy code").inner_text())
    hand.paid(1, figure)


def test_suspending_one_of_a_thousand(hand, standin, somebody, figure):
    page, name = hand.page, somebody["username"]
    find(hand, name)
    hand.click(page.get_by_role("button", name=f"Suspend {name}"))

    expect(page.locator("#toasts")).to_contain_text(f"{name} is suspended and locked out.")
    expect(page.locator("#user-table tbody tr")).to_contain_text("suspended")
    assert account(standin, name)["suspended"] == 1
    hand.paid(2, figure)


def test_resetting_a_password(hand, standin, somebody, figure):
    page, name = hand.page, somebody["username"]
    assert may_sign_in(standin, name, standin.password)
    find(hand, name)
    hand.click(page.get_by_role("link", name=name, exact=True))
    hand.click(page.get_by_role("link", name="Reset password"))
    hand.click(page.get_by_role("dialog").get_by_role("button", name="Reset password"))

    expect(page.get_by_role("heading", name="The password was reset")).to_be_visible()
    assert may_sign_in(standin, name, page.locator("p.copy code").inner_text())
    assert not may_sign_in(standin, name, standin.password)
    hand.paid(3, figure)


@pytest.fixture
def listed(standin) -> list[str]:
    """The names of the workspaces that list dora.olsen as a member."""
    user_id = account(standin, "dora.olsen")["id"]
    return [w["name"] for w in standin.get("/v1/workspaces")["workspaces"] if user_id in members(standin, w["id"])]


def members(standin, workspace_id: int) -> set[int]:
    return {member["userId"] for member in standin.get(f"/v1/admin/workspaces/{workspace_id}/users")["users"]}


def test_seeing_everything_one_person_may_open(hand, listed, figure):
    page = hand.page
    jump(hand, "dora.olsen")

    expect(page.get_by_role("switch", checked=True)).to_have_count(len(listed))
    for name in listed:
        expect(page.get_by_role("switch", name=name, exact=True)).to_be_checked()
    hand.paid(7, figure)


@pytest.mark.journey
def test_locking_a_leaver_out(hand, foyer, standin, listed, figure):
    """Out of the instance, out of all workspaces and, where they are signed in to it, out of Foyer."""
    page, name = hand.page, "dora.olsen"
    assert len(listed) > 1
    leaver = foyer.page(None)
    foyer.sign_in(leaver, name)
    jump(hand, name)
    hand.click(page.get_by_role("link", name="Lock out"))
    for workspace in listed:
        expect(page.get_by_role("dialog")).to_contain_text(workspace)
    hand.click(page.get_by_role("dialog").get_by_role("button", name="Lock out"))

    expect(page.get_by_text(f"{name} is suspended and locked out.")).to_be_visible()
    # Foyer may remember more of them than the instance, which every test begins anew.
    expect(page.locator("#access-set")).to_contain_text(re.compile(r"\b(\d+) of \1\b"))
    for workspace in listed:
        row = page.locator("#access-set tbody tr").filter(has=page.get_by_role("cell", name=workspace, exact=True))
        expect(row).to_contain_text("done")
    assert account(standin, name)["suspended"] == 1
    assert not may_sign_in(standin, name, standin.password)
    for workspace in standin.get("/v1/workspaces")["workspaces"]:
        assert account(standin, name)["id"] not in members(standin, workspace["id"])
    leaver.goto("/users/")
    expect(leaver.get_by_text("Your account of AnythingLLM may not sign in any more.")).to_be_visible()
    leaver.goto("/users/")
    assert "/sign-in/" in leaver.url
    hand.paid(8, figure)


def test_telling_who_asked_what_in_a_workspace_last_week(hand, foyer, standin, figure):
    page, today = hand.page, timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    reader = foyer.page()
    reader.goto("/chats/")
    update_the_log(reader)
    asked = [
        (line["user"]["username"] if line["user_id"] else None, line["prompt"])
        for line in whole_log(standin)
        if line["workspace"]["name"] == "Leadership"
        and datetime.fromisoformat(line["createdAt"]) >= today - timedelta(days=6)
    ]
    assert asked

    hand.click(page.get_by_role("link", name="Chat log"))
    hand.choose(page.locator("main").get_by_label("Workspace"), "Leadership")
    rows = page.locator("#chatlog-table tbody tr")
    expect(rows).to_have_count(len(asked))
    for row, (username, prompt) in zip(rows.all(), asked, strict=True):
        expect(row).to_contain_text(prompt)
        expect(row).to_contain_text(username or re.compile("a session of the API|not known"))
        expect(row).to_contain_text("Leadership")
    expect(page.locator("main").get_by_label("Time")).to_have_value("7")
    hand.paid(10, figure)


def whole_log(standin) -> list[dict]:
    """Newest first, asked of the instance itself."""
    found, page, more = [], 0, True
    while more:
        answer = standin.post("/v1/admin/workspace-chats", {"offset": page})
        found, page, more = found + answer["chats"], page + 1, answer["hasPages"]
    return sorted(found, key=lambda line: line["createdAt"], reverse=True)


def test_each_of_the_ten_jobs_is_counted_once():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert sorted(map(int, re.findall(r"hand\.paid\((\d+), figure\)", tests))) == list(JOBS)
