"""What of an answer reaches the browser, whatever kind of answer it is."""

from __future__ import annotations

import json
import logging
import threading
import time

from dashboard.anythingllm.sse import ChatReader, Done
from dashboard.chat.models import Mode, Turn
from dashboard.relay import stream
from tests.anythingllm.answering import Answer
from tests.anythingllm.exchanges import recordings
from tests.relay.conftest import QUESTION, WORKSPACE, until


def sse(*messages: object) -> bytes:
    return b"".join(b"data: " + json.dumps(message, ensure_ascii=False).encode() + b"\n\n" for message in messages)


def chunk(text: str, **more: object) -> dict:
    return {"uuid": "u", "type": "textResponseChunk", "textResponse": text, "sources": [], "close": False, **more}


FINAL = {"uuid": "u", "type": "finalizeResponseStream", "close": True, "error": False, "chatId": 7}
EVENTS = "text/event-stream"


def test_an_answer_comes_in_pieces_with_its_sources_and_ends_with_done(ask, standin):
    asked = ask()
    browser = asked.listen()
    assert browser.status == 200
    assert {
        name: browser.headers[name]
        for name in (
            "Content-Type",
            "Cache-Control",
            "X-Accel-Buffering",
            "X-Content-Type-Options",
            "Cross-Origin-Resource-Policy",
            "Referrer-Policy",
        )
    } == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
    }
    assert len(browser.headers["X-Request-ID"]) == 16
    browser.to_the_end()
    assert browser.names == ["chunk", "sources", "done"]
    history = standin.get(f"/v1/workspace/{WORKSPACE}/chats?apiSessionId=a-session")["history"]
    assert [entry["content"] for entry in history] == [QUESTION, browser.text]
    assert browser.done == {"state": "done", "chat_id": history[0]["chatId"]}
    sources = browser.events[-2][1]["sources"]
    assert {source["title"] for source in sources} == {source["title"] for source in history[1]["sources"]}
    assert not any("url" in source for source in sources), "where it lies on the instance's disk is nobody's business"
    assert asked.state == "done"
    assert (asked.turn.chat_id, asked.turn.problem) == (history[0]["chatId"], "")
    assert asked.turn.taken_at < asked.turn.ended_at


def test_a_thread_is_asked_in_the_name_of_its_account(ask, standin):
    user = standin.get("/v1/users")["users"][1]
    thread = standin.post(f"/v1/workspace/{WORKSPACE}/thread/new", {"name": "Mine", "userId": user["id"]})["thread"]
    browser = ask(thread_slug=thread["slug"], user_id=user["id"]).listen().to_the_end()
    history = standin.get(f"/v1/workspace/{WORKSPACE}/thread/{thread['slug']}/chats")["history"]
    assert history[1]["content"] == browser.text
    newest = standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"][0]
    assert (newest["user_id"], newest["thread_id"]) == (user["id"], thread["id"])


def test_what_is_sent_names_the_mode_and_never_resets(ask, puppet, settings):
    puppet.answer = Answer(200, content_type=EVENTS, pieces=[sse(chunk("Yes"), FINAL)])
    picture = {"name": "a.png", "mime": "image/png", "contentString": "data:image/png;base64,AAAA"}
    (settings.QUESTIONS_DIR / "kept").write_bytes(b"\0\0\0")
    kept = {"name": "a.png", "mime": "image/png", "type": "image/png", "file": "kept", "size": 3}
    asked = ask("What is this?", mode=Mode.QUERY, thread_slug="mine", user_id=5, attachments=[kept])
    browser = asked.listen().to_the_end()
    assert (browser.text, browser.done["state"]) == ("Yes", "done")
    (sent,) = puppet.asked
    assert (sent.method, sent.path) == ("POST", f"/api/v1/workspace/{WORKSPACE}/thread/mine/stream-chat")
    assert sent.json == {"message": "What is this?", "mode": "query", "userId": 5, "attachments": [picture]}
    assert sent.headers["Authorization"] == "Bearer PUPPET-KEY-PUPPET-KEY"
    assert sent.headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in sent.headers
    assert not (settings.QUESTIONS_DIR / "kept").exists(), "pictures are not kept"


def test_query_mode_without_documents_refuses_and_that_is_an_answer(ask, standin):
    asked = ask("zzz qqq", mode=Mode.QUERY, slug="finance")
    browser = asked.listen().to_the_end()
    assert browser.names == ["replace", "done"]
    assert browser.text == "There is nothing about this in the finance documents."
    assert browser.done == {"state": "done", "chat_id": None}
    assert asked.state == "done"


def test_an_agent_is_heard_once(ask, standin):
    browser = ask("@agent How do I calibrate a pressure sensor?").listen().to_the_end()
    stored = standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"][0]
    assert browser.text == json.loads(stored["response"])["text"]
    assert browser.names == ["chunk", "done"]


def test_what_an_agent_thinks_is_no_part_of_the_answer(ask, standin):
    browser = ask("@agent ERROR500").listen().to_the_end()
    assert browser.names == ["thought", "replace", "done"]
    assert "ERROR500" in browser.events[0][1]["text"]


def test_the_last_word_of_an_answer_takes_the_place_of_its_pieces(ask, puppet):
    puppet.answer = Answer(200, content_type=EVENTS, pieces=[sse(chunk("Draft"), {**FINAL, "textResponse": "Final"})])
    assert ask().listen().to_the_end().text == "Final"


def test_letters_that_others_take_for_line_ends_and_halves_of_letters_arrive(ask, puppet):
    text = "one\u2028two\u2029three\u0085four\x0bfive\r\nsix 你好 😀"
    # The instance cuts after UTF-16 units: a smiley can come in two halves.
    halves = rb'data: {"type":"textResponseChunk","textResponse":"\ud83d"}' + b"\n\n"
    halves += rb'data: {"type":"textResponseChunk","textResponse":"\ude00"}' + b"\n\n"
    broken = b'data: {"type":"textResponseChunk","textResponse":"j\xfcrgen"}\n\n'
    puppet.answer = Answer(
        200, content_type=EVENTS, pieces=[sse(chunk(text)), halves[:60], halves[60:], broken, sse(FINAL)]
    )
    browser = ask().listen().to_the_end()
    assert browser.text.encode("utf-16", "surrogatepass").decode("utf-16") == text + "😀j\ufffdrgen"
    assert browser.done["state"] == "done"


def test_silence_is_filled_with_comments(ask, standin, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT", 0.1)
    standin.configure(slow=0.65)
    browser = ask(f"SLOW {QUESTION}").listen().to_the_end()
    silence = [name for name, _data in browser.events]
    assert 2 <= silence.index("chunk") <= 8
    assert set(silence[: silence.index("chunk")]) == {""}
    assert browser.done["state"] == "done"


def test_twenty_are_answered_at_once_without_a_thread_for_each(ask, standin):
    standin.configure(pace=50)
    asked = [ask() for _ in range(20)]
    before = threading.active_count()
    browsers = [one.listen() for one in asked]
    for browser in browsers:
        browser.wait_for("chunk")
    assert threading.active_count() <= before + 2
    for one, browser in zip(asked, browsers, strict=True):
        assert browser.to_the_end().done == {"state": "done", "chat_id": Turn.objects.get(pk=one.turn.pk).chat_id}
    assert len({browser.done["chat_id"] for browser in browsers}) == 20


def test_a_slow_browser_makes_the_instance_wait_and_gets_it_all(ask, puppet):
    """40 MB come in pieces of 10 kB: what waits here is bounded, so the instance is held up."""
    sent: list[float] = []

    def pieces():
        for number in range(4000):
            sent.append(time.monotonic())
            yield sse(chunk(f"{number} ".ljust(10_000, ".")))
        yield sse(FINAL)

    puppet.answer = Answer(200, content_type=EVENTS, pieces=pieces())
    asked = ask()
    browser = asked.listen()
    browser.wait_for("chunk")
    time.sleep(0.5)
    waiting = len(sent)
    time.sleep(0.5)
    assert len(sent) == waiting < 3000, "the instance went on although nobody read"
    browser.to_the_end()
    assert browser.text.replace(".", " ").split() == [str(number) for number in range(4000)]
    assert browser.done["state"] == "done"


def test_pieces_that_come_together_are_told_together(ask, puppet):
    puppet.answer = Answer(200, content_type=EVENTS, pieces=[sse(*[chunk(f"{n} ") for n in range(500)], FINAL)])
    browser = ask().listen().to_the_end()
    assert browser.text == "".join(f"{n} " for n in range(500))
    assert len(browser.events) < 20


STREAMS = [row for row in recordings() if row.events and row.route.endswith("stream-chat")]


def test_every_recorded_answer_arrives_as_the_telephone_reads_it(ask, puppet):
    for row in STREAMS:
        body = row.answer.encode()
        reader = ChatReader()
        last = [*reader.feed(body), *reader.end()][-1]
        puppet.answer = Answer(200, content_type=EVENTS, pieces=[body], hang_up=True)
        browser = ask().listen().to_the_end()
        if isinstance(last, Done):
            whole = (last.text, {"state": "done", "chat_id": last.chat_id})
            assert (browser.text, browser.done) == whole, row.name
        else:
            ending = {"aborted": "failed"}.get(last.reason, "interrupted")
            assert browser.done == {"state": ending, "chat_id": None}, row.name
            assert browser.sentence, row.name


def test_one_line_of_the_log_tells_of_a_stream_and_not_its_ticket(ask, standin, ada, caplog):
    caplog.set_level(logging.INFO)
    asked = ask()
    browser = asked.listen().to_the_end()
    until(lambda: any(record.name == "dashboard.request" for record in caplog.records))
    (line,) = (record for record in caplog.records if record.name == "dashboard.request")
    assert (line.method, line.route, line.status) == ("GET", "/stream/<ticket>/", 200)
    assert (line.operator, line.htmx) == (ada.pk, False)
    assert line.ms > 0
    said = " ".join(str(vars(record)) for record in caplog.records)
    for secret in (asked.ticket, asked.session, standin.api_key, QUESTION, browser.text):
        assert secret not in said
