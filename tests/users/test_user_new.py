import re

import pytest

from dashboard.audit.models import AuditEvent, Outcome
from tests.conftest import prove_long_ago
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/users/new/"
GOOD = {"username": "nina", "password": "a-Long-one-7!", "role": "default", "daily_message_limit": "", "bio": ""}


def test_it_offers_a_generated_password(admin_client, standin):
    made = [re.search(r'name="password" value="([^"]{16,})"', admin_client.get(URL).content.decode())[1] for _ in "12"]
    assert made[0] != made[1]


def test_it_creates_an_account_that_can_sign_in_at_the_instance(admin_client, standin, user_of):
    response = admin_client.post(URL, {**GOOD, "daily_message_limit": "20", "bio": "New here"})
    assert response.status_code == 200
    assert "a-Long-one-7!" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    user = user_of("nina")
    assert (user["role"], user["dailyMessageLimit"], user["bio"]) == ("default", 20, "New here")
    assert standin.post("/request-token", {"username": "nina", "password": "a-Long-one-7!"})["valid"]


def test_it_is_in_the_ledger_without_the_password(admin_client, standin, ada):
    admin_client.post(URL, GOOD)
    event = AuditEvent.objects.get(action="user.created")
    assert (event.actor, event.target_name, event.outcome) == (ada, "nina", Outcome.OK)
    assert GOOD["password"] not in str(vars(event))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"username": "sam"}, "There is already a user named sam."),
        ({"username": "Nina"}, "begins with a small letter"),
        ({"username": "ni na"}, "made of these characters only"),
        ({"username": "n"}, "2 to 64 characters"),
        ({"username": "n" * 65}, "2 to 64 characters"),
        ({"password": "short"}, "at least 8 characters"),
        ({"password": "x" * 251}, "at most 250 characters"),
        ({"daily_message_limit": "0"}, "greater than or equal to 1"),
        ({"daily_message_limit": "many"}, "Enter a whole number"),
        ({"role": "king"}, "not one of the available choices"),
        ({"bio": "x" * 1001}, "at most 1000 characters"),
    ],
)
def test_it_says_in_words_what_the_instance_would_refuse_and_asks_nothing(admin_client, standin, change, sentence):
    admin_client.get(URL)
    writes = standin.state()["writes"]
    response = admin_client.post(URL, {**GOOD, **change})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert standin.state()["writes"] == writes


def test_it_passes_on_what_only_the_instance_can_know(admin_client, standin):
    standin.configure(passwords={"min": 20})
    response = admin_client.post(URL, GOOD)
    assert response.status_code == 422
    assert "password should be at least 20 characters long" in response.content.decode()
    assert AuditEvent.objects.get(action="user.created").outcome == Outcome.REFUSED


def test_a_lost_answer_is_read_back(admin_client, standin, user_of):
    standin.fault("lost", path="/admin/users/new", times=1)
    response = admin_client.post(URL, GOOD)
    assert response.status_code == 200
    assert user_of("nina")
    assert AuditEvent.objects.get(action="user.created").outcome == Outcome.OK


def test_when_the_instance_is_down_nothing_typed_is_lost_and_nothing_done(admin_client, standin, user_of):
    admin_client.get(URL)
    standin.fault("down", path="/admin/users/new", times=1)
    response = admin_client.post(URL, {**GOOD, "bio": "typed with care"})
    assert response.status_code == 422
    assert "outcome is unknown" in response.content.decode()  # the request had been taken
    assert "typed with care" in response.content.decode()
    assert user_of("nina") is None


def test_making_an_admin_asks_for_the_password_again(admin_client, standin, user_of):
    prove_long_ago(admin_client)
    response = admin_client.post(URL, {**GOOD, "role": "admin"})
    assert response.status_code == 422
    assert 'name="proof"' in response.content.decode()
    assert user_of("nina") is None
    assert admin_client.post(URL, {**GOOD, "role": "admin", "proof": "correct-horse-battery"}).status_code == 200
    assert user_of("nina")["role"] == "admin"


def test_a_name_is_checked_while_it_is_typed(admin_client, standin):
    assert "is free" in admin_client.get("/users/check/", {"username": "nina"}, headers=HTMX).content.decode()
    taken = admin_client.get("/users/check/", {"username": "sam"}, headers=HTMX).content.decode()
    assert "already a user" in taken
    assert "sam-2" in taken
    odd = admin_client.get("/users/check/", {"username": "Jürgen Groß"}, headers=HTMX).content.decode()
    assert "jurgen-gross" in odd


def test_it_refuses_everybody_but_admins(manager_client, viewer_client, member_client, standin, user_of):
    for client in (manager_client, viewer_client, member_client):
        assert client.post(URL, GOOD).status_code == 403
    assert user_of("nina") is None


@pytest.mark.parametrize("password", ["password", " " * 9, "newbie99", "qwertyuiop"])
def test_a_password_that_is_easy_to_guess_is_refused(admin_client, standin, user_of, password):
    answer = admin_client.post("/users/new/", {"username": "newbie", "password": password, "role": "default"})
    assert answer.status_code == 422
    assert "easy to guess" in answer.content.decode()
    assert user_of("newbie") is None
    sam = user_of("sam")["id"]
    answer = admin_client.post(f"/users/{sam}/password/", {"password": password})
    assert answer.status_code == 422
    assert "easy to guess" in answer.content.decode()
