"""A real Foyer as behind a proxy that speaks https, with secrets in it that can be told from everything else."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings

from dashboard.sandbox.config import Config
from dashboard.sandbox.testing import Sandbox, running_sandbox
from tests.invites.postbox import Postbox, running_postbox
from tests.project.processes import Running, running
from tests.secrets.person import HOST, Answer, Person
from tests.secrets.planted import Planted

API_KEY = "PL4NTED-API-KEY-7Q3MZ-XW9DA"
SECRET_KEY = "pl4nted-secret-key+of/this=house-0123456789-abc"
OPERATOR = 'Pl4nted "operator" & co. 51'
MAIL = "pl4nted-mail-word-88"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  # how a token of AnythingLLM's own pages begins


class House:
    """The running Foyer, its instance, its mail server; `heard` is all that anybody was answered."""

    def __init__(self, process: Running, data: Path, instance: Sandbox, postbox: Postbox) -> None:
        self.process, self.data, self.instance, self.postbox = process, data, instance, postbox
        self.heard: list[Answer] = []
        self.planted = Planted(
            API_key=API_KEY, SECRET_KEY=SECRET_KEY, password_of_an_operator=OPERATOR, mail_password=MAIL, token=TOKEN
        )
        self.code_for: dict[str, str] = {}  # the code that goes to a mail address
        self._known: dict[str, Person] = {}

    def stranger(self, **more: str) -> Person:
        return Person(self.process.port, self.heard, **more)

    def person(self, username: str, password: str = "") -> Person:
        """Signed in; asked for again, the same."""
        if username not in self._known:
            person = self.stranger()
            answer = person.sign_in(username, password or self.instance.password)
            assert answer.status == 302, answer.words
            self.planted.add("session key", person.session)
            if answer.location == "/recovery-codes/":
                person.post("/recovery-codes/")
            self._known[username] = person
        return self._known[username]

    @property
    def ada(self) -> Person:
        return self.person("ada", OPERATOR)

    def id_of(self, username: str) -> int:
        return next(
            user["id"] for user in self.instance.get("/v1/admin/users")["users"] if user["username"] == username
        )

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data / "foyer.sqlite3", timeout=20)) as database, database:
            return database.execute(question, values).fetchall()

    def one(self, question: str, *values: Any) -> Any:
        return self.rows(question, *values)[0][0]

    def values(self) -> Iterator[tuple[str, str]]:
        """Everything that stands in the database: table.column, and what. Sessions as they are once unpacked."""
        for (table,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
            columns = [row[1] for row in self.rows(f"PRAGMA table_xinfo({table})") if row[6] != 1]
            for row in self.rows(f"SELECT * FROM {table}"):  # noqa: S608
                yield from ((f"{table}.{column}", str(value)) for column, value in zip(columns, row, strict=True))
        for (key,) in self.rows("SELECT session_key FROM django_session"):
            yield "django_session.session_data", str(self.session_of(key))

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """As if somebody had dropped it: what needs it now is a mistake that nobody has thought of."""
        self.rows(f"ALTER TABLE {table} RENAME TO elsewhere")
        try:
            yield
        finally:
            self.rows(f"ALTER TABLE elsewhere RENAME TO {table}")

    def session_of(self, key: str) -> dict[str, Any]:
        with override_settings(SECRET_KEY=SECRET_KEY):
            return SessionStore().decode(self.one("SELECT session_data FROM django_session WHERE session_key = ?", key))

    def let_proof_age(self, person: Person) -> None:
        session = self.session_of(person.session)
        session["proved_at"] -= 3600
        with override_settings(SECRET_KEY=SECRET_KEY):
            data = SessionStore().encode(session)
        self.rows("UPDATE django_session SET session_data = ? WHERE session_key = ?", data, person.session)

    def until(self, true: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.process.said()[-3000:]
            time.sleep(0.1)

    def until_jobs_have_ended(self) -> None:
        self.until(lambda: not self.one("SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    config = Config(api_key=API_KEY, pace=2000, slow=0.2, processing=0.005)
    with running_sandbox(config) as instance, running_postbox() as postbox:
        postbox.login = ("foyer", MAIL)
        variables = {
            "SECRET_KEY": SECRET_KEY,
            "HTTPS": "true",
            "HSTS_SECONDS": "31536000",
            "ALLOWED_HOSTS": HOST,
            "ANYTHINGLLM_URL": instance.url,
            "ANYTHINGLLM_API_KEY": API_KEY,
            "ANYTHINGLLM_PUBLIC_URL": "https://chat.example.com",
            "LOG_LEVEL": "DEBUG",
            "EMAIL_URL": f"smtp://foyer:{MAIL}@127.0.0.1:{postbox.port}",
        }
        with running(["dashboard.run"], home, **variables) as process:
            process.wait_until(lambda: "Foyer is ready" in process.said())
            house = House(process, home / "data", instance, postbox)
            instance.post(f"/v1/admin/users/{house.id_of('ada')}", {"password": OPERATOR})
            yield house
