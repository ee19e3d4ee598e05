from __future__ import annotations

import re

import pytest
from django.utils import timezone

from dashboard import instance
from dashboard.documents import embedding
from dashboard.documents.paths import pair_key
from dashboard.jobs.models import ItemState, Job
from tests.conftest import signed_in
from tests.documents.conftest import states
from tests.documents.pages import carried, text
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/embed/"


def preview(client, paths, workspace_ids):
    chosen = client.post(URL, {"ids": paths})
    return client.post(URL, carried(chosen) | {"workspaces": workspace_ids, "step": "preview"})


def start(client, shown, **more):
    return client.post(URL, carried(shown) | {"step": "start"} | more)


def test_it_asks_for_workspaces_first(shelf, admin_client):
    page = admin_client.post(URL, {"ids": [shelf.path("budget-rules"), shelf.path("code-review")]})
    assert "Put 2 documents into workspaces" in text(page)
    assert "Who may open a workspace can ask about its documents" in text(page)
    assert {name for _id, name in page.context["form"].fields["workspaces"].choices} >= {"Finance", "Leadership"}


def test_the_drawers_link_leads_to_the_same_question(shelf, admin_client):
    answer = admin_client.get(URL, {"ids": shelf.path("budget-rules")}, headers=HTMX)
    assert answer.content.decode().lstrip().startswith("<article")
    assert "Put 1 document into workspaces" in text(answer)


def test_the_preview_tells_what_comes_in_and_what_is_there(shelf, standin, admin_client):
    writes = standin.state()["writes"]
    budget, review = shelf.path("budget-rules"), shelf.path("code-review")
    shown = preview(admin_client, [budget, review], [shelf.workspaces["finance"], shelf.workspaces["leadership"]])
    assert shown.status_code == 200
    assert "Put 2 documents into workspaces?" in text(shown)
    assert "1 is put in: code-review.md" in text(shown)
    assert "1 is there already and left out: budget-rules.md" in text(shown)
    assert "2 are put in: budget-rules.md, code-review.md" in text(shown)
    assert standin.state()["writes"] == writes
    assert not Job.objects.exists()


def test_from_the_preview_one_can_go_back_and_choose_others(shelf, admin_client):
    finance = shelf.workspaces["finance"]
    shown = preview(admin_client, [shelf.path("code-review")], [finance])
    again = admin_client.post(URL, carried(shown) | {"step": ""})
    assert "Put 1 document into workspaces" in text(again)
    (box,) = re.findall(r"<input[^>]+checked[^>]*>", again.content.decode())
    assert f'value="{finance}"' in box


def test_the_preview_tells_what_is_large_and_what_failed_before(shelf, ada, admin_client, monkeypatch):
    monkeypatch.setattr(embedding, "LARGE", 10)
    path, finance = shelf.path("code-review"), shelf.workspaces["finance"]
    job = Job.objects.create(kind="documents.embed", title="x", actor=ada, state="done")
    job.items.create(
        position=1,
        key=pair_key(finance, path),
        label="x",
        state=ItemState.FAILED,
        message="The embedder was tired.",
        finished_at=timezone.now(),
    )
    shown = text(preview(admin_client, [path], [finance]))
    assert "1 of these failed before: code-review.md (The embedder was tired.)" in shown
    assert "1 of these is large and takes long: code-review.md" in shown


def test_confirmed_it_is_a_job_that_puts_them_in(shelf, admin_client, work):
    path, ids = shelf.path("code-review"), [shelf.workspaces["finance"], shelf.workspaces["leadership"]]
    answer = start(admin_client, preview(admin_client, [path], ids))
    job = work(Job.objects.get())
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert states(job) == [ItemState.DONE, ItemState.DONE]
    assert shelf.embedded("finance").count(path) == shelf.embedded("leadership").count(path) == 1


def test_all_that_match_a_search_are_put_in(shelf, admin_client, work):
    chosen = admin_client.post(URL, {"all": "1", "folder": "finance", "q": "", "ids": "ignored"})
    assert carried(chosen)["all"] == ["1"] and "ids" not in carried(chosen)
    leadership = shelf.workspaces["leadership"]
    shown = admin_client.post(URL, carried(chosen) | {"workspaces": leadership, "step": "preview"})
    start(admin_client, shown)
    work(Job.objects.get())
    finance = {path for path in shelf.files() if path.startswith("finance/")}
    assert len(finance) == 3 and finance <= set(shelf.embedded("leadership"))


def test_what_came_to_match_meanwhile_is_shown_before_anything_is_done(shelf, admin_client):
    shelf.add("lonely-one", "Ada.")
    chosen = admin_client.post(URL, {"all": "1", "q": "lonely"})
    leadership = shelf.workspaces["leadership"]
    shown = admin_client.post(URL, carried(chosen) | {"workspaces": leadership, "step": "preview"})
    shelf.add("lonely-two", "Bob.")
    answer = start(admin_client, shown)
    assert answer.status_code == 422
    assert "changed since you looked" in text(answer)
    assert "2 are put in" in text(answer)
    assert not Job.objects.exists()
    assert start(admin_client, answer).status_code == 302


def test_without_a_workspace_it_asks_again(shelf, admin_client):
    answer = preview(admin_client, [shelf.path("code-review")], [])
    assert answer.status_code == 422
    assert "Choose at least one workspace." in text(answer)


def test_where_all_is_there_already_there_is_nothing_to_confirm(shelf, admin_client):
    shown = preview(admin_client, [shelf.path("budget-rules")], [shelf.workspaces["finance"]])
    assert "Nothing to put in" in text(shown)
    assert 'value="start"' not in shown.content.decode()
    answer = start(admin_client, shown)
    assert answer.status_code == 422 and "nothing to put in" in text(answer)
    assert not Job.objects.exists()


def test_nothing_chosen_is_said_and_a_link_back_leads_to_the_table(standin, admin_client):
    assert admin_client.get(URL)["Location"] == "/documents/"
    answer = admin_client.post(URL)
    assert answer.status_code == 409 and "No document is chosen" in text(answer)


def test_who_looks_after_some_workspaces_is_offered_these_only(shelf, lim):
    client, path = signed_in(lim), shelf.embedded("finance")[0]
    page = client.post(URL, {"ids": path})
    assert [name for _id, name in page.context["form"].fields["workspaces"].choices] == ["Finance"]
    answer = preview(client, [path], [shelf.workspaces["leadership"]])
    assert answer.status_code == 422
    foreign = preview(client, [shelf.path("code-review")], [shelf.workspaces["finance"]])
    assert "code-review" not in foreign.content.decode().partition("<h2>")[2].partition("</h2>")[0]
    assert start(client, foreign).status_code == 422
    assert not Job.objects.exists()


def test_it_refuses_viewers(shelf, standin, viewer_client):
    path = shelf.path("code-review")
    assert viewer_client.post(URL, {"ids": path, "workspaces": 1, "step": "start"}).status_code == 403
    assert not standin.state()["writes"]


def test_it_says_so_when_the_instance_is_down(shelf, standin, admin_client):
    shown = preview(admin_client, [shelf.path("code-review")], [shelf.workspaces["finance"]])
    standin.fault("502")
    instance.forget("library", "workspaces")
    answer = start(admin_client, shown)
    assert answer.status_code in (422, 502)
    assert "AnythingLLM" in text(answer)
    assert not Job.objects.exists()
