"""Four people go wherever a link leads them: no page breaks its own policy, asks anybody else for anything, or has a form without its token."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page, expect

from dashboard.accounts.models import Role
from dashboard.permissions import POLICY
from tests.browser.conftest import Foyer
from tests.browser.pages import PAGES, Things, address
from tests.browser.test_weight_and_doors import OWN_CODE
from tests.doors import DOORS

pytestmark = pytest.mark.browser

PEOPLE = {None: None, "sam": Role.MEMBER, "mia": Role.MANAGER, "ada": Role.ADMIN}
LISTEN = """
    window.broken = [];
    document.addEventListener("securitypolicyviolation", (event) => window.broken.push(
        `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
# Forms that are posted, and what htmx posts, without the token: in a field, or in the header that the page gives to htmx.
WITHOUT_TOKEN = """
    () => [
        ...[...document.forms].filter((form) => form.method === "post" && !form.elements.csrfmiddlewaretoken?.value
            && !form.elements.csrfmiddlewaretoken?.[0]?.value),
        ...[...document.querySelectorAll("[hx-post]")].filter((element) =>
            !element.closest("form") && !element.closest("[hx-headers*=CSRF]")),
    ].map((element) => element.outerHTML.slice(0, 200))
"""
LINKS = "() => [...document.querySelectorAll('a[href]')].map((link) => link.href)"


class Crawl:
    """One person's browser; `wrong` is what nobody may see."""

    def __init__(self, foyer: Foyer, who: str | None) -> None:
        self.foyer, self.wrong, self.asked = foyer, [], 0
        context = foyer.context(who)
        context.add_init_script(LISTEN)
        context.on("request", self._ask)
        context.on(
            "requestfailed", lambda request: self._fail(request.url, request.failure, request.is_navigation_request())
        )
        context.on("response", self._hear)
        self.page = context.new_page()

    def _ask(self, request) -> None:
        self.asked += 1
        if not request.url.startswith((self.foyer.url + "/", "data:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _fail(self, url: str, why: str | None, navigation: bool) -> None:
        # What is under way when the person goes on to the next page is given up.
        if why != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {url} {why}")

    def _hear(self, answer) -> None:
        if answer.status >= 400 and not answer.request.is_navigation_request():
            self.wrong.append(f"{answer.status}: {answer.url}")

    def look_at(self, url: str) -> None:
        answer = self.page.goto(url)
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        told = [f"own code: {found}" for found in re.findall(OWN_CODE, answer.text())]
        told += self.page.evaluate("window.broken") + self.page.evaluate(WITHOUT_TOKEN)
        self.wrong += [f"{url}: {some}" for some in told]


def view_of(url: str) -> str:
    try:
        return str(resolve(urlsplit(url).path).url_name)
    except Resolver404:
        return ""


def is_page(name: str, role: Role | None) -> bool:
    """Whether the person may look at it, as a page and not as a file."""
    if name not in PAGES and name != "sign_in":
        return False
    action, _methods = DOORS[name]
    return action is None or (role is not None and action in POLICY[role])


def places(page: Page, role: Role | None, things: Things) -> Iterator[str]:
    """Where there are pages for the person: a link on this page, or an address that is known."""
    yield from page.evaluate(LINKS)
    yield from (address(name, things, needs) for name, needs in PAGES.items() if is_page(name, role))


@pytest.mark.parametrize("who", PEOPLE)
def test_wherever_one_goes_nothing_is_wrong(who, foyer, things, figure):
    role = PEOPLE[who]
    crawl, seen = Crawl(foyer, who), set()
    waiting = deque(["/", "/nowhere/", "/operators/", f"/join/{things['code']}/"])
    looked = 0
    while waiting:
        crawl.look_at(waiting.popleft())
        looked += 1
        for url in places(crawl.page, role, things):
            name = view_of(url) if url.startswith(("/", foyer.url)) else ""
            if is_page(name, role) and name not in seen:
                seen.add(name)
                waiting.append(url)
    assert crawl.wrong == []
    assert {name for name in PAGES if is_page(name, role)} <= seen
    figure(f"crawl in Chromium: {who or 'nobody signed in'}", f"{looked} pages, {crawl.asked} requests, 0 violations")


def test_a_page_that_breaks_its_policy_would_be_told(foyer):
    crawl = Crawl(foyer, None)
    crawl.page.goto("/sign-in/")
    crawl.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "1";
        document.body.append(script);
        document.forms[0].querySelector("[name=csrfmiddlewaretoken]").remove();
    }""")
    crawl.page.wait_for_function("window.broken.length === 1")
    assert "script-src" in crawl.page.evaluate("window.broken")[0]
    assert len(crawl.page.evaluate(WITHOUT_TOKEN)) == 1
    foyer.said.clear()
