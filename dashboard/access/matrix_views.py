"""The access matrix: everybody's access at a glance, and changes staged on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboard import instance, sight
from dashboard.access import groups, matrix, sets
from dashboard.access.matrix_cells import draw, ticked
from dashboard.access.matrix_forms import MatrixForm, StageForm, pairs
from dashboard.access.models import AccessSet
from dashboard.anythingllm import ApiError
from dashboard.errors import describe
from dashboard.http import Request, own_url, render_page, wants_partial
from dashboard.paging import page_of
from dashboard.permissions import Action, allows, requires, scope
from dashboard.said import gettext as _
from dashboard.said import ngettext

COLUMNS = 30  # workspaces a page
MOST_CHANGES = 10_000  # of a set that is staged here: every look at it goes through all of them
FOUND = "people_found"  # in the session: ids of those whom a manager of some workspaces found by their whole name


@require_GET
@requires(Action.CHANGE_ACCESS)
def access_matrix(request: Request) -> HttpResponse:
    form = MatrixForm(request.GET, groups=groups.of_workspaces(scope(request.user)))
    # Reading who is where takes a call per workspace, so a cold page comes without the matrix and asks for it after.
    if not (instance.members_known() or wants_partial(request) or "ready" in request.GET):
        return _page(request, "access/_matrix_pending.html", {"form": form})
    try:
        reading = matrix.read(request.user)
    except ApiError as error:
        if not wants_partial(request):
            raise
        return _page(request, "access/_matrix_problem.html", {"problem": describe(error)})
    criteria = form.criteria()
    filters = {"role": criteria["role"], "state": criteria["state"], "group": criteria["group"] or None}
    seen = users = reading.value.users
    if scope(request.user) is not None and criteria["q"] and not any(filters.values()):
        strangers = matrix.strangers(seen, criteria["q"])
        users = [*seen, *strangers]
        _remember(request, {user.id for user in strangers})
    people, no_people = matrix.people(users, names=criteria["q"], **filters)
    workspaces, no_workspaces = matrix.workspaces(reading.value.workspaces, names=criteria["w"])
    page = page_of(people, request)
    columns = Paginator(workspaces, COLUMNS).get_page(request.GET.get("columns"))
    shown = list(columns.object_list)
    rows = matrix.rows(list(page.object_list), shown, reading.value.members)
    seen_ids = {user.id for user in seen}
    context = {
        "form": form,
        "reading": reading,
        "page": page,
        "columns": columns,
        "rows": [(row.user, row.user.id in seen_ids, draw(row, shown)) for row in rows],
        "was": ticked(rows, shown),
        "missing": [*no_people, *no_workspaces],
        "filtered": any(criteria.values()),
        # What was staged in this browser is over once it, or something after it, was applied.
        "now": timezone.now(),
        "applied": AccessSet.objects.filter(actor=request.user).aggregate(last=Max("applied_at"))["last"],
        "today": timezone.localdate(),
    }
    return _page(request, "access/_matrix.html", context)


def _page(request: Request, part: str, context: dict[str, Any]) -> HttpResponse:
    context |= {"part": part, "may_groups": allows(request.user, Action.MANAGE_GROUPS)}
    return render_page(request, "access/access_matrix.html", partial=part, context=context)


@require_GET
@requires(Action.CHANGE_ACCESS)
def access_example(request: Request) -> HttpResponse:
    """People whose workspaces others may be given too: found by name while it is typed."""
    names = request.GET.get("q", "").strip()
    to = {user_id for _workspace_id, user_id in pairs(" ".join(f"0-{i}" for i in request.GET.get("to", "").split()))}
    found = matrix.examples(matrix.read(request.user).value, names, to) if names and to else []
    context = {"examples": found, "names": names}
    return render(request, "access/_matrix_examples.html", context)


@require_POST
@requires(Action.CHANGE_ACCESS)
def access_stage(request: Request) -> HttpResponse:
    """Makes a set of what was staged, and goes to its preview."""
    back = own_url(request, request.POST.get("next", ""), "access_matrix")
    form = StageForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(back)
    give, take = form.changes(request.POST.getlist("cell"))
    if scope(request.user) is not None:
        known = _known(request)
        give, take = ({pair for pair in some if pair[1] in known} for some in (give, take))
    if len(give | take) > MOST_CHANGES:
        sentence = _(
            "These are %(n)d changes, and at most %(max)d can be looked at together. Apply them in parts: fewer people or fewer workspaces at a time."
        )
        messages.error(request, sentence % {"n": len(give | take), "max": MOST_CHANGES})
        return redirect(back)
    if not give | take:
        messages.info(request, _("Nothing was changed on the matrix."))
        return redirect(back)
    until = form.cleaned_data["until"]
    wanted = [sets.Wanted(workspace_id, user_id, give=True, until=until) for workspace_id, user_id in sorted(give)]
    wanted += [sets.Wanted(workspace_id, user_id, give=False) for workspace_id, user_id in sorted(take)]
    staged = sets.stage(actor=request.user, title="", wanted=wanted)
    # What is so already is not among them.
    if not (changes := set(staged.changes.values_list("workspace_id", "user_id"))):
        staged.delete()
        messages.info(request, _("All of it is so already."))
        return redirect(back)
    staged.title = _title(changes)
    staged.save(update_fields=["title"])
    return redirect("access_set", staged.pk)


def _remember(request: Request, user_ids: set[int]) -> None:
    found = request.session.get(FOUND, [])
    if new := sorted(user_ids.difference(found)):
        request.session[FOUND] = [*found, *new][-500:]


def _known(request: Request) -> set[int]:
    """Whom a manager of some workspaces may name by a number: those they see, and those they have found by name. A preview says who it is, so
    a number that was guessed must not get that far.
    """
    return {user.id for user in sight.users(request.user).value}.union(request.session.get(FOUND, []))


def _title(changes: set[tuple[int, int]]) -> str:
    people, workspaces = len({user_id for _w, user_id in changes}), len({workspace_id for workspace_id, _u in changes})
    return _("%(changes)s for %(people)s in %(workspaces)s") % {
        "changes": ngettext("%(n)d change", "%(n)d changes", len(changes)) % {"n": len(changes)},
        "people": ngettext("%(n)d person", "%(n)d people", people) % {"n": people},
        "workspaces": ngettext("%(n)d workspace", "%(n)d workspaces", workspaces) % {"n": workspaces},
    }
