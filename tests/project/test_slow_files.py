"""Files that arrive over a slow line keep no page waiting."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from tests.project.processes import running

BEGINNING = (
    "POST /documents/add/file/ HTTP/1.1\r\nHost: localhost\r\nCookie: foyer_csrf={token}\r\nContent-Length: 100000\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
)


def test_pages_answer_while_more_files_arrive_than_there_are_threads(tmp_path):
    with running(["dashboard.run"], tmp_path, WEB_THREADS="2") as foyer, ExitStack() as lines:
        foyer.wait_until(lambda: "Foyer is ready" in foyer.said())
        for _file in range(4):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", foyer.port), timeout=10))
            line.sendall(BEGINNING.format(token="b" * 32).encode())
        assert foyer.get("/sign-in/")[0] == 200
