"""What an error of the line to the instance says of itself, however it is printed: nothing of what was sent."""

from __future__ import annotations

import traceback

import pytest

from dashboard import instance
from dashboard.anythingllm import AnythingLLMClient, ApiError
from dashboard.sandbox.faults import KINDS
from tests.secrets.planted import Planted

SLOW = {"stall", "drip", "headers", "latency", "long"}  # they end like others, only later
PASSWORD = 'Pl4nted "word" & more'
CODE = "PL4NTED-INVITE-CODE"
CALLS = {
    "login": lambda client: client.auth.login("sam", PASSWORD),
    "create": lambda client: client.users.create("zora", PASSWORD),
    "password": lambda client: client.users.update(3, password=PASSWORD),
    "accept": lambda client: client.invites.accept(CODE, "zora", PASSWORD),
    "token": lambda client: client.users.login_token(3),
    "list": lambda client: client.users.list(),
}


def chain(error: BaseException | None) -> list[BaseException]:
    """With all that led to it."""
    return [error, *chain(error.__cause__ or error.__context__)] if error else []


@pytest.mark.parametrize("kind", sorted(KINDS - SLOW))
def test_no_error_and_no_answer_shows_what_was_sent_when_it_is_printed(kind, standin, caplog):
    caplog.set_level("DEBUG")
    planted = Planted(API_key=standin.api_key, password=PASSWORD, code=CODE, token_of_a_page="eyJhbGciOiJI")
    standin.fault(kind)
    for call in CALLS.values():
        client = AnythingLLMClient(standin.url, standin.api_key)
        try:
            said = [repr(call(client))]
        except ApiError as error:
            said = [f"{one} {one!r} {vars(one)}" for one in chain(error)] + traceback.format_exception(error)
        assert planted.found_in(repr(client), repr(vars(client.http_client)), *said, caplog.text) == set()
        client.close()
    instance.hang_up()
