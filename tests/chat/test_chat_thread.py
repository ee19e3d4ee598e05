"""Conversations, and turns that end while one looks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.chat import answering, turns
from dashboard.chat.models import Turn, TurnState
from dashboard.chat.views import SHOWN
from tests.chat.conftest import OTHER, QUESTION, SLUG, last_turn, words
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db


def thread_page(turn: Turn) -> str:
    return f"/chat/{SLUG}/{turn.thread_slug}/"


def look(person, turn: Turn):
    return person.get(f"/chat/+turn/{turn.pk}/", headers=HTMX)


# --- Rooms ------------------------------------------------------------------------------------------------------------
def test_who_has_one_workspace_comes_straight_to_it(person):
    assert person.get("/chat/")["Location"] == f"/chat/{SLUG}/"


def test_who_has_many_chooses_and_searches(account):
    from tests.chat.conftest import Person

    jonas = Person(account("jonas"))
    everything = jonas.get("/chat/").content.decode()
    assert "Company Handbook" in everything and "Finance" in everything
    found = jonas.get("/chat/?q=fin", headers=HTMX).content.decode()
    assert "Finance" in found and "Company Handbook" not in found and "<html" not in found
    assert "None of your workspaces" in jonas.get("/chat/?q=zzz").content.decode()


def test_workspaces_of_one_name_are_told_apart(account, standin):
    from dashboard import instance
    from tests.chat.conftest import Person

    standin.post("/v1/workspace/finance/update", {"name": "Company Handbook"})
    instance.hang_up()
    jonas = Person(account("jonas"))
    for url in ("/chat/", "/chat/?q=company-h", "/chat/finance/"):
        assert "Company Handbook (company-handbook)<" in jonas.get(url).content.decode(), url
    assert "Company Handbook (finance)<" in jonas.get(f"/chat/{SLUG}/").content.decode()


def test_who_has_none_reads_what_to_do(person, there):
    there.expel()
    from dashboard import instance

    instance.hang_up()
    assert "No workspace is open to you yet" in person.get("/chat/").content.decode()


def test_only_ones_own_conversations_are_listed(person, there, account):
    own = there.thread_of(person.user_id)
    theirs = there.thread_of(account("jonas").anythingllm_user_id)
    page = person.get(f"/chat/{SLUG}/").content.decode()
    assert own in page and theirs not in page


# --- A conversation ---------------------------------------------------------------------------------------------------
def test_what_was_asked_in_anythingllm_is_shown_too(person, there, standin):
    thread = there.thread_of(person.user_id)
    asked = {"message": "Asked elsewhere?", "mode": "chat", "userId": person.user_id}
    standin.post(f"/v1/workspace/{SLUG}/thread/{thread}/chat", asked)
    page = person.get(f"/chat/{SLUG}/{thread}/").content.decode()
    assert "Asked elsewhere?" in page and "chips marks" in page


def test_a_long_conversation_is_shown_from_its_end(person, there, standin):
    thread = there.thread_of(person.user_id)
    for number in range(SHOWN + 2):
        asked = {"message": f"Question {number}.", "mode": "chat", "userId": person.user_id}
        standin.post(f"/v1/workspace/{SLUG}/thread/{thread}/chat", asked)
    page = person.get(f"/chat/{SLUG}/{thread}/").content.decode()
    assert "Show 2 earlier questions" in page and ">Question 1.<" not in page and ">Question 2.<" in page
    assert ">Question 0.<" in person.get(f"/chat/{SLUG}/{thread}/?all=1").content.decode()


def test_sources_are_shown_with_document_passage_and_score(person):
    person.ask()
    turn = last_turn()
    page = person.get(f"{thread_page(turn)}sources/{turn.chat_id}/").content.decode()
    assert "[1]" in page and "<meter" in page and "document_metadata" not in page
    assert person.get(f"{thread_page(turn)}sources/{turn.chat_id + 1}/").status_code == 404


def test_it_is_renamed_in_anythingllm_too(person, there):
    person.ask()
    turn = last_turn()
    assert person.post(f"{thread_page(turn)}rename/", {"name": " "}).status_code == 422
    person.post(f"{thread_page(turn)}rename/", {"name": "Days off"})
    assert there.threads(person.user_id) == {turn.thread_slug: "Days off"}


def test_it_is_deleted_with_all_in_it(person, there):
    person.ask()
    turn = last_turn()
    assert "permanently" in person.get(f"{thread_page(turn)}delete/").content.decode()
    assert person.post(f"{thread_page(turn)}delete/")["Location"] == f"/chat/{SLUG}/"
    assert there.threads(person.user_id) == {} and not Turn.objects.exists()
    assert person.get(thread_page(turn)).status_code == 404


@pytest.mark.parametrize("act", ["rename", "delete"])
def test_a_lost_answer_is_settled_by_reading_back(act, person, standin):
    person.ask()
    turn = last_turn()
    standin.fault("lost", path=f"/thread/{turn.thread_slug}", method="POST|DELETE", times=1)
    assert person.post(f"{thread_page(turn)}{act}/", {"name": "Days off"}).status_code == 302


@pytest.mark.parametrize("act", ["rename", "delete"])
def test_what_did_not_happen_is_not_said_to_have(act, person, standin, there):
    person.ask()
    turn, before = last_turn(), there.threads(person.user_id)
    standin.fault("500", path=f"/thread/{turn.thread_slug}", method="POST|DELETE")
    assert person.post(f"{thread_page(turn)}{act}/", {"name": "Days off"}).status_code >= 500
    assert there.threads(person.user_id) == before and Turn.objects.exists()


def test_nothing_of_a_conversation_is_kept_by_the_browser(person):
    person.ask()
    answer = person.get(thread_page(last_turn()))
    assert "no-store" in answer["Cache-Control"] and 'hx-history="false"' in answer.content.decode()


# --- Turns ------------------------------------------------------------------------------------------------------------
def test_a_turn_is_shown_once_it_is_answered(person):
    person.ask(htmx=True)
    turn = last_turn()
    assert look(person, turn).status_code == 204
    answering.answer(turn.pk)
    shown = look(person, turn)
    assert shown.status_code == 200 and 'id="sources"' in shown.content.decode()
    assert "data-turn" not in shown.content.decode()


def test_a_reload_in_the_middle_waits_and_asks_nothing(person, there):
    person.ask(htmx=True)
    turn = last_turn()
    turns.take(turn.pk)
    page = person.get(thread_page(turn)).content.decode()
    assert f'data-turn="/chat/+turn/{turn.pk}/"' in page and "data-stream" not in page
    assert there.asked(person.user_id) == []


def test_a_turn_whose_server_died_is_found_in_the_history(person, there, standin):
    person.ask(htmx=True)
    turn = last_turn()
    turns.take(turn.pk)
    asked = {"message": QUESTION, "mode": "chat", "userId": person.user_id}
    standin.post(f"/v1/workspace/{SLUG}/thread/{turn.thread_slug}/chat", asked)
    assert "broke off" in look(person, turn).content.decode(), "it may be a part only"
    turn.refresh_from_db()
    assert turn.chat_id == there.chats()[0]["id"]


def test_the_same_question_twice_is_two_questions(person):
    person.ask()
    turn = last_turn()
    person.ask(htmx=True, thread=turn.thread_slug)
    again = last_turn()
    turns.take(again.pk)
    assert look(person, again).status_code == 204  # the first one's answer is not its own
    page = person.get(thread_page(turn)).content.decode()
    assert page.count('class="exchange"') == 2


def test_what_was_stopped_before_a_word_came_says_so_in_the_end(person):
    person.ask(htmx=True)
    turn = last_turn()
    turns.take(turn.pk)
    turns.end(turn.pk, TurnState.STOPPED)
    assert look(person, turn).status_code == 204
    Turn.objects.update(ended_at=timezone.now() - timedelta(minutes=1))
    assert "Nothing of an answer was kept" in look(person, turn).content.decode()
    assert "Nothing of an answer was kept" in words(person.get(thread_page(turn)).content.decode())


def test_a_turn_of_a_workspace_that_is_gone_is_gone(person):
    person.ask()
    Turn.objects.update(workspace_id=last_turn().workspace_id + 1000)
    assert look(person, last_turn()).status_code == 404


def test_a_thread_deleted_in_anythingllm_is_gone(person, standin):
    person.ask()
    turn = last_turn()
    from dashboard import instance

    instance.connect().workspace_thread.delete_thread(SLUG, turn.thread_slug)
    assert person.get(thread_page(turn)).status_code == 404
    assert look(person, turn).status_code == 404


def test_other_workspaces_are_a_click_away(account):
    from tests.chat.conftest import Person

    jonas = Person(account("jonas"))
    assert f'href="/chat/{OTHER}/"' in jonas.get(f"/chat/{SLUG}/").content.decode()
