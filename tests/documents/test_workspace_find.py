from __future__ import annotations

import pytest

from tests.conftest import signed_in
from tests.documents.pages import text
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/documents/find/it-and-security/"


def test_it_says_what_it_does_and_asks_nothing_yet(standin, admin_client):
    page = text(admin_client.get(URL))
    assert "What IT & Security finds" in page
    assert "No model is asked" in page
    assert not any("vector-search" in line["path"] for line in standin.state()["requests"])


def test_it_shows_passages_nearest_first_with_title_and_score(standin, admin_client):
    page = admin_client.get(URL, {"q": "passwords and accounts"})
    hits = page.context["hits"]
    assert hits and [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].title in text(page) and f"{hits[0].score:.3f}" in text(page)
    assert "document_metadata" not in page.content.decode()
    assert f'<meter min="0" max="1" value="{hits[0].score}"' in page.content.decode()
    chats = [line for line in standin.state()["requests"] if "chat" in line["path"]]
    assert not chats


def test_htmx_gets_the_passages_alone(standin, admin_client):
    answer = admin_client.get(URL, {"q": "passwords"}, headers=HTMX).content.decode()
    assert "<html" not in answer and 'id="workspace-find"' in answer


def test_how_many_passages_is_chosen(standin, admin_client):
    url = "/documents/find/engineering/"
    few = admin_client.get(url, {"q": "passwords", "n": "4", "least": "0"}).context["hits"]
    many = admin_client.get(url, {"q": "passwords", "n": "20", "least": "0"}).context["hits"]
    assert len(few) == 4 < len(many)
    assert admin_client.get(URL, {"q": "passwords", "n": "999999"}).status_code == 200


def test_nothing_found_says_what_to_try(shelf, standin, admin_client):
    empty = standin.post("/v1/workspace/new", {"name": "Empty Room"})["workspace"]["slug"]
    page = admin_client.get(f"/documents/find/{empty}/", {"q": "anything"})
    assert "Nothing found" in text(page)


def test_a_failing_embedder_is_told_in_words(standin, admin_client):
    standin.configure(embedder_up=False)
    page = admin_client.get(URL, {"q": "passwords"})
    assert page.status_code == 200
    assert "its embedder does not answer" in text(page)
    assert "hits" not in page.context


def test_passages_are_never_taken_for_html(shelf, standin, admin_client):
    path = shelf.add("page", "<img src=x onerror=alert(1)> hello hello hello")
    standin.post("/v1/workspace/it-and-security/update-embeddings", {"adds": [path], "deletes": []})
    page = admin_client.get(URL, {"q": "<img src=x onerror=alert(1)> hello", "n": "50", "least": "0"})
    assert any("onerror" in hit.passage for hit in page.context["hits"])
    assert "<img src=x" not in page.content.decode()


def test_viewers_may_look_and_others_do_not_find_it(standin, viewer_client, lim):
    assert viewer_client.get(URL, {"q": "passwords"}).status_code == 200
    assert signed_in(lim).get(URL, {"q": "passwords"}).status_code == 404
    assert signed_in(lim).get("/documents/find/finance/").status_code == 200
