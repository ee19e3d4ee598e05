"""A log of 100,000 lines is never looked through for what an index tells, nor sorted for one page of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.chatlog import services
from dashboard.chatlog.models import Exchange, Person, Place

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
