"""Who may open which door: the promise, written down a second time, by hand.

Nothing here is computed from `dashboard.permissions`, and nothing there from this: where the two differ, one of them is wrong. What the
README says of the roles is behind each line: admins may everything; managers access, settings, invites, documents, the chat log and usage
of all workspaces, or (`some`) of those an admin gave them; viewers look at users, workspaces and documents; members chat, and begin.

GET and POST: the status with which the door answers whoever may, when nothing is in the form that is posted (302: done, or shown elsewhere;
422: the form, with what is missing; 409 and 400: told what is missing). `-`: there is no such method, 405. `200/409`: to an account of
AnythingLLM, and to an operator of Foyer itself. `200h`: to HEAD, too.
Roles: `x` may, `-` is refused with 403. A status, or two (`200,422`, for GET and POST): they may in principle, and are answered otherwise
than the rest. Whoever is not signed in is sent to sign in where they may not. A local member has no account of AnythingLLM, so no
workspace is open to them; who has only one is taken there from `chat_home`.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("admin", "manager", "some", "viewer", "member", "local member", "nobody")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

TABLE = """
                      GET  POST   admin manager some viewer member local_member nobody

# For everybody
healthz               200h -      x     x       x    x      x      x            x
readyz                200h -      x     x       x    x      x      x            x
sign_in               302  422    x     x       x    x      x      x            200,422
join                  200  422    x     x       x    x      x      x            x
join_check            -    200    x     x       x    x      x      x            x

# For whoever is signed in
home                  200  -      x     x       x    x      x      x            -
palette               200  -      x     x       x    x      x      x            -
light                 200  -      x     x       x    x      x      x            -
refresh               -    302    x     x       x    x      x      x            -
theme_change          -    302    x     x       x    x      x      x            -
profile               200  422    x     x       x    x      x      x            -
password_change       200  200/422  x     x       x    x      x      x            -
recovery_codes        302  302    x     x       x    x      x      x            -
sign_out              -    302    x     x       x    x      x      x            -
sign_out_everywhere   -    302    x     x       x    x      x      x            -
first_steps           200  -      x     x       x    x      x      x            -
first_question        -    422    x     x       x    x      x      x            -
anythingllm_open      -    200/409  x     x       x    x      x      x            -

# Chat: of a workspace that is open to them, in a conversation of their own
chat_home             200  -      x     x       302  x      302    x            -
chat_workspace        200  -      x     x       x    x      x      404          -
chat_ask              -    409    x     x       x    x      x      x            -
chat_turn             200  -      x     x       x    x      x      404          -
chat_thread           200  -      x     x       x    x      x      404          -
chat_sources          200  -      x     x       x    x      x      404          -
chat_rename           200  422    x     x       x    x      x      404          -
chat_delete           200  302    x     x       x    x      x      404          -

# Users: to be seen by viewers and managers, to be changed by admins
user_list             200  -      x     x       x    x      -      -            -
user_detail           200  -      x     x       x    x      -      -            -
user_export           200  -      x     x       x    -      -      -            -
user_new              200  422    x     -       -    -      -      -            -
user_check            200  -      x     -       -    -      -      -            -
user_import           200  422    x     -       -    -      -      -            -
user_import_preview   200  302    x     -       -    -      -      -            -
user_import_export    200  -      x     -       -    -      -      -            -
user_edit             200  422    x     -       -    -      -      -            -
user_suspend          -    302    x     -       -    -      -      -            -
user_resume           -    302    x     -       -    -      -      -            -
user_lock_out         200  302    x     -       -    -      -      -            -
user_password         200  422    x     -       -    -      -      -            -
user_bulk             302  400    x     -       -    -      -      -            -
user_delete           200  422    x     -       -    -      -      -            -

# Invites
invite_list           200  -      x     x       x    -      -      -            -
invite_new            200  422    x     x       x    -      -      -            -
invite_detail         200  -      x     x       x    -      -      -            -
invite_link           200  -      x     x       x    -      -      -            -
invite_print          200  -      x     x       x    -      -      -            -
invite_extend         200  422    x     x       x    -      -      -            -
invite_revoke         200  302    x     x       x    -      -      -            -
invite_mail           -    422    x     x       x    -      -      -            -
invite_batch          200  422    x     x       x    -      -      -            -
invite_batch_detail   200  -      x     x       x    -      -      -            -
invite_batch_export   200  -      x     x       x    -      -      -            -
invite_batch_mail     -    302    x     x       x    -      -      -            -
invite_found          200  -      x     x       x    -      -      -            -
invite_found_revoke   200  302    x     x       x    -      -      -            -

# Workspaces: a new one, or one for everyone, is not for managers of some
workspace_list        200  -      x     x       x    x      -      -            -
workspace_export      200  -      x     x       x    x      -      -            -
workspace_detail      200  -      x     x       x    x      -      -            -
workspace_find        200  -      x     x       x    x      -      -            -
workspace_add_people  200  422    x     x       x    -      -      -            -
workspace_settings    200  409    x     x       x    -      -      -            -
workspace_new         200  422    x     x       -    -      -      -            -
workspace_delete      200  409    x     -       -    -      -      -            -

# Access
access_matrix         200  -      x     x       x    -      -      -            -
access_example        200  -      x     x       x    -      -      -            -
access_stage          -    302    x     x       x    -      -      -            -
access_set_list       200  -      x     x       x    -      -      -            -
access_set            200  -      x     x       x    -      -      -            -
access_apply          -    302    x     x       x    -      -      -            -
access_discard        -    302    x     x       x    -      -      -            -
access_undo           -    302    x     x       x    -      -      -            -
access_toggle         -    400    x     x       x    -      -      -            -
access_open           -    302    x     x       -    -      -      -            -
group_list            200  -      x     -       -    -      -      -            -
group_new             200  422    x     -       -    -      -      -            -
group_detail          200  -      x     -       -    -      -      -            -
group_edit            200  422    x     -       -    -      -      -            -
group_join            -    422    x     -       -    -      -      -            -
group_leave           -    302    x     -       -    -      -      -            -
group_delete          -    302    x     -       -    -      -      -            -

# Documents: folders are everybody's, so they are not for managers of some
document_list         200  -      x     x       x    x      -      -            -
document_detail       200  -      x     x       x    x      -      -            -
document_embed        200  409    x     x       x    -      -      -            -
document_remove       200  409    x     x       x    -      -      -            -
document_erase        200  409    x     x       x    -      -      -            -
document_move         200  409    x     x       x    -      -      -            -
document_pin          -    400    x     x       x    -      -      -            -
document_add          200  422    x     x       x    -      -      -            -
document_add_file     -    422    x     x       x    -      -      -            -
document_link         200  422    x     x       x    -      -      -            -
document_text         200  422    x     x       x    -      -      -            -
document_add_status   200  -      x     x       x    -      -      -            -
document_add_retry    -    302    x     x       x    -      -      -            -
folder_new            200  422    x     x       -    -      -      -            -
folder_rename         200  404    x     x       -    -      -      -            -
folder_remove         200  404    x     x       -    -      -      -            -

# What others asked, and who uses what
chatlog_list          200  -      x     x       x    -      -      -            -
chatlog_detail        200  -      x     x       x    -      -      -            -
chatlog_export        200  -      x     x       x    -      -      -            -
chatlog_update        -    302    x     x       x    -      -      -            -
usage_overview        200  -      x     x       x    -      -      -            -
usage_export          200  -      x     x       x    -      -      -            -

# Jobs and ledger: of managers their own, and what was done about their workspaces
job_list              200  -      x     x       x    -      -      -            -
job_detail            200  -      x     x       x    -      -      -            -
job_cancel            -    302    x     x       x    -      -      -            -
job_retry             -    302    x     x       x    -      -      -            -
job_report            200  -      x     x       x    -      -      -            -
job_passwords         -    302    x     x       x    -      -      -            -
audit_list            200  -      x     x       x    -      -      -            -
audit_export          200  -      x     x       x    -      -      -            -

# Foyer itself
operator_list         200  -      x     -       -    -      -      -            -
operator_new          200  422    x     -       -    -      -      -            -
operator_edit         200  422    x     -       -    -      -      -            -
operator_password     200  200    x     -       -    -      -      -            -
operator_workspaces   200  302    x     -       -    -      -      -            -
operator_of_user      200  302    x     -       -    -      -      -            -
system_overview       200  -      x     -       -    -      -      -            -
instance_identity     200  302    x     -       -    -      -      -            -
connection_test       -    200    x     -       -    -      -      -            -
"""


@dataclass(frozen=True)
class Line:
    """One door. `answers`: what it answers whoever may, by method. `cells`: "x", "-", or a column's own answers."""

    door: str
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


def read(table: str) -> dict[str, Line]:
    lines = {}
    for row in table.strip().splitlines()[1:]:
        if row.strip() and not row.startswith("#"):
            door, get, post, *cells = row.split()
            plain = get.removesuffix("h")
            told = {"GET": plain, "HEAD": plain if plain != get else "-", "POST": post}
            answers = {method: status for method, status in told.items() if status != "-"}
            lines[door] = Line(door, answers, dict(zip(COLUMNS, cells, strict=True)))
    return lines


LINES = read(TABLE)
