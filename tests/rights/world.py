"""A workspace of somebody's own with all that belongs to it, and one of others with as much. What is foreign has FOREIGN in its name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from dashboard import instance
from dashboard.access.models import AccessChange, AccessSet, Grant, Group, Reason
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.chat.models import LocalThread, Turn, TurnState
from dashboard.chatlog.models import Exchange, Person, Place, Progress
from dashboard.documents.models import Batch, Incoming, Source, Stored
from dashboard.documents.paths import key_of
from dashboard.invites import codes
from dashboard.invites import services as invites
from dashboard.jobs.models import ItemState, Job, JobState
from dashboard.sandbox.testing import Sandbox
from dashboard.users.models import ImportDraft
from tests.conftest import operator
from tests.doors import urls

OWN, FOREIGN = "familiar", "verboten"
ROLES = {"admin": Role.ADMIN, "manager": Role.MANAGER, "viewer": Role.VIEWER, "member": Role.MEMBER}


@dataclass
class Room:
    """A workspace on the instance, and what is in it: one person with a conversation, one document, one invite. `loose`: a document that is
    in none.
    """

    word: str
    id: int
    slug: str
    person: int
    document: str
    loose: str
    invite: int

    @property
    def name(self) -> str:
        return f"The {self.word} room"


@dataclass
class World:
    standin: Sandbox
    own: Room
    foreign: Room
    boss: Operator
    made: dict[Any, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def patterns(self) -> dict[str, list[str]]:
        return {url.name: list(url.pattern.converters) for url in urls()}

    # --- People -------------------------------------------------------------------------------------------------------
    def local(self, column: str) -> Operator:
        """An operator of Foyer itself; `some`: whoever they are otherwise, a list makes them manager of what is on it."""
        who = operator(ROLES.get(column, Role.VIEWER), f"local.{column}")
        if column == "some":
            who.looks_after.create(workspace_id=self.own.id)
        return who

    def linked(self, column: str) -> Operator:
        """An account of the instance that has signed in to Foyer. A member's is listed in their own workspace."""
        role = column if column in ("admin", "manager") else "default"
        name = f"linked.{column}"
        who = self.account(name, role=role)
        if role == "default":
            self.join(self.own, who.anythingllm_user_id or 0)
        if column == "some":
            who.looks_after.create(workspace_id=self.own.id)
        return who

    def account(self, name: str, *, role: str = "default") -> Operator:
        self.standin.post("/v1/admin/users/new", {"username": name, "password": self.standin.password, "role": role})
        instance.hang_up()
        return accounts.operator_of(next(user for user in instance.users().value if user.username == name))

    def change_account(self, who: Operator, **changes: Any) -> None:
        """Past Foyer, and as if some minutes had passed since: nothing is remembered."""
        self.standin.post(f"/v1/admin/users/{who.anythingllm_user_id}", changes)
        instance.hang_up()

    def join(self, room: Room, user_id: int) -> None:
        self.standin.post(f"/v1/admin/workspaces/{room.slug}/manage-users", {"userIds": [user_id], "reset": False})
        instance.hang_up()

    def members(self, room: Room) -> set[int]:
        found = self.standin.get(f"/v1/admin/workspaces/{room.id}/users")["users"]
        return {member["userId"] for member in found}

    def documents(self, room: Room) -> list[str]:
        (there,) = self.standin.get(f"/v1/workspace/{room.slug}")["workspace"]
        return sorted(document["docpath"] for document in there["documents"])

    def put(self, room: Room) -> None:
        """Its document is in it again, if it was taken out."""
        if room.document not in self.documents(room):
            self.standin.post(f"/v1/workspace/{room.slug}/update-embeddings", {"adds": [room.document], "deletes": []})
            instance.hang_up()

    # --- Things -------------------------------------------------------------------------------------------------------
    def things(self, who: Operator, room: Room) -> dict[str, Any]:
        """What an address may name, made by `who` in `room`: by the name of the converter, or of the field."""
        key = (who.pk, room.word)
        if key not in self.made:
            self.made[key] = self._make(who, room)
        return self.made[key]

    def forget(self, who: Operator, room: Room) -> None:
        """The next `things` are new ones."""
        del self.made[who.pk, room.word]
        room.invite = self.standin.post("/v1/admin/invite/new", {"workspaceIds": [room.id]})["invite"]["id"]
        instance.hang_up()

    def _make(self, who: Operator, room: Room) -> dict[str, Any]:
        link = self._link(who, room)
        job = self._job(who, room)
        return {
            "slug": room.slug,
            "workspace_id": room.id,
            "user_id": room.person,
            "document": room.document,
            "loose": room.loose,
            "invite_id": room.invite,
            "exchange_id": self._exchange(room),
            "job_id": job.pk,
            "set_id": self._set(who, room).pk,
            "group_id": self._group(room).pk,
            "draft_id": ImportDraft.objects.create(
                operator=who, rows=[[2, f"{room.word}.newcomer", "default", "", "", ""]]
            ).pk,
            "operator_id": self.colleague(room).pk,
            "link_id": link.pk,
            "batch": link.batch,
            "code": self.code,
            **self._conversation(who, room),
        }

    def _link(self, who: Operator, room: Room) -> Any:
        """One of a batch, which gives the room. Made in the boss's name where its maker could not, and then handed to them."""
        fields = invites.LinkFields(label=f"to the {room.word} room", workspace_ids=[room.id])
        anna = invites.Person(f"{room.word} anna", f"{room.word}.anna@example.com")
        link = invites.make_many(actor=self.boss, fields=fields, people=[anna], batch=uuid.uuid4())[0]
        link.created_by = who
        link.save()
        return link

    def _job(self, who: Operator, room: Room) -> Job:
        """A batch of documents, one of which failed."""
        job = Job.objects.create(
            kind="documents.add", title=f"Add {room.word} documents", actor=who, state=JobState.DONE
        )
        item = job.items.create(position=1, key="0", label=f"{room.word}.txt", state=ItemState.FAILED)
        token = uuid.uuid4().hex
        batch = Batch.objects.create(token=token, actor=who, folder="custom-documents", job=job)
        incoming = Incoming.objects.create(
            batch=batch, item=item, ticket="one", token=token[:10], source=Source.FILE, name=f"{room.word}.txt"
        )
        item.key = str(incoming.pk)
        item.save()
        return job

    def _set(self, who: Operator, room: Room) -> AccessSet:
        """Staged, not applied: the room's person loses it."""
        staged = AccessSet.objects.create(actor=who, title=f"{room.word} changes")
        AccessChange.objects.create(
            set=staged,
            workspace_id=room.id,
            workspace_name=room.name,
            user_id=room.person,
            username=f"{room.word}.person",
            give=False,
            was_member=True,
        )
        return staged

    def _group(self, room: Room) -> Group:
        group, made = Group.objects.get_or_create(name=f"The {room.word} group")
        if made:
            group.workspaces.create(workspace_id=room.id)
            group.members.create(user_id=room.person)
        return group

    def colleague(self, room: Room) -> Operator:
        name = f"{room.word}.colleague"
        return Operator.objects.filter(username=name).first() or operator(Role.VIEWER, name)

    def _exchange(self, room: Room) -> int:
        """A line of the log of chats, as if the worker had read it."""
        place, _made = Place.objects.get_or_create(id=room.id, defaults={"name": room.name})
        who, _made = Person.objects.get_or_create(id=room.person, defaults={"name": f"{room.word}.person"})
        words = {"prompt": f"What is {room.word}?", "answer": f"All of it is {room.word}."}
        number = 100_000 + Exchange.objects.count()
        line = Exchange.objects.create(
            id=number, workspace=place, user=who, cited=1, created_at=timezone.now(), **words
        )
        line.citations.create(title=f"{room.word}.txt")
        Progress.objects.update_or_create(id=1, defaults={"covered": number, "complete_at": timezone.now()})
        return number

    def _conversation(self, who: Operator, room: Room) -> dict[str, Any]:
        """One question with its answer, kept by the instance. The boss's are foreign wherever they are asked."""
        word = FOREIGN if who == self.boss else room.word
        question = {"message": f"Something {word}?", "mode": "chat"}
        if who.is_local:
            session = f"foyer-{who.pk}-{uuid.uuid4()}"
            name = f"A {word} talk"
            LocalThread.objects.create(operator=who, workspace_id=room.id, session_id=session, name=name)
            self.standin.post(f"/v1/workspace/{room.slug}/chat", {**question, "sessionId": session})
            where, thread = {"session_id": session}, session
        else:
            thread = self.thread(room, who.anythingllm_user_id or 0, word)
            where = {"thread_slug": thread}
        chat = self.standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"][0]["id"]
        turn = Turn.objects.create(
            operator=who,
            workspace_id=room.id,
            workspace_slug=room.slug,
            user_id=who.anythingllm_user_id,
            text=question["message"],
            mode="chat",
            state=TurnState.DONE,
            chat_id=chat,
            taken_at=timezone.now(),
            ended_at=timezone.now(),
            **where,
        )
        return {"thread": thread, "chat_id": chat, "turn_id": turn.pk}

    def thread(self, room: Room, user_id: int, word: str = FOREIGN) -> str:
        """A conversation of an account, with one question in it."""
        body = {"name": f"A {word} talk", "userId": user_id}
        thread = self.standin.post(f"/v1/workspace/{room.slug}/thread/new", body)["thread"]["slug"]
        asked = {"message": f"Something {word}?", "mode": "chat", "userId": user_id}
        self.standin.post(f"/v1/workspace/{room.slug}/thread/{thread}/chat", asked)
        instance.hang_up()
        return str(thread)

    @cached_property
    def code(self) -> str:
        """Of a link that lets people in: its maker may invite."""
        link = self._link(operator(Role.ADMIN, "host"), self.own)
        return codes.recover(link.salt, link.code_hash) or ""

    # --- Addresses ----------------------------------------------------------------------------------------------------
    def address(self, door: str, things: dict[str, Any]) -> str:
        """The door's address for these things; what is not in the path is in the query."""
        path = reverse(door, kwargs={key: things[key] for key in self.patterns[door]})
        query = IN_THE_QUERY.get(door, {})
        return f"{path}?{urlencode({name: things.get(key, key) for name, key in query.items()})}" if query else path


# Doors that name things in their query: its fields, and for each the thing, or the words themselves.
IN_THE_QUERY: dict[str, dict[str, str]] = {
    "palette": {"q": OWN[:4]},
    "document_detail": {"path": "document"},
    "document_embed": {"ids": "document"},
    "document_remove": {"ids": "document"},
    "document_erase": {"ids": "document"},
    "document_move": {"ids": "document"},
    "folder_rename": {"name": "finance"},
    "folder_remove": {"name": "finance"},
    "workspace_find": {"q": OWN},
    "access_matrix": {"ready": "1"},
    "document_list": {"ready": "1"},
}


def room_of(standin: Sandbox, word: str) -> Room:
    room = standin.post("/v1/workspace/new", {"name": f"The {word} room"})["workspace"]
    new = {"username": f"{word}.person", "password": standin.password, "role": "default"}
    person = standin.post("/v1/admin/users/new", new)["user"]["id"]
    standin.post(f"/v1/admin/workspaces/{room['id']}/update-users", {"userIds": [person]})
    paths = [added(standin, f"{word}-document"), added(standin, f"{word}-loose")]
    standin.post(f"/v1/workspace/{room['slug']}/update-embeddings", {"adds": paths[:1], "deletes": []})
    invite = standin.post("/v1/admin/invite/new", {"workspaceIds": [room["id"]]})["invite"]["id"]
    return Room(word, room["id"], room["slug"], person, *paths, invite)


def added(standin: Sandbox, title: str) -> str:
    text = {"textContent": f"Words about {title}. " * 30, "metadata": {"title": title}}
    return str(standin.post("/v1/document/raw-text", text)["documents"][0]["location"])


def build(standin: Sandbox) -> World:
    """With somebody who has made everything in both rooms, and what the ledger says of it."""
    own, foreign = room_of(standin, OWN), room_of(standin, FOREIGN)
    instance.hang_up()
    world = World(standin, own, foreign, operator(Role.ADMIN, f"{FOREIGN}.boss"))
    for here in (own, foreign):
        Grant.objects.create(workspace_id=here.id, user_id=here.person, reason=Reason.DIRECT)
        world.thread(here, here.person)
        by = world.boss if here is foreign else world.colleague(own)
        for path in (here.document, here.loose):
            Stored.objects.create(
                added_by=by, upload=here.word, path=path, title=f"{here.word}.txt", source=Source.TEXT
            )
    world.things(world.boss, foreign)
    for action, target, after in ledger(world, foreign):
        AuditEvent.objects.create(
            actor=world.boss,
            actor_name=world.boss.username,
            action=action,
            target_type=target[0],
            target_id=str(target[1]),
            target_name=target[2],
            after=after,
            outcome=Outcome.OK,
            finished_at=timezone.now(),
        )
    return world


def ledger(world: World, here: Room) -> list[tuple[str, tuple[str, object, str], dict[str, Any]]]:
    """One line of each kind about a workspace and what is in it."""
    of_room = {"workspace": here.name, "workspace_id": here.id}
    person, document = ("user", here.person, f"{here.word}.person"), ("document", key_of(here.document), here.document)
    return [
        ("access.given", person, of_room),
        ("access.taken", person, of_room),
        ("user.changed", person, {"bio": here.word}),
        ("workspace.changed", ("workspace", here.id, here.name), {"name": here.name}),
        ("document.embedded", document, of_room),
        ("document.moved", document, {"folder": here.word}),
        ("folder.made", ("folder", "", here.word), {}),
        ("invite.made", ("link", "1", here.word), {"workspaces": here.name}),
        ("group.created", ("group", "1", f"The {here.word} group"), {}),
        ("operator.updated", ("operator", world.boss.pk, world.boss.username), {"role": "admin"}),
        ("job.started", ("job", "1", here.word), {}),
        ("chatlog.exported", ("", "", ""), {"workspace": here.name}),
    ]
