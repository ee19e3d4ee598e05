"""How a cell of the matrix is drawn. In Python, because a page has 1,500 of them and a template takes ten times as long."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dashboard.access.matrix import Row
from dashboard.access.models import Reason
from dashboard.access.services import Cell, reasons_in_words
from dashboard.anythingllm import Workspace


def marks(cell: Cell) -> tuple[str, str]:
    """What a cell shows besides its tick: names of marks for the eye, and the same in words."""
    names, words = [], []
    if cell.found:
        names.append("found")
        words.append(_("found on the instance"))
    if cell.lost:
        names.append("lost")
        words.append(_("taken away on the instance"))
    if cell.missing and not cell.member:
        names.append("lost")
        words.append(_("lost by AnythingLLM; Foyer gives it back"))
    if cell.grants:
        reasons = {grant.reason for grant in cell.grants}
        names += [str(reason) for reason in (Reason.GROUP, Reason.EVERYONE, Reason.INVITE) if reason in reasons]
        words.append(reasons_in_words(cell.grants))
    if cell.until:
        names.append("timed")
        words.append(_("until %(day)s") % {"day": date_format(localtime(cell.until), "SHORT_DATE_FORMAT")})
    return " ".join(names), ", ".join(words)


def draw(row: Row, workspaces: Sequence[Workspace]) -> SafeString:
    """The `<td>`s of one row. A box is called by its person and workspace; `value` is "workspace id-user id"."""
    username = escape(row.user.username)
    by_role = escape(_("by role"))
    drawn = []
    for workspace, cell in zip(workspaces, row.cells, strict=True):
        label = f"{username}, {escape(workspace.name)}"
        if cell.implicit:
            drawn.append(f'<td class="by-role" aria-label="{label}: {by_role}"><i class="mark role"></i></td>')
            continue
        names, words = marks(cell)
        name = f"{label}: {escape(words)}" if words else label
        title = f' title="{escape(words)}"' if words else ""
        checked = " checked" if cell.member else ""
        drawn.append(
            f'<td{title}><input type="checkbox" name="cell" value="{workspace.id}-{row.user.id}" aria-label="{name}"{checked}>'
            + "".join(f'<i class="mark {mark}"></i>' for mark in names.split())
            + "</td>"
        )
    return mark_safe("".join(drawn))  # noqa: S308  (every name and word is escaped above)


def ticked(rows: Sequence[Row], workspaces: Sequence[Workspace]) -> str:
    """The boxes that are drawn ticked, so that a form sent without JavaScript tells what was changed."""
    return " ".join(
        f"{workspace.id}-{row.user.id}"
        for row in rows
        for workspace, cell in zip(workspaces, row.cells, strict=True)
        if cell.member and not cell.implicit
    )
