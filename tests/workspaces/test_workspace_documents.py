"""The documents of a workspace on its page. What can be done with them is the documents' room."""

import re
from html import unescape

import pytest

from dashboard import instance
from dashboard.workspaces import views

pytestmark = pytest.mark.django_db
PAGE = "/workspaces/finance/"


@pytest.fixture
def embedded(standin):
    return standin.get("/v1/workspace/finance")["workspace"][0]["documents"]


def section(client) -> str:
    page = client.get(PAGE).content.decode()
    return unescape(page.partition('id="workspace-documents"')[2].partition("</section>")[0])


def titles(page: str) -> list[str]:
    return re.findall(r'hx-target="#dialog">([^<]+)</a></th>', page)


def test_it_lists_them_and_counts_them(manager_client, embedded):
    page = section(manager_client)
    assert len(titles(page)) == len(embedded) > 0
    assert f"<dt>Documents</dt><dd>{len(embedded)}</dd>" in manager_client.get(PAGE).content.decode()


def test_each_can_be_pinned_and_removed_here(manager_client, standin, embedded):
    page, path = section(manager_client), embedded[0]["docpath"]
    assert page.count('role="switch" aria-checked="false"') == len(embedded)
    assert page.count("Remove from workspace") == len(embedded)
    (workspace,) = standin.get("/v1/workspace/finance")["workspace"]
    manager_client.post("/documents/pin/", {"workspace": workspace["id"], "path": path, "pinned": "1", "next": PAGE})
    assert section(manager_client).count('role="switch" aria-checked="true"') == 1
    done = manager_client.get(PAGE).content.decode().partition('id="ledger-title"')[2]
    assert re.search(r"(?s)mia.*pinned", done)


def test_it_leads_to_the_library_to_adding_and_to_finding(manager_client, embedded):
    page = section(manager_client)
    for url in ('"/documents/"', '"/documents/add/?workspace=finance"', '"/documents/find/finance/"'):
        assert f"href={url}" in page


def test_viewers_read_only(viewer_client, embedded):
    page = section(viewer_client)
    assert len(titles(page)) == len(embedded)
    assert "<form" not in page and "Remove" not in page and "/documents/add/" not in page


def test_of_many_the_first_are_shown_and_the_way_to_all(manager_client, embedded, monkeypatch):
    monkeypatch.setattr(views, "DOCUMENTS", 1)
    page = section(manager_client)
    assert len(titles(page)) == 1
    assert f'href="/documents/?workspace=finance">All {len(embedded)} documents' in page


def test_one_without_documents_says_what_that_means(manager_client, standin):
    slug = standin.post("/v1/workspace/new", {"name": "Brand new"})["workspace"]["slug"]
    page = manager_client.get(f"/workspaces/{slug}/").content.decode()
    assert "Here people talk to the model alone" in page


def test_the_rest_of_the_page_stays_when_they_cannot_be_read(manager_client, standin, embedded):
    manager_client.get(PAGE)
    instance.forget_documents()
    standin.fault("500", path="/v1/workspace/finance$")
    answer = manager_client.get(PAGE)
    assert answer.status_code == 200
    assert "AnythingLLM answered with an error" in section(manager_client)
    assert "<dt>Documents</dt><dd>–</dd>" in answer.content.decode()
