"""One normal form of every answer, however its bytes are cut."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.anythingllm.sse import (
    MAX_LINE,
    ChatReader,
    CompletionReader,
    Done,
    EventDecoder,
    Failed,
    LineTooLong,
    Metrics,
    Replace,
    Sources,
    Text,
    Thought,
)
from tests.anythingllm.answering import Answer
from tests.anythingllm.exchanges import recordings

STREAMS = [row for row in recordings() if row.events and row.route.endswith("stream-chat")]
COMPLETIONS = [row for row in recordings() if row.events and row.route.endswith("completions")]


def sse(*messages: object) -> bytes:
    return b"".join(b"data: " + json.dumps(message, ensure_ascii=False).encode() + b"\n\n" for message in messages)


def read(*chunks: bytes, reader: type = ChatReader) -> list:
    decoding = reader()
    events = [event for chunk in chunks for event in decoding.feed(chunk)]
    return events + decoding.end()


def cut_at(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def chunk(text: str, **more: object) -> dict:
    return {"uuid": "u", "type": "textResponseChunk", "textResponse": text, "sources": [], "close": False, **more}


SOURCE = {"title": "a.txt", "text": "A"}
FINAL = {"uuid": "u", "type": "finalizeResponseStream", "close": True, "error": False, "chatId": 7}


@pytest.mark.parametrize("row", STREAMS + COMPLETIONS, ids=lambda row: row.name)
@settings(deadline=None, max_examples=30)
@given(places=st.lists(st.integers(min_value=0, max_value=10**6), max_size=12))
def test_the_cuts_between_bytes_make_no_difference(row, places: list[int]) -> None:
    reader = ChatReader if row in STREAMS else CompletionReader
    body = row.answer.encode()
    assert read(*cut_at(body, places), reader=reader) == read(body, reader=reader)


@pytest.mark.parametrize("row", STREAMS, ids=lambda row: row.name)
def test_byte_by_byte_it_is_the_same(row) -> None:
    body = row.answer.encode()[-20_000:]
    assert read(*[bytes([byte]) for byte in body]) == read(body)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([sse(chunk("x")), sse(FINAL), b"\n\n", b"data: {"])),
        max_size=12,
    ),
    st.lists(st.integers(min_value=0, max_value=10**4), max_size=12),
)
def test_whatever_comes_there_is_one_end_and_nothing_after(pieces: list[bytes], places: list[int]) -> None:
    body = b"".join(pieces)
    events = read(*cut_at(body, places))
    assert [isinstance(event, (Done, Failed)) for event in events] == [False] * (len(events) - 1) + [True]
    assert events == read(body)


def test_a_usual_answer() -> None:
    final = {**FINAL, "sources": [SOURCE], "metrics": {"total_tokens": 3}}
    events = read(sse(chunk("Hello"), chunk(" you"), chunk("", close=True), final, chunk("late")))
    assert events == [
        Text("Hello"),
        Text(" you"),
        Sources((SOURCE,)),
        Metrics({"total_tokens": 3}),
        Done(7, "Hello you", (SOURCE,)),
    ]


def test_sources_of_older_versions_come_with_the_closing_chunk() -> None:
    events = read(sse(chunk("Hi"), chunk("", close=True, sources=[SOURCE]), {**FINAL, "sources": []}))
    assert events == [Text("Hi"), Sources((SOURCE,)), Done(7, "Hi", (SOURCE,))]


def test_an_agent_repeats_its_answer_and_is_heard_once() -> None:
    thought = {"id": "u", "type": "agentThought", "thought": "Looking"}
    whole = {"id": "u", "type": "textResponse", "textResponse": "Hi", "close": True}
    made = {"filename": "text-1.txt"}
    download = {"id": "u", "type": "fileDownload", "fileDownload": made}
    final = {"uuid": "u", "type": "finalizeResponseStream", "textResponse": "Hi", "outputs": [made], "close": True}
    events = read(sse(thought, chunk("Hi"), download, whole, final))
    assert events == [Thought("Looking"), Text("Hi"), Done(None, "Hi", (), (made,))]


def test_the_last_words_of_an_agent_take_the_place_of_others() -> None:
    events = read(sse(chunk("Draft"), {**FINAL, "textResponse": "Final"}))
    assert events == [Text("Draft"), Replace("Final"), Done(7, "Final")]


def test_a_refusal_is_whole_only_at_the_end() -> None:
    refusal = sse({"id": "u", "type": "textResponse", "textResponse": "No.", "sources": [], "close": True})
    reader = ChatReader()
    assert reader.feed(refusal) == [Replace("No.")]
    assert reader.end() == [Done(None, "No.")]


def test_an_abort_ends_it_though_more_follows() -> None:
    abort = {"uuid": "u", "type": "abort", "textResponse": None, "error": "Premature close", "close": True}
    assert read(sse(chunk("Hal"), abort, FINAL)) == [Text("Hal"), Failed("aborted", "Premature close")]


def test_database_text_of_an_abort_is_kept_back() -> None:
    abort = {"id": "u", "type": "abort", "error": "Invalid `prisma.workspaces.findFirst()` invocation"}
    assert read(sse(abort)) == [Failed("aborted", "")]


def test_an_end_without_a_last_event_is_an_interruption() -> None:
    assert read(sse(chunk("Hal"))) == [Text("Hal"), Failed("interrupted")]
    assert read(b"") == [Failed("interrupted")]


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\n\n",
        b"data: 5\n\n",
        b"data: {} {}\n\n",
        b"data: {}}\n\n",
        b"data: \n\n",
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_what_cannot_be_read_ends_it(data: bytes) -> None:
    assert read(sse(chunk("Hal")) + data + sse(FINAL)) == [Text("Hal"), Failed("broken")]


def test_white_space_around_an_event_is_no_part_of_it() -> None:
    assert read(sse(chunk("Hal")).replace(b"data: ", b"data:  \t").replace(b"\n\n", b" \n\n"), sse(FINAL)) == [
        Text("Hal"),
        Done(7, "Hal"),
    ]


def test_unknown_events_are_passed_over() -> None:
    assert read(sse({"type": "statusResponse"}, {"type": None}, {}, FINAL)) == [Done(7, "")]


def test_line_ends_comments_and_long_data() -> None:
    decoder = EventDecoder()
    body = ": hello\r\nevent: x\r\nid: 1\r\ndata: a\u2028b\r\ndata:c\r\n\r\n\r\ndata\n\ndata: last".encode()
    assert list(decoder.feed(body)) == ["a\u2028b\nc", ""]


def test_a_line_over_the_cap_is_refused_early_and_quickly() -> None:
    started = time.perf_counter()
    decoder = EventDecoder()
    with pytest.raises(LineTooLong):
        for _ in range(2 * MAX_LINE // 64):
            list(decoder.feed(b"x" * 64))
    assert time.perf_counter() - started < 10  # looking at every byte again with each piece takes minutes
    with pytest.raises(LineTooLong):
        list(EventDecoder().feed((b"data: " + b"x" * 1000 + b"\n") * 1100))
    assert read(sse(chunk("a")), b"data: " + b"x" * MAX_LINE, b"x" * 10) == [Text("a"), Failed("broken")]


# -- over the line -------------------------------------------------------------------------------------------------------


def stream_of(*pieces: bytes, **more) -> Answer:
    return Answer(200, content_type="text/event-stream", pieces=list(pieces), **more)


def test_silence_for_too_long_ends_a_stream(client, server) -> None:
    server.answer = stream_of(sse(chunk("a")), hang=1)
    assert list(client.chat.stream_message("one", "hello")) == [Text("a"), Failed("timed_out")]


def test_a_stream_that_breaks_off_ends(client, server) -> None:
    server.answer = stream_of(sse(chunk("a")), cut=True)
    assert list(client.chat.stream_message("one", "hello")) == [Text("a"), Failed("interrupted")]


def test_text_comes_as_soon_as_it_is_sent(client, server) -> None:
    server.answer = stream_of(*[sse(chunk(str(number))) for number in range(5)], sse(FINAL), pause=0.05)
    arrived = [(time.monotonic(), event) for event in client.chat.stream_message("one", "hello")]
    assert [event.delta for _, event in arrived[:5]] == list("01234")
    assert arrived[4][0] - arrived[0][0] > 0.15


def test_closing_a_stream_closes_the_line(client, server) -> None:
    server.answer = stream_of(*[sse(chunk("x"))] * 3, pause=0.01)
    with client.chat.stream_message("one", "hello") as stream:
        assert next(iter(stream)) == Text("x")
    stream.close()


def test_characters_cut_between_packets_stay_whole(client, server) -> None:
    body = sse(chunk("Grüße 工作区 \u2028"), FINAL)
    server.answer = stream_of(*[body[start : start + 3] for start in range(0, len(body), 3)])
    assert list(client.chat.stream_message("one", "hello")) == [
        Text("Grüße 工作区 \u2028"),
        Done(7, "Grüße 工作区 \u2028"),
    ]
