"""Fifty people at once, each with a thread of their own, over real HTTP."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection

from dashboard.invites import joining, sweeps
from dashboard.invites.models import Joining, JoiningState, Link
from tests.invites.conftest import join_by, later

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = [f"person-{number}" for number in range(50)]


def all_join(link: Link, names: list[str]) -> Counter[str]:
    """How it ended for how many; anything but a kind refusal fails the test, "database is locked" above all."""
    outcomes: list[str] = []
    errors: list[BaseException] = []
    start = threading.Barrier(len(names))

    def go(name: str) -> None:
        start.wait()
        try:
            join_by(link, name)
        except (joining.LinkClosed, joining.AllHeld) as refusal:
            outcomes.append(type(refusal).__name__)
        except BaseException as error:
            errors.append(error)
        else:
            outcomes.append("joined")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return Counter(outcomes)


@pytest.mark.parametrize("uses", [1, 20])
def test_fifty_people_at_once_make_as_many_accounts_as_the_link_has_uses(uses, there, make_link, two_rooms):
    link = make_link(uses=uses)
    outcomes = all_join(link, PEOPLE)
    assert outcomes["joined"] == uses
    assert sum(outcomes.values()) == 50
    made = there.users(*PEOPLE)
    assert len(made) == uses
    assert all(there.rooms_of(user["username"]) == set(two_rooms) for user in made[:3])
    assert len(there.minted()) == uses, "who did not get in has left nothing on the instance"
    assert there.pending() == []
    assert Joining.objects.filter(state=JoiningState.DONE).count() == Joining.objects.count() == uses


def test_the_same_person_pressing_ten_times_at_once_gets_one_account(there, make_link):
    link = make_link(uses=20)
    assert all_join(link, ["newbie"] * 10) == {"joined": 10}
    assert len(there.users("newbie")) == 1
    assert len(there.minted()) == 1
    assert Link.objects.counted().get().used == 1


def test_twenty_people_on_a_link_for_twenty_all_get_in_while_answers_get_lost(standin, there, make_link):
    link = make_link(uses=20)
    standin.fault("lost", path="/api/invite/[0-9A-Z]", after=3, times=1)
    standin.fault("lost", path="/admin/invite/new", after=5, times=1)
    assert all_join(link, PEOPLE[:20]) == {"joined": 20}
    later(20)
    sweeps.sweep()
    assert len(there.users(*PEOPLE)) == 20
    assert there.pending() == []
