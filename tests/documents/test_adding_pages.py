"""Pages of the web, which the instance fetches, and typed text."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dashboard.documents import adding
from dashboard.documents.adding import Options
from dashboard.documents.models import Duplicates, Stored
from dashboard.errors import Declined
from dashboard.jobs.models import ItemState, Job, JobItem, JobState
from tests.documents.arriving import found, in_workspace, library, work

pytestmark = pytest.mark.django_db
NEWS = "<title>News</title><p>" + "The canteen has a new cook. " * 10
NOT_FOUND = "<h1>404 Not Found</h1><p>" + "Nothing to see. " * 10
PAGES = {
    "/news": (200, NEWS),
    "/menu": (200, NEWS.replace("News", "Menu")),
    "/gone": (404, NOT_FOUND),
    "/short": (200, "<p>Just a moment...</p>"),
    "/empty": (200, ""),
}


@pytest.fixture(autouse=True)
def incoming(settings, tmp_path):
    settings.INCOMING_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def site() -> Iterator[ThreadingHTTPServer]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, page = PAGES[self.path]
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web(site, monkeypatch) -> str:
    """The address of a site that is public as seen from Foyer; the stand-in, whose threads are others, finds the one of this test."""
    resolve = socket.getaddrinfo

    def resolver(host, *args, **kwargs):
        if host == "pages.example":
            host = "93.184.216.34" if threading.current_thread() is threading.main_thread() else "127.0.0.1"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return f"http://pages.example:{site.server_port}"


@pytest.fixture
def before(standin) -> set[str]:
    return set(library(standin))


@pytest.fixture
def place(standin) -> dict:
    return standin.get("/v1/workspaces")["workspaces"][0]


def new(standin, before) -> list[str]:
    return sorted(set(library(standin)) - before)


def link(actor, address, **options) -> JobItem:
    return work(adding.add_link(actor=actor, address=address, options=Options(**options)))


# --- Pages ----------------------------------------------------------------------------------------------------------------
def test_a_page_ends_in_its_folder_and_workspace(ada, standin, web, place, before):
    standin.post("/v1/document/create-folder", {"name": "News"})
    item = link(ada, f"{web}/news", folder="News", workspace_ids=(place["id"],))
    assert item.state == "done", item.message
    (path,) = new(standin, before)
    assert path.startswith("News/")
    assert item.incoming.paths == [path]
    assert path in in_workspace(standin, place["slug"])
    assert len(found(standin, place["slug"], "canteen new cook")) == 1
    stored = Stored.objects.get()
    assert (stored.path, stored.address, stored.source) == (path, f"{web}/news", "link")


@pytest.mark.parametrize(("page", "begins"), [("/gone", "404 Not Found"), ("/short", "Just a moment")])
def test_an_error_page_is_no_document_unless_it_is_wanted(ada, standin, web, before, page, begins):
    item = link(ada, web + page)
    assert item.state == "failed"
    assert begins in item.message
    assert "erased again" in item.message
    assert item.incoming.doubted
    assert new(standin, before) == []
    assert not Stored.objects.exists()

    adding.retry(actor=ada, job=item.job, item_ids=[item.pk], any_page=True)
    item = work(item)
    assert item.state == "done", item.message
    assert new(standin, before) == item.incoming.paths


def test_a_page_that_cannot_be_fetched_fails_with_the_instances_words(ada, standin, web, before):
    item = link(ada, f"{web}/empty")
    assert item.state == "failed"
    assert item.message == f"AnythingLLM refused: No URL content found at {web}/empty."
    assert new(standin, before) == []


def test_a_page_that_is_there_already_is_not_fetched_again(ada, standin, web, place, before):
    first = link(ada, f"{web}/news")
    asked = len(standin.state()["requests"])
    second = link(ada, f"{web}/news", workspace_ids=(place["id"],))
    assert second.state == "skipped" and second.message.startswith("There already, as ")
    assert first.incoming.paths == new(standin, before)
    assert not [r for r in standin.state()["requests"][asked:] if "upload-link" in r["path"]]
    assert first.incoming.paths[0] in in_workspace(standin, place["slug"])
    assert link(ada, f"{web}/menu").state == "done"


def test_a_page_is_replaced_by_what_it_is_now(ada, standin, web, place, before):
    first = link(ada, f"{web}/news", workspace_ids=(place["id"],))
    second = link(ada, f"{web}/news", duplicates=Duplicates.REPLACE)
    assert second.state == "done", second.message
    assert second.incoming.paths == new(standin, before) != first.incoming.paths
    kept = in_workspace(standin, place["slug"])
    assert second.incoming.paths[0] in kept and first.incoming.paths[0] not in kept


def test_an_error_page_replaces_nothing(ada, standin, web, place, before, site):
    first = link(ada, f"{web}/news", workspace_ids=(place["id"],))
    Stored.objects.update(address=f"{web}/gone")
    assert link(ada, f"{web}/gone", duplicates=Duplicates.REPLACE).state == "failed"
    assert first.incoming.paths == new(standin, before)
    assert first.incoming.paths[0] in in_workspace(standin, place["slug"])


def test_a_lost_answer_makes_no_second_page(ada, standin, web, before):
    first = link(ada, f"{web}/news")
    standin.fault("lost", path="/upload-link", times=1)
    second = link(ada, f"{web}/news", duplicates=Duplicates.KEEP)
    assert (first.state, second.state) == ("done", "done")
    assert sorted(first.incoming.paths + second.incoming.paths) == new(standin, before)


def test_a_page_that_came_meanwhile_from_the_same_host_is_another(ada, standin, web, before):
    standin.fault("502", path="/upload-link", times=1)
    lost = link(ada, f"{web}/news")
    assert lost.state == "unknown"
    other = link(ada, f"{web}/menu")
    adding.retry(actor=ada, job=lost.job)
    lost = work(lost)
    assert (lost.state, other.state) == ("done", "done")
    assert sorted(lost.incoming.paths + other.incoming.paths) == new(standin, before)


def test_a_worker_killed_after_the_page_was_fetched_goes_on_with_it(ada, standin, web, before, monkeypatch):
    item = adding.add_link(actor=ada, address=f"{web}/news", options=Options())
    with monkeypatch.context() as patch:

        def dies(*args):
            raise SystemExit

        patch.setattr("dashboard.documents.sending.is_there", dies)
        with pytest.raises(SystemExit):
            work(item)
    JobItem.objects.filter(pk=item.pk).update(state=ItemState.RUNNING)
    Job.objects.filter(pk=item.job_id).update(state=JobState.QUEUED)
    item = work(item)
    assert item.state == "done", item.message
    assert new(standin, before) == item.incoming.paths


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.com/x",
        "javascript:alert(1)",
        "https://",
        "example.com",
        "http://ada:secret@example.com/",
        "http://example.com:port/",
        "http://[::1/",
    ],
)
def test_what_is_no_address_is_refused(ada, standin, address):
    with pytest.raises(Declined, match="no address of a web page"):
        link(ada, address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.5",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "2130706433",
        "localhost",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:a00:1::]",
        "[::127.0.0.1]",
        "[64:ff9b:1::a00:1]",
        "[::ffff:0:10.0.0.1]",
        "[5f00::1]",
    ],
)
def test_what_is_private_is_not_asked_for(ada, standin, host):
    writes = standin.state()["writes"]
    with pytest.raises(Declined, match="private network"):
        link(ada, f"http://{host}/")
    assert standin.state()["writes"] == writes


def test_a_host_that_nobody_knows_is_refused(ada, standin):
    with pytest.raises(Declined, match="no host named nowhere"):
        link(ada, "https://nowhere.invalid/page")


# --- Text -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("title", ["Holiday rules", "假期规定", "notes.v2", "../../etc/passwd", "AC\\DC"])
def test_typed_text_keeps_its_title(ada, standin, place, before, title):
    text = "Thirty days of holidays, and Pumpernickel's birthday."
    options = Options(workspace_ids=(place["id"],))
    item = work(adding.add_text(actor=ada, title=title, text=text, options=options))
    assert item.state == "done", item.message
    (path,) = new(standin, before)
    assert library(standin)[path]["title"] == title
    assert any(text in passage for passage in found(standin, place["slug"], "pumpernickel birthday"))
    assert Stored.objects.get().source == "text"


@pytest.mark.parametrize(("title", "text"), [("", "Words"), ("  ", "Words"), ("Title", ""), ("Title", " \n\t")])
def test_text_needs_a_title_and_a_word(ada, standin, title, text):
    with pytest.raises(Declined, match="a title and at least one word"):
        adding.add_text(actor=ada, title=title, text=text, options=Options())


def test_text_has_a_size(ada, standin, settings):
    settings.DOCUMENT_MAX_MB = 1
    with pytest.raises(Declined, match="larger than 1 MB"):
        adding.add_text(actor=ada, title="Long", text="Words " * 200_000, options=Options())
