"""Who may ask, and who sees what was asked. The instance checks nothing of this."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent
from dashboard.chat import rights, services, threads, turns
from dashboard.chat.models import LocalThread, Mode, Turn, TurnState
from dashboard.chatlog import sync
from dashboard.errors import Declined
from tests.chat.conftest import OTHER, QUESTION, SLUG, Person, last_turn
from tests.conftest import operator

pytestmark = pytest.mark.django_db


def ask(who, text=QUESTION, slug=SLUG):
    return services.ask(asker=rights.may_open(who, slug), thread=None, text=text, mode=Mode.CHAT, key=uuid.uuid4())


# --- Where ------------------------------------------------------------------------------------------------------------
def test_a_member_may_ask(newcomer):
    assert ask(newcomer).user_id == newcomer.anythingllm_user_id


@pytest.mark.parametrize("slug", [OTHER, "no-such-workspace"])
def test_who_is_no_member_may_not(slug, newcomer):
    with pytest.raises(rights.NotOpen):
        ask(newcomer, slug=slug)
    assert not Turn.objects.exists()


def test_who_lost_access_a_moment_ago_may_not(newcomer, person, there):
    assert person.get(f"/chat/{SLUG}/").status_code == 200
    there.expel()
    with pytest.raises(rights.NotOpen):
        ask(newcomer)
    assert person.get(f"/chat/{SLUG}/").status_code == 404
    assert person.ask().status_code == 409


def test_admins_and_managers_of_the_instance_may_ask_everywhere(account):
    for name in ("jonas", "mia"):
        assert ask(account(name), slug=OTHER).pk


def test_a_suspended_account_may_not_ask(newcomer, standin):
    standin.post(f"/v1/admin/users/{newcomer.anythingllm_user_id}", {"suspended": 1})
    with pytest.raises(Declined, match="suspended or gone"):
        ask(newcomer)


def test_nobody_asks_while_their_rights_cannot_be_read(newcomer, standin):
    for path in ("/v1/admin/users$", "/v1/workspaces$", "/users$"):
        standin.fault("500", path=path, method="GET")
        with pytest.raises((ApiError, Declined)):
            ask(newcomer)
        standin.clear_faults()
    assert not Turn.objects.exists()


# --- What -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Type a question"),
        (" \n ", "Type a question"),
        ("word " * 4001, "longer than 20000"),
        ("x" * 1501, "so long"),
        ("see https://example.com/" + "a" * 1500, "so long"),
        ("@agent what is new?", "Agents"),
        ("  @AGENT what is new?", "Agents"),
    ],
)
def test_what_may_not_be_asked(text, why, newcomer, standin):
    asker = rights.may_open(newcomer, SLUG)
    writes = standin.state()["writes"]
    with pytest.raises(Declined, match=why):
        services.ask(asker=asker, thread=None, text=text, mode=Mode.CHAT, key=uuid.uuid4())
    assert standin.state()["writes"] == writes


def test_the_longest_question_and_the_longest_word_may_be_asked(newcomer):
    assert ask(newcomer, "word " * 3999 + "word").pk
    assert ask(newcomer, "x" * 1500).pk


# --- How often --------------------------------------------------------------------------------------------------------
@pytest.fixture
def limit(standin, newcomer):
    def to(number: int) -> None:
        standin.post(f"/v1/admin/users/{newcomer.anythingllm_user_id}", {"dailyMessageLimit": number})

    return to


def test_the_daily_limit_counts_wherever_was_asked(limit, person, there, standin):
    limit(2)
    thread = there.thread_of(person.user_id)
    standin.post(
        f"/v1/workspace/{SLUG}/thread/{thread}/chat",
        {"message": "In AnythingLLM", "mode": "chat", "userId": person.user_id},
    )
    assert person.ask().status_code == 302
    refused = person.ask("One more?")
    assert refused.status_code == 409 and "all the questions of a day, which are 2" in refused.content.decode()
    assert there.asked(person.user_id) == ["In AnythingLLM", QUESTION]


def test_questions_on_their_way_count(limit, newcomer):
    limit(2)
    ask(newcomer)
    ask(newcomer)
    with pytest.raises(Declined, match="all the questions"):
        ask(newcomer)


def test_a_question_that_nobody_came_for_does_not_count_for_ever(limit, newcomer):
    limit(1)
    ask(newcomer)
    Turn.objects.update(created_at=timezone.now() - turns.LOST_AFTER - timedelta(minutes=1))
    assert ask(newcomer).pk


def test_where_much_is_asked_the_log_here_helps_to_count(limit, newcomer, there, standin, monkeypatch):
    monkeypatch.setattr(rights, "PAGES", 1)
    limit(22)
    thread = there.thread_of(newcomer.anythingllm_user_id)
    body = {"message": "Again?", "mode": "chat", "userId": newcomer.anythingllm_user_id}
    for _number in range(20):
        standin.post(f"/v1/workspace/{SLUG}/thread/{thread}/chat", body)
    with pytest.raises(Declined, match="cannot be counted"):
        ask(newcomer)
    while not sync.update(5):
        pass
    standin.post(f"/v1/workspace/{SLUG}/thread/{thread}/chat", body)  # not in the log here yet
    assert ask(newcomer).pk
    with pytest.raises(Declined, match="all the questions"):
        ask(newcomer)


def test_two_questions_at_once_do_not_both_get_the_last_place(limit, newcomer, transactional_db):
    limit(1)
    asker = rights.may_open(newcomer, SLUG)

    def attempt(_number: int) -> bool:
        try:
            services.ask(asker=asker, thread=None, text=QUESTION, mode=Mode.CHAT, key=uuid.uuid4())
        except Declined:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert Turn.objects.count() == 1


def test_questions_of_others_do_not_count(limit, newcomer, account):
    limit(1)
    ask(account("jonas"))
    assert ask(newcomer).pk


def test_admins_have_no_limit(account, standin):
    jonas = account("jonas")
    standin.post(f"/v1/admin/users/{jonas.anythingllm_user_id}", {"dailyMessageLimit": 1})
    assert ask(jonas).pk and ask(jonas).pk


# --- Whose ------------------------------------------------------------------------------------------------------------
def doors(slug: str, thread: str) -> list[tuple[str, str, dict]]:
    there = f"/chat/{slug}/{thread}/"
    asked = {"text": "What?", "mode": "chat", "key": str(uuid.uuid4()), "thread": thread}
    return [
        ("GET", there, {}),
        ("GET", f"{there}?all=1", {}),
        ("GET", f"{there}sources/1/", {}),
        ("GET", f"{there}rename/", {}),
        ("POST", f"{there}rename/", {"name": "Mine"}),
        ("GET", f"{there}delete/", {}),
        ("POST", f"{there}delete/", {}),
        ("POST", f"/chat/{slug}/+ask/", asked),
    ]


@pytest.fixture(params=["admin", "manager", "colleague", "local admin"])
def stranger(request, account, standin, ada) -> Person:
    if request.param == "local admin":
        return Person(ada)
    if request.param == "colleague":
        new = {"username": "colleague", "password": standin.password, "role": "default"}
        made = standin.post("/v1/admin/users/new", new)["user"]
        standin.post(f"/v1/admin/workspaces/{SLUG}/manage-users", {"userIds": [made["id"]], "reset": False})
        instance.hang_up()
        return Person(account("colleague"))
    return Person(account({"admin": "jonas", "manager": "mia"}[request.param]))


def test_a_thread_of_others_is_not_there_for_anybody(stranger, person, there, standin):
    person.ask("What is private?")
    turn = last_turn()
    for thread in (turn.thread_slug, there.thread_of(person.user_id)):
        before = (standin.state()["writes"], there.threads(person.user_id))
        for method, url, data in doors(SLUG, thread):
            answer = stranger.client.generic(method, url) if method == "GET" else stranger.post(url, data)
            assert answer.status_code == 404, f"{method} {url}"
            assert "private" not in answer.content.decode().lower(), url
        assert (standin.state()["writes"], there.threads(person.user_id)) == before
    assert stranger.get(f"/chat/+turn/{turn.pk}/").status_code == 404
    assert "What is private?" not in stranger.get(f"/chat/{SLUG}/").content.decode()


def test_a_session_of_a_local_operator_is_not_there_for_anybody(stranger, there, standin):
    other = Person(operator(Role.ADMIN, "other"))
    other.ask("What is private?")
    session = LocalThread.objects.get().session_id
    for method, url, data in doors(SLUG, session):
        answer = stranger.client.generic(method, url) if method == "GET" else stranger.post(url, data)
        assert answer.status_code == 404, f"{method} {url}"
    assert stranger.get(f"/chat/+turn/{last_turn().pk}/").status_code == 404
    assert LocalThread.objects.count() == 1


def test_a_thread_counts_in_its_own_workspace_only(account, there):
    jonas = Person(account("jonas"))
    thread = there.thread_of(jonas.user_id)
    assert jonas.get(f"/chat/{SLUG}/{thread}/").status_code == 200
    assert jonas.get(f"/chat/{OTHER}/{thread}/").status_code == 404
    assert jonas.ask(slug=OTHER, thread=thread).status_code == 404


def test_a_thread_of_nobody_belongs_to_nobody(person, standin):
    made = standin.post(f"/v1/workspace/{SLUG}/thread/new", {"name": "Nobody's"})["thread"]["slug"]
    assert person.get(f"/chat/{SLUG}/{made}/").status_code == 404


# --- Local operators --------------------------------------------------------------------------------------------------
def test_a_local_operator_asks_in_a_session_of_their_own(local, there, standin):
    answer = local.ask()
    assert QUESTION in local.page_of(answer)
    chat = there.chats()[0]
    assert (chat["prompt"], chat["user_id"], chat["thread_id"]) == (QUESTION, None, None)
    assert chat["api_session_id"].startswith(f"foyer-{local.operator.pk}-")
    histories = standin.get(f"/v1/workspace/{SLUG}/chats")["history"]
    assert QUESTION not in {entry["content"] for entry in histories}


def test_what_local_operators_may_ask_are_the_workspaces_they_may_see(standin, there):
    limited = operator(Role.MANAGER, "lim")
    limited.looks_after.create(workspace_id=there.workspace()["id"])
    member, viewer = operator(Role.MEMBER, "mem"), operator(Role.VIEWER, "vic")
    assert rights.may_open(limited, SLUG) and rights.may_open(viewer, OTHER)
    for who, slug in ((limited, OTHER), (member, SLUG)):
        with pytest.raises(rights.NotOpen):
            rights.may_open(who, slug)
    assert [room.slug for room in services.rooms(limited).value] == [SLUG]
    assert services.rooms(member).value == []


def test_a_session_goes_on_and_ends(local):
    page = local.ask("First?")["Location"].partition("#")[0]
    local.ask("Second?", thread=LocalThread.objects.get().session_id)
    shown = local.get(page).content.decode()
    assert shown.index("First?") < shown.index("Second?")
    local.post(f"{page}rename/", {"name": "Renamed"})
    assert "Renamed" in local.get(page).content.decode()
    local.post(f"{page}delete/")
    assert local.get(page).status_code == 404 and not Turn.objects.exists()


# --- The ledger -------------------------------------------------------------------------------------------------------
def test_what_is_asked_stands_nowhere_in_the_ledger(person):
    page = person.ask("Something private?")["Location"].partition("#")[0]
    person.post(f"{page}rename/", {"name": "More private"})
    person.post(f"{page}delete/")
    assert AuditEvent.objects.filter(action="chat.thread_deleted").count() == 1
    assert not any("private" in str(vars(event)) for event in AuditEvent.objects.all())


def test_a_session_of_another_workspace_with_the_same_name_is_not_shown(local, standin, there):
    local.ask("Of the old one?")
    LocalThread.objects.update(workspace_id=LocalThread.objects.get().workspace_id + 1000)
    assert threads.mine(rights.may_open(local.operator, SLUG)) == []


def test_what_was_stopped_still_lets_one_ask(limit, newcomer):
    limit(1)
    turn = ask(newcomer)
    turns.take(turn.pk)
    turns.end(turn.pk, TurnState.FAILED, problem="nothing came")
    assert ask(newcomer).pk


def test_a_conversation_whose_name_no_address_can_hold_hides_no_other(person, standin):
    """Another program may have made it: of a name without Latin letters the instance leaves nothing."""
    person.ask("What is mine?")
    thread = last_turn().thread_slug
    made = {"name": "会议", "slug": "会议", "userId": person.user_id}
    assert standin.post(f"/v1/workspace/{SLUG}/thread/new", made)["thread"]["slug"] == ""
    answer = person.get(f"/chat/{SLUG}/")
    assert answer.status_code == 200
    assert thread in answer.content.decode()
