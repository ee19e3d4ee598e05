"""Whoever is slow holds nobody else: while they are at it another person's page comes within a second, and afterwards all is as before."""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import ExitStack

import pytest

BEGINNING = (
    "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: foyer_csrf=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
    "Content-Length: {length}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na"
)


def ended(line: socket.socket) -> bytes:
    """All that still comes until the server closes."""
    found = b""
    try:
        while some := line.recv(65536):
            found += some
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("/sign-in/", 100),
        ("/nowhere/", 90_000_000),
        ("/documents/add/file/", 100_000),
        ("/documents/add/file/", 90_000_000),
        ("/chat/x/+ask/", 200_000),
    ],
)
def test_bodies_that_never_come(house, path, length):
    with house.as_before() as slow:
        lines = [
            slow.enter_context(house.connect(BEGINNING.format(path=path, length=length).encode()))
            for _line in range(12)
        ]
        house.others_are_served()
        status, page = house.answer(lines[0])
        assert status == 408
        assert b"came too slowly" in page


def test_answers_that_nobody_reads(house):
    with house.as_before() as slow:
        asked = house.ask("GET", "/static/css/app.css", "") * 40
        for _line in range(12):
            line = socket.socket()
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", house.port))
            slow.enter_context(line).sendall(asked)
        house.others_are_served()


def test_whoever_sends_many_requests_at_once_and_leaves(house):
    with house.as_before() as slow:
        asked = house.ask("GET", "/static/css/app.css", "") * 40
        for _line in range(12):
            with house.connect(asked):
                pass
        house.others_are_served()
        slow.close()


def test_downloads_over_slow_lines(house):
    with house.as_before() as slow:
        for session in house.exporters:
            line = socket.socket()
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", house.port))
            slow.enter_context(line).sendall(house.ask("GET", "/audit/export/", session))
            assert line.recv(2000).startswith(b"HTTP/1.1 200")
        house.others_are_served()


def test_an_export_ends_when_its_reader_has_gone(house):
    with house.as_before():
        for session in house.exporters * 2:
            with house.connect(house.ask("GET", "/audit/export/", session)) as line:
                line.recv(100)
        house.others_are_served()


def test_an_export_comes_whole(house):
    status, _seconds, body = house.get("/audit/export/", house.exporters[0])
    assert status == 200
    assert body.count(b"\r\n") > 8_000


def test_six_who_wait_for_an_instance_that_is_slow(house):
    house.get(f"/chat/{house.slug}/", house.askers[0])
    house.standin.configure(latency=2)
    with house.as_before(readers=16) as slow:
        for session in house.askers:
            slow.enter_context(house.connect(house.ask("GET", f"/chat/{house.slug}/", session)))
        house.others_are_served()
        house.standin.configure(latency=0)


def test_more_pages_wait_for_the_instance_than_there_are_threads(house):
    """From one address, too: the last threads are for those who need nobody else."""
    house.get(f"/chat/{house.slug}/", house.askers[0])
    house.standin.configure(latency=12)
    with house.as_before(readers=16) as slow:
        lines = [
            slow.enter_context(house.connect(house.ask("GET", f"/chat/{house.slug}/", session)))
            for session in house.askers * 8
        ]
        house.others_are_served()
        house.standin.configure(latency=0)
        assert {house.answer(line)[0] for line in lines} == {200, 503}
    assert house.get(f"/chat/{house.slug}/", house.askers[0])[0] == 200


def test_first_questions_to_a_slow_model(house):
    house.standin.configure(slow=6)
    body = f"workspace={house.slug}&text=SLOW+days+off".encode()
    with house.as_before(readers=16) as slow:
        lines = [
            slow.enter_context(house.connect(house.ask("POST", "/welcome/ask/", session, body)))
            for session in house.askers * 6  # some of which are too many for one person, and told so
        ]
        house.others_are_served()
        found = [house.answer(line)[0] for line in lines]
        assert set(found) <= {302, 409, 429, 503} and found.count(302) >= len(house.askers)


def test_a_course_that_joins_at_the_same_moment(house):
    house.standin.fault("latency", path="/invite/", seconds=1.5)
    house.standin.fault("latency", path="/admin/users/new", seconds=1.5)
    with house.as_before(readers=16) as slow:
        lines = []
        for number in range(20):
            body = f"username=course-{number}&password=a-very-long-password&csrfmiddlewaretoken={number:032}".encode()
            head = house.ask("POST", f"/join/{house.code}/", "", body).replace(b"foyer_session=; ", b"")
            lines.append(slow.enter_context(house.connect(head.replace(b"b" * 32, f"{number:032}".encode()))))
        house.others_are_served()
        assert [house.answer(line)[0] for line in lines] == [302] * 20


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX-Long: ",
        b"GET /",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ",
    ],
)
def test_a_head_without_an_end(house, head):
    with house.as_before() as slow:
        lines = [slow.enter_context(house.connect(head)) for _line in range(10)]
        for line in lines:
            with pytest.raises(ConnectionError):
                for _megabyte in range(40):
                    line.sendall(b"a" * 1_000_000)
        house.others_are_served()


def test_heads_that_come_letter_by_letter(house):
    with house.as_before() as slow:
        lines = [slow.enter_context(house.connect(b"GET / HTTP/1.1\r\nHost: loc")) for _line in range(40)]
        house.others_are_served()
        started = time.monotonic()
        assert [ended(line) for line in lines] == [b""] * 40
        assert time.monotonic() - started < 30


def test_a_thousand_connections_that_ask_nothing(house):
    with house.as_before() as slow:
        lines = [slow.enter_context(house.connect()) for _line in range(1_000)]
        house.others_are_served()
        assert ended(lines[0]) == b""  # the longest idle goes first
        assert ended(lines[-1]) == b""  # and in time each of them


def test_what_an_address_sends_at_a_time_has_a_limit(house):
    with house.as_before() as slow:
        begun = BEGINNING.format(path="/sign-in/", length=100).encode()
        lines = [slow.enter_context(house.connect(begun)) for _line in range(120)]
        status, page = house.answer(lines[-1])
        assert status == 503
        assert b"under way" in page
        house.others_are_served()


def test_the_bytes_that_an_address_has_on_disk_have_a_limit(house):
    """Ten times the largest document, of 100 MB and 5 MB of form."""
    large = house.ask("POST", "/documents/add/file/", house.ada, b"a" * 300_000)
    large = large.replace(b"Content-Length: 300000", b"Content-Length: 104000000")
    with ExitStack() as slow:
        lines = [slow.enter_context(house.connect(large)) for _line in range(10)]
        house.settle(lambda: house.files_on_disk() == 10)
        with house.connect(large) as line:
            status, page = house.answer(line)
            assert status == 503
            assert b"under way" in page
        house.others_are_served()
        with house.connect(house.ask("POST", "/users/new/", house.ada, b"username=")) as line:
            assert house.answer(line)[0] == 422  # what is small is taken
        lines[0].close()
        house.settle(lambda: house.files_on_disk() == 9)
        slow.enter_context(house.connect(large))
        house.settle(lambda: house.files_on_disk() == 10)
    house.settle(lambda: house.files_on_disk() == 0)


def test_who_is_too_large_is_told_on_a_page(house):
    body = b"a" * 6_000_000
    with house.connect(house.ask("POST", "/users/import/", house.ada, body)) as line:
        status, page = house.answer(line)
    assert status == 413
    assert b"larger than 5 MB" in page


def test_a_large_file_is_taken_from_who_may_bring_one_only(house):
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        + b"a" * 6_000_000
        + b"\r\n--b--\r\n"
    )
    for session, status in ((house.ada, 422), ("", 413)):
        asked = house.ask("POST", "/documents/add/file/", session, parts).replace(
            b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b"
        )
        with house.connect(asked) as line:
            assert house.answer(line)[0] == status


def test_the_folder_for_what_comes_and_goes_is_made_again(house):
    house.incoming.rmdir()
    form = b"username=new&role=viewer&padding=" + b"a" * 1_000_000
    with house.connect(house.ask("POST", "/operators/new/", house.ada, form)) as line:
        assert house.answer(line)[0] == 422  # it was read, and has no password
    assert house.incoming.stat().st_mode & 0o777 == 0o700
    house.incoming.rmdir()
    status, _seconds, body = house.get("/audit/export/", house.exporters[0])
    assert status == 200
    assert body.count(b"\r\n") > 8_000
    assert len(body) > 300_000


def test_a_header_with_an_underscore_is_not_heeded(house):
    asked = house.ask("GET", "/sign-in/", "", b"", "Accept_Language: zh-hans", "Accept-Language: en")
    with house.connect(asked) as line:
        assert b'lang="en"' in house.answer(line)[1]


def test_the_watcher_is_answered_as_any_page_with_its_headers(house):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    heads = {}
    for path in ("/healthz", "/readyz"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == (200 if path == "/healthz" else 503)  # no worker runs here
        answer.read()
        heads[path] = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    same = {
        name
        for name in heads["/readyz"]
        if name not in ("date", "content-length", "x-request-id", "vary", "content-language", "content-security-policy")
    }
    assert {name: heads["/healthz"][name] for name in same} == {name: heads["/readyz"][name] for name in same}
    assert house.get("/healthz")[2] == b'{"status": "ok"}'
    with house.connect(b"GET /healthz HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n") as line:
        assert house.answer(line)[0] == 400


def test_whoever_leaves_while_they_wait_in_line_is_forgotten(house):
    house.standin.configure(latency=2)
    before = len(house.standin.state()["requests"])
    with house.as_before(readers=16) as slow:
        for _line in range(30):
            slow.enter_context(house.connect(house.ask("GET", f"/chat/{house.slug}/", house.askers[0])))
        house.settle(lambda: len(house.standin.state()["requests"]) > before)
        slow.close()
        house.others_are_served()


def test_a_strangers_form_is_small_and_not_read_where_they_may_not_be(house):
    with house.connect(house.ask("POST", "/sign-in/", "", b"x" * 100_000)) as line:
        status, page = house.answer(line)
    assert status == 413
    assert b"larger than 64 kB" in page
    # No token: were the form read for it, its many fields would be refused before.
    sent = house.ask("POST", "/users/new/", "", b"a=1&" * 20_000).replace(b"X-CSRFToken", b"X-Nothing")
    with house.connect(sent) as line, http.client.HTTPResponse(line) as answer:
        answer.begin()
        assert (answer.status, answer.headers["Location"][:9]) == (302, "/sign-in/")
