"""A server that speaks as much of Redis' language as a cache needs, counts who comes, and can go away and come back empty or not."""

from __future__ import annotations

import socket
import socketserver
import threading
from typing import Any


class RedisStandIn:
    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._server: _Server | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/1"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Talk)
        self._server.of = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """As a process that ends: nobody listens, and every connection is closed."""
        if server := self._server:
            self._server = None
            server.shutdown()
            self._thread.join()
            for line in list(self._open):
                line.shutdown(socket.SHUT_RDWR)
            server.server_close()

    def answer(self, command: bytes, arguments: list[bytes]) -> Any:
        if command == b"HELLO":
            return {b"proto": int(arguments[0])}
        if command == b"MGET":
            return [self.kept.get(key) for key in arguments]
        if command == b"GET":
            return self.kept.get(arguments[0])
        if command == b"SET":
            self.kept[arguments[0]] = arguments[1]
        elif command == b"MSET":
            self.kept.update(zip(arguments[::2], arguments[1::2], strict=True))
        elif command == b"FLUSHDB":
            self.kept.clear()
        elif command not in (b"SELECT", b"CLIENT", b"PING", b"MULTI"):
            return ValueError(command)
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    of: RedisStandIn


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        ours, queued = self.server.of, None
        ours.connections += 1
        ours._open.add(self.connection)
        try:
            while words := self._command():
                command, *arguments = words
                if command == b"MULTI":
                    queued = []
                elif command == b"EXEC":
                    self._say([ours.answer(name, rest) for name, *rest in queued or []])
                    queued = None
                    continue
                elif queued is not None:
                    queued.append(words)
                    self.wfile.write(b"+QUEUED\r\n")
                    continue
                self._say(ours.answer(command, arguments))
        except OSError:
            pass
        finally:
            ours._open.discard(self.connection)

    def _command(self) -> list[bytes]:
        head = self.rfile.readline()
        words = []
        for _word in range(int(head[1:]) if head else 0):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length + 2)[:-2])
        return [words[0].upper(), *words[1:]] if words else []

    def _say(self, answer: Any) -> None:
        self.wfile.write(_encoded(answer))


def _encoded(answer: Any) -> bytes:
    match answer:
        case None:
            return b"_\r\n"
        case True:
            return b"+OK\r\n"
        case ValueError():
            return b"-ERR unknown command\r\n"
        case dict():
            return b"%%%d\r\n" % len(answer) + b"".join(_encoded(key) + b":%d\r\n" % answer[key] for key in answer)
        case list():
            return b"*%d\r\n" % len(answer) + b"".join(map(_encoded, answer))
        case _:
            return b"$%d\r\n%b\r\n" % (len(answer), answer)
