"""The line: what is asked from now on is never older, however many ask at once; and nothing empty is believed that may be a busy database."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from dashboard import instance

pytestmark = pytest.mark.django_db(transaction=True)  # what a thread reads is held against what the database knows
LISTS_USERS = "/api/v1/admin/users"


def asked(standin) -> int:
    return sum(request["path"] == LISTS_USERS for request in standin.state()["requests"])


def test_who_asks_from_now_on_gets_no_older_answer_while_somebody_else_is_asking(standin):
    sam = next(user for user in instance.users().value if user.username == "sam")
    standin.fault("latency", path=LISTS_USERS, seconds=1, times=1)
    slow = threading.Thread(target=instance.users, kwargs={"max_age": 0})
    slow.start()
    for _ in range(100):
        if asked(standin) == 2:  # it is on its way
            break
        time.sleep(0.01)
    standin.post(f"/v1/admin/users/{sam.id}", {"suspended": 1})
    now = {user.id: user for user in instance.users(max_age=0).value}
    slow.join()
    assert now[sam.id].suspended


def test_many_who_ask_from_now_on_share_an_answer(standin, figure):
    many = 40
    instance.users()
    standin.fault("latency", path=LISTS_USERS, seconds=0.5)
    together, before = threading.Barrier(many), asked(standin)

    def ask(_number: int) -> bool:
        together.wait(timeout=30)
        return instance.users(max_age=0).stale

    with ThreadPoolExecutor(many) as pool:
        assert not any(pool.map(ask, range(many)))
    took = asked(standin) - before
    figure(f"line: {many} who need the users as they are now", f"{took} readings", "4")
    assert took <= 4  # the first one's, then one for all who came meanwhile; a slow machine wakes some late


def test_many_who_ask_in_vain_share_that_too(standin):
    instance.users()
    standin.fault("500", path=LISTS_USERS)
    standin.fault("latency", path=LISTS_USERS, seconds=0.5)
    together, before = threading.Barrier(20), asked(standin)

    def ask(_number: int) -> bool:
        together.wait(timeout=30)
        return instance.users(max_age=0).stale

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(ask, range(20)))
    assert asked(standin) - before <= 4


def test_an_answer_in_vain_does_not_stand_for_who_asks_after_it(standin):
    instance.users()
    standin.fault("500", path=LISTS_USERS, times=1)
    assert instance.users(max_age=0).stale
    assert not instance.users(max_age=0).stale


def test_no_workspaces_at_all_is_not_believed_while_users_cannot_be_read(standin):
    instance.users()
    before = instance.workspaces().value
    for workspace in before:
        instance.connect().workspaces.delete(workspace.slug, verify=False)
    standin.fault("500", path=LISTS_USERS)
    reading = instance.workspaces(max_age=0)
    assert reading.stale
    assert reading.value == before
    standin.clear_faults()
    assert instance.workspaces(max_age=0).value == []


def test_an_empty_library_is_not_believed_while_users_cannot_be_read(standin):
    instance.users()
    before = instance.library().value
    instance.connect().documents.remove([some.path for folder in before for some in folder.documents if some.path])
    standin.fault("500", path=LISTS_USERS)
    reading = instance.library(max_age=0)
    assert reading.stale
    assert reading.value == before
    standin.clear_faults()
    assert not any(folder.documents for folder in instance.library(max_age=0).value)


def test_a_workspace_that_is_not_found_has_lost_no_documents_while_users_cannot_be_read(standin):
    instance.users()
    before = instance.workspace_documents().value
    gone = next(workspace for workspace in instance.workspaces().value if before[workspace.id])
    instance.connect().workspaces.delete(gone.slug)
    standin.fault("500", path=LISTS_USERS)
    reading = instance.workspace_documents(max_age=0)
    assert reading.stale
    assert reading.value == before
    standin.clear_faults()
    assert instance.workspace_documents(max_age=0).value[gone.id] == ()


def test_what_is_out_of_date_stays_so_however_many_workspaces_there_are():
    many = range(1, 401)
    instance.forget_members(*many)
    marks = [instance._mark_key(f"members:{workspace_id}") for workspace_id in many]
    assert len(cache.get_many(marks)) == len(marks)


# --- Two processes ----------------------------------------------------------------------------------------------------
@pytest.fixture
def at(standin, monkeypatch):
    """Goes on as the process of that number, which has a memory of its own."""
    lines = [instance.Line(standin.url, standin.api_key) for _process in range(2)]

    def go_on(number: int) -> None:
        monkeypatch.setattr(instance, "_line", lambda *_which: lines[number])

    return go_on


def test_what_one_process_sees_of_a_change_at_the_instance_the_other_sees_too(standin, at):
    first, *_others = standin.get("/v1/workspaces")["workspaces"]
    for process in (0, 1):
        at(process)
        before = instance.members().value[first["id"]]
    gone = before[-1]
    standin.post(
        f"/v1/admin/workspaces/{first['slug']}/manage-users",
        {"userIds": [user for user in before if user != gone], "reset": True},
    )
    assert gone in instance.members().value[first["id"]], "nothing has told anybody yet"
    at(0)
    assert gone not in instance.members_of(first["id"])
    at(1)
    assert gone not in instance.members().value[first["id"]]
    standin.post(f"/v1/admin/workspaces/{first['slug']}/manage-users", {"userIds": [gone], "reset": False})
    assert gone in instance.members(max_age=0).value[first["id"]]
    at(0)
    assert gone in instance.members().value[first["id"]]
    instance.members()
    asked = len(standin.state()["requests"])
    for process in (0, 1, 0, 1):
        at(process)
        instance.members()
    told = len(standin.state()["requests"]) - asked
    assert told <= 2, "each process asks once more for what it told, and then no more"
