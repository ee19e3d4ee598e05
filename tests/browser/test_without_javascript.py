"""Everything but live updates works with JavaScript switched off."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def page(foyer) -> Page:
    page = foyer.page(None, java_script_enabled=False)
    foyer.sign_in(page, "jonas")
    return page


def account(standin, username: str) -> dict | None:
    return next((user for user in standin.get("/v1/admin/users")["users"] if user["username"] == username), None)


def names(page: Page) -> list[str]:
    return page.locator("#user-table tbody th").all_inner_texts()


def wait_for_job(page: Page) -> None:
    """Loads the page of a job again, as its reader would, until it has ended."""
    expect(page.get_by_role("link", name="Report as CSV")).to_be_visible()
    deadline = time.monotonic() + 30
    while page.get_by_role("link", name="Refresh").is_visible():
        assert time.monotonic() < deadline
        page.get_by_role("link", name="Refresh").click()


def test_search_filters_and_sorting(page):
    page.goto("/users/")
    page.get_by_label("Search", exact=True).fill("anton")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**q=anton**")
    found = names(page)
    assert found and all("anton" in name for name in found)
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    page.wait_for_url("**sort=-name**")
    assert names(page) == sorted(found, reverse=True) and "q=anton" in page.url
    page.get_by_label("State").select_option("Suspended")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**state=suspended**")
    assert all("suspended" in row for row in page.locator("#user-table tbody tr").all_inner_texts())


def test_paging(page):
    page.goto("/users/?size=25")
    first = names(page)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    assert len(names(page)) == 25 and not set(first) & set(names(page)) and "size=25" in page.url


@pytest.mark.journey
def test_creating_and_editing(page, standin):
    page.goto("/users/")
    page.get_by_role("link", name="New user").click()
    page.get_by_label("User name").fill("plain-person")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("plain-person was created.")).to_be_visible()
    page.get_by_role("link", name="To their page").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Messages a day").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("plain-person was saved.")).to_be_visible()
    assert account(standin, "plain-person")["dailyMessageLimit"] == 12


def test_suspending_and_resuming(page, standin):
    page.goto("/users/?q=sam")
    page.get_by_role("button", name="Suspend sam", exact=True).click()
    expect(page.get_by_text("sam is suspended and locked out.")).to_be_visible()
    assert account(standin, "sam")["suspended"] == 1 and "q=sam" in page.url
    page.get_by_role("button", name="Resume sam", exact=True).click()
    expect(page.get_by_text("sam can sign in again.")).to_be_visible()
    assert account(standin, "sam")["suspended"] == 0


def test_resetting_a_password(page, standin):
    page.goto("/users/3/")
    page.get_by_role("link", name="Reset password").click()
    page.get_by_role("button", name="Reset password").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    typed = {"username": "sam", "password": page.locator("p.copy code").inner_text()}
    assert standin.post("/request-token", typed)["valid"]


def test_deleting_asks_for_the_name_and_for_the_password(page, foyer, standin):
    foyer.let_proof_age(page)
    page.goto("/users/3/")
    page.get_by_role("link", name="Delete user").click()
    page.get_by_label("Type sam to confirm").fill("sam")
    page.get_by_role("button", name="Delete user").click()
    assert account(standin, "sam")
    page.get_by_label("Password", exact=True).fill(foyer.password)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("sam was deleted.")).to_be_visible()
    assert account(standin, "sam") is None


def test_changing_many(page, standin):
    page.goto("/users/?q=anton.w")
    page.locator("input[name=ids]").first.wait_for()
    expect(page.get_by_label("Select all on this page")).to_be_hidden()  # no script would do it
    for box in page.locator("input[name=ids]").all():
        box.check()
    chosen = names(page)
    page.get_by_role("button", name="Set limit").click()
    page.get_by_label("Messages a day").fill("33")
    page.locator("main").get_by_role("button", name=re.compile("limit", re.IGNORECASE)).click()
    wait_for_job(page)
    assert [account(standin, name)["dailyMessageLimit"] for name in chosen] == [33] * len(chosen)


def test_importing_a_list_and_fetching_its_passwords(page, standin):
    page.goto("/users/import/")
    page.get_by_label("Or paste the list").fill("name;role;limit\nfirst-of-list;default;5\nsecond-of-list;manager;\n")
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("button", name="Create 2 users").click()
    wait_for_job(page)
    with page.expect_download() as file:
        page.get_by_role("button", name="Download the passwords, once").click()
    password = re.search(r"first-of-list[\",;]+([^\",;\s]+)", file.value.path().read_text("utf-8-sig"))[1]
    assert standin.post("/request-token", {"username": "first-of-list", "password": password})["valid"]
    assert account(standin, "second-of-list")["role"] == "manager"


def test_the_profile(page):
    page.goto("/profile/")
    page.locator("select[name=language]").select_option("Simplified Chinese")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("select[name=language]").select_option("")
    page.locator("input[name=theme][value=system]").check()
    page.locator("main form button.primary").click()
    expect(page.locator("html[data-theme]")).to_have_count(0)


def test_jumping(page):
    page.goto("/")
    page.get_by_role("link", name="Jump to").click()
    page.locator("main input[type=search]").fill("nadia")
    page.locator("main").get_by_role("button", name="Search").click()
    page.locator("main .palette-results a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("nadia"))


def test_signing_out(page):
    page.goto("/sign-in/")
    page.goto("/profile/")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/users/")
    assert "/sign-in/" in page.url
