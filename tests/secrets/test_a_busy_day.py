"""After a day on which everything was done, in good times and in bad: what stands where it must not, and how well every page is guarded."""

from __future__ import annotations

import quopri
from collections import Counter
from email import message_from_string, policy

import pytest

from tests.doors import DOORS
from tests.secrets import day
from tests.secrets.conftest import House
from tests.secrets.observatory import Visit, score
from tests.secrets.person import HOST, ORIGIN, Answer, Person

AT_LEAST = 130

# Where a secret is shown to the person whose it is, or who may hand it out: the view, and the method by which it is come by.
SHOWN = {
    "code of a link": {
        "GET": {"invite_link", "invite_print", "invite_batch_detail", "invite_batch_export", "join"},
        "POST": {"join"},
    },
    "code of an invite": {"GET": {"invite_found"}},
    "new password": {"POST": {"user_new", "user_password", "operator_new", "operator_password", "job_passwords"}},
    "token": {"POST": {"anythingllm_open"}},
    "ticket of a stream": {"POST": {"chat_ask"}},
}
# What somebody typed into a wrong place comes back to that place, once: the name of a sign-in, the list of people.
TYPED_THERE = {("password of an operator", "sign_in"), ("new password", "user_import")}
KEPT = {("session key", "django_session.session_key")}


@pytest.fixture
def everybody(house: House) -> list[tuple[Person, Answer]]:
    day.fill(house)
    return day.look_around(house)


def test_no_secret_is_in_the_open_after_a_busy_day_and_every_page_of_it_is_well_guarded(house, everybody, figure):
    opened = {answer.view for answer in house.heard if answer.method == "GET"}
    assert {name for name, (_action, methods) in DOORS.items() if "GET" in methods} <= opened
    places = Counter(answers=len(house.heard))
    places += in_the_database(house) + in_files(house) + in_mails(house)
    in_the_log(house)
    in_answers(house)
    places["lines of the log"] = house.process.said().count("\n")
    kinds, tried = house.planted.values, ", ".join(f"{number:,} {place}" for place, number in sorted(places.items()))
    figure(f"secrets: {house.planted.number} of {len(kinds)} kinds, in eight forms each", f"{tried}: 0 found")
    figure("headers and cookies behind a proxy with https", f"{len(house.heard)} answers, 0 without")
    well_guarded(everybody, figure)


# --- Where secrets are looked for -------------------------------------------------------------------------------------
def in_the_log(house: House) -> None:
    """At LOG_LEVEL=DEBUG, with what the libraries say; and what anybody on the machine can read of the processes."""
    assert house.planted.found_in(house.process.said()) == set()
    assert house.planted.found_in(*house.process.children()) == set()


def in_answers(house: House) -> None:
    wrong = []
    for answer in house.heard:
        for kind in house.planted.found_in(answer.everything):
            shown = answer.view in SHOWN.get(kind, {}).get(answer.method, ())
            # The address without its last slash leads to the one with it.
            shown |= kind == "code of a link" and answer.status == 301 and answer.location == f"{answer.path}/"
            typed = answer.method == "POST" and (kind, answer.view) in TYPED_THERE
            kept_by_browsers = (
                answer.method == "GET" and answer.status == 200 and "no-store" not in answer["Cache-Control"]
            )
            if not (shown or typed) or kept_by_browsers:
                wrong.append((kind, answer))
    assert wrong == []


def in_the_database(house: House) -> Counter[str]:
    values = list(house.values())
    assert {(kind, place) for place, value in values for kind in house.planted.found_in(value)} == KEPT
    return Counter({"values of the database": len(values)})


def in_files(house: House) -> Counter[str]:
    """The database as it lies on the disk has what was deleted, too; beside it lie the queue, the cache, what has arrived."""
    files = [path for path in house.data.rglob("*") if path.is_file()]
    assert {"foyer.sqlite3", "queue.sqlite3"} <= {path.name for path in files}
    for path in files:
        allowed = {"session key"} if path.name.startswith("foyer.sqlite3") else set()
        assert house.planted.found_in(path.read_bytes()) <= allowed, path
    return Counter(files=len(files))


def in_mails(house: House) -> Counter[str]:
    """Each has the one code of the link that it was sent for, and nothing else."""
    for text in house.postbox.mails:
        mail = message_from_string(text, policy=policy.default)
        read = [text, quopri.decodestring(text).decode(errors="replace")]
        read += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        assert house.planted.found_in(*read) == {"code of a link"}
        codes = house.planted.values["code of a link"]
        assert [code for code in codes if code[:12] in "".join(read)] == [house.code_for[mail["To"]]]
    assert len(house.postbox.mails) > 3
    return Counter(mails=len(house.postbox.mails))


# --- The score --------------------------------------------------------------------------------------------------------
def well_guarded(everybody: list[tuple[Person, Answer]], figure) -> None:
    scores, ways = Counter(), {}
    for who, page in everybody:
        if page.is_whole_page:
            assert "http-equiv" not in page.text
            if page.path not in ways:
                ways[page.path] = way_to(who, page.path)
            points, results = score(visit(who, page, *ways[page.path]))
            assert points >= AT_LEAST, f"{points} {page} {results}"
            scores[points] += 1
    told = ", ".join(f"{points} ({number} pages)" for points, number in sorted(scores.items()))
    figure("MDN's HTTP Observatory, every page, four people", told, f"least, by our own: {AT_LEAST}")
    assert sum(scores.values()) > 150


ELSEWHERE = "https://elsewhere.example"


def way_to(who: Person, path: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Where http leads, and what another site is told that asks whether it may read the page."""
    plain = who.ask("GET", path, https=False)
    asks_first = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "GET"}
    return [f"http://{HOST}{path}", *plain.all_of("Location")], who.ask("OPTIONS", path, headers=asks_first).headers


def visit(who: Person, page: Answer, way: list[str], preflight: list[tuple[str, str]]) -> Visit:
    return Visit(
        url=ORIGIN + page.path,
        headers=page.headers,
        body=page.text,
        cookies=list(who.was_set.values()),
        way=way,
        preflight=preflight,
        origin=ELSEWHERE,
    )
