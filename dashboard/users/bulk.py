"""One change to many people: what it would do is shown first, and exactly that runs as a job once it is confirmed.

The people are settled when they are shown. Their ids go to the browser and back under a signature, so nothing is kept meanwhile and
nobody slips in who came to match the search afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.views.decorators.http import require_http_methods

from dashboard.accounts.models import Operator
from dashboard.anythingllm import User
from dashboard.chatlog import services as chatlog
from dashboard.errors import Declined, Words
from dashboard.http import Request, render_page
from dashboard.jobs import services as jobs
from dashboard.order import natural
from dashboard.permissions import Action, allows, also_requires, requires
from dashboard.said import gettext as _
from dashboard.said import gettext_lazy, ngettext_lazy
from dashboard.users import services
from dashboard.users.forms import LIMIT_MAX, ROLES, UserSearchForm

NAMES_SHOWN = 20
MANY = 100  # people, as many as a page can show: more than that nobody has ticked one by one
CONFIRM_WITHIN = 60 * 60  # seconds
SALT = "dashboard.users.bulk"


# --- What can be done ---------------------------------------------------------------------------------------------------
class PlainForm(forms.Form):
    """Nothing to fill in, but the number of people where that is asked for: of deletions always, of other changes from MANY on."""

    always_typed = False

    def __init__(self, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = count
        if self.always_typed or count > MANY:
            self.fields["confirm"] = forms.CharField(
                label=_("Type %(count)d to confirm") % {"count": count},
                widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
            )

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if typed != str(self.count):
            raise forms.ValidationError(_("This is not the number of people."))
        return typed

    def params(self) -> dict[str, Any]:
        """What the job's kind needs to know."""
        return {name: value for name, value in self.cleaned_data.items() if name != "confirm"}


class RoleForm(PlainForm):
    role = forms.ChoiceField(label=gettext_lazy("New role"), choices=ROLES)


class LimitForm(PlainForm):
    daily_message_limit = forms.IntegerField(
        label=gettext_lazy("Messages a day"),
        required=False,
        min_value=1,
        max_value=LIMIT_MAX,
        help_text=gettext_lazy("Empty: no limit."),
    )


class DeleteForm(PlainForm):
    always_typed = True


@dataclass(frozen=True, slots=True)
class Change:
    """`title` (with %(total)s) heads the dialog and the job, and is its button; `spared` tells who is left out, by their own state, and why.

    `shuts_out`: it takes from people what lets them in or look after others, so one's own account and the last admin are left out.
    """

    title: ngettext_lazy  # plural by "n"
    effect: Words
    form: type[PlainForm] = PlainForm
    spared: Callable[[User], Words | None] = lambda user: None
    shuts_out: bool = False
    action: Action = Action.CHANGE_USERS


def _what_deleting_means() -> str:
    means = _("This permanently deletes the accounts, their chats and their access.")
    return f"{means} {chatlog.after_deletion()}"


CHANGES = {
    "suspend": Change(
        ngettext_lazy("Suspend %(total)s person", "Suspend %(total)s people", "n"),
        gettext_lazy(
            "They are locked out at once, also where they are signed in. Everything of theirs stays, and they can be resumed."
        ),
        spared=lambda user: gettext_lazy("Suspended already") if user.suspended else None,
        shuts_out=True,
    ),
    "resume": Change(
        ngettext_lazy("Resume %(total)s person", "Resume %(total)s people", "n"),
        gettext_lazy("They can sign in again and find everything as it was."),
        spared=lambda user: None if user.suspended else gettext_lazy("Not suspended"),
    ),
    "role": Change(
        ngettext_lazy("Change the role of %(total)s person", "Change the role of %(total)s people", "n"),
        gettext_lazy(
            "Managers and admins open every workspace, whoever is listed as a member. Who has the role already is skipped."
        ),
        form=RoleForm,
        shuts_out=True,
    ),
    "limit": Change(
        ngettext_lazy("Set the daily limit of %(total)s person", "Set the daily limit of %(total)s people", "n"),
        gettext_lazy(
            "It counts the messages of the last 24 hours, in all workspaces. Who has this limit already is skipped."
        ),
        form=LimitForm,
        spared=lambda user: gettext_lazy("Admin, never limited") if user.role == "admin" else None,
    ),
    "delete": Change(
        ngettext_lazy("Delete %(total)s person", "Delete %(total)s people", "n"),
        lazy(_what_deleting_means, str)(),
        form=DeleteForm,
        shuts_out=True,
        action=Action.DELETE_USERS,
    ),
}


# --- To whom ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class People:
    """Some people, the first of them by name."""

    users: list[User]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def names(self) -> str:
        return ", ".join(user.username for user in self.users[:NAMES_SHOWN])

    @property
    def more(self) -> int:
        return max(len(self.users) - NAMES_SHOWN, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who would be changed, and who would be left out, by the reason."""

    change: People
    spare: list[tuple[Words, People]]


def plan(change: Change, everybody: list[User], chosen: list[User], actor: Operator) -> Plan:
    """Goes through the chosen in order, as the job will: of several admins, the last one who can sign in is left out."""
    admins = {user.id for user in everybody if user.role == "admin" and not user.suspended}
    changed, spared = [], defaultdict(list)
    for user in chosen:
        reason = change.spared(user)
        if reason is None and change.shuts_out:
            if user.id == actor.anythingllm_user_id:
                reason = gettext_lazy("Your own account")
            elif admins == {user.id}:
                reason = gettext_lazy("The last admin who can sign in")
            else:
                admins.discard(user.id)
        if reason is None:
            changed.append(user)
        else:
            spared[reason].append(user)
    return Plan(People(changed), [(reason, People(users)) for reason, users in spared.items()])


def _signed(ids: list[int], actor: Operator) -> str:
    return signing.dumps([actor.pk, ids], salt=SALT, compress=True)


def _unsigned(selection: str, actor: Operator) -> list[int]:
    """The ids that were shown to this operator. Raises Declined."""
    try:
        owner, ids = signing.loads(selection, salt=SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature:
        owner, ids = None, []
    if owner != actor.pk:
        raise Declined(_("What was chosen is more than an hour old, so nothing was changed. Choose the people again."))
    return ids  # type: ignore[no-any-return]


def _chosen(posted: QueryDict, everybody: list[User], actor: Operator) -> list[User]:
    """Those ticked in the table, all that match its search, or those of an earlier step, by name. Raises Declined."""
    if "all" in posted:
        search = UserSearchForm(posted)
        chosen = services.matching(everybody, **search.criteria())
    else:
        given = _unsigned(posted.get("selection", ""), actor) if "selection" in posted else posted.getlist("ids")
        wanted = {str(user_id) for user_id in given}
        chosen = [user for user in everybody if str(user.id) in wanted]
    if not chosen:
        raise Declined(_("Nobody is chosen. Tick the people in the table first."))
    return sorted(chosen, key=lambda user: natural(user.username))


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE_USERS)
def user_bulk(request: Request) -> HttpResponse:
    """Shows what would happen to those chosen; with `confirmed`, starts it for those that were shown."""
    if request.method == "GET":
        return redirect("user_list")  # a link back, or a page loaded again: there nobody is chosen
    name = request.POST.get("action", "")
    change = CHANGES.get(name)
    if change is None:
        raise BadRequest
    if not allows(request.user, change.action):
        raise PermissionDenied
    everybody = services.current()
    chosen = _chosen(request.POST, everybody, request.user)
    found = plan(change, everybody, chosen, request.user)
    ids = [user.id for user in found.change.users]
    title = change.title % {"n": len(ids), "total": number_format(len(ids), force_grouping=True)}
    confirmed = "confirmed" in request.POST
    form = change.form(request.POST if confirmed else None, count=len(ids))
    if confirmed and set(ids) != set(_unsigned(request.POST.get("selection", ""), request.user)):
        form.add_error(
            None, _("Some of these people have changed since you looked. See who is left, and confirm again.")
        )
    if confirmed and form.is_valid() and ids:
        params = form.params()
        graver = Action.PROMOTE_USERS if params.get("role") == "admin" else change.action
        demand = also_requires(request, graver)
        if demand is not None:
            return demand
        job = jobs.start(
            request.user,
            kind=f"users.{name}",
            title=title,
            params=params,
            items=[jobs.NewItem(str(user.id), user.username) for user in found.change.users],
        )
        return redirect("job_detail", job.pk)
    context = {
        "name": name,
        "change": change,
        "title": title,
        "plan": found,
        "selection": _signed(ids, request.user),
        "form": form,
    }
    status = 422 if confirmed else 200
    return render_page(request, "users/user_bulk.html", partial="users/_user_bulk.html", context=context, status=status)
