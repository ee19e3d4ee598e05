"""Everything that changes the instance: how a person does it, up to the page that tells what came of it, and what they do when it failed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.access import groups, sets
from dashboard.access.models import Group
from dashboard.chat.models import Turn
from dashboard.documents.act_views import digest as seen
from dashboard.invites import sweeps
from dashboard.invites.models import Joining
from dashboard.jobs import services
from dashboard.jobs.models import Job
from tests.conftest import prove_long_ago
from tests.doors import DOORS
from tests.faults.operations import (
    NEW_PASSWORD,
    QUESTION,
    QUESTIONS,
    SUPPORT,
    Scene,
    applied,
    ask,
    conversation,
    join_address,
    just_posted,
    of_the_group,
    staged,
)
from tests.workspaces.test_workspace_settings import filled


def nothing(s: Scene) -> None:
    """Whatever an act may need is there."""


@dataclass(frozen=True)
class Act:
    """`ledger`: the action of its line, "" for what has none. `first` makes what must be there before.

    `again`: what makes good an act that went wrong, once the instance is well; by default its jobs are retried, or it is done once more.
    `reads_back`: when its answer gets lost, one can see whether it was done. `steps`: it is several changes, some of which may be done
    when others are not. `also`: what is to be seen of it besides the rows of the instance.
    """

    do: Callable[[Scene], HttpResponse]
    ledger: str
    first: Callable[[Scene], Any] = nothing
    again: Callable[[Scene], Any] | None = None
    reads_back: bool = True
    steps: bool = False
    also: Callable[[Scene], object] = lambda s: None

    def make_good(self, s: Scene) -> None:
        if self.again:
            self.again(s)
        elif jobs := s.jobs():
            for job in jobs:
                retried(s, job)
        else:
            self.do(s)


def retried(s: Scene, job: Job) -> None:
    """Somebody looks at the job and has what failed tried again, and the worker comes."""
    s.work()
    if services.progress([job])[job.pk].trouble:
        services.retry(actor=s.actor, job=job)
    s.work()


# --- People -----------------------------------------------------------------------------------------------------------
def edited(s: Scene) -> HttpResponse:
    form = {"username": "sam", "role": "default", "daily_message_limit": 7, "bio": "Support engineer"}
    return s.client.post(f"/users/{s.sam}/edit/", form)


def nobody(s: Scene) -> None:
    s.client = Client()


def signed_in(s: Scene) -> HttpResponse:
    return s.client.post("/sign-in/", {"username": "mia", "password": s.standin.password})


def linked(s: Scene) -> None:
    s.actor.anythingllm_user_id, s.actor.username = s.jonas, "jonas"
    s.actor.save()


def proved(s: Scene) -> HttpResponse:
    """Deletes as an operator linked to an account, who must first prove the password to the instance."""
    prove_long_ago(s.client)
    return s.client.post(f"/users/{s.sam}/delete/", {"confirm": "sam", "proof": s.standin.password})


def locked_out(s: Scene) -> HttpResponse:
    return s.to_the_end(s.client.post(f"/users/{s.sam}/lock-out/", {"csrfmiddlewaretoken": "of a browser"}))


def locked_out_again(s: Scene) -> None:
    """The button is there as long as something is left to take; a job that failed is retried."""
    for job in s.jobs():
        retried(s, job)
    if not s.jobs():
        locked_out(s)


def job(kind: str, key: Callable[[Scene], object], payload: dict[str, Any] | None = None, **params: Any):
    """A job of one item, worked on by a worker; then its page is looked at."""

    def do(s: Scene) -> HttpResponse:
        item = services.NewItem(str(key(s)), "somebody", payload or {})
        begun = services.start(s.actor, kind=f"users.{kind}", title="For somebody", params=params, items=[item])
        s.work()
        return s.client.get(f"/jobs/{begun.pk}/")

    return do


def has_session(s: Scene) -> bool:
    return "_auth_user_id" in s.client.session


def has_password(s: Scene) -> bool:
    return s.standin.post("/request-token", {"username": "sam", "password": NEW_PASSWORD})["valid"]


NEW = {"username": "zora", "password": NEW_PASSWORD, "role": "default", "daily_message_limit": "", "bio": ""}
PEOPLE: dict[str, Act] = {
    "user_new": Act(lambda s: s.client.post("/users/new/", NEW), "user.created"),
    "user_edit": Act(edited, "user.changed"),
    "user_suspend": Act(lambda s: s.post(f"/users/{s.sam}/suspend/"), "user.suspended"),
    "user_suspend without htmx": Act(lambda s: s.client.post(f"/users/{s.sam}/suspend/"), "user.suspended"),
    "user_resume": Act(lambda s: s.post(f"/users/{s.piet}/resume/"), "user.resumed"),
    "user_password": Act(
        lambda s: s.post(f"/users/{s.sam}/password/", password=NEW_PASSWORD),
        "user.password_reset",
        reads_back=False,
        also=has_password,
    ),
    "user_delete": Act(lambda s: s.post(f"/users/{s.sam}/delete/", confirm="sam"), "user.deleted"),
    "user_delete with proof": Act(proved, "user.deleted", first=linked),
    "sign_in": Act(signed_in, "operator.signed_in", first=nobody, also=has_session),
    "job suspend": Act(job("suspend", lambda s: s.sam), "user.suspended"),
    "job resume": Act(job("resume", lambda s: s.piet), "user.resumed"),
    "job role": Act(job("role", lambda s: s.sam, role="manager"), "user.changed"),
    "job limit": Act(job("limit", lambda s: s.sam, daily_message_limit=7), "user.changed"),
    "job delete": Act(job("delete", lambda s: s.sam), "user.deleted"),
    "job import": Act(
        job("import", lambda s: "zora", {"role": "default", "daily_message_limit": None, "bio": ""}), "user.created"
    ),
    "invite_found_revoke": Act(lambda s: s.post(f"/invites/found/{s.invite}/revoke/"), "invite.disabled"),
    "document_pin": Act(
        lambda s: s.post("/documents/pin/", path=s.document, workspace=s.finance, pinned="1"), "document.pinned"
    ),
    "document_remove": Act(
        lambda s: s.post(
            "/documents/remove/", ids=s.document, workspaces=s.finance, step="start", seen=seen([s.document])
        ),
        "document.removed",
    ),
    "document_erase": Act(
        lambda s: s.post("/documents/erase/", ids=s.loose, step="start", seen=seen([f"{s.loose} []"])),
        "document.erased",
    ),
    "document_move": Act(
        lambda s: s.post("/documents/move/", ids=s.loose, folder="finance", step="start", seen=seen([s.loose])),
        "document.moved",
    ),
    "folder_new": Act(lambda s: s.post("/documents/folders/new/", new_name="drafts"), "folder.made"),
}


# --- Workspaces and access ----------------------------------------------------------------------------------------------
def settings_typed(s: Scene) -> None:
    s.prepared = filled(s.client, prompt="Be brief.", temperature="0.35", top_n="9")


def gone_for_good(s: Scene) -> HttpResponse:
    return s.client.post("/workspaces/finance/delete/", {"id": s.finance, "confirm": "Finance"})


def toggled(give: str, whom: Callable[[Scene], int]) -> Callable[[Scene], HttpResponse]:
    return lambda s: s.post(f"/access/{s.finance}/{whom(s)}/", give=give, by="workspace")


def insider(s: Scene) -> int:
    """The first of those who may open Finance."""
    return s.standin.get(f"/v1/admin/workspaces/{s.finance}/users")["users"][0]["userId"]


def choose_insider(s: Scene) -> None:
    s.prepared = insider(s)


def apply(s: Scene) -> HttpResponse:
    return s.to_the_end(s.client.post(f"/access/sets/{s.prepared.pk}/apply/"))


def opposite(s: Scene) -> None:
    s.prepared = sets.undo(actor=s.actor, access_set=applied(s))


def for_everyone(s: Scene) -> None:
    s.prepared = sets.stage(
        actor=s.actor, title="Finance for everyone", wanted=sets.opening(s.finance), also={"open": s.finance}
    )


def without_the_group(s: Scene) -> None:
    s.standin.post(f"/v1/admin/workspaces/{s.workspace}/manage-users", {"userIds": [s.sam], "reset": False})
    instance.hang_up()
    of_the_group(s)
    s.prepared = groups.stage_deletion(s.actor, Group.objects.get(pk=s.group))


ROOMS: dict[str, Act] = {
    "workspace_new": Act(
        lambda s: s.client.post("/workspaces/+new/", {"name": "Quality", "chat_mode": "chat"}), "workspace.created"
    ),
    "workspace_settings": Act(
        lambda s: s.client.post("/workspaces/company-handbook/settings/", s.prepared),
        "workspace.changed",
        first=settings_typed,
    ),
    "workspace_delete": Act(gone_for_good, "workspace.deleted"),
    "access_toggle gives": Act(toggled("1", lambda s: s.yuki), "access.given"),
    "access_toggle takes": Act(toggled("0", lambda s: s.prepared), "access.taken", first=choose_insider),
    "access_apply": Act(apply, "access.given", first=staged, steps=True),
    "access_apply the opposite": Act(apply, "access.taken", first=opposite, steps=True),
    "access_apply for everyone": Act(apply, "access.given", first=for_everyone, steps=True),
    "access_apply without the group": Act(apply, "access.taken", first=without_the_group, steps=True),
    "user_lock_out": Act(locked_out, "user.suspended", again=locked_out_again, steps=True),
}


# --- Documents --------------------------------------------------------------------------------------------------------
def file_added(s: Scene) -> HttpResponse:
    """As the script sends it, under the name that it has once and for all."""
    file = SimpleUploadedFile("notes.txt", b"The zebra crossed the road, and nobody knows why.")
    place = {"workspaces": [s.finance], "folder": "sales", "duplicates": "skip"}
    answer = s.client.post("/documents/add/file/", {**place, "batch": "b1", "ticket": "t1", "files": file})
    if answer.status_code != 201:
        return answer
    s.work()
    return s.client.get(answer.json()["url"])


def file_added_again(s: Scene) -> None:
    """The script sends it once more, unless it has arrived; then the button is pressed that tries again."""
    if not s.jobs():
        file_added(s)
    for begun in s.jobs():
        s.prepared = begun
        file_retried(s)


def file_not_embedded(s: Scene) -> None:
    s.standin.configure(embedder_up=False)
    file_added(s)
    s.standin.configure(embedder_up=True)
    s.prepared = s.jobs()[0]


def file_retried(s: Scene) -> HttpResponse:
    s.work()
    s.client.post(f"/documents/add/{s.prepared.pk}/retry/")
    s.work()
    return s.client.get(f"/documents/add/{s.prepared.pk}/")


def text_added(s: Scene) -> HttpResponse:
    form = {"title": "Notes", "text": "The zebra crossed the road.", "folder": "custom-documents"}
    return s.to_the_end(s.client.post("/documents/add/text/", {**form, "workspaces": [s.finance]}))


def link_added(s: Scene) -> HttpResponse:
    form = {"address": s.web, "folder": "sales", "workspaces": [s.finance], "duplicates": "skip"}
    return s.to_the_end(s.client.post("/documents/add/link/", form))


def embedded(s: Scene) -> HttpResponse:
    form = {"ids": s.loose, "workspaces": s.finance, "step": "start", "seen": seen([s.loose])}
    return s.to_the_end(s.client.post("/documents/embed/", form))


def in_finance(s: Scene) -> list[str]:
    return [row["docpath"] for row in s.standin.get("/v1/workspace/finance")["workspace"][0]["documents"]]


def choose_two(s: Scene) -> None:
    s.prepared = in_finance(s)[:2]


def two_removed(s: Scene) -> HttpResponse:
    form = {"ids": s.prepared, "workspaces": s.finance, "step": "start", "seen": seen(s.prepared)}
    return s.to_the_end(s.client.post("/documents/remove/", form))


def folder_renamed(s: Scene) -> HttpResponse:
    return s.client.post("/documents/folders/rename/", {"name": "drafts", "new_name": "archive"})


def folder_renamed_again(s: Scene) -> None:
    """What could not be moved stays in the old folder, and is moved from there by hand; then the old one is removed."""
    folders = [row["name"] for row in s.standin.rows()["folders"]]
    if "archive" not in folders:
        folder_renamed(s)
        return
    left = [f"{row['folder']}/{row['name']}" for row in s.standin.rows()["files"] if row["folder"] == "drafts"]
    if left:
        s.client.post("/documents/move/", {"ids": left, "folder": "archive", "step": "1", "seen": seen(left)})
    if "drafts" in folders:
        s.client.post("/documents/folders/remove/", {"name": "drafts", "step": "1", "documents": "0"})


def drafts(s: Scene) -> None:
    s.standin.post("/v1/document/create-folder", {"name": "drafts"})


def drafts_with_one(s: Scene) -> None:
    drafts(s)
    target = f"drafts/{s.loose.partition('/')[2]}"
    s.standin.post("/v1/document/move-files", {"files": [{"from": s.loose, "to": target}]})
    s.loose = target


def folder_removed(number: str) -> Callable[[Scene], HttpResponse]:
    form = {"name": "drafts", "step": "1", "documents": number}
    return lambda s: s.to_the_end(s.client.post("/documents/folders/remove/", form))


LIBRARY: dict[str, Act] = {
    "document_add_file": Act(file_added, "document.added", again=file_added_again, steps=True),
    "document_add_retry": Act(file_retried, "document.embedded", first=file_not_embedded, again=file_retried),
    "document_text": Act(text_added, "document.added", steps=True),
    "document_link": Act(link_added, "document.added", steps=True),
    "document_embed": Act(embedded, "document.embedded"),
    "document_remove two": Act(two_removed, "document.removed", first=choose_two, steps=True),
    "document_pin off": Act(
        lambda s: s.post("/documents/pin/", path=s.document, workspace=s.finance, pinned="0"),
        "document.unpinned",
        first=lambda s: s.standin.post("/v1/workspace/finance/update-pin", {"docPath": s.document, "pinStatus": True}),
    ),
    "folder_rename": Act(
        folder_renamed, "folder.renamed", first=drafts_with_one, again=folder_renamed_again, steps=True
    ),
    "folder_remove": Act(folder_removed("0"), "folder.removed", first=drafts),
    "folder_remove full": Act(folder_removed("1"), "folder.removed", first=drafts_with_one, steps=True),
}


# --- Chat, and coming in ------------------------------------------------------------------------------------------------
def asked_again(s: Scene) -> None:
    """The page is looked at first; what the instance has kept after all needs no second question."""
    turn = Turn.objects.order_by("pk").last()
    if turn is None:
        s.client.post(f"/chat/{SUPPORT}/+ask/", {"text": QUESTION, "mode": "chat", "key": s.asked[0]})
    elif not any(row["prompt"] == QUESTION and row["thread"] == QUESTION for row in s.standin.rows()["chats"]):
        ask(s, thread=turn.thread_slug)


def first_asked(s: Scene) -> HttpResponse:
    s.asked.append(str(uuid.uuid4()))
    answer = s.client.post("/welcome/ask/", {"workspace": SUPPORT, "text": QUESTION, "key": s.asked[-1]})
    return s.to_the_end(answer)


def talk(s: Scene) -> None:
    s.prepared = conversation(s)


def opened(s: Scene) -> HttpResponse:
    answer = s.post("/open/", workspace=SUPPORT)
    s.prepared = "HX-Redirect" in answer
    return answer


def joined(s: Scene) -> HttpResponse:
    return s.client.post(join_address(s), {"username": "newcomer", "password": NEW_PASSWORD})


def joined_again(s: Scene) -> None:
    """The same form sent again; later the worker comes and leaves no invite open."""
    joined(s)
    back = timedelta(minutes=20)
    for one in Joining.objects.all():
        Joining.objects.filter(pk=one.pk).update(tried_at=one.tried_at - back, next_at=timezone.now())
    instance.hang_up()
    sweeps.sweep()


CHAT: dict[str, Act] = {
    "chat_ask": Act(ask, "", first=lambda s: s.become("sam"), again=asked_again, steps=True),
    "chat_rename": Act(lambda s: s.client.post(f"{s.prepared}rename/", {"name": "Warranty"}), "", first=talk),
    "chat_delete": Act(lambda s: s.client.post(f"{s.prepared}delete/"), "chat.thread_deleted", first=talk),
    "first_question": Act(first_asked, "", first=lambda s: s.become("sam"), again=asked_again, steps=True),
    "anythingllm_open": Act(
        opened, "anythingllm.opened", first=lambda s: s.become("sam"), reads_back=False, also=lambda s: bool(s.prepared)
    ),
    "join": Act(joined, "invite.joined", first=nobody, again=joined_again, steps=True, also=has_session),
}

ACTS = {**PEOPLE, **ROOMS, **LIBRARY, **CHAT}

_known = {name.split()[0] for name in [*ACTS, *QUESTIONS]}
QUESTIONS |= {
    name: just_posted(name) for name, (_action, methods) in DOORS.items() if "POST" in methods and name not in _known
}
