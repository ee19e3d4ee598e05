from __future__ import annotations

from django.test import Client

from tests.conftest import PASSWORD


def test_it_ends_every_session_of_a_local_operator(door, ledger):
    here, there, somebody_else = door.local(), Client(), door.local("other")
    door.sign_in("root", PASSWORD, there)
    assert here.post("/sign-out/everywhere/")["Location"] == "/sign-in/"
    assert here.get("/profile/").status_code == there.get("/profile/").status_code == 302
    assert somebody_else.get("/profile/").status_code == 200
    assert ledger("operator.signed_out_everywhere") == [("root", "", "ok")]


def test_it_ends_every_session_of_a_linked_operator(door):
    here, there = door.linked("sam"), door.linked("sam")
    here.post("/sign-out/everywhere/")
    assert there.get("/profile/").status_code == 302
    assert door.linked("sam").get("/profile/").status_code == 200
