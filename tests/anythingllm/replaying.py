"""Plays a recorded answer to the client, and checks that the client asked as recorded."""

from __future__ import annotations

import json
import re

from dashboard.anythingllm import AnythingLLMClient, Budget, Kind
from tests.anythingllm.answering import Answer, Answering
from tests.anythingllm.exchanges import ADDED, DRIVERS, Recording, through_the_gate
from tests.anythingllm.operations import OPERATIONS

KEY = "the-very-secret-key"


def answer_of(row: Recording) -> Answer:
    headers = (
        {"Content-Disposition": row.headers["content-disposition"]} if "content-disposition" in row.headers else {}
    )
    if row.answer is None or row.answer == "":
        body = b""
    elif isinstance(row.answer, dict) and "binary_bytes" in row.answer:
        body = bytes.fromhex(row.answer["head_hex"]).ljust(row.answer["binary_bytes"], b"\0")
    elif isinstance(row.answer, str) and "json" not in (row.content_type or "").replace("jsonl", ""):
        body = row.answer.encode()
    else:
        body = json.dumps(row.answer).encode()
    if row.headers.get("transfer-encoding") != "chunked":
        return Answer(row.status, body, row.content_type, headers)
    # One event, one piece, as the instance sends them; where the recorder gave up waiting, the server stays silent.
    pieces = [piece + b"\n\n" for piece in body.split(b"\n\n") if piece]
    return Answer(row.status, b"", row.content_type, headers, pieces, hang=0.6 if row.transport_error else 0)


def refuses_key(row: Recording) -> bool:
    return row.status == 403 and row.answer == {"error": "No valid api key found."} and row.path.startswith("/api/v1/")


def make_exchange(row: Recording, server: Answering) -> None:
    """Lets the client make this exchange; raises what the client raises."""
    server.clear()
    server.answer = answer_of(row)
    client = AnythingLLMClient(server.url, KEY, budgets={Kind.STREAM: Budget(1, 0.2 if row.transport_error else 5)})
    try:
        if refuses_key(row):
            OPERATIONS[(row.method, row.route)](client)
        else:
            DRIVERS.get((row.method, row.route), through_the_gate)(client, row, server)
    finally:
        client.close()
        asked_as_recorded(row, server)


def asked_as_recorded(row: Recording, server: Answering) -> None:
    if refuses_key(row):
        pattern = "/api" + re.sub(r"\{\w+\}", "[^/]+", row.route)
        assert any(asked.method == row.method and re.fullmatch(pattern, asked.path) for asked in server.asked)
        return
    recorded = [asked for asked in server.asked if (asked.method, asked.path) == (row.method, row.path)]
    assert recorded, [(asked.method, asked.path) for asked in server.asked]
    asked = recorded[0]
    assert row.query.items() <= asked.query.items()
    if not row.path.startswith("/api/v1/"):
        assert "Authorization" not in asked.headers
    if isinstance(row.body, dict) and "multipart" in row.body:
        (field,) = row.body["multipart"]["files"]
        assert f'name="{field}"'.encode() in asked.body
        for name, value in row.body["multipart"]["fields"].items():
            assert f'name="{name}"\r\n\r\n{value}'.replace(" ", "") in asked.body.decode("latin-1").replace(" ", "")
        return
    assert (asked.json or {}) == {**ADDED.get(row.route, {}), **(row.body or {})}
