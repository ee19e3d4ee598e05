"""Recorded streams, cut at every single byte: nothing is ever called whole whose last event was not."""

from __future__ import annotations

import json
from copy import copy

import pytest

from dashboard.anythingllm.sse import ChatReader, CompletionReader, Done, Failed, Replace, Text
from tests.anythingllm.exchanges import Recording, recordings

STREAMS = [
    row for row in recordings() if row.events and row.route.endswith("stream-chat") and "/embed/" not in row.route
]
COMPLETIONS = [row for row in recordings() if row.events and row.route.endswith("completions")]


def last_event(body: bytes) -> tuple[int, type | None]:
    """How many bytes it takes until the stream has said its last word, and what that is; found without the reader."""
    place, found = 0, []
    for event in body.split(b"\n\n")[:-1]:
        place += len(event) + 2
        message = json.loads(event.removeprefix(b"data: "))
        found.append(message.get("type"))
        choices = message.get("choices") or [{}]
        if (
            message.get("error")
            or message.get("type") == "abort"
            or (choices[0].get("delta") or {}).get("content", "") is None
        ):
            return place, Failed
        if message.get("type") == "finalizeResponseStream" or choices[0].get("finish_reason"):
            return place, Done
    # A refusal stands alone, and nothing but the end tells that it was all.
    return (place, Done) if found == ["textResponse"] else (len(body) + 1, None)


def text_of(events: list) -> str:
    shown = ""
    for event in events:
        if isinstance(event, Replace):
            shown = event.text
        if isinstance(event, Text):
            shown += event.delta
    return shown


@pytest.mark.parametrize("row", STREAMS + COMPLETIONS, ids=lambda row: row.name)
def test_a_stream_cut_at_any_byte_is_whole_only_after_its_last_event(row: Recording) -> None:
    body = row.answer.encode()
    enough, kind = last_event(body)
    whole = ChatReader() if row in STREAMS else CompletionReader()
    answer = text_of(whole.feed(body) + whole.end())
    reader, came = type(whole)(), []
    for place in range(len(body) + 1):
        came += reader.feed(body[place - 1 : place]) if place else []
        for broken in (True, False):  # as a line that breaks, and politely, as a proxy ends it
            cut = copy(reader)
            events = came + (cut.fail("interrupted") if broken else cut.end())
            ends = [event for event in events if isinstance(event, Done | Failed)]
            assert len(ends) == 1 and events[-1] is ends[0], place
            assert answer.startswith(text_of(events)), place
            if place < enough:
                assert ends == [Failed("interrupted")], place
            elif kind is Failed:
                assert isinstance(ends[0], Failed), place
            elif not broken:
                assert isinstance(ends[0], Done) and ends[0].text == answer, place


def test_they_are_all_kinds_of_streams(figure) -> None:
    names = {row.name for row in STREAMS}
    assert {
        "workspace_stream_chat__mode_chat_no_sources",
        "workspace_stream_chat__at_agent",
        "thread_stream_chat__ok",
    } <= names
    kinds = [last_event(row.answer.encode())[1] for row in STREAMS]
    assert {Done, Failed, None} == set(kinds)
    offsets = sum(len(row.answer.encode()) + 1 for row in STREAMS + COMPLETIONS)
    figure("cuts: recorded streams x every byte x how it ends", f"{len(STREAMS + COMPLETIONS)}: {2 * offsets} cuts")
