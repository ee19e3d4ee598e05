"""Reading the instance's log, page by page over HTTP, whatever happens between two pages."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from huey.contrib.djhuey import HUEY

from dashboard import instance, locks
from dashboard.anythingllm import ApiError, http
from dashboard.chatlog import services, sync
from dashboard.chatlog.models import Citation, Exchange, Person, Place, Progress
from dashboard.errors import AnotherInstance
from dashboard.models import Witness
from tests.chatlog.conftest import asks, everything, kept
from tests.faults.conftest import FAULTS, SHORT, SLOW, patience

pytestmark = pytest.mark.django_db


def ids(standin) -> list[int]:
    return [line["id"] for line in everything(standin)]


def delete(standin, path: str) -> None:
    with suppress(json.JSONDecodeError):  # deleting a workspace is answered with a word
        standin._fetch("DELETE", f"/api{path}")


def read_on(limit: int = 200) -> None:
    """To the end, a page at a time."""
    for _page in range(limit):
        if sync.update(0):
            return
    raise AssertionError("it never came to an end")


# --- What a line is ---------------------------------------------------------------------------------------------------
def test_it_keeps_each_line_as_the_instance_has_it(log):
    lines = everything(log)
    assert kept() == [line["id"] for line in lines]
    for line in lines:
        exchange, response = Exchange.objects.get(pk=line["id"]), json.loads(line["response"])
        assert (exchange.prompt, exchange.answer) == (line["prompt"], response["text"])
        assert (exchange.workspace_id, exchange.workspace.name) == (line["workspaceId"], line["workspace"]["name"])
        assert (exchange.user_id, exchange.thread_id) == (line["user_id"], line["thread_id"])
        assert not exchange.user or exchange.user.name == line["user"]["username"]
        assert exchange.session_id == (line["api_session_id"] or "")
        assert (exchange.visible, exchange.feedback) == (line["include"], line["feedbackScore"])
        assert exchange.mode == response["type"]
        assert exchange.created_at.isoformat()[:23] == line["createdAt"][:23]
        titles = {source["title"] for source in response["sources"]}
        assert {citation.title for citation in exchange.citations.all()} == titles
        assert exchange.cited == len(titles)


def test_a_file_that_somebody_attached_is_no_document_of_the_workspace(standin, db):
    content = base64.b64encode(b"My salary is a secret.").decode()
    attached = {
        "name": "secret.txt",
        "mime": "application/anythingllm-document",
        "contentString": f"data:text/plain;base64,{content}",
    }
    asked = {"message": "How many days off are there?", "mode": "chat", "attachments": [attached]}
    standin.post("/v1/workspace/company-handbook/chat", asked)
    read_on()
    line = everything(standin)[0]
    sources = json.loads(line["response"])["sources"]
    assert any(source.get("isDirectUpload") for source in sources)
    titles = {source["title"] for source in sources if not source.get("isDirectUpload")}
    exchange = Exchange.objects.get(pk=line["id"])
    assert {citation.title for citation in exchange.citations.all()} == titles
    assert exchange.cited == len(titles)


def test_hidden_lines_and_those_of_agents_are_among_them(log):
    assert Exchange.objects.filter(visible=False).exists()
    agents = Exchange.objects.filter(mode="automatic")
    assert agents.exists()
    assert not agents.filter(user__isnull=False).exists()
    assert Exchange.objects.exclude(session_id="").exists()


# --- Walks ------------------------------------------------------------------------------------------------------------
def test_afterwards_one_page_is_enough(log):
    asks(log, "Is there something new?")
    before = len(log.state()["requests"])
    assert sync.update(60)
    assert len(log.state()["requests"]) == before + 1
    assert kept() == ids(log)


def test_what_is_asked_during_the_first_walk_is_neither_lost_nor_doubled(standin):
    for number in range(25):
        asks(standin, f"Question {number} of many?")
        sync.update(0)
    read_on()
    assert sync.update(60)
    assert kept() == ids(standin)


@pytest.mark.parametrize("pages", [1, 2, 5, 9, 14])
def test_lines_deleted_during_the_walk_take_no_others_with_them(standin, pages):
    """They move the rest up, past the page that is read next."""
    for _page in range(pages):
        assert not sync.update(0)
    known = set(kept())
    asked = [line["user_id"] for line in everything(standin) if line["id"] in known and line["user_id"]]
    for user_id in list(dict.fromkeys(asked))[: 3 * pages]:
        delete(standin, f"/v1/admin/users/{user_id}")
    read_on()
    assert set(ids(standin)) | known == set(kept())
    assert len(ids(standin)) < len(kept())


def test_a_deleted_workspace_stays_in_the_log(log):
    before = kept()
    delete(log, "/v1/workspace/finance")
    asks(log, "And now?")
    assert sync.update(60)
    assert set(before) < set(kept())
    assert Exchange.objects.filter(workspace__name="Finance").exists()


def test_after_a_long_absence_the_walk_goes_down_to_what_is_there(log):
    for number in range(45):
        asks(log, f"Question {number} while nobody read?")
    read_on()
    assert kept() == ids(log)


def test_a_log_of_exactly_full_pages_has_an_end(standin):
    while len(lines := everything(standin)) % 20:
        asks(standin, "One more?")
    read_on()
    assert kept() == [line["id"] for line in lines]


def test_an_empty_log_is_read_too(standin):
    for workspace in standin.get("/v1/workspaces")["workspaces"]:
        delete(standin, f"/v1/workspace/{workspace['slug']}")
    assert not ids(standin)
    assert sync.update(60)
    assert Progress.objects.get().complete_at


def test_names_are_those_of_today(log):
    exchange = Exchange.objects.exclude(user=None).first()
    log.post(f"/v1/admin/users/{exchange.user_id}", {"username": "renamed.one"})
    log.post("/v1/workspace/company-handbook/update", {"name": "The Handbook"})
    thread = log.post("/v1/workspace/company-handbook/thread/new", {"userId": exchange.user_id})["thread"]["slug"]
    body = {"message": "Who am I now?", "mode": "query", "userId": exchange.user_id}
    log.post(f"/v1/workspace/company-handbook/thread/{thread}/chat", body)
    assert sync.update(60)
    assert Person.objects.get(pk=exchange.user_id).name == "renamed.one"
    assert Place.objects.filter(name="The Handbook").exists()
    assert not Place.objects.filter(name="Company Handbook").exists()


def test_the_log_of_another_instance_does_not_take_the_place_of_this_one(log, settings):
    """An admin has to say first which instance it is: tests/system/test_instance_identity.py."""
    from dashboard.sandbox.testing import running_sandbox

    before = dict(Exchange.objects.values_list("id", "prompt"))
    with running_sandbox(seed=2) as other:
        settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY = other.url, other.api_key
        instance.hang_up()
        with pytest.raises(AnotherInstance):
            read_on()
    assert dict(Exchange.objects.values_list("id", "prompt")) == before


# --- Faults -----------------------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_the_middle_loses_and_doubles_nothing(standin, kind, monkeypatch):
    monkeypatch.setattr(http, "MAX_BODY", 500_000)
    standin.fault(kind, path="workspace-chats", after=3, times=4, **FAULTS[kind])
    patience(read=SHORT if kind in SLOW else 5, write=5)
    failures = 0
    for _page in range(200):
        try:
            if sync.update(0):
                break
        except ApiError:
            failures += 1
            instance.hang_up()
            patience(read=SHORT if kind in SLOW else 5, write=5)
            if failures == 2:
                asks(standin, "Meanwhile?", slug="sales-and-offers")
    assert sync.update(60)
    assert any(request["faults"] for request in standin.state()["requests"])
    standin.clear_faults()
    assert sync.update(60)
    assert kept() == ids(standin)
    cited = sum(len({s["title"] for s in json.loads(line["response"])["sources"]}) for line in everything(standin))
    assert Citation.objects.count() == cited


def test_a_busy_instance_that_lists_nothing_is_not_believed(log):
    before, known = kept(), Progress.objects.get().complete_at
    log.fault("locked-all")
    with pytest.raises(ApiError):
        sync.update(60)
    assert kept() == before
    assert Progress.objects.get().complete_at == known


def test_a_busy_instance_has_no_empty_log(standin):
    standin.fault("locked-all")
    with pytest.raises(ApiError):
        sync.update(60)
    standin.clear_faults()
    instance.hang_up()
    assert sync.update(60)
    assert kept() == ids(standin)


def test_the_worker_leaves_what_fails_for_later(standin, caplog):
    standin.fault("502")
    sync.by_the_worker()
    assert "left for later" in caplog.text
    standin.clear_faults()
    instance.hang_up()
    sync.by_the_worker()
    assert kept() == ids(standin)


@pytest.mark.django_db(transaction=True)
def test_only_one_reads_at_a_time(standin):
    with locks.held("chatlog"), pytest.raises(locks.Busy):
        sync.update(60)
    assert not kept()


# --- Looking back -----------------------------------------------------------------------------------------------------
def test_what_people_think_of_an_answer_is_seen_although_it_comes_later(log):
    for number in range(sync.PAGE + 5):
        asks(log, f"Question {number} after which many more come?")
    assert sync.update(60)
    rated = Exchange.objects.get(prompt="Question 0 after which many more come?")
    # As if it had been read before it was rated, and hidden: the instance says otherwise.
    Exchange.objects.filter(pk=rated.pk).update(feedback=not rated.feedback, visible=not rated.visible)
    assert sync.update(60)
    assert Exchange.objects.get(pk=rated.pk).feedback != rated.feedback  # it is not among the newest twenty
    sync.look_back()
    seen = Exchange.objects.get(pk=rated.pk)
    assert (seen.feedback, seen.visible) == (rated.feedback, rated.visible)
    assert kept() == ids(log)


def test_it_looks_back_no_further_than_some_days(log):
    before = len(log.state()["requests"])
    sync.look_back()
    recent = Exchange.objects.filter(created_at__gte=timezone.now() - sync.LOOKS_BACK).count()
    assert Exchange.objects.count() > 3 * sync.PAGE
    assert len(log.state()["requests"]) - before == recent // sync.PAGE + 1


def test_looking_back_waits_for_the_first_walk_and_asks_nothing_when_there_is_no_log(standin, settings):
    sync.update(0)
    before = len(standin.state()["requests"])
    sync.look_back()
    read_on()
    walked = len(standin.state()["requests"])
    assert walked > before
    settings.CHAT_LOG = "off"
    sync.look_back()
    assert len(standin.state()["requests"]) == walked


def test_a_look_back_that_fails_is_left_for_the_next_hour(log, caplog):
    everything_before = kept()
    log.fault("502")
    sync.look_back()
    assert "no look back" in caplog.text
    assert kept() == everything_before


# --- Privacy ----------------------------------------------------------------------------------------------------------
def test_off_asks_nothing_and_erases_what_was_kept(log, settings):
    settings.CHAT_LOG = "off"
    before = len(log.state()["requests"])
    assert sync.update(60)
    sync.by_the_worker()
    assert len(log.state()["requests"]) == before
    for model in (Exchange, Citation, Person, Place, Progress):
        assert not model.objects.exists()


@pytest.mark.parametrize("fault", ["down", "another"])
@pytest.mark.parametrize("said", ["off", "anonymous"])
def test_it_is_erased_whatever_answers_there_or_nobody(log, settings, said, fault):
    settings.CHAT_LOG = said
    if fault == "down":
        log.fault("down")
    else:
        Witness.objects.update(created_at="2020-01-01T00:00Z")
    cache.clear()
    instance.hang_up()
    with pytest.raises(ApiError if fault == "down" else AnotherInstance):
        instance.confirm(0)
    autodiscover_modules("tasks")
    (task,) = [task for task in HUEY._registry.periodic_tasks if task.name == "keep_promises"]
    assert all(task.validate_datetime(datetime(2026, 7, 1, 12, minute, tzinfo=UTC)) for minute in range(60))
    HUEY.execute(task)
    assert not Person.objects.exists()
    assert Exchange.objects.exists() == (said == "anonymous")
    assert not Exchange.objects.exclude(user=None, session_id="").exists()


def test_anonymous_keeps_no_name_and_takes_those_that_were_kept(log, settings):
    assert Person.objects.exists()
    settings.CHAT_LOG = "anonymous"
    asks(log, "Who am I?")
    assert sync.update(60)
    assert kept() == ids(log)
    assert not Exchange.objects.exclude(user=None, session_id="").exists()
    assert not Person.objects.exists()


def test_full_again_tells_who_asked_what_was_read_without_names(standin, settings):
    settings.CHAT_LOG = "anonymous"
    assert sync.update(60)
    Exchange.objects.create(id=900_000, workspace=Place.objects.first(), prompt="gone", created_at="2026-01-01T00:00Z")
    settings.CHAT_LOG = "full"
    assert not services.tells_people()
    assert sync.update(60)
    assert services.tells_people()
    assert Exchange.objects.filter(prompt="gone").exists()
    Exchange.objects.filter(prompt="gone").delete()
    told = {
        (number, user, session) for number, user, session in Exchange.objects.values_list("id", "user", "session_id")
    }
    assert told == {(line["id"], line["user_id"], line["api_session_id"] or "") for line in everything(standin)}
    asked = len(standin.state()["requests"])
    assert sync.update(60)
    assert len(standin.state()["requests"]) == asked + 1


# --- For other rooms --------------------------------------------------------------------------------------------------
def test_it_tells_what_an_account_has_asked_since(log, settings):
    line = next(line for line in everything(log) if line["user_id"])
    since = Exchange.objects.get(pk=line["id"]).created_at
    found = services.asked_since(line["user_id"], since)
    assert line["id"] in found
    assert found == {
        other["id"]
        for other in everything(log)
        if other["user_id"] == line["user_id"] and other["createdAt"] >= line["createdAt"]
    }
    for said in ("anonymous", "off"):
        settings.CHAT_LOG = said
        assert services.asked_since(line["user_id"], since) is None


def test_before_the_first_walk_has_ended_it_tells_nothing(standin):
    sync.update(0)
    user_id = Exchange.objects.exclude(user=None).first().user_id
    assert services.asked_since(user_id, Exchange.objects.last().created_at) is None
