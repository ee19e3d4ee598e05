"""Hostile names that stand on the instance: on every page they are text, and in every file no cell of them is a formula."""

from __future__ import annotations

import csv
import io

import pytest

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessSet
from dashboard.audit.services import recording
from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange
from dashboard.csvfiles import FORMULA_STARTS
from dashboard.invites import services as invites
from dashboard.invites.models import Link
from dashboard.jobs.models import Job
from tests.hostile.page import is_page, page_of, sound

pytestmark = pytest.mark.django_db

FORMULA = '=HYPERLINK("http://example.com","x")'
NAMES = [
    '"><b data-hostile>room</b>',
    FORMULA,
    "@SUM(1+1)",
    "\u202erevo \u05e9\u05dc\u05d5\u05dd <script>hostile()</script>",
    "%(name)s {{ 7|add:7 }}",
]


@pytest.fixture
def planted(standin, ada):
    """Workspaces, people's words, documents, folders, questions, links, jobs and lines of the ledger with hostile names; the ids of the newest."""
    people = standin.get("/v1/admin/users")["users"]
    rooms = {name: standin.post("/v1/workspace/new", {"name": name})["workspace"] for name in NAMES}
    instance.hang_up()
    for number, (name, room) in enumerate(rooms.items()):
        standin.post(f"/v1/admin/workspaces/{room['id']}/update-users", {"userIds": [people[-1]["id"]]})
        standin.post(f"/v1/admin/users/{people[-1 - number]['id']}", {"bio": name})
        metadata = {"title": name, "docAuthor": name, "description": name}
        standin.post("/v1/document/raw-text", {"textContent": "The zebra crossed the road.", "metadata": metadata})
        standin.post(f"/v1/workspace/{room['slug']}/chat", {"message": name, "mode": "chat"})
        fields = invites.LinkFields(label=name, note=name, for_whom=name, workspace_ids=[room["id"]])
        invites.make(actor=ada, fields=fields)
        sets.stage(actor=ada, title=name, wanted=[sets.Wanted(room["id"], people[-2]["id"], give=True)])
        job = Job.objects.create(kind="access.set", title=name, actor=ada, state="done")
        job.items.create(position=1, key=name, label=name, state="failed", message=name)
        changed = {"target": ("workspace", room["id"], name), "before": {"name": name}}
        with recording(ada, "workspace.changed", **changed) as entry:
            entry.detail = name
    sync.update(60)
    instance.hang_up()
    newest = {"job": Job, "link": Link, "set": AccessSet, "line": Exchange}
    return {word: model.objects.latest("pk").pk for word, model in newest.items()}


FILES = [
    "/users/export/", "/workspaces/+export/", "/chats/export/?days=all", "/audit/export/", "/jobs/{job}/report/",
    "/usage/export/?table=workspaces", "/usage/export/?table=documents", "/usage/export/?table=people",
]  # fmt: skip
PAGES = [
    "/", "/users/?counts=1", "/workspaces/?counts=1", "/access/?ready=1", "/access/sets/", "/invites/", "/documents/?ready=1", "/chats/?days=all",
    "/usage/", "/jobs/",
    "/jobs/{job}/", "/audit/", "/chat/", "/palette/?q=room", "/invites/{link}/", "/invites/{link}/link/", "/invites/{link}/print/",
    "/access/sets/{set}/", "/chats/{line}/", "/invites/new/", "/users/new/", "/operators/",
]  # fmt: skip


def test_no_cell_of_any_file_is_a_formula(planted, admin_client, figure):
    cells = 0
    for url in FILES:
        answer = admin_client.get(url.format(**planted))
        assert answer.status_code == 200, url
        for row in csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")):
            cells += len(row)
            assert not [cell for cell in row if cell.startswith(FORMULA_STARTS)], url
    figure("hostile: cells of files", f"{cells} in {len(FILES)} files, 0 formulas")


@pytest.mark.matrix
def test_a_hostile_name_is_text_on_every_page(planted, admin_client, figure):
    shown = 0
    for url in PAGES:
        answer = sound(admin_client.get(url.format(**planted), follow=True))
        assert answer.status_code == 200 and is_page(answer), url
        shown += sum(page_of(answer).text.count(name) for name in NAMES)
    assert shown > len(NAMES) * 10
    figure("hostile: names on pages", f"{shown} times on {len(PAGES)} pages, 0 taken for markup")
