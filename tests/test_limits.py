"""Managers of some workspaces only: every door that names a thing, for things of theirs and of others.

What is not theirs answers 404, as if it were not there, and nothing is written, neither here nor on the instance.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessChange, AccessSet, Grant, Group
from dashboard.accounts import services as door
from dashboard.accounts.models import LookedAfter, Operator, Role
from dashboard.audit.models import AuditEvent
from dashboard.chatlog.models import Exchange, Person, Place
from dashboard.documents.models import Batch, Incoming, Source
from dashboard.invites import services as invites
from dashboard.invites.models import Link
from dashboard.jobs import engine
from dashboard.jobs.models import ItemState, Job
from dashboard.permissions import POLICY, Action
from tests.conftest import operator, signed_in
from tests.doors import DOORS, converters, posted

ROOM, PERSON = "Our Common Room", "open.person"
FOREIGN_ROOM, FOREIGN_PERSON = "The Forbidden Chamber", "forbidden.person"


@dataclass
class World:
    """One workspace of the manager's with one person in it, and one of others with another, on the instance."""

    standin: Any
    rooms: dict[str, dict[str, Any]]
    people: dict[str, int]

    def members(self, room: str) -> set[int]:
        found = self.standin.get(f"/v1/admin/workspaces/{self.rooms[room]['id']}/users")["users"]
        return {member["userId"] for member in found}


@pytest.fixture
def world(standin, db) -> World:
    rooms, people = {}, {}
    for room, person in ((ROOM, PERSON), (FOREIGN_ROOM, FOREIGN_PERSON)):
        rooms[room] = standin.post("/v1/workspace/new", {"name": room})["workspace"]
        new = {"username": person, "password": standin.password, "role": "default"}
        people[person] = standin.post("/v1/admin/users/new", new)["user"]["id"]
        standin.post(f"/v1/admin/workspaces/{rooms[room]['id']}/update-users", {"userIds": [people[person]]})
    instance.hang_up()
    return World(standin, rooms, people)


@pytest.fixture(params=[Role.MANAGER, Role.VIEWER, Role.MEMBER, "account"])
def limited(request, world: World) -> Operator:
    """Whoever has a list of workspaces, whatever they are otherwise: also an account that never signed in to Foyer."""
    if request.param == "account":
        new = {"username": "never.here", "password": world.standin.password, "role": "default"}
        world.standin.post("/v1/admin/users/new", new)
        instance.hang_up()
        found = door.operator_of(next(u for u in instance.users().value if u.username == "never.here"))
    else:
        found = operator(request.param, "lim")
    found.looks_after.create(workspace_id=world.rooms[ROOM]["id"])
    return found


# --- Every door that names a thing ------------------------------------------------------------------------------------
# What is posted to doors that a manager may open at all, about a room, so that it would do something, if not what `tests.doors` says.
POSTED_ABOUT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "workspace_add_people": lambda room: {"names": PERSON},
    "workspace_settings": lambda room: {
        "id": room["id"],
        "name": "Renamed",
        "chat_mode": "chat",
        "history": 7,
        "top_n": 4,
        "similarity_threshold": 0.25,
        "vector_search_mode": "default",
    },
    "access_toggle": lambda room: {"give": "1"},
    "invite_extend": lambda room: {"days": 3},
    "invite_mail": lambda room: {"email": "anna@example.com"},
}


def for_managers(name: str) -> bool:
    action = DOORS[name][0]
    return action in POLICY[Role.MANAGER] and action not in (Action.CREATE_WORKSPACES, Action.OPEN_WORKSPACES)


# Whom one may ask is no matter of what one looks after: tests/chat/test_rights.py.
WITH_THINGS = [
    name for name, (action, _methods) in DOORS.items() if action and action != Action.USE_CHAT and converters(name)
]


def a_set(actor: Operator, world: World, room: str, person: str) -> AccessSet:
    """A set staged while its actor might do so: the person gets the room."""
    made = AccessSet.objects.create(actor=actor, title="some changes")
    AccessChange.objects.create(
        set=made,
        workspace_id=world.rooms[room]["id"],
        workspace_name=room,
        user_id=world.people[person],
        username=person,
        give=True,
        was_member=False,
    )
    return made


def a_link(actor: Operator, world: World, room: str) -> Link:
    """One of a batch, which gives the room."""
    fields = invites.LinkFields(label=f"to {room}", workspace_ids=[world.rooms[room]["id"]])
    anna = invites.Person("Anna", "anna@example.com")
    return invites.make_many(actor=actor, fields=fields, people=[anna], batch=uuid.uuid4())[0]


def an_invite(world: World, room: str) -> int:
    """Made on the instance."""
    made = world.standin.post("/v1/admin/invite/new", {"workspaceIds": [world.rooms[room]["id"]]})
    instance.hang_up()
    return made["invite"]["id"]


def an_exchange(world: World, room: str, person: str) -> int:
    """A line of the log of chats."""
    place, _made = Place.objects.get_or_create(id=world.rooms[room]["id"], name=room)
    who, _made = Person.objects.get_or_create(id=world.people[person], name=person)
    number, words = Exchange.objects.count() + 1, f"Is it {person}?"
    asked = Exchange.objects.create(id=number, workspace=place, user=who, prompt=words, created_at=timezone.now())
    asked.citations.create(title=f"of-{room}.txt")
    return asked.pk


def things(world: World, room: str, person: str, who: Operator) -> dict[str, Any]:
    """What a URL may name, of `room` and `person`, and made by `who`."""
    other = FOREIGN_PERSON if person == PERSON else PERSON
    job = Job.objects.create(kind="access.set", title="a job", actor=who, state="done")
    item = job.items.create(position=1, key="1", label="one", state=ItemState.FAILED)
    batch = Batch.objects.create(token=job.pk, actor=who, folder="custom-documents", job=job)
    Incoming.objects.create(batch=batch, item=item, ticket="one", token=job.pk, source=Source.FILE, name="one.txt")
    link = a_link(who, world, room)
    return {
        "link_id": link.pk,
        "batch": link.batch,
        "invite_id": an_invite(world, room),
        "exchange_id": an_exchange(world, room, person),
        "user_id": world.people[person],
        "slug": world.rooms[room]["slug"],
        "workspace_id": world.rooms[room]["id"],
        "set_id": a_set(who, world, room, other).pk,
        "group_id": Group.objects.get_or_create(name="Sales")[0].pk,
        "job_id": job.pk,
        "operator_id": who.pk,
        "draft_id": 1,
    }


@pytest.fixture
def own(world: World, limited: Operator) -> dict[str, Any]:
    return things(world, ROOM, PERSON, limited)


@pytest.fixture
def foreign(world: World) -> dict[str, Any]:
    return things(world, FOREIGN_ROOM, FOREIGN_PERSON, operator(Role.ADMIN, "boss"))


def written(world: World) -> tuple[int, ...]:
    """How much was ever written: on the instance, and of each kind here."""
    counted = (AuditEvent, AccessSet, AccessChange, Grant, Job, Link, LookedAfter)
    return (world.standin.state()["writes"], *(model.objects.count() for model in counted))


# For accounts and viewers with a list the tests of rights ask each door, for foreign things in every field, too.
@pytest.mark.parametrize("limited", [Role.MANAGER], indirect=True)
@pytest.mark.parametrize("name", WITH_THINGS)
def test_a_door_opens_to_things_of_theirs_and_not_to_those_of_others(name, world, limited, own, foreign):
    keys, methods = converters(name), DOORS[name][1]
    client = signed_in(limited)
    posting = POSTED_ABOUT.get(name, lambda room: posted(name, own))
    before = written(world)
    for key in keys:
        url = reverse(name, kwargs={one: (foreign if one == key else own)[one] for one in keys})
        for method in sorted(methods):
            answer = client.get(url) if method == "GET" else client.post(url, posting(world.rooms[FOREIGN_ROOM]))
            assert answer.status_code == (404 if for_managers(name) else 403), f"{method} {url}"
            assert written(world) == before, f"{method} {url}"
    url = reverse(name, kwargs={one: own[one] for one in keys})
    for method in sorted(methods):
        answer = client.get(url) if method == "GET" else client.post(url, posting(world.rooms[ROOM]))
        assert answer.status_code in ({200, 302} if for_managers(name) else {403}), f"{method} {url}"


# --- Tables, exports, figures, the jump box ---------------------------------------------------------------------------
QUERIES = ["", "?counts=1", "?ready=1", "?q=ORBIDDE", "?w=ORBIDDE", "?person=o", "?sort=-workspaces"]
# Here people of others are found by name, so that they can be added.
FINDS_OTHERS = {("access_matrix", "?q=ORBIDDE")}
TABLES = [name for name, (action, methods) in DOORS.items() if action and "GET" in methods and not converters(name)]


@pytest.mark.parametrize("limited", [Role.MANAGER], indirect=True)
@pytest.mark.parametrize("name", TABLES)
def test_no_table_export_or_figure_holds_what_is_not_theirs(name, world, limited):
    client, admin = signed_in(limited), operator(Role.ADMIN, "boss")
    everything = {w["name"] for w in world.standin.get("/v1/workspaces")["workspaces"]} - {ROOM}
    for room, person in ((ROOM, PERSON), (FOREIGN_ROOM, FOREIGN_PERSON)):
        sets.stage(
            actor=admin, title=room, wanted=[sets.Wanted(world.rooms[room]["id"], world.people[person], give=False)]
        )
        AuditEvent.objects.create(
            actor=admin,
            actor_name="boss",
            action="access.given",
            target_type="user",
            target_id=world.people[person],
            target_name=person,
            after={"workspace": room, "workspace_id": world.rooms[room]["id"]},
        )
        a_link(admin, world, room)
        an_invite(world, room)
        an_exchange(world, room, person)
    for query in QUERIES:
        answer = client.get(reverse(name) + query)
        assert answer.status_code in (200, 302, 403), query
        text = answer.getvalue().decode()
        assert FOREIGN_ROOM not in text, query
        assert not any(f">{room}<" in text for room in everything), query
        if (name, query) not in FINDS_OTHERS:
            assert FOREIGN_PERSON not in text, query


def test_what_is_theirs_is_there(world, limited):
    client = signed_in(limited)
    an_exchange(world, ROOM, PERSON)
    pages = {
        "/users/": PERSON,
        "/users/export/": PERSON,
        "/chats/": PERSON,
        "/chats/export/": PERSON,
        "/workspaces/": ROOM,
        "/access/?ready=1": ROOM,
        "/palette/?q=common": ROOM,
        "/palette/?q=open": PERSON,
        "/invites/new/": ROOM,
        f"/users/{world.people[PERSON]}/": ROOM,
    }
    for url, words in pages.items():
        assert words in client.get(url).getvalue().decode(), url


def test_links_that_give_theirs_only_are_there_whoever_made_them(world, limited):
    admin = operator(Role.ADMIN, "boss")
    for room in (ROOM, FOREIGN_ROOM):
        a_link(admin, world, room)
        an_invite(world, room)
    rows = signed_in(limited).get("/invites/").context["page"].object_list
    assert sorted((row.source, row.workspaces) for row in rows) == [("anythingllm", (ROOM,)), ("foyer", (ROOM,))]


def test_home_counts_theirs_only(world, limited):
    figures = {figure.label: figure.number for figure in signed_in(limited).get("/").context["figures"]}
    assert figures == {"Users": 1, "Never signed in": 1, "Workspaces": 1, "Open invites": 0}


def test_a_persons_page_names_the_workspaces_of_theirs_only(world, limited):
    standin, person = world.standin, world.people[PERSON]
    others = world.rooms[FOREIGN_ROOM]["id"]
    standin.post(f"/v1/admin/workspaces/{others}/update-users", {"userIds": [person, world.people[FOREIGN_PERSON]]})
    instance.hang_up()
    client = signed_in(limited)
    page = client.get(f"/users/{person}/").content.decode()
    assert ROOM in page and FOREIGN_ROOM not in page
    rows = client.get("/users/?counts=1").context["rows"]
    assert [(row.user.username, row.workspaces) for row in rows] == [(PERSON, 1)]


# --- What is posted inside --------------------------------------------------------------------------------------------
def test_nothing_is_staged_for_workspaces_of_others(world, limited):
    mine, others = world.rooms[ROOM]["id"], world.rooms[FOREIGN_ROOM]["id"]
    ann, bob = world.people[PERSON], world.people[FOREIGN_PERSON]
    client = signed_in(limited)
    client.get(f"/access/?ready=1&q={FOREIGN_PERSON}")
    client.post("/access/stage/", {"give": f"{others}-{ann} {mine}-{bob}", "take": f"{others}-{bob}"})
    staged = AccessSet.objects.get()
    assert [(change.workspace_id, change.user_id) for change in staged.changes.all()] == [(mine, bob)]
    assert FOREIGN_ROOM not in staged.title


def test_a_set_staged_before_the_list_became_shorter_is_not_applied_any_more(world, limited):
    others = world.rooms[FOREIGN_ROOM]["id"]
    limited.looks_after.create(workspace_id=others)
    client = signed_in(limited)
    client.post("/access/stage/", {"give": f"{others}-{world.people[PERSON]}"})
    staged = AccessSet.objects.get()
    assert client.get(f"/access/sets/{staged.pk}/").status_code == 200
    limited.looks_after.filter(workspace_id=others).delete()
    before = written(world)
    assert client.get(f"/access/sets/{staged.pk}/").status_code == 404
    assert client.post(f"/access/sets/{staged.pk}/apply/").status_code == 404
    assert written(world) == before
    assert world.people[PERSON] not in world.members(FOREIGN_ROOM)


def test_a_job_that_waits_asks_again_whose_workspace_it_is(world, limited):
    others = world.rooms[FOREIGN_ROOM]["id"]
    limited.looks_after.create(workspace_id=others)
    client = signed_in(limited)
    client.post("/access/stage/", {"give": f"{others}-{world.people[PERSON]}"})
    staged = AccessSet.objects.get()
    client.post(f"/access/sets/{staged.pk}/apply/")
    limited.looks_after.filter(workspace_id=others).delete()
    before, job = world.standin.state()["writes"], Job.objects.get()
    while engine.work(job.pk):
        pass
    assert job.items.get().state == ItemState.FAILED
    assert "do not look after" in job.items.get().message
    assert world.standin.state()["writes"] == before


def test_whom_they_do_not_see_they_add_by_name_and_not_by_number(world, limited):
    mine, bob = world.rooms[ROOM], world.people[FOREIGN_PERSON]
    client = signed_in(limited)
    assert client.post(f"/access/{mine['id']}/{bob}/", {"give": "1"}).status_code == 404
    assert world.members(ROOM) == {world.people[PERSON]}
    staged = client.post(f"/workspaces/{mine['slug']}/people/", {"names": FOREIGN_PERSON})["Location"]
    client.post(f"{staged}apply/")
    for job in Job.objects.all():
        while engine.work(job.pk):
            pass
    assert world.members(ROOM) == {world.people[PERSON], bob}


@pytest.mark.parametrize("action", [Action.CREATE_WORKSPACES, Action.OPEN_WORKSPACES, Action.DELETE_WORKSPACES])
def test_no_new_workspace_no_deletion_and_none_for_everyone(world, limited, action):
    for name in (name for name, (asked, _methods) in DOORS.items() if asked == action):
        things = {"workspace_id": world.rooms[ROOM]["id"], "slug": world.rooms[ROOM]["slug"]}
        url = reverse(name, kwargs={key: things[key] for key in converters(name)})
        before = written(world)
        assert signed_in(limited).post(url, {"name": "Mine", "on": "1"}).status_code == 403, url
        assert written(world) == before


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_without_the_list_nothing_of_it_is_left(world, role):
    somebody = operator(role, "lim")
    listed = somebody.looks_after.create(workspace_id=world.rooms[ROOM]["id"])
    client = signed_in(somebody)
    assert client.get("/access/").status_code == 200
    listed.delete()
    assert client.get("/access/").status_code == 403


def test_a_manager_without_a_list_sees_everything(world):
    client = signed_in(operator(Role.MANAGER, "mona"))
    assert FOREIGN_ROOM in client.get("/workspaces/").content.decode()
    assert FOREIGN_PERSON in client.get("/users/export/").getvalue().decode()
    assert client.get(f"/users/{world.people[FOREIGN_PERSON]}/").status_code == 200


def test_an_admin_with_a_list_sees_everything(world, admin_client: Client, ada: Operator):
    ada.looks_after.create(workspace_id=world.rooms[ROOM]["id"])
    assert FOREIGN_ROOM in admin_client.get("/workspaces/").content.decode()
