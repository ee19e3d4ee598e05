"""A conversation in the browser: words that come, Stop, a reload in the middle, sources, the keyboard, and no script at all."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import refresh_until_answered
from tests.browser.test_weight_and_doors import visit

pytestmark = pytest.mark.browser

SLUG = "company-handbook"
QUESTION = "How many days off are there?"
# Words enough of the text on vacations, so that a trap beside them is answered, too.
FOUND_BY = "vacation days a calendar year, carried over, expire in March, people team"
FEW_WORDS = 12  # a second, so that one can look while the answer comes


@pytest.fixture
def page(foyer) -> Page:
    page = foyer.page("sam")
    page.goto(f"/chat/{SLUG}/")
    return page


@pytest.fixture
def slowly(standin) -> None:
    standin.configure(pace=FEW_WORDS)


def ask(page: Page, text: str = QUESTION) -> None:
    page.locator("#ask-text").fill(text)
    page.locator("#ask-text").press("Enter")


def answered(page: Page, number: int = 1) -> None:
    expect(page.locator(".exchange .deeds")).to_have_count(number)


def asked(standin) -> list[str]:
    """What was asked since the instance's beginning, the oldest first, by anybody."""
    log = standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]
    return [chat["prompt"] for chat in reversed(log)]


def words_so_far(page: Page) -> int:
    return len(page.locator(".prose").last.inner_text())


def test_words_are_seen_to_come(page, slowly):
    ask(page)
    expect(page.locator(".plain-text").first).not_to_be_empty()
    assert page.url.rstrip("/").count("/") > 4  # the conversation has its own address by now
    lengths = []
    while not page.locator(".exchange .deeds").count():
        lengths.append(words_so_far(page))
        time.sleep(0.15)
    grown = sorted(set(lengths))
    assert len(grown) > 4 and lengths == sorted(lengths)
    expect(page.locator("#chat-said")).to_have_text("The answer is complete.")
    expect(page.locator(".marks li").first).to_be_visible()
    expect(page.locator("#sources .passage").first).not_to_be_empty()


@pytest.mark.journey
def test_the_next_question_joins_the_conversation(page, standin):
    ask(page)
    answered(page)
    url = page.url
    ask(page, "And at night?")
    answered(page, 2)
    assert page.url == url
    expect(page.locator("#ask-text")).to_have_value("")
    expect(page.locator(".again:visible")).to_have_count(1)
    assert asked(standin)[-2:] == [QUESTION, "And at night?"]


def test_stop_keeps_what_was_written(page, slowly, standin):
    ask(page)
    expect(page.locator(".plain-text").first).not_to_be_empty()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".exchange .banner:not([hidden])")).to_have_text(re.compile("Stopped before it was complete"))
    answered(page)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    kept = page.locator(".prose").inner_text()
    assert kept and asked(standin)[-1] == QUESTION
    page.reload()
    assert page.locator(".prose").inner_text() == kept


def test_ask_again_asks_the_same_once_more(page, standin):
    ask(page)
    answered(page)
    page.get_by_role("button", name="Ask again").click()
    answered(page, 2)
    assert asked(standin)[-2:] == [QUESTION, QUESTION]


def test_a_reload_in_the_middle_shows_the_answer_when_it_is_done_and_asks_nothing_again(page, slowly, standin):
    ask(page)
    expect(page.locator(".plain-text").first).not_to_be_empty()
    page.wait_for_url("**/company-handbook/*/")
    page.reload()
    expect(page.locator(".waits")).to_be_visible()
    answered(page)
    expect(page.locator(".prose")).not_to_be_empty()
    expect(page.locator(".banner")).to_have_count(0)  # nothing of it is missing
    expect(page.locator("#chat-said")).to_have_text("The answer is complete.")
    assert asked(standin).count(QUESTION) == 1


def test_a_second_window_shows_the_answer_when_it_is_done(page, slowly, foyer, standin):
    ask(page)
    expect(page.locator(".plain-text").first).not_to_be_empty()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".waits")).to_be_visible()
    answered(page)
    answered(other)
    assert other.locator(".prose").inner_text() == page.locator(".prose").inner_text()
    assert asked(standin).count(QUESTION) == 1


def test_an_answer_that_breaks_off_is_told_and_kept(page, standin):
    ask(page, f"{QUESTION} MIDERR")
    expect(page.locator(".exchange .banner:not([hidden])")).to_contain_text("mid stream failure")
    answered(page)
    assert "says:" in page.locator(".prose").inner_text()


def test_what_came_stays_on_the_page_though_the_instance_could_not_keep_it(page, standin):
    standin.fault("locked", path="stream-chat")
    ask(page)
    answered(page)
    assert "says:" in page.locator(".prose").inner_text()
    expect(page.locator(".exchange .banner:not([hidden])")).to_contain_text("gave up")


def test_a_refusal_stays_on_the_page_though_nobody_keeps_it(page, standin, foyer):
    empty = standin.post("/v1/workspace/new", {"name": "Empty room"})["workspace"]["slug"]
    ada = foyer.page("ada")
    ada.goto(f"/chat/{empty}/")
    ada.get_by_label("Answer from").select_option("Documents only")
    ask(ada)
    expect(ada.locator(".prose")).to_contain_text("There is no relevant information")
    expect(ada.locator(".waits")).to_be_hidden()
    ada.reload()
    expect(ada.locator(".banner")).to_contain_text("found nothing to answer from")


def test_what_may_not_be_asked_is_told_and_not_lost(page, standin):
    endless = "x" * 1501
    ask(page, endless)
    expect(page.locator(".toast")).to_contain_text("so long that it would freeze")
    expect(page.locator("#ask-text")).to_have_value(endless)
    expect(page.locator(".exchange")).to_have_count(0)


def test_markup_is_drawn_and_does_nothing(page, foyer):
    trap = "<img src=x onerror=alert(1)> <script>alert(1)</script> [x](javascript:alert(1)) ![p](https://elsewhere.example/p.png)"
    dialogs, elsewhere = [], []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: elsewhere.append(request.url) if "elsewhere" in request.url else None)
    ask(page, f"MARKDOWN {FOUND_BY} {trap}")
    answered(page)
    prose = page.locator(".prose")
    expect(prose.locator("strong")).to_have_text("bold")
    expect(prose.locator("ol li")).to_have_count(2)
    expect(page.locator(".asked p")).to_contain_text("<script>alert(1)</script>")
    page.locator(".code button").click()
    expect(page.locator(".toast")).to_be_visible()
    assert page.locator(".exchange script, .exchange img").count() == 0
    assert not dialogs and not elsewhere


def test_sources_are_reached_by_their_marks(page):
    ask(page)
    answered(page)
    marks = page.locator(".marks a")
    marks.nth(1).click()
    second = page.locator("#source-2")
    expect(second).to_be_focused()
    expect(second.locator(".passage")).not_to_be_empty()


@pytest.mark.parametrize("width", [1024, 360])
def test_the_whole_answer_and_the_composer_are_on_the_screen_when_the_sources_lie_below(width, page):
    page.set_viewport_size({"width": width, "height": 740})
    for number, text in enumerate([QUESTION, "And at night?"], start=1):
        ask(page, text)
        answered(page, number)
        expect(page.locator("#sources summary")).to_have_count(1)
        assert page.locator("#sources .passage").first.is_hidden()
        for there in (page.locator(".prose > :last-child").last, page.locator(".deeds").last, page.locator("#ask")):
            expect(there).to_be_in_viewport(ratio=0.95)
    page.locator(".exchange").last.locator(".marks a").first.click()
    expect(page.locator("#source-1 .passage")).to_be_in_viewport()
    expect(page.locator("#source-1")).to_be_focused()


def test_the_enter_that_ends_a_word_of_an_input_method_sends_nothing(page, standin):
    page.locator("#ask-text").fill("有几天")
    enter = """(field) => field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, bubbles: true, cancelable: true}))"""
    assert page.locator("#ask-text").evaluate(enter), "the browser does with it what it does"
    page.keyboard.press("Control+k")
    field = page.locator("#palette input[type=search]")
    field.fill("Chat")
    expect(page.locator("#palette .palette-results[data-query=Chat] a").first).to_be_visible()
    before = page.url
    assert field.evaluate(enter)
    assert field.evaluate(enter.replace("Enter", "Escape")), "it ends the word, not the search"
    assert field.evaluate(enter.replace("Enter", "ArrowDown")), "it chooses a word"
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    ask(page, "有几天假 (days off)？")
    answered(page)
    assert (
        asked(standin)[-1] == "有几天假 (days off)？"
        and "有几天" not in asked(standin)
        and before.endswith(f"/{SLUG}/")
    )


def test_a_picture_and_a_document_go_with_it(page, tmp_path, standin):
    document = tmp_path / "zebra.txt"
    document.write_text("The zebra crossed the road at noon.")
    page.locator("#ask [type=file]").set_input_files(document)
    expect(page.locator("#ask-files li")).to_have_text(["zebra.txt"])
    ask(page, "When did the zebra cross the road?")
    answered(page)
    expect(page.locator(".prose")).to_contain_text("at noon")
    expect(page.locator("#ask-files")).to_be_hidden()


def test_renaming_and_deleting(page, standin):
    ask(page)
    answered(page)
    page.get_by_role("link", name="Rename").click()
    page.locator("#dialog").get_by_label("Name").fill("Days off")
    page.locator("#dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Days off", exact=True)).to_be_visible()
    page.wait_for_load_state()
    page.locator("main").get_by_role("link", name="Delete").click()
    page.locator("#dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="New conversation")).to_be_visible()
    threads = next(w for w in standin.get("/v1/workspaces")["workspaces"] if w["slug"] == SLUG)["threads"]
    assert "Days off" not in {thread["name"] for thread in threads}


def test_by_keyboard_alone(page, slowly):
    expect(page.locator("#ask-text")).to_be_focused()
    page.keyboard.type("How many days off")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("are there?")
    page.keyboard.press("Enter")
    expect(page.locator(".asked p")).to_have_text(QUESTION)
    expect(page.locator(".plain-text").first).not_to_be_empty()
    page.keyboard.press("Escape")
    answered(page)
    expect(page.locator("#ask-text")).to_be_focused()
    for _step in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.closest('.again') !== null"):
            break
    page.keyboard.press("Enter")
    answered(page, 2)


def test_it_follows_only_who_is_at_its_end(page, standin):
    page.set_viewport_size({"width": 900, "height": 420})
    ask(page)
    answered(page)
    standin.configure(pace=FEW_WORDS)
    ask(page, "And what about the rest of the year?")
    expect(page.locator(".exchange").nth(1).locator(".plain-text").first).not_to_be_empty()
    page.evaluate("scrollTo(0, 0)")
    time.sleep(0.7)
    assert page.evaluate("scrollY") == 0
    answered(page, 2)


def test_on_a_phone_nothing_is_off_screen(page):
    page.set_viewport_size({"width": 360, "height": 740})
    ask(page, f"{QUESTION} MARKDOWN")
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.get_by_role("button", name="Ask", exact=True).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["y"] + box["height"] <= 740


def test_a_conversation_is_light(page, foyer, figure):
    for number in range(1, 6):
        ask(page, f"{QUESTION} {number}")
        answered(page, number)
    weight = visit(foyer, urlsplit(page.url).path, "sam").kilobytes
    figure("weight: a conversation of five questions", f"{weight:.0f} kB", "120 kB")
    assert weight <= 120


def test_without_a_script_the_page_is_loaded_again(foyer, standin):
    page = foyer.page(None, java_script_enabled=False)
    foyer.sign_in(page, "sam")
    page.goto(f"/chat/{SLUG}/")
    standin.fault("latency", path="/stream-chat$", seconds=2)  # longer than it takes to look twice
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    refresh_until_answered(page)
    expect(page.locator(".prose")).to_contain_text("says:")
    page.get_by_role("link", name="[1]").click()
    expect(page.locator(".passage").first).to_be_visible()
    page.get_by_role("link", name="Conversation", exact=True).click()
    assert asked(standin).count(QUESTION) == 1


def test_thoughts_are_folded_away(page, tmp_path, slowly):
    document = tmp_path / "zebra.txt"
    document.write_text("<think>The zebra is what matters here.</think> The zebra crossed the road at noon.")
    page.locator("#ask [type=file]").set_input_files(document)
    ask(page, "When did the zebra cross the road?")
    expect(page.locator(".thoughts")).to_be_visible()
    answered(page)
    expect(page.locator(".prose")).not_to_contain_text("what matters")
    page.get_by_text("Thoughts", exact=True).click()
    expect(page.locator(".thoughts p")).to_contain_text("The zebra is what matters here.")
