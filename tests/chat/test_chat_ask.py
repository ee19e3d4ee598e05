"""Asking: with a script the question waits for its stream, without one the worker asks it."""

from __future__ import annotations

import base64
import io
import json
import re
import stat
import uuid
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dashboard.chat import answering, files, history, services, tasks, turns
from dashboard.chat.attachments import attached
from dashboard.chat.models import Turn, TurnState
from dashboard.errors import Declined
from dashboard.sandbox.testing import workbook
from tests.chat.conftest import QUESTION, SLUG, last_turn, words

pytestmark = pytest.mark.django_db


def test_with_a_script_the_first_question_leads_to_its_conversation(person, there):
    answer = person.ask(htmx=True)
    place = json.loads(answer["HX-Location"])
    assert place["target"] == "#chat" and place["path"] == f"/chat/{SLUG}/{last_turn().thread_slug}/"
    assert there.asked(person.user_id) == []
    page = person.get(place["path"]).content.decode()
    stream = re.search(r'data-stream="/stream/([^"]+)/"', page)[1]
    ticket = turns.read(stream, person.client.session.session_key)
    assert (ticket.turn_id, ticket.good) == (last_turn().pk, True)


def test_the_next_one_comes_with_its_stream_and_a_new_key(person):
    thread = there_is_one(person)
    answer = person.ask("And at night?", htmx=True, thread=thread)
    shown = answer.content.decode()
    assert answer.status_code == 200 and 'data-stream="/stream/' in shown and "<html" not in shown
    assert "hx-swap-oob" in shown and str(last_turn().key) not in shown
    assert last_turn().thread_slug == thread


def there_is_one(person) -> str:
    person.ask()
    return last_turn().thread_slug


def test_a_new_thread_is_named_after_its_first_question(person, there):
    person.ask("How  many\ndays off do I have? " + "really " * 40)
    (name,) = there.threads(person.user_id).values()
    assert name.startswith("How many days off do I have? really") and len(name) == 60 and name.endswith("…")


def test_without_a_script_the_answer_is_on_the_page(person, there):
    page = person.page_of(person.ask())
    assert QUESTION in page and 'class="marks' not in page.split('id="exchanges"')[0]
    assert "chips marks" in page and "Ask again" in page
    assert there.asked(person.user_id) == [QUESTION]
    assert last_turn().state == TurnState.DONE and last_turn().chat_id


def test_without_a_script_what_is_not_answered_yet_says_so(person, monkeypatch):
    monkeypatch.setattr(settings.QUESTIONS, "immediate", False)
    page = person.page_of(person.ask())
    assert "This is being answered." in page and "Refresh" in page


def test_a_form_sent_twice_asks_once(person, there):
    key = str(uuid.uuid4())
    first, again = person.ask(key=key), person.ask(key=key)
    assert first["Location"] == again["Location"]
    assert there.asked(person.user_id) == [QUESTION] and len(there.threads(person.user_id)) == 1


def test_a_form_sent_twice_asks_once_also_when_the_first_answer_was_lost(person, there, standin):
    key = str(uuid.uuid4())
    standin.fault("lost", path="/thread/new", times=1)
    person.ask(key=key)
    person.ask(key=key)
    assert there.asked(person.user_id) == [QUESTION] and len(there.threads(person.user_id)) == 1


def test_the_key_of_somebody_elses_question_opens_nothing(person, local, there):
    key = str(uuid.uuid4())
    person.ask("What is private?", key=key)
    answer = local.ask(key=key)
    assert answer.status_code != 302 or "private" not in local.page_of(answer)


NOWHERE = "Zzqx qqxz?"


def set_mode(standin, mode: str | None, slug: str = SLUG) -> None:
    standin.post(f"/v1/workspace/{slug}/update", {"chatMode": mode})


@pytest.mark.parametrize("wished", ["query", "chat"])
def test_where_documents_only_is_set_nothing_else_is_asked_whatever_the_form_says(wished, person, standin):
    set_mode(standin, "query")
    page = person.page_of(person.ask(NOWHERE, mode=wished))
    assert last_turn().mode == "query" and "<select" not in page and "Documents only" in page
    assert "found nothing to answer from" in words(page)


def test_a_question_that_waited_is_asked_as_the_workspace_is_set_by_then(person, standin, there):
    set_mode(standin, "chat")
    person.ask(NOWHERE, htmx=True)
    set_mode(standin, "query")
    tasks.answer(last_turn().pk)
    assert last_turn().state == TurnState.DONE and last_turn().chat_id is None, "refused, as the workspace is set"
    assert json.loads(there.chats()[0]["response"])["type"] == "query"


@pytest.mark.parametrize("mode", ["chat", "automatic"])
def test_elsewhere_the_documents_and_the_model_answer_unless_documents_only_is_chosen(mode, person, standin, there):
    set_mode(standin, mode)
    assert '<option value="chat" selected>' in person.get(f"/chat/{SLUG}/").content.decode()
    person.ask(NOWHERE)
    assert last_turn().mode == "chat" and there.asked(person.user_id) == [NOWHERE]
    page = person.page_of(person.ask(NOWHERE, mode="query", thread=last_turn().thread_slug))
    assert last_turn().mode == "query" and '<option value="query" selected>' in page


def test_the_first_question_is_asked_as_the_workspace_is_set(newcomer, standin):
    for mode in ("query", "chat", "automatic"):
        set_mode(standin, mode)
        services.first_question(actor=newcomer, slug=SLUG, text=NOWHERE, key=uuid.uuid4())
        assert last_turn().mode == ("query" if mode == "query" else "chat")


def test_a_refusal_is_told_though_the_instance_keeps_none(person, standin):
    empty = standin.post("/v1/workspace/new", {"name": "Empty room"})["workspace"]["slug"]
    standin.post(f"/v1/admin/workspaces/{empty}/manage-users", {"userIds": [person.user_id], "reset": False})
    page = words(person.page_of(person.ask(slug=empty, mode="query")))
    assert "found nothing to answer from" in page and "Ask again" in page


def test_reset_is_never_sent(person, there):
    person.ask("/reset")
    assert there.asked(person.user_id) == ["/reset"]


def test_lines_end_as_the_instance_gives_them_back(person):
    person.ask("One\r\ntwo")
    assert last_turn().text == "One\ntwo" and last_turn().chat_id


@pytest.mark.parametrize("spoiled", [{"key": "none"}, {"mode": "automatic"}, {"mode": ""}])
def test_a_form_that_is_none_of_ours_asks_nothing(spoiled, person, there):
    assert person.ask(**spoiled).status_code == 409
    assert not Turn.objects.exists() and there.asked(person.user_id) == []


# --- Files ------------------------------------------------------------------------------------------------------------
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def picture(name="photo.png", content=PNG):
    return SimpleUploadedFile(name, content, "image/png")


def test_a_picture_goes_with_the_question(person, there):
    page = person.page_of(person.ask(files=picture()))
    assert "photo.png" in page
    kept = json.loads(there.chats()[0]["response"])["attachments"]
    assert [(file["name"], file["mime"]) for file in kept] == [("photo.png", "image/png")]
    assert kept[0]["contentString"] == "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert [file["name"] for file in last_turn().attachments] == ["photo.png"]
    assert "base64" not in str(last_turn().attachments) and not waiting_files()


def waiting_files() -> list[Path]:
    return list(settings.QUESTIONS_DIR.iterdir())


def test_a_document_is_read_for_this_question_and_named_with_it(person):
    text = b"The zebra crossed the road at noon."
    page = person.page_of(person.ask("When did the zebra cross?", files=SimpleUploadedFile("zebra.txt", text)))
    assert "crossed the road" in page
    asked = page.split('class="asked"')[1].split("</ul>")[0]
    assert "zebra.txt" in asked, "though the instance keeps the names of pictures only"


def note_of(page: str) -> str:
    return " ".join(re.findall(r'data-tone="warn">.*?<span>(.*?)</span>', page, re.DOTALL))


SCANNED = b"%PDF-1.4\n1 0 obj\n<</Type /XObject /Subtype /Image>>\nendobj\n%%EOF"  # whole, and there is no text in it
ZIPPED = io.BytesIO()
with zipfile.ZipFile(ZIPPED, "w") as archive:
    archive.writestr("notes.txt", "No letter.")


@pytest.mark.parametrize(
    ("name", "content"), [("scanned.pdf", SCANNED), ("renamed.docx", ZIPPED.getvalue())], ids=["scanned", "renamed"]
)
def test_what_the_instance_could_not_read_is_told_beside_the_answer(name, content, person):
    read = SimpleUploadedFile("zebra.txt", b"The zebra crossed the road at noon.")
    unread = SimpleUploadedFile(name, content, "application/octet-stream")
    note = note_of(person.page_of(person.ask(files=[read, picture(), unread])))
    assert f"answered without what it could not read: {name}." in note


@pytest.mark.parametrize(
    "file",
    [
        ("What is it? (new).txt", b"The zebra crossed the road at noon."),
        ("zahlen.xlsx", workbook(Sheet1="zebra", Notes="ibex")),
        ("box.mbox", b"From a@b.c Thu Jan  1 00:00:00 2026\nSubject: Zebra\n\nIt crossed the road.\n"),
    ],
)
def test_of_what_was_read_no_note_is_made(file, person):
    page = person.page_of(person.ask(files=SimpleUploadedFile(*file, "application/octet-stream")))
    assert "chips marks" in page and not note_of(page)


def test_a_document_reader_that_has_died_is_told_beside_the_answer(person, standin):
    standin.configure(collector_up=False)
    page = person.page_of(person.ask(files=[SimpleUploadedFile("zebra.txt", b"zebra"), picture()]))
    assert "could not read: zebra.txt." in note_of(page)


def test_a_file_waits_on_disk_for_nobody_else_to_read_until_it_is_asked(person):
    person.ask(htmx=True, files=picture(content=PNG * 100))
    (file,) = waiting_files()
    assert file.read_bytes() == PNG * 100 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "base64" not in str(last_turn().attachments)
    assert turns.take(last_turn().pk).attachments[0]["contentString"].startswith("data:image/png;base64,")
    assert waiting_files() == []


def test_the_folder_for_waiting_files_is_made_again(person, there):
    settings.QUESTIONS_DIR.rmdir()
    turns.sweep()
    settings.QUESTIONS_DIR.rmdir()
    assert "photo.png" in person.page_of(person.ask(files=picture()))
    assert stat.S_IMODE(settings.QUESTIONS_DIR.stat().st_mode) == 0o700


def test_a_question_whose_file_was_lost_is_not_asked_without_it(person, there):
    person.ask(htmx=True, files=picture())
    waiting_files()[0].unlink()
    assert answering.answer(last_turn().pk) is None
    assert last_turn().state == TurnState.FAILED and "files were lost" in last_turn().problem
    assert there.asked(person.user_id) == []


def test_files_of_questions_that_nobody_came_for_are_thrown_away(person, monkeypatch):
    person.ask(htmx=True, files=picture())
    turns.sweep()
    monkeypatch.setattr(files, "STILL_WRITTEN", 0)
    turns.sweep()
    assert len(waiting_files()) == 1, "it can still be asked"
    Turn.objects.update(created_at=timezone.now() - turns.LOST_AFTER)
    turns.sweep()
    assert last_turn().state == TurnState.FAILED and waiting_files() == []


def test_one_person_has_few_questions_under_way_and_few_megabytes(person, local, monkeypatch):
    monkeypatch.setattr(services, "MOST_OPEN", 2)
    for _number in range(2):
        assert person.ask(htmx=True).status_code == 200
    refused = person.ask()
    assert refused.status_code == 409 and "2 of your questions are still being answered" in refused.content.decode()
    assert Turn.objects.count() == 2 and local.ask(htmx=True).status_code == 200
    answering.answer(Turn.objects.first().pk)
    answering.answer(Turn.objects.filter(state=TurnState.WAITING).first().pk)
    monkeypatch.setattr(services, "MOST_OPEN", 100)
    codes = [person.ask(htmx=True, files=picture(content=b"x" * 9_900_000)).headers.get("HX-Reswap") for _ in range(25)]
    assert codes.count(None) == 3 and sum(file.stat().st_size for file in waiting_files()) < 30 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("b.exe", b"MZ\0\x90" * 100, "has no reader for such files"),
        ("broken.pdf", b"%PDF-1.4 and then nothing", "is damaged"),
        ("page.pdf", b"<html>not found</html>", "is damaged"),
        ("letter.docx", b"PK\3\4 cut off", "is damaged"),
    ],
)
def test_what_the_instance_could_not_read_is_refused_because_it_would_say_nothing(name, content, why, person, there):
    refused = person.ask(files=SimpleUploadedFile(name, content, "application/octet-stream"))
    assert refused.status_code == 409 and why in refused.content.decode() and name in refused.content.decode()
    assert there.asked(person.user_id) == [] and waiting_files() == []


def test_an_older_instance_takes_pictures_only():
    with pytest.raises(Declined, match=r"zebra.txt: this AnythingLLM takes pictures only"):
        attached([SimpleUploadedFile("zebra.txt", b"zebra")], "1.9.0")
    assert len(attached([picture()], "1.9.0")) == len(attached([SimpleUploadedFile("a.txt", b"a")], "1.9.1")) == 1


def test_a_file_that_would_freeze_the_instance_is_not_sent():
    with pytest.raises(Declined, match=r"all.json holds a word so long"):
        attached([SimpleUploadedFile("all.json", b"[" + b"1," * 5000 + b"1]", "application/json")], None)
    assert attached(
        [picture(content=b"x" * 5000), SimpleUploadedFile("a.pdf", b"%PDF-1.4\xff" + b"x" * 5000 + b"%%EOF")], None
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("年假制度：员工每年有十五天年假。", "gbk"),
        ("Die Größe der Räume in Köln", "latin-1"),
        ("Отпуск сотрудников: пятнадцать дней", "cp1251"),
        ("Die Größe der Räume", "utf-16"),
        ("Die Größe der Räume", "utf-16-le"),
        ("Die Größe der Räume", "utf-8-sig"),
    ],
)
def test_a_text_in_any_encoding_is_sent_as_utf_8_and_its_words_are_looked_at(text, encoding):
    long = f"{'room ' * 100_000}\n{text}\n{'room ' * 100_000}"
    for sent in (text, long):
        (found,) = attached([SimpleUploadedFile("a.txt", sent.encode(encoding))], None)
        found.file.seek(0)
        assert found.file.read().decode("utf-8-sig") == sent and found.file.name == "a.txt"
    with pytest.raises(Declined, match=r"a.txt holds a word so long"):
        attached([SimpleUploadedFile("a.txt", f"{text} {text[-1] * 3000}".encode(encoding))], None)


def test_a_text_in_another_encoding_is_read_by_the_instance(person):
    text = "Das Zebra überquerte die Straße am Mittag.".encode("cp1252")
    page = person.page_of(person.ask("Wann lief das Zebra?", files=SimpleUploadedFile("zebra.txt", text)))
    assert "überquerte die Straße" in page


def test_a_text_in_no_encoding_is_refused_because_nobody_could_read_it():
    for content in (b"caf\x81\xff\x8d\x90", b"a\0b\xff\1", "Größe, Räume, Köln und ".encode() + b"M\xfcller"):
        with pytest.raises(Declined, match=r"a.txt cannot be read as UTF-8"):
            attached([SimpleUploadedFile("a.txt", content)], None)


def test_one_broken_letter_does_not_make_another_encoding_of_a_text():
    content = ("Grüße aus Köln\n" * 200).encode() + "Müller".encode("cp1252")
    with pytest.raises(Declined, match=r"a.txt cannot be read as UTF-8"):
        attached([SimpleUploadedFile("a.txt", content)], None)


def test_a_long_line_is_judged_where_its_letters_are():
    text = "Hello world " * 30_000 + "Müller aus Köln"
    (found,) = attached([SimpleUploadedFile("a.txt", text.encode("cp1252"))], None)
    found.file.seek(0)
    assert found.file.read().decode() == text


def test_mail_is_looked_at_too():
    with pytest.raises(Declined, match=r"box.mbox holds a word so long"):
        attached([SimpleUploadedFile("box.mbox", "Größe ".encode("latin-1") + b"x" * 3000)], None)


def test_five_files_are_the_most(person):
    assert "at most 5 files" in person.ask(files=[picture(f"{n}.png") for n in range(6)]).content.decode()
    assert "is empty" in person.ask(files=picture(content=b"")).content.decode()
    assert not Turn.objects.exists()


def test_ten_megabytes_are_the_most(person):
    refused = person.ask(files=[picture(f"{n}.png", b"x" * 4_000_000) for n in range(3)])
    assert refused.status_code == 409 and "10 MB together" in refused.content.decode()
    assert person.ask(files=picture(content=b"x" * 16_000_000)).status_code == 413
    assert person.ask(files=picture(content=b"x" * 6_000_000)).status_code == 302


# --- What becomes of it -----------------------------------------------------------------------------------------------
def test_a_failing_model_is_told_in_its_words(person, standin):
    standin.configure(llm_up=False)
    page = words(person.page_of(person.ask()))
    assert "gave up: Connection error." in page and "Ask again" in page


def test_what_came_before_the_model_failed_is_shown(person):
    page = words(person.page_of(person.ask("How many days off? MIDERR")))
    assert "mid stream failure" in page and "says:" in page


def test_an_answer_whose_end_was_lost_is_completed_from_the_history(person, standin, there):
    standin.fault("lost", path="stream-chat", times=1)  # carried out, and not a byte of it arrives
    page = person.page_of(person.ask())
    assert "chips marks" in page
    turn = last_turn()
    assert turn.state == TurnState.FAILED or turn.state == TurnState.INTERRUPTED
    assert turn.chat_id and there.asked(person.user_id) == [QUESTION]


def test_what_had_come_is_shown_again_where_the_instance_has_nothing_of_it(person, standin):
    standin.fault("cut", path="stream-chat", times=1)
    answer = person.ask()
    turn = last_turn()
    assert turn.state == TurnState.INTERRUPTED and turn.words
    standin.post(f"/v1/workspace/{SLUG}/thread/{turn.thread_slug}/chat", {"reset": True})  # it keeps nothing
    assert "This is being answered." in person.page_of(answer), "the instance may have it yet"
    Turn.objects.update(ended_at=timezone.now() - history.KEPT_WITHIN)
    page = words(person.page_of(answer))
    assert turn.words[:40] in page and "What arrived is kept." in page and "Ask again" in page
    Turn.objects.update(words="", problem="")
    assert "nothing of it was kept" in words(person.page_of(answer))


def test_a_turn_is_answered_once_only(person, there):
    person.ask(htmx=True)
    turn = last_turn()
    assert answering.answer(turn.pk) is not None
    assert answering.answer(turn.pk) is None
    assert there.asked(person.user_id) == [QUESTION]
