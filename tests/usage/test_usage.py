"""Who uses what: every figure against the log, as the instance has it or as it is planted."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import Role
from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange, Person, Place
from tests.chatlog.conftest import everything
from tests.conftest import operator, signed_in

pytestmark = pytest.mark.django_db


def usage(client, days: int = 30):
    return client.get(f"/usage/?days={days}").context["usage"]


def table(client, kind: str, days: int = 30) -> list[dict[str, str]]:
    text = client.get(f"/usage/export/?table={kind}&days={days}").getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def asked(standin, days: int) -> list[dict]:
    """The lines of that time, as the instance has them."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    lines = [{**line, "response": json.loads(line["response"])} for line in everything(standin)]
    return [line for line in lines if datetime.fromisoformat(line["createdAt"]) >= midnight]


@pytest.fixture
def log(standin, db):
    assert sync.update(60)
    return standin


@pytest.mark.parametrize("days", [7, 30, 90])
def test_every_figure_is_that_of_the_instances_log(admin_client, log, days):
    lines, found = asked(log, days), usage(admin_client, days)
    assert found.messages == len(lines)
    by_day = Counter(line["createdAt"][:10] for line in lines)
    assert {day.day.isoformat(): day.messages for day in found.days if day.messages} == by_day
    assert len(found.days) == days and found.days[-1].day == timezone.localdate()
    assert found.people == len({line["user_id"] for line in lines} - {None})
    assert found.without_sources == sum(not line["response"]["sources"] for line in lines)
    assert {s.name: s.messages for s in found.workspaces} == Counter(line["workspace"]["name"] for line in lines)
    people = Counter(line["user"]["username"] if line["user_id"] else "" for line in lines)
    assert {s.name: s.messages for s in found.persons} == people
    cited = Counter(title for line in lines for title in {source["title"] for source in line["response"]["sources"]})
    assert {cited.title: cited.answers for cited in found.documents} == cited
    first = {}
    for line in reversed(everything(log)):
        first.setdefault(line["user_id"], line["createdAt"])
    since = found.since.isoformat()
    assert found.new_people == sum(at >= since for user_id, at in first.items() if user_id)


def line(number: int, place: Place, who: Person | None, days_ago: int = 0, **fields) -> Exchange:
    at = timezone.now() - timedelta(days=days_ago)
    return Exchange.objects.create(
        id=number, workspace=place, user=who, prompt="?", answer="!", created_at=at, **fields
    )


@pytest.fixture
def planted(standin, db):
    """Two people in two workspaces: sam asks the handbook, mia Finance."""
    handbook, finance = Place.objects.create(id=1, name="Handbook"), Place.objects.create(id=2, name="Finance")
    sam, mia = Person.objects.create(id=7, name="sam"), Person.objects.create(id=8, name="mia")
    line(1, handbook, sam, days_ago=20)
    line(2, handbook, sam)
    line(3, finance, mia, cited=1).citations.create(title="=budget.xlsx")
    line(4, finance, None)


def test_the_busiest_come_first_with_when_they_were_last_there(admin_client, planted):
    found = usage(admin_client)
    assert [(s.name, s.messages, s.others) for s in found.persons] == [("sam", 2, 1), ("", 1, 1), ("mia", 1, 1)]
    assert found.persons[0].last == Exchange.objects.get(pk=2).created_at
    assert [(s.name, s.without_sources) for s in found.workspaces] == [("Finance", 1), ("Handbook", 2)]


def test_who_asked_before_is_not_new(admin_client, planted):
    assert usage(admin_client, 7).new_people == 1
    assert usage(admin_client, 30).new_people == 2


def test_an_empty_answer_is_none_without_sources(admin_client, planted):
    Exchange.objects.filter(pk=2).update(answer="")
    assert usage(admin_client, 7).without_sources == 1


def test_another_time_than_those_offered_is_thirty_days(admin_client, planted):
    for days in ("", "x", "-1", "100000"):
        assert len(admin_client.get(f"/usage/?days={days}").context["usage"].days) == 30


def test_files_hold_what_the_tables_show(admin_client, planted):
    assert [row["Messages"] for row in table(admin_client, "days", 7)] == ["0"] * 6 + ["3"]
    assert [(row["Workspace"], row["Messages"], row["People"]) for row in table(admin_client, "workspaces")] == [
        ("Finance", "2", "1"),
        ("Handbook", "2", "1"),
    ]
    assert [row["Person"] for row in table(admin_client, "people")] == ["sam", "", "mia"]
    assert table(admin_client, "documents") == [{"Document": "'=budget.xlsx", "Answers": "1", "Workspaces": "1"}]
    assert admin_client.get("/usage/export/?table=secrets").status_code == 404


def test_the_chart_has_a_table_beside_it(admin_client, planted):
    page = admin_client.get("/usage/?days=7").content.decode()
    assert page.count("<time datetime=") >= 7
    assert 'data-chart="days-table"' in page and 'id="days-table"' in page


def test_nothing_asked_is_said(admin_client, standin):
    assert "Nothing was asked" in admin_client.get("/usage/").content.decode()


def test_a_log_that_is_still_being_read_is_said_to_be(admin_client, standin):
    sync.update(0)
    assert "still being read" in admin_client.get("/usage/?days=90").content.decode()
    assert sync.update(60)
    assert "still being read" not in admin_client.get("/usage/?days=90").content.decode()


def test_a_manager_of_some_workspaces_counts_these_only(planted):
    somebody = operator(Role.MANAGER, "lim")
    somebody.looks_after.create(workspace_id=2)
    client = signed_in(somebody)
    found = usage(client)
    assert (found.messages, found.people, found.new_people) == (2, 1, 1)
    assert [share.name for share in found.workspaces] == ["Finance"]
    page = client.get("/usage/").content.decode()
    assert "Handbook" not in page and "sam" not in re.sub(r"(?s)^.*<main", "", page)
    assert [row["Person"] for row in table(client, "people")] == ["", "mia"]


def test_viewers_and_members_are_refused(viewer_client, member_client, planted):
    for client in (viewer_client, member_client):
        assert client.get("/usage/").status_code == 403
        assert client.get("/usage/export/?table=days").status_code == 403


def test_anonymous_tells_nothing_by_person(admin_client, planted, settings):
    settings.CHAT_LOG = "anonymous"  # and the worker has not yet erased the names that were kept
    page = admin_client.get("/usage/").content.decode()
    main = page[page.index("<main") :]
    assert "sam" not in main and "mia" not in main and "By person" not in main
    assert admin_client.get("/usage/export/?table=people").status_code == 404
    assert list(table(admin_client, "days")[0]) == ["Day", "Messages"]
    assert "People" not in table(admin_client, "workspaces")[0]
    assert table(admin_client, "workspaces")[0]["Messages"] == "2"


def test_off_counts_nothing(admin_client, planted, settings):
    settings.CHAT_LOG = "off"
    page = admin_client.get("/usage/").content.decode()
    assert "CHAT_LOG=off" in page and "Finance" not in page
    assert table(admin_client, "workspaces") == []
