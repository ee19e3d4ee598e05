"""Who may not hear an answer any more hears no more of it, and it is soon noticed: for all open streams at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard import instance
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import User
from dashboard.chat import turns
from dashboard.chat.hearing import Hearing
from dashboard.chat.models import Mode
from dashboard.relay import app
from dashboard.users import services as users
from tests.conftest import operator, signed_in
from tests.relay.conftest import QUESTION, WORKSPACE, Asked, Foyer, Listening
from tests.relay.test_door import all_sessions_ended, expired, password_changed, signed_out, switched_off

SLOWLY = 10  # words a second


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch, standin) -> None:
    monkeypatch.setattr(app, "LOOK_EVERY", 0.1)
    standin.configure(pace=SLOWLY)


def ends(browser: Listening) -> None:
    browser.to_the_end()
    assert browser.names[-2:] == ["failed", "done"] and browser.done["state"] == "interrupted"
    assert "no longer signed in or no longer have access" in browser.sentence
    assert len(browser.text.split()) < 40, "it was not whole"


@pytest.mark.parametrize("end", [signed_out, all_sessions_ended, expired, switched_off, password_changed])
def test_it_ends_with_the_session(end, ask):
    asked = ask()
    browser = asked.listen()
    browser.wait_for("chunk")
    end(asked.session)
    ends(browser)
    assert asked.state == "interrupted" and asked.turn.words in browser.text and asked.turn.words


class Member:
    """Somebody with an account who may open the workspace by being its member, and asks it."""

    def __init__(self, standin: Any, foyer: Foyer, ada: Operator) -> None:
        self.standin, self.foyer, self.ada = standin, foyer, ada
        new = {"username": "newcomer", "password": standin.password, "role": "default"}
        self.id = standin.post("/v1/admin/users/new", new)["user"]["id"]
        standin.post(f"/v1/admin/workspaces/{WORKSPACE}/manage-users", {"userIds": [self.id], "reset": False})
        instance.hang_up()
        self.room = next(w for w in instance.workspaces().value if w.slug == WORKSPACE)
        self.operator = accounts.operator_of(self.account)
        self.client: Client = signed_in(self.operator)

    @property
    def account(self) -> User:
        return next(user for user in instance.users(max_age=0).value if user.id == self.id)

    def ask(self) -> Asked:
        thread = self.standin.post(f"/v1/workspace/{WORKSPACE}/thread/new", {"name": "Mine", "userId": self.id})
        where = {"workspace_id": self.room.id, "workspace_slug": WORKSPACE, "thread_slug": thread["thread"]["slug"]}
        turn = turns.open_turn(actor=self.operator, text=QUESTION, mode=Mode.CHAT, user_id=self.id, **where)
        return Asked(self.foyer, turn, self.client.cookies[settings.SESSION_COOKIE_NAME].value)


@pytest.fixture
def member(standin, foyer, ada) -> Member:
    return Member(standin, foyer, ada)


def suspended(member: Member) -> None:
    users.suspend(actor=member.ada, user_id=member.id)


def deleted(member: Member) -> None:
    users.delete(actor=member.ada, user_id=member.id)


def taken_out(member: Member) -> None:
    room = {"workspace_id": member.room.id, "workspace_name": member.room.name}
    access.change_members(actor=member.ada, steps=[access.Step(member.id, "newcomer", give=False)], **room)


@pytest.mark.parametrize("lose", [suspended, deleted, taken_out])
def test_it_ends_with_the_account_and_with_access(lose, member):
    browser = member.ask().listen()
    browser.wait_for("chunk")
    lose(member)
    ends(browser)


def test_a_local_operator_hears_no_more_of_a_workspace_taken_from_their_list(foyer, standin):
    limited = operator("manager", "lim")
    limited.looks_after.create(workspace_id=1)
    client = signed_in(limited)
    where = {"workspace_id": 1, "workspace_slug": WORKSPACE, "session_id": "s"}
    turn = turns.open_turn(actor=limited, text=QUESTION, mode=Mode.CHAT, **where)
    browser = Asked(foyer, turn, client.cookies[settings.SESSION_COOKIE_NAME].value).listen()
    browser.wait_for("chunk")
    limited.looks_after.update(workspace_id=2)
    ends(browser)


def joined(member: Member) -> None:
    room = {"workspace_id": member.room.id, "workspace_name": member.room.name}
    ada = next(user for user in instance.users().value if user.username == "sam")
    access.change_members(actor=member.ada, steps=[access.Step(ada.id, "sam", give=True)], **room)


def down(member: Member) -> None:
    member.standin.fault("down", path="/v1/admin/users$")
    instance.forget("users")


def other_sessions_end(member: Member) -> None:
    signed_out(signed_in(member.operator).cookies[settings.SESSION_COOKIE_NAME].value)


@pytest.mark.parametrize("happens", [joined, down, other_sessions_end])
def test_others_go_on(happens, member):
    browser = member.ask().listen()
    browser.wait_for("chunk")
    happens(member)
    browser.to_the_end()
    assert browser.done["state"] == "done"


def test_a_look_at_many_streams_takes_no_more_queries_than_at_one(member, django_assert_num_queries):
    def look(asked: list[Asked]) -> int:
        tickets = [turns.read(one.ticket, one.session) for one in asked]
        instance.users()
        with CaptureQueriesContext(turns.connection) as queries:
            assert Hearing().lost(tickets) == set()
        return len(queries)

    assert look([member.ask() for _ in range(10)]) == look([member.ask()]) <= 4
