"""The gate: what it retries, how long it waits, how much it reads, and what it never tells."""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from dashboard.anythingllm import (
    AnythingLLMClient,
    ApiError,
    BrokenAnswer,
    Call,
    KeyRefused,
    NotAnythingLLM,
    Refused,
    ServerError,
    SingleUserMode,
    TimedOut,
    TooLarge,
    Unreachable,
)
from dashboard.anythingllm.http import MAX_BODY
from dashboard.anythingllm.types import loads
from tests.anythingllm.answering import PAGE, Answer, Answering, of_json
from tests.anythingllm.replaying import KEY

NOBODY = of_json({"users": [], "success": True})
CUT = Answer(cut=True)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/"])
def test_it_takes_the_address_in_any_form(server: Answering, tail: str) -> None:
    server.answer = NOBODY
    AnythingLLMClient(server.url + tail, KEY).users.list()
    AnythingLLMClient(server.url + "/team" + tail, KEY).users.list()
    assert [asked.path for asked in server.asked] == ["/api/v1/admin/users", "/team/api/v1/admin/users"]


@pytest.mark.parametrize(
    "address", ["", "localhost:3001", "ftp://x", "http://", "http://ada:secret@host", "http://x/?a=b"]
)
def test_it_refuses_an_address_that_cannot_be_one(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        AnythingLLMClient(address, KEY)


def test_it_takes_the_key_from_the_environment(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTHINGLLM_API_KEY", "from-outside")
    server.answer = NOBODY
    AnythingLLMClient(server.url).users.list()
    assert server.asked[0].headers["Authorization"] == "Bearer from-outside"


def test_it_does_not_heed_proxies_of_the_environment(client, server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.answer = NOBODY
    assert client.users.list() == []


@pytest.mark.parametrize("slug", ["", ".", ".."])
def test_it_refuses_names_that_lead_to_another_route(client, server, slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        client.workspaces.delete(slug)
    assert server.asked == []


def test_it_quotes_names(client, server) -> None:
    server.answer = Answer(200, b"OK", "text/plain; charset=utf-8")
    client.workspaces.delete("a/b?c#d é", verify=False)
    assert server.asked[0].path == "/api/v1/workspace/a%2Fb%3Fc%23d%20%C3%A9"


# -- retries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [CUT, Answer(502), Answer(503), Answer(504)], ids=["cut", "502", "503", "504"])
def test_it_asks_again_after_a_passing_trouble(client, server, trouble: Answer) -> None:
    server.also("GET", "/api/v1/admin/users", trouble, trouble, NOBODY)
    assert client.users.list() == []
    assert len(server.asked) == 3


def test_it_gives_up_after_two_retries(client, server) -> None:
    server.answer = Answer(503)
    with pytest.raises(ServerError) as caught:
        client.users.list()
    assert len(server.asked) == 3
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("trouble", [CUT, Answer(500), Answer(503)], ids=["cut", "500", "503"])
def test_it_never_repeats_a_write_and_calls_its_outcome_unknown(client, server, trouble: Answer) -> None:
    server.answer = trouble
    with pytest.raises(ApiError) as caught:
        client.users.update(1, suspended=True, verify=False)
    assert caught.value.outcome_unknown
    assert len(server.asked) == 1


def test_a_refusal_leaves_no_doubt(client, server) -> None:
    server.answer = of_json({"success": False, "error": "No valid updates applied."})
    with pytest.raises(Refused) as caught:
        client.users.update(1, suspended=True)
    assert not caught.value.outcome_unknown
    assert str(caught.value) == "No valid updates applied. [POST /v1/admin/users/{id}, status 200]"


def test_a_probe_is_made_once(client, server) -> None:
    server.answer = Answer(503)
    with pytest.raises(ServerError):
        client.system.get_health()
    assert len(server.asked) == 1


def test_it_survives_a_kept_connection_closed_meanwhile(client, server) -> None:
    server.answer = Answer(200, NOBODY.body, hang_up=True)
    for _ in range(5):
        assert client.users.list() == []
        time.sleep(0.01)


def test_it_survives_many_kept_connections_that_died_together(standin) -> None:
    client = AnythingLLMClient(standin.url, standin.api_key)
    standin.fault("latency", seconds=0.3)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: client.users.list(), range(8)))
    standin.clear_faults()
    standin.fault("stale")
    assert client.users.list()


def test_reads_share_a_connection_and_writes_get_their_own(client, server) -> None:
    server.answer = NOBODY
    for _ in range(3):
        client.users.list()
    assert server.connections == 1
    for _ in range(3):
        client.users.update(1, suspended=True, verify=False)
    assert server.connections == 4


def test_it_can_be_used_from_many_threads(server) -> None:
    client = AnythingLLMClient(server.url, KEY)
    server.answer = lambda asked: of_json({"workspace": [], "asked": asked.path})
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: client.http_client.get(f"/v1/workspace/{number}"), range(200)))
    assert [answer["asked"] for answer in answers] == [f"/api/v1/workspace/{number}" for number in range(200)]


# -- time and size -------------------------------------------------------------------------------------------------------


def test_it_says_when_nothing_was_sent(closed_port: int) -> None:
    client = AnythingLLMClient(f"http://127.0.0.1:{closed_port}", KEY)
    with pytest.raises(Unreachable) as caught:
        client.users.update(1, suspended=True)
    assert not caught.value.sent
    assert not caught.value.outcome_unknown


def test_it_waits_no_longer_than_its_budget(client, server) -> None:
    server.answer = Answer(200, pieces=[], hang=2)
    started = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        client.users.update(1, suspended=True)
    assert time.monotonic() - started < 1.9  # it takes two seconds
    assert caught.value.sent
    assert caught.value.outcome_unknown


def test_a_drip_of_bytes_does_not_keep_it_waiting(client, server) -> None:
    server.answer = Answer(200, pieces=[b"["] * 40, pause=0.05)
    started = time.monotonic()
    with pytest.raises(TimedOut):
        client.users.list()
    assert time.monotonic() - started < 1.9  # it takes two seconds


@pytest.mark.parametrize("read", [True, False], ids=["read", "write"])
def test_a_drip_of_a_head_does_not_keep_it_waiting_either(client, server, read: bool) -> None:
    server.answer = Answer(200, NOBODY.body, slow_head=0.02)  # seconds together
    started = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        client.users.list() if read else client.users.update(1, suspended=True)
    assert time.monotonic() - started < 1.9  # it takes two seconds
    assert caught.value.sent and caught.value.outcome_unknown is not read


def test_a_head_that_comes_in_pieces_is_read_whole(server) -> None:
    server.answer = Answer(200, NOBODY.body, slow_head=0.0001, headers={"X-Long": "x" * 300})
    client = AnythingLLMClient(server.url, KEY)
    for _ in range(3):
        assert client.users.list() == []
    assert server.connections == 1


def test_it_reads_no_more_than_its_cap(server) -> None:
    megabyte = b"x" * 1024 * 1024
    server.answer = Answer(200, pieces=[megabyte] * (MAX_BODY // len(megabyte) + 1))
    with pytest.raises(TooLarge):
        AnythingLLMClient(server.url, KEY).users.list()


class Endless:
    """A file too large to be held, which tells how much was read of it at once."""

    def __init__(self, size: int) -> None:
        self.size, self.place, self.largest = size, 0, 0

    def tell(self) -> int:
        return self.place

    def seek(self, place: int, whence: int = 0) -> int:
        self.place = self.size if whence else place
        return self.place

    def read(self, size: int) -> bytes:
        self.largest = max(self.largest, size)
        chunk = b"x" * min(size, self.size - self.place)
        self.place += len(chunk)
        return chunk


def test_it_reads_a_file_while_it_sends_it(client, server) -> None:
    file = Endless(3_000_000)
    server.answer = of_json({"success": True, "error": None, "documents": []})
    client.documents.upload(file_obj=file, file_name="Größe.txt", metadata={"title": "T"}, folder_name="a b")
    body = server.asked[0].body
    assert int(server.asked[0].headers["Content-Length"]) == len(body)
    assert body.count(b"x") >= 3_000_000
    assert 'name="file"; filename="Größe.txt"'.encode() in body
    assert 0 < file.largest <= 65536


# -- what is no answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PAGE, NotAnythingLLM),
        (Answer(302, headers={"Location": "http://127.0.0.1:9/"}), NotAnythingLLM),
        (Answer(403, b"<html>firewall</html>", "text/html"), NotAnythingLLM),
        (Answer(200, b'{"users": ['), BrokenAnswer),
        (Answer(200, b""), BrokenAnswer),
        (Answer(200, b'{"users": "\xff\xfe"}'), BrokenAnswer),
        (Answer(200, b"[" * 100_000), BrokenAnswer),
        (Answer(200, b"{}", "application/xml"), BrokenAnswer),
        (Answer(200, b"{}", None), BrokenAnswer),
        (of_json([]), BrokenAnswer),
        (of_json({"users": {}}), BrokenAnswer),
        (of_json({"users": [None]}), BrokenAnswer),
        (of_json({"users": [{"id": "1"}]}), BrokenAnswer),
        (Answer(500, b"<html>oops</html>", "text/html"), ServerError),
        (Answer(500, b"", None), ServerError),
        (of_json({"error": "Internal server error"}, 500), ServerError),
        (of_json({"error": "Unauthorized"}, 401), Refused),
        (Answer(401, b"Unauthorized", "text/plain; charset=utf-8"), SingleUserMode),
        (Answer(429, b"Too Many Requests", "text/plain"), Refused),
        (Answer(413, b"", "text/html"), TooLarge),
    ],
)
def test_it_tells_broken_answers_apart(client, server, answer: Answer, error: type[ApiError]) -> None:
    server.answer = answer
    with pytest.raises(error) as caught:
        client.users.list()
    assert type(caught.value) is error
    assert (caught.value.method, caught.value.route) == ("GET", "/v1/admin/users")


def test_it_does_not_follow_a_redirect(client, server) -> None:
    server.answer = Answer(302, headers={"Location": server.url + "/api/elsewhere"})
    with pytest.raises(NotAnythingLLM):
        client.users.list()
    assert [asked.path for asked in server.asked] == ["/api/v1/admin/users"]


def test_it_names_what_is_missing(client, server) -> None:
    server.answer = of_json({"users": [{"id": 1, "username": "ada", "role": "admin"}]})
    with pytest.raises(BrokenAnswer, match="'suspended' is missing"):
        client.users.list()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("id", "1", "'id' is not a whole number"),
        ("id", True, "'id' is not a whole number"),
        ("id", -5, "'id' is below 0"),
        ("username", None, "'username' is not a text"),
        ("createdAt", "yesterday", "'createdAt' is not a time"),
    ],
)
def test_it_names_what_is_of_the_wrong_type(client, server, key: str, value: object, problem: str) -> None:
    user = {"id": 1, "username": "ada", "role": "admin", "suspended": 0, "createdAt": "2026-11-21T01:25:45.162Z"}
    server.answer = of_json({"users": [user]})
    assert client.users.list()[0].username == "ada"
    server.answer = of_json({"users": [user | {key: value}]})
    with pytest.raises(BrokenAnswer, match=problem):
        client.users.list()


@pytest.mark.parametrize("status", [200, 400, 500])
def test_it_never_passes_on_database_text(client, server, status: int) -> None:
    text = "\nInvalid `prisma.users.create()` invocation:\n\n\nOperation has timed out"
    server.answer = of_json({"user": None, "error": text}, status)
    with pytest.raises(ServerError) as caught:
        client.users.create("sam", "Sam-pass-12345")
    assert "prisma" not in f"{caught.value!r} {caught.value.details}"


# -- the key -------------------------------------------------------------------------------------------------------------


def test_it_tells_the_key_to_nobody_but_the_instance(closed_port, client, server, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    dead = AnythingLLMClient(f"http://127.0.0.1:{closed_port}", KEY)
    told = [repr(client), repr(client.http_client), repr(dead), str(vars(client.http_client))]
    for broken, answer in [(dead, CUT), (client, CUT), (client, Answer(200, pieces=[], hang=1)), (client, Answer(403))]:
        server.answer = answer
        for call in (broken.users.list, lambda which=broken: which.users.suspend(1)):
            with pytest.raises(ApiError) as caught:
                call()
            told += traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    told += caplog.messages
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in "".join(told)


def test_a_refusal_that_quotes_the_address_of_an_invite_is_passed_on_without_its_code(client, server) -> None:
    server.answer = lambda asked: of_json({"error": f"Cannot {asked.method} {asked.path}"}, 400)
    with pytest.raises(Refused, match="Cannot POST /api/invite/… ") as caught:
        client.invites.accept("N3V3R-T0LD-T0-ANYB0DY", "sam", "Sam-pass-12345")
    assert "N3V3R-T0LD" not in repr(caught.value)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("as_text", [True, False], ids=["text", "JSON"])
def test_a_refusal_that_quotes_the_request_is_passed_on_without_key_and_password(
    client, server, status: int, as_text: bool
) -> None:
    password = 'Grün & "quoted", 100% \\ new'

    def quoted(asked):
        words = f"No: {asked.headers['Authorization']} {asked.body.decode()} {quote(password, safe='')} {password}"
        if as_text:
            return Answer(status, words.encode(), "text/plain; charset=utf-8")
        return of_json({"success": False, "error": words, "sent": [{"password": asked.json["password"]}]}, status)

    server.answer = quoted
    with pytest.raises(ApiError) as caught:
        client.users.update(3, password=password)
    told = f"{caught.value} {caught.value!r} {caught.value.details} {vars(caught.value)}"
    for form in (KEY, password, password[:12], quote(password)[:12], json.dumps(password)[1:13]):
        assert form not in told
    assert as_text or "No: Bearer …" in caught.value.message


def test_it_keeps_the_key_from_public_routes(client, server) -> None:
    server.answer = of_json({"online": True})
    client.system.get_health()
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_it_refuses_a_key_that_is_none_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        AnythingLLMClient("http://localhost:3001", key)
    assert key not in str(caught.value)


def test_it_can_check_another_key(client, server) -> None:
    server.answer = lambda asked: (
        of_json({"authenticated": True})
        if asked.headers["Authorization"] == "Bearer other"
        else of_json({"error": "No valid api key found."}, 403)
    )
    assert client.auth.validate_token("other")
    assert not client.auth.validate_token()


# -- observers -----------------------------------------------------------------------------------------------------------


def test_observers_hear_of_every_call(server) -> None:
    heard: list[Call] = []
    client = AnythingLLMClient(server.url, KEY, on_call=heard.append)
    server.answer = NOBODY
    client.users.list()
    server.answer = of_json({"error": "No valid api key found."}, 403)
    with pytest.raises(KeyRefused):
        client.workspaces.get("one")
    assert [(call.method, call.route, call.status, call.error) for call in heard] == [
        ("GET", "/v1/admin/users", 200, None),
        ("GET", "/v1/workspace/{slug}", 403, "KeyRefused"),
    ]
    assert all(0 < call.seconds < 1 for call in heard)


def test_a_circuit_breaker_can_stand_before_it(server) -> None:
    def closed() -> None:
        raise Unreachable("Not now.", sent=False)

    with pytest.raises(Unreachable, match="Not now"):
        AnythingLLMClient(server.url, KEY, before_call=closed).users.list()
    assert server.asked == []


def test_half_a_character_does_not_come_through(server: Answering) -> None:
    """JavaScript writes an emoji that it has cut as an escape alone, also in the JSON inside the log's lines."""
    line = {
        "id": 1,
        "workspaceId": 1,
        "prompt": "cut \ud83d here",
        "response": json.dumps({"text": "and \ude00 there, \U0001f600 whole"}),
        "createdAt": "2026-11-21T08:00:00.000Z",
    }
    server.answer = of_json({"chats": [line], "hasPages": False})
    (record,) = AnythingLLMClient(server.url, KEY).admin.chat_log().records
    assert (record.prompt, record.text) == ("cut ? here", "and ? there, \U0001f600 whole")


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\uD83D", b"\\uDe00", b"\xed\xa0\xbd"])
def test_half_a_character_in_any_spelling_can_be_sent_on(half: bytes) -> None:
    text = loads(b'{"name": "cut ' + half + b' here, \xed\x95\x9c, \\ud83d\\ude00 whole"}')["name"]
    assert text.encode()
    assert text.endswith(" here, 한, \U0001f600 whole")
