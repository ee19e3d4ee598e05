"""What is kept in the cache, and what Foyer does while there is none."""

from __future__ import annotations

import contextvars
import pickle
import threading
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache

from dashboard import instance, marks
from tests.resp import RedisStandIn


@pytest.fixture
def server(settings):
    server = RedisStandIn()
    server.start()
    settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Redis", "LOCATION": server.url}}
    pool = cache._cache.get_client().connection_pool
    yield server
    pool.disconnect()
    server.stop()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(marks, "PAUSE", 0.0)
    monkeypatch.setattr(marks, "_state", marks._State())


def in_a_context_of_its_own(call):
    """As the server runs each page."""
    thread = threading.Thread(target=contextvars.Context().run, args=(call,))
    thread.start()
    thread.join()


# --- What is kept -----------------------------------------------------------------------------------------------------
def test_two_hundred_pages_share_the_connections_of_the_process(server):
    for _page in range(200):
        in_a_context_of_its_own(lambda: marks.of(["a", "b"]))
    assert server.connections == 1


def test_marks_are_kept_as_text_that_can_run_nothing(server, settings, tmp_path):
    marks.renew(["a"])
    (kept,) = server.kept.values()
    assert kept.startswith(b'"')
    settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Files", "LOCATION": tmp_path / "cache"}}
    marks.renew(["a"])
    (file,) = (tmp_path / "cache").iterdir()
    assert file.read_bytes().startswith(b'"')


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("s3cret-was-here"),)


def test_a_pickle_that_a_stranger_put_there_is_not_run(server, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    marks.renew(["a"])
    server.kept[next(iter(server.kept))] = pickle.dumps(Bomb())
    assert marks.of(["a"])["a"] == (0, None)
    settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Files", "LOCATION": tmp_path / "cache"}}
    FileBasedCache(str(tmp_path / "cache"), {}).set("a", Bomb())
    assert marks.of(["a"])["a"] == (0, None)
    assert not (tmp_path / "s3cret-was-here").exists()


# --- While there is none ----------------------------------------------------------------------------------------------
def test_without_the_cache_pages_answer_with_what_is_so_now(server, admin_client, standin):
    assert "lena" in admin_client.get("/users/").content.decode()
    asked = len(standin.state()["requests"])
    assert admin_client.get("/users/").status_code == 200
    assert len(standin.state()["requests"]) == asked, "read again within half a minute: nothing is asked"
    server.stop()
    try:
        for url in ("/", "/users/", "/workspaces/", "/access/", "/documents/", "/system/"):
            assert admin_client.get(url).status_code == 200, url
        assert len(standin.state()["requests"]) > asked
        assert not marks.are_kept()
    finally:
        server.start()


def test_a_change_without_the_cache_is_seen_by_others_once_it_is_back(server):
    before = marks.of(["users"])
    others, marks._state = marks._state, marks._State()  # another process, which asks nothing meanwhile
    server.stop()
    instance.forget("users")
    server.start()
    marks.of(["workspaces"])  # the cache is back
    marks._state = others
    assert marks.of(["instance:users"])["instance:users"] != before["users"]
    assert marks.of(["instance:users"])["instance:users"][1] is not None


def test_what_was_read_before_an_outage_counts_as_forgotten_after_it(server):
    before = marks.of(["users"])
    server.stop()
    during = marks.of(["users"])
    server.start()
    after = marks.of(["users"])
    assert len({str(mark) for mark in (before, during, after)}) == 3
    assert marks.of(["users"]) == after
    assert marks.are_kept()


def test_after_a_failure_it_is_left_alone_for_a_while(server, monkeypatch):
    monkeypatch.setattr(marks, "PAUSE", 600.0)
    server.stop()
    marks.of(["users"])
    server.start()
    before = server.connections
    assert marks.of(["users"]) == marks.of(["users"])
    assert server.connections == before


def test_a_folder_that_cannot_be_read_or_written_is_no_error_either(settings, tmp_path):
    settings.CACHES = {"default": {"BACKEND": "dashboard.caches.Files", "LOCATION": tmp_path / "cache"}}
    marks.renew(["a"])
    (tmp_path / "cache").rename(tmp_path / "gone")
    (tmp_path / "cache").touch()  # no folder any more
    first = marks.of(["a"])
    marks.renew(["a"])
    assert marks.of(["a"]) != first
    assert not marks.are_kept()
