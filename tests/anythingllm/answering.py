"""A tiny HTTP server that answers with given bytes, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Answer:
    """`pieces`: sent one by one as a chunked body, with a `pause` after each. `hang`: seconds of silence afterwards. `slow_head`: seconds
    after each byte of the head.

    `cut`: drop the line before the end. `hang_up`: close it after the end, without having said so.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    pause: float = 0
    slow_head: float = 0
    hang: float = 0
    cut: bool = False
    hang_up: bool = False


def of_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


PAGE = Answer(200, b"<!DOCTYPE html><html></html>", "text/html; charset=utf-8")


class Answering(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.clear()

    def clear(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Answer | Callable[[Asked], Answer] = Answer(200, b"{}")
        self.queues: dict[tuple[str, str], deque[Answer]] = {}
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def also(self, method: str, path: str, *answers: Answer) -> None:
        """Answers for one path, in order; the last one stays."""
        self.queues[(method, path)] = deque(answers)

    def next_answer(self, asked: Asked) -> Answer:
        queue = self.queues.get((asked.method, asked.path))
        if queue:
            return queue.popleft() if len(queue) > 1 else queue[0]
        return self.answer(asked) if callable(self.answer) else self.answer

    def handle_error(self, *_: Any) -> None:
        """A client that leaves in the middle is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Answering

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def _any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
        self.server.asked.append(asked)
        answer = self.server.next_answer(asked)
        if answer.cut and not answer.body and answer.pieces is None:
            self.close_connection = True
            return
        self._pause = answer.slow_head
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.pieces is None:
            self.send_header("Content-Length", str(len(answer.body) + (10 if answer.cut else 0)))
            self.end_headers()
            self.wfile.write(answer.body)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in answer.pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                time.sleep(answer.pause)
            time.sleep(answer.hang)
            if not (answer.cut or answer.hang):
                self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.close_connection or answer.cut or answer.hang_up or bool(answer.hang)

    def flush_headers(self) -> None:
        head, self._headers_buffer = b"".join(self._headers_buffer), []
        for start in range(0, len(head), 1 if self._pause else len(head)):
            self.wfile.write(head[start : start + 1] if self._pause else head)
            time.sleep(self._pause)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def answering() -> Iterator[Answering]:
    server = Answering()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
