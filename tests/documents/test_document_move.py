from __future__ import annotations

import pytest

from tests.conftest import signed_in
from tests.documents.pages import carried, text

pytestmark = pytest.mark.django_db
URL = "/documents/move/"


def move(client, paths, folder):
    return client.post(URL, carried(client.post(URL, {"ids": paths})) | {"folder": folder, "step": "start"})


def test_it_asks_for_the_folder_and_says_before_what_cannot_move(shelf, admin_client):
    lonely = shelf.add("lonely", "Nobody reads this.")
    page = admin_client.post(URL, {"ids": [lonely, shelf.path("code-review")]})
    assert "Move 1 document to another folder" in text(page)
    assert "1 is in use and stays where it is: code-review.md" in text(page)
    assert {name for name, _label in page.context["form"].fields["folder"].choices} == set(shelf.folders())


def test_what_cannot_move_at_all_is_not_offered(shelf, admin_client):
    page = admin_client.post(URL, {"ids": [shelf.path("code-review"), shelf.path("phishing")]})
    assert "Nothing of this can be moved" in text(page)
    assert "2 are in use and stay where they are: code-review.md, phishing.md" in text(page)
    assert 'value="start"' not in page.content.decode()


def test_each_file_is_told_from_what_was_read_back(shelf, admin_client):
    lonely, used = shelf.add("lonely", "Nobody reads this."), shelf.path("code-review")
    answer = move(admin_client, [lonely, used], "finance")
    assert answer.status_code == 200
    assert "documents-changed" in answer["HX-Trigger"]  # the table behind the dialog is drawn anew
    assert "Moved to finance" in text(answer)
    assert "1 was moved: lonely" in text(answer)
    assert "1 stays where it was. It is in a workspace" in text(answer) and "code-review.md" in text(answer)
    assert f"finance/{lonely.partition('/')[2]}" in shelf.files()
    assert used in shelf.files()


def test_nothing_moved_is_not_called_moved(shelf, admin_client):
    answer = move(admin_client, [shelf.path("code-review")], "finance")
    assert "Nothing was moved" in text(answer)
    assert "Moved to" not in text(answer)


def test_a_folder_that_is_not_there_is_refused(shelf, standin, admin_client):
    assert move(admin_client, [shelf.path("code-review")], "../../etc").status_code == 422
    assert not standin.state()["writes"]


def test_it_refuses_viewers_and_others_documents(shelf, standin, viewer_client, lim):
    path = shelf.path("code-review")
    assert viewer_client.post(URL, {"ids": path, "folder": "finance", "step": "start"}).status_code == 403
    move(signed_in(lim), [path], "finance")
    assert path in shelf.files()
    assert not standin.state()["writes"]
