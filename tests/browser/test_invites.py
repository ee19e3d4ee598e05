"""The managers' pages for invites by hand: by keyboard, with 200 workspaces, and what ends up in the clipboard."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def reader(foyer):
    """Ada's page, which may read the clipboard."""
    context = foyer.context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context.new_page()


def make(page, name: str) -> None:
    page.goto("/invites/new/")
    page.get_by_label("Name of the link").fill(name)
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_focused()


@pytest.mark.journey
def test_a_link_is_handed_out_and_revoked_by_keyboard(reader):
    make(reader, "By keyboard alone")
    address = reader.locator("#address").inner_text()
    reader.goto("/invites/")
    reader.keyboard.press("/")
    reader.keyboard.type("keyboard alone")
    table = reader.locator("#invite-table tbody tr")
    expect(table).to_have_count(1)
    table.get_by_role("link", name="By keyboard alone", exact=True).focus()
    reader.keyboard.press("Tab")
    expect(table.get_by_role("link", name=re.compile("^Link"))).to_be_focused()
    reader.keyboard.press("Enter")
    expect(reader.locator("#dialog").get_by_role("button", name="Copy", exact=True)).to_be_focused()
    reader.keyboard.press("Enter")
    expect(reader.locator("#toasts")).to_contain_text("Copied.")
    assert reader.evaluate("navigator.clipboard.readText()") == address
    reader.keyboard.press("Escape")
    expect(table.get_by_role("link", name=re.compile("^Link"))).to_be_focused()
    for _stop in range(3):
        reader.keyboard.press("Tab")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="Revoke the link By keyboard alone?")).to_be_visible()
    reader.keyboard.press("Tab")
    reader.keyboard.press("Enter")
    expect(table).to_contain_text("Revoked")
    assert "q=keyboard%20alone" in reader.url


def test_of_two_hundred_workspaces_one_finds_a_few(page, standin):
    named = [w["name"] for w in standin.get("/v1/workspaces")["workspaces"]]
    page.goto("/invites/new/")
    boxes = page.locator("#id_workspace_ids").get_by_role("checkbox")
    expect(boxes).to_have_count(len(named))
    first = page.get_by_role("checkbox", name=named[0], exact=True)
    first.check()
    # As an input method of East Asia writes it: each letter as wide as a character.
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in named[-1].upper())
    page.get_by_label("Find a workspace").press_sequentially(wide)
    expect(page.get_by_role("checkbox", name=named[-1], exact=True)).to_be_visible()
    expect(first).to_be_visible()
    assert boxes.filter(visible=True).count() < len(named)
    page.get_by_label("Find a workspace").fill("")
    expect(boxes.filter(visible=True)).to_have_count(len(named))


def test_wherever_many_workspaces_are_chosen_one_finds_a_few(page, things):
    for address in (f"/groups/{things['group_id']}/edit/", f"/operators/{things['operator_id']}/workspaces/"):
        page.goto(address)
        expect(page.get_by_label("Find a workspace")).to_be_visible()


def test_enter_in_the_field_to_find_a_workspace_makes_no_link(page):
    page.goto("/invites/new/")
    page.get_by_label("Name of the link").fill("Too early")
    page.get_by_label("Find a workspace").press("Enter")
    expect(page).to_have_url(re.compile("/invites/new/$"))
    expect(page.get_by_label("Name of the link")).to_have_value("Too early")


def test_all_links_of_a_list_are_copied_at_once(reader):
    reader.goto("/invites/many/")
    reader.get_by_label("Name of the list").fill("Apprentices")
    reader.get_by_label("Or paste the list").fill("Anna Müller\nBen Okafor <ben@example.com>")
    reader.get_by_role("button", name="Check the list").click()
    expect(reader.get_by_role("heading", name="This is a preview.")).to_be_in_viewport()
    reader.get_by_role("button", name="Make 2 links").click()
    reader.get_by_role("button", name="Copy all").click()
    expect(reader.locator("#toasts")).to_contain_text("Copied.")
    anna, ben = reader.evaluate("navigator.clipboard.readText()").strip().split("\n")
    assert re.fullmatch(r"Anna Müller\thttp://.*/join/[\w-]{32}/", anna)
    assert re.fullmatch(r"Ben Okafor <ben@example.com>\thttp://.*/join/[\w-]{32}/", ben)


def test_the_page_to_print_is_one_sheet_without_the_frame(page, things):
    page.goto(f"/invites/{things['link_id']}/print/")
    page.emulate_media(media="print")
    expect(page.locator(".sheet svg.qr")).to_be_visible()
    for frame in (".topbar", ".sidebar", ".page-head"):
        expect(page.locator(frame)).to_be_hidden()
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_without_javascript_a_link_is_made_found_extended_and_revoked(foyer):
    page = foyer.page(java_script_enabled=False)
    page.goto("/invites/new/")
    page.get_by_label("Name of the link").fill("Plain")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#address")).to_contain_text("/join/")
    page.goto("/invites/?q=Plain&source=foyer")
    page.get_by_role("link", name="Extend Plain").first.click()
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_text("Plain lives longer now.")).to_be_visible()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke link").click()
    expect(page.get_by_text("Plain was revoked: nobody new can join by it.")).to_be_visible()
