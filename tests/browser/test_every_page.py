"""What is true of every page of Foyer, in each of its states."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PAGES, STATES, address
from tests.conftest import THOROUGH

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
AXE, OFF_SCREEN, CUT_OFF, STILL = (
    (HERE / name).read_text() for name in ("vendor/axe.min.js", "off_screen.js", "cut_off.js", "still.js")
)
WIDTHS = (360, 768, 1440)
# Also on both sides of where pages change.
MORE_WIDTHS = (360, 600, 601, 768, 900, 901, 1024, 1200, 1320, 1321, 1440, 1920)
THEMES = ("light", "dark")
# In Chinese words are shorter, and differ only where there are words: some crowded pages, or all of them.
DENSE = ["home", "user_list", "access_matrix", "invite_new", "document_list", "chat_workspace", "chatlog_list"]
IN_CHINESE = list(PAGES) if THOROUGH else DENSE


@pytest.fixture(params=[*PAGES, *STATES])
def shown(request, foyer, standin, things) -> Page:
    """A page in one of its states, at 1440 pixels."""
    name = request.param
    page = STATES[name](foyer, standin, things) if name in STATES else opened(name, foyer, things)
    expect(page.locator(".htmx-request")).to_have_count(0)
    return page


def opened(name, foyer, things, **options) -> Page:
    page = foyer.page(**options)
    answer = page.goto(address(name, things, PAGES[name]))
    assert answer.status == 200
    expect(page.locator(".htmx-request")).to_have_count(0)
    return page


@pytest.mark.matrix
def test_a_page_is_for_everybody(shown, foyer):
    """No id is there twice, at every width nothing lies off screen or is cut off, nothing moves for whoever asked for that, and in light and
    dark axe finds nothing; nothing is wrong in the console."""
    ids = shown.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    all_is_in_sight(shown)
    shown.emulate_media(reduced_motion="reduce")
    assert shown.evaluate(STILL) == []
    axe_finds_nothing(shown, foyer)


@pytest.mark.matrix
@pytest.mark.parametrize("name", IN_CHINESE)
def test_a_page_in_chinese_is_for_everybody(name, foyer, things):
    page = opened(name, foyer, things, locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    all_is_in_sight(page)
    axe_finds_nothing(page, foyer)


def all_is_in_sight(page: Page) -> None:
    for width in MORE_WIDTHS if THOROUGH else WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OFF_SCREEN) == [], f"at {width} pixels"
        assert page.evaluate(CUT_OFF) == [], f"at {width} pixels"


def axe_finds_nothing(page: Page, foyer) -> None:
    said = list(foyer.said)
    page.evaluate(AXE)
    for scheme in THEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # Of all that it looks for only the contrast depends on the colours.
        rules = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})
        found = page.evaluate("(rules) => axe.run(document, rules).then((result) => result.violations)", rules)
        foyer.said[:] = said  # axe itself tries inline styles
        told = [(rule["id"], scheme, [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
        assert told == [], json.dumps(told, indent=1)


@pytest.mark.journey
def test_no_page_is_left_out(figure):
    widths = len(MORE_WIDTHS if THOROUGH else WIDTHS)
    looked_at = f"{len(PAGES)} pages, {len(STATES)} states"
    figure("every page: ids, console, reduced motion", looked_at)
    figure("every page: nothing off screen or cut off", f"{looked_at} x {widths} widths")
    figure("every page: axe", f"{looked_at} x {len(THEMES)} themes")
    figure("in Chinese, too", f"{len(IN_CHINESE)} pages x {widths} widths, {len(THEMES)} themes")


@pytest.mark.parametrize("scheme", THEMES)
def test_in_forced_colours_what_is_on_looks_different_from_what_is_off(foyer, standin, things, scheme):
    """Where the system draws in a few colours of its own, a background tells nothing any more, and a white tick on it may vanish."""
    page = foyer.page(forced_colors="active", color_scheme=scheme)

    def differ(on: str, off: str) -> None:
        assert page.locator(on).first.screenshot() != page.locator(off).first.screenshot(), on

    page.goto("/users/")
    page.locator("input[name=ids]").nth(3).check()
    differ("input[name=ids]:checked", "input[name=ids]:not(:checked)")
    page.goto(f"/users/{things['user_id']}/")
    differ("[role=switch][aria-checked=true]", "[role=switch][aria-checked=false]")
    page.goto("/profile/")
    differ("main [name=theme]:checked", "main [name=theme]:not(:checked)")
    page.goto("/access/?role=default")
    differ("td > input:checked", "td > input:not(:checked)")
    page.locator(".matrix td > input:not(:checked)").nth(40).click()
    page.mouse.move(0, 0)
    differ("td[data-staged] > input", "td:not([data-staged]) > input:not(:checked)")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
