"""The whole developer API can be reached."""

from __future__ import annotations

import re

import pytest

from dashboard.anythingllm import AnythingLLMClient, ApiError, BrokenAnswer, KeyRefused, NotAnythingLLM, NotFound
from tests.anythingllm.answering import Answering, of_json
from tests.anythingllm.exchanges import PUBLIC, operations
from tests.anythingllm.operations import OPERATIONS
from tests.anythingllm.replaying import KEY

REFUSAL = of_json({"error": "No valid api key found."}, 403)
MEMBERS = of_json({"users": [{"userId": 1, "username": "ada", "role": "default"}]})


def test_it_has_a_call_for_each_of_the_63_operations() -> None:
    assert len(operations()) == 63
    assert set(OPERATIONS) == set(operations())


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_it_reaches(operation: tuple[str, str], server: Answering) -> None:
    method, route = operation
    server.answer = REFUSAL
    if route.endswith(("manage-users", "update-users")):
        server.also("GET", "/api/v1/admin/workspaces/1/users", MEMBERS)
    heard = []
    client = AnythingLLMClient(server.url, KEY, on_call=heard.append)
    with pytest.raises(KeyRefused) as caught:
        OPERATIONS[operation](client)
    asked = server.asked[-1]
    assert (asked.method, caught.value.method, heard[-1].method) == (method, method, method)
    assert caught.value.route == heard[-1].route == route
    assert re.fullmatch("/api" + re.sub(r"\{\w+\}", "[^/]+", route), asked.path)
    assert asked.headers["Authorization"] == f"Bearer {KEY}"


SHAPES = [
    None,
    5,
    "text",
    [],
    {},
    [None],
    {"success": None},
    {"users": 5, "workspaces": 5, "workspace": 5, "documents": 5, "history": 5, "chats": 5, "data": 5, "invite": 5},
    {"users": [5], "workspaces": [5], "workspace": [5], "documents": [5], "history": [5], "chats": [5], "data": [5]},
    {
        "invites": [{}],
        "embeds": [None],
        "choices": [],
        "localFiles": {"items": [5]},
        "user": 5,
        "thread": 5,
        "embed": 5,
    },
]


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_no_shape_of_an_answer_is_taken_for_a_good_one(operation: tuple[str, str], server: Answering) -> None:
    if operation[1] in ("/v1/system/export-chats", "/v1/document/generated-files/{filename}", "/v1/auth"):
        return  # Files and the bare gate take what comes.
    client = AnythingLLMClient(server.url, KEY)
    for shape in SHAPES:
        server.clear()
        server.answer = of_json(shape)
        if operation[1].endswith(("manage-users", "update-users")):
            server.also("GET", "/api/v1/admin/workspaces/1/users", MEMBERS)
        with pytest.raises(ApiError) as caught:
            OPERATIONS[operation](client)
        assert isinstance(caught.value, (BrokenAnswer, NotFound, NotAnythingLLM)), shape


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        (PUBLIC[0], lambda c: c.system.get_health()),
        (PUBLIC[1], lambda c: c.auth.check_setup()),
        (PUBLIC[2], lambda c: c.system.multi_user_mode()),
        (PUBLIC[3], lambda c: c.system.metrics()),
        (PUBLIC[4], lambda c: c.auth.login("ada", "secret")),
        (PUBLIC[5], lambda c: c.invites.read("CODE")),
        (PUBLIC[6], lambda c: c.invites.accept("CODE", "sam", "Sam-pass-12345")),
    ],
    ids=[" ".join(operation) for operation in PUBLIC],
)
def test_it_asks_publicly(operation: tuple[str, str], ask, server: Answering) -> None:
    server.answer = REFUSAL
    with pytest.raises(KeyRefused) as caught:
        ask(AnythingLLMClient(server.url, KEY))
    assert (caught.value.method, caught.value.route) == operation
    assert "Authorization" not in server.asked[-1].headers
