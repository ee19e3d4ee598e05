"""Every door by everybody, with every method, from a page and by htmx: it opens to whom the table says, and to nobody else.

Whoever is refused has changed nothing, here or on the instance. Whoever only looks has changed nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from dashboard.accounts.models import Operator
from dashboard.permissions import POLICY, UNLIMITED, Role
from tests.conftest import THOROUGH, signed_in
from tests.doors import COLUMNS, DOORS, LINES, METHODS, Line, urls
from tests.rights.conftest import ask, goes_to_sign_in, status, text
from tests.rights.watching import LOOKING_WRITES, Watch
from tests.rights.world import FOREIGN, World

# Everybody who has a column of their own, as an operator of Foyer itself (local) or as an account of the instance (linked).
LOCAL, LINKED = ("admin", "manager", "some", "viewer", "member"), ("admin", "manager", "some", "member")
EVERYBODY = [*(f"local {role}" for role in LOCAL), *(f"linked {role}" for role in LINKED), "nobody", "switched off"]
ALWAYS = ("local admin", "local manager", "local some", "local viewer", "linked member", "local member", "nobody")

# What these did on the instance cannot be undone here.
GONE_AFTERWARDS = {"chat_delete", "invite_found_revoke"}


def column_of(who: str) -> str:
    if who in ("nobody", "switched off"):
        return "nobody"
    return "local member" if who == "local member" else who.partition(" ")[2]


def somebody(world: World, who: str) -> Operator:
    kind, _space, role = who.partition(" ")
    if who in ("nobody", "switched off"):
        return world.local("admin")
    return world.linked(role) if kind == "linked" else world.local(role)


def browser(who: str, operator: Operator) -> Client:
    if who == "nobody":
        return Client()
    client = signed_in(operator)
    if who == "switched off":
        Operator.objects.filter(pk=operator.pk).update(is_active=False)
    return client


def ways(who: str) -> Iterator[tuple[Line, str, bool]]:
    """Door, method, and whether htmx asks. Thoroughly all of them. Else those that one page can lead to; and the rest each by one of the people,
    in turn: a door knows its methods before it looks who is there, and does not look whether htmx asks.
    """
    turn = EVERYBODY.index(who)
    for number, line in enumerate(LINES.values()):
        for at, method in enumerate(METHODS):
            in_turn = THOROUGH or (number + at) % len(EVERYBODY) == turn
            if in_turn or (who in ALWAYS and method in line.answers and method != "HEAD"):
                yield line, method, False
            if in_turn:
                yield line, method, True


# --- The table is whole, and agrees with the policy ---------------------------------------------------------------------
def test_every_url_has_a_line_and_every_line_is_a_url():
    assert set(LINES) == {url.name for url in urls()}


def test_the_table_and_the_policy_say_the_same():
    """Two statements, each by hand: a right that a role should not have would have to be written down twice."""
    roles = {
        "admin": Role.ADMIN,
        "manager": Role.MANAGER,
        "some": Role.MANAGER,
        "viewer": Role.VIEWER,
        "member": Role.MEMBER,
    }
    for door, line in LINES.items():
        action = DOORS[door][0]
        for column in COLUMNS:
            role = roles.get(column.removeprefix("local "))
            may = action is None or (role in POLICY and action in POLICY[role])
            limited = column == "some" and action in UNLIMITED
            assert line.may(column) == (may and not limited), f"{door}: {column}"


# --- Trying -----------------------------------------------------------------------------------------------------------
def wrong(watch: Watch, who: str, line: Line, method: str, htmx: bool, client: Client, url: str) -> str:
    """One try; what was wrong with it, empty when nothing was."""
    column, cookies, point = column_of(who), client.cookies.copy(), transaction.savepoint()
    with watch.seeing():
        answer = ask(client, method, url, htmx=htmx)
    transaction.savepoint_rollback(point)  # what was rightly done is undone here: the next door finds all as it was
    client.cookies = cookies
    expected, got = line.status(column, method, local=not who.startswith("linked")), status(answer)
    problems = []
    if got != expected and not (htmx and {got, expected} == {200, 302}):  # what was done is drawn there, or led to
        problems.append(f"{got}, not {expected}")
    if column == "nobody" and not line.may(column) and not goes_to_sign_in(answer):
        problems.append("not sent to sign in")
    if column in ("some", "member", "local member") and FOREIGN in text(answer):
        problems.append("names what is foreign")
    may = line.may(column) and method in line.answers
    if not may or method != "POST":
        told = LOOKING_WRITES.get(line.door, set()) if may else set()
        problems += [f"wrote {what}" for what in watch.written if what not in told]
    return f"{who}: {method} {url}{' (htmx)' if htmx else ''}: {', '.join(problems)}" if problems else ""


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_door_opens_to_whom_the_table_says(who, world, figure):
    operator = somebody(world, who)
    client = browser(who, operator)
    owner = world.boss if who == "switched off" else operator
    things = world.things(owner, world.own)
    tries, found = list(ways(who)), []
    watch = Watch(world.standin)
    for line, method, htmx in tries:
        url = world.address(line.door, things)
        found.append(wrong(watch, who, line, method, htmx, client, url))
        if line.door in GONE_AFTERWARDS and method == "POST":
            world.forget(owner, world.own)
            things = world.things(owner, world.own)
            watch.look()
    assert not any(found), "\n".join(filter(None, found))
    figure(f"rights: every URL and method, {who}", f"{len(tries)} tried, 0 wrong")
