"""Files on their way into the library, over real HTTP: what arrives is there once, whatever happens in between."""

from __future__ import annotations

import re
from pydoc import locate

import pytest
from django.utils import timezone

from dashboard import instance, locks
from dashboard.audit.models import AuditEvent
from dashboard.documents import adding, services
from dashboard.documents.adding import Options
from dashboard.documents.models import Duplicates, Incoming, Stored
from dashboard.errors import Declined
from dashboard.jobs import engine
from dashboard.jobs import services as jobs
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from dashboard.models import Lease
from tests.documents.arriving import arrive, found, in_workspace, library, work, work_at_once

pytestmark = pytest.mark.django_db
OFFICE = "The office dog is called Pumpernickel."


@pytest.fixture(autouse=True)
def incoming(settings, tmp_path):
    """Nothing of other tests in it."""
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return tmp_path


@pytest.fixture
def places(standin) -> list[dict]:
    """Two workspaces of the stand-in."""
    return standin.get("/v1/workspaces")["workspaces"][:2]


@pytest.fixture
def into_both(places) -> Options:
    return Options(workspace_ids=tuple(place["id"] for place in places))


@pytest.fixture
def before(standin) -> set[str]:
    return set(library(standin))


def new(standin, before) -> list[str]:
    return sorted(set(library(standin)) - before)


def killed_at(monkeypatch, place: object, name: str, *, after: bool) -> None:
    """The worker's process ends right before, or right after, this call of ours."""
    real = getattr(place, name)

    def die(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(place, name, die)


# --- The whole way ------------------------------------------------------------------------------------------------------
def test_a_file_ends_in_the_library_and_in_its_workspaces(ada, standin, places, into_both, before):
    item = arrive(ada, "dog.txt", OFFICE, into_both)
    assert item.incoming.staged.read_text() == OFFICE
    item = work(item)
    names = [place["name"] for place in places]
    assert (item.state, item.message) == ("done", f"Ready in {names[0]} and {names[1]}")
    assert item.job.state == JobState.DONE
    assert item.incoming.paths == new(standin, before)
    document = library(standin)[item.incoming.paths[0]]
    assert document["title"] == "dog.txt"
    for place in places:
        assert in_workspace(standin, place["slug"]).count(item.incoming.paths[0]) == 1
        assert any(OFFICE in text for text in found(standin, place["slug"], "office dog called"))
    stored = Stored.objects.get()
    assert (stored.path, stored.title, stored.size, stored.added_by) == (
        item.incoming.paths[0],
        "dog.txt",
        len(OFFICE),
        ada,
    )
    assert not item.incoming.staged.exists()


def test_it_is_in_the_ledger(ada, standin, into_both):
    item = work(arrive(ada, "dog.txt", OFFICE, into_both))
    lines = list(AuditEvent.objects.filter(target_type="document").order_by("pk"))
    assert [(line.action, line.outcome) for line in lines] == [
        ("document.added", "ok"),
        ("document.embedded", "ok"),
        ("document.embedded", "ok"),
    ]
    assert lines[0].target_name == "dog.txt"
    assert lines[0].target_id in item.incoming.paths[0]
    assert lines[0].after == {"folder": "custom-documents", "documents": 1, "bytes": len(OFFICE)}


def test_files_of_a_batch_are_rows_of_one_job(ada, standin):
    items = [arrive(ada, f"{n}.txt", f"Number {n}.") for n in range(3)]
    assert {item.job_id for item in items} == {items[0].job_id}
    assert list(adding.rows(items[0].job)) == items
    assert adding.batch_of(ada, "b1").job_id == items[0].job_id
    assert set(adding.on_their_way(ada)) == {item.incoming for item in items}
    work(items[0])
    assert list(items[0].job.items.values_list("state", flat=True)) == ["done"] * 3
    assert not adding.on_their_way(ada)


def test_the_same_sent_again_is_the_same(ada, standin, before):
    item = arrive(ada, "dog.txt", OFFICE, ticket="t1")
    assert arrive(ada, "dog.txt", OFFICE, ticket="t1") == item
    work(item)
    assert arrive(ada, "dog.txt", OFFICE, ticket="t1") == item
    assert len(new(standin, before)) == 1


@pytest.mark.parametrize("as_version", [(1, 16, 0), (1, 7, 4)])
def test_it_goes_into_the_folder_that_was_chosen(ada, standin, as_version):
    """Before v1.7.5 the instance takes files into its own folder only."""
    standin.post("/v1/document/create-folder", {"name": "Reports"})
    standin.configure(as_version=as_version)
    item = work(arrive(ada, "dog.txt", OFFICE, Options(folder="Reports")))
    assert item.state == "done", item.message
    (path,) = item.incoming.paths
    assert path.startswith("Reports/")
    assert path in library(standin)
    assert Stored.objects.get().path == path


def test_the_chosen_folder_is_read_once_for_a_file(ada, standin):
    """However many documents are in it, and the instance opens each of them for that."""
    standin.post("/v1/document/create-folder", {"name": "Reports"})
    work(arrive(ada, "dog.txt", OFFICE, Options(folder="Reports")))
    paths = [request["path"] for request in standin.state()["requests"] if request["method"] == "GET"]
    assert [path for path in paths if "/documents" in path and "/document/" not in path] == [
        "/api/v1/documents/folder/Reports"
    ]


def test_a_file_that_becomes_several_documents_is_put_in_with_all_of_them(ada, standin, places, into_both, before):
    letters = "".join(
        f"From ada@example.com Sat Nov 21 06:00:0{n} 2026\nSubject: Letter {n}\n\nThe word is {word}.\n\n"
        for n, word in enumerate(("walnut", "hazelnut", "chestnut"))
    )
    item = work(arrive(ada, "box.mbox", letters, into_both))
    assert item.state == "done", item.message
    assert len(item.incoming.paths) == 3
    assert sorted(item.incoming.paths) == new(standin, before)
    for place in places:
        assert set(item.incoming.paths) <= set(in_workspace(standin, place["slug"]))
        for word in ("walnut", "hazelnut", "chestnut"):
            assert len(found(standin, place["slug"], word)) == 1
    assert Stored.objects.filter(sha256=item.incoming.sha256).count() == 3


# --- One name, one content ----------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_one_file_is_read_while_another_is_embedded_and_nothing_is_there_twice(
    standin, ada, into_both, places, before, settings, monkeypatch
):
    monkeypatch.setattr(settings.HUEY, "immediate", False)
    monkeypatch.setattr(engine, "HANDS", 2)
    standin.configure(processing=0.1, embedding=0.1)
    items = [arrive(ada, f"{n}.txt", f"{OFFICE} {n}", into_both) for n in range(8)]
    job = work(items[0]).job
    assert set(job.items.values_list("state", flat=True)) == {ItemState.DONE}
    assert len(new(standin, before)) == 8
    for place in places:
        mine = [path for path in in_workspace(standin, place["slug"]) if path in new(standin, before)]
        assert mine == new(standin, before)
    uploads = [r for r in standin.state()["requests"] if "/document/upload" in r["path"]]
    assert len(uploads) == 8


@pytest.mark.django_db(transaction=True)
def test_eight_files_of_one_name_at_the_same_time_keep_their_contents(
    ada, standin, places, before, settings, monkeypatch
):
    """Eight jobs, eight workers, and an instance that takes its time: its reader has one place for each name."""
    monkeypatch.setattr(settings.HUEY, "immediate", False)
    standin.configure(processing=0.2)
    words = ["apple", "birch", "cedar", "daisy", "elder", "fennel", "ginger", "hazel"]
    into = Options(workspace_ids=(places[0]["id"],))
    items = [arrive(ada, "notes.txt", f"The word is {word}.", into, batch=f"batch-{word}") for word in words]
    done = work_at_once(items)
    assert [item.state for item in done] == ["done"] * 8, [item.message for item in done]
    assert len(new(standin, before)) == 8
    assert all(library(standin)[item.incoming.paths[0]]["title"] == "notes.txt" for item in done)
    for word in words:
        assert len(found(standin, places[0]["slug"], word)) == 1


def test_what_is_there_already_is_used(ada, standin, places, before):
    first = work(arrive(ada, "dog.txt", OFFICE))
    into = Options(workspace_ids=(places[0]["id"],))
    again = work(arrive(ada, "hound.txt", OFFICE, into, batch="b2"))
    assert (again.state, again.message) == ("skipped", "There already, as dog.txt in custom-documents")
    assert new(standin, before) == first.incoming.paths
    assert first.incoming.paths[0] in in_workspace(standin, places[0]["slug"])
    assert not again.incoming.staged.exists()


def test_the_same_content_twice_in_a_batch_is_there_once(ada, standin, before):
    items = [arrive(ada, name, OFFICE) for name in ("dog.txt", "copy of dog.txt")]
    work(items[0])
    assert list(items[0].job.items.values_list("state", flat=True)) == ["done", "skipped"]
    assert len(new(standin, before)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_content_at_the_same_time_is_there_once(ada, standin, before, settings, monkeypatch):
    monkeypatch.setattr(settings.HUEY, "immediate", False)
    standin.configure(processing=0.3)
    items = [arrive(ada, f"dog-{n}.txt", OFFICE, batch=f"b{n}") for n in range(4)]
    done = work_at_once(items)
    assert sorted(item.state for item in done) == ["done", "skipped", "skipped", "skipped"]
    assert len(new(standin, before)) == 1


def test_a_worker_that_died_with_a_content_does_not_keep_it_from_itself(ada, standin):
    item = arrive(ada, "dog.txt", OFFICE)
    Lease.objects.create(
        name=f"incoming:{item.incoming.sha256}",
        holder=item.incoming.token,
        until=timezone.now() + locks.LONG_LEASE,
    )
    assert work(item).state == "done"


def test_what_was_erased_from_the_instance_is_no_duplicate(ada, standin):
    first = work(arrive(ada, "dog.txt", OFFICE))
    instance.connect().documents.remove(first.incoming.paths)
    again = work(arrive(ada, "dog.txt", OFFICE, batch="b2"))
    assert again.state == "done"
    assert again.incoming.paths[0] in library(standin)


def test_both_are_kept_where_that_was_chosen(ada, standin, before):
    for batch in ("b1", "b2"):
        work(arrive(ada, "dog.txt", OFFICE, Options(duplicates=Duplicates.KEEP), batch=batch))
    assert len(new(standin, before)) == 2


# --- What goes wrong ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("broken.docx", b"not a zip", "AnythingLLM refused: A processing error occurred."),
        ("fake.pdf", b"not a PDF", "AnythingLLM refused: A processing error occurred."),
    ],
)
def test_what_the_instance_cannot_read_fails_with_its_words(ada, standin, before, name, content, words):
    item = work(arrive(ada, name, content))
    assert (item.state, item.message) == ("failed", words)
    assert new(standin, before) == []
    assert AuditEvent.objects.get(action="document.added").outcome == "refused"


def test_the_instances_words_name_the_file_as_it_is_known(ada, standin):
    item = work(arrive(ada, "empty.pdf", "%PDF-1.4"))
    assert (item.state, item.message) == ("failed", "AnythingLLM refused: No text content found in empty.pdf.")


@pytest.mark.parametrize("kind", ["lost", "cut", "truncated", "502", "reset"])
def test_an_answer_that_gets_lost_is_settled_by_looking(ada, standin, places, before, kind):
    into = Options(workspace_ids=(places[0]["id"],))
    standin.fault(kind, path="/document/upload", times=1)
    item = work(arrive(ada, "dog.txt", OFFICE, into))
    if kind in ("502", "reset"):  # nothing came through, which nobody can know
        assert item.state == "unknown"
        adding.retry(actor=ada, job=item.job)
        item = work(item)
    assert item.state == "done", item.message
    assert new(standin, before) == item.incoming.paths
    assert in_workspace(standin, places[0]["slug"]).count(item.incoming.paths[0]) == 1


def test_what_nobody_knows_of_is_decided_anew_when_the_same_has_come_meanwhile(ada, standin, before):
    standin.fault("502", path="/document/upload", times=1)
    item = work(arrive(ada, "dog.txt", OFFICE))
    assert item.state == "unknown"
    work(arrive(ada, "hound.txt", OFFICE, batch="b2"))
    adding.retry(actor=ada, job=item.job)
    assert work(item).state == "skipped"
    assert len(new(standin, before)) == 1


def test_what_came_through_is_ours_even_when_the_same_has_come_meanwhile(ada, standin, before):
    standin.fault("lost", path="/document/upload", times=1)
    standin.fault("500", path="/v1/documents$", times=1)
    item = work(arrive(ada, "dog.txt", OFFICE))
    assert item.state == "unknown"
    work(arrive(ada, "hound.txt", OFFICE, Options(duplicates=Duplicates.KEEP), batch="b2"))
    adding.retry(actor=ada, job=item.job)
    item = work(item)
    assert item.state == "done", item.message
    assert len(new(standin, before)) == 2


def test_an_embedder_that_fails_in_silence_is_told_and_tried_again(ada, standin, places, into_both, before):
    standin.configure(embedder_up=False)
    item = work(arrive(ada, "dog.txt", OFFICE, into_both))
    assert item.state == "failed"
    assert item.message.startswith(f"In the library, but not in {places[0]['name']}: ")
    assert places[1]["name"] in item.message
    (path,) = new(standin, before)

    standin.configure(embedder_up=True)
    adding.retry(actor=ada, job=item.job)
    item = work(item)
    assert item.state == "done", item.message
    assert new(standin, before) == [path]
    assert all(in_workspace(standin, place["slug"]).count(path) == 1 for place in places)


def test_a_workspace_that_is_gone_does_not_keep_it_from_the_others(ada, standin, places, into_both):
    instance.connect().workspaces.delete(places[0]["slug"])
    instance.forget("workspaces")
    item = work(arrive(ada, "dog.txt", OFFICE, into_both))
    assert item.state == "failed"
    assert item.incoming.paths[0] in in_workspace(standin, places[1]["slug"])


def test_it_waits_while_the_instance_is_down(ada, standin, before, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:1"
    item = arrive(ada, "dog.txt", OFFICE)
    assert work(item).state == "pending"
    settings.ANYTHINGLLM_URL = standin.url
    assert work(item).state == "done"
    assert len(new(standin, before)) == 1


STEPS = [
    ("dashboard.documents.sending", "_ask"),
    ("dashboard.documents.sending", "is_there"),
    ("dashboard.documents.bringing", "send"),
    ("dashboard.documents.bringing", "Stored.objects.bulk_create"),
    ("dashboard.documents.embedding", "put"),
    ("dashboard.documents.erasing", "erase_one"),
    ("dashboard.jobs.engine", "_settle"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_worker_that_is_killed_anywhere_leaves_nothing_undone_and_nothing_doubled(
    ada, standin, places, before, incoming, monkeypatch, module, name, after
):
    old = work(arrive(ada, "dog.txt", "The office dog sleeps.", Options(workspace_ids=(places[1]["id"],)), batch="b0"))
    item = arrive(ada, "dog.txt", OFFICE, Options(workspace_ids=(places[0]["id"],), duplicates=Duplicates.REPLACE))
    with monkeypatch.context() as patch:
        place, _, last = f"{module}.{name}".rpartition(".")
        killed_at(patch, locate(place), last, after=after)
        with pytest.raises(SystemExit):
            engine.work(item.job_id)
    JobItem.objects.filter(pk=item.pk).update(state=ItemState.RUNNING)
    Job.objects.filter(pk=item.job_id).update(state=JobState.QUEUED)
    item = work(item)
    assert item.state == "done", item.message
    assert new(standin, before) == item.incoming.paths
    assert item.incoming.paths != old.incoming.paths
    for place in places:
        assert in_workspace(standin, place["slug"]).count(item.incoming.paths[0]) == 1
        assert sum(OFFICE in text for text in found(standin, place["slug"], "office dog called")) == 1
    assert not list(incoming.iterdir())


# --- At the door --------------------------------------------------------------------------------------------------------
def test_what_is_too_large_empty_or_unreadable_is_not_taken(ada, standin, settings, incoming):
    settings.DOCUMENT_MAX_MB = 1
    with pytest.raises(Declined, match=r"big.txt is larger than 1 MB"):
        arrive(ada, "big.txt", b"x" * (1024 * 1024 + 1))
    with pytest.raises(Declined, match=r"empty.txt is empty"):
        arrive(ada, "empty.txt", b"")
    with pytest.raises(Declined, match=r"cannot read prog.exe"):
        arrive(ada, "prog.exe", b"MZ\x00\x01")
    assert not Incoming.objects.exists()
    assert not list(incoming.iterdir())


@pytest.mark.parametrize("name", ["desktop.ini", "Thumbs.db", ".DS_Store", "~$handbook.docx", "x.TMP", ".~lock.a.odt#"])
def test_what_programs_leave_beside_files_is_left_out(ada, standin, name):
    with pytest.raises(Declined, match="keeps for itself"):
        arrive(ada, name, "words")


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("制度.txt", "年假制度：员工每年有十五天年假。".encode("gbk"), "gb18030"),
        ("raeume.md", "Größe der Räume: überprüfen, bitte.".encode("cp1252"), "cp1252"),
        ("отпуск.csv", "Отпуск;28 дней".encode("cp1251"), "cp1251"),
        ("notes", "Größe der Räume".encode("latin-1"), "cp1252"),
        ("memo.txt", "Die Größe der Räume".encode("utf-16"), ""),
        ("memo.zzz", b"\xfe\xff" + "Die Größe der Räume".encode("utf-16-be"), ""),
    ],
)
def test_a_text_of_another_encoding_is_sent_as_utf_8(ada, standin, places, name, content, encoding):
    if encoding:
        with pytest.raises(Declined, match=f"{name} is not written in UTF-8"):
            arrive(ada, name, content)
        assert not Incoming.objects.exists()
    item = arrive(ada, name, content, Options(workspace_ids=(places[0]["id"],), encoding=encoding))
    text = content.decode(encoding or "utf-16")
    assert item.incoming.staged.read_text() == text
    assert work(item).state == "done"
    assert any(text in passage for passage in found(standin, places[0]["slug"], text))


@pytest.mark.parametrize(
    ("content", "encoding"), [("Größe".encode("cp1252"), "cp932"), (b"caf\x81\x9d", "cp1252"), (b"a\0b\xff", "gb18030")]
)
def test_what_is_not_in_the_encoding_that_was_chosen_is_refused(ada, standin, content, encoding):
    with pytest.raises(Declined, match=r"a\.txt cannot be read as"):
        arrive(ada, "a.txt", content, Options(encoding=encoding))


@pytest.mark.parametrize(
    "content", [b"  \n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n", b"\xff\xfe \x00", "\u200b\u3000".encode()]
)
def test_a_text_without_a_word_is_refused(ada, standin, content):
    with pytest.raises(Declined, match=r"blank\.txt has no text in it"):
        arrive(ada, "blank.txt", content)


def test_what_has_a_reader_of_its_own_is_not_taken_for_text(ada, standin):
    assert arrive(ada, "a.pdf", b"%PDF-1.4 \xe9\xff").state == "pending"


def test_an_unknown_ending_is_no_reason_when_it_is_text(ada, standin):
    assert work(arrive(ada, "strange.zzz", OFFICE)).state == "done"


def test_while_the_instance_does_not_say_what_it_reads_nothing_is_refused_for_its_type(ada, standin):
    standin.configure(collector_up=False)
    assert arrive(ada, "prog.exe", b"MZ\x00\x01").state == "pending"


def test_a_batch_has_an_end(ada, standin, monkeypatch):
    monkeypatch.setattr(adding, "MOST_FILES", 2)
    first = arrive(ada, "1.txt", "One")
    arrive(ada, "2.txt", "Two")
    with pytest.raises(Declined, match="At most 2 files"):
        arrive(ada, "3.txt", "Three")
    assert arrive(ada, "1.txt", "One") == first


def test_a_cancelled_batch_takes_nothing_more(ada, standin, before):
    item = arrive(ada, "1.txt", "One")
    jobs.cancel(actor=ada, job=item.job)
    with pytest.raises(Declined, match="cancelled"):
        arrive(ada, "2.txt", "Two")
    work(item)
    assert new(standin, before) == []


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\secret\\plan.txt", "plan.txt"),
        ("<script>alert(1)</script>.txt", "script>.txt"),
        ("Ümläut Datei (1).txt", "Ümläut Datei (1).txt"),
        ("报告.txt", "报告.txt"),
        ("gnp\u202etxt.exe.txt", "gnptxt.exe.txt"),
        ("a\r\nb\x00c.txt", "a bc.txt"),
        ("U\u0308bersicht.txt", "Übersicht.txt"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("👩\u200d👩\u200d👧.txt", "👩\u200d👩\u200d👧.txt"),
        ("x" * 300 + ".txt", None),
        (".hidden", ".hidden"),
        ("%2e%2e%2fevil.txt", "%2e%2e%2fevil.txt"),
        ('quote".txt', 'quote".txt'),
    ],
)
def test_hostile_names_stay_names(ada, standin, before, name, known_as):
    item = work(arrive(ada, name, OFFICE))
    assert item.state == "done", item.message
    (path,) = new(standin, before)
    assert re.fullmatch(r"custom-documents/[^/]+\.json", path)
    if known_as:
        assert item.label == known_as
        assert library(standin)[path]["title"] == known_as


@pytest.mark.parametrize("name", ["Team B.", "Ünits 2026"])
def test_what_can_be_made_can_be_added_to_and_moved_into(ada, standin, name):
    services.folder_make(actor=ada, name=name)
    item = work(arrive(ada, "dog.txt", OFFICE, Options(folder=name)))
    assert item.state == "done", item.message
    other = work(arrive(ada, "cat.txt", "The office cat.", batch="b2")).incoming.paths
    (told,) = services.move(actor=ada, paths=other, folder=name)
    assert told.path.startswith(f"{name}/")


def test_a_folder_is_a_plain_name(ada, standin):
    for folder in ("../up", "a/b", "..", "", " x", "a\\b"):
        with pytest.raises(Declined, match="no name of a folder"):
            arrive(ada, "dog.txt", OFFICE, Options(folder=folder))


# --- Limits ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def limited(django_user_model, places):
    """A manager who looks after the first workspace only."""
    mia = django_user_model.objects.create_user("mia", "correct-horse-battery", role="manager")
    mia.looks_after.create(workspace_id=places[0]["id"])
    return mia


def test_a_limited_manager_adds_to_their_workspaces_only(limited, standin, places, into_both):
    with pytest.raises(Declined, match="do not look after"):
        arrive(limited, "dog.txt", OFFICE, into_both)
    item = work(arrive(limited, "dog.txt", OFFICE, Options(workspace_ids=(places[0]["id"],))))
    assert item.state == "done", item.message


def test_what_a_limited_manager_does_not_see_is_no_duplicate(ada, limited, standin, places, before):
    work(arrive(ada, "dog.txt", OFFICE, Options(workspace_ids=(places[1]["id"],))))
    item = work(arrive(limited, "hound.txt", OFFICE, Options(workspace_ids=(places[0]["id"],)), batch="b2"))
    assert item.state == "done", item.message
    assert len(new(standin, before)) == 2


def test_a_limited_manager_replaces_only_what_is_theirs_to_erase(ada, limited, standin, places):
    """It is in their workspace, so they see it; but somebody else has added it."""
    old = work(arrive(ada, "dog.txt", OFFICE, Options(workspace_ids=(places[0]["id"],)))).incoming.paths[0]
    instead = Options(workspace_ids=(places[0]["id"],), duplicates=Duplicates.REPLACE)
    item = work(arrive(limited, "dog.txt", "The office dog sleeps.", instead, batch="b2"))
    assert item.state == "failed"
    assert item.message == "Somebody else has added it. You can take it out of your workspaces."
    assert not item.incoming.paths
    assert old in in_workspace(standin, places[0]["slug"])


def test_who_lost_their_workspace_meanwhile_puts_nothing_into_it(limited, standin, places, before):
    item = arrive(limited, "dog.txt", OFFICE, Options(workspace_ids=(places[0]["id"],)))
    limited.looks_after.update(workspace_id=places[1]["id"])
    item = work(item)
    assert item.state == "failed"
    assert item.incoming.paths[0] not in in_workspace(standin, places[0]["slug"])


def test_what_is_on_its_way_is_shown_to_its_own_and_to_admins(ada, limited, standin):
    mine = arrive(limited, "dog.txt", OFFICE)
    theirs = arrive(ada, "hound.txt", OFFICE, batch="b2")
    assert list(adding.on_their_way(limited)) == [mine.incoming]
    assert list(adding.on_their_way(ada)) == [theirs.incoming, mine.incoming]
    assert adding.batch_of(limited, "b2") is None
    with pytest.raises(Declined, match="not there any more"):
        arrive(limited, "cat.txt", "The office cat.", batch="b2")
