"""A mail server of few words, which fails in the way that it is told to."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Postbox(socketserver.ThreadingTCPServer):
    """`mails` are the texts it took. `fault`: "login", "recipient" or "text" is refused, "lost" takes a mail and hangs up without an answer.

    With a `login`, name and password, it asks for them.
    """

    daemon_threads = allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[str] = []
        self.fault = ""
        self.login: tuple[str, str] | None = None

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Talk(socketserver.StreamRequestHandler):
    server: Postbox

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        while said := self.rfile.readline().decode().strip():
            line = said.upper()
            if line.startswith("EHLO") and self.server.login:
                self.say("250-here")
                self.say("250 AUTH PLAIN")
            elif line.startswith("AUTH PLAIN"):
                good = base64.b64decode(said.split()[-1]).decode().split("\0")[1:] == [*(self.server.login or ())]
                refused = self.server.fault == "login" or not good
                self.say(f"535 not with this: {said}" if refused else "235 come in")
            elif line.startswith("RCPT") and self.server.fault == "recipient":
                self.say("550 no such mailbox")
            elif line == "DATA":
                self.say("354 go on")
                text = []
                while (row := self.rfile.readline()) != b".\r\n":
                    text.append(row.decode())
                if self.server.fault == "text":
                    quoted = next(row for row in text if "/join/" in row)
                    self.say(f"554 looks like junk: {quoted.strip()}")
                    continue
                self.server.mails.append("".join(text))
                if self.server.fault == "lost":
                    return
                self.say("250 taken")
            elif line == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")


@contextmanager
def running_postbox() -> Iterator[Postbox]:
    with Postbox() as postbox:
        thread = threading.Thread(target=postbox.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield postbox
        finally:
            postbox.shutdown()
            thread.join()
