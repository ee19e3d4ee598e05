"""Files that arrive over a slow line keep no page waiting."""

from __future__ import annotations

import socket
from contextlib import ExitStack

BEGINNING = (
    "POST /documents/add/file/ HTTP/1.1\r\nHost: localhost\r\nCookie: foyer_csrf={token}\r\nContent-Length: 100000\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
)


def test_pages_answer_while_more_files_arrive_than_there_are_threads(running_foyer):
    with ExitStack() as lines:
        for _file in range(4):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", running_foyer.port), timeout=10))
            line.sendall(BEGINNING.format(token="b" * 32).encode())
        assert running_foyer.get("/sign-in/")[0] == 200
