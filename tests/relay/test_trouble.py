"""What goes wrong on the way, at either end: what had come stays, nothing is called whole that is not, and `done` is the last word."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone, translation

from dashboard import signs
from dashboard.chat import turns
from dashboard.chat.models import Turn
from dashboard.relay import app
from tests.anythingllm.answering import Answer, of_json
from tests.anythingllm.exchanges import recordings
from tests.conftest import THOROUGH
from tests.faults.conftest import KINDS
from tests.relay.conftest import QUESTION, WORKSPACE, patience, until
from tests.relay.test_answers import EVENTS, FINAL, chunk, sse


def chats(standin) -> int:
    return standin.state()["counts"]["chats"]


def streams(*names: str) -> list[str]:
    """Recorded streams, as text."""
    found = {row.name: row.answer for row in recordings() if row.events}
    return [found[name] for name in names]


# --- The instance -----------------------------------------------------------------------------------------------------
def test_a_model_that_fails_at_once_is_told_in_its_words(ask, standin):
    asked = ask("ERROR500")
    browser = asked.listen().to_the_end()
    assert browser.names == ["failed", "done"]
    assert "The language model stand-in failed on purpose (ERROR500)." in browser.sentence
    assert browser.done == {"state": "failed", "chat_id": None}
    assert asked.state == "failed"
    assert asked.turn.problem == browser.sentence


@pytest.mark.parametrize("status", [200, 400])
def test_words_that_quote_the_key_are_told_without_it(status, ask, puppet):
    words = f"Refused: Bearer {settings.ANYTHINGLLM_API_KEY} is unknown here. {'x' * 300}"
    abort = sse({"type": "abort", "error": words})
    puppet.answer = Answer(200, abort, EVENTS) if status == 200 else of_json({"error": words}, status)
    asked = ask()
    browser = asked.listen().to_the_end()
    assert "Refused: Bearer … is unknown here." in browser.sentence
    assert asked.state == "failed"
    assert settings.ANYTHINGLLM_API_KEY[:12] not in asked.turn.problem + browser.sentence


@pytest.mark.parametrize("trap", ["MIDERR", "MIDFAIL"])
def test_an_answer_that_is_given_up_in_the_middle_is_not_called_whole_though_the_instance_does(trap, ask, standin):
    browser = ask(f"{trap} {QUESTION}").listen().to_the_end()
    assert browser.names == ["chunk", "failed", "done"]
    assert browser.done["state"] == "failed"
    history = standin.get(f"/v1/workspace/{WORKSPACE}/chats?apiSessionId=a-session")["history"]
    assert history[1]["content"] == browser.text != ""


CUT = (
    "workspace_stream_chat__mode_chat_no_sources",
    "workspace_stream_chat__at_agent",
    "thread_stream_chat__ok",
    "workspace_stream_chat__llm_cut_mid_stream",
)


@pytest.mark.parametrize("name", CUT)
def test_what_is_cut_anywhere_is_never_called_whole(name, ask, puppet, figure):
    """What becomes of a cut at each byte, tests/faults/test_every_cut.py says; here it comes through to the browser and to the turn."""
    body = streams(name)[0].encode()
    puppet.answer = Answer(200, content_type=EVENTS, pieces=[body])
    text = ask().listen().to_the_end().text
    edges = [place + near for place in (body.rfind(b"\n\n", 0, -2) + 2, len(body)) for near in (-3, -2, -1, 0, 1)]
    places = sorted({*range(0, len(body), 1 if THOROUGH else 211), *edges} & set(range(len(body))))
    for place in places:
        for cut in (True, False):  # as a broken line, and politely, as a proxy does
            puppet.answer = Answer(
                200, content_type=EVENTS, pieces=[body[:place]] if place else [], cut=cut, hang_up=True
            )
            asked = ask()
            browser = asked.listen().to_the_end()
            browser.leave()  # thousands of connections would be more files than a process may open
            assert browser.done["state"] == asked.state, place
            assert asked.state in ("interrupted", "failed"), place
            assert text.startswith(browser.text), place
            assert browser.sentence and browser.done["chat_id"] is None
    figure(f"cuts through the relay: {name}", f"{2 * len(places)} tried, none called whole")


def test_an_instance_that_falls_silent_is_not_waited_for_for_ever(ask, standin):
    patience(0.5)
    asked = ask(f"NOFINISH {QUESTION}")
    started, before = time.monotonic(), chats(standin)
    browser = asked.listen().to_the_end()
    assert 0.4 < time.monotonic() - started < 60
    assert browser.names == ["chunk", "failed", "done"]
    assert "fell silent" in browser.sentence
    assert (browser.done["state"], asked.state) == ("interrupted", "interrupted")
    until(lambda: chats(standin) == before + 1, seconds=1)  # it was told to stop, and keeps what it had


def test_an_instance_that_does_not_even_begin_is_not_waited_for_either(ask, standin):
    patience(0.4)
    standin.fault("stall", path="stream-chat", seconds=5)
    browser = ask().listen().to_the_end()
    assert browser.names == ["failed", "done"]
    assert browser.done["state"] == "interrupted"


@pytest.mark.parametrize(
    ("fault", "words", "state"),
    [
        ("down", "broke off", "interrupted"),
        ("reset", "broke off", "interrupted"),
        ("cut", "broke off", "interrupted"),
        ("html", "not AnythingLLM's API", "failed"),
        ("redirect", "not AnythingLLM's API", "failed"),
        ("key-refused", "refuses the API key", "failed"),
        ("429", "AnythingLLM refused", "failed"),
        ("500", "error of its own", "failed"),
        ("502", "error of its own", "failed"),
        ("empty", "not AnythingLLM's API", "failed"),
        ("utf8", "could not be understood", "failed"),
        ("long", "could not be understood", "failed"),
    ],
)
def test_what_comes_instead_of_a_stream_is_told_in_a_sentence(fault, words, state, ask, standin):
    standin.fault(fault, path="stream-chat", size=2_000_000)
    asked = ask()
    browser = asked.listen().to_the_end()
    assert words in browser.sentence
    assert browser.done["state"] == asked.state == state
    assert asked.turn.problem == browser.sentence


# What drips is silent for longer than anybody waits: a byte in time keeps a stream alive, as it should.
INSTEAD = {**KINDS, "long": {"size": 2_000_000}, "drip": {"seconds": 10}}


@pytest.mark.matrix
@pytest.mark.parametrize("kind", [kind for kind in INSTEAD if kind != "refused"])
def test_every_fault_ends_the_stream_with_a_sentence_or_with_the_whole_answer(kind, ask, standin):
    patience(1)
    before = chats(standin)
    standin.fault(kind, path="stream-chat", **INSTEAD[kind])
    asked = ask()
    browser = asked.listen().to_the_end()
    assert browser.done["state"] == asked.state
    if asked.state == "done":
        assert kind in ("latency", "stale", "locked", "single-user")
        assert browser.text and browser.done["chat_id"]
    else:
        assert browser.sentence == asked.turn.problem != ""
    assert chats(standin) - before <= 1
    standin.clear_faults()
    again = asked.listen().to_the_end()  # which asks nothing
    assert again.done["state"] == asked.state and not again.text
    assert chats(standin) - before <= 1


def test_nobody_at_the_instance_s_address(ask, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:9"
    browser = ask().listen().to_the_end()
    assert "does not answer at http://127.0.0.1:9" in browser.sentence
    assert browser.done["state"] == "failed"


@pytest.mark.parametrize("thread", [True, False])
def test_a_workspace_that_is_gone(thread, ask, standin):
    more = {"thread_slug": "gone", "user_id": 1} if thread else {}
    browser = ask(slug="gone", **more).listen().to_the_end()
    assert browser.names == ["failed", "done"]
    assert browser.done["state"] == "failed"


def test_an_endless_line_is_refused(ask, puppet):
    puppet.answer = Answer(200, content_type=EVENTS, pieces=[sse(chunk("Hi")), b"data: " + b"x" * 2_000_000])
    browser = ask().listen().to_the_end()
    assert (browser.text, browser.done["state"]) == ("Hi", "interrupted")
    assert "could not be read" in browser.sentence


def test_the_sentence_is_in_the_language_of_who_asked(ask, standin):
    with translation.override("zh-hans"):
        asked = ask("ERROR500")
    assert asked.turn.language == "zh-hans"
    standin.fault("key-refused", path="stream-chat")
    browser = asked.listen().to_the_end()
    assert "API" in browser.sentence
    assert "refuses" not in browser.sentence
    assert asked.state == "failed"
    assert asked.turn.problem == browser.sentence


def test_the_key_is_in_nothing_that_is_said_or_logged(ask, standin, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    for fault in ("down", "redirect", "key-refused", "utf8", "html", "500"):
        standin.clear_faults()
        standin.fault(fault, path="stream-chat")
        browser = ask().listen().to_the_end()
        said += [str(browser.events), str(browser.headers.items())]
    said += [str(vars(record)) for record in caplog.records]
    assert not any(standin.api_key in words for words in said)


# --- The browser ------------------------------------------------------------------------------------------------------
def test_who_leaves_in_silence_stops_the_instance(ask, standin):
    asked = ask(f"HANG {QUESTION}")
    before = chats(standin)
    browser = asked.listen()
    browser.wait_for("chunk")
    time.sleep(0.3)  # now it is silent
    assert chats(standin) == before
    browser.leave()
    until(lambda: chats(standin) == before + 1, seconds=3)  # 0.6, and what a busy machine adds
    until(lambda: asked.state == "stopped", seconds=3)  # 0.6, and what a busy machine adds
    assert asked.turn.problem == ""


def test_who_leaves_while_it_is_written_stops_it_too(ask, standin):
    standin.configure(pace=20)
    asked, before = ask(), chats(standin)
    browser = asked.listen()
    browser.wait_for("chunk")
    browser.leave()
    until(lambda: chats(standin) == before + 1, seconds=3)  # 0.6, and what a busy machine adds
    until(lambda: asked.state == "stopped", seconds=3)  # 0.6, and what a busy machine adds


def test_an_answer_that_another_page_waits_for_is_read_to_its_end(ask, standin):
    standin.configure(pace=20)
    asked, before = ask(), chats(standin)
    browser = asked.listen()
    browser.wait_for("chunk")
    browser.leave()
    turns.await_answer(asked.turn)
    until(lambda: asked.state == "done", seconds=10)
    assert chats(standin) == before + 1
    assert asked.turn.chat_id


def test_when_that_page_leaves_too_the_instance_is_stopped(ask, standin, monkeypatch):
    monkeypatch.setattr(turns, "AWAITED_FOR", timedelta(seconds=2))
    asked = ask(f"HANG {QUESTION}")
    browser = asked.listen()
    browser.wait_for("chunk")
    browser.leave()
    turns.await_answer(asked.turn)
    time.sleep(1)
    assert asked.state == "taken"
    until(lambda: asked.state == "stopped", seconds=4)


def test_a_browser_that_takes_nothing_is_given_up(ask, puppet):
    patience(0.5)
    puppet.answer = Answer(200, content_type=EVENTS, pieces=(sse(chunk("x" * 10_000)) for _ in range(4000)))
    asked = ask()
    asked.listen().wait_for("chunk")
    until(lambda: asked.state == "stopped", seconds=5)


# --- Foyer itself -----------------------------------------------------------------------------------------------------
def test_when_the_server_ends_each_open_stream_is_told(ask, standin, foyer, settings):
    settings.DRAIN_SECONDS = 0
    asked = [ask(f"HANG {QUESTION}") for _ in range(5)]
    browsers = [one.listen() for one in asked]
    for browser in browsers:
        browser.wait_for("chunk")
    foyer._server.should_exit = True
    started = time.monotonic()
    for one, browser in zip(asked, browsers, strict=True):
        browser.to_the_end()
        assert "Foyer is being restarted" in browser.sentence
        assert browser.done["state"] == one.state == "interrupted"
    assert time.monotonic() - started < 60


def test_a_mistake_of_ours_ends_the_stream_with_a_sentence_and_is_logged(ask, puppet, monkeypatch, caplog):
    def mistake(*_arguments: object) -> None:
        raise ZeroDivisionError

    puppet.answer = Answer(200, content_type=EVENTS, pieces=[sse(chunk("Hi"), FINAL)])
    monkeypatch.setattr("dashboard.relay.stream.ChatReader.feed", mistake)
    asked = ask()
    browser = asked.listen().to_the_end()
    assert "Something in Foyer went wrong" in browser.sentence
    assert browser.done["state"] == asked.state == "failed"
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_is_busy_does_not_hold_up_the_last_word(ask, standin, monkeypatch):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("there a row's lock holds up nobody else")
    monkeypatch.setattr(app, "KEPT_WITHIN", 0.3)
    standin.configure(pace=50)
    asked = ask()
    browser = asked.listen()
    browser.wait_for("chunk")
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            browser.to_the_end()
        finally:
            cursor.execute("ROLLBACK")
    assert browser.done["state"] == "done"
    until(lambda: asked.state == "done")


def test_json_is_all_that_a_browser_must_read(ask, standin):
    for name, data in ask().listen().to_the_end().events:
        assert json.loads(json.dumps(data)) == data, name


# --- The database -----------------------------------------------------------------------------------------------------
def renamed(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def test_an_end_that_the_database_does_not_take_is_told_again_until_it_does(ask, standin):
    standin.configure(pace=10)
    asked = ask()
    browser = asked.listen()
    browser.wait_for("chunk")
    renamed("chat_turn", "chat_turn_away")
    browser.to_the_end()
    assert browser.done["state"] == "done"
    signs.beat()
    renamed("chat_turn_away", "chat_turn")
    assert asked.state == "taken"
    # Meanwhile somebody took it for dead.
    Turn.objects.update(alive_at=timezone.now() - 2 * signs.DEAD_AFTER)
    turns.end_of_the_dead(asked.turn)
    assert asked.state == "interrupted"
    signs.beat()
    assert (asked.state, asked.turn.chat_id) == ("done", browser.done["chat_id"])


def test_what_had_come_when_the_instance_died_is_kept(ask, puppet):
    puppet.answer = Answer(200, sse(chunk("What had "), chunk("come")), EVENTS)
    asked = ask()
    browser = asked.listen().to_the_end()
    assert browser.done["state"] == "interrupted" and browser.text == "What had come"
    assert asked.state == "interrupted" and asked.turn.words == "What had come"
