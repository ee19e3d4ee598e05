"""New versions: which document of the library a file of the same name replaces."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from dashboard import titles
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Workspace
from dashboard.documents import erasing, library
from dashboard.documents.embedding import RECENT
from dashboard.documents.library import DocumentRow
from dashboard.documents.models import Source, Stored
from dashboard.documents.paths import folder_of
from dashboard.errors import Words
from dashboard.order import natural


@dataclass(frozen=True, slots=True)
class Older:
    """What is in the library under the name of a file, and in which workspaces. With `refused` it is not replaced, and why."""

    name: str
    folder: str
    paths: tuple[str, ...]
    used_in: tuple[Workspace, ...]
    refused: Words = ""

    @property
    def places(self) -> str:
        return get_text_list([workspace.name for workspace in self.used_in], _("and"))


def older(
    operator: Operator, names: Iterable[str], folder: str, *, leave: Collection[str] = (), pages: bool = False
) -> dict[str, Older]:
    """What files of these names (with `pages`, pages of these addresses) replace when they are put into `folder`, by name; nothing for one
    that is not there yet.

    Of several that have the name, the one in `folder` is meant; when that is not one either, none is. What came of the uploads `leave` is
    left alone. Raises ApiError.
    """
    wanted = {_known(name): name for name in names}
    found: defaultdict[str, defaultdict[str, list[DocumentRow]]] = defaultdict(lambda: defaultdict(list))
    uploads = {path: (upload, name) for path, upload, name in _uploads(pages=pages)}
    for row in library.everything(operator, RECENT).certain():
        if not row.path or row.document is None:
            continue
        upload, name = uploads.get(row.path, ("", ""))
        if not upload and not pages:
            sheet = titles.sheet_in(row.document.title)
            name = titles.shown(row.document.title).removesuffix(titles.of_sheet("", sheet)) if sheet else row.title
            upload = row.folder if sheet else row.path  # all sheets of a workbook lie in one folder
        if _known(name) in wanted and upload not in leave:
            found[wanted[_known(name)]][upload].append(row)
    chosen = {name: _chosen(list(groups.values()), folder) for name, groups in found.items()}
    paths = [row.path for rows in chosen.values() for row in rows]
    doomed = {old.path: old for old in erasing.stage_erase(operator, paths)} if paths else {}
    return {
        name: _older(name, [doomed[row.path] for row in rows if row.path in doomed])
        if rows
        else _unclear(name, found[name].values())
        for name, rows in sorted(chosen.items(), key=lambda pair: natural(pair[0]))
    }


def _uploads(*, pages: bool) -> Iterable[tuple[str, str, str]]:
    known = Stored.objects.order_by()
    if pages:
        return known.filter(source=Source.LINK).values_list("path", "upload", "address")
    return known.exclude(source=Source.LINK).values_list("path", "upload", "name")


def _known(name: str) -> str:
    """The same however its accents are written."""
    return unicodedata.normalize("NFC", name)


def _chosen(groups: list[list[DocumentRow]], folder: str) -> list[DocumentRow]:
    here = groups if len(groups) == 1 else [rows for rows in groups if rows[0].folder == folder]
    return here[0] if len(here) == 1 else []


def _older(name: str, doomed: list[erasing.Doomed]) -> Older:
    used = {workspace.id: workspace for old in doomed for workspace in old.used_in}
    workspaces = tuple(sorted(used.values(), key=lambda workspace: natural(workspace.name)))
    refused = next((old.refused for old in doomed if old.refused), "")
    paths = tuple(sorted(old.path for old in doomed))
    return Older(name, folder_of(paths[0]) if paths else "", paths, workspaces, refused)


def _unclear(name: str, groups: Collection[list[DocumentRow]]) -> Older:
    words = _(
        "%(n)d documents have this name, in %(folders)s, so none is replaced. Choose the folder of the one that is meant, or keep both."
    )
    folders = get_text_list(sorted({rows[0].folder for rows in groups}, key=natural), _("and"))
    return Older(name, "", (), (), words % {"n": len(groups), "folders": folders})
