"""The joining page: what a newcomer sees, types and is told, and that its address stays a secret."""

from __future__ import annotations

import html
import io
import json
import logging
import logging.config
import re
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.audit.models import AuditEvent
from dashboard.invites import services, tries
from dashboard.invites.models import Joining, Link, Try
from tests.conftest import operator, signed_in
from tests.invites.conftest import SECRET, code_of

PHONE = {"Accept-Language": "en"}


@pytest.fixture
def visitor(db) -> Client:
    return Client(headers=PHONE)


def address(link: Link, rest: str = "") -> str:
    return f"/join/{code_of(link)}/{rest}"


def words(answer) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def join(client: Client, link: Link, username="newcomer", password=SECRET, **more):
    return client.post(address(link), {"username": username, "password": password, **more})


def check(client: Client, link: Link, field: str = "username", **data):
    return client.post(address(link, f"check/?field={field}"), data, headers={"HX-Request": "true"})


# --- The welcome --------------------------------------------------------------------------------------------------------
def test_it_names_the_team_the_maker_the_note_and_the_workspaces(visitor, standin, make_link, there, two_rooms):
    page = visitor.get(address(make_link(note="Hello <b>you</b>,\nask away.")))
    assert page.status_code == 200
    assert "Welcome to Foyer" in words(page)
    assert "ada invites you" in words(page)
    assert "Hello &lt;b&gt;you&lt;/b&gt;,<br>ask away." in page.content.decode()
    listed = re.findall(r"</svg>([^<]+)</li>", page.content.decode())
    assert sorted(listed) == sorted(name for name, room in there.rooms.items() if room in two_rooms)
    assert "no-store" in page["Cache-Control"]


def test_it_names_only_what_its_maker_may_still_give(visitor, standin, make_link, manager_client, two_rooms):
    mia = Operator.objects.get(username="mia")
    link = make_link(actor=mia)
    mia.looks_after.create(workspace_id=two_rooms[1])
    names = {w.id: w.name for w in instance.workspaces().value}
    page = words(visitor.get(address(link)))
    assert names[two_rooms[1]] in page
    assert names[two_rooms[0]] not in page


def test_it_speaks_the_links_language_unless_another_is_chosen(visitor, standin, make_link):
    chinese = visitor.get(address(make_link(language="zh-hans")))
    assert '<html lang="zh-hans">' in chinese.content.decode()
    assert chinese["Content-Language"] == "zh-hans"
    english = visitor.get(address(make_link(language="zh-hans")) + "?language=en")
    assert '<html lang="en">' in english.content.decode()
    browser = visitor.get(address(make_link()), headers={"Accept-Language": "zh-hans"})
    assert '<html lang="zh-hans">' in browser.content.decode()
    assert '<html lang="en">' in visitor.get(address(make_link()) + "?language=nonsense").content.decode()


def test_a_personal_link_suggests_a_name(visitor, standin, make_link):
    def suggested(**fields) -> str:
        page = visitor.get(address(make_link(**fields))).content.decode()
        return (re.search(r'name="username" value="([^"]*)"', page) or ["", ""])[1]

    assert suggested(for_whom="Jürgen Groß") == "jurgen-gross"
    assert suggested(for_whom="Ada") == "ada-2"
    assert suggested(for_whom="王伟", email="wei.wang@example.com") == "wei.wang"
    assert suggested(for_whom="王伟") == ""


def test_a_personal_link_greets_its_person(visitor, standin, make_link):
    assert "Welcome to Foyer, Jürgen Groß" in words(visitor.get(address(make_link(for_whom="Jürgen Groß"))))


def test_without_an_answer_of_the_instance_the_page_is_there(visitor, standin, make_link):
    link = make_link()
    instance.hang_up()
    standin.fault("502")
    page = visitor.get(address(link))
    assert page.status_code == 200
    assert "What happens next" in words(page)
    assert "Open to you from the start" not in words(page)


# --- Joining ------------------------------------------------------------------------------------------------------------
def test_joining_signs_in_and_leads_to_the_first_steps(visitor, standin, make_link, there, two_rooms):
    answer = join(visitor, make_link())
    assert (answer.status_code, answer["Location"]) == (302, "/welcome/")
    assert there.user("newcomer")["role"] == "default"
    assert there.rooms_of("newcomer") == set(two_rooms)
    page = visitor.get("/welcome/")
    assert "Welcome, newcomer" in words(page)
    assert len(visitor.session["recovery_codes"]["codes"]) == 4
    assert visitor.session["recovery_codes"]["codes"][0] in words(page)


def test_the_new_operator_keeps_the_language_of_the_link(visitor, standin, make_link):
    answer = join(visitor, make_link(language="zh-hans"))
    assert answer.cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    assert Operator.objects.get(username="newcomer").language == "zh-hans"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"username": "Not a name"}, "A user name"),
        ({"username": "a"}, "A user name has 2 to 64 characters."),
        ({"username": ""}, "This field is required."),
        ({"username": "sam"}, "This name is taken."),
        ({"password": "short"}, "This is too short: take at least 8 characters."),
        ({"password": "password"}, "This password is easy to guess."),
        ({"password": "newcomer1"}, "This password is easy to guess."),
        ({"password": ""}, "This field is required."),
    ],
)
def test_it_says_what_is_wrong_and_shows_all_but_the_password_again(visitor, make_link, there, typed, said):
    data = {"username": "newcomer", "password": SECRET, **typed}
    answer = join(visitor, make_link(), **data)
    assert answer.status_code == 422
    assert said in words(answer)
    assert f'value="{data["username"]}"' in answer.content.decode() or not data["username"]
    assert SECRET not in answer.content.decode()
    assert not there.minted()


def test_it_suggests_a_name_in_place_of_a_taken_one(visitor, standin, make_link):
    assert "How about sam-2 ?" in words(join(visitor, make_link(), username="sam"))


def test_what_the_instance_says_of_a_password_is_passed_on(visitor, standin, make_link, there):
    standin.configure(passwords={"symbol": 1})
    link = make_link()
    answer = join(visitor, link, password="nosymbolsatall")
    assert answer.status_code == 422
    assert "symbol" in words(answer)
    assert there.users("newcomer") == []
    assert services.find(code_of(link)).used == 0


def test_when_the_instance_fails_the_same_form_sent_again_goes_on(visitor, standin, make_link, there):
    link = make_link()
    standin.fault("reset", path="/v1/admin/invite/new", times=1)
    answer = join(visitor, link)
    assert answer.status_code == 503
    assert "press Join again" in words(answer)
    assert 'value="newcomer"' in answer.content.decode()
    assert join(visitor, link).status_code == 302
    assert len(there.users("newcomer")) == 1
    assert services.find(code_of(link)).used == 1


def test_while_somebody_has_the_last_place_it_asks_to_try_again(visitor, standin, make_link):
    link = make_link()
    Joining.objects.create(link=link, username="quicker", marker=-1, next_at=timezone.now())
    answer = join(visitor, link)
    assert answer.status_code == 409
    assert "Try again in a minute" in words(answer)


def test_whoever_is_signed_in_already_is_told_and_may_sign_out(standin, make_link, ada):
    client, link = signed_in(ada), make_link()
    assert "You are signed in as ada." in words(client.get(address(link)))
    answer = client.post(address(link), {"sign_out": "1"})
    assert answer["Location"] == address(link)
    assert "_auth_user_id" not in client.session
    assert "You are signed in" not in words(client.get(address(link)))


def test_joining_while_signed_in_makes_a_new_account_and_changes_over(standin, make_link, ada, there):
    client = signed_in(ada)
    join(client, make_link())
    assert Operator.objects.get(pk=client.session["_auth_user_id"]).anythingllm_user_id == there.user("newcomer")["id"]


# --- Links that let nobody in -------------------------------------------------------------------------------------------
def expire(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(hours=1))


def revoke(link: Link) -> None:
    services.revoke(actor=link.created_by, link=link)


def use_up(link: Link) -> None:
    Joining.objects.create(link=link, username="before", marker=-1, state="done", user_id=1, next_at=timezone.now())


def withdraw(link: Link) -> None:
    Operator.objects.filter(pk=link.created_by_id).update(is_active=False)


@pytest.mark.parametrize(
    ("close", "said"),
    [
        (expire, "This link has expired."),
        (revoke, "This link was revoked."),
        (use_up, "This link was used already."),
        (withdraw, "may not invite any more"),
    ],
)
def test_a_closed_link_says_so_and_whom_to_ask(visitor, standin, make_link, close, said):
    link = make_link()
    close(link)
    for answer in (visitor.get(address(link)), join(visitor, link), join(visitor, link, username="Not a name")):
        assert answer.status_code == 410
        assert said in words(answer)
        assert "Please ask ada" in words(answer)
        assert 'name="password"' not in answer.content.decode()
    assert check(visitor, link, username="x").status_code == 410
    assert not standin.state()["writes"]


def test_who_used_a_link_up_finds_the_way_to_sign_in(visitor, standin, make_link):
    link = make_link()
    use_up(link)
    assert 'href="/sign-in/"' in visitor.get(address(link)).content.decode()


def test_where_passwords_are_forbidden_it_says_so_before_anything_is_typed(visitor, standin, make_link):
    standin.configure(sso_no_login=True)
    page = visitor.get(address(make_link()))
    assert page.status_code == 409
    assert "does not allow signing in with a password" in words(page)
    assert 'name="password"' not in page.content.decode()


# --- Codes that nobody made ---------------------------------------------------------------------------------------------
UNKNOWN = ["x", "x" * 32, "A" * 5000, "%C3%A4%F0%9F%8E%89", "../../etc/passwd", "a/b/c", "<script>"]


def test_an_unknown_code_gets_one_answer_in_one_time(visitor, standin, monkeypatch):
    monkeypatch.setattr("dashboard.accounts.services.REFUSED_AFTER", 0.3)
    answers, times = set(), []
    for code in UNKNOWN:
        started = time.monotonic()
        answer = visitor.get(f"/join/{code}/")
        times.append(time.monotonic() - started)
        assert answer.status_code == 404
        answers.add(answer.content)
    assert len(answers) == 1
    assert visitor.get("/join/%00/").status_code == 400  # as everywhere: no code, nor any address, has a NUL
    assert min(times) >= 0.3  # which, with the 0.8 of everyday, is longer than any of them takes by itself
    assert not standin.state()["writes"]


def test_after_ten_tries_a_minute_no_code_is_looked_at_from_that_address(visitor, standin, make_link):
    link = make_link()
    assert [visitor.get(f"/join/wrong-{n}/").status_code for n in range(11)] == [404] * 10 + [429]
    for answer in (visitor.get(address(link)), join(visitor, link), check(visitor, link)):
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 60
    assert visitor.get(address(link), REMOTE_ADDR="192.0.2.7").status_code == 200


def test_known_codes_are_not_counted(visitor, standin, make_link):
    link = make_link()
    assert {visitor.get(address(link)).status_code for _n in range(12)} == {200}


# --- While typing -------------------------------------------------------------------------------------------------------
def test_a_name_is_judged_while_it_is_typed(visitor, standin, make_link, ada):
    link = make_link()
    assert "newcomer is free." in words(check(visitor, link, username="newcomer"))
    taken = check(visitor, link, username="sam").content.decode()
    assert "There is already a user named sam." in taken
    assert 'data-fill="#id_username" value="sam-2"' in taken
    wrong = check(visitor, link, username="Anna Müller").content.decode()
    assert "A user name begins with a small letter" in wrong
    assert 'value="anna-muller"' in wrong
    assert check(visitor, link, username=" ").content == b""


def test_the_rules_stand_beside_the_field_before_one_types(visitor, standin, make_link):
    assert "2 to 64 of these characters: a-z 0-9 . _ @ -" in words(visitor.get(address(make_link())))


@pytest.mark.parametrize(
    ("password", "said", "score"),
    [
        ("1234567", "Too short", 0),
        ("password1", "Very easy to guess", 0),
        ("newcomer1", "Easy to guess", 1),
        ("correct horse battery staple", "Very good", 4),
        ("x" * 250, "Very easy to guess", 0),
    ],
)
def test_a_password_is_judged_while_it_is_typed(visitor, standin, make_link, password, said, score):
    answer = check(visitor, make_link(), "password", username="newcomer", password=password)
    assert said in words(answer)
    assert f'value="{score}"' in answer.content.decode()
    assert password not in answer.content.decode()


def test_the_check_says_nothing_wrong_while_the_instance_is_down(visitor, standin, make_link):
    link = make_link()
    instance.hang_up()
    standin.fault("502")
    assert check(visitor, link, username="sam").status_code == 200


# --- The code is a secret -----------------------------------------------------------------------------------------------
@pytest.fixture
def logged():
    """All that the log would write, as it would write it, on every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    as_configured = logging.config.DictConfigurator(django_settings.LOGGING)
    handler.setFormatter(as_configured.configure_formatter(dict(django_settings.LOGGING["formatters"]["json"])))
    loggers = [
        logging.getLogger(name) for name in ("", "django", "django.request", "django.security.csrf", "dashboard")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    for logger in loggers[:2]:
        logger.addHandler(handler)
    yield stream
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
        logger.removeHandler(handler)


def unknown(client, link, patch):
    return client.get(f"/join/x{code_of(link)}/")


def slowed_down(client, link, patch):
    patch.setattr("dashboard.invites.tries.too_many", lambda request: 7)
    return client.get(address(link))


def closed(client, link, patch):
    revoke(link)
    return client.get(address(link))


def refused(client, link, patch):
    return join(client, link, username="Not a name")


def too_old(client, link, patch):
    return Client(enforce_csrf_checks=True).post(address(link), {"username": "newcomer", "password": SECRET})


def not_an_act(client, link, patch):
    return client.put(address(link))


def too_large(client, link, patch):
    return client.post(address(link), {"username": "x" * 6_000_000})


def our_mistake(client, link, patch):
    def broken(*args, **more):
        raise RuntimeError(f"The page {address(link)} is broken")

    patch.setattr("dashboard.invites.joining.join", broken)
    client.raise_request_exception = False
    return join(client, link)


def instance_down(client, link, patch):
    instance.hang_up()
    patch.setattr(django_settings, "ANYTHINGLLM_URL", "http://127.0.0.1:9")
    return join(client, link)


def without_its_end(client, link, patch):
    return client.get(address(link).rstrip("/"))


def strange_host(client, link, patch):
    return client.post(address(link), headers={"Host": "evil.example"})


KINDS = {
    unknown: 404, slowed_down: 429, closed: 410, refused: 422, too_old: 403, not_an_act: 405, too_large: 413, our_mistake: 500,
    instance_down: 503, without_its_end: 301, strange_host: 400, join: 302,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_code_stands_in_no_log_referrer_session_or_ledger(
    kind, visitor, standin, make_link, monkeypatch, logged, capsys
):
    link = make_link(uses=3)
    code = code_of(link)
    answer = kind(visitor, link) if kind is join else kind(visitor, link, monkeypatch)
    assert answer.status_code == KINDS[kind]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    said = logged.getvalue()
    assert code not in said
    assert code not in str(list(AuditEvent.objects.values()))
    assert code not in json.dumps(dict(visitor.session.items()), default=str)
    assert not any(code in str(message) for message in get_messages(answer.wsgi_request))
    if kind is our_mistake:
        assert "Internal Server Error: /join/..." in said
        assert "The page /join/... is broken" in said
    if answer.status_code == 302:
        assert code not in str(answer.headers)


def test_the_log_names_the_route(visitor, standin, make_link, logged):
    visitor.get(address(make_link()))
    assert '"route": "/join/<path:code>/"' in logged.getvalue()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_browser_that_keeps_the_referrer_back_may_still_send_the_form(secure, standin, make_link):
    """It says "Origin: null" then, which Django would refuse."""
    client, link = Client(enforce_csrf_checks=True), make_link()
    path = address(link)
    page = client.get(path, secure=secure).content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]

    def sent(url=path, token=token, origin="null", **headers) -> int:
        data = {"username": "newcomer", "password": SECRET, "csrfmiddlewaretoken": token}
        said = {"Host": "testserver", "Origin": origin, **headers}
        return client.post(url, data, headers=said, secure=secure).status_code

    assert sent(**{"Sec-Fetch-Site": "cross-site"}) == 403
    assert sent(token="x" * 64) == 403
    assert sent(origin="https://evil.example") == 403
    assert sent(url="/sign-in/") == 403
    assert sent(**{"Sec-Fetch-Site": "same-origin"}) == 302


def test_passwords_are_judged_at_a_limited_rate(visitor, standin, make_link, monkeypatch):
    monkeypatch.setattr(tries, "MOST_PASSWORDS", 5)
    link = make_link()
    answers = [words(check(visitor, link, "password", password="umbrella gravel")) for _n in range(8)]
    assert all(answers[:5]) and not any(answers[5:])


def test_names_are_looked_up_at_a_limited_rate(visitor, standin, make_link):
    link = make_link()
    answers = [words(check(visitor, link, username="sam")) for _n in range(tries.MOST_NAMES + 5)]
    assert all(answers[: tries.MOST_NAMES])
    assert not any(answers[tries.MOST_NAMES :])
    assert visitor.get(address(link)).status_code == 200  # the link itself goes on


def test_the_names_of_local_operators_are_not_told(visitor, standin, make_link):
    operator("admin", "spare.key")
    link = make_link()
    assert "spare.key is free." in words(check(visitor, link, username="spare.key"))


@pytest.mark.parametrize("typed", ["Sam", "sam!"])
def test_a_form_that_makes_nothing_does_not_tell_whose_name_is_taken(visitor, standin, make_link, typed):
    link = make_link()
    answers = [words(join(visitor, link, username=typed, password="")) for _n in range(35)]
    assert all("How about" in answer and "-2 ?" not in answer for answer in answers)
    assert join(visitor, link).status_code == 302  # who mistypes so often still joins


@pytest.mark.parametrize("taken", ["sam", "spare.key"])
def test_names_are_tried_at_a_limited_rate_by_joining_too(visitor, standin, make_link, taken, there):
    operator("admin", "spare.key")
    link = make_link(uses=5)
    answers = [join(visitor, link, username=taken) for _n in range(tries.MOST_JOINS + 5)]
    assert ["This name is taken." in words(answer) for answer in answers] == [True] * tries.MOST_JOINS + [False] * 5
    for answer in (*answers[tries.MOST_JOINS :], join(visitor, link)):
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 60
        assert "Too many names were tried" in words(answer)
        assert "How about" not in words(answer)
    assert not there.minted()
    assert join(Client(headers=PHONE, REMOTE_ADDR="192.0.2.7"), link, username="elsewhere").status_code == 302
    Try.objects.update(at=timezone.now() - tries.WITHIN)
    assert join(visitor, link).status_code == 302


def test_a_free_name_is_counted_too_while_it_lets_nobody_in(visitor, standin, make_link):
    """The answer "in a minute" tells that nobody has it."""
    link = make_link()
    Joining.objects.create(link=link, username="quicker", marker=-1, next_at=timezone.now())
    answers = [join(visitor, link, username=f"free-{n}").status_code for n in range(tries.MOST_JOINS + 1)]
    assert answers == [409] * tries.MOST_JOINS + [429]
