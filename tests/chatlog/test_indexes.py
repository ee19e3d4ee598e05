"""A log of 100,000 lines is never looked through for what an index tells, nor sorted for one page of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.chatlog import services
from dashboard.chatlog.models import Exchange, Person, Place
from dashboard.usage.services import usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _many_lines(db):
    """PostgreSQL asks no index of a table that it takes for small."""
    Place.objects.bulk_create(Place(id=n, name=f"Workspace {n}") for n in range(1, 41))
    Person.objects.bulk_create(Person(id=n, name="sam" if n == 7 else f"person {n}") for n in range(1, 101))
    now = timezone.now()
    Exchange.objects.bulk_create(
        Exchange(
            id=n,
            workspace_id=n * 7 % 40 + 1,
            user_id=n * 11 % 100 + 1,
            thread_id=n % 900,
            mode="chat" if n % 50 else "query",
            prompt="A question as they are asked. " * 5,
            created_at=now - timedelta(minutes=30 * n),
        )
        for n in range(1, 4001)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        ({}, "exchange_newest"),
        ({"since": timezone.localdate() - timedelta(days=6)}, "exchange_newest"),
        ({"workspace": 1}, "exchange_of_workspace"),
        ({"workspace": 1, "since": timezone.localdate() - timedelta(days=6)}, "exchange_of_workspace"),
        ({"person": "sam"}, "exchange_of_user"),
        ({"mode": "query"}, "exchange_of_mode"),
    ],
)
def test_a_page_comes_from_an_index_in_order(ada, criteria, index):
    plan = services.search(ada, **criteria)[:50].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_a_conversation_is_found_by_its_thread(ada):
    line = Exchange.objects.get(pk=3)
    assert "exchange_of_thread" in services.conversation(ada, line).explain()


def plans_of(act: Callable[[], object], table: str) -> str:
    """How SQLite finds what is asked of that table."""
    with CaptureQueriesContext(connection) as asked:
        act()
    queries = [query["sql"] for query in asked if f'FROM "{table}"' in query["sql"]]
    assert queries
    with connection.cursor() as cursor:
        return "\n".join(step[-1] for sql in queries for step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())


on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the plans are SQLite's")


@on_sqlite
def test_a_rare_word_is_found_by_its_letters(ada):
    Exchange.objects.create(id=4001, workspace_id=1, prompt="What is a quetzal?", created_at=timezone.now())
    found: list[int] = []
    plan = plans_of(lambda: found.extend(line.pk for line in services.search(ada, q="quetzal")), "chatlog_words")
    assert found == [4001]
    assert "chatlog_letters VIRTUAL TABLE" in plan and "SCAN chatlog_words" not in plan


@on_sqlite
def test_each_day_is_counted_from_a_stretch_of_an_index(ada):
    plan = plans_of(lambda: usage(ada, 7), "chatlog_exchange")
    assert plan.count("COVERING INDEX exchange_counted (created_at>? AND created_at<?)") == 7
    assert "SCAN chatlog_exchange" not in plan
