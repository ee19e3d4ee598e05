"""GET /stream/<ticket>/ opens for one browser, once, within a minute; whatever else comes finds nothing there."""

from __future__ import annotations

import http.client
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.utils import timezone

from dashboard.accounts.models import Operator
from dashboard.accounts.services import end_sessions
from dashboard.chat import turns
from dashboard.chat.models import Turn
from tests.conftest import operator, signed_in


def asked_of(standin) -> int:
    return sum("stream-chat" in request["path"] for request in standin.state()["requests"])


def test_a_ticket_asks_once_and_a_second_time_says_how_it_went(ask, standin):
    asked = ask()
    first = asked.listen().to_the_end()
    again = asked.listen().to_the_end()
    assert again.status == 200
    assert again.events == [("done", first.done)]
    assert asked_of(standin) == 1


def test_of_two_that_come_together_one_asks(ask, standin):
    standin.configure(pace=50)
    asked = ask()
    one, other = asked.listen(), asked.listen()
    told = sorted([one.to_the_end().names, other.to_the_end().names], key=len)
    assert told == [["done"], ["chunk", "sources", "done"]]
    assert {"taken", "done"} == {one.done["state"], other.done["state"]}
    assert asked_of(standin) == 1


def test_an_old_ticket_asks_nothing_and_says_that_nothing_was_asked(ask, standin, monkeypatch):
    asked = ask()
    monkeypatch.setattr(turns, "TICKET_LIFE", timedelta(seconds=-1))
    browser = asked.listen().to_the_end()
    assert (browser.status, browser.events) == (200, [("done", {"state": "waiting", "chat_id": None})])
    assert asked_of(standin) == 0


def signed_out(session: str) -> None:
    SessionStore(session).delete()


def all_sessions_ended(_session: str) -> None:
    end_sessions(Operator.objects.get())


def expired(session: str) -> None:
    Session.objects.filter(pk=session).update(expire_date=timezone.now())


def switched_off(_session: str) -> None:
    Operator.objects.update(is_active=False)


def password_changed(_session: str) -> None:
    ada = Operator.objects.get()
    ada.set_password("another-horse-battery")
    ada.save()


@pytest.mark.parametrize("end", [signed_out, all_sessions_ended, expired, switched_off, password_changed])
def test_who_has_signed_out_since_asks_nothing(end, ask, standin):
    asked = ask()
    end(asked.session)
    assert asked.listen().to_the_end().events == [("done", {"state": "waiting", "chat_id": None})]
    assert asked_of(standin) == 0


def test_a_turn_that_is_forgotten_is_done(ask, standin):
    asked = ask()
    Turn.objects.all().delete()
    browser = asked.listen().to_the_end()
    assert browser.done["state"] == "failed"
    assert "it was deleted" in browser.sentence


def test_nothing_is_there_for_anybody_else(ask, standin, foyer):
    asked = ask()
    stranger = signed_in(operator("admin", "eve")).cookies["foyer_session"].value
    wanted = [
        asked.listen(session=stranger),
        asked.listen(session=""),
        asked.listen(method="POST"),
        asked.listen(method="HEAD"),
        asked.listen(host="evil.example"),
        asked.listen(host=""),
        asked.listen(ticket="made-up"),
        asked.listen(ticket=asked.ticket[:-1] + ("A" if asked.ticket[-1] != "A" else "B")),
        asked.listen(ticket=signing.dumps([asked.turn.pk, "0" * 32, "0" * 32], salt=turns.SALT)),
        asked.listen(ticket=signing.dumps([asked.turn.pk], salt=turns.SALT)),
        asked.listen(ticket=f"{asked.ticket}/more"),
    ]
    for browser in wanted:
        assert browser.status == 404
        assert browser._answer.read() == b""
        assert browser.headers["X-Content-Type-Options"] == "nosniff"
        assert browser.headers["Cache-Control"] == "no-store"
    assert asked_of(standin) == 0
    assert asked.state == "waiting"
    assert asked.listen().to_the_end().done["state"] == "done", "and it is still good for whom it is"


def test_the_ticket_shows_no_session(ask):
    asked = ask()
    assert asked.session not in str(signing.loads(asked.ticket, salt=turns.SALT))
    for other_salt in ("django.core.signing", "dashboard.users"):
        with pytest.raises(signing.BadSignature):
            signing.loads(asked.ticket, salt=other_salt)


def test_pages_are_still_there(foyer):
    connection = http.client.HTTPConnection("127.0.0.1", foyer.port, timeout=10)
    connection.request("GET", "/sign-in/")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_question_needs_a_thread_or_a_session(db, ada):
    for places in ({}, {"thread_slug": "a", "session_id": "b"}):
        with pytest.raises(ValueError, match="thread or in a session"):
            turns.open_turn(actor=ada, workspace_id=1, workspace_slug="w", text="?", mode="chat", **places)


def test_what_nobody_came_for_ends_and_what_is_old_is_forgotten(db, ada):
    def opened(hours: float, **more) -> Turn:
        turn = turns.open_turn(
            actor=ada,
            workspace_id=1,
            workspace_slug="w",
            text="?",
            mode="chat",
            session_id="s",
            attachments=[{"name": "a", "file": "0" * 32, "size": 1}],
        )
        Turn.objects.filter(pk=turn.pk).update(created_at=timezone.now() - timedelta(hours=hours), **more)
        return turn

    fresh, unasked, lost = opened(0.5), opened(2), opened(2, state="taken")
    ended, old = (
        opened(2, state="done", ended_at=timezone.now()),
        opened(24 * 31, state="done", ended_at=timezone.now()),
    )
    turns.sweep()
    states = dict(Turn.objects.values_list("pk", "state"))
    assert states == {fresh.pk: "waiting", unasked.pk: "failed", lost.pk: "interrupted", ended.pk: "done"}
    assert old.pk not in states


@pytest.mark.parametrize("said", ["anonymous", "off"])
def test_where_the_log_may_not_say_who_asked_turns_are_soon_forgotten(db, ada, settings, said):
    asked = {"actor": ada, "workspace_id": 1, "workspace_slug": "w", "text": "?", "mode": "chat", "session_id": "s"}
    ended, fresh = turns.open_turn(**asked), turns.open_turn(**asked)
    Turn.objects.filter(pk=ended.pk).update(created_at=timezone.now() - timedelta(hours=1, seconds=1), state="done")
    turns.sweep()
    assert Turn.objects.count() == 2
    settings.CHAT_LOG = said
    turns.sweep()
    assert [turn.pk for turn in Turn.objects.all()] == [fresh.pk]


def test_the_first_word_about_a_turn_counts(db, ada):
    turn = turns.open_turn(actor=ada, workspace_id=1, workspace_slug="w", text="?", mode="chat", session_id="s")
    turns.end(turn.pk, "done")
    assert turns.find(turn.pk).state == "waiting", "it was not even taken"
    assert turns.take(turn.pk).state == "taken"
    assert turns.take(turn.pk) is None
    turns.end(turn.pk, "stopped")
    turns.end(turn.pk, "done", chat_id=5)
    assert (turns.find(turn.pk).state, turns.find(turn.pk).chat_id) == ("stopped", None)
