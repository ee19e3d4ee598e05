"""Whole journeys by keyboard alone: nothing but keys is sent, and one always sees where one is. Chat, matrix, invites and documents have theirs
beside their other tests.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_by_keyboard import FOCUSED

pytestmark = pytest.mark.browser

PASSWORD = "umbrella gravel seven tuesdays"
STOPS = 250  # of Tab, before one gives up


class Keys:
    """Presses keys, and counts them. Not before a page is loaded: the shortcuts are its script's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.wait_for_load_state()
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)

    def reach(self, target: Locator, key: str = "Tab") -> None:
        """Goes on until `target` has the focus; each stop on the way is seen."""
        expect(target).to_be_visible()
        for _ in range(STOPS):
            stop = self.page.evaluate(FOCUSED)
            assert stop is None or (stop["ring"] and stop["seen"]), stop
            if target.evaluate("(element) => element === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{target} cannot be reached by {key}.")

    def enter(self, target: Locator) -> None:
        self.reach(target)
        self.press("Enter")

    def clear_and_type(self, text: str) -> None:
        self.press("Control+a")
        self.type(text)


@pytest.fixture
def keys(page) -> Keys:
    return Keys(page)


def account(standin, username: str) -> dict:
    return next(user for user in standin.get("/v1/admin/users")["users"] if user["username"] == username)


def members(standin, name: str) -> set[str]:
    workspace = next(w for w in standin.get("/v1/workspaces")["workspaces"] if w["name"] == name)
    return {user["username"] for user in standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]}


def test_signing_in_and_out(foyer, figure):
    page = foyer.page(None)
    page.goto("/sign-in/")
    keys = Keys(page)
    keys.type("ada")
    keys.press("Tab")
    keys.type(foyer.password)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Hello ada")).to_be_visible()
    keys.enter(page.locator(".profile-button"))
    keys.enter(page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    figure("by keyboard: sign in and out", f"{keys.pressed} keys")


def test_finding_suspending_and_changing_a_user(page, keys, standin, figure):
    page.goto("/")
    keys.enter(page.locator(".sidebar").get_by_role("link", name="Users"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    keys.press("/")
    keys.type("dora.olsen")
    expect(page.locator("#user-table tbody tr")).to_have_count(2)  # dora.olsen869 is another one
    keys.enter(page.get_by_role("button", name="Suspend dora.olsen", exact=True))
    expect(page.locator("#toasts")).to_contain_text("dora.olsen is suspended and locked out.")
    assert account(standin, "dora.olsen")["suspended"] == 1
    keys.enter(page.get_by_role("button", name="Resume dora.olsen", exact=True))
    expect(page.get_by_role("button", name="Suspend dora.olsen", exact=True)).to_be_visible()
    keys.reach(page.get_by_role("link", name="dora.olsen", exact=True), "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("dora.olsen")
    keys.enter(page.locator("main").get_by_role("link", name="Edit"))
    keys.reach(page.locator("#dialog").get_by_label("Messages a day"))
    keys.clear_and_type("17")
    keys.press("Enter")
    expect(page.get_by_text("dora.olsen was saved.")).to_be_visible()
    assert account(standin, "dora.olsen")["dailyMessageLimit"] == 17
    figure("by keyboard: find, suspend, resume, change a user", f"{keys.pressed} keys")


def test_creating_a_user(page, keys, standin, figure):
    page.goto("/users/")
    keys.enter(page.get_by_role("link", name="New user"))
    keys.reach(page.get_by_label("User name"))
    keys.type("by-keyboard")
    keys.press("Enter")
    expect(page.get_by_text("by-keyboard was created.")).to_be_visible()
    assert account(standin, "by-keyboard")
    figure("by keyboard: create a user", f"{keys.pressed} keys")


def test_giving_access_from_the_matrix_to_its_end(page, keys, standin, figure):
    page.goto("/access/?q=dora.olsen,&w=Finance,")
    before = members(standin, "Finance")
    keys.reach(page.locator(".matrix tbody input").first)
    keys.press("Space")
    keys.enter(page.get_by_role("button", name="Preview", exact=True))
    page.wait_for_url("**/access/sets/**")
    keys.enter(page.get_by_role("button", name="Apply", exact=True))
    expect(page.locator("#access-set")).to_contain_text("done")
    assert members(standin, "Finance") == before ^ {"dora.olsen"}
    figure("by keyboard: stage, preview and apply access", f"{keys.pressed} keys")


@pytest.mark.journey
def test_making_a_link_and_joining_by_it(page, keys, foyer, standin, figure):
    page.goto("/")
    keys.enter(page.locator("main").get_by_role("link", name="Invite", exact=True))
    keys.reach(page.get_by_label("Name of the link"))
    keys.type("By keyboard")
    keys.reach(page.get_by_role("checkbox", name="Company Handbook", exact=True))
    keys.press("Space", "Enter")
    expect(page.locator("#address")).to_contain_text("/join/")
    figure("by keyboard: make an invite link", f"{keys.pressed} keys")

    newcomer = foyer.page(None)
    newcomer.goto(page.locator("#address").inner_text())
    keys = Keys(newcomer)
    keys.reach(newcomer.get_by_label("User name"))
    keys.type("walks-by-keys")
    keys.reach(newcomer.get_by_label("Password", exact=True))
    keys.type(PASSWORD)
    keys.press("Enter")
    newcomer.wait_for_url("**/welcome/")
    keys.reach(newcomer.get_by_label("Your question"))
    keys.clear_and_type("How many days off?")
    keys.enter(newcomer.get_by_role("button", name="Ask", exact=True))
    newcomer.wait_for_url("**/chat/**")
    expect(newcomer.locator("#exchanges")).to_contain_text("How many days off?")
    expect(newcomer.locator(".prose")).to_contain_text("says:")
    assert "walks-by-keys" in members(standin, "Company Handbook")
    figure("by keyboard: join, up to the first answer", f"{keys.pressed} keys")


def test_making_setting_up_and_deleting_a_workspace(page, keys, standin, figure):
    page.goto("/workspaces/")
    keys.enter(page.get_by_role("link", name="New workspace"))
    keys.reach(page.get_by_label("Name"))
    keys.type("Keyboards")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Keyboards", exact=True)).to_be_visible()
    keys.enter(page.locator("main").get_by_role("link", name="Settings"))
    keys.reach(page.get_by_label("Temperature"))
    keys.clear_and_type("0.3")
    keys.press("Enter")
    expect(page.get_by_text("The settings of Keyboards were saved.")).to_be_visible()
    made = next(w for w in standin.get("/v1/workspaces")["workspaces"] if w["name"] == "Keyboards")
    assert made["openAiTemp"] == 0.3
    page.goto(f"/workspaces/{made['slug']}/")
    keys.enter(page.get_by_role("link", name="Delete workspace"))
    keys.reach(page.locator("#dialog").get_by_label("to confirm"))
    keys.type("Keyboards")
    keys.press("Enter")
    page.wait_for_url(re.compile("/workspaces/$"))
    assert all(w["name"] != "Keyboards" for w in standin.get("/v1/workspaces")["workspaces"])
    figure("by keyboard: make, set up and delete a workspace", f"{keys.pressed} keys")
