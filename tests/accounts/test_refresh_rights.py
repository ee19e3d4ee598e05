"""What a linked operator may do follows the account, also in the middle of a session."""

from __future__ import annotations

import pytest

from dashboard import instance
from dashboard.accounts.models import Operator, Role

SIGNED_OUT = 302


def test_a_demoted_admin_is_demoted_here(door, ledger):
    door.new_account("boss", "admin")
    client = door.linked("boss")
    assert client.get("/operators/").status_code == 200
    door.change_account("boss", role="default")
    assert client.get("/operators/").status_code == 403
    assert Operator.objects.get().role == Role.MEMBER
    assert ledger("operator.updated") == [("Foyer", "boss", "ok")]


def test_a_promoted_member_is_promoted_here(door):
    client = door.linked("sam")
    assert client.get("/operators/").status_code == 403
    door.change_account("sam", role="admin")
    assert client.get("/operators/").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_suspended_is_signed_out_everywhere(door, ledger, method):
    here, there = door.linked("sam"), door.linked("sam")
    door.change_account("sam", suspended=1)
    told = getattr(here, method)("/profile/")
    assert told.status_code == 403 and "may not sign in any more" in told.content.decode()
    assert here.get("/profile/").status_code == there.get("/profile/").status_code == SIGNED_OUT
    assert ledger("operator.signed_out") == [("Foyer", "sam", "ok")]
    door.change_account("sam", suspended=0)
    assert here.get("/profile/").status_code == SIGNED_OUT, "resumed, one signs in again"
    assert door.linked("sam").get("/profile/").status_code == 200


def test_somebody_deleted_is_signed_out(door):
    door.new_account("newbie")
    client = door.linked("newbie")
    door.delete_account("newbie")
    assert client.get("/profile/").status_code == 403
    assert client.get("/profile/").status_code == SIGNED_OUT


@pytest.mark.parametrize(
    "fault", ["down", "html", "truncated", "500", "locked-all", "key-refused", "single-user", "shape"]
)
@pytest.mark.parametrize("remembered", [True, False])
def test_an_empty_list_or_an_error_is_no_proof(door, fault, remembered):
    client = door.linked("sam")
    if remembered:
        client.get("/profile/")
    else:
        instance.hang_up()
    door.standin.fault(fault)
    instance.forget("users")
    assert client.get("/profile/").status_code == 200
    assert client.post("/profile/", {"language": "", "theme": "dark"}).status_code == 302
    assert Operator.objects.get().role == Role.MEMBER


def test_a_list_from_before_the_account_was_made_is_no_proof(door):
    door.linked("mia").get("/users/")  # now the list is remembered
    user = {"username": "newbie", "password": door.standin.password, "role": "default"}
    door.standin.post("/v1/admin/users/new", user)  # not through Foyer: nobody tells it
    client = door.linked("newbie")
    door.standin.fault("down", times=3)  # asked again, it does not answer: still no proof
    assert client.get("/profile/").status_code == 200
    door.standin.clear_faults()
    instance.hang_up()
    assert client.get("/profile/").status_code == 200


def test_a_suspension_is_seen_within_ten_seconds_by_pages_and_five_by_changes(door, monkeypatch):
    client = door.linked("sam")
    client.get("/profile/")
    door.standin.post(f"/v1/admin/users/{door.account('sam')['id']}", {"suspended": 1})
    clock = instance.time.monotonic
    later = 0.0
    monkeypatch.setattr(instance.time, "monotonic", lambda: clock() + later)
    later = 4.0
    assert client.post("/profile/", {"language": "", "theme": "dark"}).status_code == 302
    later = 6.0
    assert client.get("/profile/").status_code == 200
    assert client.post("/profile/", {"language": "", "theme": "light"}).status_code == 403
    assert Operator.objects.get().theme == "dark"


def test_a_page_sees_it_without_any_change(door, monkeypatch):
    client = door.linked("sam")
    client.get("/profile/")
    door.standin.post(f"/v1/admin/users/{door.account('sam')['id']}", {"suspended": 1})
    clock = instance.time.monotonic
    monkeypatch.setattr(instance.time, "monotonic", lambda: clock() + 11.0)
    assert client.get("/profile/").status_code == 403


def test_local_operators_do_not_depend_on_the_instance(door):
    client = door.local()
    before = len(door.standin.state()["requests"])
    assert client.get("/profile/").status_code == 200
    assert len(door.standin.state()["requests"]) == before
