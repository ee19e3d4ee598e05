"""Every act leaves one line: written before, closed after, whatever happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.anythingllm import Refused, Unreachable
from dashboard.audit.models import GIVEN_UP_AFTER, AuditEvent, Outcome
from dashboard.audit.services import about, recording, search
from dashboard.context import request_address, request_id
from dashboard.errors import Declined

pytestmark = pytest.mark.django_db


@contextmanager
def freezing(moment: datetime) -> Iterator[None]:
    """Lines are written as of `moment`; no line can be dated afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment)
        yield


def the_line() -> AuditEvent:
    return AuditEvent.objects.get()


def test_the_intent_is_there_before_the_act(ada):
    with recording(ada, "user.suspended", target=("user", 7, "tom"), before={"suspended": False}):
        line = the_line()
        assert (line.actor, line.action, line.target_id, line.outcome) == (ada, "user.suspended", "7", Outcome.STARTED)
        assert line.finished_at is None


def test_it_is_closed_with_what_the_act_added(ada):
    with recording(ada, "user.created", target=("user", "", "tom")) as entry:
        entry.target_id = "12"
        entry.after = {"role": "default"}
    line = the_line()
    assert (line.outcome, line.target_id, line.after) == (Outcome.OK, "12", {"role": "default"})
    assert line.finished_at >= line.at


@pytest.mark.parametrize(
    ("error", "outcome", "words"),
    [
        (Refused(400, "Username already exists"), Outcome.REFUSED, "Username already exists"),
        (Declined("Never the last admin."), Outcome.REFUSED, "Never the last admin."),
        (Unreachable("gone", sent=False), Outcome.FAILED, "does not answer"),
        (ZeroDivisionError("secret"), Outcome.UNKNOWN, "ZeroDivisionError"),
    ],
)
def test_it_is_closed_also_when_the_act_fails(ada, error, outcome, words):
    with pytest.raises(type(error)), recording(ada, "user.created", target=("user", "", "tom")):
        raise error
    line = the_line()
    assert line.outcome == outcome
    assert words in line.detail
    assert "secret" not in line.detail


def test_it_is_unknown_when_the_process_is_ended_in_the_middle(ada):
    with pytest.raises(KeyboardInterrupt), recording(ada, "user.deleted", target=("user", 7, "tom")):
        raise KeyboardInterrupt
    assert the_line().outcome == Outcome.UNKNOWN


def test_it_says_from_where(ada):
    tokens = request_address.set("203.0.113.5"), request_id.set("abc123")
    with recording(ada, "user.suspended"):
        pass
    request_address.reset(tokens[0])
    request_id.reset(tokens[1])
    assert (the_line().address, the_line().request_id) == ("203.0.113.5", "abc123")


def test_a_line_left_open_becomes_unknown_after_a_while(ada):
    long_ago = timezone.now() - GIVEN_UP_AFTER - timedelta(seconds=1)
    with freezing(long_ago):
        old = AuditEvent.objects.create(actor_name="ada", action="user.deleted")
    young = AuditEvent.objects.create(actor_name="ada", action="user.deleted")
    assert (old.ended, young.ended) == (Outcome.UNKNOWN, Outcome.STARTED)
    assert "stopped in the middle" in str(old.why)
    assert list(search(ada, outcome="unknown")) == [old]
    assert list(search(ada, outcome="started")) == [young]


def test_about_tells_of_one_thing_newest_first(ada):
    for action in ("user.suspended", "user.resumed"):
        with recording(ada, action, target=("user", 7, "tom")):
            pass
    with recording(ada, "user.suspended", target=("user", 8, "eve")):
        pass
    assert [line.action for line in about(ada, ("user", 7))] == ["user.resumed", "user.suspended"]
    assert [line.action for line in about(ada, ("user", 7), limit=1)] == ["user.resumed"]
    assert not about(ada, ("workspace", 7))


def test_search_takes_both_days_whole(ada):
    line = AuditEvent.objects.create(actor_name="ada", action="user.deleted")
    today = timezone.localtime(line.at).date()
    assert search(ada, since=today, until=today).count() == 1
    assert search(ada, until=today - timedelta(days=1)).count() == 0
    assert search(ada, since=today + timedelta(days=1)).count() == 0
