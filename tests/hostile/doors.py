"""What a person would post to each door, and ask of each page: for other tests to spoil.

A door that takes a name which stands neither here nor in `tests.doors` fails `test_every_name_and_every_form_is_tried...`, and a new form does, too.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from dashboard.jobs.models import Job
from tests import doors
from tests.conftest import PASSWORD
from tests.doors import DOORS
from tests.hostile.conftest import Things, until
from tests.hostile.page import page_of

Posted = dict[str, Any]


@dataclass(frozen=True)
class Door:
    name: str
    posted: Callable[[Things], Posted]
    who: str = "ada"
    places: str = ""  # what the address names, if not what the pattern says: "set_id=applied_id"

    def url(self, things: Things) -> str:
        return address(self.name, things, self.places)


POSTS: dict[str, Door] = {}


def posts(who: str = "ada", places: str = "") -> Callable[[Callable[[Things], Posted]], Callable[[Things], Posted]]:
    def register(posted: Callable[[Things], Posted]) -> Callable[[Things], Posted]:
        POSTS[posted.__name__] = Door(posted.__name__, posted, who, places)
        return posted

    return register


def address(name: str, things: Things, places: str = "") -> str:
    instead = dict(pair.split("=") for pair in places.split())
    return reverse(name, kwargs={key: things[instead.get(key, key)] for key in doors.converters(name)})


def nothing(things: Things) -> Posted:
    return {}


POSTS["job_retry"] = Door("job_retry", lambda things: {"next": "/jobs/"})
POSTS["job_cancel"] = Door("job_cancel", lambda things: {"next": "/jobs/"}, places="job_id=open_job_id")
POSTS["job_passwords"] = Door("job_passwords", nothing, places="job_id=import_id")
POSTS["user_import_preview"] = Door("user_import_preview", lambda things: {"encoding": []})
POSTS["user_import_preview, again"] = Door(
    "user_import_preview", lambda things: {"encoding": "utf-8"}, places="draft_id=guessed_draft_id"
)
POSTS["access_undo"] = Door("access_undo", nothing, places="set_id=applied_id")


# --- The door ---------------------------------------------------------------------------------------------------------
@posts(who="")
def sign_in(things):
    return {"username": "ada", "password": PASSWORD, "next": "/users/"}


@posts()
def profile(things):
    return {"language": "zh-hans", "theme": "dark"}


@posts()
def password_change(things):
    return {"current": PASSWORD, "password": "another-long-secret", "again": "another-long-secret"}


@posts()
def operator_new(things):
    return {"username": "new.operator", "role": "viewer", "password": "another-long-secret"}


@posts()
def operator_edit(things):
    return {"role": "viewer", "is_active": "on"}


@posts()
def operator_password(things):
    return {"password": "another-long-secret"}


@posts()
def operator_workspaces(things):
    return {"every": "", "workspaces": [things["workspace_id"]]}


@posts()
def instance_identity(things):
    return {"decision": "keep", "same": ["user:1"]}


@posts()
def operator_of_user(things):
    return {"workspaces": [things["workspace_id"]]}


# --- Home -------------------------------------------------------------------------------------------------------------
@posts()
def refresh(things):
    return {"next": "/users/"}


@posts()
def theme_change(things):
    return {"theme": "dark", "next": "/users/"}


# --- Users ------------------------------------------------------------------------------------------------------------
@posts()
def user_new(things):
    return {
        "username": "fresh-one",
        "password": "another-long-secret",
        "role": "default",
        "daily_message_limit": "20",
        "bio": "Sales",
    }


@posts()
def user_edit(things):
    return {"username": "sam", "role": "default", "daily_message_limit": "20", "bio": "Sales", "next": "/users/?q=sam"}


@posts()
def user_suspend(things):
    return {"next": "/users/?q=sam"}


@posts()
def user_resume(things):
    return {"next": "/users/?q=sam"}


@posts()
def user_password(things):
    return {"password": "another-long-secret"}


@posts()
def user_delete(things):
    return {"confirm": "sam"}


@posts()
def user_bulk(things):
    return {
        "action": "limit",
        "ids": [things["user_id"]],
        "all": [],
        "selection": [],
        "confirmed": [],
        "daily_message_limit": "20",
        "role": "default",
        "confirm": "1",
        "q": "",
        "state": "",
        "signed_in": "",
        "sort": "",
    }


for _action, _more in (("suspend", {}), ("role", {"role": "manager"}), ("delete", {"confirm": "1"})):
    POSTS[f"user_bulk, {_action}"] = Door(
        "user_bulk",
        lambda things, fields={"action": _action, **_more}: POSTS["user_bulk"].posted(things) | fields,
    )


@posts()
def user_import(things):
    return {"file": [], "encoding": "", "text": "name,role,limit,about\nfresh-one,default,20,Sales\n"}


# --- Invites ----------------------------------------------------------------------------------------------------------
def _gifts(things):
    return {
        "label": "Newcomers",
        "workspace_ids": [things["workspace_id"]],
        "group_ids": [things["group_id"]],
        "days": "7",
        "role": "default",
        "daily_limit": "20",
        "note": "Welcome to the team.",
        "language": "en",
    }


@posts()
def invite_new(things):
    return _gifts(things) | {"uses": "5", "email": "anna@example.com", "for_whom": "Anna", "once": str(uuid.uuid4())}


@posts()
def invite_batch(things):
    text = "Anna Müller, anna@example.com\nBen Okafor"
    return _gifts(things) | {
        "text": text,
        "file": [],
        "encoding": "",
        "read_as": "",
        "send": "on",
        "batch": str(uuid.uuid4()),
        "seen": hashlib.sha256(text.encode()).hexdigest(),
        "make": "1",
    }


@posts()
def invite_extend(things):
    return {"days": "7", "next": "/invites/"}


POSTS["invite_revoke"] = Door("invite_revoke", lambda things: {"next": "/invites/"})
POSTS["invite_found_revoke"] = Door("invite_found_revoke", lambda things: {"next": "/invites/"})


@posts()
def invite_mail(things):
    return {"email": "anna@example.com", "next": "/invites/"}


@posts(who="")
def join(things):
    return {"username": "fresh-one", "password": "another-long-secret", "sign_out": []}


@posts(who="")
def join_check(things):
    return {"username": "fresh-one", "password": "another-long-secret"}


@posts(who="sam")
def first_question(things):
    return {"workspace": things["slug"], "text": "How many days off?", "key": str(uuid.uuid4())}


@posts(who="sam")
def anythingllm_open(things):
    things.standin.configure(sso=True)
    return {"workspace": things["slug"], "thread": "some-thread"}


# --- Workspaces and access --------------------------------------------------------------------------------------------
@posts()
def workspace_new(things):
    return {"name": "A new room", "anyway": [], "chat_mode": "chat", "once": str(uuid.uuid4())}


@posts()
def workspace_settings(things):
    fields = {
        "name": "Handbook",
        "chat_mode": "chat",
        "prompt": "Answer in one sentence.",
        "temperature": "0.5",
        "history": "7",
        "query_refusal": "Ask the people team.",
        "top_n": "5",
        "similarity_threshold": "0.5",
        "vector_search_mode": "default",
        "chat_provider": "openai",
        "chat_model": "some-model",
        "agent_provider": "openai",
        "agent_model": "some-model",
    }
    before = {f"initial-{name}": "" for name in fields}
    return {"id": things["workspace_id"], "anyway": [], **fields, **before}


@posts()
def workspace_delete(things):
    return {"id": things["workspace_id"], "confirm": things["workspace"]["name"]}


@posts()
def workspace_add_people(things):
    return {"names": "yuki, intern_2026", "instead": [], "without": []}


@posts()
def access_stage(things):
    pair = f"{things['workspace_id']}-{things['user_id']}"
    return {"give": "", "take": pair, "was": "", "cell": [], "until": until(), "next": "/access/"}


@posts()
def access_toggle(things):
    return {"give": "1", "until": until(), "by": "user", "next": "/users/"}


@posts()
def access_open(things):
    return {"on": "1"}


@posts()
def group_new(things):
    return {"name": "Apprentices"}


@posts()
def group_edit(things):
    return {"name": "Apprentices", "workspaces": [things["workspace_id"]]}


@posts()
def group_join(things):
    return {"names": "yuki, intern_2026", "ids": []}


@posts()
def group_leave(things):
    return {"ids": [things["user_id"]]}


# --- Documents --------------------------------------------------------------------------------------------------------
SEARCH = {"q": "", "type": "", "workspace": "", "state": "", "folder": "", "sort": ""}


def _chosen(things, *paths):
    paths = paths or things["paths"]
    seen = hashlib.sha256("\n".join(paths).encode()).hexdigest()[:32]
    return {"ids": list(paths), "all": [], "seen": seen, "step": "start", **SEARCH}


@posts()
def document_embed(things):
    return _chosen(things) | {"workspaces": [things["workspace_id"]]}


@posts()
def document_remove(things):
    return _chosen(things) | {"workspaces": [things["workspace_id"]], "next": "/documents/"}


@posts()
def document_erase(things):
    shown = things.client("ada").post(reverse("document_erase"), {"ids": things["paths"]})
    return _chosen(things) | {"confirm": "2", "seen": page_of(shown).fields["seen"]}


@posts()
def document_move(things):
    return _chosen(things, things["paths"][1]) | {"folder": things["folder"]}


@posts()
def document_pin(things):
    fields = {"path": things["paths"][0], "workspace": things["workspace_id"], "pinned": "1"}
    return fields | {"next": "/documents/"}


@posts()
def folder_new(things):
    return {"new_name": "Manuals"}


@posts()
def folder_rename(things):
    return {"name": things["folder"], "new_name": "Manuals"}


@posts()
def folder_remove(things):
    return {"name": things["folder"], "documents": "0", "step": "start"}


def _place(things):
    return {"workspaces": [things["workspace_id"]], "folder": "custom-documents"}


@posts()
def document_add(things):
    return _place(things) | {"duplicates": "skip", "encoding": "", "filenames": [], "replaces": ""}


@posts()
def document_add_file(things):
    fields = {"duplicates": "skip", "batch": "b2", "ticket": "t1", "encoding": "", "name": "", "replaces": ""}
    return _place(things) | fields | {"files": SimpleUploadedFile("notes.txt", b"The zebra crossed the road.")}


@posts()
def document_link(things):
    return _place(things) | {"duplicates": "skip", "address": "http://93.184.216.34/page", "replaces": ""}


@posts()
def document_text(things):
    return _place(things) | {"title": "Some notes", "text": "The zebra crossed the road."}


@posts()
def document_add_retry(things):
    item = Job.objects.get(pk=things["job_id"]).items.get()
    return {"item": [item.pk], "any_page": []}


# --- Chat -------------------------------------------------------------------------------------------------------------
@posts()
def chat_ask(things):
    asked = {"text": "How many days off?", "mode": "chat", "key": str(uuid.uuid4())}
    return asked | {"thread": things["thread"], "files": []}


@posts()
def chat_rename(things):
    return {"name": "About holidays"}


@posts()
def chatlog_update(things):
    return {"next": "/chats/"}


for _name, (_action, _methods) in DOORS.items():
    if "POST" in _methods and all(door.name != _name for door in POSTS.values()):
        POSTS[_name] = Door(_name, doors.POSTED.get(_name, nothing))


# What a person types, where it is not hidden; all else is chosen, ticked or the page's own, and secrets are not sent back.
TYPED = {
    "username", "daily_message_limit", "daily_limit", "bio", "text", "label", "note", "uses", "email", "for_whom", "days",
    "name", "prompt", "temperature", "history", "query_refusal", "top_n", "chat_model", "agent_model", "names", "new_name",
    "address", "title",
}  # fmt: skip


# --- What is asked in addresses ---------------------------------------------------------------------------------------
PAGED = {"page": "2", "size": "25"}
LANGUAGE = {"language": "en"}
# Doors that are read: the names they look for, each with something that one may ask.
QUERIES: dict[str, dict[str, str]] = {name: {} for name, (_action, methods) in DOORS.items() if "GET" in methods} | {
    "sign_in": {"next": "/users/", "unsent": "page"} | LANGUAGE,
    "recovery_codes": {"download": "1"},
    "join": LANGUAGE,
    "first_steps": {"workspace": "company-handbook"},
    "chat_home": {"q": "hand"},
    "chat_workspace": {"all": "1"},
    "chat_thread": {"all": "1"},
    "chat_turn": {"stopped": "1"},
    "palette": {"q": "ada"},
    "operator_list": {"q": "ada"} | PAGED,
    "user_list": {"q": "a", "role": "", "state": "", "signed_in": "", "sort": "-name", "counts": "1"} | PAGED,
    "user_detail": {"w": "hand"},
    "user_export": {"q": "a", "role": "", "state": "", "signed_in": "", "sort": "-name"},
    "user_check": {"username": "ada"},
    "user_lock_out": {"w": "hand"},
    "user_import_preview": {"show": "new"} | PAGED,
    "invite_list": {"q": "a", "state": "", "source": "", "workspace": "", "sort": "-label"} | PAGED,
    "invite_new": {"like": "1"},
    "invite_batch": {"like": "1"},
    "workspace_list": {"q": "a", "mode": "", "sort": "-name", "counts": "1"} | PAGED,
    "workspace_export": {"q": "a", "mode": "", "sort": "-name"},
    "workspace_detail": {"q": "a"} | PAGED,
    "access_matrix": {"q": "a", "w": "a", "role": "", "state": "", "group": "", "ready": "1", "columns": "1"} | PAGED,
    "access_example": {"q": "a", "to": "1 2"},
    "access_set_list": PAGED,
    "access_set": {"outcome": "done"} | PAGED,
    "group_list": PAGED,
    "group_detail": {"q": "a"} | PAGED,
    "document_list": SEARCH | {"ready": "1", "workspace": "+none"} | PAGED,
    "document_detail": {"path": "custom-documents/a.json"},
    "document_embed": SEARCH | {"ids": "custom-documents/a.json", "all": "1", "step": "", "workspaces": "1"},
    "document_remove": SEARCH
    | {"ids": "custom-documents/a.json", "all": "1", "workspaces": "1", "next": "/documents/"},
    "document_erase": SEARCH | {"ids": "custom-documents/a.json", "all": "1"},
    "document_move": SEARCH | {"ids": "custom-documents/a.json", "all": "1"},
    "folder_rename": {"name": "custom-documents"},
    "folder_remove": {"name": "custom-documents"},
    "workspace_find": {"q": "zebra", "n": "4", "least": "0"},
    "document_add": {"workspace": "company-handbook"},
    "document_link": {"workspace": "company-handbook"},
    "document_text": {"workspace": "company-handbook"},
    "chatlog_list": {"q": "a", "person": "a", "workspace": "", "mode": "", "days": "all", "since": "", "until": ""}
    | PAGED,
    "chatlog_detail": PAGED,
    "chatlog_export": {
        "q": "a",
        "person": "a",
        "workspace": "",
        "mode": "",
        "days": "all",
        "since": "",
        "until": "",
        "format": "csv",
    },
    "usage_overview": {"days": "7"},
    "usage_export": {"days": "7", "table": "people"},
    "job_list": PAGED,
    "job_detail": {"state": "done"} | PAGED,
    "audit_list": {"person": "a", "action": "", "target": "", "outcome": "", "since": "", "until": ""} | PAGED,
    "audit_export": {"person": "a", "action": "", "target": "", "outcome": "", "since": "", "until": ""},
}
# Who asks, if not ada.
READ_BY = {"sign_in": "", "join": "", "first_steps": "sam", "chat_home": "sam"}


def asked(name: str, things: Things) -> dict[str, str]:
    """A query of this door, with a document that is there."""
    return {key: things["paths"][0] if key in ("path", "ids") else value for key, value in QUERIES[name].items()}


# What is posted to, but asked for something in its address, too.
ALSO_ASKED = {"join_check": {"field": "password", "language": "en"}}
