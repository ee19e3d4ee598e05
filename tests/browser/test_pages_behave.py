"""What pages do beside showing things: where the focus stays, what covers what, and what Back brings back."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def number_of(standin, name: str) -> int:
    return next(user["id"] for user in standin.get("/v1/admin/users")["users"] if user["username"] == name)


def press_where_one_is(page: Page, key: str) -> None:
    """The key goes to what has the focus, once the answer to the one before is drawn."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.keyboard.press(key)


def test_the_focus_stays_on_a_switch_that_was_switched(page, standin):
    page.goto(f"/users/{number_of(standin, 'sam')}/")
    switch = page.locator("#offers").get_by_role("switch").first
    name = switch.get_attribute("id")
    switch.focus()
    press_where_one_is(page, "Space")
    expect(page.locator(f"#{name}")).to_have_attribute("aria-checked", "true")
    expect(page.locator(f"#{name}")).to_be_focused()
    press_where_one_is(page, "Space")
    expect(page.locator(f"#{name}")).to_have_attribute("aria-checked", "false")


@pytest.mark.parametrize("where", ["table", "page"])
def test_the_focus_stays_on_suspend_and_resume(page, standin, where):
    sam = number_of(standin, "sam")
    page.goto("/users/?q=sam" if where == "table" else f"/users/{sam}/")
    button = page.locator(f"#suspend-{sam}")
    button.focus()
    press_where_one_is(page, "Enter")
    expect(button).to_contain_text("Resume")
    expect(button).to_be_focused()
    expect(page.locator(".htmx-added")).to_have_count(0)  # a moment earlier it is a plain form
    press_where_one_is(page, "Enter")
    expect(button).to_contain_text("Suspend")
    expect(button).to_be_focused()


def test_what_is_refused_on_a_persons_page_is_told_there(page, standin):
    sam = number_of(standin, "sam")
    page.goto(f"/users/{sam}/")
    standin.fault("500", method="POST", path=f"/admin/users/{sam}$")
    page.locator(f"#suspend-{sam}").click()
    expect(page.locator(".toast[data-tone=error]")).to_be_visible()
    standin.clear_faults()
    page.locator(f"#suspend-{sam}").click()
    expect(page.locator(f"#suspend-{sam}")).to_contain_text("Resume")
    assert page.url.endswith(f"/users/{sam}/")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_toast_covers_nothing_of_the_bar_of_what_is_chosen(page, standin, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.goto("/users/?q=sam")
    page.locator(f"#suspend-{number_of(standin, 'sam')}").click()
    toast = page.locator(".toast")
    expect(toast).to_be_visible()
    page.get_by_role("checkbox", name="Select sam", exact=True).check()
    bar = page.locator(".selection-bar")
    expect(bar).to_be_visible()
    page.wait_for_function("""() => {
      const toast = document.querySelector(".toast").getBoundingClientRect();
      return toast.bottom <= document.querySelector(".selection-bar").getBoundingClientRect().top;
    }""")


def test_one_key_leads_from_a_ticked_row_to_what_can_be_done_and_one_back(page):
    page.goto("/users/?size=25")
    box = page.locator("tbody [name=ids]").nth(9)
    box.focus()
    page.keyboard.press(".")
    expect(box).to_be_focused()  # nothing is ticked yet
    page.keyboard.press("Space")
    page.keyboard.press(".")
    expect(page.get_by_role("button", name="Suspend", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_focused()


def test_back_shows_what_the_fields_say(page):
    page.goto("/users/")
    search = page.get_by_role("searchbox", name="Search", exact=True)
    search.fill("weber")
    page.wait_for_url("**q=weber**")
    search.fill("silva")
    page.wait_for_url("**q=silva**")
    page.go_back()
    page.wait_for_url("**q=weber**")
    expect(search).to_have_value("weber")
    expect(page.locator("#user-table tbody th").first).to_contain_text("weber")


def test_pages_that_were_left_are_kept_nowhere(page):
    page.goto("/users/")
    page.get_by_role("searchbox", name="Search", exact=True).fill("weber")
    page.wait_for_url("**q=weber**")
    kept = page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    assert "<" not in kept and "history-cache" not in kept


def test_what_is_ticked_again_by_the_browser_counts(page):
    page.goto("/users/?q=weber")
    for number in range(3):
        page.locator("tbody [name=ids]").nth(number).check()
    page.locator("tbody th a").first.click()
    page.wait_for_url(re.compile(r"/users/\d+/"))
    page.go_back()
    ticked = page.locator("tbody [name=ids]:checked")
    expect(ticked).to_have_count(3)
    expect(page.locator("[data-selection-count]")).to_have_text("3 selected")


def test_a_name_of_several_spaces_can_be_typed_as_it_is_shown(page, standin):
    slug = standin.post("/v1/workspace/new", {"name": " Old  \n project "})["workspace"]["slug"]
    page.goto(f"/workspaces/{slug}/delete/")
    button = page.get_by_role("button", name="Delete workspace")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("Old project")
    expect(button).to_be_enabled()
    button.click()
    page.wait_for_url("**/workspaces/")
    assert slug not in [w["slug"] for w in standin.get("/v1/workspaces")["workspaces"]]


@pytest.mark.parametrize(("address", "target"), [("/users/", "#user-table"), ("/access/", "#matrix")])
def test_a_list_dims_while_it_is_searched(page, address, target):
    page.goto(address)
    expect(page.locator(f"{target} tbody th").first).to_be_visible()
    answers = []
    page.route(f"**{address}?q=weber**", lambda route: answers.append(route))  # held back until it has been looked at
    page.locator("main [name=q]").first.fill("weber")
    expect(page.locator(target)).to_have_css("opacity", "0.6")
    answers[0].continue_()
    expect(page.locator(f"{target} tbody th").first).to_contain_text("weber")
    expect(page.locator(target)).to_have_css("opacity", "1")


def test_a_table_that_asks_by_itself_does_not_dim(page):
    """As the table of a running job does every second."""
    page.goto("/users/")
    answers = []
    page.route("**/users/?polled", lambda route: answers.append(route))
    page.evaluate("""() => {
      const table = document.getElementById("user-table");
      htmx.ajax("GET", "/users/?polled", {source: table, target: table, swap: "none"});
    }""")
    expect(page.locator("#user-table.htmx-request")).to_be_attached()
    opacity = page.evaluate("""async () => {
      const frame = document.getElementById("user-table");
      await Promise.all(frame.getAnimations().map((fading) => fading.finished));
      return getComputedStyle(frame).opacity;
    }""")
    answers[0].continue_()
    assert opacity == "1"


@pytest.mark.parametrize("width", [700, 1024, 1280])
def test_the_head_of_a_long_table_stays_in_sight(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.goto("/users/?size=100")
    page.locator("tbody tr").nth(60).scroll_into_view_if_needed()
    head = page.get_by_role("columnheader", name="Name")
    expect(head).to_be_in_viewport()
    assert page.evaluate("""() => {
      const box = document.querySelector("thead th:nth-child(2)").getBoundingClientRect();
      return document.elementFromPoint(box.left + 12, box.top + box.height / 2).closest("th") !== null;
    }""")


def test_a_search_within_a_dialog_takes_one_line(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/access/")
    page.locator("#matrix [data-select=all]").click()
    page.get_by_role("button", name="Same as…").click()
    form = page.locator("#example form")
    field = form.get_by_role("searchbox")
    assert form.bounding_box()["height"] < 90
    assert field.bounding_box()["width"] > 0.9 * form.bounding_box()["width"]


def test_the_grid_is_named_and_each_until_says_for_what(page, standin):
    page.goto("/access/")
    grid = page.get_by_role("grid", name="Access", exact=True)
    expect(grid).to_have_accessible_description(re.compile("Arrow keys move"))
    page.goto(f"/users/{number_of(standin, 'sam')}/")
    summaries = page.locator(".access-switch summary").all_inner_texts()
    assert len(summaries) == len({" ".join(text.split()) for text in summaries}) > 1


PEOPLE = "Anna Müller, anna@example.com\nBen Okafor, ben@example.com"
HERE_AGAIN = "What you typed is here again."


def at_work(foyer, address: str, **options) -> Page:
    """Ada's page there, in a session of its own, which may end."""
    page = foyer.context(None, **options).new_page()
    foyer.sign_in(page, "ada")
    page.goto(address)
    return page


def end_session(page: Page) -> None:
    page.context.clear_cookies(name="foyer_session")


def sign_in_again(foyer, page: Page, who: str = "ada") -> None:
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password", exact=True).fill(foyer.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")


def kept_in(page: Page) -> str:
    return page.evaluate("JSON.stringify({...sessionStorage})")


def paste_list(page: Page) -> None:
    page.get_by_label("Name of the list").fill("Apprentices")
    page.get_by_label("Or paste the list").fill(PEOPLE)


@pytest.mark.journey
def test_a_pasted_list_outlives_the_end_of_a_session(foyer, standin):
    page = at_work(foyer, "/invites/many/")
    paste_list(page)
    end_session(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.locator(".banner")).to_contain_text("nothing was changed.")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    expect(page.get_by_text("go back in the browser")).to_be_hidden()
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#typed")).to_be_visible()
    page.get_by_role("link", name="English").click()
    sign_in_again(foyer, page)
    expect(page.locator(".toast")).to_contain_text(HERE_AGAIN)
    expect(page.get_by_label("Name of the list")).to_have_value("Apprentices")
    expect(page.get_by_label("Or paste the list")).to_have_value(PEOPLE)
    assert "Anna" not in kept_in(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Make 2 links")).to_be_visible()


@pytest.mark.journey
def test_a_pasted_list_outlives_a_form_that_is_too_old(foyer, standin):
    """As when another tab has signed in meanwhile."""
    page = at_work(foyer, "/invites/many/")
    paste_list(page)
    page.context.clear_cookies(name="foyer_csrf")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Form too old")).to_be_visible()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".toast")).to_contain_text(HERE_AGAIN)
    expect(page.get_by_label("Or paste the list")).to_have_value(PEOPLE)
    assert "Anna" not in kept_in(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Make 2 links")).to_be_visible()


def test_a_question_outlives_a_form_that_is_too_old(foyer, standin):
    page = at_work(foyer, f"/chat/{standin.get('/v1/workspaces')['workspaces'][0]['slug']}/")
    page.locator("#ask-text").fill("How many days off are there?")
    page.context.clear_cookies(name="foyer_csrf")
    page.locator("#ask-text").press("Enter")
    expect(page.locator(".toast[data-tone=error]")).to_contain_text("open for too long")
    page.reload()
    expect(page.locator("#ask-text")).to_have_value("How many days off are there?")
    foyer.said.clear()  # htmx has told the console, too


def test_what_was_typed_outlives_a_page_in_between(foyer, standin):
    """As that of the recovery codes, to which a sign-in may lead first."""
    page = at_work(foyer, "/invites/many/")
    paste_list(page)
    end_session(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    foyer.sign_in(page.context.new_page(), "ada")
    page.goto("/profile/")
    page.goto("/invites/many/")
    expect(page.get_by_label("Or paste the list")).to_have_value(PEOPLE)


def test_without_a_script_back_brings_a_pasted_list(foyer, standin):
    page = at_work(foyer, "/invites/many/", java_script_enabled=False)
    paste_list(page)
    end_session(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("go back in the browser")).to_be_visible()
    expect(page.get_by_text("What you typed is kept")).to_be_hidden()
    sign_in_again(foyer, page)
    for _ in range(2):
        page.go_back()
    expect(page.get_by_label("Or paste the list")).to_have_value(PEOPLE)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Make 2 links")).to_be_visible()


def test_a_list_outlives_a_session_that_ends_while_it_is_typed(foyer, standin):
    page = at_work(foyer, "/invites/many/")
    paste_list(page)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Make 2 links")).to_be_visible()
    end_session(page)
    page.evaluate("htmx.ajax('GET', '/light/', {source: '#light', swap: 'outerHTML'})")  # as it does by itself
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    sign_in_again(foyer, page)
    expect(page.locator(".toast")).to_contain_text(HERE_AGAIN)
    expect(page.get_by_label("Or paste the list")).to_have_value(PEOPLE)


def test_ticked_workspaces_outlive_the_end_of_a_session(foyer, standin):
    page = at_work(foyer, "/invites/new/")
    page.get_by_label("Name of the link").fill("Field service")
    page.get_by_label("For how many people").fill("7")
    boxes = page.get_by_role("group", name=re.compile("Workspaces")).get_by_role("checkbox")
    for number in (1, 4):
        boxes.nth(number).check()
    page.get_by_text("Note, role, daily limit, language").click()
    page.get_by_label("Note").fill("Only for the van")
    end_session(page)
    page.get_by_role("button", name="Make the link").click()
    sign_in_again(foyer, page)
    expect(page.locator(".toast")).to_contain_text(HERE_AGAIN)
    expect(page.get_by_label("For how many people")).to_have_value("7")
    expect(page.get_by_label("Note")).to_have_value("Only for the van")
    expect(page.get_by_label("Note")).to_be_visible()
    expect(page.locator("main :checked:is([type=checkbox])")).to_have_count(2)
    for number in (1, 4):
        expect(boxes.nth(number)).to_be_checked()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#address")).to_be_visible()


def test_a_question_outlives_the_end_of_a_session(foyer, standin):
    slug = standin.get("/v1/workspaces")["workspaces"][0]["slug"]
    page = at_work(foyer, f"/chat/{slug}/")
    page.locator("#ask-text").fill("How long is\nthe warranty?")
    end_session(page)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    sign_in_again(foyer, page)
    expect(page.locator(".toast")).to_contain_text(HERE_AGAIN)
    expect(page.locator("#ask-text")).to_have_value("How long is\nthe warranty?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".exchange .prose")).not_to_be_empty()
    assert "warranty" not in kept_in(page)


def test_what_is_typed_in_a_dialog_is_not_said_to_be_kept(foyer, standin):
    page = at_work(foyer, "/groups/")
    page.get_by_role("link", name="New group").first.click()
    page.locator("#dialog").get_by_label("Name").fill("Field service")
    end_session(page)
    page.locator("#dialog .primary").click()
    expect(page.get_by_text("nothing was changed")).to_be_visible()
    expect(page.locator("#typed")).to_be_hidden()
    assert "Field service" not in kept_in(page)
    page.goto("/sign-in/")
    expect(page.locator("#unsent")).to_be_hidden()


@pytest.mark.parametrize("address", ["/users/new/", "/operators/new/"])
def test_a_password_is_not_kept(foyer, standin, address):
    page = at_work(foyer, address)
    password = page.locator("[name=password]")
    page.get_by_label("User name").fill("lena")
    password.fill("a-secret-of-hers")
    if address == "/operators/new/":
        page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    end_session(page)
    page.locator("main .primary").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    assert "lena" in kept_in(page)
    assert "a-secret" not in kept_in(page)
    sign_in_again(foyer, page)
    expect(page.get_by_label("User name")).to_have_value("lena")
    expect(password).not_to_have_value("a-secret-of-hers")


def test_what_was_typed_is_for_nobody_else(foyer, standin):
    page = at_work(foyer, "/invites/new/")
    page.get_by_label("Name of the link").fill("Field service")
    end_session(page)
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    assert "Field service" in kept_in(page)
    sign_in_again(foyer, page, "mia")
    expect(page.get_by_label("Name of the link")).to_be_editable()
    page.wait_for_function("document.readyState === 'complete'")
    expect(page.get_by_label("Name of the link")).to_have_value("")
    expect(page.locator(".toast")).to_have_count(0)
    assert "Field service" not in kept_in(page)


def test_what_was_typed_is_forgotten_on_another_page(foyer, standin):
    page = at_work(foyer, "/invites/new/")
    page.get_by_label("Name of the link").fill("Field service")
    end_session(page)
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.goto("/users/")
    expect(page.locator("#typed")).to_be_hidden()
    assert "Field service" not in kept_in(page)
    sign_in_again(foyer, page)
    page.goto("/invites/new/")
    page.wait_for_function("document.readyState === 'complete'")
    expect(page.get_by_label("Name of the link")).to_have_value("")
