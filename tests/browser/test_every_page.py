"""What is true of every page of Foyer, in each of its states."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import NOT_PAGES, STATES, address
from tests.test_house import urls

pytestmark = pytest.mark.browser

PAGES = {url.name: list(url.pattern.converters) for url in urls() if url.name not in NOT_PAGES}
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
WIDTHS = (360, 768, 1440)
OFF_SCREEN = (Path(__file__).parent / "off_screen.js").read_text()


@pytest.fixture(scope="session")
def things(big_instance, _foyer) -> dict[str, int | str]:
    """One of each thing that pages are about: a user, a workspace, an operator, a job, a draft of an import."""
    foyer = _foyer
    user = next(user for user in big_instance.get("/v1/admin/users")["users"] if user["username"] == "sam")
    page = foyer.page(java_script_enabled=False)
    found: dict[str, int | str] = {
        "user_id": user["id"],
        "username": user["username"],
        "slug": big_instance.get("/v1/workspaces")["workspaces"][0]["slug"],
    }

    def number_in_url() -> int:
        return int(re.search(r"/(\d+)/", page.url)[1])

    page.goto("/users/import/")
    page.get_by_label("Or paste the list").fill("name,role,limit\nfresh-one,default,20\nada,,\nNot a name,boss,-1\n")
    page.get_by_role("button", name="Check the list").click()
    found["draft_id"] = number_in_url()
    page.goto("/users/?q=sam")
    page.get_by_label("Select sam", exact=True).check()
    page.get_by_role("button", name="Set limit").click()
    page.get_by_label("Messages a day").fill("77")
    page.locator("main").get_by_role("button", name=re.compile("^(Set|Change|Limit)")).click()
    found["job_id"] = number_in_url()
    page.goto("/operators/new/")
    page.get_by_label("User name").fill("lotte")
    page.get_by_role("button", name="Create").click()
    page.goto("/operators/?q=lotte")
    page.get_by_role("link", name="lotte").click()
    found["operator_id"] = found["local_operator_id"] = number_in_url()
    page.context.close()
    return found


@pytest.fixture(params=[*PAGES, *STATES])
def shown(request, foyer, standin, things) -> Page:
    """A page in one of its states, at 1440 pixels."""
    name = request.param
    if name in STATES:
        page = STATES[name](foyer, standin, things)
    else:
        page = foyer.page()
        answer = page.goto(address(name, things, PAGES[name]))
        assert answer.status == 200
    expect(page.locator(".htmx-request")).to_have_count(0)
    return page


def test_a_page_is_for_everybody(shown, foyer):
    """At every width nothing lies off screen; in light and dark axe finds nothing; nothing is wrong in the console."""
    for width in WIDTHS:
        shown.set_viewport_size({"width": width, "height": 800})
        assert shown.evaluate(OFF_SCREEN) == [], f"at {width} pixels"
    said = list(foyer.said)
    for scheme in ("light", "dark"):
        shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        shown.evaluate(AXE)
        found = shown.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        told = [(rule["id"], scheme, [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
        assert told == [], json.dumps(told, indent=1)
    foyer.said[:] = said  # axe itself tries inline styles
