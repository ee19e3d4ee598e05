"""What is somebody's own opens; what is foreign answers as if it were not there, by whatever name it is asked for, and nothing becomes of it.

Whoever guesses a number or a name learns nothing: the answer is the same as for one that nobody has.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from dashboard.access.models import AccessChange, AccessSet, Grant, Group
from dashboard.chat.models import Turn
from dashboard.documents.act_views import digest
from dashboard.documents.models import Batch, Incoming, Stored
from dashboard.invites.models import Link
from dashboard.jobs.models import ItemState, Job, JobItem
from tests.conftest import THOROUGH, signed_in
from tests.doors import LINES
from tests.rights.conftest import ask, status, text
from tests.rights.watching import LOOKING_WRITES, Watch
from tests.rights.world import FOREIGN, World

Things = dict[str, Any]

# To whom a thing in an address can be foreign, and why: it is outside of what they look after, or somebody else has made it.
FOREIGN_TO = {
    "slug": ("some",),
    "workspace_id": ("some",),
    "user_id": ("some",),
    "document": ("some",),
    "invite_id": ("some",),
    "link_id": ("some",),
    "batch": ("some",),
    "exchange_id": ("some",),
    "job_id": ("some", "manager"),
    "set_id": ("some", "manager"),
    "draft_id": ("some", "manager", "admin"),
    "thread": ("some", "manager", "admin", "viewer", "member"),
    "turn_id": ("some", "manager", "admin", "viewer", "member"),
    "chat_id": ("some", "manager", "admin", "viewer", "member"),
}
NOBODYS = {
    "slug": "no-such-room",
    "document": "custom-documents/no-such-document.json",
    "batch": uuid.UUID("00000000-0000-4000-8000-000000000001"),
    "thread": "no-such-talk",
}
# What is posted, so that it would do something.
POSTED: dict[str, dict[str, Any]] = {
    "access_toggle": {"give": "1"},
    "workspace_add_people": {"names": "familiar.person"},
    "invite_extend": {"days": 3},
    "invite_mail": {"email": "anna@example.com"},
    "chat_rename": {"name": "Renamed"},
    "chat_ask": {"text": "What else?", "mode": "chat"},
}
# The token of a page's form is another one each time.
TOKEN = re.compile(r'csrfmiddlewaretoken" value="[^"]+"|x-csrftoken&quot;: &quot;[^&]+&|"x-csrftoken": "[^"]+"')


def keys_of(world: World, door: str) -> list[str]:
    in_query = {"document_detail": ["document"]}
    return [*world.patterns[door], *in_query.get(door, [])]


def is_foreign(column: str, door: str, key: str) -> bool:
    if key == "slug" and door.startswith("chat_"):
        return column in ("some", "member")
    return column in FOREIGN_TO.get(key, ())


def tries(world: World, column: str) -> Iterator[tuple[str, str]]:
    """Door and what of it is foreign."""
    for door, line in LINES.items():
        for key in keys_of(world, door) if line.cells[column] == "x" and line.cells["nobody"] == "-" else []:
            if is_foreign(column, door, key):
                yield door, key


def told(answer: Any, *asked: str) -> str:
    """What is said, without what the browser itself has asked for."""
    said = TOKEN.sub("", text(answer).partition("} ")[2])
    for word in sorted(asked, key=len, reverse=True):
        for form in (word, quote(word), quote(word, safe=""), escape(word), escape(quote(word))):
            said = said.replace(form.lower(), "…")
    return said


def kept() -> list[int]:
    """How much there is of each kind that an act would leave here."""
    counted = (AccessSet, AccessChange, Grant, Job, JobItem, Batch, Incoming, Link, Turn)
    return [*(model.objects.count() for model in counted), JobItem.objects.filter(state=ItemState.FAILED).count()]


WHO = [
    "local some",
    "linked some",
    "local manager",
    "linked manager",
    "local admin",
    "linked admin",
    "local viewer",
    "linked member",
]


@pytest.mark.parametrize("who", WHO)
def test_a_foreign_thing_answers_as_one_that_nobody_has(who, world, figure):
    kind, _space, column = who.partition(" ")
    operator = getattr(world, kind)(column)
    client, own = signed_in(operator), world.things(operator, world.own)
    in_foreign, in_own = world.things(world.boss, world.foreign), world.things(world.boss, world.own)
    watch, tried = Watch(world.standin), 0
    for door, key in tries(world, column):
        # A conversation of others in one's own workspace is as foreign as one elsewhere.
        others = [in_foreign[key]] + ([in_own[key]] if key in ("thread", "turn_id", "chat_id") else [])
        nobodys = NOBODYS.get(key, 987_654)
        for method in LINES[door].answers:
            for htmx in ways(tried):
                missing = asked(client, world, door, method, {**own, key: nobodys}, htmx, watch)
                for other in others:
                    answer = asked(client, world, door, method, {**own, key: other}, htmx, watch)
                    case = f"{who}: {method} {door} with {key} {other}{' (htmx)' if htmx else ''}: {answer.status_code}"
                    said = told(answer, *names(world, door, {**own, key: other}, key))
                    assert status(answer) in ((404, 409) if door == "chat_ask" else (404,)), case
                    assert answer.status_code == missing.status_code, case
                    assert FOREIGN not in said, case
                    assert said == told(missing, *names(world, door, {**own, key: nobodys}, key)), case
                    assert not watch.written, f"{case}: {watch.written}"
                    tried += 1
    assert tried
    figure(f"rights: foreign things by address, {who}", f"{tried} tried, 0 opened")


def names(world: World, door: str, things: Things, key: str) -> list[str]:
    """What was asked for: the address, and a thing's own name where it has one."""
    address = world.address(door, things)
    return [address, address.partition("?")[0], *([things[key]] if isinstance(things[key], str) else [])]


def asked(client: Client, world: World, door: str, method: str, things: Things, htmx: bool, watch: Watch) -> Any:
    data = POSTED.get(door, {})
    if door == "chat_ask":
        data = {**data, "thread": things["thread"], "key": str(uuid.uuid4())}
    with watch.seeing():
        return ask(client, method, world.address(door, things), data, htmx=htmx)


def ways(number: int) -> tuple[bool, ...]:
    """From a page and by htmx: thoroughly both, else in turn."""
    return (False, True) if THOROUGH else (bool(number % 2),)


def test_what_nobody_has_is_not_there_for_admins_either(world):
    admin = world.local("admin")
    client, own, watch, doors = signed_in(admin), world.things(admin, world.own), Watch(world.standin), 0
    for door, line in LINES.items():
        for key in keys_of(world, door):
            for method in line.answers:
                answer = asked(client, world, door, method, {**own, key: NOBODYS.get(key, 987_654)}, False, watch)
                # Some acts say in a sentence that what they are about is not there any more.
                told_so = (404, 409) if method == "POST" else (404,)
                assert answer.status_code in told_so, f"{method} {door} {key}: {answer.status_code}"
                assert not watch.there, f"{method} {door} {key}"
        doors += bool(keys_of(world, door))
    assert doors > 50


# --- In the fields of forms and queries ---------------------------------------------------------------------------------
PART = FOREIGN[1:-1]  # finds it, and is not yet its name


def questions(own: Things, foreign: Things) -> dict[str, list[dict[str, Any]]]:
    """Pages, searches and files that are asked for what is foreign, by door."""
    found = {"q": PART}
    of_documents = [
        {"ids": foreign["document"]},
        {"ids": [own["document"], foreign["document"]]},
        {"all": "1", **found},
    ]
    return {
        "palette": [found],
        "user_list": [found, {**found, "counts": "1"}, {"sort": "-workspaces"}],
        "user_export": [found, {}],
        "user_detail": [{"w": PART}],
        "workspace_list": [found, {"counts": "1"}],
        "workspace_export": [found, {}],
        "access_matrix": [{"w": PART, "ready": "1"}, {"group": foreign["group_id"], "ready": "1"}, {"ready": "1"}],
        "access_example": [{**found, "to": own["user_id"]}, {"q": "familiar", "to": foreign["user_id"]}],
        "invite_list": [found, {"workspace": foreign["workspace_id"]}],
        "invite_new": [{"like": foreign["link_id"]}],
        "invite_batch": [{"like": foreign["link_id"]}],
        "document_list": [{**found, "ready": "1"}, {"workspace": foreign["slug"], "ready": "1"}, {"ready": "1"}],
        "document_embed": of_documents,
        "document_remove": [*of_documents, {"ids": own["document"], "workspaces": foreign["workspace_id"]}],
        "document_erase": of_documents,
        "document_move": of_documents,
        "document_add": [{"workspace": foreign["slug"]}],
        "document_link": [{"workspace": foreign["slug"]}],
        "document_text": [{"workspace": foreign["slug"]}],
        "workspace_find": [found],
        "chatlog_list": [found, {"workspace": foreign["workspace_id"]}, {"person": PART}],
        "chatlog_export": [
            *({"format": kind} for kind in ("csv", "json", "jsonl")),
            {"workspace": foreign["workspace_id"]},
            {"person": PART, "format": "json"},
        ],
        "usage_overview": [{"days": "90"}],
        "usage_export": [{"table": table, "days": "90"} for table in ("days", "workspaces", "people", "documents")],
        "job_list": [{}],
        "job_detail": [{"state": "failed"}],
        "audit_list": [{"target": PART}, {"person": PART}, {"action": "access.given"}],
        "audit_export": [{"target": PART}, {"person": PART}, {}],
        "chat_home": [found],
        "first_steps": [{"workspace": foreign["slug"]}],
    }


def acts(own: Things, foreign: Things) -> dict[str, list[dict[str, Any]]]:
    """What is posted about foreign things, with all that is needed to do it."""
    room, person, document = own["workspace_id"], own["user_id"], own["document"]
    foreign_room, foreign_document = foreign["workspace_id"], foreign["document"]
    link = {"label": "Mine", "days": 7, "uses": 1}
    many = {**link, "text": "Anna", "make": "1", "batch": str(uuid.uuid4()), "seen": sha256(b"Anna").hexdigest()}
    settings = {"history": 7, "top_n": 4, "similarity_threshold": 0.25, "vector_search_mode": "default"}
    place = {"folder": "custom-documents", "workspaces": foreign_room, "duplicates": "skip"}

    def confirmed(path: str, *workspaces: int) -> dict[str, Any]:
        return {"ids": path, "workspaces": list(workspaces), "step": "start", "seen": digest([path])}

    return {
        "access_stage": [
            {"give": f"{foreign_room}-{person}"},
            {"give": f"{foreign_room}-{foreign['user_id']}"},
            {"take": f"{foreign_room}-{foreign['user_id']}"},
        ],
        "workspace_settings": [{"id": foreign_room, "name": "Renamed", "chat_mode": "chat", **settings}],
        "invite_new": [
            {**link, "workspace_ids": foreign_room},
            {**link, "workspace_ids": room, "group_ids": foreign["group_id"]},
        ],
        "invite_batch": [{**many, "workspace_ids": foreign_room}],
        "document_embed": [
            confirmed(document, foreign_room),
            confirmed(foreign_document, room),
            confirmed(foreign["loose"], room),
        ],
        "document_remove": [confirmed(foreign_document, foreign_room), confirmed(document, foreign_room)],
        "document_move": [{**confirmed(foreign["loose"]), "folder": "custom-documents"}],
        "document_pin": [
            {"workspace": foreign_room, "path": foreign_document, "pinned": "1"},
            {"workspace": foreign_room, "path": document, "pinned": "1"},
            {"workspace": room, "path": foreign_document, "pinned": "1"},
        ],
        "document_add": [place],
        "document_add_file": [{**place, "batch": "b", "ticket": "t"}, {**place, "batch": "c"}],
        "document_link": [{**place, "address": "https://example.com/"}],
        "document_text": [{**place, "title": "Mine", "text": "Some words of mine."}],
        "document_add_retry": [{"item": Job.objects.get(pk=foreign["job_id"]).items.get().pk}],
        "chat_ask": [{"text": "What?", "mode": "chat", "key": str(uuid.uuid4()), "thread": foreign["thread"]}],
        "first_question": [{"workspace": foreign["slug"], "text": "What is it?"}],
        "document_erase": [  # the last, because it is for good
            {"ids": foreign_document, "step": "start", "seen": digest([])},
            {"ids": foreign_document, "step": "start", "seen": digest([f"{foreign_document} [{foreign_room}]"])},
            {"ids": foreign["loose"], "step": "start", "seen": digest([f"{foreign['loose']} []"])},
        ],
    }


@pytest.mark.parametrize("who", ["local some", "linked some", "linked member"])
def test_what_is_foreign_is_neither_found_nor_touched_by_any_field(who, world, settings, tmp_path, figure):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    kind, _space, column = who.partition(" ")
    operator = getattr(world, kind)(column)
    client, own, foreign = (
        signed_in(operator),
        world.things(operator, world.own),
        world.things(world.boss, world.foreign),
    )
    watch, before, tried = Watch(world.standin), kept(), 0
    for door, fields in questions(own, foreign).items():
        for some in fields if LINES[door].may(column) else []:
            url = f"{world.address(door, own).partition('?')[0]}?{urlencode(some, doseq=True)}"
            for htmx in ways(tried):
                with watch.seeing():
                    answer = ask(client, "GET", url, htmx=htmx)
                assert answer.status_code in (200, 302, 404, 422), f"{url}: {answer.status_code}"
                assert FOREIGN not in told(answer, foreign["document"], foreign["loose"], foreign["slug"]), url
                assert not set(watch.written) - LOOKING_WRITES.get(door, set()), f"{url}: {watch.written}"
                tried += 1
    for door, fields in acts(own, foreign).items():
        for some in fields if LINES[door].may(column) else []:
            point = transaction.savepoint()
            if door == "document_add_file":
                some = {**some, "files": SimpleUploadedFile("mine.txt", b"Some words of mine.")}
            with watch.seeing():
                answer = ask(client, "POST", world.address(door, own).partition("?")[0], some)
            case = f"{door} {some}: {answer.status_code}"
            assert answer.status_code in (200, 302, 404, 409, 422), case
            assert FOREIGN not in told(answer, foreign["document"], foreign["loose"], foreign["slug"]), case
            assert not watch.there, f"{case}: {watch.there}"
            assert kept() == before, case
            transaction.savepoint_rollback(point)
            tried += 1
    figure(f"rights: foreign things in fields, {who}", f"{tried} tried, 0 found or touched")


def test_an_admin_finds_it_with_the_same_questions(world):
    """So they would have found it, if it were theirs."""
    admin = world.local("admin")
    client, own, foreign = signed_in(admin), world.things(admin, world.own), world.things(world.boss, world.foreign)
    silent = []
    for door, fields in questions(own, foreign).items():
        path = world.address(door, own).partition("?")[0]
        answers = [ask(client, "GET", f"{path}?{urlencode(some, doseq=True)}") for some in fields]
        if not any(
            FOREIGN in told(answer, foreign["document"], foreign["loose"], foreign["slug"]) for answer in answers
        ):
            silent.append(door)
    # These ask what is in one's own workspace, how one's own job went, and what one's own account opens.
    assert silent == ["workspace_find", "job_detail", "first_steps"]


def test_the_same_acts_do_something_to_what_is_theirs(world, settings, tmp_path):
    """So they would have done it, if it were theirs."""
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    some = world.linked("some")
    client, own, watch = signed_in(some), world.things(some, world.own), Watch(world.standin)
    Stored.objects.filter(upload=world.own.word).update(added_by=some)
    idle = []
    for door, fields in acts(own, own).items():
        done = []
        for posted in fields:
            point, before = transaction.savepoint(), kept()
            if door == "document_add_file":
                posted = {**posted, "files": SimpleUploadedFile("mine.txt", b"Some words of mine.")}
            with watch.seeing():
                answer = ask(client, "POST", world.address(door, own).partition("?")[0], posted)
            done.append(bool(watch.there) or kept() != before or answer.status_code == 204)
            transaction.savepoint_rollback(point)
            world.put(world.own)
            watch.look()
        if not any(done):
            idle.append(door)
    # They see one folder only, so there is no other to move to; and an address is looked up first, which no test may do.
    assert idle == ["document_move", "document_link"]


# --- Groups -------------------------------------------------------------------------------------------------------------
def test_a_group_that_gives_nothing_yet_is_nobodys_who_looks_after_some(world):
    """Whoever brings somebody into it would bring them into whatever it gives one day."""
    empty = Group.objects.create(name=f"{FOREIGN} plans")
    client = signed_in(world.local("some"))
    assert FOREIGN not in text(ask(client, "GET", "/invites/new/"))
    form = {"label": "Mine", "days": 7, "uses": 1, "group_ids": empty.pk}
    assert ask(client, "POST", "/invites/new/", form).status_code == 422
    assert not Link.objects.filter(label="Mine").exists()


def test_a_group_that_gives_theirs_alone_is_theirs_to_give(world):
    group = Group.objects.create(name="familiar friends")
    group.workspaces.create(workspace_id=world.own.id)
    client = signed_in(world.local("some"))
    form = {"label": "Mine", "days": 7, "uses": 1, "group_ids": group.pk}
    assert ask(client, "POST", "/invites/new/", form).status_code == 302
    assert Link.objects.get(label="Mine").group_ids == [group.pk]


# --- Files hold exactly what is theirs ----------------------------------------------------------------------------------
def rows(client: Client, url: str) -> list[list[str]]:
    """Of a file, without its header."""
    return list(csv.reader(io.StringIO(client.get(url).getvalue().decode("utf-8-sig"))))[1:]


@pytest.mark.parametrize("kind", ["local", "linked"])
def test_files_hold_what_is_theirs_and_nothing_else(kind, world):
    operator = getattr(world, kind)("some")
    world.things(operator, world.own)
    client, name = signed_in(operator), world.own.name
    listed = {"familiar.person", *(["linked.some"] if kind == "linked" else [])}
    assert {row[0] for row in rows(client, "/users/export/")} == listed
    assert [row[0] for row in rows(client, "/workspaces/+export/")] == [name]
    assert {(row[3], row[5]) for row in rows(client, "/chats/export/")} == {(name, "familiar.person")}
    lines = json.loads(client.get("/chats/export/?format=json").getvalue())
    assert {line["workspace_id"] for line in lines} == {world.own.id}
    assert {row[1] for row in rows(client, "/usage/export/?table=workspaces")} == {name}
    assert {row[1] for row in rows(client, "/usage/export/?table=people")} == {"familiar.person"}
    assert {row[0] for row in rows(client, "/usage/export/?table=documents")} == {"familiar.txt"}
    assert sum(int(row[1]) for row in rows(client, "/usage/export/?table=days")) == len(lines)
    mine = rows(client, "/audit/export/")
    assert mine and {row[1] for row in mine} == {operator.username}, (
        "their own acts: that they read and took along what others asked"
    )


def test_files_of_a_manager_of_all_hold_no_acts_that_are_not_about_workspaces(world):
    operator = world.local("manager")
    world.things(operator, world.own)
    client = signed_in(operator)
    acts = {row[2] for row in rows(client, "/audit/export/")}
    assert acts == {
        *("access.given", "access.taken", "workspace.changed", "document.embedded", "document.moved", "folder.made"),
    }
    assert {row[3] for row in rows(client, "/chats/export/")} == {world.own.name, world.foreign.name}
    assert not any(row[11] for row in rows(client, "/audit/export/")), (
        "from where others work is not for managers to know"
    )
