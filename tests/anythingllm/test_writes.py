"""Writes that are read back, against the stand-in: what the instance says is not yet what happened."""

from __future__ import annotations

import pytest

from dashboard.anythingllm import (
    AnythingLLMClient,
    KeyRefused,
    MembershipMismatch,
    NotAnythingLLM,
    NotApplied,
    NotFound,
    NotSupported,
    Refused,
    Roster,
    ServerError,
    SingleUserMode,
    Unconfirmed,
    Unreachable,
    Writing,
)
from dashboard.anythingllm.sse import Done
from tests.anythingllm.answering import PAGE, Answer, of_json
from tests.anythingllm.exchanges import member_json, members_path


@pytest.fixture
def real(standin) -> AnythingLLMClient:
    return AnythingLLMClient(standin.url, standin.api_key)


def ids(members) -> list[int]:
    return sorted(member.user_id for member in members)


# -- users ---------------------------------------------------------------------------------------------------------------


def test_it_changes_a_user_and_returns_what_it_read_back(real) -> None:
    user = real.users.create("zoe", "Zoe-pass-12345", daily_message_limit=5, bio="Hi")
    changed = real.users.update(user.id, username="zoe2", role="manager", suspended=True, daily_message_limit=None)
    assert (changed.username, changed.role, changed.suspended, changed.daily_message_limit) == (
        "zoe2",
        "manager",
        True,
        None,
    )
    assert not real.users.resume(user.id).suspended
    assert real.users.get(user.id).username == "zoe2"
    real.users.delete(user.id)
    with pytest.raises(NotFound):
        real.users.get(user.id)
    with pytest.raises(NotFound):
        real.users.delete(user.id)


@pytest.mark.parametrize("fields", [{"role": "manager"}, {"suspended": True}], ids=str)
def test_it_does_not_change_who_is_not_there(real, fields) -> None:
    with pytest.raises(NotFound):
        real.users.update(99999, **fields)


def test_it_notices_a_deletion_that_did_not_happen(real, standin) -> None:
    user = real.users.list()[-1]
    standin.fault("locked", method="DELETE")
    with pytest.raises(NotApplied, match="still there"):
        real.users.delete(user.id)
    real.users.delete(user.id, verify=False)


def test_it_notices_a_change_that_did_not_happen(client, server) -> None:
    ada = {"id": 1, "username": "ada", "role": "admin", "suspended": 0, "createdAt": "2026-11-21T01:25:45.162Z"}
    server.answer = of_json({"success": True, "error": None})
    server.also("GET", "/api/v1/admin/users", of_json({"users": [ada]}))
    with pytest.raises(NotApplied) as caught:
        client.users.update(1, suspended=True, role="admin", password="New-pass-12345")
    assert caught.value.differences == {"suspended": (True, False)}


def test_an_empty_list_proves_no_deletion(client, server) -> None:
    server.answer = of_json({"success": True, "error": None})
    server.also("GET", "/api/v1/admin/users", of_json({"users": []}))
    with pytest.raises(Unconfirmed) as caught:
        client.users.delete(1)
    assert caught.value.outcome_unknown


def test_a_failed_reading_back_leaves_the_outcome_unknown(real, standin) -> None:
    user = real.users.list()[-1]
    standin.fault("key-refused", method="GET")
    with pytest.raises(Unconfirmed) as caught:
        real.users.suspend(user.id)
    assert caught.value.outcome_unknown
    assert isinstance(caught.value.__cause__, KeyRefused)


def test_a_lost_answer_leaves_the_outcome_unknown(real, standin) -> None:
    user = real.users.list()[-1]
    standin.fault("lost", method="POST", times=1)
    with pytest.raises(Unreachable) as caught:
        real.users.suspend(user.id)
    assert caught.value.outcome_unknown
    assert real.users.get(user.id).suspended


@pytest.mark.parametrize(
    "fields",
    [
        {"daily_message_limit": 0},
        {"daily_message_limit": 2.5},
        {"daily_message_limit": True},
        {"suspended": "0"},
        {},
        {"bio": None},
    ],
)
def test_it_sends_nothing_the_instance_would_misread(client, server, fields) -> None:
    with pytest.raises(ValueError):
        client.users.update(1, **fields)
    assert server.asked == []


def test_it_sends_suspension_as_a_number(client, server) -> None:
    server.answer = of_json({"success": True, "error": None})
    client.users.update(1, suspended=True, bio=None, daily_message_limit=None, verify=False)
    assert server.asked[0].json == {"suspended": 1, "dailyMessageLimit": None}
    assert type(server.asked[0].json["suspended"]) is int


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.users.create("sam", "Sam-pass-12345", customization={}),
        lambda c: c.users.update(1, customization={}),
        lambda c: c.users.get_api_keys(),
        lambda c: c.users.create_api_key("k"),
        lambda c: c.users.delete_api_key("1"),
        lambda c: c.workspaces.create("One", description="d"),
        lambda c: c.workspaces.create("One", vector_db="d"),
        lambda c: c.workspaces.update("one", embedding_model="e"),
        lambda c: c.workspaces.update("one", prompt_id="p"),
        lambda c: c.documents.sync(),
        lambda c: c.documents.delete_folder("custom-documents"),
        lambda c: c.chat.send_message("one", "hi", temperature=0.5),
        lambda c: c.chat.send_message("one", "hi", system_prompt="s"),
        lambda c: c.chat.send_message("one", "hi", include_sources=False),
        lambda c: c.chat.send_message("one", "hi", user_id=1),
        lambda c: c.chat.send_message("one", "hi", "t", session_id="s"),
        lambda c: c.chat.get_history("one", "t", limit=2),
        lambda c: c.chat.clear_history("one"),
        lambda c: c.chat.create_thread("one", "T", description="d"),
        lambda c: c.chat.update_thread("one", "t", description="d"),
        lambda c: c.system.get_llm_models(),
        lambda c: c.system.get_embedding_models(),
        lambda c: c.system.get_vector_dbs(),
        lambda c: c.system.get_prompts(),
        lambda c: c.system.create_prompt("t", "c"),
        lambda c: c.system.update_prompt("1"),
        lambda c: c.system.delete_prompt("1"),
        lambda c: c.admin.get_system_preferences(),
        lambda c: c.openai.create_chat_completion("one", [], max_tokens=5),
        lambda c: c.openai.create_embedding("x", model="m"),
        lambda c: c.embed.create_widget("one", colour="red"),
    ],
)
def test_it_says_why_an_instance_cannot_do_it(client, server, ask) -> None:
    with pytest.raises(NotSupported) as caught:
        ask(client)
    assert len(caught.value.message) > 20
    assert server.asked == []


# -- members -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def team(real) -> tuple[int, list[int]]:
    """A workspace of its own, and three users."""
    workspace = real.workspaces.create("Members only")
    return workspace.id, [user.id for user in real.users.list()[-3:]]


def test_it_adds_removes_and_replaces(real, team) -> None:
    workspace, (a, b, c) = team
    assert real.memberships.read(workspace) == []
    assert sorted(real.memberships.add(workspace, [a, b, a])) == [a, b]
    assert sorted(real.memberships.add(workspace, [b])) == [a, b]
    assert sorted(real.memberships.remove(workspace, [a, c])) == [b]
    assert sorted(real.memberships.replace(workspace, [a, c])) == [a, c]
    assert sorted(real.memberships.remove(workspace, [a, c])) == []
    assert sorted(real.memberships.replace(workspace, [b])) == [b]
    assert real.memberships.replace(workspace, []) == frozenset()


def test_a_deleted_user_empties_no_workspace(real, team) -> None:
    workspace, (a, b, c) = team
    real.memberships.replace(workspace, [a, b])
    stale = real.memberships.roster()
    real.users.delete(c)
    with pytest.raises(NotFound):
        real.memberships.add(workspace, [c])
    assert sorted(real.memberships.replace(workspace, [a, c])) == [a]
    with pytest.raises(MembershipMismatch) as caught:
        real.memberships.replace(workspace, [a, b, c], roster=stale)
    assert (caught.value.missing, caught.value.unexpected) == ({c}, frozenset())
    assert ids(caught.value.observed) == [a, b]


def test_it_notices_members_that_were_not_changed(real, team, standin) -> None:
    workspace, (a, b, _) = team
    standin.fault("locked", method="POST", path="manage-users")
    with pytest.raises(MembershipMismatch) as caught:
        real.memberships.add(workspace, [a, b])
    assert caught.value.missing == {a, b}


def test_a_change_adds_and_removes_in_three_calls(real, team, standin) -> None:
    workspace, (a, b, c) = team
    real.memberships.replace(workspace, [a, b])
    roster = real.memberships.roster()
    calls = len(standin.state()["requests"])
    change = real.memberships.change(workspace, add=[c], remove=[a], roster=roster)
    assert (change.before, change.after) == ({a, b}, {b, c})
    assert len(standin.state()["requests"]) - calls == 3


def test_it_notices_when_others_were_lost_with_the_one_who_was_removed(real, team, standin) -> None:
    workspace, (a, b, c) = team
    real.memberships.replace(workspace, [a, b, c])
    standin.fault("half", path="manage-users", times=1)
    with pytest.raises(MembershipMismatch) as caught:
        real.memberships.change(workspace, remove=[a])
    assert (caught.value.before, caught.value.missing) == ({a, b, c}, {b, c})
    assert sorted(real.memberships.add(workspace, [b, c])) == [b, c]


def test_the_list_is_told_before_it_is_deleted_and_not_when_it_is_not(real, team) -> None:
    workspace, (a, b, c) = team
    told: list[Writing] = []
    real.memberships.change(workspace, add=[a, b], before_write=told.append)
    real.memberships.change(workspace, add=[c], remove=[a], before_write=told.append)
    assert [(some.deletes, {m.user_id for m in some.before}, some.target) for some in told] == [
        (False, set(), {a, b}),
        (True, {a, b}, {b, c}),
    ]


def test_what_is_raised_before_a_write_keeps_it_from_being_sent(real, team) -> None:
    workspace, (a, b, _) = team
    real.memberships.replace(workspace, [a, b])

    def stop(_writing: Writing) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        real.memberships.change(workspace, remove=[a], before_write=stop)
    assert ids(real.memberships.read(workspace)) == [a, b]


def test_a_change_keeps_those_who_came_after_the_roster_was_read(real, team) -> None:
    workspace, (a, b, _) = team
    real.memberships.replace(workspace, [a, b])
    stale = real.memberships.roster()
    late = real.users.create("late", "welcome-to-foyer").id
    real.memberships.add(workspace, [late])
    assert real.memberships.change(workspace, remove=[a], roster=stale).after == {b, late}


def test_nobody_is_taken_for_removed_while_the_database_is_busy(client, server) -> None:
    server.answer = of_json({"users": []})
    roster = Roster(frozenset([1]), {1: "one"})
    with pytest.raises(ServerError, match="busy"):
        client.memberships.change(1, remove=[1], roster=roster)
    assert {asked.method for asked in server.asked} == {"GET"}


def test_nobody_is_taken_for_removed_because_a_list_came_empty_once(client, server) -> None:
    """The instance replaces a list by emptying it first, and others see that."""
    user = {"id": 1, "username": "one", "role": "default", "suspended": 0, "createdAt": "2026-01-01T00:00:00.000Z"}
    server.answer = of_json({"success": True, "error": None})
    server.also("GET", "/api/v1/admin/users", of_json({"users": [user]}))
    server.also("GET", members_path(), of_json(member_json()), of_json(member_json(1)), of_json(member_json()))
    assert client.memberships.change(1, remove=[1], roster=Roster(frozenset([1]), {1: "one"})).before == {1}
    assert [asked.json for asked in server.asked if asked.method == "POST"] == [{"userIds": []}]


def test_it_refuses_unknown_workspaces(real) -> None:
    with pytest.raises(NotFound):
        real.memberships.add(99999, [1])


def test_without_the_newer_route_it_sends_only_ids_just_read(client, server) -> None:
    """Before v1.4 an unknown route answers with a page; update-users then needs verified ids."""
    server.answer = of_json({"success": True, "error": None})
    server.also("POST", "/api/v1/admin/workspaces/one/manage-users", PAGE)
    server.also("GET", members_path(), of_json(member_json(1)), of_json(member_json(1, 2)))
    roster = Roster(frozenset([1, 2]), {1: "one"})
    assert sorted(client.memberships.replace(1, [1, 2, 2, 99999], roster=roster)) == [1, 2]
    assert [asked.json for asked in server.asked if asked.path.endswith("update-users")] == [{"userIds": [1, 2]}]


def test_without_the_newer_route_a_member_nobody_lists_is_not_sent(client, server) -> None:
    """One id that does not exist would leave the workspace empty."""
    server.answer = of_json({"success": True, "error": None})
    server.also("POST", "/api/v1/admin/workspaces/one/manage-users", PAGE)
    server.also("GET", members_path(), of_json(member_json(1, 77)), of_json(member_json(1, 2)))
    client.memberships.add(1, [2], roster=Roster(frozenset([1, 2]), {1: "one"}))
    assert [asked.json for asked in server.asked if asked.path.endswith("update-users")] == [{"userIds": [1, 2]}]


def test_a_list_of_no_users_changes_nothing(client, server) -> None:
    server.also("GET", "/api/v1/admin/users", of_json({"users": []}))
    with pytest.raises(ServerError, match="busy"):
        client.memberships.replace(1, [])
    assert [asked.method for asked in server.asked] == ["GET"]


def test_duplicate_rows_count_once(client, server) -> None:
    server.answer = of_json(member_json(2, 2))
    assert ids(client.memberships.read(1)) == [2]


# -- workspaces, documents -----------------------------------------------------------------------------------------------


def test_it_deletes_a_workspace_and_looks(real, standin) -> None:
    workspace = real.workspaces.create("Short lived", prompt="Be brief.", top_n=5)
    assert (workspace.prompt, workspace.top_n) == ("Be brief.", 5)
    standin.fault("locked", method="DELETE", times=1)
    with pytest.raises(NotApplied, match="still there"):
        real.workspaces.delete(workspace.slug)
    real.workspaces.delete(workspace.slug)
    with pytest.raises(NotFound):
        real.workspaces.get(workspace.slug)
    with pytest.raises(NotFound):
        real.workspaces.delete(workspace.slug)


def test_no_workspaces_at_all_prove_no_deletion(client, server) -> None:
    server.answer = Answer(200, b"OK", "text/plain; charset=utf-8")
    server.also("GET", "/api/v1/workspaces", of_json({"workspaces": []}))
    with pytest.raises(Unconfirmed):
        client.workspaces.delete("one")


@pytest.mark.parametrize("pinned", [True, False])
def test_it_notices_a_pin_that_did_not_change(client, server, pinned: bool) -> None:
    made = "2026-11-21T01:30:55.687Z"
    document = {"id": 1, "docId": "d", "docpath": "a/x.json", "pinned": not pinned, "createdAt": made}
    workspace = {"id": 1, "name": "One", "slug": "one", "createdAt": made, "documents": [document]}
    server.answer = of_json({"message": "Pin status updated successfully"})
    server.also("GET", "/api/v1/workspace/one", of_json({"workspace": [workspace]}))
    with pytest.raises(NotApplied) as caught:
        client.workspaces.pin("one", "a/x.json", pinned)
    assert caught.value.differences == {"pinned": (pinned, not pinned)}


def test_it_notices_a_folder_that_was_not_removed(client, server) -> None:
    server.answer = of_json({"success": True, "message": "Folder removed successfully"})
    left = {"folder": "a", "documents": [], "totalCount": 0, "hasMore": False, "error": None}
    server.also("GET", "/api/v1/documents/folder/a", of_json(left))
    with pytest.raises(NotApplied, match="still there"):
        client.documents.delete_folder("a")


def test_a_word_that_would_freeze_the_instance_is_not_sent(client, server) -> None:
    for ask in (client.chat.send_message, client.chat.stream_message):
        with pytest.raises(ValueError, match="freeze"):
            ask("one", "look: " + "x" * 20_000)
    assert server.asked == []


def test_it_notices_settings_the_instance_coerced(real) -> None:
    workspace = real.workspaces.create("Settings")
    with pytest.raises(NotApplied) as caught:
        real.workspaces.update(workspace.slug, top_n=0, name="New name")
    assert caught.value.differences == {"top_n": (0, 1)}
    assert real.workspaces.update(workspace.slug, chat_mode="query", similarity_threshold=0.5).chat_mode == "query"


def test_documents_from_upload_to_removal(real) -> None:
    workspace = real.workspaces.create("Papers")
    (document,) = real.documents.raw_text("Penguins like ice and fish.", "Penguins")
    assert document.path is not None
    assert [held.path for held in real.workspaces.add_documents(workspace.slug, [document.path, document.path])] == [
        document.path
    ]
    assert len(real.workspaces.add_documents(workspace.slug, [document.path])) == 1
    assert real.workspaces.pin(workspace.slug, document.path).pinned
    assert not real.workspaces.pin(workspace.slug, document.path, False).pinned
    assert real.workspaces.vector_search(workspace.slug, "penguins", score_threshold=0)
    with pytest.raises(NotApplied, match="Unembed"):
        real.documents.create_folder("Arctic")
        real.documents.move({document.path: f"Arctic/{document.name}"})
    assert real.workspaces.remove_document(workspace.slug, document.path) == ()
    real.documents.move({document.path: f"Arctic/{document.name}"})
    assert [held.path for held in real.documents.in_folder("Arctic").documents] == [f"Arctic/{document.name}"]
    assert real.documents.get(f"Arctic/{document.name}").title == document.title
    real.documents.delete_folder("Arctic")
    with pytest.raises(NotFound):
        real.documents.in_folder("Arctic")
    with pytest.raises(NotApplied):
        real.workspaces.add_documents(workspace.slug, [f"Arctic/{document.name}"])


def test_a_thread_from_first_question_to_deletion(real) -> None:
    workspace = real.workspaces.list()[0].slug
    thread = real.workspace_thread.create_thread(workspace, "Mine", user_id=1)
    assert real.chat.send_message(workspace, "Hello?", thread.slug, mode="chat", user_id=1).text
    *_, done = real.chat.stream_message(workspace, "And again?", thread.slug, mode="chat", user_id=1)
    history = real.chat.get_history(workspace, thread.slug)
    assert [message.role for message in history] == ["user", "assistant", "user", "assistant"]
    assert history[-1].content == done.text
    assert real.workspace_thread.get_thread(workspace, thread.slug).user_id == 1
    assert real.chat.update_thread(workspace, thread.slug, "Ours").name == "Ours"
    real.chat.clear_history(workspace, thread.slug)
    assert real.chat.get_history(workspace, thread.slug) == []
    real.chat.delete_thread(workspace, thread.slug)
    with pytest.raises(NotFound):
        real.workspace_thread.get_thread(workspace, thread.slug)


def test_an_invite_from_making_to_claim(real) -> None:
    workspace = real.workspaces.list()[0]
    invite = real.admin.create_invite([workspace.id])
    assert real.invites.read(invite.code) == "pending"
    with pytest.raises(Refused, match="at least 8 characters"):
        real.invites.accept(invite.code, "newbie", "short")
    real.invites.accept(invite.code, "newbie", "Newbie-pass-1")
    claimed = next(found for found in real.admin.get_invites() if found.id == invite.id)
    assert claimed.claimed_by is not None
    assert claimed.claimed_by.username == "newbie"
    assert claimed.claimed_by.id in ids(real.memberships.read(workspace.id))
    assert invite.code not in repr(invite)
    with pytest.raises(NotFound):
        real.invites.read(invite.code)


def test_a_single_user_instance_is_named_as_such(real, standin) -> None:
    standin.fault("single-user")
    with pytest.raises(SingleUserMode):
        real.users.list()


def test_secrets_are_not_in_what_is_printed(real) -> None:
    login = real.auth.login("ada", "welcome-to-foyer")
    assert login.token
    assert login.token not in repr(login)


@pytest.mark.parametrize("version", [(1, 4, 0), (1, 7, 5), (1, 9, 1), (1, 12, 0), (1, 16, 0)], ids=str)
def test_it_works_with_every_version(real, standin, version: tuple[int, int, int]) -> None:
    standin.configure(as_version=version)
    user = real.users.create("zoe", "Zoe-pass-12345")
    workspace = real.workspaces.create("Old and new")
    invite = real.admin.create_invite([workspace.id])
    real.admin.delete_invite(invite.id)
    assert sorted(real.memberships.add(workspace.id, [user.id])) == [user.id]
    assert real.memberships.replace(workspace.id, []) == frozenset()
    (document,) = real.documents.raw_text("Penguins like ice.", "Penguins")
    assert document.path in [found.path for found in real.documents.list()]
    assert len(real.workspaces.add_documents(workspace.slug, [document.path])) == 1
    *_, done = real.chat.stream_message(workspace.slug, "Penguins?", mode="query")
    assert isinstance(done, Done)
    assert [source["title"] for source in done.sources] == [document.title]
    real.workspaces.delete(workspace.slug)
    real.users.delete(user.id)
    if version < (1, 7, 5):
        with pytest.raises(NotAnythingLLM):
            real.embed.create_widget("one")
