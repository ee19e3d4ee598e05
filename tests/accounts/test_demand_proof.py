"""Dangerous acts ask for the password again. Making an operator is one."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from dashboard.accounts import services
from dashboard.accounts.models import Operator, Role
from tests.conftest import PASSWORD


def let_time_pass(client: Client, minutes: float = 16) -> Client:
    session = client.session
    session["proved_at"] = time.time() - minutes * 60
    session.save()
    return client


def create(client: Client, proof: str | None = None, **more):
    body = {"username": "newop", "role": "viewer", "password": ""}
    return client.post("/operators/new/", body | ({} if proof is None else {"proof": proof}), **more)


def created() -> bool:
    return Operator.objects.filter(username="newop").exists()


def test_a_sign_in_is_a_proof_for_fifteen_minutes(door):
    client = let_time_pass(door.local(), minutes=14)
    assert create(client).status_code == 200
    assert created()


def test_after_that_it_asks_and_keeps_what_was_typed(door):
    response = create(let_time_pass(door.local()))
    assert response.status_code == 422
    page = response.content.decode()
    assert 'name="proof"' in page
    assert '<input type="hidden" name="username" value="newop">' in page
    assert not created()


def test_no_browser_keeps_the_page_that_carries_what_was_typed(door):
    client = let_time_pass(door.local())
    operator = Operator.objects.get()
    response = client.post(f"/operators/{operator.pk}/edit/", {"role": "admin", "is_active": "on"})
    assert response.status_code == 422
    assert "no-store" in response["Cache-Control"]


def test_the_right_password_lets_the_act_happen_and_is_remembered(door):
    client = let_time_pass(door.local())
    assert create(client, proof=PASSWORD).status_code == 200
    assert created()
    assert time.time() - client.session["proved_at"] < 60


def test_a_wrong_one_does_not(door, ledger):
    client = let_time_pass(door.local())
    response = create(client, proof="wrong-password")
    assert response.status_code == 422
    assert str(services.WRONG_PASSWORD) in response.content.decode()
    assert "wrong-password" not in response.content.decode()
    assert not created()
    assert ledger("operator.proof_refused") == [("Foyer", "root", "refused")]


def test_wrong_ones_lock_as_at_the_door(door):
    client = let_time_pass(door.local())
    assert [create(client, proof="wrong-password").status_code for _ in range(5)] == [422] * 4 + [429]
    response = create(client, proof=PASSWORD)
    assert response.status_code == 429 and 0 < int(response["Retry-After"]) <= 900
    assert not created()
    assert door.sign_in("root", PASSWORD).status_code == 429


def test_htmx_gets_it_as_a_dialog(door):
    response = create(let_time_pass(door.local()), headers={"HX-Request": "true"})
    assert response.status_code == 422, "htmx swaps that"
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#dialog", "innerHTML")
    assert response.content.decode().lstrip().startswith('<article id="proof"')
    assert 'hx-post="/operators/new/"' in response.content.decode()


def test_a_page_answers_with_a_page(door):
    assert 'hx-post="/operators/new/"' not in create(let_time_pass(door.local())).content.decode()


def test_a_linked_operator_proves_at_the_instance(door):
    client = let_time_pass(door.linked("ada"))
    assert create(client, proof="wrong-password").status_code == 422
    assert create(client, proof=door.standin.password).status_code == 200
    assert created()


def test_a_linked_operator_of_a_local_ones_name_proves_with_their_own_password(door):
    Operator.objects.create_user("ada", PASSWORD, role=Role.VIEWER)
    client = let_time_pass(door.linked("ada@anythingllm"))
    assert create(client, proof=PASSWORD).status_code == 422
    assert create(client, proof=door.standin.password).status_code == 200


def test_an_account_renamed_since_proves_under_its_new_name(door):
    client = let_time_pass(door.linked("ada"))
    door.change_account("ada", username="adele")
    assert create(client, proof=door.standin.password).status_code == 200


def test_the_password_of_another_account_that_took_the_name_is_no_proof(door):
    client = let_time_pass(door.linked("ada"))
    client.get("/profile/")  # from here on the list of accounts is remembered
    door.standin.post(f"/v1/admin/users/{door.account('ada')['id']}", {"username": "adele"})
    usurper = {"username": "ada", "password": door.standin.password, "role": "admin"}
    assert door.standin.post("/v1/admin/users/new", usurper)["user"]
    assert create(client, proof=door.standin.password).status_code == 422
    assert not created()


@pytest.mark.parametrize("fault", ["down", "html", "500"])
def test_it_says_so_when_the_instance_cannot_tell(door, fault):
    client = let_time_pass(door.linked("ada"))
    door.standin.fault(fault)
    response = create(client, proof=door.standin.password)
    assert response.status_code == 422
    assert str(services.CANNOT_ASK) in response.content.decode()
    assert not created()


def test_a_role_comes_before_a_password(door):
    client = let_time_pass(door.local(role=Role.VIEWER))
    assert create(client, proof=PASSWORD).status_code == 403
