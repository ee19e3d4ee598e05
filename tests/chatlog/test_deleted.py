"""What a dialog promises about the log of chats before something is deleted is what happens, with every CHAT_LOG."""

from __future__ import annotations

import pytest
from django.conf import settings as conf
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.chat import turns
from dashboard.chat.answering import answer
from dashboard.chat.models import LocalThread, Turn, TurnState
from dashboard.chatlog import sync
from dashboard.chatlog.models import Citation, Exchange, Person, Place, Progress
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.records import FORMER
from dashboard.users import services as users
from dashboard.users.jobs import Delete
from dashboard.workspaces import services as workspaces
from tests.chat.conftest import Person as Browsing
from tests.chat.conftest import last_turn, words

pytestmark = pytest.mark.django_db
SLUG = "company-handbook"
FULL, ANONYMOUS, OFF = "full", "anonymous", "off"


@pytest.fixture(params=[FULL, ANONYMOUS, OFF])
def said(request, settings, tmp_path) -> str:
    settings.CHAT_LOG, settings.QUESTIONS_DIR = request.param, tmp_path
    return request.param


@pytest.fixture
def sam(said, standin, db):
    """Somebody who has asked in a thread, twice, of which one was refused, and without one."""
    sam = Browsing(accounts.operator_of(next(user for user in instance.users().value if user.username == "sam")))
    sam.ask("Where is the first aid box?")
    turn = last_turn()
    sam.ask("Zzqx qqxz?", thread=turn.thread_slug)
    sam.thread = turn.thread_slug
    standin.post(f"/v1/workspace/{SLUG}/chat", {"message": "And of others?", "mode": "chat"})
    read()
    return sam


def read() -> None:
    while not sync.update(60):
        pass


def on_its_way(sam: Browsing) -> tuple[Turn, Turn]:
    """A question that waits to be asked, and one that is being answered, each with a file."""
    asked = []
    for text in ("What is in it?", "Who may open it?"):
        sam.ask(text, thread=sam.thread, htmx=True, files=SimpleUploadedFile("box.txt", b"First aid"))
        asked.append(last_turn())
    waiting, taken = asked
    turns.take(taken.pk)
    assert len(list(conf.QUESTIONS_DIR.iterdir())) == 1
    return waiting, taken


def nothing_left_of(waiting: Turn, taken: Turn) -> None:
    """Also when whoever carries them comes to an end afterwards."""
    assert answer(waiting.pk) is None
    turns.end(taken.pk, TurnState.INTERRUPTED, problem="It ended.", words="What had come.")
    assert not Turn.objects.filter(pk__in=[waiting.pk, taken.pk]).exists()
    assert not list(conf.QUESTIONS_DIR.iterdir())


def logged() -> set[str]:
    return set(Exchange.objects.values_list("prompt", flat=True))


def lines(**which: object) -> set[int]:
    return set(Exchange.objects.filter(**which).values_list("id", flat=True))


MINE = {"Where is the first aid box?", "Zzqx qqxz?"}


def test_a_conversation(sam, said):
    page = f"/chat/{SLUG}/{sam.thread}/delete/"
    told = words(sam.get(page).content.decode())
    assert ("here, in AnythingLLM and in the chat log." in told) is (said != OFF)
    assert ("here and in AnythingLLM." in told) is (said == OFF)
    assert logged() >= MINE or said == OFF
    before, open_ones = logged(), on_its_way(sam)
    sam.post(page)
    nothing_left_of(*open_ones)
    # Of a refused question the log tells only by its asker that it was in this thread; the history, and with no names nothing, tells.
    assert logged() == before - MINE
    read()
    sync.look_back()
    assert not logged() & MINE and (logged() or said == OFF)


def test_a_conversation_of_an_instance_that_keeps_its_chats(sam, said, standin):
    standin.configure(as_version=(1, 15, 0), tells_version=True)
    instance.hang_up()
    page = f"/chat/{SLUG}/{sam.thread}/delete/"
    assert ("stay in the chat log" in words(sam.get(page).content.decode())) is (said != OFF)
    before = logged()
    sam.post(page)
    assert logged() == before


def test_an_account(sam, said, admin_client, ada):
    told = words(admin_client.get(f"/users/{sam.user_id}/delete/").content.decode())
    assert ("Their questions also disappear from the chat log." in told) is (said == FULL)
    assert ("Their questions stay in the chat log, which names nobody." in told) is (said == ANONYMOUS)
    before, theirs = lines(), lines(user=sam.user_id)
    open_ones = on_its_way(sam)
    formers = former(sam.user_id, ada)
    users.delete(actor=ada, user_id=sam.user_id)
    nothing_left_of(*open_ones)
    assert list(Turn.objects.all()) == [formers], "whose account only had the same id, on another instance"
    read()
    assert not Person.objects.filter(pk=sam.user_id).exists()
    assert lines() == before - theirs and bool(theirs) is (said == FULL)


def former(user_id: int, ada: Operator) -> Turn:
    where = {"workspace_id": 1 + FORMER, "workspace_slug": SLUG, "thread_slug": "t"}
    return turns.open_turn(actor=ada, text="Of old?", mode="chat", user_id=user_id + FORMER, **where)


def test_an_account_that_a_worker_deleted_before_it_was_killed(sam, ada, standin):
    open_ones = on_its_way(sam)
    instance.connect().users.delete(sam.user_id)
    assert Delete().check(JobItem(key=str(sam.user_id)), Job()).state == ItemState.DONE
    nothing_left_of(*open_ones)
    assert not Person.objects.filter(pk=sam.user_id).exists()


def test_a_workspace(sam, said, admin_client, ada):
    told = words(admin_client.get(f"/workspaces/{SLUG}/delete/").content.decode())
    assert ("all chats of all people in it, also in the chat log" in told) is (said != OFF)
    workspace = next(w for w in instance.workspaces().value if w.slug == SLUG)
    others = Exchange.objects.exclude(workspace=workspace.id).count()
    open_ones = on_its_way(sam)
    formers = former(sam.user_id, ada)
    LocalThread.objects.create(operator=ada, workspace_id=workspace.id, session_id="s", name="Who may open the box?")
    workspaces.delete(actor=ada, workspace_id=workspace.id)
    nothing_left_of(*open_ones)
    assert list(Turn.objects.all()) == [formers] and not LocalThread.objects.exists()
    read()
    assert Exchange.objects.count() == others and not Place.objects.filter(pk=workspace.id).exists()
    assert not Citation.objects.filter(exchange__workspace=workspace.id).exists()


def test_a_page_that_was_read_before_the_deletion_is_not_written_after_it(sam, said):
    if said == OFF:
        assert logged() == set()
        return
    progress, page = Progress.objects.get(), sync._lines(0)
    sam.post(f"/chat/{SLUG}/{sam.thread}/delete/")
    assert sync._write(progress, page, False) is False
    assert not logged() & MINE
    read()
    assert not logged() & MINE
