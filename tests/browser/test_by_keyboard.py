"""Everything by keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

STOPS = 60
FOCUSED = """() => {
  const part = document.activeElement;
  if (part === document.body) return null;
  const look = getComputedStyle(part);
  const ring = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  const box = part.getBoundingClientRect();
  const seen = box.width > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { part: part.outerHTML.slice(0, 160), ring, seen };
}"""


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.outerHTML")


def test_the_first_stop_leads_past_the_frame(page):
    page.goto("/users/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("url", ["/", "/users/?size=25", "/users/new/", "/audit/", "/profile/", "/system/"])
@pytest.mark.parametrize("width", [360, 1440])
def test_one_always_sees_where_one_is(page, url, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(url)
    expect(page.locator(".htmx-request")).to_have_count(0)
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break  # once around
        assert stop["ring"] and stop["seen"], stop


def test_slash_goes_to_the_search(page):
    page.goto("/users/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_have_value("a/b")


def test_a_question_mark_shows_the_keys(page):
    page.goto("/users/")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


@pytest.mark.journey
def test_control_k_jumps_to_a_person(page):
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("nadia")
    expect(page.locator(".palette-results[data-query=nadia] a").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("nadia"))


def test_arrows_choose_in_the_jump_box(page):
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("anton")
    results = page.locator(".palette-results[data-query=anton] a")
    expect(results.first).to_be_visible()
    wanted = results.nth(2).locator("span").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted)


def test_a_dialog_keeps_the_focus_and_gives_it_back(page):
    page.goto("/users/3/")
    link = page.get_by_role("link", name="Edit")
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", level=2)).to_be_visible()
    assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    for _ in range(15):
        page.keyboard.press("Tab")
        # Between the last and the first stop the browser's own bar has its turn: then it is the body.
        assert page.evaluate("document.activeElement === document.body || dialog.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()


def test_the_focus_stays_where_it_was_when_a_list_is_read_anew(page, things):
    """What stands in a list has no id; in the list that comes it is another element."""
    page.goto("/invites/?q=Field")
    table = page.locator("#invite-table")
    row = table.get_by_role("row").filter(has=page.locator(f"a[href='/invites/{things['link_id']}/']"))
    link = row.get_by_role("link", name="Field service", exact=True)

    def read_anew():
        table.evaluate("(table) => table.dataset.old = ''")
        page.evaluate("document.querySelector('main form[role=search]').requestSubmit()")
        expect(page.locator("#invite-table:not([data-old])")).to_be_visible()

    link.focus()
    read_anew()
    expect(link).to_be_focused()
    opener = row.get_by_role("link", name=re.compile("^Link"))
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#dialog").get_by_role("heading", level=2)).to_be_visible()
    read_anew()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_button_keeps_the_focus_while_it_is_answered(page):
    page.goto("/system/")
    button = page.get_by_role("button", name="Test connection")
    button.press("Enter")
    expect(page.locator("#connection-test h2")).to_be_visible()
    expect(button).to_be_focused()


def test_rows_are_selected_with_space_and_changed_with_enter(page, standin):
    page.goto("/users/?q=sam")
    expect(page.locator(".selection-bar")).to_be_hidden()
    page.get_by_role("checkbox", name="Select sam", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.locator(".selection-bar")).to_contain_text("1 selected")
    page.get_by_role("button", name="Suspend", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Suspend 1 person")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()


def test_menus_open_and_close_by_keyboard(page):
    page.goto("/")
    button = page.locator(".profile-button")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#profile-menu")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('profile-menu').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.locator("#profile-menu")).to_be_hidden()
    expect(button).to_be_focused()
