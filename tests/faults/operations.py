"""Everything an operator can do in Foyer that may ask the instance and changes nothing there. What does is in `acts`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessSet, Grant, Group, Reason
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.chat.models import Turn
from dashboard.chatlog.models import Exchange, Place
from dashboard.documents import adding
from dashboard.invites import codes
from dashboard.invites import services as invites
from dashboard.invites.models import Link
from dashboard.jobs import engine
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.sandbox.testing import Sandbox
from dashboard.users.models import ImportDraft
from tests.conftest import signed_in
from tests.doors import DOORS, address, posted
from tests.users.conftest import HTMX

NEW_PASSWORD = "Entirely-new-1"
SUPPORT = "customer-support"  # a workspace of sam's
QUESTION = "How long is the warranty of the L series?"


@dataclass
class Scene:
    """What the operations act upon, with the instance in its first state and Foyer's database nearly empty."""

    client: Client
    actor: Operator
    standin: Sandbox
    sam: int  # a user who may sign in
    piet: int  # one who is suspended
    jonas: int  # an admin
    workspace: str
    draft: int  # an import of one person, zora
    job: int  # one that ended long ago
    group: int  # of sam, with one workspace
    link: Link  # of a batch
    invite: int  # made on the instance, pending
    document: str  # of the workspace Finance
    loose: str  # a document in no workspace
    finance: int
    yuki: int  # a user who may open no workspace
    web: str = ""  # the address of a page
    prepared: Any = None  # what an act begins with
    asked: list[str] = field(default_factory=list)  # keys of questions
    earlier: set[int] = field(default_factory=set)  # jobs that were there before
    line: int = 0  # of the ledger, the last before

    def things(self) -> dict[str, Any]:
        """By the names that addresses use."""
        return {
            "user_id": self.sam,
            "slug": self.workspace,
            "workspace_id": self.finance,
            "draft_id": self.draft,
            "job_id": self.job,
            "group_id": self.group,
            "link_id": self.link.pk,
            "batch": self.link.batch,
            "invite_id": self.invite,
            "operator_id": self.actor.pk,
            "exchange_id": 1,
        }

    def user(self, wanted: int | str) -> dict[str, Any] | None:
        users = self.standin.get("/v1/admin/users")["users"]
        return next((user for user in users if wanted in (user["id"], user["username"])), None)

    def post(self, url: str, **data: Any) -> HttpResponse:
        return self.client.post(url, data, headers=HTMX)

    def become(self, username: str) -> None:
        """From now on the browser is that of somebody with an account of the instance."""
        users = instance.users(max_age=0).value
        self.client = signed_in(accounts.operator_of(next(user for user in users if user.username == username)))

    def begin(self) -> None:
        """What was done up to now was only to get things ready."""
        self.earlier = set(Job.objects.values_list("pk", flat=True))
        last = AuditEvent.objects.order_by("pk").last()
        self.line = last.pk if last else 0

    def jobs(self) -> list[Job]:
        return list(Job.objects.exclude(pk__in=self.earlier))

    def items(self) -> set[str]:
        """The states of what these jobs have to do."""
        return set(JobItem.objects.exclude(job__in=self.earlier).values_list("state", flat=True))

    def lines(self, action: str) -> list[Outcome]:
        """How the acts of that kind ended."""
        found = AuditEvent.objects.filter(pk__gt=self.line, action=action)
        return [Outcome(line.outcome) for line in found]

    def work(self) -> None:
        """A worker's turn: all that there is to do, or until it has to wait."""
        for job in Job.objects.all():
            while engine.work(job.pk):
                pass

    def to_the_end(self, response: HttpResponse) -> HttpResponse:
        """What somebody gets to see in the end who waits for what was begun."""
        if response.status_code != 302:
            return response
        self.work()
        return self.client.get(response["Location"], follow=True)


def scene(client: Client, actor: Operator, standin: Sandbox) -> Scene:
    ids = {user["username"]: user["id"] for user in standin.get("/v1/admin/users")["users"]}
    draft = ImportDraft.objects.create(operator=actor, rows=[[2, "zora", "default", "", "", ""]])
    job = Job.objects.create(kind="users.suspend", title="Suspend sam", actor=actor, state="done")
    job.items.create(position=1, key=str(ids["sam"]), label="sam", state=ItemState.FAILED)
    group = Group.objects.create(name="Sales")
    group.members.create(user_id=ids["sam"])
    group.workspaces.create(workspace_id=1)
    fields = invites.LinkFields(label="Sales", workspace_ids=[1])
    link = invites.make_many(actor=actor, fields=fields, people=[invites.Person("Anna")], batch=uuid.uuid4())[0]
    place = Place.objects.create(id=1, name="Finance")
    Exchange.objects.create(id=1, workspace=place, prompt="?", created_at=timezone.now())
    pending = next(i["id"] for i in standin.get("/v1/admin/invites")["invites"] if i["status"] == "pending")
    finance = standin.get("/v1/workspace/finance")["workspace"][0]
    shelves = standin.get("/v1/documents")["localFiles"]["items"]
    sales = next(shelf for shelf in shelves if shelf["name"] == "sales")
    loose = next(file["name"] for file in sales["items"] if "customer-story-brewery" in file["name"])
    return Scene(
        client,
        actor,
        standin,
        ids["sam"],
        ids["piet"],
        ids["jonas"],
        "company-handbook",
        draft.pk,
        job.pk,
        group.pk,
        link,
        pending,
        finance["documents"][0]["docpath"],
        f"sales/{loose}",
        finance["id"],
        ids["yuki"],
    )


# --- What is there before it is looked at, or acted upon -----------------------------------------------------------------
def staged(s: Scene) -> AccessSet:
    """sam loses Finance's neighbour, yuki gets Finance, and the group gives sam another one."""
    support = next(room.id for room in instance.workspaces().value if room.slug == SUPPORT)
    wanted = [
        sets.Wanted(s.finance, s.yuki, give=True),
        sets.Wanted(support, s.sam, give=False),
        sets.Wanted(s.finance, s.sam, True, Reason.GROUP, s.group),
    ]
    s.prepared = sets.stage(actor=s.actor, title="Some changes", wanted=wanted)
    return s.prepared


def applied(s: Scene) -> AccessSet:
    sets.apply(actor=s.actor, access_set=staged(s))
    s.work()
    return s.prepared


def of_the_group(s: Scene) -> None:
    """The group has given somebody something."""
    Grant.objects.create(workspace_id=1, user_id=s.sam, reason=Reason.GROUP, group_id=s.group)


def on_its_way(s: Scene) -> Job:
    """A text that waits for a worker."""
    options = adding.Options(workspace_ids=(s.finance,))
    return adding.add_text(actor=s.actor, title="Notes", text="The zebra crossed the road.", options=options).job


def conversation(s: Scene) -> str:
    """The address of one of sam's, whose question was answered."""
    s.become("sam")
    ask(s)
    turn = Turn.objects.latest("pk")
    return f"/chat/{SUPPORT}/{turn.thread_slug}/"


def ask(s: Scene, **more: str) -> HttpResponse:
    """Without a script, so that the worker asks at once; then the page is loaded again."""
    s.asked.append(str(uuid.uuid4()))
    answer = s.client.post(f"/chat/{SUPPORT}/+ask/", {"text": QUESTION, "mode": "chat", "key": s.asked[-1], **more})
    return s.to_the_end(answer)


def join_address(s: Scene) -> str:
    return f"/join/{codes.recover(s.link.salt, s.link.code_hash)}/"


def _by(username: str, url: Callable[[Scene], str]) -> Callable[[Scene], str]:
    """The same, looked at by somebody with an account; by nobody known when there is no name."""

    def visit(s: Scene) -> str:
        if username:
            s.become(username)
        else:
            s.client = Client()
        return url(s)

    return visit


# --- Visits -----------------------------------------------------------------------------------------------------------
# Name of the URL pattern (for one that has several looks: and a word) to its address, where that is more than the names of things.
VISITS: dict[str, Callable[[Scene], str]] = {
    "palette": lambda s: "/palette/?q=a",
    "user_list counted": lambda s: "/users/?counts=1&sort=-workspaces&q=a",
    "user_check": lambda s: "/users/check/?username=zora",
    "workspace_list counted": lambda s: "/workspaces/?counts=1",
    "access_set": lambda s: f"/access/sets/{staged(s).pk}/",
    "access_set applied": lambda s: f"/access/sets/{applied(s).pk}/",
    "document_list ready": lambda s: "/documents/?ready=1&q=a&sort=-used",
    "document_detail": lambda s: f"/documents/item/?path={s.document}",
    "document_embed": lambda s: f"/documents/embed/?ids={s.document}",
    "document_remove": lambda s: f"/documents/remove/?ids={s.document}",
    "document_erase": lambda s: f"/documents/erase/?ids={s.document}",
    "document_move": lambda s: f"/documents/move/?ids={s.document}",
    "folder_rename": lambda s: "/documents/folders/rename/?name=finance",
    "folder_remove": lambda s: "/documents/folders/remove/?name=finance",
    "workspace_find": lambda s: "/documents/find/finance/?q=budget",
    "document_add_status": lambda s: f"/documents/add/{on_its_way(s).pk}/",
    "chat_thread": conversation,
    "chat_sources": lambda s: f"{conversation(s)}sources/{Turn.objects.latest('pk').chat_id}/",
    "chat_turn": lambda s: conversation(s) and f"/chat/+turn/{Turn.objects.latest('pk').pk}/",
    "chat_rename": lambda s: f"{conversation(s)}rename/",
    "chat_delete": lambda s: f"{conversation(s)}delete/",
    "usage_export": lambda s: "/usage/export/?table=people",
    "chatlog_export": lambda s: "/chats/export/?format=json",
    "first_steps": _by("sam", lambda s: "/welcome/"),
    # What people see whose rights are those of an account, and read anew.
    "home linked": _by("mia", lambda s: "/"),
    "chat_home linked": _by("sam", lambda s: "/chat/"),
    "chat_workspace linked": _by("sam", lambda s: f"/chat/{SUPPORT}/"),
    "user_list linked": _by("mia", lambda s: "/users/"),
    "access_matrix linked": _by("mia", lambda s: "/access/?ready=1"),
    "document_list linked": _by("mia", lambda s: "/documents/?ready=1"),
    "sign_in": _by("", lambda s: "/sign-in/"),
    "join": _by("", join_address),
}
for _name, (_action, _methods) in DOORS.items():
    if "GET" in _methods:
        VISITS.setdefault(_name, lambda s, name=_name: address(name, s.things()))


def just_posted(name: str) -> Callable[[Scene], HttpResponse]:
    return lambda s: s.client.post(address(name, s.things()), posted(name, s.things()))


LINK = {"label": "Sales", "workspace_ids": [1], "days": 7, "role": "default"}

# POSTs that ask the instance but change nothing there; `acts` adds those that need no more than `tests.doors` says.
QUESTIONS: dict[str, Callable[[Scene], HttpResponse]] = {
    "user_bulk": lambda s: s.post("/users/bulk/", action="suspend", ids=[s.sam]),
    "user_import": lambda s: s.client.post("/users/import/", {"text": "name\nzora"}),
    "connection_test": lambda s: s.post("/system/test/"),
    "instance_identity": lambda s: s.client.post("/system/instance/", {"decision": "keep"}),
    "chatlog_update": lambda s: s.client.post("/chats/update/", follow=True),
    "theme_change": lambda s: s.client.post("/theme/", {"theme": "dark"}),
    "invite_new": lambda s: s.client.post("/invites/new/", {**LINK, "uses": 1}),
    "invite_batch": lambda s: s.client.post("/invites/many/", {**LINK, "text": "Anna", "batch": s.link.batch}),
    "invite_extend": lambda s: s.post(f"/invites/{s.link.pk}/extend/", days=3),
    "invite_revoke": lambda s: s.post(f"/invites/{s.link.pk}/revoke/"),
    "invite_mail": lambda s: s.client.post(f"/invites/{s.link.pk}/mail/", {"email": "anna@example.com"}),
    "access_stage": lambda s: s.client.post("/access/stage/", {"give": f"{s.finance}-{s.yuki}"}),
    "access_open": lambda s: s.client.post(f"/access/{s.finance}/open/", {"on": "1"}),
    "access_discard": lambda s: s.client.post(f"/access/sets/{s.prepared.pk}/discard/"),
    "access_undo": lambda s: s.client.post(f"/access/sets/{s.prepared.pk}/undo/"),
    "workspace_add_people": lambda s: s.client.post("/workspaces/finance/people/", {"names": "yuki"}),
    "group_new": lambda s: s.client.post("/groups/new/", {"name": "Support"}),
    "group_edit": lambda s: s.client.post(f"/groups/{s.group}/edit/", {"name": "Sales", "workspaces": [s.finance]}),
    "group_join": lambda s: s.client.post(f"/groups/{s.group}/join/", {"names": "yuki"}),
    "group_leave": lambda s: s.client.post(f"/groups/{s.group}/leave/", {"ids": [s.sam]}),
    "document_add": lambda s: s.post("/documents/add/", folder="custom-documents", duplicates="skip"),
    "operator_new": lambda s: s.client.post("/operators/new/", {"username": "olga", "role": "viewer"}),
    "operator_edit": lambda s: s.client.post(f"/operators/{s.actor.pk}/edit/", {"role": "admin", "is_active": "on"}),
    "operator_password": lambda s: s.client.post(f"/operators/{s.actor.pk}/password/", {"password": NEW_PASSWORD}),
    "operator_workspaces": lambda s: s.client.post(f"/operators/{s.actor.pk}/workspaces/", {"workspaces": []}),
    "operator_of_user": lambda s: s.client.post(f"/operators/of-user/{s.sam}/", {"workspaces": [s.finance]}),
    "profile": lambda s: s.client.post("/profile/", {"language": "", "theme": "dark"}),
    "password_change": lambda s: s.client.post("/profile/password/", {"current": "wrong", "password": NEW_PASSWORD}),
    "join_check": lambda s: s.client.post(f"{join_address(s)}check/?field=username", {"username": "zora"}),
}
# What has to be there before these are asked.
FIRST: dict[str, Callable[[Scene], Any]] = {
    "access_discard": staged,
    "access_undo": applied,
    "group_leave": of_the_group,
    "group_delete": of_the_group,
}


def forget() -> None:
    """As if everything known of the instance had grown old."""
    instance.forget("users", "workspaces", "invites", "overview", "library")
    instance.forget_members()
    instance.forget_documents()
