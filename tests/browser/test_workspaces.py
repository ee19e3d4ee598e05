"""The workspaces room as it is used: people found, added and pasted, settings saved, and a workspace deleted."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def workspace(standin) -> dict:
    return standin.get("/v1/workspaces")["workspaces"][-1]


def members(standin, workspace: dict) -> set[str]:
    return {m["username"] for m in standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]}


def test_somebody_is_found_while_typing_and_added_by_a_switch(hand, standin, workspace):
    page, before = hand.page, members(standin, workspace)
    page.goto(f"/workspaces/{workspace['slug']}/")
    hand.type(page.locator("main").get_by_role("searchbox"), "dora.olsen")
    expect(page.get_by_role("heading", name="Not in it yet")).to_be_visible()
    hand.click(page.get_by_role("switch", name="dora.olsen", exact=True))

    expect(page.locator("#toasts")).to_contain_text("dora.olsen may open")
    expect(page.get_by_role("switch", name="dora.olsen", exact=True)).to_have_attribute("aria-checked", "true")
    assert members(standin, workspace) == before | {"dora.olsen"}


@pytest.mark.parametrize("javascript", [True, False])
def test_a_pasted_list_is_looked_at_and_applied(foyer, standin, workspace, javascript):
    before = members(standin, workspace)
    page = foyer.page(java_script_enabled=javascript)
    page.goto(f"/workspaces/{workspace['slug']}/")
    page.get_by_role("link", name="Add people").click()
    page.get_by_label("User names").fill("dora.olsen\nsam\nyuky")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("checkbox", name="yuki", exact=True).check()
    page.get_by_role("button", name="Go on without these").click()
    page.wait_for_url(re.compile(r"/access/sets/\d+/"))
    assert members(standin, workspace) == before
    page.get_by_role("button", name="Apply").click()
    for _attempt in range(100):
        if members(standin, workspace) != before:
            break
        page.wait_for_timeout(100)
    assert members(standin, workspace) == before | {"dora.olsen", "sam", "yuki"}


@pytest.mark.journey
def test_a_workspace_is_made_set_up_and_deleted_by_its_name(hand, standin):
    page = hand.page
    hand.click(page.get_by_role("link", name="Workspaces", exact=True))
    hand.click(page.get_by_role("link", name="New workspace"))
    hand.type(page.get_by_label("Name"), "Legal")
    hand.click(page.get_by_role("button", name="Create"))
    expect(page.get_by_role("heading", name="Legal", exact=True)).to_be_visible()
    hand.click(page.get_by_role("link", name="Settings"))
    page.get_by_label("Temperature").fill("0.1")
    hand.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("The settings of Legal were saved.")).to_be_visible()
    (made,) = [w for w in standin.get("/v1/workspaces")["workspaces"] if w["name"] == "Legal"]
    assert made["openAiTemp"] == 0.1

    page.goto(f"/workspaces/{made['slug']}/")
    hand.click(page.get_by_role("link", name="Delete workspace"))
    verb = page.locator("#dialog").get_by_role("button", name="Delete workspace")
    expect(verb).to_be_disabled()
    hand.type(page.locator("#dialog").get_by_label("to confirm"), "Legal")
    hand.click(verb)
    page.wait_for_url("**/workspaces/")
    assert all(w["name"] != "Legal" for w in standin.get("/v1/workspaces")["workspaces"])
