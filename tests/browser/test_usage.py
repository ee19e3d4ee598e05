"""Usage in the browser: the chart says what its table says, in both themes, and without a script the table is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chart_says_what_the_table_says(foyer, things, theme):
    page = foyer.page(color_scheme=theme)
    page.goto("/usage/?days=7")
    chart = page.locator("[data-chart]")
    expect(chart.locator("canvas")).to_be_visible()
    over = chart.locator(".u-over")
    box = over.bounding_box()
    page.get_by_text("As a table").click()
    for number, row in enumerate(page.locator("#days-table tbody tr").all()):
        over.hover(position={"x": box["width"] * (number + 0.5) / 7, "y": box["height"] / 2})
        messages, people = (cell.inner_text().split()[-1] for cell in row.locator("td").all())
        expect(chart.locator(".u-series").nth(1).locator(".u-value")).to_have_text(messages)
        expect(chart.locator(".u-series").nth(2).locator(".u-value")).to_have_text(people)
    assert not foyer.said


@pytest.mark.journey
def test_the_chart_is_as_wide_as_its_place(foyer, things):
    page = foyer.page()
    page.goto("/usage/")
    for width in (1300, 700, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(
            "() => { const place = document.querySelector('[data-chart]'); "
            "return Math.abs(place.querySelector('.uplot').clientWidth - place.clientWidth) <= 1 }"
        )


def test_without_a_script_the_table_is_there(foyer, things):
    page = foyer.page(java_script_enabled=False)
    page.goto("/usage/?days=7")
    expect(page.locator("[data-chart]")).to_be_hidden()
    page.get_by_text("As a table").click()
    expect(page.locator("#days-table tbody tr")).to_have_count(7)
