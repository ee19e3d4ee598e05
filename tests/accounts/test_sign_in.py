from __future__ import annotations

import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.accounts import services
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent
from tests.conftest import PASSWORD

REFUSED = str(services.REFUSED)


def signed_in_as(client: Client) -> Operator | None:
    key = client.session.get("_auth_user_id")
    return Operator.objects.get(pk=key) if key else None


# --- Who gets in ----------------------------------------------------------------------------------------------------
def test_it_shows_a_form_to_everybody(client, db):
    response = client.get("/sign-in/")
    assert response.status_code == 200
    assert b'name="username"' in response.content and b'name="password"' in response.content
    assert "no-store" in response["Cache-Control"]


def test_it_lets_a_local_operator_in(door, client):
    Operator.objects.create_user("root", PASSWORD, role=Role.VIEWER)
    response = door.sign_in("root", PASSWORD, client)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert signed_in_as(client).username == "root"


@pytest.mark.parametrize("typed", ["ROOT", "ｒｏｏｔ", " root "])
def test_it_knows_a_local_operator_whatever_capitals_widths_and_blanks(door, client, typed):
    Operator.objects.create_user("root", PASSWORD)
    assert door.sign_in(typed, PASSWORD, client).status_code == 302


@pytest.mark.parametrize(("name", "role"), [("ada", Role.ADMIN), ("mia", Role.MANAGER), ("sam", Role.MEMBER)])
def test_an_account_of_the_instance_gets_the_role_it_has_there(door, client, name, role):
    assert door.sign_in(name, client=client).status_code == 302
    operator = signed_in_as(client)
    assert (operator.username, operator.role, operator.anythingllm_user_id) == (name, role, door.account(name)["id"])
    assert not operator.has_usable_password()


def test_the_second_sign_in_finds_the_same_operator_under_the_new_name_and_role(door, client):
    door.linked("sam")
    door.change_account("sam", username="samuel", role="manager")
    door.sign_in("samuel", client=client)
    operator = Operator.objects.get()
    assert (operator.username, operator.role) == ("samuel", Role.MANAGER)


def test_the_last_sign_in_is_remembered(door):
    door.linked("sam")
    assert timezone.now() - Operator.objects.get().last_login < timedelta(minutes=1)


# --- Who does not, and what they learn ------------------------------------------------------------------------------
def test_every_refusal_reads_the_same(door):
    Operator.objects.create_user("root", PASSWORD)
    Operator.objects.create_user("gone", PASSWORD, is_active=False)
    door.change_account("sam", suspended=1)
    door.linked("mia")
    Operator.objects.filter(username="mia").update(is_active=False)
    tries = [
        ("nobody", "wrong-password"),
        ("root", "wrong-password"),
        ("gone", PASSWORD),
        ("ada", "wrong-password"),
        ("sam", door.standin.password),
        ("mia", door.standin.password),
    ]
    for username, password in tries:
        response = door.sign_in(username, password)
        assert response.status_code == 422, username
        assert response.context["form"].errors == {"__all__": [REFUSED]}, username


def test_a_local_operators_name_never_means_the_account_of_the_instance(door, client):
    Operator.objects.create_user("Ada", PASSWORD, role=Role.VIEWER)
    assert door.sign_in("ada", client=client).status_code == 422
    asked = [request["path"] for request in door.standin.state()["requests"]]
    assert asked == ["/api/request-token"], (
        "once, for a name that is nobody's: the account's password is not even tried"
    )


def test_the_account_of_a_local_operators_name_signs_in_with_a_suffix(door, client):
    Operator.objects.create_user("ada", PASSWORD, role=Role.VIEWER)
    assert door.sign_in("ada@anythingllm", client=client).status_code == 302
    operator = signed_in_as(client)
    assert (operator.username, operator.role) == ("ada@anythingllm", Role.ADMIN)


def test_two_accounts_that_swap_names_keep_their_own_operators(door):
    door.linked("sam")
    sam = Operator.objects.get(username="sam")
    door.change_account("sam", username="samuel")
    newcomer = door.new_account("sam")
    door.linked("sam")
    assert Operator.objects.get(anythingllm_user_id=newcomer["id"]).username == "sam@anythingllm"
    door.linked("samuel")
    door.linked("sam")
    sam.refresh_from_db()
    assert sam.username == "samuel"
    assert Operator.objects.get(anythingllm_user_id=newcomer["id"]).username == "sam"


def test_a_form_without_a_name_is_shown_again(door):
    response = door.sign_in("", "something")
    assert response.status_code == 422
    assert "username" in response.context["form"].errors


def test_the_password_stands_neither_in_the_page_nor_in_the_database(door, caplog):
    caplog.set_level("DEBUG")
    secret = "Not-To-Be-Found-Anywhere-1"
    for username in ("ada", "nobody", secret):
        assert secret not in door.sign_in(username, secret).content.decode().replace(f'value="{secret}"', "", 1)
    assert secret not in caplog.text
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            assert secret not in str(cursor.fetchall()), table


def test_a_refusal_takes_a_while_whatever_its_reason(door, monkeypatch):
    monkeypatch.setattr(services, "REFUSED_AFTER", 0.3)
    Operator.objects.create_user("root", PASSWORD)
    for username in ("nobody", "ada", "root"):
        started = time.monotonic()
        door.sign_in(username, "wrong-password")
        assert time.monotonic() - started > 0.3


# --- When the instance cannot tell ----------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["down", "html", "truncated", "500"])
def test_it_says_so_when_the_instance_cannot_tell(door, fault):
    door.standin.fault(fault)
    for _ in range(6):
        response = door.sign_in("ada")
        assert response.status_code == 503
        assert response.context["form"].errors == {"__all__": [str(services.CANNOT_ASK)]}
    assert not AccessAttempt.objects.exists(), "that was nobody's failure"


def test_it_says_so_when_the_instance_has_one_user_only(door):
    door.standin.configure(single_user=True)
    response = door.sign_in("ada")
    assert response.context["form"].errors == {"__all__": [str(services.NO_ACCOUNTS)]}
    assert "multi-user mode" in response.content.decode()
    assert not AccessAttempt.objects.exists(), "that was nobody's failure"


def test_local_operators_get_in_while_the_instance_is_down(door, client):
    door.standin.fault("down")
    Operator.objects.create_user("root", PASSWORD)
    assert door.sign_in("root", "wrong-password").status_code == 503, "as of every name that cannot be checked"
    assert door.sign_in("root", PASSWORD, client).status_code == 302


def test_it_says_when_the_instance_takes_no_passwords(door):
    door.standin.configure(sso=True, sso_no_login=True)
    response = door.sign_in("ada")
    assert response.status_code == 422
    assert "single sign-on" in str(response.context["form"].errors)


# --- The session ----------------------------------------------------------------------------------------------------
def test_the_session_is_a_new_one(door, client):
    Operator.objects.create_user("root", PASSWORD)
    client.cookies["foyer_session"] = "planted-by-somebody-else-0123456"
    door.sign_in("root", PASSWORD, client)
    first = client.cookies["foyer_session"].value
    assert first != "planted-by-somebody-else-0123456"
    door.sign_in("root", PASSWORD, client)
    assert client.cookies["foyer_session"].value != first
    assert not Session.objects.filter(session_key=first).exists()


def test_the_session_lasts_twelve_hours(door, client):
    Operator.objects.create_user("root", PASSWORD)
    door.sign_in("root", PASSWORD, client)
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    cookie = client.cookies["foyer_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_using_a_session_does_not_make_it_last_longer(door, client, settings):
    settings.SESSION_COOKIE_AGE = 60
    Operator.objects.create_user("root", PASSWORD)
    door.sign_in("root", PASSWORD, client)
    settings.SESSION_COOKIE_AGE = 12 * 60 * 60
    session = client.session
    session["touched"] = True
    session.save()
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(seconds=60)


def test_it_sweeps_out_sessions_that_are_over(door):
    door.local()
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    door.linked("sam")
    assert Session.objects.count() == 1


def test_who_is_signed_in_is_sent_on(door):
    assert door.local().get("/sign-in/?next=/profile/")["Location"] == "/profile/"


def test_it_needs_the_csrf_token(door):
    Operator.objects.create_user("root", PASSWORD)
    assert door.sign_in("root", PASSWORD, Client(enforce_csrf_checks=True)).status_code == 403


# --- Where it leads -------------------------------------------------------------------------------------------------
def test_it_leads_to_the_page_that_was_asked_for(door, client):
    Operator.objects.create_user("root", PASSWORD)
    asked = client.get("/profile/?x=1")
    assert asked["Location"] == "/sign-in/?next=/profile/%3Fx%3D1"
    page = client.get(asked["Location"])
    body = {"username": "root", "password": PASSWORD, "next": page.context["next"]}
    assert client.post("/sign-in/", body)["Location"] == "/profile/?x=1"


@pytest.mark.parametrize(
    ("page", "next_page"),
    [
        ("http://testserver/users/7/?w=a", "http%3A//testserver/users/7/%3Fw%3Da"),
        ("https://evil.example/", "/"),
        ("", "/"),
    ],
)
def test_an_act_after_the_session_ended_leads_back_to_its_page(client, db, page, next_page):
    asked = client.post("/users/7/suspend/", headers={"Referer": page})
    assert asked["Location"] == f"/sign-in/?next={next_page}&unsent=page"
    assert "nothing was changed" in client.get(asked["Location"]).content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "///evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "https:evil.example",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
    ],
)
def test_it_never_leads_elsewhere(door, client, elsewhere):
    Operator.objects.create_user("root", PASSWORD)
    body = {"username": "root", "password": PASSWORD, "next": elsewhere}
    assert client.post("/sign-in/", body)["Location"] == "/"
    assert client.get("/sign-in/", {"next": elsewhere})["Location"] == "/"


def test_it_speaks_the_operators_language_from_then_on(door, client):
    Operator.objects.create_user("root", PASSWORD, language="zh-hans")
    door.sign_in("root", PASSWORD, client)
    assert client.cookies["foyer_language"].value == "zh-hans"


def test_it_speaks_the_language_chosen_on_it_and_keeps_it_for_whoever_has_none(door, client):
    address = "/sign-in/?next=/users/%3Fq%3Dada&language=zh-hans"
    page = client.get(address)
    assert '<html lang="zh-hans">' in page.content.decode()
    assert page["Content-Language"] == "zh-hans"
    assert 'href="?next=%2Fusers%2F%3Fq%3Dada&amp;language=en"' in page.content.decode()
    assert '<html lang="en">' in client.get("/sign-in/?language=tlh").content.decode()
    somebody = Operator.objects.create_user("root", PASSWORD)
    refused = client.post(address, {"username": "root", "password": "wrong-password"})
    assert '<html lang="zh-hans">' in refused.content.decode()
    answer = client.post(address, {"username": "root", "password": PASSWORD, "next": "/users/?q=ada"})
    assert answer["Location"] == "/users/?q=ada"
    assert answer.cookies["foyer_language"].value == "zh-hans"
    somebody.refresh_from_db()
    assert somebody.language == "zh-hans"


def test_what_the_profile_says_is_stronger_than_what_was_chosen_at_the_door(door, client):
    Operator.objects.create_user("root", PASSWORD, language="en")
    answer = client.post("/sign-in/?language=zh-hans", {"username": "root", "password": PASSWORD})
    assert answer.cookies["foyer_language"].value == "en"
    assert Operator.objects.get().language == "en"


# --- The lock -------------------------------------------------------------------------------------------------------
def fail(door, username: str, times: int, **more) -> list[int]:
    return [door.sign_in(username, "wrong-password", **more).status_code for _ in range(times)]


def test_five_failures_lock_the_name_for_this_address_for_a_quarter_of_an_hour(door):
    Operator.objects.create_user("root", PASSWORD)
    assert fail(door, "root", 6) == [422, 422, 422, 422, 429, 429]
    response = door.sign_in("root", PASSWORD)
    assert response.status_code == 429, "the right password opens nothing now"
    assert response.context["form"].errors == {"__all__": [REFUSED]}
    assert 800 < int(response["Retry-After"]) <= 900
    assert door.sign_in("root", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302, "another address may"
    assert door.sign_in("sam").status_code == 302, "another name may"


def test_an_unknown_name_is_locked_like_a_known_one(door):
    assert fail(door, "nobody", 5)[-1] == 429


def test_the_lock_opens_after_a_quarter_of_an_hour(door):
    Operator.objects.create_user("root", PASSWORD)
    fail(door, "root", 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    response = door.sign_in("root", PASSWORD)
    assert response.status_code == 429 and int(response["Retry-After"]) <= 60, (
        "trying while locked does not make it longer"
    )
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert door.sign_in("root", PASSWORD).status_code == 302


def test_capitals_and_widths_do_not_make_new_tries(door):
    assert [fail(door, name, 1)[0] for name in ("nobody", "Nobody", "NOBODY", "ｎobody", " nobody ")][-1] == 429


def test_a_success_takes_the_failures_back(door):
    Operator.objects.create_user("root", PASSWORD)
    fail(door, "root", 4)
    door.sign_in("root", PASSWORD)
    assert fail(door, "root", 4) == [422] * 4


def test_fifty_failures_lock_the_address_whatever_the_names(door):
    Operator.objects.create_user("root", PASSWORD)
    statuses = [fail(door, f"name{n}", 1)[0] for n in range(50)]
    assert statuses == [422] * 49 + [429]
    assert door.sign_in("root", PASSWORD).status_code == 429
    assert door.sign_in("root", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_addresses_of_one_ipv6_network_count_as_one(door):
    for n in range(5):
        status = door.sign_in("nobody", "wrong-password", REMOTE_ADDR=f"2001:db8:1:2::{n}").status_code
    assert status == 429
    assert fail(door, "nobody", 1, REMOTE_ADDR="2001:db8:1:3::1") == [422]
    assert fail(door, "nobody", 1, REMOTE_ADDR="::ffff:192.0.2.7") == [422]
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) >= {"2001:db8:1:2::", "192.0.2.7"}


def test_requests_without_an_address_count_as_one(door):
    assert fail(door, "nobody", 5, REMOTE_ADDR="")[-1] == 429


def test_addresses_that_a_client_claims_do_not_count(door):
    for n in range(5):
        status = fail(door, "nobody", 1, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")[0]
    assert status == 429


# --- The ledger -----------------------------------------------------------------------------------------------------
def test_a_sign_in_is_in_the_ledger(door, ledger):
    door.linked("sam")
    assert ledger("operator.created") == [("Foyer", "sam", "ok")]
    assert ledger("operator.signed_in") == [("sam", "", "ok")]


def test_a_refusal_names_operators_and_accounts_only(door, ledger):
    Operator.objects.create_user("root", PASSWORD)
    for username in ("ROOT", "sam", "My-Password-In-The-Wrong-Field"):
        door.sign_in(username, "wrong-password")
    found = ledger("operator.sign_in_refused")
    assert found == [("Foyer", "root", "refused"), ("Foyer", "sam", "refused"), ("Foyer", "", "refused")]


def test_somebody_locked_out_cannot_fill_the_ledger(door):
    fail(door, "nobody", 12)
    assert AuditEvent.objects.count() == 5
    assert AuditEvent.objects.first().detail == "Locked after too many failures."


def test_it_lasts_while_the_servers_old_key_is_known(door, settings):
    client, settings.SECRET_KEY_FALLBACKS = door.local(), [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-key-0123456789-0123456789-0123456789"
    assert client.get("/profile/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/profile/").status_code == 200  # the session is the new key's by now


def test_it_ends_when_the_servers_key_was_changed(door, settings):
    client = door.local()
    settings.SECRET_KEY = "a-new-key-0123456789-0123456789-0123456789"
    assert client.get("/profile/").status_code == 302


# --- Names ------------------------------------------------------------------------------------------------------------
def test_an_account_that_ends_like_an_account_signs_in_by_its_own_name_and_is_nobody_else(door):
    """Names are taken on the instance, too. Here "mia@anythingllm" is always the account mia."""
    door.new_account("mia@anythingllm")
    door.standin.post(f"/v1/admin/users/{door.account('mia@anythingllm')['id']}", {"password": "another-password-1"})
    assert door.sign_in("mia@anythingllm", "another-password-1").status_code == 302
    stranger = Operator.objects.get(anythingllm_user_id=door.account("mia@anythingllm")["id"])
    assert stranger.username == "mia@anythingllm@anythingllm"
    assert door.sign_in("mia@anythingllm").status_code == 302
    assert Operator.objects.get(anythingllm_user_id=door.account("mia")["id"]).username == "mia"


def test_both_ways_to_write_a_name_are_counted_as_one(door):
    for name in ("mia", "mia@anythingllm", "MIA", "Mia@AnythingLLM", "mia"):
        door.sign_in(name, "not the password")
    assert door.sign_in("mia@anythingllm").status_code == 429
    assert door.sign_in("mia").status_code == 429


@pytest.mark.parametrize("fault", ["down", "500", "html", "shape"])
def test_while_the_instance_is_away_no_answer_tells_which_names_are_local(fault, door):
    Operator.objects.create_user("sparekey", PASSWORD, role=Role.ADMIN)
    door.standin.fault(fault, path="/request-token")
    answers = {name: door.sign_in(name, "not the password") for name in ("sparekey", "nobody.here")}
    told = {
        (answer.status_code, answer.content.decode().count("cannot be checked right now"))
        for answer in answers.values()
    }
    assert told == {(503, 1)}, told
    assert door.sign_in("sparekey", PASSWORD).status_code == 302
    assert not any("sparekey" in str(request) for request in door.standin.state()["requests"])


def test_where_passwords_are_forbidden_no_answer_tells_either(door):
    Operator.objects.create_user("sparekey", PASSWORD, role=Role.ADMIN)
    door.standin.configure(sso_no_login=True)
    answers = [door.sign_in(name, "not the password") for name in ("sparekey", "nobody.here")]
    assert len({answer.status_code for answer in answers}) == 1
    assert all("does not allow signing in with a password" in answer.content.decode() for answer in answers)
