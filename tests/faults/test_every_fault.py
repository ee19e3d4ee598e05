"""Everything that can be done in Foyer, beside everything that can go wrong on the instance."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboard import instance
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.jobs.models import ItemState
from tests.conftest import THOROUGH
from tests.doors import DOORS
from tests.faults.acts import ACTS, PEOPLE
from tests.faults.conftest import (
    KINDS,
    PATIENT,
    SHORT,
    SLOW,
    assert_kept_secret,
    break_it,
    everything,
    heal,
    on_stage,
    patience,
    some_of,
    text,
    told,
    visible,
)
from tests.faults.operations import FIRST, QUESTIONS, VISITS, forget
from tests.faults.world import difference

pytestmark = pytest.mark.django_db

IN_TIME = 45.0  # seconds, on a busy machine; what hangs for as long as the instance does takes minutes
STATUSES = {200, 302, 404, 409, 422, 429, 502, 503, 504}
# A fault that is none for what is asked: reads work while the database is locked, a ping even while nothing can be read, and a connection
# that died while nobody used it is nobody's business.
HARMLESS = {
    "*": {"locked", "single-user", "stale"},
    "light": {"locked", "single-user", "stale", "locked-all"},
    "readyz": {"locked", "single-user", "stale", "locked-all"},
}
# Good enough from an earlier answer: the instance has the last word on a name.
ADVICE = {"user_check"}
# What they say is Foyer's own, or said when the form is sent; what they take from the instance goes without saying.
WITHOUT = {"join", "join_check", "access_set applied"}
# They say it in their own way: a state of a part, a light, the steps of a test.
OWN_WORDS = {"readyz": '"failed"', "light": "AnythingLLM answers, but not|AnythingLLM does not answer"}


def asked(stage) -> int:
    return len(stage.standin.state()["requests"])


def hit(stage, since: int) -> bool:
    """Whether anything that was asked since then went wrong."""
    found = any(request["faults"] for request in stage.standin.state()["requests"][since:])
    return found or instance.line().breaker.last_error in instance.OUTAGES


def says_so(name: str, response) -> bool:
    own = OWN_WORDS.get(name)
    return told(response) if own is None else any(words in text(response) for words in own.split("|"))


def test_every_door_is_in_the_table_by_each_of_its_methods(figure):
    looked = {name.split()[0] for name in VISITS}
    sent = {name.split()[0] for name in [*ACTS, *QUESTIONS]}
    assert {name for name, (_action, methods) in DOORS.items() if "GET" in methods} == looked
    assert {name for name, (_action, methods) in DOORS.items() if "POST" in methods} == sent - {"job"}
    acts, pages = combinations(), len(VISITS) * len(KINDS) * (1 + THOROUGH)
    assert {(when, kind) for _name, when, kind in acts} == {
        (w, k) for w in WHEN for k in KINDS if w == "all" or k != "refused"
    }
    figure("faults: acts x kinds x moments", f"{len(ACTS)} x {len(KINDS)} x {len(WHEN)}: {len(acts)} tried")
    figure("faults: pages x kinds x earlier answer or none", f"{len(VISITS)} x {len(KINDS)} x 2: {pages} tried")
    figure("faults: questions x kinds", f"{len(QUESTIONS)} x {len(KINDS)}")


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("name", VISITS)
def test_a_page_says_what_is_wrong_or_shows_the_last_answer(name, stage, everything_logged):
    """With an earlier answer and without; when there is no time for both, in turns."""
    url = VISITS[name](stage)
    unchanged = stage.standin.state()["changes"]
    forget()
    before = asked(stage)
    assert stage.client.get(url).status_code in (200, 302)
    if asked(stage) == before:
        return  # this page asks nothing, so nothing can go wrong
    turn = list(VISITS).index(name)
    for known in (True, False):
        for number, kind in enumerate(KINDS):
            if not THOROUGH and (turn + number) % 2 != known:
                continue
            forget() if known else instance.hang_up()
            break_it(stage, kind)
            before = asked(stage)
            response = hurried(kind, lambda: stage.client.get(url))
            context = f"{kind}, {'an earlier answer is' if known else 'nothing is'} known:\n{visible(response)}"
            assert response.status_code in STATUSES, context
            harmless = kind in HARMLESS.get(name, HARMLESS["*"]) or (known and name in ADVICE) or name in WITHOUT
            assert says_so(name, response) or harmless or not hit(stage, before), context
            assert kind != "stale" or not told(response), context
            assert_kept_secret(stage, response, everything_logged)
            heal(stage, kind)
    assert stage.standin.state()["changes"] == unchanged


def hurried(kind: str, act: Callable[[], Any], *, read: float | None = None) -> Any:
    """Does it, with small budgets where the fault is that it is slow: it must then end in time."""
    short = SHORT if kind in SLOW else PATIENT
    patience(read=read or short, write=short)
    started = time.monotonic()
    response = act()
    assert time.monotonic() - started < IN_TIME
    return response


# --- Acts -------------------------------------------------------------------------------------------------------------
WRITES = "POST|PUT|DELETE"
# Of all that is asked; of what is to change something; of all that is asked after the first of these, such as reading back.
WHEN: dict[str, dict[str, str]] = {"all": {}, "writes": {"method": WRITES}, "afterwards": {"since": WRITES}}
# In these the instance does nothing of what it was asked, or says that it did not.
CERTAINLY_NOT = {"401", "403", "404", "429", "html", "redirect", "key-refused", "single-user", "refused"}
NOTHING_CHANGED = "Nothing was changed."


def sizes(name: str) -> list[tuple[str, int]]:
    if THOROUGH:
        return [(when, len(KINDS)) for when in ("writes", "afterwards", "all")]
    return [("writes", 12 if name in PEOPLE else 5), ("afterwards", 3), ("all", 3)]


def combinations() -> list[tuple[str, str, str]]:
    """Act, when, kind. Of what spoils a write each kind beside each act when there is time; else, and of the other moments, some, in turns."""
    found = []
    for turn, name in enumerate(ACTS):
        for when, many in sizes(name):
            # Where nobody listens, nothing at all is taken.
            kinds = [kind for kind in KINDS if when == "all" or kind != "refused"]
            found += [(name, when, kind) for kind in some_of(kinds, many, turn)]
    return found


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "when", "kind"), combinations())
def test_an_act_tells_the_truth(name, when, kind, ada, standin, web, well_ended, everything_logged):
    act, good = ACTS[name], well_ended(name)
    stage = on_stage(name, ada, standin, web)
    untouched = everything(stage, name)
    if when == "writes":
        instance.users()  # an earlier answer is known
    break_it(stage, kind, **WHEN[when])
    response = hurried(kind, lambda: act.do(stage), read=PATIENT if when == "writes" else None)
    assert response.status_code in STATUSES | {201}, visible(response)
    heal(stage, kind)
    now = everything(stage, name)
    happened = now == good

    outcomes, items, said = set(stage.lines(act.ledger)), stage.items(), told(response)
    context = (
        f"ledger: {outcomes}, items: {items}, said: {visible(response)}\nchanged:\n{difference(now, untouched)}\n"
        f"to what is right:\n{difference(good, now)}"
    )
    assert not AuditEvent.objects.filter(outcome=Outcome.STARTED).exists(), context
    if act.ledger and happened:
        assert outcomes <= {Outcome.OK, Outcome.UNKNOWN} and outcomes, context
    if happened:
        # One that waits after a first try is read back before it is tried again.
        assert items <= {ItemState.DONE, ItemState.SKIPPED, ItemState.UNKNOWN, ItemState.PENDING}, context
    if now == untouched:
        assert Outcome.OK not in outcomes, context
        assert ItemState.DONE not in items, context
    if not (happened or now == untouched):
        # Something of it is done, and of the rest Foyer says that it does not know.
        assert act.steps or outcomes == {Outcome.UNKNOWN}, context
    if Outcome.UNKNOWN in outcomes and not act.steps:
        assert kind not in CERTAINLY_NOT or when == "afterwards", context
    if NOTHING_CHANGED in text(response) and not act.steps:
        assert now == untouched, context
    known = happened and not said
    if not act.steps and (Outcome.OK in outcomes or ItemState.DONE in items):
        assert known, context
    assert said or happened, context
    assert known or kind != "stale", context
    if happened and act.reads_back and when == "writes" and kind != "latency" and act.ledger:
        assert outcomes == {Outcome.OK}, context
    if not known:
        instance.hang_up()
        act.make_good(stage)
        now = everything(stage, name)
        assert now == good, f"{context}\nafter another try:\n{difference(good, now)}"
        assert stage.items() <= {ItemState.DONE, ItemState.SKIPPED}, context
        if not act.steps:
            assert stage.lines(act.ledger).count(Outcome.OK) <= 1, context
    assert_kept_secret(stage, response, everything_logged)


# --- What asks, and changes nothing ---------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_changes_nothing_on_the_instance_says_what_is_wrong(name, stage, everything_logged):
    FIRST.get(name, lambda _stage: None)(stage)
    unchanged = stage.standin.state()["changes"]
    for kind in KINDS:
        instance.hang_up()
        break_it(stage, kind)
        before = asked(stage)
        response = hurried(kind, lambda: QUESTIONS[name](stage))
        assert response.status_code in STATUSES | {204, 410}, visible(response)
        harmless = kind in HARMLESS["*"] or name in WITHOUT or not hit(stage, before)
        assert told(response) or harmless, f"{kind}: {visible(response)}"
        assert kind != "stale" or not told(response), visible(response)
        assert_kept_secret(stage, response, everything_logged)
        nothing_asked = kind != "refused" and asked(stage) == before
        heal(stage, kind)
        if nothing_asked:
            break
    assert stage.standin.state()["changes"] == unchanged
