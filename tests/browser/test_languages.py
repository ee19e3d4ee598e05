"""English and Chinese in the browser: it decides, until somebody chooses; what scripts say is in the page's language, and so are numbers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh-hans"), ("zh-SG", "zh-hans"), ("en-GB", "en"), ("de-DE", "en")]
)
def test_the_browser_decides_at_the_door(foyer, things, locale, language):
    page = foyer.page(None, locale=locale)
    for door in ("/sign-in/", f"/join/{things['code']}/"):
        page.goto(door)
        expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.journey
def test_what_is_chosen_at_the_door_stays_until_the_profile_takes_it_back(foyer, standin):
    page = foyer.page(None, locale="en-GB")
    page.goto("/chat/")
    page.get_by_role("link", name="简体中文").click()
    page.get_by_label("用户名").fill("nele.egger")
    page.get_by_label("密码", exact=True).fill(foyer.password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.goto("/chat/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.goto("/profile/")
    expect(page.locator("select[name=language]")).to_have_value("zh-hans")
    page.locator("select[name=language]").select_option("")
    page.locator("main form button.primary").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_what_is_chosen_while_joining_stays(foyer, things, standin):
    page = foyer.page(None, locale="en-GB")
    page.goto(f"/join/{things['code']}/")
    page.get_by_role("link", name="简体中文").click()
    page.get_by_label("用户名").fill("joins-in-chinese")
    page.get_by_label("密码", exact=True).fill("umbrella gravel seven tuesdays")
    page.get_by_role("button", name="加入").click()
    page.wait_for_url("**/welcome/")
    page.goto("/profile/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("select[name=language]")).to_have_value("zh-hans")


def test_what_scripts_say_is_chinese_and_numbers_are_grouped(foyer, things, standin):
    page = foyer.page(locale="zh-CN")
    page.goto("/users/")
    expect(page.locator(".pager")).to_contain_text("1,000")
    page.locator("[data-check-all]").check()
    page.locator("[data-select-everything]").check()
    expect(page.locator("[data-selection-count]")).to_have_text(re.compile("^[^A-Za-z]*1,000[^A-Za-z]*$"))
    page.goto("/access/?role=default")
    page.locator(".matrix input:not(:checked)").first.click()
    expect(page.locator("[data-count=staged]")).to_have_text(re.compile(r"^[^A-Za-z]*1[^A-Za-z]*$"))
    page.goto("/documents/add/")
    page.locator("#add-files").set_input_files(
        [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"x" * 2_500_000}]
    )
    expect(page.locator("#add-count")).to_have_text(re.compile(r"2\.4 MB$"))
    expect(page.locator("#add-send")).to_have_text(re.compile("^[^A-Za-z]+$"))
    page.goto("/usage/?days=7")
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    page.goto(f"/invites/{things['link_id']}/link/")
    page.get_by_role("button", name="复制").click()
    expect(page.locator(".toast")).to_have_text(re.compile("^[^A-Za-z]+$"))
