"""Every fault of the instance at every page of a conversation: told in a sentence, nothing asked twice, nothing lost."""

from __future__ import annotations

import uuid

import pytest

from dashboard import instance
from dashboard.chat.models import Turn
from tests.chat.conftest import QUESTION, SLUG, last_turn, words
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db

FAULTS = ("down", "500", "502", "html", "403", "key-refused", "truncated", "cut", "empty", "shape", "utf8", "redirect")
READS = ("/v1/admin/users$", "/v1/workspaces$", "/users$", "/chats$")


@pytest.mark.matrix
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("path", READS)
def test_a_page_says_so(kind, path, person, standin):
    person.ask()
    turn = last_turn()
    page = f"/chat/{SLUG}/{turn.thread_slug}/"
    standin.fault(kind, path=path, method="GET")
    for url in (page, f"{page}sources/{turn.chat_id}/", f"/chat/+turn/{turn.pk}/"):
        instance.hang_up()
        answer = person.get(url)
        # Without an account or a membership that can be seen, there is nothing here for anybody.
        assert answer.status_code >= (422 if path == "/chats$" else 404), url
        assert QUESTION not in answer.content.decode(), url
        assert "Traceback" not in answer.content.decode()
    standin.clear_faults()
    instance.hang_up()
    assert QUESTION in person.get(page).content.decode()


@pytest.mark.matrix
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("path", ["/v1/admin/users$", "/v1/workspaces$", "/users$", "/thread/new$"])
def test_what_could_not_be_asked_is_asked_once_when_it_is_sent_again(kind, path, person, standin, there):
    key = str(uuid.uuid4())
    standin.fault(kind, path=path)
    answer = person.ask(key=key)
    if kind in ("truncated", "cut") and path == "/thread/new$":
        assert answer.status_code == 302  # it was made, as reading back shows
    else:
        assert answer.status_code >= 400 and "AnythingLLM" in words(answer.content.decode())
        assert not Turn.objects.exists()
    standin.clear_faults()
    instance.hang_up()
    assert person.ask(key=key).status_code == 302
    assert there.asked(person.user_id) == [QUESTION] and len(there.threads(person.user_id)) == 1


@pytest.mark.parametrize("kind", FAULTS)
def test_a_question_that_goes_wrong_says_why_and_can_be_asked_again(kind, person, standin, there):
    standin.fault(kind, path="stream-chat$")
    answer = person.ask()
    standin.clear_faults()
    page = person.page_of(answer)
    assert "banner" in page.split('id="exchanges"')[1] and "Ask again" in page
    assert len(there.asked(person.user_id)) <= 1


def test_a_fragment_is_never_replaced_by_something_untrue(person, standin):
    person.ask()
    turn = last_turn()
    standin.fault("500", path="/chats$", method="GET")
    answer = person.get(f"/chat/+turn/{turn.pk}/", headers=HTMX)
    assert answer["HX-Reswap"] == "none" and "toasts" in answer["HX-Trigger"]
