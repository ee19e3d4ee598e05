"""Files as they arrive: one by one from the script, all at once from the form without it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.documents import adding
from dashboard.documents.models import Batch, Incoming, Stored
from dashboard.jobs.models import ItemState, Job
from tests.conftest import signed_in
from tests.documents.test_document_add import options, prove_long_ago

pytestmark = pytest.mark.django_db
URL = "/documents/add/file/"


def file(name="notes.txt", content=b"The zebra crossed the road."):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def send(admin_client, shelf):
    """As the script does."""

    def one(name="notes.txt", content=b"The zebra crossed the road.", batch="b1", ticket=None, **more):
        posted = options(shelf, batch=batch, ticket=ticket or name, files=file(name, content), **more)
        return admin_client.post(URL, posted)

    return one


def test_a_file_begins_a_job_and_the_next_one_joins_it(send):
    first, second = send("one.txt").json(), send("two.txt").json()
    job = Job.objects.get()
    assert first["url"] == second["url"] == f"/documents/add/{job.pk}/"
    assert [item.label for item in job.items.all()] == ["one.txt", "two.txt"]
    assert [first["item"], second["item"]] == [item.pk for item in job.items.all()]


def test_the_same_sent_twice_is_there_once(send):
    first, again = send().json(), send().json()
    assert first == again
    assert Incoming.objects.count() == 1


def test_it_arrives_as_it_was_and_becomes_findable(standin, send, shelf, work):
    send()
    assert Incoming.objects.get().staged.read_bytes() == b"The zebra crossed the road."
    job = work(Job.objects.get())
    assert job.items.get().state == ItemState.DONE
    body = {"query": "zebra", "topN": 1, "scoreThreshold": 0.5}
    hits = standin.post("/v1/workspace/finance/vector-search", body)["results"]
    assert "zebra crossed" in hits[0]["text"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.txt", b"", "empty.txt is empty."),
        ("prog.exe", b"MZ\0\0\0", "AnythingLLM cannot read prog.exe"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words_that_the_script_finds(send, name, content, words):
    answer = send(name, content)
    assert answer.status_code == 409
    assert f"<p data-sentence>{words}" in answer.content.decode()
    assert not Job.objects.exists()


def test_a_file_too_large_is_refused_before_it_is_read(send, settings):
    settings.DOCUMENT_MAX_MB = 1
    answer = send("large.txt", b"x" * 7_000_000)
    assert answer.status_code == 413
    assert "data-sentence" in answer.content.decode()
    assert not Incoming.objects.exists()


def test_to_replace_needs_the_password_for_the_first_file_of_a_batch_only(send, admin_client):
    prove_long_ago(admin_client)
    assert send("one.txt", duplicates="replace").status_code == 422
    assert not Batch.objects.exists()
    session = admin_client.session
    session["proved_at"] = 2**40
    session.save()
    assert send("one.txt", duplicates="replace").status_code == 201
    prove_long_ago(admin_client)
    assert send("two.txt", duplicates="replace").status_code == 201


def test_a_workspace_of_others_is_refused(standin, shelf, lim):
    posted = options(shelf, workspaces=[shelf.workspaces["leadership"]], batch="b1", ticket="t", files=file())
    answer = signed_in(lim).post(URL, posted)
    assert answer.status_code == 409
    assert not Incoming.objects.exists()


def test_without_a_script_all_are_sent_at_once(admin_client, shelf):
    answer = admin_client.post(URL, options(shelf, files=[file("one.txt", b"one"), file("two.txt", b"two")]))
    job = Job.objects.get()
    assert answer["Location"] == f"/documents/add/{job.pk}/"
    assert [item.label for item in job.items.all()] == ["one.txt", "two.txt"]


def test_without_a_script_as_many_can_be_sent_as_with_one(admin_client, shelf):
    files = [file(f"{number}.txt", str(number).encode()) for number in range(adding.MOST_FILES)]
    admin_client.post(URL, options(shelf, files=files))
    assert Job.objects.get().items.count() == adding.MOST_FILES


def test_without_a_script_what_was_refused_is_told_and_the_rest_goes_on(admin_client, shelf):
    answer = admin_client.post(URL, options(shelf, files=[file("one.txt", b"one"), file("no.txt", b"")]), follow=True)
    assert [item.label for item in Job.objects.get().items.all()] == ["one.txt"]
    assert "no.txt is empty." in answer.content.decode()


def test_without_a_script_choosing_nothing_is_told(admin_client, shelf):
    answer = admin_client.post(URL, options(shelf))
    assert answer.status_code == 422
    assert "Choose at least one file." in answer.content.decode()


def test_files_are_taken_while_the_instance_is_down(standin, send):
    send("one.txt")
    standin.fault("down")
    assert send("two.txt").status_code == 201
    assert [incoming.staged.exists() for incoming in Incoming.objects.all()] == [True, True]


def test_without_a_script_what_is_replaced_is_shown_first(admin_client, shelf, work):
    path = shelf.add("vpn", "The tunnel is called Heron.")
    wanted = options(shelf, duplicates="replace")
    shown = admin_client.post(URL, {**wanted, "files": [file("vpn.txt", b"Kestrel")]})
    assert shown.status_code == 422
    assert "vpn.txt replaces the one in custom-documents, which no workspace uses." in shown.content.decode()
    assert path in shelf.files()
    seen = re.search(r'name="replaces" value="([^"]*)"', shown.content.decode())[1]
    admin_client.post(URL, {**wanted, "replaces": seen, "files": [file("vpn.txt", b"Kestrel")]})
    work(Job.objects.get())
    assert path not in shelf.files()


def test_files_of_one_name_keep_the_path_by_which_they_are_told_apart(admin_client, shelf, work):
    for folder in ("a", "b"):
        posted = options(shelf, batch="b1", ticket=folder, name=f"docs/{folder}/./README.md")
        admin_client.post(URL, {**posted, "files": file("README.md", folder.encode())})
    work(Job.objects.get())
    assert sorted(Incoming.objects.values_list("name", flat=True)) == ["docs/a/README.md", "docs/b/README.md"]
    assert sorted(Stored.objects.values_list("title", flat=True)) == ["docs/a/README.md", "docs/b/README.md"]


def test_who_brings_a_text_says_how_it_is_written(admin_client, shelf):
    text = "年假制度：员工每年有十五天年假。"
    posted = options(shelf, batch="b1", ticket="t")
    refused = admin_client.post(URL, {**posted, "files": file("制度.txt", text.encode("gbk"))})
    assert "制度.txt is not written in UTF-8" in refused.content.decode()
    admin_client.post(URL, {**posted, "encoding": "gb18030", "files": file("制度.txt", text.encode("gbk"))})
    assert Incoming.objects.get().staged.read_text() == text
