"""What is true of every page of Foyer, in each of its states."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PAGES, STATES, address

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
WIDTHS = (360, 768, 1440)
OFF_SCREEN = (Path(__file__).parent / "off_screen.js").read_text()


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
    """No id is there twice, at every width nothing lies off screen; in light and dark axe finds nothing; nothing is wrong in the console."""
    ids = shown.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    for width in WIDTHS:
        shown.set_viewport_size({"width": width, "height": 800})
        assert shown.evaluate(OFF_SCREEN) == [], f"at {width} pixels"
    said = list(foyer.said)
    for scheme in ("light", "dark"):
        shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        shown.evaluate(AXE)
        found = shown.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        foyer.said[:] = said  # axe itself tries inline styles
        told = [(rule["id"], scheme, [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
        assert told == [], json.dumps(told, indent=1)
