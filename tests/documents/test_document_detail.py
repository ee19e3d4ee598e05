from __future__ import annotations

import pytest

from dashboard.audit.models import AuditEvent
from dashboard.documents import services
from dashboard.documents.models import Source, Stored
from tests.conftest import signed_in
from tests.documents.pages import text
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/item/"


def look(client, path, **more):
    return client.get(URL, {"path": path}, **more)


def test_it_tells_all_that_is_known(shelf, ada, admin_client):
    path = shelf.path("passwords-and-accounts")
    Stored.objects.create(path=path, title="x", source=Source.FILE, size=2048, added_by=ada)
    page = text(look(admin_client, path))
    for words in ("passwords-and-accounts.md", path, "Company Handbook", "IT & Security", "2.0 KB", "Added by ada"):
        assert words in page


def test_htmx_gets_the_drawer_alone(shelf, admin_client):
    answer = look(admin_client, shelf.path("passwords-and-accounts"), headers=HTMX)
    assert "<html" not in answer.content.decode()
    assert 'class="dialog-body drawer"' in answer.content.decode()


def test_it_tells_what_was_done_with_it(shelf, ada, admin_client):
    path = shelf.path("passwords-and-accounts")
    services.pin(actor=ada, workspace_id=shelf.workspaces["it-and-security"], path=path, pinned=True)
    line = AuditEvent.objects.get(action="document.pinned")
    page = look(admin_client, path)
    assert list(page.context["events"]) == [line]
    assert f"ada {line.act}" in text(page)


def test_a_document_that_is_not_there_is_not_found(shelf, admin_client):
    assert look(admin_client, "custom-documents/no-such.json").status_code == 404
    assert admin_client.get(URL)["Location"] == "/documents/"


def test_one_in_no_workspace_says_that_nobody_finds_it(shelf, admin_client):
    assert "nobody's question finds it" in text(look(admin_client, shelf.add("lonely", "Nobody reads this.")))


def test_viewers_look_and_can_do_nothing(shelf, viewer_client):
    page = look(viewer_client, shelf.path("passwords-and-accounts")).content.decode()
    assert "IT &amp; Security" in page
    for words in ('role="switch"', "/documents/remove/", "/documents/erase/", "/documents/embed/", "/documents/move/"):
        assert words not in page


def test_who_looks_after_other_workspaces_does_not_find_it(shelf, lim):
    client = signed_in(lim)
    assert look(client, shelf.path("passwords-and-accounts")).status_code == 404
    assert look(client, shelf.embedded("finance")[0]).status_code == 200


def test_who_has_not_added_it_is_not_offered_to_erase_it(shelf, lim):
    path = shelf.embedded("finance")[0]
    assert "/documents/erase/" not in look(signed_in(lim), path).content.decode()
    Stored.objects.create(path=path, title="x", source=Source.FILE, added_by=lim)
    assert "/documents/erase/" in look(signed_in(lim), path).content.decode()


def test_a_title_is_never_taken_for_html(shelf, admin_client):
    path = shelf.add("<script>alert(1)</script>", "Hello there.")
    page = look(admin_client, path).content.decode()
    assert "<script>alert(1)" not in page
