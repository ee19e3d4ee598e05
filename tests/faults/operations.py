"""Everything an operator can do in Foyer that may ask the instance: how it is done, and how one sees that it happened.

`Visit`s only read. `Act`s change something on the instance; `happened` looks there, past Foyer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.access.models import Group
from dashboard.accounts.models import Operator
from dashboard.chatlog.models import Exchange, Place
from dashboard.documents.act_views import digest as seen
from dashboard.invites import services as invites
from dashboard.invites.models import Link
from dashboard.jobs import engine, services
from dashboard.jobs.models import ItemState, Job
from dashboard.sandbox.testing import Sandbox
from dashboard.users.models import ImportDraft
from tests.users.conftest import HTMX

NEW_PASSWORD = "Entirely-new-1"


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

    def user(self, wanted: int | str) -> dict[str, Any] | None:
        users = self.standin.get("/v1/admin/users")["users"]
        return next((user for user in users if wanted in (user["id"], user["username"])), None)

    def post(self, url: str, **data: Any) -> HttpResponse:
        return self.client.post(url, data, headers=HTMX)


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
    )


# --- Visits -----------------------------------------------------------------------------------------------------------
# Name of the URL pattern (for one that has several looks: and a word) to its address.
VISITS: dict[str, Callable[[Scene], str]] = {
    "home": lambda s: "/",
    "palette": lambda s: "/palette/?q=a",
    "light": lambda s: "/light/",
    "user_list": lambda s: "/users/",
    "user_list counted": lambda s: "/users/?counts=1&sort=-workspaces&q=a",
    "user_detail": lambda s: f"/users/{s.sam}/",
    "user_new": lambda s: "/users/new/",
    "user_check": lambda s: "/users/check/?username=zora",
    "user_edit": lambda s: f"/users/{s.sam}/edit/",
    "user_password": lambda s: f"/users/{s.sam}/password/",
    "user_delete": lambda s: f"/users/{s.sam}/delete/",
    "user_bulk": lambda s: "/users/bulk/",
    "user_export": lambda s: "/users/export/",
    "user_import": lambda s: "/users/import/",
    "user_import_preview": lambda s: f"/users/import/{s.draft}/",
    "user_import_export": lambda s: f"/users/import/{s.draft}/export/",
    "workspace_list": lambda s: "/workspaces/",
    "workspace_list counted": lambda s: "/workspaces/?counts=1",
    "workspace_detail": lambda s: f"/workspaces/{s.workspace}/",
    "workspace_export": lambda s: "/workspaces/+export/",
    "workspace_new": lambda s: "/workspaces/+new/",
    "workspace_settings": lambda s: f"/workspaces/{s.workspace}/settings/",
    "workspace_delete": lambda s: f"/workspaces/{s.workspace}/delete/",
    "workspace_add_people": lambda s: f"/workspaces/{s.workspace}/people/",
    "user_lock_out": lambda s: f"/users/{s.sam}/lock-out/",
    "operator_of_user": lambda s: f"/operators/of-user/{s.sam}/",
    "operator_workspaces": lambda s: f"/operators/{s.actor.pk}/workspaces/",
    "access_matrix": lambda s: "/access/",
    "access_example": lambda s: "/access/example/",
    "access_set_list": lambda s: "/access/sets/",
    "group_list": lambda s: "/groups/",
    "group_new": lambda s: "/groups/new/",
    "group_detail": lambda s: f"/groups/{s.group}/",
    "group_edit": lambda s: f"/groups/{s.group}/edit/",
    "document_list": lambda s: "/documents/",
    "document_list ready": lambda s: "/documents/?ready=1&q=a&sort=-used",
    "document_detail": lambda s: f"/documents/item/?path={s.document}",
    "document_embed": lambda s: f"/documents/embed/?ids={s.document}",
    "document_remove": lambda s: f"/documents/remove/?ids={s.document}",
    "document_erase": lambda s: f"/documents/erase/?ids={s.document}",
    "document_move": lambda s: f"/documents/move/?ids={s.document}",
    "folder_new": lambda s: "/documents/folders/new/",
    "folder_rename": lambda s: "/documents/folders/rename/?name=finance",
    "folder_remove": lambda s: "/documents/folders/remove/?name=finance",
    "workspace_find": lambda s: "/documents/find/finance/?q=budget",
    "document_add": lambda s: "/documents/add/",
    "document_link": lambda s: "/documents/add/link/",
    "document_text": lambda s: "/documents/add/text/",
    "invite_list": lambda s: "/invites/",
    "invite_new": lambda s: "/invites/new/",
    "invite_detail": lambda s: f"/invites/{s.link.pk}/",
    "invite_link": lambda s: f"/invites/{s.link.pk}/link/",
    "invite_print": lambda s: f"/invites/{s.link.pk}/print/",
    "invite_extend": lambda s: f"/invites/{s.link.pk}/extend/",
    "invite_revoke": lambda s: f"/invites/{s.link.pk}/revoke/",
    "invite_batch": lambda s: "/invites/many/",
    "invite_batch_detail": lambda s: f"/invites/many/{s.link.batch}/",
    "invite_batch_export": lambda s: f"/invites/many/{s.link.batch}/export/",
    "invite_found": lambda s: f"/invites/found/{s.invite}/",
    "chat_home": lambda s: "/chat/",
    "chat_workspace": lambda s: f"/chat/{s.workspace}/",
    "chatlog_list": lambda s: "/chats/",
    "chatlog_detail": lambda s: "/chats/1/",
    "usage_overview": lambda s: "/usage/",
    "usage_export": lambda s: "/usage/export/?table=people",
    "chatlog_export": lambda s: "/chats/export/?format=json",
    "job_list": lambda s: "/jobs/",
    "job_detail": lambda s: f"/jobs/{s.job}/",
    "job_report": lambda s: f"/jobs/{s.job}/report/",
    "audit_list": lambda s: "/audit/",
    "audit_export": lambda s: "/audit/export/",
    "operator_list": lambda s: "/operators/",
    "operator_new": lambda s: "/operators/new/",
    "operator_edit": lambda s: f"/operators/{s.actor.pk}/edit/",
    "operator_password": lambda s: f"/operators/{s.actor.pk}/password/",
    "profile": lambda s: "/profile/",
    "password_change": lambda s: "/profile/password/",
    "recovery_codes": lambda s: "/recovery-codes/",
    "system_overview": lambda s: "/system/",
    "sign_in": lambda s: "/sign-in/",
    "healthz": lambda s: "/healthz",
    "readyz": lambda s: "/readyz",
}


# --- Acts -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Act:
    """`ledger`: the action of its line. `reads_back`: when its answer gets lost, one can see whether it was done."""

    do: Callable[[Scene], HttpResponse]
    happened: Callable[[Scene], bool]
    ledger: str
    reads_back: bool = True


def _edited(s: Scene) -> HttpResponse:
    form = {"username": "sam", "role": "default", "daily_message_limit": 7, "bio": "Support engineer"}
    return s.client.post(f"/users/{s.sam}/edit/", form)


def _signed_in(s: Scene) -> HttpResponse:
    s.client = Client()
    return s.client.post("/sign-in/", {"username": "mia", "password": s.standin.password})


def _proved(s: Scene) -> HttpResponse:
    """Deletes as an operator linked to an account, who must first prove the password to the instance."""
    s.actor.anythingllm_user_id = s.jonas
    s.actor.save()
    session = s.client.session
    session["proved_at"] = 0
    session.save()
    return s.client.post(f"/users/{s.sam}/delete/", {"confirm": "sam", "proof": s.standin.password})


def _job(kind: str, key: Callable[[Scene], object], payload: dict[str, Any] | None = None, **params: Any):
    """A job of one item, worked on by a worker; then its page is looked at."""

    def do(s: Scene) -> HttpResponse:
        item = services.NewItem(str(key(s)), "somebody", payload or {})
        job = services.start(s.actor, kind=f"users.{kind}", title="For somebody", params=params, items=[item])
        while engine.work(job.pk):
            pass
        return s.client.get(f"/jobs/{job.pk}/")

    return do


def is_suspended(s: Scene) -> bool:
    return s.user(s.sam)["suspended"] == 1


def is_resumed(s: Scene) -> bool:
    return s.user(s.piet)["suspended"] == 0


def is_gone(s: Scene) -> bool:
    return s.user(s.sam) is None


def is_there(s: Scene) -> bool:
    return s.user("zora") is not None


def has_limit(s: Scene) -> bool:
    return s.user(s.sam)["dailyMessageLimit"] == 7


def is_manager(s: Scene) -> bool:
    return s.user(s.sam)["role"] == "manager"


def has_password(s: Scene) -> bool:
    return s.standin.post("/request-token", {"username": "sam", "password": NEW_PASSWORD})["valid"]


def is_pinned(s: Scene) -> bool:
    rows = s.standin.get("/v1/workspace/finance")["workspace"][0]["documents"]
    return any(row["pinned"] for row in rows if row["docpath"] == s.document)


def is_out(s: Scene) -> bool:
    rows = s.standin.get("/v1/workspace/finance")["workspace"][0]["documents"]
    return s.document not in [row["docpath"] for row in rows]


def files(s: Scene) -> list[str]:
    shelves = s.standin.get("/v1/documents")["localFiles"]["items"]
    return [f"{shelf['name']}/{file['name']}" for shelf in shelves for file in shelf["items"]]


def is_erased(s: Scene) -> bool:
    return s.loose not in files(s)


def is_moved(s: Scene) -> bool:
    return f"finance/{s.loose.partition('/')[2]}" in files(s)


def has_folder(s: Scene) -> bool:
    return any(shelf["name"] == "drafts" for shelf in s.standin.get("/v1/documents")["localFiles"]["items"])


def is_disabled(s: Scene) -> bool:
    invites = s.standin.get("/v1/admin/invites")["invites"]
    return next(i["status"] for i in invites if i["id"] == s.invite) == "disabled"


def has_session(s: Scene) -> bool:
    return "_auth_user_id" in s.client.session


NEW = {"username": "zora", "password": NEW_PASSWORD, "role": "default", "daily_message_limit": "", "bio": ""}
ACTS: dict[str, Act] = {
    "user_new": Act(lambda s: s.client.post("/users/new/", NEW), is_there, "user.created"),
    "user_edit": Act(_edited, has_limit, "user.changed"),
    "user_suspend": Act(lambda s: s.post(f"/users/{s.sam}/suspend/"), is_suspended, "user.suspended"),
    "user_suspend without htmx": Act(
        lambda s: s.client.post(f"/users/{s.sam}/suspend/"), is_suspended, "user.suspended"
    ),
    "user_resume": Act(lambda s: s.post(f"/users/{s.piet}/resume/"), is_resumed, "user.resumed"),
    "user_password": Act(
        lambda s: s.post(f"/users/{s.sam}/password/", password=NEW_PASSWORD),
        has_password,
        "user.password_reset",
        reads_back=False,
    ),
    "user_delete": Act(lambda s: s.post(f"/users/{s.sam}/delete/", confirm="sam"), is_gone, "user.deleted"),
    "user_delete with proof": Act(_proved, is_gone, "user.deleted"),
    "document_pin": Act(
        lambda s: s.post("/documents/pin/", path=s.document, workspace=s.finance, pinned="1"),
        is_pinned,
        "document.pinned",
    ),
    "document_remove": Act(
        lambda s: s.post(
            "/documents/remove/", ids=s.document, workspaces=s.finance, step="start", seen=seen([s.document])
        ),
        is_out,
        "document.removed",
    ),
    "document_erase": Act(
        lambda s: s.post("/documents/erase/", ids=s.loose, step="start", seen=seen([f"{s.loose} []"])),
        is_erased,
        "document.erased",
    ),
    "document_move": Act(
        lambda s: s.post("/documents/move/", ids=s.loose, folder="finance", step="start", seen=seen([s.loose])),
        is_moved,
        "document.moved",
    ),
    "folder_new": Act(lambda s: s.post("/documents/folders/new/", new_name="drafts"), has_folder, "folder.made"),
    "invite_found_revoke": Act(lambda s: s.post(f"/invites/found/{s.invite}/revoke/"), is_disabled, "invite.disabled"),
    "sign_in": Act(_signed_in, has_session, "operator.signed_in"),
    "job suspend": Act(_job("suspend", lambda s: s.sam), is_suspended, "user.suspended"),
    "job resume": Act(_job("resume", lambda s: s.piet), is_resumed, "user.resumed"),
    "job role": Act(_job("role", lambda s: s.sam, role="manager"), is_manager, "user.changed"),
    "job limit": Act(_job("limit", lambda s: s.sam, daily_message_limit=7), has_limit, "user.changed"),
    "job delete": Act(_job("delete", lambda s: s.sam), is_gone, "user.deleted"),
    "job import": Act(
        _job("import", lambda s: "zora", {"role": "default", "daily_message_limit": None, "bio": ""}),
        is_there,
        "user.created",
    ),
}

LINK = {"label": "Sales", "workspace_ids": [1], "days": 7, "role": "default"}

# POSTs that ask the instance but change nothing there.
QUESTIONS: dict[str, Callable[[Scene], HttpResponse]] = {
    "user_bulk": lambda s: s.post("/users/bulk/", action="suspend", ids=[s.sam]),
    "user_import": lambda s: s.client.post("/users/import/", {"text": "name\nzora"}),
    "user_import_preview": lambda s: s.client.post(f"/users/import/{s.draft}/"),
    "connection_test": lambda s: s.post("/system/test/"),
    "job_retry": lambda s: s.client.post(f"/jobs/{s.job}/retry/"),
    "job_cancel": lambda s: s.client.post(f"/jobs/{s.job}/cancel/"),
    "job_passwords": lambda s: s.client.post(f"/jobs/{s.job}/passwords/"),
    "refresh": lambda s: s.client.post("/refresh/"),
    "chatlog_update": lambda s: s.client.post("/chats/update/", follow=True),
    "theme_change": lambda s: s.client.post("/theme/", {"theme": "dark"}),
    "invite_new": lambda s: s.client.post("/invites/new/", {**LINK, "uses": 1}),
    "invite_batch": lambda s: s.client.post("/invites/many/", {**LINK, "text": "Anna", "batch": s.link.batch}),
    "invite_extend": lambda s: s.post(f"/invites/{s.link.pk}/extend/", days=3),
    "invite_revoke": lambda s: s.post(f"/invites/{s.link.pk}/revoke/"),
    "invite_mail": lambda s: s.client.post(f"/invites/{s.link.pk}/mail/", {"email": "anna@example.com"}),
    "invite_batch_mail": lambda s: s.client.post(f"/invites/many/{s.link.batch}/mail/"),
    "sign_out": lambda s: s.client.post("/sign-out/"),
    "sign_out_everywhere": lambda s: s.client.post("/sign-out/everywhere/"),
}


def forget() -> None:
    """As if everything known of the instance had grown old."""
    instance.forget("users", "workspaces", "invites", "overview", "library")
    instance.forget_members()
    instance.forget_documents()
