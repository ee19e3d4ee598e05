"""The real server with the relay in it, and browsers that listen to streams."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Budget, Kind
from dashboard.asgi import application, door
from dashboard.chat import turns
from dashboard.chat.models import Mode, Turn
from dashboard.web import Server, configured
from tests.anythingllm.answering import Answering, answering
from tests.conftest import signed_in

WORKSPACE = "customer-support"
QUESTION = "How do I calibrate a pressure sensor?"


class Foyer:
    """`dashboard.web`'s server in a thread."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listening.getsockname()[1]
        self._server = Server(configured(application), door)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True)

        self.browsers: list[Listening] = []

    def start(self) -> None:
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> None:
        for browser in self.browsers:
            browser.leave()
        self._server.should_exit = True
        self._thread.join(20)
        self._listening.close()
        assert not self._thread.is_alive()


class Listening:
    """A stream that a browser has opened. `events`: (name, data) so far; a comment is ("", None)."""

    def __init__(self, port: int, ticket: str, session: str, *, method: str = "GET", host: str = "127.0.0.1") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Host": host, "Cookie": f"theme=dark; foyer_session={session}"}
        self._connection.request(method, f"/stream/{ticket}/", headers=headers)
        self._answer = self._connection.getresponse()
        self.status, self.headers = self._answer.status, self._answer.headers
        self.events: list[tuple[str, Any]] = []

    def next(self) -> tuple[str, Any] | None:
        """The next event; None at the end."""
        name, data = "", None
        while line := self._answer.readline():
            if line == b"\n":
                self.events.append((name, data))
                return name, data
            field, _, value = line.rstrip(b"\n").partition(b": ")
            if field == b"event":
                name = value.decode()
            elif field == b"data":
                data = json.loads(value)
        assert not name, "the stream ended within an event"
        return None

    def wait_for(self, name: str) -> Any:
        while event := self.next():
            if event[0] == name:
                return event[1]
        raise AssertionError(f"no {name} in {self.events}")

    def to_the_end(self) -> Listening:
        while self.next():
            pass
        return self

    @property
    def names(self) -> list[str]:
        """The kinds of events in their order, each run of them once, without comments."""
        names = [name for name, _data in self.events if name]
        return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]

    @property
    def text(self) -> str:
        """The answer as a page would show it."""
        shown: list[str] = []
        for name, data in self.events:
            if name == "replace":
                shown.clear()
            if name in ("chunk", "replace"):
                shown.append(data["text"])
        return "".join(shown)

    @property
    def done(self) -> dict[str, Any]:
        """What the last event says. Every stream has exactly one, and it is the last."""
        assert [name for name, _data in self.events].count("done") == 1
        name, data = self.events[-1]
        assert name == "done"
        return data

    @property
    def sentence(self) -> str:
        return next(data["sentence"] for name, data in self.events if name == "failed")

    def leave(self) -> None:
        self._answer.close()
        self._connection.close()


class Asked:
    """A question that waits for its stream, in a session of the operator's own."""

    def __init__(self, foyer: Foyer, turn: Turn, session: str) -> None:
        self.foyer, self.turn, self.session = foyer, turn, session
        self.ticket = turns.ticket(turn, session)

    def listen(self, **how: Any) -> Listening:
        browser = Listening(self.foyer.port, how.pop("ticket", self.ticket), how.pop("session", self.session), **how)
        self.foyer.browsers.append(browser)
        return browser

    @property
    def state(self) -> str:
        self.turn.refresh_from_db()
        return self.turn.state


Ask = Callable[..., Asked]


def until(true: Callable[[], object], seconds: float = 60) -> float:
    """Waits; how long it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.fixture
def session(transactional_db, ada: Operator) -> str:
    return signed_in(ada).cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def foyer(transactional_db) -> Iterator[Foyer]:
    foyer = Foyer()
    foyer.start()
    yield foyer
    foyer.stop()


@pytest.fixture
def ask(foyer: Foyer, ada: Operator, session: str) -> Ask:
    """A question to a workspace of the configured instance."""

    def ask(text: str = QUESTION, *, mode: Mode = Mode.CHAT, slug: str = WORKSPACE, **more: Any) -> Asked:
        if "thread_slug" not in more:
            more.setdefault("session_id", "a-session")
        turn = turns.open_turn(actor=ada, workspace_id=1, workspace_slug=slug, text=text, mode=mode, **more)
        return Asked(foyer, turn, session)

    return ask


@pytest.fixture
def puppet(settings) -> Iterator[Answering]:
    """An instance that answers with given bytes."""
    with answering() as server:
        settings.ANYTHINGLLM_URL, settings.ANYTHINGLLM_API_KEY = server.url, "PUPPET-KEY-PUPPET-KEY"
        yield server


def patience(seconds: float) -> None:
    """How long a stream waits for the next word."""
    instance.connect().http_client.budgets[Kind.STREAM] = Budget(3, seconds)
