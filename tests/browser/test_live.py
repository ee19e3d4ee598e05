"""What changes on a page while one looks at it."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.journey
def test_a_job_tells_how_far_it_is_until_it_has_ended(page, standin):
    standin.fault("latency", method="POST", path="/admin/users/", seconds=0.1)
    page.goto("/users/?q=anton")
    page.get_by_label("Select all on this page").check()
    page.locator("#selection").get_by_role("button", name="Set limit").click()
    page.locator("#dialog").get_by_label("Messages a day").fill("44")
    page.locator("#dialog .primary").click()
    page.wait_for_url("**/jobs/**")
    page.evaluate("window.loadedOnce = true")
    bar = page.get_by_role("progressbar")
    total = int(bar.get_attribute("max"))
    page.wait_for_function(
        "total => { const at = document.querySelector('progress').value; return 0 < at && at < total }", arg=total
    )
    expect(page.get_by_text(f"{total} of {total}")).to_be_visible(timeout=30_000)
    expect(page.locator("#job")).not_to_have_attribute("hx-get", re.compile("."))
    assert page.evaluate("window.loadedOnce")
    changed = [user for user in standin.get("/v1/admin/users")["users"] if user["dailyMessageLimit"] == 44]
    assert len(changed) == total


def test_what_is_typed_before_htmx_came_is_looked_for(page, standin):
    on_its_way = []
    page.route("**/htmx-2*", lambda route: on_its_way.append(route))
    page.goto("/users/", wait_until="commit")
    search = page.get_by_role("searchbox", name="Search", exact=True)
    expect(search).to_be_visible()
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("dora.olsen")
    expect(page.locator("#user-table tbody tr")).to_have_count(50)
    on_its_way[0].continue_()
    expect(page.locator("#user-table tbody tr")).to_have_count(2)  # dora.olsen869 is another one
    expect(search).to_be_focused()
    expect(page).to_have_url(re.compile("q=dora.olsen"))


def test_the_light_follows_the_instance(page, foyer, standin):
    def half_a_minute_later() -> None:
        page.clock.run_for(31_000)

    def somebody_tests_the_connection() -> None:
        other.goto("/system/")
        other.get_by_role("button", name="Test connection").click()
        expect(other.locator("#connection-test h2")).to_be_visible()

    other = foyer.page()
    page.clock.install()
    page.goto("/users/")
    light = page.locator("#light")
    expect(light).to_have_text("AnythingLLM answers")
    green = light.evaluate("light => getComputedStyle(light).getPropertyValue('--tone')")

    standin.fault("down")
    somebody_tests_the_connection()
    half_a_minute_later()
    expect(light).to_have_text("AnythingLLM does not answer")
    assert light.evaluate("light => getComputedStyle(light).getPropertyValue('--tone')") != green
    expect(page.locator(".toast")).to_have_count(0)

    standin.clear_faults()
    expect_soon(somebody_tests_the_connection, lambda: "answers" in other.locator("#light").inner_text(), other)
    half_a_minute_later()
    expect(light).to_have_text("AnythingLLM answers")


def expect_soon(act, true, page) -> None:
    """The circuit lets one call through every two seconds."""
    for _ in range(10):
        act()
        page.reload()
        if true():
            return
        page.wait_for_timeout(500)
    raise AssertionError("It did not come back.")


def test_what_was_done_is_said_in_a_toast_that_can_be_closed(page):
    page.goto("/users/?q=sam")
    page.get_by_role("button", name="Suspend sam", exact=True).click()
    toast = page.locator(".toast")
    expect(toast).to_have_text(re.compile("sam is suspended and locked out."))
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_what_went_wrong_is_said_in_a_toast_and_nothing_is_swapped(page, standin):
    page.goto("/users/?q=sam")
    standin.fault("500", method="POST")
    page.get_by_role("button", name="Suspend sam", exact=True).click()
    expect(page.locator(".toast[data-tone=error]")).to_contain_text("AnythingLLM answered with an error")
    expect(page.get_by_role("button", name="Suspend sam", exact=True)).to_be_enabled()


def test_foyer_itself_out_of_reach_is_said_in_a_toast(page, foyer):
    page.goto("/users/?q=sam")
    page.route("**/suspend/", lambda route: route.abort())
    page.get_by_role("button", name="Suspend sam", exact=True).click()
    expect(page.locator(".toast[data-tone=error]")).to_contain_text("Foyer does not answer.")
    foyer.said.clear()  # htmx has told the console, too


@pytest.mark.parametrize(("status", "words"), [(413, "The proxy in front of Foyer"), (502, "outcome is unknown")])
def test_what_a_proxy_answers_is_said_in_words(page, foyer, status, words):
    page.goto("/users/?q=sam")
    page.route("**/suspend/", lambda route: route.fulfill(status=status, body=f"<h1>{status}</h1><hr>nginx"))
    page.get_by_role("button", name="Suspend sam", exact=True).click()
    expect(page.locator(".toast[data-tone=error]")).to_contain_text(words)
    foyer.said.clear()  # htmx has told the console, too


def test_back_after_a_search_shows_a_whole_page(page):
    page.goto("/users/")
    search = page.get_by_label("Search", exact=True)
    search.press_sequentially("nadia")
    page.wait_for_url("**q=nadia**")
    expect(page.locator("#user-table tbody tr")).not_to_have_count(50)
    few = page.locator("#user-table tbody tr").count()
    page.locator("#user-table tbody th a").first.click()
    page.wait_for_url(re.compile(r"/users/\d+/"))
    page.go_back()
    expect(page.locator(".sidebar")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    expect(search).to_have_value("nadia")
    expect(page.locator("#user-table tbody tr")).to_have_count(few)
    page.go_back()
    expect(page.locator(".sidebar")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    expect(page.locator("#user-table tbody tr")).to_have_count(50)


def test_a_session_that_ended_leads_to_the_sign_in_page_and_back(page, foyer):
    page.goto("/users/")
    page.context.clear_cookies()
    page.get_by_label("Search", exact=True).press_sequentially("sam")
    page.wait_for_url("**/sign-in/**")
    expect(page.locator(".sidebar")).to_have_count(0)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(foyer.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/users/**")
    expect(page.locator(".sidebar")).to_be_visible()


def test_a_name_is_judged_while_it_is_typed(page):
    page.goto("/users/new/")
    page.get_by_label("User name").press_sequentially("ada")
    expect(page.locator("#user-check")).to_contain_text("There is already a user named ada.")
    page.get_by_label("User name").press_sequentially("-the-second")
    expect(page.locator("#user-check")).to_contain_text("ada-the-second is free")


def test_delete_wakes_up_when_the_name_is_typed(page):
    page.goto("/users/3/")
    page.get_by_role("link", name="Delete user").click()
    verb = page.locator("#dialog").get_by_role("button", name="Delete user")
    expect(verb).to_be_disabled()
    page.locator("#dialog input[type=text]").press_sequentially("sam")
    expect(verb).to_be_enabled()


def test_all_that_match_can_be_chosen_once_the_page_is(page):
    page.goto("/users/")
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-selection-count]")).to_have_text("50 selected")
    page.get_by_label("all 1,000 that match").check()
    expect(page.locator("[data-selection-count]")).to_have_text("1,000 selected")
    page.locator("input[name=ids]").first.uncheck()
    expect(page.locator("[data-selection-count]")).to_have_text("49 selected")
    expect(page.locator("[data-select-everything]")).to_be_hidden()


def test_what_was_ticked_stays_when_the_counts_come(page, standin):
    standin.fault("latency", path="/workspaces/.*/users", seconds=0.1)
    page.goto("/users/")
    pending = page.locator("#user-table").get_by_text("not counted yet")
    expect(pending.first).to_be_attached()
    box = page.locator("input[name=ids]").nth(3)
    box.check()
    expect(pending).to_have_count(0)
    expect(box).to_be_checked()
    expect(box).to_be_focused()


def test_a_theme_of_ones_own_looks_like_the_browsers(foyer):
    page = foyer.page(color_scheme="dark")
    page.goto("/")
    colours = """() => [document.documentElement, document.querySelector(".sidebar a"), document.querySelector(".topbar")]
      .map((part) => getComputedStyle(part)).map((look) => [look.color, look.backgroundColor])"""
    dark = page.evaluate(colours)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(colours)
    page.locator(".profile-button").click()
    page.locator("#profile-menu").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_load_state()
    assert page.evaluate(colours) == dark != light
    page.locator(".profile-button").click()
    page.locator("#profile-menu").get_by_role("button", name="System").click()
    expect(page.locator("html[data-theme]")).to_have_count(0)
