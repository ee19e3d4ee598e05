"""Every URL of Foyer, entered once: what opens it, who may, what it answers, and what a person usually sends to it.

A new URL is a row here, and a line in `POSTED` if it takes a form. That feeds the tests of the house, of rights, limits, faults, hostile
input, secrets and languages, and the pages that Chromium opens. Only what it changes on the instance has to be told beside it, as an act
in `tests/faults/acts.py`, because nobody but a person knows what is right there.

Nothing here is computed from `dashboard.permissions`, and nothing there from this: where the two differ, one of them is wrong. What the
README says of the roles is behind each line: admins may everything; managers access, settings, invites, documents, the chat log and usage
of all workspaces, or (`some`) of those an admin gave them; viewers look at users, workspaces and documents; members chat, and begin.

action: what the view asks for, `-` for a public one. kind: `page` is opened by its address and looked at in the browser; `part` is a
fragment, a file, or a page that only sometimes is there; `act` only takes a POST.
GET and POST: the status with which the door answers whoever may, when nothing is in the form that is posted (302: done, or shown elsewhere;
422: the form, with what is missing; 409 and 400: told what is missing). `-`: there is no such method, 405. `200/409`: to an account of
AnythingLLM, and to an operator of Foyer itself.
Roles: `x` may, `-` is refused with 403. A status, or two (`200,422`, for GET and POST): they may in principle, and are answered otherwise
than the rest. Whoever is not signed in is sent to sign in where they may not. A local member has no account of AnythingLLM, so no
workspace is open to them; who has only one is taken there from `chat_home`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.permissions import Action

COLUMNS = ("admin", "manager", "some", "viewer", "member", "local member", "nobody")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

TABLE = """
                      action              kind  GET   POST    admin manager some viewer member local_member nobody

# For everybody
healthz               -                   part  200   -       x     x       x    x      x      x            x
readyz                -                   part  200   -       x     x       x    x      x      x            x
sign_in               -                   part  302   422     x     x       x    x      x      x            200,422
join                  -                   page  200   422     x     x       x    x      x      x            x
join_check            -                   act   -     200     x     x       x    x      x      x            x

# For whoever is signed in
home                  USE_FOYER           page  200   -       x     x       x    x      x      x            -
palette               USE_FOYER           page  200   -       x     x       x    x      x      x            -
light                 USE_FOYER           part  200   -       x     x       x    x      x      x            -
refresh               USE_FOYER           act   -     302     x     x       x    x      x      x            -
theme_change          USE_FOYER           act   -     302     x     x       x    x      x      x            -
profile               USE_FOYER           page  200   422     x     x       x    x      x      x            -
password_change       USE_FOYER           page  200   200/422 x     x       x    x      x      x            -
recovery_codes        USE_FOYER           part  302   302     x     x       x    x      x      x            -
sign_out              USE_FOYER           act   -     302     x     x       x    x      x      x            -
sign_out_everywhere   USE_FOYER           act   -     302     x     x       x    x      x      x            -
first_steps           USE_FOYER           page  200   -       x     x       x    x      x      x            -
first_question        USE_FOYER           act   -     422     x     x       x    x      x      x            -
anythingllm_open      USE_FOYER           act   -     200/409 x     x       x    x      x      x            -

# Chat: of a workspace that is open to them, in a conversation of their own
chat_home             USE_CHAT            page  200   -       x     x       302  x      302    x            -
chat_workspace        USE_CHAT            page  200   -       x     x       x    x      x      404          -
chat_ask              USE_CHAT            act   -     409     x     x       x    x      x      x            -
chat_turn             USE_CHAT            part  200   -       x     x       x    x      x      404          -
chat_thread           USE_CHAT            part  200   -       x     x       x    x      x      404          -
chat_sources          USE_CHAT            part  200   -       x     x       x    x      x      404          -
chat_rename           USE_CHAT            part  200   422     x     x       x    x      x      404          -
chat_delete           USE_CHAT            part  200   302     x     x       x    x      x      404          -

# Users: to be seen by viewers and managers, to be changed by admins
user_list             VIEW_USERS          page  200   -       x     x       x    x      -      -            -
user_detail           VIEW_USERS          page  200   -       x     x       x    x      -      -            -
user_export           EXPORT_USERS        part  200   -       x     x       x    -      -      -            -
user_new              CREATE_USERS        page  200   422     x     -       -    -      -      -            -
user_check            CREATE_USERS        part  200   -       x     -       -    -      -      -            -
user_import           CREATE_USERS        page  200   422     x     -       -    -      -      -            -
user_import_preview   CREATE_USERS        page  200   302     x     -       -    -      -      -            -
user_import_export    CREATE_USERS        part  200   -       x     -       -    -      -      -            -
user_edit             CHANGE_USERS        page  200   422     x     -       -    -      -      -            -
user_suspend          CHANGE_USERS        act   -     302     x     -       -    -      -      -            -
user_resume           CHANGE_USERS        act   -     302     x     -       -    -      -      -            -
user_lock_out         CHANGE_USERS        page  200   302     x     -       -    -      -      -            -
user_password         CHANGE_USERS        page  200   422     x     -       -    -      -      -            -
user_bulk             CHANGE_USERS        part  302   400     x     -       -    -      -      -            -
user_delete           DELETE_USERS        page  200   422     x     -       -    -      -      -            -

# Invites
invite_list           INVITE              page  200   -       x     x       x    -      -      -            -
invite_new            INVITE              page  200   422     x     x       x    -      -      -            -
invite_detail         INVITE              page  200   -       x     x       x    -      -      -            -
invite_link           INVITE              page  200   -       x     x       x    -      -      -            -
invite_print          INVITE              page  200   -       x     x       x    -      -      -            -
invite_extend         INVITE              page  200   422     x     x       x    -      -      -            -
invite_revoke         INVITE              page  200   302     x     x       x    -      -      -            -
invite_mail           INVITE              act   -     422     x     x       x    -      -      -            -
invite_batch          INVITE              page  200   422     x     x       x    -      -      -            -
invite_batch_detail   INVITE              page  200   -       x     x       x    -      -      -            -
invite_batch_export   INVITE              part  200   -       x     x       x    -      -      -            -
invite_batch_mail     INVITE              act   -     302     x     x       x    -      -      -            -
invite_found          INVITE              page  200   -       x     x       x    -      -      -            -
invite_found_revoke   INVITE              page  200   302     x     x       x    -      -      -            -

# Workspaces: a new one, or one for everyone, is not for managers of some
workspace_list        VIEW_WORKSPACES     page  200   -       x     x       x    x      -      -            -
workspace_export      VIEW_WORKSPACES     part  200   -       x     x       x    x      -      -            -
workspace_detail      VIEW_WORKSPACES     page  200   -       x     x       x    x      -      -            -
workspace_find        VIEW_DOCUMENTS      page  200   -       x     x       x    x      -      -            -
workspace_add_people  CHANGE_ACCESS       page  200   422     x     x       x    -      -      -            -
workspace_settings    CHANGE_WORKSPACES   page  200   409     x     x       x    -      -      -            -
workspace_new         CREATE_WORKSPACES   page  200   422     x     x       -    -      -      -            -
workspace_delete      DELETE_WORKSPACES   page  200   409     x     -       -    -      -      -            -

# Access
access_matrix         CHANGE_ACCESS       page  200   -       x     x       x    -      -      -            -
access_example        CHANGE_ACCESS       part  200   -       x     x       x    -      -      -            -
access_stage          CHANGE_ACCESS       act   -     302     x     x       x    -      -      -            -
access_set_list       CHANGE_ACCESS       page  200   -       x     x       x    -      -      -            -
access_set            CHANGE_ACCESS       page  200   -       x     x       x    -      -      -            -
access_apply          CHANGE_ACCESS       act   -     302     x     x       x    -      -      -            -
access_discard        CHANGE_ACCESS       act   -     302     x     x       x    -      -      -            -
access_undo           CHANGE_ACCESS       act   -     302     x     x       x    -      -      -            -
access_toggle         CHANGE_ACCESS       act   -     400     x     x       x    -      -      -            -
access_open           OPEN_WORKSPACES     act   -     302     x     x       -    -      -      -            -
group_list            MANAGE_GROUPS       page  200   -       x     -       -    -      -      -            -
group_new             MANAGE_GROUPS       page  200   422     x     -       -    -      -      -            -
group_detail          MANAGE_GROUPS       page  200   -       x     -       -    -      -      -            -
group_edit            MANAGE_GROUPS       page  200   422     x     -       -    -      -      -            -
group_join            MANAGE_GROUPS       act   -     422     x     -       -    -      -      -            -
group_leave           MANAGE_GROUPS       act   -     302     x     -       -    -      -      -            -
group_delete          MANAGE_GROUPS       act   -     302     x     -       -    -      -      -            -

# Documents: folders are everybody's, so they are not for managers of some
document_list         VIEW_DOCUMENTS      page  200   -       x     x       x    x      -      -            -
document_detail       VIEW_DOCUMENTS      part  200   -       x     x       x    x      -      -            -
document_embed        CHANGE_DOCUMENTS    part  200   409     x     x       x    -      -      -            -
document_remove       CHANGE_DOCUMENTS    part  200   409     x     x       x    -      -      -            -
document_erase        CHANGE_DOCUMENTS    part  200   409     x     x       x    -      -      -            -
document_move         CHANGE_DOCUMENTS    part  200   409     x     x       x    -      -      -            -
document_pin          CHANGE_DOCUMENTS    act   -     400     x     x       x    -      -      -            -
document_add          CHANGE_DOCUMENTS    page  200   422     x     x       x    -      -      -            -
document_add_file     CHANGE_DOCUMENTS    act   -     422     x     x       x    -      -      -            -
document_link         CHANGE_DOCUMENTS    page  200   422     x     x       x    -      -      -            -
document_text         CHANGE_DOCUMENTS    page  200   422     x     x       x    -      -      -            -
document_add_status   CHANGE_DOCUMENTS    part  200   -       x     x       x    -      -      -            -
document_add_retry    CHANGE_DOCUMENTS    act   -     302     x     x       x    -      -      -            -
folder_new            MANAGE_FOLDERS      page  200   422     x     x       -    -      -      -            -
folder_rename         MANAGE_FOLDERS      part  200   404     x     x       -    -      -      -            -
folder_remove         MANAGE_FOLDERS      part  200   404     x     x       -    -      -      -            -

# What others asked, and who uses what
chatlog_list          VIEW_CHATS          page  200   -       x     x       x    -      -      -            -
chatlog_detail        VIEW_CHATS          page  200   -       x     x       x    -      -      -            -
chatlog_export        VIEW_CHATS          part  200   -       x     x       x    -      -      -            -
chatlog_update        VIEW_CHATS          act   -     302     x     x       x    -      -      -            -
usage_overview        VIEW_USAGE          page  200   -       x     x       x    -      -      -            -
usage_export          VIEW_USAGE          part  200   -       x     x       x    -      -      -            -

# Jobs and ledger: of managers their own, and what was done about their workspaces
job_list              VIEW_JOBS           page  200   -       x     x       x    -      -      -            -
job_detail            VIEW_JOBS           page  200   -       x     x       x    -      -      -            -
job_cancel            VIEW_JOBS           act   -     302     x     x       x    -      -      -            -
job_retry             VIEW_JOBS           act   -     302     x     x       x    -      -      -            -
job_report            VIEW_JOBS           part  200   -       x     x       x    -      -      -            -
job_passwords         VIEW_JOBS           act   -     302     x     x       x    -      -      -            -
audit_list            VIEW_LEDGER         page  200   -       x     x       x    -      -      -            -
audit_export          VIEW_LEDGER         part  200   -       x     x       x    -      -      -            -

# Foyer itself
operator_list         MANAGE_OPERATORS    page  200   -       x     -       -    -      -      -            -
operator_new          MANAGE_OPERATORS    page  200   422     x     -       -    -      -      -            -
operator_edit         MANAGE_OPERATORS    page  200   422     x     -       -    -      -      -            -
operator_password     MANAGE_OPERATORS    page  200   200     x     -       -    -      -      -            -
operator_workspaces   MANAGE_OPERATORS    page  200   302     x     -       -    -      -      -            -
operator_of_user      MANAGE_OPERATORS    page  200   302     x     -       -    -      -      -            -
system_overview       VIEW_SYSTEM         page  200   -       x     -       -    -      -      -            -
connection_test       VIEW_SYSTEM         act   -     200     x     -       -    -      -      -            -
instance_identity     MANAGE_OPERATORS    page  200   302     x     -       -    -      -      -            -
"""


@dataclass(frozen=True)
class Line:
    """One door. `answers`: what it answers whoever may, by method. `cells`: "x", "-", or a column's own answers."""

    door: str
    action: Action | None
    kind: str
    answers: dict[str, str]
    cells: dict[str, str]

    def status(self, column: str, method: str, *, local: bool) -> int:
        """What this column gets; 302 is also the way to sign in."""
        cell = self.cells[column]
        if column == "nobody" and cell == "-":
            return 302
        if method not in self.answers:
            return 405
        if cell == "-":
            return 403
        get, _comma, post = cell.partition(",")
        own = post if post and method == "POST" else get
        linked, _slash, otherwise = (self.answers[method] if cell == "x" else own).partition("/")
        return int(otherwise if local and otherwise else linked)

    def may(self, column: str) -> bool:
        return self.cells[column] != "-"

    @property
    def methods(self) -> set[str]:
        return set(self.answers) - {"HEAD"}


def read(table: str) -> dict[str, Line]:
    lines = {}
    for row in table.strip().splitlines()[1:]:
        if row.strip() and not row.startswith("#"):
            door, action, kind, get, post, *cells = row.split()
            told = {"GET": get, "HEAD": get, "POST": post}  # HEAD answers as GET does, everywhere
            answers = {method: status for method, status in told.items() if status != "-"}
            asked = None if action == "-" else Action[action]
            lines[door] = Line(door, asked, kind, answers, dict(zip(COLUMNS, cells, strict=True)))
    return lines


LINES = read(TABLE)
DOORS = {
    door: (line.action, line.methods) for door, line in LINES.items()
}  # which action opens it, and by which methods
PAGES = [door for door, line in LINES.items() if line.kind == "page"]

# What a person usually posts, and so that it is done: by the names that addresses use ("user_id", "slug" ...) all that there is to name.
# What is posted to the other doors stands in `tests/hostile/doors.py`; a door that is in neither takes no more than its button.
Things = Mapping[str, Any]
POSTED: dict[str, Callable[[Things], dict[str, Any]]] = {}


def posted(name: str, things: Things) -> dict[str, Any]:
    return POSTED[name](things) if name in POSTED else {}


# --- Addresses --------------------------------------------------------------------------------------------------------
def urls(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns)
        else:
            yield pattern


def converters(name: str) -> list[str]:
    """What the address of a door names."""
    return list(next(url for url in urls() if url.name == name).pattern.converters)


def address(name: str, things: Things) -> str:
    return reverse(name, kwargs={key: things[key] for key in converters(name)})


def some_things(standin: Any) -> dict[str, Any]:
    """What addresses name: of the instance what is there, of Foyer ids that may be nobody's."""
    workspace = standin.get("/v1/workspaces")["workspaces"][0]
    nobodys = dict.fromkeys(
        [
            "operator_id",
            "job_id",
            "set_id",
            "group_id",
            "draft_id",
            "link_id",
            "invite_id",
            "turn_id",
            "chat_id",
            "exchange_id",
        ],
        1,
    )
    return nobodys | {
        "user_id": standin.get("/v1/admin/users")["users"][-1]["id"],
        "slug": workspace["slug"],
        "workspace_id": workspace["id"],
        "code": "no-such-code",
        "batch": "00000000-0000-4000-8000-000000000001",
        "thread": "nobodys",
    }
