"""Rights that are lost in the middle: between a page and its form, between asking and answering, between a job's beginning and its end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessSet, Group, OpenWorkspace
from dashboard.accounts.models import Operator, Role
from dashboard.chat import rights, services, tasks
from dashboard.chat.models import Mode, TurnState
from dashboard.documents.adding import Options
from dashboard.documents.models import Stored
from dashboard.documents.paths import key_of, pair_key
from dashboard.invites.models import Link
from dashboard.jobs import kinds
from dashboard.jobs import services as jobs
from dashboard.jobs.models import ItemState, Job, JobState
from tests.conftest import THOROUGH, operator, signed_in
from tests.documents.arriving import arrive
from tests.doors import LINES
from tests.rights.conftest import ask, goes_to_sign_in, text, work
from tests.rights.watching import Watch
from tests.rights.world import FOREIGN, World


# --- Between a page and its form ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Loss:
    """How a right is lost. `column`: what is left, by the table; "": nothing at all. `writes`: how Foyer takes notice of it."""

    lose: Callable[[World, Operator], Any]
    column: str
    linked: bool = False
    writes: tuple[str, ...] = ()


def role_taken(world: World, who: Operator) -> None:
    Operator.objects.filter(pk=who.pk).update(role=Role.MEMBER)


def switched_off(world: World, who: Operator) -> None:
    Operator.objects.filter(pk=who.pk).update(is_active=False)


def demoted(world: World, who: Operator) -> None:
    world.change_account(who, role="default")


def suspended(world: World, who: Operator) -> None:
    world.change_account(who, suspended=1)


def deleted(world: World, who: Operator) -> None:
    instance.connect().users.delete(who.anythingllm_user_id or 0)
    instance.hang_up()


LOSSES = {
    "the role is taken": Loss(role_taken, "local member"),
    "switched off": Loss(switched_off, "nobody"),
    "the account is demoted": Loss(demoted, "member", linked=True, writes=("accounts_operator", "audit_auditevent")),
    "the account is suspended": Loss(suspended, "", linked=True, writes=("accounts_operator", "audit_auditevent")),
    "the account is deleted": Loss(deleted, "", linked=True, writes=("accounts_operator", "audit_auditevent")),
}
OF_MANAGERS = [
    line
    for line in LINES.values()
    if line.cells["manager"] == "x" and line.cells["nobody"] == "-" and "POST" in line.answers
]


@pytest.mark.parametrize("how", LOSSES)
def test_between_a_page_and_its_form(how, world, figure):
    loss = LOSSES[how]
    who = world.linked("manager") if loss.linked else world.local("manager")
    things, watch, tried = world.things(who, world.own), Watch(world.standin), 0
    mine = [line for at, line in enumerate(OF_MANAGERS) if THOROUGH or at % len(LOSSES) == list(LOSSES).index(how)]
    opened: list[tuple[Any, Client, str]] = []
    for line in mine:
        client, url = signed_in(who), world.address(line.door, things)
        if "GET" in line.answers:
            assert ask(client, "GET", url).status_code in (200, 302), url
        opened.append((line, client, url))
    loss.lose(world, who)
    watch.look()
    for line, client, url in opened:
        if loss.column and line.may(loss.column):
            continue
        point = transaction.savepoint()
        with watch.seeing():
            answer = ask(client, "POST", url)
        transaction.savepoint_rollback(point)  # each finds the session as it was
        case = f"{how}: POST {url}: {answer.status_code}, {watch.written}"
        assert goes_to_sign_in(answer) if loss.column == "nobody" else answer.status_code == 403, case
        assert set(watch.here) <= set(loss.writes) and not watch.there, case
        tried += 1
    assert tried
    figure(f"rights: lost between page and form, {how}", f"{tried} tried, 0 done")


@pytest.mark.parametrize("how", ["the account is suspended", "the account is deleted"])
def test_after_that_nobody_is_signed_in_any_more(how, world):
    who = world.linked("manager")
    here, there = signed_in(who), signed_in(who)
    LOSSES[how].lose(world, who)
    assert here.get("/").status_code == 403
    for client in (here, there):
        assert goes_to_sign_in(client.get("/"))


# --- A workspace that is taken from somebody's list ---------------------------------------------------------------------
@pytest.fixture(params=["local", "linked"])
def once_theirs(request, world) -> tuple[Operator, dict[str, Any]]:
    """Whoever looked after the foreign room, too, with all that they have made there; and does so no more."""
    who = getattr(world, request.param)("some")
    listed = who.looks_after.create(workspace_id=world.foreign.id)
    things = world.things(who, world.foreign)
    who.lost = listed.delete
    return who, things


# What remains theirs is what they have made: a link or a job of one's own is listed, and can be ended.
STILL_THEIRS = {"link_id", "batch", "job_id", "thread", "turn_id", "chat_id"}


def test_what_was_theirs_is_foreign_at_once(once_theirs, world):
    who, things = once_theirs
    client, own, watch = signed_in(who), world.things(who, world.own), Watch(world.standin)
    doors = [
        line
        for line in LINES.values()
        if line.cells["some"] == "x"
        and line.cells["nobody"] == "-"
        and not line.door.startswith("chat_")
        and (set(world.patterns[line.door]) - STILL_THEIRS or line.door == "document_detail")
    ]
    for line in doors:
        if "GET" in line.answers:
            url = world.address(line.door, things)
            assert ask(client, "GET", url).status_code == 200, url
    who.lost()
    for line in doors:
        url = world.address(line.door, things)
        for method in line.answers:
            if line.door == "access_toggle":
                url = world.address(line.door, {**own, "workspace_id": things["workspace_id"]})
            with watch.seeing():
                answer = ask(client, method, url)
            assert answer.status_code == 404, f"{method} {url}"
            assert not watch.written, f"{method} {url}: {watch.written}"
    assert len(doors) > 12


def test_a_link_of_ones_own_names_no_workspace_that_was_taken(once_theirs, world):
    who, things = once_theirs
    client = signed_in(who)
    group = Group.objects.create(name=f"{FOREIGN} friends")
    group.workspaces.create(workspace_id=world.foreign.id)
    Link.objects.filter(pk=things["link_id"]).update(label="mine", for_whom="anna", group_ids=[group.pk])
    number = things["link_id"]
    pages = ["/invites/", *(f"/invites/{number}/{page}" for page in ("", "link/", "print/", "extend/", "revoke/"))]
    pages += [
        f"/invites/new/?like={number}",
        f"/invites/many/{things['batch']}/",
        f"/invites/many/{things['batch']}/export/",
    ]
    assert f"the {FOREIGN} room" in text(ask(client, "GET", "/invites/"))
    who.lost()
    for page in pages:
        answer = ask(client, "GET", page)
        assert answer.status_code == 200, page
        assert FOREIGN not in text(answer).replace(f"{FOREIGN}.anna@example.com", ""), page


# --- Between asking and answering ---------------------------------------------------------------------------------------
def asked(world: World) -> int:
    chats = world.standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]
    return sum(chat["prompt"] == "Still open?" for chat in chats)


def waiting_question(who: Operator, slug: str) -> Any:
    """As a page without a script has left it, for the worker to take."""
    asker = rights.may_open(who, slug)
    return services.ask(asker=asker, thread=None, text="Still open?", mode=Mode.CHAT, key=uuid.uuid4())


def expelled(world: World, who: Operator) -> None:
    world.standin.post(f"/v1/admin/workspaces/{world.own.id}/update-users", {"userIds": []})
    instance.hang_up()


def list_taken(world: World, who: Operator) -> None:
    who.looks_after.all().delete()
    Operator.objects.filter(pk=who.pk).update(role=Role.MEMBER)


def replaced(world: World, who: Operator) -> None:
    """The workspace is deleted, and another one gets its address."""
    instance.connect().workspaces.delete(world.own.slug)
    made = world.standin.post("/v1/workspace/new", {"name": world.own.name})["workspace"]
    assert made["slug"] == world.own.slug
    world.standin.post(f"/v1/admin/workspaces/{made['id']}/update-users", {"userIds": [who.anythingllm_user_id]})
    instance.hang_up()


@pytest.mark.parametrize(
    ("kind", "column", "lose"),
    [
        ("linked", "member", expelled),
        ("linked", "member", suspended),
        ("linked", "member", deleted),
        ("linked", "member", replaced),
        ("linked", "member", switched_off),
        ("linked", "manager", demoted),
        ("local", "some", list_taken),
        ("local", "viewer", role_taken),
        ("local", "viewer", switched_off),
    ],
)
def test_a_question_is_not_asked_by_the_worker_once_it_may_not_be(kind, column, lose, world):
    who = getattr(world, kind)(column)
    turn = waiting_question(who, world.own.slug)
    lose(world, who)
    tasks.answer(turn.pk)
    turn.refresh_from_db()
    assert asked(world) == 0
    assert turn.state == TurnState.FAILED and turn.problem


@pytest.mark.parametrize(("kind", "column"), [("linked", "member"), ("linked", "manager"), ("local", "viewer")])
def test_and_is_asked_while_it_may_be(kind, column, world):
    turn = waiting_question(getattr(world, kind)(column), world.own.slug)
    tasks.answer(turn.pk)
    turn.refresh_from_db()
    assert (asked(world), turn.state) == (1, TurnState.DONE)


def test_while_the_instance_cannot_tell_nothing_is_asked(world):
    turn = waiting_question(world.linked("member"), world.own.slug)
    world.standin.fault("500", path="/v1/admin/users$", method="GET")
    tasks.answer(turn.pk)
    world.standin.clear_faults()
    turn.refresh_from_db()
    assert asked(world) == 0 and turn.state == TurnState.FAILED and turn.problem


# --- Jobs ---------------------------------------------------------------------------------------------------------------
def a_set(who: Operator, room: Any) -> Job:
    wanted = [sets.Wanted(room.id, room.person, give=False)]
    job = sets.apply(actor=who, access_set=sets.stage(actor=who, title="Take it", wanted=wanted))
    assert job
    return job


def of_users(kind: str, **params: Any) -> Callable[[World, Operator, Any], Job]:
    def begin(world: World, who: Operator, room: Any) -> Job:
        item = jobs.NewItem(str(room.person), "somebody")
        return jobs.start(who, kind=f"users.{kind}", title=kind, params=params, items=[item])

    return begin


def an_import(world: World, who: Operator, room: Any) -> Job:
    new = {"role": "default", "daily_message_limit": None, "bio": ""}
    return jobs.start(who, kind="users.import", title="import", items=[jobs.NewItem("zora", "zora", new)])


def of_documents(kind: str, which: str) -> Callable[[World, Operator, Any], Job]:
    def begin(world: World, who: Operator, room: Any) -> Job:
        path = getattr(room, which)
        payload = {"path": path, "title": "some document", "workspace_id": room.id}
        Stored.objects.filter(path=path).update(added_by=who)
        if kind == "erase":
            payload.pop("workspace_id")
        items = [jobs.NewItem(pair_key(room.id, path) if kind != "erase" else key_of(path), "some document", payload)]
        return jobs.start(who, kind=f"documents.{kind}", title=kind, items=items)

    return begin


def an_upload(world: World, who: Operator, room: Any) -> Job:
    return arrive(who, "new.txt", "Some new words. " * 20, Options(workspace_ids=(room.id,))).job


def a_mail(world: World, who: Operator, room: Any) -> Job:
    link = Link.objects.get(pk=world.things(who, room)["link_id"])
    items = [jobs.NewItem(str(link.pk), "anna")]
    return jobs.start(
        who, kind="invite.mail", title="mail", items=items, params={"origin": "http://testserver/", "batch": ""}
    )


# Every kind of job, with somebody who may begin it.
JOBS: dict[str, tuple[str, Callable[[World, Operator, Any], Job]]] = {
    "users.suspend": ("admin", of_users("suspend")),
    "users.resume": ("admin", of_users("resume")),
    "users.role": ("admin", of_users("role", role="manager")),
    "users.limit": ("admin", of_users("limit", daily_message_limit=7)),
    "users.delete": ("admin", of_users("delete")),
    "users.import": ("admin", an_import),
    "access.set": ("manager", lambda world, who, room: a_set(who, room)),
    "documents.add": ("manager", an_upload),
    "documents.embed": ("manager", of_documents("embed", "loose")),
    "documents.remove": ("manager", of_documents("remove", "document")),
    "documents.erase": ("manager", of_documents("erase", "loose")),
    "invite.mail": ("manager", a_mail),
}


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path


def begun(world: World, kind: str, who: Operator) -> Job:
    """Waiting for a worker. Whom it is to resume is suspended first."""
    if kind == "users.resume":
        world.standin.post(f"/v1/admin/users/{world.own.person}", {"suspended": 1})
        instance.hang_up()
    return JOBS[kind][1](world, who, world.own)


def test_every_kind_of_job_is_tried():
    assert {name for name in kinds._registry if not name.startswith("rig.")} == set(JOBS)


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_is_done_for_who_may(kind, world, mailoutbox):
    """So the others would have been."""
    who, watch = world.linked(JOBS[kind][0]), Watch(world.standin)
    job = begun(world, kind, who)
    with watch.seeing():
        work(job)
    assert (job.state, list(job.items.values_list("state", flat=True))) == (JobState.DONE, [ItemState.DONE])
    assert watch.there or mailoutbox


@pytest.mark.parametrize("how", LOSSES)
def test_a_job_ends_with_the_rights_of_who_began_it(how, world, mailoutbox, figure):
    loss, watch, tried = LOSSES[how], Watch(world.standin), 0
    for kind, (column, _begin) in JOBS.items():
        point = transaction.savepoint()
        who = world.account(f"{column}.{tried}", role=column) if loss.linked else operator(column, f"{column}.{tried}")
        job = begun(world, kind, who)
        loss.lose(world, who)
        watch.look()
        with watch.seeing():
            work(job)
        states = set(job.items.values_list("state", flat=True))
        assert (job.state, states) == (JobState.CANCELLED, {ItemState.SKIPPED}), f"{how}: {kind}"
        assert not watch.there and not mailoutbox, f"{how}: {kind}: {watch.there}"
        transaction.savepoint_rollback(point)
        tried += 1
    figure(f"rights: a job whose right was lost, {how}", f"{tried} kinds, 0 done")


@pytest.mark.parametrize(
    "kind", ["access.set", "documents.add", "documents.embed", "documents.remove", "documents.erase", "invite.mail"]
)
def test_a_job_stays_out_of_a_workspace_that_was_taken_from_the_list(kind, world, mailoutbox):
    who, watch = world.linked("some"), Watch(world.standin)
    listed = who.looks_after.create(workspace_id=world.foreign.id)
    job = JOBS[kind][1](world, who, world.foreign)
    if kind == "documents.erase":  # of their own, and in that workspace
        put = {"adds": [world.foreign.loose], "deletes": []}
        world.standin.post(f"/v1/workspace/{world.foreign.slug}/update-embeddings", put)
        instance.hang_up()
    if kind == "invite.mail":
        Link.objects.update(created_by=world.boss)
    listed.delete()
    watch.look()
    members, documents = world.members(world.foreign), world.documents(world.foreign)
    with watch.seeing():
        work(job)
    assert set(job.items.values_list("state", flat=True)) == {ItemState.FAILED}
    assert (world.members(world.foreign), world.documents(world.foreign)) == (members, documents)
    assert not mailoutbox
    if kind != "documents.add":  # whose document is in the library, and goes nowhere from there
        assert not watch.there


def test_what_an_admin_had_staged_is_not_applied_by_a_manager(world):
    """Groups are for admins, also when it was an admin who has become a manager."""
    who = world.local("admin")
    group = Group.objects.create(name="Sales")
    client = signed_in(who)
    client.post(f"/groups/{group.pk}/join/", {"names": "familiar.person"})
    staged = AccessSet.objects.get(also__has_key="group")
    Operator.objects.filter(pk=who.pk).update(role=Role.MANAGER)
    assert client.post(f"/access/sets/{staged.pk}/apply/").status_code == 403
    assert not group.members.exists()


def test_a_workspace_for_everyone_is_not_opened_by_who_has_become_manager_of_some(world):
    who = world.local("manager")
    client = signed_in(who)
    client.post(f"/access/{world.own.id}/open/", {"on": "1"})
    staged = AccessSet.objects.get(also__has_key="open")
    who.looks_after.create(workspace_id=world.own.id)
    assert client.post(f"/access/sets/{staged.pk}/apply/").status_code == 404
    assert not OpenWorkspace.objects.exists()
