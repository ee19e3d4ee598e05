"""From the link to the first question, and what it costs: for whoever invites, and for whoever comes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import refresh_until_answered
from tests.browser.hand import Hand

pytestmark = pytest.mark.browser

PASSWORD = "umbrella gravel seven tuesdays"


def account(standin, username: str) -> dict:
    return next(user for user in standin.get("/v1/admin/users")["users"] if user["username"] == username)


def rooms_of(standin, username: str) -> set[str]:
    user_id = account(standin, username)["id"]
    rooms = standin.get("/v1/workspaces")["workspaces"]
    members = {r["name"]: standin.get(f"/v1/admin/workspaces/{r['id']}/users")["users"] for r in rooms}
    return {name for name, some in members.items() if any(member["userId"] == user_id for member in some)}


def may_sign_in(standin, username: str) -> bool:
    return standin.post("/request-token", {"username": username, "password": PASSWORD})["valid"]


def copied(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read"])
    return page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def link(foyer):
    """`link("Handbook", uses=2)`: the address of a new link to these workspaces, made by ada."""

    def make(*workspaces: str, **fields: str) -> str:
        page = foyer.page()
        page.goto("/invites/new/")
        page.get_by_label("Name of the link").fill("For a test")
        page.locator("summary", has_text="Note, role").click()
        for label, value in fields.items():
            page.get_by_label(label).fill(value)
        for name in workspaces:
            page.get_by_role("checkbox", name=name, exact=True).check()
        page.get_by_role("button", name="Make the link").click()
        return page.locator("#address").inner_text()

    return make


def test_inviting_one_person_to_two_workspaces(hand, standin, foyer, figure):
    page = hand.page
    first, second = [w["name"] for w in standin.get("/v1/workspaces")["workspaces"]][100:102]
    hand.click(page.locator("main").get_by_role("link", name="Invite", exact=True))
    hand.type(page.get_by_label("Name of the link"), "Anna")
    hand.click(page.get_by_role("checkbox", name=first, exact=True))
    hand.click(page.get_by_role("checkbox", name=second, exact=True))
    hand.click(page.get_by_role("button", name="Make the link"))
    hand.click(page.get_by_role("button", name="Copy"))

    expect(page.locator("#toasts")).to_contain_text("Copied.")
    address = copied(page)
    assert re.fullmatch(re.escape(foyer.url) + r"/join/[\w-]{32}/", address)
    newcomer = foyer.page(None)
    newcomer.goto(address)
    expect(newcomer.locator(".chips")).to_contain_text(first)
    expect(newcomer.locator(".chips")).to_contain_text(second)
    hand.paid(4, figure)


def test_a_link_for_a_team_of_twenty(hand, standin, foyer, figure):
    page = hand.page
    hand.click(page.locator("main").get_by_role("link", name="Invite", exact=True))
    hand.type(page.get_by_label("Name of the link"), "Sales team")
    name = standin.get("/v1/workspaces")["workspaces"][0]["name"]
    hand.click(page.get_by_role("checkbox", name=name, exact=True))
    page.get_by_label("For how many people").clear()
    hand.type(page.get_by_label("For how many people"), "20")
    hand.click(page.get_by_role("button", name="Make the link"))
    hand.click(page.get_by_role("button", name="Copy"))

    expect(page.locator("#toasts")).to_contain_text("Copied.")
    address = copied(page)
    page.goto("/invites/")
    expect(page.locator("tr", has_text="Sales team").first).to_contain_text("0 of 20")
    for person in ("first-of-twenty", "second-of-twenty"):
        newcomer = foyer.page(None)
        newcomer.goto(address)
        join(newcomer, person)
        assert may_sign_in(standin, person)
    figure("a link for a team of 20", f"{hand.cost} clicks / fields", "6 / 2")
    assert hand.paid_at_most(6, 2)


def join(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_url("**/welcome/")


@pytest.mark.journey
def test_joining_up_to_the_first_question(foyer, standin, link, figure):
    room = standin.get("/v1/workspaces")["workspaces"][0]
    page = foyer.page(None)
    page.goto(link(room["name"]))
    hand = Hand(page)
    hand.type(page.get_by_label("User name"), "anna-asks")
    hand.type(page.get_by_label("Password", exact=True), PASSWORD)
    hand.click(page.get_by_role("button", name="Join", exact=True))
    question = page.get_by_label("Your question")
    question.clear()
    hand.type(question, "How many days off?")
    hand.click(page.get_by_role("button", name="Ask", exact=True))

    page.wait_for_url("**/chat/**")
    expect(page.locator("#exchanges")).to_contain_text("How many days off?")
    expect(page.locator(".prose")).to_contain_text("says:")
    assert rooms_of(standin, "anna-asks") == {room["name"]}
    (chat,) = [
        chat
        for chat in standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]
        if chat["user_id"] == account(standin, "anna-asks")["id"]
    ]
    assert chat["prompt"] == "How many days off?"
    hand.paid(5, figure)


def test_one_click_opens_anythingllm_signed_in(foyer, standin, link):
    page = foyer.page(None)
    page.goto(link(standin.get("/v1/workspaces")["workspaces"][0]["name"]))
    join(page, "anna-opens")
    page.get_by_role("button", name="Open AnythingLLM").click()
    page.wait_for_url(re.compile(re.escape(standin.url) + r"/sso/simple\?token=.+&redirectTo=%2F$"))
    token = re.search("token=([^&]+)", page.url)[1]
    assert standin.get(f"/request-token/sso/simple?token={token}")["user"]["username"] == "anna-opens"


def test_a_name_and_a_password_are_judged_while_typed(foyer, standin, link):
    page = foyer.page(None)
    page.goto(link())
    name = page.get_by_label("User name")
    name.press_sequentially("Anna Müller")
    page.get_by_role("button", name="Use “anna-muller”").click()
    expect(name).to_have_value("anna-muller")
    expect(page.locator("#join-name")).to_contain_text("anna-muller is free.")
    page.get_by_label("Password", exact=True).press_sequentially("anna-muller")
    expect(page.locator("#join-password")).to_contain_text("Very easy to guess")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(page.locator("#join-password")).to_contain_text("Very good")
    assert page.get_by_role("meter", name="Strength of the password").evaluate("meter => meter.value") == 4


def test_join_is_sent_once_however_often_it_is_pressed(foyer, standin, link):
    page = foyer.page(None)
    sent = []
    page.on(
        "request",
        lambda request: sent.append(request) if request.method == "POST" and "check" not in request.url else 0,
    )
    page.goto(link())
    page.get_by_label("User name").fill("anna-hurries")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    standin.fault("latency", path="/invite/", seconds=1)
    page.get_by_role("button", name="Join", exact=True).click(click_count=3, delay=20)
    page.wait_for_url("**/welcome/")
    assert len(sent) == 1


def test_joining_on_a_phone_without_javascript(foyer, standin, link):
    """Everything, up to the first answer and the way into AnythingLLM."""
    room = standin.get("/v1/workspaces")["workspaces"][0]["name"]
    page = foyer.page(None, java_script_enabled=False, viewport={"width": 360, "height": 740}, is_mobile=True)
    page.goto(link(room))
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_text("This name is taken.")).to_be_visible()
    expect(page.get_by_text("How about sam-2?")).to_be_visible()
    page.get_by_label("User name").fill("anna-walks")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_role("heading", name="Welcome, anna-walks")).to_be_visible()
    assert rooms_of(standin, "anna-walks") == {room}
    page.get_by_role("button", name="Ask", exact=True).click()
    refresh_until_answered(page)
    expect(page.locator(".prose")).to_contain_text("says:")
    page.get_by_role("button", name="Open in AnythingLLM").click()
    target = page.locator("main").get_by_role("link", name="Open AnythingLLM").get_attribute("href")
    assert target.startswith(f"{standin.url}/sso/simple?token=")
    page.goto("/welcome/")
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_have_count(0)


def test_the_address_is_passed_on_to_nobody(foyer, standin, link):
    """Neither with what the page loads, nor where one goes from it, nor to our own server with the form."""
    page = foyer.page(None)
    seen = []
    page.on("request", lambda request: seen.append(request.headers.get("referer", "")))
    address = link()
    page.goto(address)
    page.get_by_label("User name").press_sequentially("anna-hides")
    expect(page.locator("#join-name")).to_contain_text("is free")
    join(page, "anna-hides")
    assert len(seen) > 5
    assert not any("/join/" in referrer for referrer in seen)
