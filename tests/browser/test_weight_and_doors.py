"""What a page weighs, how soon it can be used on a slow line, and what its answers forbid the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Response, expect

from tests import sampling
from tests.browser.pages import PAGES, address

pytestmark = pytest.mark.browser

COLD_LOADS = 3
ALWAYS = {"user_list", "usage_overview"}
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 94_000,
}  # bytes a second
FILE_HEADERS = {"x-content-type-options": "^nosniff$", "cross-origin-resource-policy": "^same-origin$"}
HEADERS = {
    **FILE_HEADERS,
    "content-security-policy": r"^(?!.*unsafe)(?=.*default-src 'none')(?=.*script-src 'self')(?=.*frame-ancestors 'none')",
    "x-frame-options": "^DENY$",
    "referrer-policy": "^same-origin$",
    "cross-origin-opener-policy": "^same-origin$",
    "permissions-policy": r"camera=\(\)",
}
SECRET_ADDRESS = {**HEADERS, "referrer-policy": "^no-referrer$"}
OWN_CODE = r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:"


@dataclass
class Visit:
    """A page loaded with an empty cache."""

    source: str
    answers: list[tuple[str, str, dict[str, str]]]  # kind, address, headers
    kilobytes: float  # over the line, with headers
    seconds: float  # until its load event


def visit(foyer, url: str, who: str | None, line: dict | None = None) -> Visit:
    context = foyer.context(who)
    found = load(context.new_page(), url, line)
    context.close()
    return found


def load(page: Page, url: str, line: dict | None = None) -> Visit:
    chrome = page.context.new_cdp_session(page)
    chrome.send("Network.enable")
    chrome.send("Network.setCacheDisabled", {"cacheDisabled": True})
    if line:
        chrome.send("Network.emulateNetworkConditions", line)
    lengths: list[float] = []
    chrome.on("Network.loadingFinished", lambda event: lengths.append(event["encodedDataLength"]))
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    page.on("response", hear)
    source = page.goto(url).text()
    expect(page.locator(".htmx-request")).to_have_count(0)
    seconds = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    page.remove_listener("response", hear)
    heard = [(answer.request.resource_type, answer.url, answer.headers) for answer in answers]
    chrome.detach()
    return Visit(source, heard, sum(lengths) / 1000, seconds)


@pytest.fixture(scope="module")
def visits(_foyer, things) -> dict[str, Visit]:
    """A page each, with nothing kept in the browser: those of this commit, and a few that every commit has."""
    page = _foyer.page()
    found = {
        name: load(page, address(name, things, needs))
        for name, needs in PAGES.items()
        if name in ALWAYS or sampling.is_taken(f"{__name__} {name}")
    }
    found["sign_in"] = visit(_foyer, "/sign-in/", None)
    found["join"] = visit(_foyer, address("join", things, PAGES["join"]), None)
    return found


@pytest.mark.journey
def test_pages_are_light(visits, figure):
    weights = {name: visit.kilobytes for name, visit in visits.items()}
    assert all(weight > 10 for weight in weights.values())  # with style and script
    heaviest = max(weights, key=weights.__getitem__)
    figure("weight: sign-in, cold, compressed", f"{weights['sign_in']:.0f} kB", "60 kB")
    figure("weight: users page, 50 rows of 1,000", f"{weights['user_list']:.0f} kB", "120 kB")
    figure(f"weight: the heaviest page ({heaviest})", f"{weights[heaviest]:.0f} kB", "120 kB")
    assert weights["sign_in"] <= 60
    assert weights[heaviest] <= 120


@pytest.mark.parametrize(("url", "who"), [("/sign-in/", None), ("/users/", "ada")])
def test_on_a_slow_line_a_page_waits_for_few_files(foyer, url, who, figure):
    """How long it takes is a figure: this machine may be slow itself. What it waits for is not."""
    visit(foyer, url, who)  # what the server itself has to read first
    loads = [visit(foyer, url, who, SLOW_LINE) for _ in range(COLD_LOADS)]
    seconds = min(load.seconds for load in loads)
    figure(f"1.6 Mbit/s, 150 ms, cold: {url}", f"{seconds:.2f} s to load", "1.5 s")
    for load in loads:
        assert len(load.answers) <= 10
        the_lines_share = 2 * SLOW_LINE["latency"] / 1000 + load.kilobytes * 1000 / SLOW_LINE["downloadThroughput"]
        assert the_lines_share <= 1


@pytest.mark.journey
def test_every_answer_forbids_what_pages_do_not_need(visits):
    for name, visit in visits.items():
        page = SECRET_ADDRESS if name == "join" else HEADERS
        for kind, url, headers in visit.answers:
            for header, value in (page if kind == "document" else FILE_HEADERS).items():
                assert re.search(value, headers.get(header, "")), f"{header} of {url} on {name}"


@pytest.mark.journey
def test_no_page_carries_script_or_style_of_its_own(visits):
    for name, visit in visits.items():
        assert not re.search(OWN_CODE, visit.source), name
