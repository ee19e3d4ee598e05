"""What cannot be undone easily asks for the password, when that was last given more than a quarter of an hour ago. Until then nothing is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dashboard.accounts.models import Operator, Role
from dashboard.documents.act_views import digest
from dashboard.documents.models import Batch
from dashboard.jobs.models import ItemState, Job, JobState
from dashboard.permissions import Action
from dashboard.users.models import ImportDraft
from tests.conftest import PASSWORD, operator, signed_in
from tests.doors import DOORS, address, posted
from tests.rights.conftest import ask
from tests.rights.watching import Watch
from tests.rights.world import World

# By hand, as the README's readers would say it: to make an admin, to delete people or workspaces, to erase documents, to change operators.
GRAVE = {
    Action.PROMOTE_USERS,
    Action.DELETE_USERS,
    Action.DELETE_WORKSPACES,
    Action.ERASE_DOCUMENTS,
    Action.MANAGE_OPERATORS,
}
Posted = tuple[str, dict[str, Any]]


def edited(world: World, client: Client) -> Posted:
    form = {"username": "familiar.person", "role": "admin", "daily_message_limit": "", "bio": ""}
    return f"/users/{world.own.person}/edit/", form


def many(action: str, **more: Any) -> Callable[[World, Client], Posted]:
    """As confirmed on the page that shows whom it hits."""

    def posted(world: World, client: Client) -> Posted:
        shown = client.post("/users/bulk/", {"action": action, "ids": [world.own.person]})
        return "/users/bulk/", {"action": action, "confirmed": "1", "selection": shown.context["selection"], **more}

    return posted


def imported(world: World, client: Client) -> Posted:
    rows = [[2, "zora", "admin", "", "", ""]]
    draft = ImportDraft.objects.create(operator=Operator.objects.get(username="root"), rows=rows)
    return f"/users/import/{draft.pk}/", {}


def erased(world: World, client: Client) -> Posted:
    seen = digest([f"{world.own.loose} []"])
    return "/documents/erase/", {"ids": world.own.loose, "step": "start", "seen": seen}


def folder_removed(world: World, client: Client) -> Posted:
    shelves = world.standin.get("/v1/documents")["localFiles"]["items"]
    count = len(next(shelf["items"] for shelf in shelves if shelf["name"] == "finance"))
    return "/documents/folders/remove/", {"name": "finance", "step": "start", "documents": count}


def retried(kind: str, **params: Any) -> Callable[[World, Client], Posted]:
    """A job of somebody else's that failed: whoever tries it again does it in their own name."""

    def posted(world: World, client: Client) -> Posted:
        job = Job.objects.create(kind=kind, title=kind, params=params, actor=world.boss, state=JobState.DONE)
        payload = {"path": world.own.loose, "title": "some document"} if kind == "documents.erase" else {}
        job.items.create(position=1, key=str(world.own.person), label="x", payload=payload, state=ItemState.FAILED)
        return f"/jobs/{job.pk}/retry/", {}

    return posted


def taken_over(role: str) -> Callable[[World, Client], Posted]:
    """Whoever sets their password can be them."""

    def posted(world: World, client: Client) -> Posted:
        account = world.account(f"linked.{role}", role=role).anythingllm_user_id
        return f"/users/{account}/password/", {"password": PASSWORD}

    return posted


REPLACE = {"folder": "custom-documents", "duplicates": "replace"}
# By door, and where a door can do less as well, what makes it grave.
ACTS: dict[str, Callable[[World, Client], Posted]] = {
    "user_delete": lambda w, c: (f"/users/{w.own.person}/delete/", {"confirm": "familiar.person"}),
    "user_new, an admin": lambda w, c: ("/users/new/", {"username": "zora", "password": PASSWORD, "role": "admin"}),
    "user_edit, to admin": edited,
    "user_password, of a manager": taken_over("manager"),
    "user_password, of an admin": taken_over("admin"),
    "user_bulk, delete": many("delete", confirm="1"),
    "user_bulk, to admin": many("role", role="admin"),
    "user_import_preview, an admin": imported,
    "workspace_delete": lambda w, c: (f"/workspaces/{w.own.slug}/delete/", {"id": w.own.id, "confirm": w.own.name}),
    "document_erase": erased,
    "document_add, replacing": lambda w, c: ("/documents/add/", REPLACE),
    "document_add_file, replacing": lambda w, c: ("/documents/add/file/", {**REPLACE, "batch": "b", "ticket": "t"}),
    "folder_remove, with documents": folder_removed,
    "operator_new": lambda w, c: ("/operators/new/", {"username": "newop", "role": "viewer", "password": ""}),
    "operator_edit": lambda w, c: (f"/operators/{w.boss.pk}/edit/", {"role": "viewer", "is_active": "on"}),
    "operator_password": lambda w, c: (f"/operators/{w.boss.pk}/password/", {"password": ""}),
    "operator_workspaces": lambda w, c: (
        f"/operators/{w.colleague(w.own).pk}/workspaces/",
        {"workspaces": w.own.id},
    ),
    "operator_of_user": lambda w, c: (f"/operators/of-user/{w.own.person}/", {"workspaces": w.own.id}),
    "instance_identity": lambda w, c: ("/system/instance/", {"decision": "anew"}),
    "job_retry, of deleting people": retried("users.delete"),
    "job_retry, of making admins": retried("users.role", role="admin"),
    "job_retry, of erasing documents": retried("documents.erase"),
}


def just_posted(door: str) -> Callable[[World, Client], Posted]:
    def act(world: World, _client: Client) -> Posted:
        things = world.things(world.boss, world.own)
        return address(door, things), posted(door, things)

    return act


GRAVE_DOORS = {door for door, (action, methods) in DOORS.items() if action in GRAVE and "POST" in methods}
ACTS |= {door: just_posted(door) for door in sorted(GRAVE_DOORS - {name.partition(",")[0] for name in ACTS})}


@pytest.fixture
def client(world: World, settings, tmp_path) -> Client:
    """An admin's browser, left open for a while."""
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return later(signed_in(operator(Role.ADMIN, "root")))


def later(client: Client, minutes: int = 16) -> Client:
    session = client.session
    session["proved_at"] = time.time() - minutes * 60
    session.save()
    return client


def send(client: Client, url: str, form: dict[str, Any], **more: Any) -> Any:
    if "add/file" in url:
        form = {**form, "files": SimpleUploadedFile("new.txt", b"Some new words.")}
    return ask(client, "POST", url, form, **more)


def asks_for_the_password(answer: Any) -> bool:
    return answer.status_code == 422 and 'name="proof"' in answer.content.decode()


def test_every_grave_door_is_among_them(figure):
    assert {name.partition(",")[0] for name in ACTS} >= GRAVE_DOORS
    figure("rights: acts that ask for an old password", f"{len(ACTS)} acts, each thrice in vain")


@pytest.mark.parametrize("act", ACTS)
def test_it_asks_for_the_password_first_and_then_does_it(act, world, client):
    url, form = ACTS[act](world, client)
    watch = Watch(world.standin)
    for htmx in (False, True):
        with watch.seeing():
            answer = send(client, url, form, htmx=htmx)
        assert asks_for_the_password(answer), f"{act}: {answer.status_code}"
        assert not watch.written, watch.written
    with watch.seeing():
        answer = send(client, url, {**form, "proof": "not the password"})
    assert asks_for_the_password(answer)
    assert set(watch.here) <= {"audit_auditevent", "axes_accessattempt"} and not watch.there, watch.written
    with watch.seeing():
        answer = send(client, url, {**form, "proof": PASSWORD})
    assert not asks_for_the_password(answer)
    # Of what is only looked at before it is sent nothing is written yet.
    assert set(watch.here) - {"axes_accessattempt"} or answer.status_code == 204


def test_an_admin_is_asked_before_anythingllm_opens_as_theirs(world):
    """There they can do everything. Of whoever is no admin nothing is asked."""
    browser = later(signed_in(world.linked("admin")))
    for htmx in (False, True):
        assert asks_for_the_password(send(browser, "/open/", {}, htmx=htmx))
    paths = [request["path"] for request in world.standin.state()["requests"]]
    assert not any("issue-auth-token" in path for path in paths)
    assert "sso/simple" in send(browser, "/open/", {"proof": world.standin.password}).content.decode()
    assert "sso/simple" in send(later(signed_in(world.linked("member"))), "/open/", {}).content.decode()


def test_a_batch_that_may_replace_asks_once(world, client):
    """Of forty files not each asks for the password."""
    batch = {**REPLACE, "batch": "b"}
    assert send(client, "/documents/add/file/", {**batch, "ticket": "1", "proof": PASSWORD}).status_code == 201
    assert send(later(client), "/documents/add/file/", {**batch, "ticket": "2"}).status_code == 201
    assert Batch.objects.get(token="b").incoming.count() == 2


def test_what_came_into_a_folder_since_it_was_read_is_not_erased_without_a_word(world, client):
    """Past Foyer, where nobody tells it: the folder was empty when its page was drawn."""
    world.standin.post("/v1/document/create-folder", {"name": "drafts"})
    client.get("/documents/folders/remove/?name=drafts")
    added = world.standin.post("/v1/document/raw-text", {"textContent": "Words.", "metadata": {"title": "late"}})
    path = added["documents"][0]["location"]
    world.standin.post("/v1/document/move-files", {"files": [{"from": path, "to": f"drafts/{path.partition('/')[2]}"}]})
    answer = send(client, "/documents/folders/remove/", {"name": "drafts", "step": "start", "documents": 0})
    assert answer.status_code == 422 and "Another number of documents is in it now" in answer.content.decode()
    assert not Job.objects.filter(kind="documents.erase").exists()
    seen = send(client, "/documents/folders/remove/", {"name": "drafts", "step": "start", "documents": 1})
    assert asks_for_the_password(seen)
    client.post("/documents/folders/remove/", {"name": "drafts", "step": "start", "documents": 1, "proof": PASSWORD})
    assert Job.objects.get(kind="documents.erase").items.count() == 2, "the document, and the folder"


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 302), (Role.ADMIN, 422)])
def test_whoever_may_not_try_it_again_is_told_so_and_not_asked(role, status, world):
    who = operator(role, "somebody")
    job = Job.objects.create(kind="users.delete", title="x", actor=who, state=JobState.DONE)
    job.items.create(position=1, key=str(world.own.person), label="x", state=ItemState.FAILED)
    assert send(later(signed_in(who)), f"/jobs/{job.pk}/retry/", {}).status_code == status
