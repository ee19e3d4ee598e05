"""The answer to an upload, read without holding its text."""

from __future__ import annotations

import json
import tracemalloc
from io import BytesIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.anythingllm.echo import LongStringsEmptied
from tests.anythingllm.answering import Answer

LONGEST = 20
PIECES = st.sampled_from(['"', "\\", "\n", "\x00", "ü", "😀", "plain", "\\u00e4", "{", "a long text, with words"])
VALUES = st.recursive(
    st.none() | st.integers() | st.lists(PIECES, max_size=4).map("".join),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PIECES, inner, max_size=3),
    max_leaves=6,
)


def emptied(value: Any, ensure_ascii: bool) -> Any:
    if isinstance(value, str):
        size = len(json.dumps(value, ensure_ascii=ensure_ascii).encode()) - 2
        return value if size <= LONGEST else ""
    if isinstance(value, list):
        return [emptied(item, ensure_ascii) for item in value]
    if isinstance(value, dict):
        return {emptied(key, ensure_ascii): emptied(item, ensure_ascii) for key, item in value.items()}
    return value


@given(VALUES, st.booleans(), st.integers(1, 50))
def test_it_empties_long_strings_and_nothing_else_however_it_comes(value: Any, ensure_ascii: bool, size: int) -> None:
    body = json.dumps(value, ensure_ascii=ensure_ascii).encode()
    short = LongStringsEmptied(LONGEST)
    out = b"".join(short.feed(body[at : at + size]) for at in range(0, len(body), size))
    assert json.loads(out) == emptied(value, ensure_ascii)


def test_an_upload_whose_text_is_longer_than_any_answer_may_be_is_read_with_little_memory(client, server) -> None:
    document = {"id": "1", "name": "big.txt-1.json", "location": "custom-documents/big.txt-1.json", "title": "big.txt"}
    head = json.dumps({"success": True, "error": None, "documents": [document]}).encode()[:-3]
    text = [b"All of it is read. \\n" * 50_000] * 30  # 30 MB
    server.answer = Answer(200, pieces=[head, b', "pageContent": "', *text, b'"}]}'])
    tracemalloc.start()
    (kept,) = client.documents.upload(None, BytesIO(b"big"), file_name="big.txt")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (kept.path, kept.title, kept.text) == ("custom-documents/big.txt-1.json", "big.txt", "")
    assert most < 4_000_000
