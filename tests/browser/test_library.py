"""The library in a browser: what its dialogs leave behind on the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_what_was_erased_is_said_on_the_page_that_reads_the_library_anew(foyer, standin):
    page = foyer.page()
    page.goto("/documents/?folder=sales")
    box = page.locator("#document-table input[name=ids]").first
    box.check()
    title = page.locator("#document-table tbody th").first.inner_text()
    page.locator("#selection").get_by_role("button", name="Erase everywhere").click()
    page.locator("#dialog").get_by_role("button", name="Erase everywhere").click()
    expect(page.get_by_text(f"{title} was erased everywhere.")).to_be_visible()
    expect(page.locator("#document-table tbody tr").first).to_be_visible()
    expect(page.locator("#document-table").get_by_text(title, exact=True)).to_have_count(0)


def test_a_click_on_a_name_in_the_dialog_ticks_that_workspace(foyer, standin):
    page = foyer.page()
    page.goto("/documents/")
    page.locator("#document-table input[name=ids]").first.check()
    page.locator("#selection").get_by_role("button", name="Put into workspaces").click()
    label = page.locator("#dialog fieldset label").last
    label.click(position={"x": 60, "y": 10})
    expect(page.locator("#dialog").get_by_role("checkbox", name=label.inner_text())).to_be_checked()
    expect(page.locator("#document-add input[name=workspaces]:checked")).to_have_count(0)


@pytest.mark.journey
def test_the_pin_is_a_switch_that_shows_what_was_read_back(foyer, standin):
    page = foyer.page()
    page.goto("/documents/?q=passwords-and-accounts")
    page.locator("#document-table tbody th a").first.click()
    switch = page.locator("#dialog").get_by_role("switch", name=re.compile("^Pin .* in IT & Security$"))
    before = switch.get_attribute("aria-checked")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false" if before == "true" else "true")
    expect(switch).to_be_focused()
    slug = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["name"] == "IT & Security")
    rows = standin.get(f"/v1/workspace/{slug}")["workspace"][0]["documents"]
    assert any("passwords-and-accounts" in row["docpath"] and row["pinned"] for row in rows) == (before != "true")
