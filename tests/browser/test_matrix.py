"""The access matrix by hand: selecting, staging, keeping, and twelve people into three workspaces at the promised price."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def people(standin) -> dict[str, int]:
    """Default users who may sign in, by name, in the order of the matrix."""
    users = [
        user for user in standin.get("/v1/admin/users")["users"] if user["role"] == "default" and not user["suspended"]
    ]
    return {user["username"]: user["id"] for user in sorted(users, key=lambda user: user["username"])}


@pytest.fixture
def workspaces(standin) -> dict[str, int]:
    return {workspace["name"]: workspace["id"] for workspace in standin.get("/v1/workspaces")["workspaces"]}


def members(standin, workspace_id: int) -> set[int]:
    return {member["userId"] for member in standin.get(f"/v1/admin/workspaces/{workspace_id}/users")["users"]}


def at(page: Page, url: str) -> Locator:
    """The matrix of that address."""
    page.goto(url)
    table = page.locator("table[role=grid]")
    expect(table).to_be_visible()
    return table


def box(page: Page, workspace_id: int, user_id: int) -> Locator:
    return page.locator(f'.matrix input[value="{workspace_id}-{user_id}"]')


def end(page: Page) -> Locator:
    """What is only there once all of a set was applied."""
    return page.locator("#access-undo")


def staged(page: Page) -> Locator:
    return page.locator("[data-count=staged]")


def selection(page: Page) -> Locator:
    return page.locator("[data-count=selection]")


@pytest.mark.journey
def test_giving_twelve_people_three_workspaces(hand, standin, people, workspaces, figure):
    page = hand.page
    twelve = dict(list(people.items())[100:112])
    three = {name: workspaces[name] for name in ("Finance", "Company Handbook 7", "Customer Support 3")}
    before = {workspace_id: members(standin, workspace_id) for workspace_id in three.values()}

    hand.click(page.get_by_role("link", name="Access", exact=True))
    hand.type(page.get_by_role("searchbox", name="People", exact=True), ", ".join(twelve))
    hand.type(page.get_by_role("searchbox", name="Workspaces", exact=True), ", ".join(three))
    expect(page.locator(".matrix tbody tr")).to_have_count(12)
    expect(page.locator(".matrix thead th[scope=col] a")).to_have_count(3)
    hand.click(page.get_by_role("button", name="Select all shown"))
    hand.click(page.get_by_role("button", name="Give", exact=True))
    hand.click(page.get_by_role("button", name="Preview", exact=True))
    page.wait_for_url("**/access/sets/**")
    hand.click(page.get_by_role("button", name="Apply", exact=True))
    expect(end(page)).to_be_visible()
    expect(page.locator("#access-set")).to_contain_text("done")

    for workspace_id, old in before.items():
        assert members(standin, workspace_id) == old | set(twelve.values())
    hand.paid(6, figure)


def test_what_was_applied_is_not_staged_any_more_and_what_was_only_previewed_is(page, standin, people, workspaces):
    name, user_id = list(people.items())[40]
    workspace_id = workspaces["Finance"]
    url = f"/access/?q={name},&w=Finance"
    at(page, url)
    give = user_id not in members(standin, workspace_id)
    box(page, workspace_id, user_id).click()
    page.get_by_role("button", name="Preview", exact=True).click()
    page.wait_for_url("**/access/sets/**")
    at(page, url)
    expect(staged(page)).to_have_text("1 change for 1 person in 1 workspace")
    page.get_by_role("button", name="Preview", exact=True).click()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(end(page)).to_be_visible()
    at(page, url)
    expect(staged(page)).to_be_hidden()
    expect(box(page, workspace_id, user_id)).to_be_checked(checked=give)
    assert (user_id in members(standin, workspace_id)) == give


def test_what_is_staged_stays_while_paging_and_searching_and_goes_when_discarded(page, standin):
    at(page, "/access/?role=default")
    first = page.locator(".matrix input:not(:checked)").first
    value = first.get_attribute("value")
    first.click()
    expect(staged(page)).to_have_text("1 change for 1 person in 1 workspace")
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    page.locator(".matrix input:not(:checked)").first.click()
    expect(staged(page)).to_have_text("2 changes for 2 people in 1 workspace")
    page.get_by_role("searchbox", name="People", exact=True).fill("olsen")
    page.wait_for_url("**q=olsen**")
    page.locator(".matrix input:not(:checked)").last.click()
    expect(staged(page)).to_contain_text("3 changes for 3 people")
    at(page, "/access/?role=default")
    kept = page.locator(f'.matrix td[data-staged=give] input[value="{value}"]')
    expect(kept).to_be_checked()
    expect(kept).to_have_attribute("aria-description", "will be given")
    kept.click()
    expect(staged(page)).to_contain_text("2 changes for 2 people")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#staging")).to_be_hidden()
    page.reload()
    expect(page.locator("table[role=grid]")).to_be_visible()
    expect(page.locator("#staging")).to_be_hidden()
    # The worker may write meanwhile: it closes invites that other tests left.
    asked = standin.state()["requests"]
    assert [r for r in asked if r["method"] == "POST" and "/admin/workspaces/" in r["path"]] == []


def test_by_keyboard_alone(page):
    """One stop of Tab; arrows move, space changes, shift selects, shift and space a row, control and space a column."""
    table = at(page, "/access/?role=default&size=25")
    assert table.locator("[tabindex='0']").count() == 1
    page.locator("select[name=group]").focus()
    while not page.evaluate("document.activeElement.closest('.matrix')"):
        page.keyboard.press("Tab")
    cells = table.locator("tbody tr").nth(0).locator("td input")
    expect(cells.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    here = table.locator("tbody tr").nth(1).locator("td input").nth(1)
    expect(here).to_be_focused()
    was = here.is_checked()
    page.keyboard.press("Space")
    expect(here).to_be_checked(checked=not was)
    expect(staged(page)).to_have_text("1 change for 1 person in 1 workspace")
    page.keyboard.press("Space")
    expect(staged(page)).to_be_hidden()

    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(selection(page)).to_have_text("4 cells selected")
    page.keyboard.press("Space")
    selected = table.locator("[aria-selected=true] input")
    assert all(cell.is_checked() for cell in selected.all())
    page.keyboard.press("Space")
    assert not any(cell.is_checked() for cell in selected.all())
    page.keyboard.press("Space")

    page.keyboard.press("Shift+Space")
    expect(selection(page)).to_have_text("30 cells selected")
    page.keyboard.press("Control+Space")
    expect(selection(page)).to_have_text("25 cells selected")
    page.keyboard.press("Escape")
    expect(selection(page)).to_be_hidden()
    page.keyboard.press("Control+End")
    expect(table.locator("tbody tr").last.locator("td input").last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(table.locator("tbody tr").last.locator("th a")).to_be_focused()
    page.keyboard.press("Space")
    expect(selection(page)).to_have_text("30 cells selected")


def test_what_has_the_focus_is_not_hidden_under_the_heads(page):
    at(page, "/access/?role=default")
    page.set_viewport_size({"width": 900, "height": 600})
    page.locator(".matrix tbody tr").last.locator("td input").last.focus()
    for key in ["PageUp"] * 5 + ["ArrowUp"] * 4 + ["ArrowLeft"] * 28:
        page.keyboard.press(key)
    hidden = page.evaluate(
        """() => {
          const here = document.activeElement, { left, top, width, height } = here.getBoundingClientRect();
          return document.elementFromPoint(left + width / 2, top + height / 2) !== here;
        }"""
    )
    assert not hidden


@pytest.mark.parametrize("height", [500, 720, 900])
def test_heads_stay_below_the_top_bar_wherever_the_page_is_scrolled(page, height):
    table = at(page, "/access/")
    page.set_viewport_size({"width": 1280, "height": height})
    page.locator(".matrix [data-select=column]").first.click()  # the bar takes room, too
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert table.locator("thead").bounding_box()["y"] >= page.locator(".topbar").bounding_box()["height"]


def test_another_end_is_given_to_who_has_access_until_a_date(page, standin, people, workspaces):
    name, user_id = list(people.items())[60]
    workspace_id = workspaces["Finance"]
    give = f"/access/?q={name},&w=Finance,Leadership"
    for day in ("2999-01-01", "2999-02-01"):
        at(page, give)
        page.get_by_role("button", name="Select all shown").click()
        page.get_by_role("button", name="Give", exact=True).click()
        page.locator("#staging [name=until]").fill(day)
        page.get_by_role("button", name="Preview", exact=True).click()
        page.wait_for_url("**/access/sets/**")
        page.get_by_role("button", name="Apply", exact=True).click()
        expect(end(page)).to_be_visible()
    expect(page.locator("#access-set")).to_contain_text("was so already")
    assert user_id in members(standin, workspace_id)
    at(page, give)
    expect(box(page, workspace_id, user_id).locator("..")).to_have_attribute("title", re.compile("2999-02-01"))
    page.get_by_role("button", name="Select all shown").click()
    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.locator("#staging [data-count=staged]")).to_contain_text("2 changes")
    expect(page.locator("#staging [name=until]")).to_be_hidden()  # what is taken has no end


def test_by_mouse_a_row_a_column_a_dragged_rectangle_and_with_shift(page):
    table = at(page, "/access/?role=default&size=25")
    cell = lambda row, column: table.locator("tbody tr").nth(row).locator("td input").nth(column)  # noqa: E731
    table.locator("tbody tr").nth(2).get_by_role("button").click()
    expect(selection(page)).to_have_text("30 cells selected")
    table.get_by_role("button", name="Select the column").nth(4).click()
    expect(selection(page)).to_have_text("25 cells selected")
    cell(1, 1).hover()
    page.mouse.down()
    cell(3, 4).hover()
    page.mouse.up()
    expect(selection(page)).to_have_text("12 cells selected")
    expect(staged(page)).to_be_hidden()
    cell(0, 0).click()
    expect(selection(page)).to_be_hidden()
    expect(staged(page)).to_have_text("1 change for 1 person in 1 workspace")
    cell(4, 2).click(modifiers=["Shift"])
    expect(selection(page)).to_have_text("15 cells selected")
    expect(staged(page)).to_have_text("1 change for 1 person in 1 workspace")
    page.get_by_role("button", name="Take", exact=True).click()
    assert not any(box.is_checked() for box in table.locator("[aria-selected=true] input").all())


def test_same_as_another_person_gives_what_they_have(page, standin, people, workspaces):
    names = list(people)
    new, example = (
        names[200],
        next(
            name
            for name in names[300:]
            if sum(people[name] in members(standin, w) for w in list(workspaces.values())[:40]) > 1
        ),
    )
    table = at(page, f"/access/?q={new},")
    table.get_by_role("button", name=f"Select the row of {new}").click()
    page.get_by_role("button", name="Same as…").click()
    dialog = page.get_by_role("dialog", name="Same workspaces as…")
    dialog.get_by_label("Person").press_sequentially(example)
    dialog.get_by_role("button", name=example).first.click()
    expect(dialog).to_be_hidden()
    expect(staged(page)).to_contain_text("for 1 person")
    page.get_by_role("button", name="Preview", exact=True).click()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(end(page)).to_be_visible()
    for workspace_id in workspaces.values():
        now = members(standin, workspace_id)
        assert people[example] not in now or people[new] in now


def test_a_list_pasted_line_by_line_is_understood(page, people):
    at(page, "/access/")
    three = list(people)[5:8]
    field = page.get_by_role("searchbox", name="People", exact=True)
    field.focus()
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "\n".join([*three, "nobody.at.all"]),
    )
    expect(page.locator(".matrix tbody tr")).to_have_count(3)
    expect(page.get_by_text("Not found:")).to_contain_text("nobody.at.all")


def test_back_shows_what_is_staged(page):
    at(page, "/access/?role=default")
    page.locator(".matrix input:not(:checked)").first.click()
    page.get_by_role("searchbox", name="People", exact=True).fill("olsen")
    page.wait_for_url("**q=olsen**")
    page.go_back()
    expect(page.locator(".matrix [data-staged=give]")).to_have_count(1)
    page.keyboard.press("Tab")
    page.locator(".matrix input:not(:checked)").first.click()
    expect(staged(page)).to_contain_text("2 changes")


def test_without_javascript_boxes_and_a_button_do_it(foyer, standin, people, workspaces):
    page = foyer.page(java_script_enabled=False)
    name, user_id = list(people.items())[60]
    workspace_id = workspaces["Finance"]
    page.goto(f"/access/?q={name},&w=Finance,")
    if page.get_by_role("link", name="Show the matrix").is_visible():
        page.get_by_role("link", name="Show the matrix").click()
    give = user_id not in members(standin, workspace_id)
    box(page, workspace_id, user_id).click()
    page.get_by_role("button", name="Preview the changes").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_role("heading", name="1 change for 1 person in 1 workspace")).to_be_visible()
    for _ in range(50):
        if (user_id in members(standin, workspace_id)) == give:
            break
        page.wait_for_timeout(200)
    assert (user_id in members(standin, workspace_id)) == give


def test_on_a_phone_one_picks_a_person_or_a_workspace(page):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/access/?q=anton")
    expect(page.locator(".matrix")).to_be_hidden()
    page.locator(".matrix-pick").get_by_role("link", name="anton").first.click()
    page.wait_for_url("**/users/*/")
    page.goto("/access/")
    page.get_by_text("Pick a workspace").click()
    page.locator(".matrix-pick").get_by_role("link", name="Company Handbook", exact=True).click()
    page.wait_for_url("**/workspaces/*/")
