"""A log of 100,000 lines is never looked through for what an index tells, nor sorted for one page of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.chatlog import services
from dashboard.chatlog.models import Exchange, Person, Place

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        ({}, "exchange_newest"),
        ({"since": timezone.localdate() - timedelta(days=6)}, "exchange_newest"),
        ({"workspace": 1}, "exchange_of_workspace"),
        ({"workspace": 1, "since": timezone.localdate() - timedelta(days=6)}, "exchange_of_workspace"),
        ({"person": "sam"}, "exchange_of_user"),
        ({"mode": "chat"}, "exchange_of_mode"),
    ],
)
def test_a_page_comes_from_an_index_in_order(ada, criteria, index):
    Person.objects.create(id=7, name="sam")
    plan = services.search(ada, **criteria)[:50].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_a_conversation_is_found_by_its_thread(ada):
    place = Place.objects.create(id=1, name="Handbook")
    line = Exchange.objects.create(id=1, workspace=place, thread_id=3, prompt="?", created_at=timezone.now())
    assert "exchange_of_thread" in services.conversation(ada, line).explain()
