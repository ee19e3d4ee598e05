"""What the start page and the jump box show: only what the operator's role may read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard import instance, sight, workers
from dashboard.access import services as access
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, User
from dashboard.audit import services as ledger
from dashboard.documents import services as documents
from dashboard.errors import Words, describe
from dashboard.folding import folded
from dashboard.invites import services as invites
from dashboard.jobs import services as workshop
from dashboard.names import told_apart
from dashboard.order import natural
from dashboard.permissions import Action, allows, scope
from dashboard.shell import sections

T = TypeVar("T")

RECENT = timedelta(days=7)  # how long a failure is news
LINES = 10  # of the ledger on the start page
ENDS_SOON = timedelta(days=3)  # before its end, access given for a time is brought to mind
RESULTS = 12  # of the jump box
SHORTEST_VERB = 2  # characters

Readings = dict[str, instance.Reading[list[Any]]]
QUESTIONS: dict[str, tuple[Action, Callable[[Operator, float], instance.Reading[list[Any]]]]] = {
    "users": (Action.VIEW_USERS, sight.users),
    "workspaces": (Action.VIEW_WORKSPACES, sight.workspaces),
    "invites": (Action.INVITE, invites.open_rows),
}
JUMP_AGE = 300.0  # seconds: names may be a little old in the jump box; what Foyer itself changes is seen at once


GRAVEST_FIRST = ("error", "warn", "accent", "quiet")


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that wants a person's attention, with the page to look at, if there is one. `tone` as in _status.html."""

    tone: str
    sentence: Words
    url: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    number: int
    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A place the jump box leads to. `kind` is the word beside it."""

    label: str
    kind: str
    url: str
    icon: str


def overview(operator: Operator) -> dict[str, Any]:
    """Context of the start page."""
    readings, error = ask(operator, "users", "workspaces", "invites")
    matters = [
        *_matters_of_instance(operator, readings, error),
        *_access_that_ends(operator, readings),
        *_people_to_be_put_back(operator, readings),
        *_matters_of_foyer(operator),
    ]
    return {
        "member": not allows(operator, Action.VIEW_USERS),
        "matters": sorted(matters, key=lambda matter: GRAVEST_FIRST.index(matter.tone)),
        "figures": list(_figures(readings)),
        "stale": next((reading for reading in readings.values() if reading.stale), None),
        "events": ledger.latest(operator, LINES) if allows(operator, Action.VIEW_LEDGER) else None,
        "may_invite": allows(operator, Action.INVITE),
        "public_url": settings.ANYTHINGLLM_PUBLIC_URL,
        "sso": not operator.is_local and error is None and instance.signs_in_at_once(),
    }


def ask(operator: Operator, *names: str, max_age: float = instance.FRESH_FOR) -> tuple[Readings, ApiError | None]:
    """Those of the lists that this operator may read, by name, and the first error. A list that was never read is left out."""
    readings: Readings = {}
    error: ApiError | None = None
    for name in names:
        action, read = QUESTIONS[name]
        if not allows(operator, action):
            continue
        # After one error nothing more is asked: each question can take as long to fail as the first.
        if error and not instance.line().holds(name, math.inf):
            continue
        try:
            readings[name] = read(operator, math.inf if error else max_age)
        except ApiError as failure:
            error = failure
        else:
            error = error or readings[name].problem
    return readings, error


def _matters_of_instance(operator: Operator, readings: Readings, error: ApiError | None) -> Iterator[Matter]:
    if error:
        system = reverse("system_overview") if allows(operator, Action.VIEW_SYSTEM) else ""
        yield Matter("error", describe(error).sentence, system, _("System"))
    if "users" in readings:
        suspended = sum(user.suspended for user in readings["users"].value)
        if suspended:
            words = ngettext("%(n)d person is suspended.", "%(n)d people are suspended.", suspended) % {"n": suspended}
            yield Matter("quiet", words, f"{reverse('user_list')}?state=suspended", _("Show"))
    if "invites" in readings:
        waiting = len(readings["invites"].value)
        if waiting:
            words = ngettext("%(n)d invite is open.", "%(n)d invites are open.", waiting)
            yield Matter("accent", words % {"n": waiting}, _open_invites(), _("Show"))


def _access_that_ends(operator: Operator, readings: Readings) -> Iterator[Matter]:
    """Each person who soon loses access to something, with their page, where it can be prolonged."""
    if not allows(operator, Action.CHANGE_ACCESS) or not {"users", "workspaces"} <= readings.keys():
        return
    people = {user.id: user.username for user in readings["users"].value}
    workspaces = {workspace.id: workspace.name for workspace in readings["workspaces"].value}
    for grant in access.ending(operator, ENDS_SOON)[:LINES]:
        if grant.user_id in people and grant.workspace_id in workspaces and grant.until:
            words = {
                "name": people[grant.user_id],
                "workspace": workspaces[grant.workspace_id],
                "until": formats.date_format(timezone.localtime(grant.until), "DATE_FORMAT"),
            }
            sentence = _("The access of %(name)s to %(workspace)s ends with %(until)s.") % words
            yield Matter("warn", sentence, reverse("user_detail", args=[grant.user_id]), _("Show"))


def _people_to_be_put_back(operator: Operator, readings: Readings) -> Iterator[Matter]:
    """Whom AnythingLLM lost while somebody else was taken out, as long as it does not take them back."""
    if not allows(operator, Action.CHANGE_ACCESS) or "workspaces" not in readings:
        return
    losses = access.losses()
    for workspace in readings["workspaces"].value:
        if workspace.id in losses:
            words = f"{workspace.name}: {losses[workspace.id]}"
            yield Matter("error", words, reverse("workspace_detail", args=[workspace.slug]), _("Show"))


def _matters_of_foyer(operator: Operator) -> Iterator[Matter]:
    system = reverse("system_overview") if allows(operator, Action.VIEW_SYSTEM) else ""
    if allows(operator, Action.VIEW_USERS) and not workers.are_running():
        sentence = _(
            "Foyer's worker is not running: jobs, people who join, and access that ends wait until an administrator has started it."
        )
        yield Matter("error", sentence, system, _("System"))
    since = timezone.now() - RECENT
    if allows(operator, Action.VIEW_JOBS):
        failed = workshop.failures(operator, since)
        if failed:
            words = ngettext(
                "%(n)d item of a job failed in the last 7 days.",
                "%(n)d items of jobs failed in the last 7 days.",
                failed,
            )
            yield Matter("warn", words % {"n": failed}, reverse("job_list"), _("Jobs"))
    if allows(operator, Action.VIEW_LEDGER):
        unknown = ledger.unknown_outcomes(operator, since)
        if unknown:
            words = ngettext(
                "Of %(n)d change in the last 7 days nobody knows whether it was made.",
                "Of %(n)d changes in the last 7 days nobody knows whether they were made.",
                unknown,
            )
            yield Matter("warn", words % {"n": unknown}, f"{reverse('audit_list')}?outcome=unknown", _("Show"))


def _open_invites() -> str:
    return f"{reverse('invite_list')}?state=open"


def _figures(readings: Readings) -> Iterator[Figure]:
    if "users" in readings:
        users = readings["users"].value
        yield Figure(len(users), _("Users"), reverse("user_list"))
        never = sum(not user.first_login_done for user in users)
        yield Figure(never, _("Never signed in"), f"{reverse('user_list')}?signed_in=no")
    if "workspaces" in readings:
        yield Figure(len(readings["workspaces"].value), _("Workspaces"), reverse("workspace_list"))
    if "invites" in readings:
        yield Figure(len(readings["invites"].value), _("Open invites"), _open_invites())


def jump(operator: Operator, query: str) -> dict[str, Any]:
    """The best RESULTS places for what was typed: pages and acts, then things and people whose name starts with it, then those that hold it.

    Nothing typed gives the pages. `problem` is set when the instance could not be asked.
    """
    needle = folded(query)
    pages = _pages(operator)
    if not needle:
        return {"results": pages}
    readings, error = ask(operator, "workspaces", "users", max_age=JUMP_AGE)
    things: list[Result] = []
    acts: list[Result] = []
    if "workspaces" in readings:
        names = dict(told_apart(readings["workspaces"].value))
        things += [
            Result(names[w.id], _("Workspace"), reverse("workspace_detail", args=[w.slug]), "folder")
            for w in best(readings["workspaces"].value, needle, lambda w: w.name)
        ]
    if "users" in readings:
        things += [
            Result(u.username, _("User"), reverse("user_detail", args=[u.id]), "user")
            for u in best(readings["users"].value, needle, lambda u: u.username)
        ]
        acts = _acts_on_people(operator, needle, readings["users"].value)
    if allows(operator, Action.MANAGE_GROUPS):
        things += [
            Result(group.name, _("Group"), reverse("group_detail", args=[group.id]), "users")
            for group in best(access.groups_within(scope(operator)), needle, lambda group: group.name)
        ]
    if allows(operator, Action.INVITE):
        links = invites.visible_to(operator).values_list("pk", "label")
        things += [
            Result(label, _("Link"), reverse("invite_detail", args=[pk]), "mail")
            for pk, label in best(links, needle, lambda link: link[1])
        ]
    # Opening every file is too much to ask for the jump box alone.
    if allows(operator, Action.VIEW_DOCUMENTS) and instance.library_known(JUMP_AGE):
        rows = [row for row in documents.everything(operator, JUMP_AGE).value if row.path]
        things += [
            Result(row.title, _("Document"), f"{reverse('document_detail')}?{urlencode({'path': row.path})}", "file")
            for row in best(rows, needle, lambda row: row.title)
        ]
    ranked = best(things, needle, lambda result: result.label)
    found = chain(best([*pages, *_acts(operator)], needle, lambda result: result.label), acts, ranked)
    return {"results": list(islice(found, RESULTS)), "problem": describe(error) if error else None}


def _pages(operator: Operator) -> list[Result]:
    pages = [Result(s["label"], _("Page"), s["url"], s["icon"]) for s in sections(operator, "")]
    if allows(operator, Action.CREATE_USERS):
        pages.append(Result(_("New user"), _("Page"), reverse("user_new"), "user-plus"))
    if allows(operator, Action.INVITE):
        pages.append(Result(_("New link"), _("Page"), reverse("invite_new"), "mail"))
    if allows(operator, Action.MANAGE_GROUPS):
        pages.append(Result(_("Groups"), _("Page"), reverse("group_list"), "users"))
    if allows(operator, Action.CHANGE_ACCESS):
        pages.append(Result(_("Changes of access"), _("Page"), reverse("access_set_list"), "lock"))
    if not operator.is_local:
        pages.append(Result(_("First steps"), _("Page"), reverse("first_steps"), "chat"))
    pages.append(Result(_("Your profile"), _("Page"), reverse("profile"), "user"))
    return pages


ACTS = (
    (Action.CREATE_USERS, gettext_lazy("Import users"), "user_import", "upload"),
    (Action.CHANGE_USERS, gettext_lazy("Suspend or edit people"), "user_list", "users"),
    (Action.INVITE, gettext_lazy("Invite people"), "invite_new", "mail"),
    (Action.INVITE, gettext_lazy("Personal links for many people"), "invite_batch", "mail"),
    (Action.CHANGE_ACCESS, gettext_lazy("Give or take access"), "access_matrix", "lock"),
    (Action.CREATE_WORKSPACES, gettext_lazy("New workspace"), "workspace_new", "folder"),
    (Action.MANAGE_GROUPS, gettext_lazy("New group"), "group_new", "users"),
    (Action.CHANGE_DOCUMENTS, gettext_lazy("Add documents"), "document_add", "file"),
)
# Each leads to the page on which it is done, and asked once more where that is due.
ACTS_ON_PEOPLE = (
    (Action.CHANGE_USERS, gettext_lazy("Suspend %(name)s"), "user_detail", "user"),
    (Action.CHANGE_USERS, gettext_lazy("Edit %(name)s"), "user_edit", "pencil"),
    (Action.CHANGE_USERS, gettext_lazy("Reset the password of %(name)s"), "user_password", "key"),
    (Action.CHANGE_USERS, gettext_lazy("Lock out %(name)s"), "user_lock_out", "lock"),
    (Action.DELETE_USERS, gettext_lazy("Delete %(name)s"), "user_delete", "trash"),
    (Action.CHANGE_ACCESS, gettext_lazy("Give access to %(name)s"), "user_detail", "lock"),
)


def _acts(operator: Operator) -> list[Result]:
    return [
        Result(str(label), _("Action"), reverse(page), icon)
        for action, label, page, icon in ACTS
        if allows(operator, action)
    ]


def _acts_on_people(operator: Operator, needle: str, users: list[User]) -> list[Result]:
    """ "suspend ad" finds "Suspend ada": the first word begins an act, the rest is looked for among the names."""
    words = needle.split()
    if len(words) < 2 or len(words[0]) < SHORTEST_VERB:
        return []
    return [
        Result(label % {"name": user.username}, _("Action"), reverse(page, args=[user.id]), icon)
        for action, label, page, icon in ACTS_ON_PEOPLE
        if allows(operator, action) and folded(str(label)).startswith(words[0])
        for user in best(users, words[-1], lambda user: user.username)
    ]


def best(things: Iterable[T], needle: str, name: Callable[[T], str]) -> list[T]:
    """At most RESULTS of them: those whose name starts with it before those that hold it elsewhere, each in alphabetical order."""
    named = ((folded(name(thing)), thing) for thing in things)
    fitting = [(not text.startswith(needle), natural(text), thing) for text, thing in named if needle in text]
    fitting.sort(key=lambda found: found[:2])
    return [thing for _later, _text, thing in fitting[:RESULTS]]
