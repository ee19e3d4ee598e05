"""Asking in one's own name: every right is checked by Foyer, because the instance checks none."""

from __future__ import annotations

import uuid

import pytest
from django.utils import translation

from dashboard import instance
from dashboard.chat import answering
from dashboard.chat.models import Turn
from dashboard.chat.services import first_question
from dashboard.errors import Declined

SLUG = "company-handbook"


def asked(standin, user_id: int) -> list[dict]:
    chats = standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]
    return [chat for chat in chats if chat["user_id"] == user_id]


def ask(who, text="How many days off?", slug=SLUG) -> Turn:
    turn = first_question(actor=who, slug=slug, text=text, key=uuid.uuid4())
    answering.answer(turn.pk)
    return turn


def test_it_is_asked_in_a_thread_of_ones_own(newcomer, standin):
    turn = ask(newcomer)
    (chat,) = asked(standin, newcomer.anythingllm_user_id)
    assert chat["prompt"] == "How many days off?"
    threads = next(w for w in standin.get("/v1/workspaces")["workspaces"] if w["slug"] == SLUG)["threads"]
    own = next(thread for thread in threads if thread["slug"] == turn.thread_slug)
    assert (own["user_id"], own["name"]) == (newcomer.anythingllm_user_id, "How many days off?")


def test_sent_twice_it_is_asked_once(newcomer):
    key = uuid.uuid4()
    turns = [first_question(actor=newcomer, slug=SLUG, text="How many days off?", key=key) for _ in range(2)]
    assert turns[0] == turns[1]


def test_only_members_may_ask(newcomer, standin):
    other = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["slug"] != SLUG)
    for slug in (other, "no-such-workspace", ""):
        with pytest.raises(Declined, match="not open to you"):
            ask(newcomer, slug=slug)
    assert not asked(standin, newcomer.anythingllm_user_id)


def test_whoever_lost_access_a_moment_ago_may_not_ask(newcomer, standin):
    instance.members()
    room = next(w["id"] for w in standin.get("/v1/workspaces")["workspaces"] if w["slug"] == SLUG)
    standin.post(f"/v1/admin/workspaces/{room}/update-users", {"userIds": []})
    with pytest.raises(Declined, match="not open to you"):
        ask(newcomer)


def test_admins_and_managers_of_the_instance_may_ask_every_workspace(account, standin):
    for workspace in standin.get("/v1/workspaces")["workspaces"][:3]:
        assert ask(account("jonas"), slug=workspace["slug"])


def test_a_suspended_account_may_not_ask(newcomer, standin):
    instance.users()
    standin.post(f"/v1/admin/users/{newcomer.anythingllm_user_id}", {"suspended": 1})
    with pytest.raises(Declined, match="suspended or gone"):
        ask(newcomer)
    assert not asked(standin, newcomer.anythingllm_user_id)


def test_the_daily_limit_counts(newcomer, standin):
    standin.post(f"/v1/admin/users/{newcomer.anythingllm_user_id}", {"dailyMessageLimit": 2})
    ask(newcomer)
    ask(newcomer, "And how many at night?")
    with pytest.raises(Declined, match="all the questions of a day, which are 2"):
        ask(newcomer, "And on Sundays?")
    assert len(asked(standin, newcomer.anythingllm_user_id)) == 2


def test_questions_of_others_do_not_count(newcomer, account, standin):
    standin.post(f"/v1/admin/users/{newcomer.anythingllm_user_id}", {"dailyMessageLimit": 1})
    ask(account("jonas"))
    assert ask(newcomer)


@pytest.mark.parametrize("text", ["x" * 2001, "see " + "https://example.com/" + "a" * 2000])
def test_a_word_that_would_freeze_the_instance_is_refused(newcomer, standin, text):
    with pytest.raises(Declined, match="so long"):
        ask(newcomer, text)
    assert not asked(standin, newcomer.anythingllm_user_id)


def test_agents_are_not_asked_here(newcomer):
    with pytest.raises(Declined, match="Agents"):
        ask(newcomer, "@agent what is new?")


def test_nothing_is_ever_reset(newcomer, standin):
    ask(newcomer, "/reset")
    ask(newcomer)
    assert len(asked(standin, newcomer.anythingllm_user_id)) == 2


def test_why_it_failed_is_said_in_the_language_of_who_asked(newcomer, standin):
    """The worker, which asks for pages without a script, has one of its own."""
    standin.configure(llm_up=False)
    with translation.override("zh-hans"):
        turn = first_question(actor=newcomer, slug=SLUG, text="How many days off?", key=uuid.uuid4())
    answering.answer(turn.pk)
    turn.refresh_from_db()
    assert turn.problem and "gave up" not in turn.problem
