"""Foyer is never left without an admin who can really sign in, however many decide at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from dashboard.accounts import services
from dashboard.accounts.models import Operator, Role
from dashboard.errors import Declined
from tests.conftest import operator


def admins() -> set[str]:
    return set(Operator.objects.filter(role=Role.ADMIN, is_active=True).values_list("username", flat=True))


def switched_off(actor: Operator, somebody: Operator) -> None:
    services.change_operator(actor=actor, operator=somebody, role=somebody.role, is_active=False)


@pytest.fixture
def gone(door):
    """An admin of AnythingLLM who has signed in once, and whose account is gone, or suspended."""
    door.linked("ada")
    door.change_account("ada", suspended=1)


def test_whoever_is_no_admin_any_more_changes_nothing(door, gone):
    """Both pages were open; what counts is what is so when it is done."""
    one, two = operator(Role.ADMIN, "one"), operator(Role.ADMIN, "two")
    also_one, also_two = Operator.objects.get(pk=one.pk), Operator.objects.get(pk=two.pk)
    switched_off(one, two)
    with pytest.raises(Declined, match="no admin any more"):
        switched_off(also_two, also_one)
    assert admins() == {"ada", "one"}


@pytest.mark.django_db(transaction=True)
def test_two_who_switch_each_other_off_at_the_same_moment_do_not_both_succeed(standin):
    one, two = operator(Role.ADMIN, "one"), operator(Role.ADMIN, "two")
    Operator.objects.create(username="left", role=Role.ADMIN, anythingllm_user_id=900)
    together, refused = threading.Barrier(2), []

    def act(actor: Operator, somebody: Operator) -> None:
        together.wait(timeout=30)
        try:
            switched_off(actor, somebody)
        except Declined as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and len(admins() - {"left"}) == 1


@pytest.mark.parametrize("state", ["suspended", "gone", "away"])
def test_an_admin_who_cannot_sign_in_does_not_count(state, door):
    """A linked admin switches off the only local one, while their own account is none any more."""
    door.linked("ada")
    ada, root = Operator.objects.get(username="ada"), operator(Role.ADMIN, "root")
    if state == "suspended":
        door.change_account("ada", suspended=1)
    elif state == "gone":
        door.delete_account("ada")
    else:
        door.standin.fault("down", path="/v1/admin/users")
        services.instance.hang_up()
    with pytest.raises(Declined, match="last admin who may sign in"):
        switched_off(ada, root)
    assert "root" in admins()


def test_an_admin_who_can_does(door):
    door.linked("ada")
    ada, root = Operator.objects.get(username="ada"), operator(Role.ADMIN, "root")
    switched_off(ada, root)
    assert admins() == {"ada"}
