"""A lease is had by one, ends with its time by the database's clock, and nobody writes to the instance when theirs has ended."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard import instance, locks
from dashboard.models import Lease

pytestmark = pytest.mark.django_db
A_MINUTE = timedelta(minutes=1)


def run_out(name: str) -> None:
    Lease.objects.filter(name=name).update(until=timezone.now() - timedelta(seconds=1))


def test_one_has_it_and_the_next_gets_it_afterwards():
    with locks.held("room"), pytest.raises(locks.Busy), locks.held("room", wait=0):
        pass
    with locks.held("room", wait=0):
        pass
    assert not Lease.objects.exists()


def test_its_holder_may_take_it_up_again_by_name():
    with locks.held("room", holder="me") as first, locks.held("room", wait=0, holder="me") as second:
        assert second.fence > first.fence


def test_every_taking_has_a_higher_number_than_those_before():
    fences = []
    for _once_more in range(5):
        with locks.held("room") as lease:
            fences.append(lease.fence)
    with ExitStack() as stack:
        for _once_more in range(5):
            fences.append(stack.enter_context(locks.held("room")).fence)
            run_out("room")
    assert fences == sorted(set(fences))


def test_taking_and_waiting_are_one_statement_each_and_none_fails():
    """A failing INSERT is a line in the log of the database's server, with the name in it."""
    with CaptureQueriesContext(connection) as queries, locks.held("room"):
        pass
    assert [query["sql"].split()[0] for query in queries] == ["INSERT", "DELETE"]
    with locks.held("room"), CaptureQueriesContext(connection) as queries:
        with pytest.raises(locks.Busy), locks.held("room", wait=0):
            pass
        assert Lease.objects.get().name == "room"
    assert {query["sql"].split()[0] for query in queries} <= {"INSERT", "SELECT"}


def test_the_clock_is_the_databases(monkeypatch):
    """That of a machine which is a day ahead does not end what another holds."""
    ahead = timezone.now() + timedelta(days=1)
    with locks.held("room"):
        monkeypatch.setattr(timezone, "now", lambda: ahead)
        with pytest.raises(locks.Busy), locks.held("room", wait=0):
            pass


def test_whose_lease_ran_out_writes_nothing_more(standin):
    users = instance.connect().users
    with locks.held("admins"):
        users.update(3, bio="while it is held")
        run_out("admins")
        with pytest.raises(locks.Busy):
            users.update(3, bio="too late")
        assert users.list()  # reading harms nobody
    assert next(user for user in users.list() if user.id == 3).bio == "while it is held"


def test_whose_lease_was_taken_over_writes_nothing_more_and_leaves_it_to_the_other(standin):
    users = instance.connect().users
    with locks.held("admins"):
        run_out("admins")
        assert locks._take("admins", "another", A_MINUTE)
        with pytest.raises(locks.Busy):
            users.update(3, bio="too late")
    assert Lease.objects.get().holder == "another"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_has_it_at_a_time():
    inside, most = [], []

    def act(_number: int) -> None:
        try:
            with locks.held("room"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    assert set(most) == {1}
    assert len(most) == 40
