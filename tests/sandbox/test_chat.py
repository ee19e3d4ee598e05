import json
import time

import pytest
import requests

from dashboard.sandbox.testing import Sandbox

from .conftest import Ask

SUPPORT = "/v1/workspace/customer-support"


def stream(ask: Ask, path: str, **body: object) -> list[dict]:
    answer = ask("POST", path, json=body)
    assert answer.headers["content-type"] == "text/event-stream"
    return [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]


def kinds(events: list[dict]) -> list[str]:
    names = [event["type"] for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def history(ask: Ask, path: str = SUPPORT, **query: object) -> list[dict]:
    return ask("GET", f"{path}/chats", params=query).json()["history"]


def test_an_answer_quotes_the_document_it_cites(ask: Ask) -> None:
    told = ask(
        "POST",
        f"{SUPPORT}/chat",
        json={"message": "What is the factory setting of the Modbus address?", "mode": "query"},
    ).json()
    assert "frequent-questions.md" in {source["title"] for source in told["sources"]}
    assert "17" in told["textResponse"]


def test_a_stream_closes_twice_and_cites_in_the_end(ask: Ask) -> None:
    events = stream(ask, f"{SUPPORT}/stream-chat", message="How do I calibrate a pressure sensor?", mode="chat")
    assert kinds(events) == ["textResponseChunk", "finalizeResponseStream"]
    assert [event["close"] for event in events].count(True) == 2
    text = "".join(event["textResponse"] for event in events[:-1])
    (question, answer) = history(ask, orderBy="desc", limit=1)
    assert (answer["content"], answer["chatId"], question["chatId"]) == (
        text,
        events[-1]["chatId"],
        events[-1]["chatId"],
    )
    assert events[-1]["sources"]


def test_query_mode_refuses_with_one_event(ask: Ask) -> None:
    (event,) = stream(ask, "/v1/workspace/finance/stream-chat", message="zzz qqq", mode="query")
    assert (event["type"], event["textResponse"]) == (
        "textResponse",
        "There is nothing about this in the finance documents.",
    )


def test_an_agent_says_everything_three_times(ask: Ask) -> None:
    events = stream(ask, f"{SUPPORT}/stream-chat", message="@agent hello there", mode="chat")
    assert kinds(events) == ["textResponseChunk", "usageMetrics", "textResponse", "finalizeResponseStream"]
    pieces = "".join(event["textResponse"] for event in events if event["type"] == "textResponseChunk")
    assert pieces == events[-2]["textResponse"] == events[-1]["textResponse"]
    assert "chatId" not in events[-1]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("ERROR500", ["abort"]),
        ("EMBEDFAIL", ["abort"]),
        ("MIDFAIL please", ["textResponseChunk", "abort", "finalizeResponseStream"]),
        ("MIDERR please", ["textResponseChunk", "abort", "finalizeResponseStream"]),
        ("SLOW please", ["textResponseChunk", "finalizeResponseStream"]),
    ],
)
def test_trap_words_fail_as_the_real_model_did(ask: Ask, message: str, expected: list[str]) -> None:
    assert kinds(stream(ask, f"{SUPPORT}/stream-chat", message=message, mode="chat")) == expected


def test_a_model_that_hangs_keeps_the_stream_open(sandbox: Sandbox, ask: Ask) -> None:
    answer = ask("POST", f"{SUPPORT}/stream-chat", json={"message": "HANG", "mode": "chat"}, stream=True, timeout=0.5)
    with pytest.raises(requests.ConnectionError):
        answer.content  # noqa: B018
    answer.close()
    assert _soon(lambda: history(ask, orderBy="desc", limit=1)[0]["content"] == "HANG")


def test_leaving_keeps_what_was_said(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(pace=50)
    answer = ask(
        "POST", f"{SUPPORT}/stream-chat", json={"message": "How long is the warranty?", "mode": "chat"}, stream=True
    )
    next(answer.iter_content(200))
    answer.close()
    assert _soon(lambda: history(ask, orderBy="desc", limit=1)[0]["content"] == "How long is the warranty?")
    assert history(ask, orderBy="desc", limit=1)[1]["content"]


def _soon(true: object) -> bool:
    for _ in range(100):
        if true():
            return True
        time.sleep(0.02)
    return False


def test_resetting_a_workspace_hides_everybodys_history(ask: Ask) -> None:
    assert history(ask)
    ask("POST", f"{SUPPORT}/chat", json={"reset": True})
    assert history(ask) == []
    threads = ask("GET", SUPPORT).json()["workspace"][0]["threads"]
    assert threads
    assert all(history(ask, f"{SUPPORT}/thread/{thread['slug']}") == [] for thread in threads)


def test_a_limit_gives_the_oldest(ask: Ask) -> None:
    everything = history(ask)
    assert history(ask, limit=1) == everything[:2]
    assert history(ask, limit=1, orderBy="desc") == everything[-2:]
    assert history(ask, limit="abc") == []


def test_a_thread_belongs_to_nobody_it_is_asked_for(ask: Ask) -> None:
    thread = ask("POST", f"{SUPPORT}/thread/new", json={"userId": 3, "name": "Mine", "slug": "Mine / Ü"}).json()[
        "thread"
    ]
    assert (thread["slug"], thread["user_id"]) == ("Mine-U", 3)
    told = ask(
        "POST", f"{SUPPORT}/thread/Mine-U/chat", json={"message": "hello", "mode": "chat", "userId": 99999}
    ).json()
    assert told["error"] is None
    assert len(history(ask, f"{SUPPORT}/thread/Mine-U")) == 2
    duplicate = ask("POST", "/v1/workspace/finance/thread/new", json={"slug": "Mine-U"}).json()
    assert duplicate["message"].endswith("Unique constraint failed on the fields: (`slug`)")
    unknown = ask("POST", f"{SUPPORT}/thread/new", json={"userId": 99999}).json()
    assert unknown["thread"] is None


def test_an_unknown_workspace_is_refused_in_five_ways(ask: Ask) -> None:
    body = {"message": "hi", "mode": "chat", "query": "x", "userIds": [2], "docPath": "x"}
    statuses = {
        path: ask("POST", f"/v1/workspace/nope/{path}", json=body).status_code
        for path in (
            "chat",
            "stream-chat",
            "vector-search",
            "update",
            "update-pin",
            "thread/x/chat",
            "thread/x/stream-chat",
        )
    }
    assert list(statuses.values()) == [400, 400, 400, 400, 500, 404, 200]


def test_the_log_goes_back_three_months_and_has_pages(ask: Ask) -> None:
    first = ask("POST", "/v1/admin/workspace-chats", json={"offset": 0}).json()
    assert (len(first["chats"]), first["hasPages"]) == (20, True)
    days = {
        chat["createdAt"][:10]
        for page in range(17)
        for chat in ask("POST", "/v1/admin/workspace-chats", json={"offset": page}).json()["chats"]
    }
    assert len(days) > 50
    assert ask("POST", "/v1/admin/workspace-chats", json={"offset": "3"}).json()["hasPages"] is False  # "3" + 1 is 31


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("json", "application/json"),
        ("csv", "text/csv"),
        ("jsonl", "application/jsonl"),
        ("jsonAlpaca", "application/json"),
    ],
)
def test_the_log_can_be_exported(ask: Ask, kind: str, content_type: str) -> None:
    answer = ask("GET", "/v1/system/export-chats", params={"type": kind})
    assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert "Modbus" in answer.text


def test_openai_clients_are_served(ask: Ask) -> None:
    body = {
        "model": "customer-support",
        "messages": [{"role": "user", "content": "How long is the warranty of the L series?"}],
    }
    told = ask("POST", "/v1/openai/chat/completions", json=body).json()
    assert "thirty-six months" in told["choices"][0]["message"]["content"]
    lines = [
        line
        for line in ask("POST", "/v1/openai/chat/completions", json={**body, "stream": True}).text.split("\n\n")
        if line
    ]
    assert "[DONE]" not in lines[-1]
    assert json.loads(lines[-1][6:])["choices"][0]["finish_reason"] == "stop"
    assert ask("POST", "/v1/openai/chat/completions", json={**body, "model": "nope"}).status_code == 401


def test_an_embed_widget_answers_without_a_key(sandbox: Sandbox, ask: Ask) -> None:
    fields = {"workspace_slug": "customer-support", "chat_mode": "chat", "allowlist_domains": "shop.example"}
    embed = ask("POST", "/v1/embed/new", json=fields).json()["embed"]
    assert embed["allowlist_domains"] == '["https://shop.example"]'
    url = f"{sandbox.url}/api/embed/{embed['uuid']}/stream-chat"
    question = {"message": "How long is the warranty?", "sessionId": "a-session"}
    assert (
        requests.post(url, json=question, headers={"Origin": "https://elsewhere.example"}, timeout=5).status_code == 401
    )
    assert "warranty" in requests.post(url, json=question, headers={"Origin": "https://shop.example"}, timeout=5).text
    assert len(ask("GET", f"/v1/embed/{embed['uuid']}/chats/a-session").json()["chats"]) == 1
