"""The log's pages and files: what they show, to whom, and what they never do."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange, Person, Place
from dashboard.chatlog.services import FEW, LETTERS_INDEXED
from dashboard.folding import searchable
from tests.chatlog.conftest import asks, everything
from tests.conftest import operator, signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db

NAME = "wilhelmina.planted"


def line(number: int, *, place: str = "Handbook", who: str | None = "sam", **fields) -> Exchange:
    workspace, _made = Place.objects.get_or_create(name=place, defaults={"id": Place.objects.count() + 1})
    user = Person.objects.get_or_create(name=who, defaults={"id": Person.objects.count() + 1})[0] if who else None
    words = {
        "prompt": f"Question {number}?",
        "answer": f"Answer {number}.",
        "created_at": timezone.now(),
        "mode": "query",
    }
    return Exchange.objects.create(id=number, workspace=workspace, user=user, **{**words, **fields})


def found(client, query: str = "") -> list[int]:
    return [exchange.pk for exchange in client.get(f"/chats/?{query}").context["page"].object_list]


def exported(client, kind: str, query: str = "") -> str:
    return client.get(f"/chats/export/?format={kind}&{query}").getvalue().decode("utf-8-sig")


@pytest.fixture
def lines(standin, db) -> None:
    """Of several people, workspaces and days."""
    now = timezone.now()
    line(1, created_at=now - timedelta(days=200), prompt="An old question")
    line(2, created_at=now - timedelta(days=60), who="mia")
    line(3, created_at=now - timedelta(days=20), place="Finance", answer="Seven euros")
    line(4, created_at=now - timedelta(days=3), mode="chat", who="mia")
    line(5, who=None, mode="automatic", place="Finance")


# --- The table --------------------------------------------------------------------------------------------------------
def test_it_shows_the_last_seven_days_newest_first(admin_client, lines):
    assert found(admin_client) == [5, 4]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("days=30", [5, 4, 3]),
        ("days=90", [5, 4, 3, 2]),
        ("days=all", [5, 4, 3, 2, 1]),
        ("days=all&q=OLD", [1]),
        ("days=all&q=seven+EUROS", [3]),
        ("days=all&person=MI", [4, 2]),
        ("days=all&workspace=2", [5, 3]),
        ("days=all&workspace=2&person=sam", [3]),
        ("days=all&mode=chat", [4]),
        ("days=all&mode=automatic", [5]),
        ("since=2020-01-01", [5, 4, 3, 2, 1]),
        ("until=2020-01-01", []),
    ],
)
def test_it_filters(admin_client, lines, query, expected):
    assert found(admin_client, query) == expected


def test_a_whole_name_is_this_person_alone(admin_client, lines):
    line(6, who="samira")
    assert found(admin_client, "days=all&person=sam") == [3, 1]
    assert found(admin_client, "days=all&person=sa") == [6, 3, 1]


def test_both_days_of_a_time_are_in_it(admin_client, lines):
    day = timezone.localdate(Exchange.objects.get(pk=3).created_at).isoformat()
    assert found(admin_client, f"since={day}&until={day}") == [3]


@pytest.mark.parametrize(
    "query", ["since=tomorrow", "since=2026-02-02&until=2026-01-01", "until=9999-12-31", "workspace=99", "mode=x"]
)
def test_it_says_which_filter_it_does_not_understand(admin_client, lines, query):
    answer = admin_client.get(f"/chats/?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert admin_client.get(f"/chats/export/?{query}").status_code == 422


def test_it_answers_htmx_with_the_table_only(admin_client, lines):
    page = admin_client.get("/chats/", headers=HTMX).content.decode().strip()
    assert page.startswith('<section id="chatlog-table"')


def test_what_people_and_models_write_is_text(admin_client, lines):
    line(6, prompt="<script>alert(1)</script>", answer="<img src=x onerror=alert(1)>", who="<b>sam")
    for url in ("/chats/", "/chats/6/"):
        page = admin_client.get(url).content.decode()
        assert "&lt;script&gt;" in page and "&lt;img" in page and "&lt;b&gt;sam" in page
        assert "<img src=x" not in page and "<b>sam" not in page


def test_it_says_how_new_it_is_and_that_deleted_ones_stay(admin_client, standin):
    assert "Not read from AnythingLLM yet" in admin_client.get("/chats/").content.decode()
    sync.update(0)
    assert "for the first time" in admin_client.get("/chats/").content.decode()
    assert sync.update(60)
    page = admin_client.get("/chats/").content.decode()
    assert "Read from AnythingLLM at" in page
    assert "stays in this log" in page


# --- One conversation -------------------------------------------------------------------------------------------------
def conversation(client, number: int) -> list[int]:
    return [exchange.pk for exchange in client.get(f"/chats/{number}/").context["page"].object_list]


def test_a_conversation_is_its_thread_in_order(admin_client, standin):
    for number in (1, 2, 4):
        line(number, thread_id=3)
    line(3)
    line(5, thread_id=4)
    assert conversation(admin_client, 2) == [1, 2, 4]


def test_an_agents_answer_stands_in_its_thread(admin_client, standin):
    line(1, thread_id=3)
    line(2, thread_id=3, who=None)
    assert conversation(admin_client, 1) == [1, 2]


def test_a_conversation_may_be_a_session_or_one_persons_own(admin_client, standin):
    line(1, session_id="kiosk-1", who=None)
    line(2, session_id="kiosk-1", who=None)
    line(3, session_id="kiosk-2", who=None)
    line(4)
    line(5, who="mia")
    line(6)
    line(7, place="Finance")
    assert conversation(admin_client, 1) == [1, 2]
    assert conversation(admin_client, 4) == [4, 6]


def test_what_nobody_is_known_to_have_asked_stands_alone(admin_client, standin):
    line(1, who=None)
    line(2, who=None)
    assert conversation(admin_client, 1) == [1]


def test_a_long_conversation_opens_where_the_line_stands(admin_client, standin):
    now = timezone.now()
    for number in range(1, 121):
        line(number, thread_id=3, created_at=now + timedelta(seconds=number))
    assert 110 in conversation(admin_client, 110)
    assert 1 not in conversation(admin_client, 110)
    assert admin_client.get("/chats/110/?page=1").context["page"].number == 1
    Exchange.objects.update(created_at=now)  # as an import may bring them
    assert 110 in conversation(admin_client, 110)


# --- Files ------------------------------------------------------------------------------------------------------------
def test_a_file_holds_what_the_table_shows(admin_client, lines):
    for query in ("", "days=all", "days=all&person=mia", "days=all&q=euros"):
        shown = found(admin_client, query)
        assert [record["id"] for record in json.loads(exported(admin_client, "json", query))] == shown
        rows = exported(admin_client, "jsonl", query).splitlines()
        assert [json.loads(row)["id"] for row in rows] == shown
        table = list(csv.reader(io.StringIO(exported(admin_client, "csv", query))))
        assert [int(row[0]) for row in table[1:]] == shown


def test_a_file_of_everything_is_as_the_instance_has_it(admin_client, log):
    records = json.loads(exported(admin_client, "json", "days=all"))
    for record, there in zip(records, sorted(everything(log), key=lambda r: r["createdAt"], reverse=True), strict=True):
        response = json.loads(there["response"])
        assert (record["prompt"], record["answer"]) == (there["prompt"], response["text"])
        assert record["user_id"] == there["user_id"]
        assert record["sources"] == list(dict.fromkeys(source["title"] for source in response["sources"]))


def test_no_cell_is_a_formula(admin_client, standin):
    line(1, prompt="=cmd|' /C calc'!A0", answer="+1", who="@sam", place="-2")
    Exchange.objects.get().citations.create(title="=HYPERLINK(1)")
    row = list(csv.reader(io.StringIO(exported(admin_client, "csv"))))[1]
    for cell in ("'=cmd|' /C calc'!A0", "'+1", "'@sam", "'-2", "'=HYPERLINK(1)"):
        assert cell in row


def test_another_kind_of_file_there_is_not(admin_client, lines):
    assert admin_client.get("/chats/export/?format=exe").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_a_file_is_sent_many_lines_at_a_time(admin_client, standin, kind):
    place = Place.objects.create(id=1, name="Handbook")
    Exchange.objects.bulk_create(
        Exchange(id=n, workspace=place, prompt="Why? " * 50, created_at=timezone.now()) for n in range(1, 2001)
    )
    pieces = list(admin_client.get(f"/chats/export/?format={kind}").streaming_content)
    assert b"".join(pieces).count(b"Why?") == 100_000
    assert 3 < len(pieces) < 100, "it begins at once, and each piece is worth sending"


def test_a_large_file_is_not_held_in_memory(admin_client, standin):
    place = Place.objects.create(id=1, name="Handbook")
    Exchange.objects.bulk_create(
        Exchange(id=n, workspace=place, prompt="?", created_at=timezone.now()) for n in range(1, 1201)
    )
    answer = admin_client.get("/chats/export/?format=jsonl")
    assert answer.streaming
    with CaptureQueriesContext(connection) as asked:
        assert len(answer.getvalue().splitlines()) == 1200
    assert len(asked) < 10


# --- The ledger -------------------------------------------------------------------------------------------------------
def acts(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action))


def test_reading_is_in_the_ledger_once_an_hour(admin_client, manager_client, lines):
    for url in ("/chats/", "/chats/?days=all", "/chats/4/"):
        admin_client.get(url)
    assert [event.actor_name for event in acts("chatlog.read")] == ["ada"]
    manager_client.get("/chats/4/")
    assert len(acts("chatlog.read")) == 2


def test_reading_nothing_is_not(admin_client, standin):
    admin_client.get("/chats/")
    assert not acts("chatlog.read")


def test_an_export_is_in_the_ledger_with_what_it_held_but_no_chat(admin_client, lines):
    exported(admin_client, "csv", "days=all&workspace=2&q=euros")
    event = acts("chatlog.exported")[0]
    assert event.after == {"rows": 1, "format": "csv", "workspace": "Finance"}
    exported(admin_client, "json", "person=mia&since=2020-01-01")
    assert acts("chatlog.exported")[0].after == {"rows": 2, "format": "json", "person": "mia", "since": "2020-01-01"}


# --- Limits -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def limited(lines):
    somebody = operator(Role.MANAGER, "lim")
    somebody.looks_after.create(workspace_id=2)
    return signed_in(somebody)


def test_a_manager_of_some_workspaces_reads_these_only(limited):
    assert found(limited, "days=all") == [5, 3]
    assert found(limited, "days=all&person=sam") == [3]
    assert limited.get("/chats/?days=all&workspace=1").status_code == 422
    assert "Handbook" not in limited.get("/chats/?days=all").content.decode()
    assert [record["id"] for record in json.loads(exported(limited, "json", "days=all"))] == [5, 3]
    assert limited.get("/chats/3/").status_code == 200
    assert limited.get("/chats/4/").status_code == 404


def test_viewers_and_members_read_nothing(viewer_client, member_client, lines):
    for client in (viewer_client, member_client):
        for url in ("/chats/", "/chats/4/", "/chats/export/"):
            assert client.get(url).status_code == 403


# --- Update now -------------------------------------------------------------------------------------------------------
def test_update_now_reads_the_newest(admin_client, log):
    asks(log, "Is this there at once?")
    answer = admin_client.post("/chats/update/", {"next": "/chats/?days=30"}, follow=True)
    assert answer.redirect_chain[0][0] == "/chats/?days=30"
    assert "The log is up to date." in answer.content.decode()
    assert "Is this there at once?" in answer.content.decode()


def test_update_now_says_when_the_instance_is_down(admin_client, log):
    log.fault("down")
    page = admin_client.post("/chats/update/", follow=True).content.decode()
    assert "does not answer" in page
    assert found(admin_client, "days=all")


def test_the_log_can_be_read_while_the_instance_is_down(admin_client, log):
    log.fault("down")
    before = len(log.state()["requests"])
    assert admin_client.get("/chats/").status_code == 200
    assert not any("workspace-chats" in request["path"] for request in log.state()["requests"][before:])


# --- Privacy ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def planted(standin):
    """Somebody with a name that stands nowhere else has asked something, in a thread and without one."""
    new = {"username": NAME, "password": standin.password, "role": "default"}
    user_id = standin.post("/v1/admin/users/new", new)["user"]["id"]
    body = {"message": "Who am I?", "mode": "query", "userId": user_id}
    thread = standin.post("/v1/workspace/company-handbook/thread/new", {"userId": user_id})["thread"]["slug"]
    standin.post(f"/v1/workspace/company-handbook/thread/{thread}/chat", body)
    return user_id


def everywhere(client) -> str:
    """All that the log ever shows, to be searched for a name."""
    number = Exchange.objects.get(prompt="Who am I?").pk if Exchange.objects.exists() else 1
    urls = ["/chats/", "/chats/?days=all", f"/chats/?person={NAME}", f"/chats/{number}/"]
    urls += [f"/chats/export/?format={kind}&days=all" for kind in ("csv", "json", "jsonl")]
    return " ".join(client.get(url).getvalue().decode() for url in urls)


def test_a_planted_name_is_shown_when_names_may_be(admin_client, planted):
    assert sync.update(60)
    assert everywhere(admin_client).count(NAME) >= 6


@pytest.mark.parametrize("kept_before", [False, True])
def test_anonymous_never_shows_a_name(admin_client, planted, settings, kept_before):
    if kept_before:
        assert sync.update(60)
    settings.CHAT_LOG = "anonymous"
    if not kept_before:
        assert sync.update(60)
    # Also in the moment before the worker has erased what was kept.
    text = everywhere(admin_client)
    assert "Who am I?" in text
    assert text.replace(f"person={NAME}", "").count(NAME) == 0
    assert f'"user_id": {planted}' not in text
    assert 'name="person"' not in text


def test_off_shows_and_reads_nothing(admin_client, standin, planted, settings):
    def read() -> int:
        return sum("workspace-chats" in request["path"] for request in standin.state()["requests"])

    assert sync.update(60)
    settings.CHAT_LOG = "off"
    before = read()
    assert before
    text = everywhere(admin_client)
    assert "CHAT_LOG=off" in text
    assert "Who am I?" not in text and NAME not in text.replace(f"person={NAME}", "")
    admin_client.post("/chats/update/")
    assert read() == before
    assert not Exchange.objects.exists()


@pytest.mark.parametrize(
    ("prompt", "q"),
    [
        ("Überstunden: wie viele?", "überstunden"),
        ("U\u0308berstunden", "ÜBERSTUNDEN"),
        ("Отпуск", "отпуск"),
        ("Élection", "élection"),
        ("ＡＢＣ　ｶﾅ", "abc カナ"),
        ("年假制度", "年假"),
        ("年假制度", "假"),
        ("年假制度", "假制度"),
        ("人人有假", "人有"),
        ("휴가 規則", "휴가 規"),
        ("100% of it_", "0% OF IT_"),
        ('say "yes" -NOT (this)', '"YES" -not ('),
    ],
)
def test_search_folds_case_and_forms_of_any_script(admin_client, lines, prompt, q):
    fields = Exchange.objects.values("workspace_id", "user_id", "created_at").get(pk=5)
    Exchange.objects.create(id=77, prompt=prompt, answer="", **fields)
    Exchange.objects.bulk_create([Exchange(id=78, prompt="", answer=prompt, **fields)])
    assert sorted(found(admin_client, urlencode({"days": "all", "q": q}))) == [77, 78]


def test_a_chinese_word_of_two_letters_is_looked_for_by_the_index(admin_client, lines):
    fields = Exchange.objects.values("workspace_id", "user_id", "created_at").get(pk=5)
    Exchange.objects.create(id=77, prompt="年假制度", answer="", **fields)
    with CaptureQueriesContext(connection) as asked:
        assert found(admin_client, urlencode({"days": "all", "q": "年假"})) == [77]
    assert len(searchable("年假")) >= LETTERS_INDEXED
    assert connection.vendor != "sqlite" or any("MATCH" in query["sql"] for query in asked)


def test_many_lines_that_hold_a_word_are_all_found(admin_client, lines):
    fields = Exchange.objects.values("workspace_id", "user_id", "created_at").get(pk=5)
    many = range(1000, 1000 + FEW + 2)
    Exchange.objects.bulk_create([Exchange(id=n, prompt="Zebra", **fields) for n in many])
    page = admin_client.get("/chats/?days=all&q=zebra").context["page"]
    assert page.paginator.count == len(many)


def test_what_is_gone_from_the_log_is_not_found_any_more(admin_client, lines):
    assert found(admin_client, "days=all&q=old") == [1]
    Exchange.objects.filter(pk=1).delete()
    assert found(admin_client, "days=all&q=old") == []


def test_a_person_is_found_whatever_the_case(admin_client, lines):
    Person.objects.filter(name="mia").update(name="Élise Ω")
    assert found(admin_client, "days=all&person=élise ω") == [4, 2]
