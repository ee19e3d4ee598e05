"""The people of bench/load.py: each a browser with a session of its own, going from page to page as their role does.

A browser asks as Foyer's pages make browsers ask: pieces by htmx, what a page asks for by itself, streams to their end. Whatever Foyer says
that it has done is a promise, and looked up afterwards.
"""

from __future__ import annotations

import gzip
import html
import http.client
import json
import random
import re
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode, urlsplit

from bench.stage import HOST, Server

PASSWORD = "welcome-to-the-load"
KEPT = 60.0  # seconds for which a connection is used again; the server closes it after 75
LIGHT_EVERY = 30.0  # seconds, as every open page asks
GIVEN_UP = 90  # looks at a job, one a second
STALE = "AnythingLLM does not answer as it should"
TROUBLE = re.compile(r'class="banner" data-tone="error" role="alert">.*?</p>', re.DOTALL)
WORDS = ("leave", "travel", "sensor", "firmware", "invoice", "backup", "warranty", "handbook", "calibration")
QUESTIONS = ("How many days of leave do we have?", "Who repairs a sensor?", "What does the warranty cover?")


class Over(Exception):
    """The time is up; what was begun is left as it is."""


class Wrong(Exception):
    """An answer that Foyer should not have given, and that has been counted."""


@dataclass
class Tally:
    """What was asked, by its kind: how long each took, in seconds, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, kind: str, seconds: float) -> None:
        with self._lock:
            self.times[kind].append(seconds)

    def failed(self, kind: str, sentence: str) -> None:
        with self._lock:
            self.wrong[kind, sentence] += 1


@dataclass
class Promises:
    """What Foyer said that it has done, or will do. Each key is one person's own, so that nobody's act undoes another's."""

    bios: dict[int, str] = field(default_factory=dict)
    suspended: dict[int, bool] = field(default_factory=dict)
    members: dict[tuple[int, int], bool] = field(default_factory=dict)  # workspace and user
    links: dict[str, str] = field(default_factory=dict)  # label and address
    joined: dict[str, int] = field(default_factory=dict)  # user name and workspace
    documents: dict[str, set[int]] = field(default_factory=dict)  # title and workspaces
    questions: dict[str, int] = field(default_factory=dict)  # text and the instance's number of the answer

    def counted(self) -> str:
        said = {
            "edits": len(self.bios) + len(self.suspended),
            "cells of access": len(self.members),
            "links": len(self.links),
            "joinings": len(self.joined),
            "documents": len(self.documents),
            "questions": len(self.questions),
        }
        return ", ".join(f"{number} {what}" for what, number in said.items())


# --- A browser --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @cached_property
    def text(self) -> str:
        body = gzip.decompress(self.body) if self.headers["Content-Encoding"] == "gzip" else self.body
        return body.decode()

    @property
    def goes_to(self) -> str:
        """Where the browser is sent."""
        place = self.headers["Location"] or self.headers["HX-Redirect"] or ""
        if spot := self.headers["HX-Location"]:
            place = json.loads(spot)["path"]
        return str(place)

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.text, re.DOTALL)
        if not found:
            raise LookupError(f"nothing like {pattern} came")
        return html.unescape(found[1])

    def all(self, pattern: str) -> list[str]:
        return [html.unescape(some) for some in re.findall(pattern, self.text)]


class Browser:
    def __init__(self, server: Server, tally: Tally) -> None:
        self.server, self.tally = server, tally
        self.cookies = {"foyer_csrf": "b" * 32}
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=120)
        self._used = 0.0

    def get(self, kind: str, path: str, *, piece: bool = False, expected: Sequence[int] = (200,)) -> Answer:
        return self.ask(kind, "GET", path, piece=piece, expected=expected)

    def post(
        self,
        kind: str,
        path: str,
        fields: Sequence[tuple[str, object]],
        *,
        file: tuple[str, str] | None = None,
        piece: bool = True,
        expected: Sequence[int] = (200,),
    ) -> Answer:
        """With a file, its name and text, as a form that brings one."""
        if file is None:
            body, kind_of_body = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        else:
            parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields]
            parts.append(f'--b\r\nContent-Disposition: form-data; name="files"; filename="{file[0]}"\r\n\r\n{file[1]}')
            body, kind_of_body = ("".join(parts) + "\r\n--b--\r\n").encode(), "multipart/form-data; boundary=b"
        return self.ask(kind, "POST", path, body, {"Content-Type": kind_of_body}, piece=piece, expected=expected)

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        piece: bool = False,
        expected: Sequence[int] = (200,),
    ) -> Answer:
        headers = {"Accept-Encoding": "gzip", **self._said(), **(headers or {})}
        if piece:
            headers["HX-Request"] = "true"
        if time.monotonic() - self._used > KEPT:
            self._connection.close()  # and opened anew by itself
        started = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise self.wrong(kind, f"{type(error).__name__}: {error}") from error
        self.tally.took(kind, time.perf_counter() - started)
        self._used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _is, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status not in expected:
            raise self.wrong(kind, f"{answer.status}, {_words(answer)}")
        if problem := _problem(answer):
            raise self.wrong(kind, problem)
        return answer

    def stream(self, path: str) -> int | None:
        """Reads an answer to its end, and gives the instance's number of it; None when it keeps none, because a workspace that answers from its
        documents only has none for the question.
        """
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=150)
        started, told = time.perf_counter(), b""
        try:
            connection.request("GET", path, headers={**self._said(), "Accept": "text/event-stream"})
            response = connection.getresponse()
            while more := response.read1(65536):
                if not told:
                    self.tally.took("chat: first words", time.perf_counter() - started)
                told += more
        except (OSError, http.client.HTTPException) as error:
            raise self.wrong("chat: whole answer", f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        self.tally.took("chat: whole answer", time.perf_counter() - started)
        last = told.decode().rstrip().rpartition("\n\n")[2]
        said = json.loads(last.partition("data: ")[2]) if last.startswith("event: done") else {}
        kept = said.get("chat_id")
        if said.get("state") != "done" or (b"event: chunk" if kept else b"event: replace") not in told:
            raise self.wrong("chat: whole answer", f"{response.status}, did not end well: {last[-300:]}")
        return kept

    def _said(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "X-CSRFToken": self.cookies["foyer_csrf"]}

    def wrong(self, kind: str, sentence: str) -> Wrong:
        self.tally.failed(kind, sentence)
        return Wrong(sentence)


def _words(answer: Answer) -> str:
    text = re.sub(r"<(script|style|nav|header).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(text.split())[-300:]


def _problem(answer: Answer) -> str:
    """What a page says to be wrong although it came with 200."""
    if toasts := answer.headers["HX-Trigger"]:
        for toast in json.loads(toasts).get("toasts", []):
            if toast["level"] in ("error", "warning"):
                return str(toast["text"])
    if "html" not in answer.headers.get("Content-Type", ""):
        return ""
    if STALE in answer.text:
        return STALE
    alert = TROUBLE.search(answer.text)
    return " ".join(re.sub(r"<[^>]+>", " ", alert[0]).split("</svg>")[-1].split()) if alert else ""


# --- A person ---------------------------------------------------------------------------------------------------------
@dataclass
class Place:
    """What the people of a crowd share."""

    web: Server
    tally: Tally
    promises: Promises
    workspaces: list[int]
    pause: tuple[float, float]  # seconds between two clicks
    until: float = 0.0  # monotonic


@dataclass
class Person:
    """`looks_after`: users of the instance whom nobody else of the crowd changes. Half of them are for switches, half for the matrix."""

    place: Place
    name: str
    role: str
    number: int
    looks_after: list[int]

    def __post_init__(self) -> None:
        self.browser = Browser(self.place.web, self.place.tally)
        self.chance = random.Random(self.number)  # noqa: S311
        half = len(self.looks_after) // 2
        self.for_switches, self.for_matrix = self.looks_after[:half], self.looks_after[half:]
        self.own_documents: list[str] = []
        self.made = 0
        self._next_light = 0.0

    def sign_in(self) -> None:
        self.browser.get("sign in: page", "/sign-in/")
        fields = [("username", self.name), ("password", PASSWORD)]
        goal = self.browser.post("sign in", "/sign-in/", fields, piece=False, expected=(302,)).goes_to
        if goal == "/recovery-codes/":
            self.browser.get("sign in: page", goal)
            goal = self.browser.post("sign in: page", goal, [], piece=False, expected=(302,)).goes_to
        self.browser.get("home", goal, expected=(200, 302))

    def live(self) -> None:
        """Does one thing after another until the time is up."""
        acts = ACTS[self.role]
        self._next_light = time.monotonic() + self.chance.uniform(0, LIGHT_EVERY)
        try:
            self._sleep(self.chance.uniform(0, self.place.pause[1]))  # nobody begins with everybody
            while True:
                (act,) = self.chance.choices(list(acts), list(acts.values()))
                try:
                    act(self)
                except (Over, Wrong) as end:
                    if isinstance(end, Over):
                        raise
                except Exception as error:
                    self.place.tally.failed(act.__name__, f"{type(error).__name__}: {error}")
                self.pause()
        except Over:
            pass

    def pause(self) -> None:
        """Reads what came."""
        self._sleep(self.chance.uniform(*self.place.pause))

    def _sleep(self, seconds: float) -> None:
        """Meanwhile the page that is open asks for its light."""
        wakes = time.monotonic() + seconds
        while True:
            time.sleep(max(0.0, min(wakes, self._next_light, self.place.until) - time.monotonic()))
            now = time.monotonic()
            if now >= self.place.until:
                raise Over
            if now >= self._next_light:
                self._next_light = now + LIGHT_EVERY
                with suppress(Wrong):
                    self.browser.get("light", "/light/", piece=True)
            elif now >= wakes:
                return

    def typed(self, kind: str, path: str, words: str) -> Answer:
        """A search, which asks twice while it is typed."""
        self.browser.get(kind, path.format(q=quote(words[:3])), piece=True)
        return self.browser.get(kind, path.format(q=quote(words)), piece=True)

    def fresh(self, what: str) -> str:
        self.made += 1
        return f"{what} {self.number}-{self.made}"

    def watch(self, kind: str, path: str, mark: str) -> Answer:
        """Looks at a job each second, as its page does, until it has ended."""
        for _ in range(GIVEN_UP):
            answer = self.browser.get(kind, path, piece=True)
            if mark not in answer.text:
                return answer
            self._sleep(1.0)
        raise self.browser.wrong(kind, f"has not ended after {GIVEN_UP} looks")

    # --- Everybody ---
    def open_home(self) -> None:
        self.browser.get("home", "/")

    def open_profile(self) -> None:
        self.browser.get("profile", "/profile/")

    def jump(self) -> None:
        self.typed(
            "palette", "/palette/?q={q}", self.chance.choice(("customer", "leave", "marek", "finance", "sensor"))
        )

    def chat(self) -> None:
        rooms = self.browser.get("chat: rooms", "/chat/", expected=(200, 302))
        slugs = rooms.all(r'href="/chat/([\w-]+)/"') or [rooms.goes_to.split("/")[2]]
        slug, thread = self.chance.choice(slugs), ""
        self.pause()
        page = self.browser.get("chat: page", f"/chat/{slug}/")
        for _question in range(self.chance.choice((1, 1, 2))):
            self.pause()
            text = f"{self.chance.choice(QUESTIONS)} ({self.name}, {self.fresh('question')})"
            fields = [("key", page.find(r'id="ask-key" value="([^"]+)"')), ("thread", thread), ("mode", "chat")]
            page = self.browser.post("chat: ask", f"/chat/{slug}/+ask/", [*fields, ("text", text)])
            if page.goes_to:
                page = self.browser.get("chat: page", page.goes_to, piece=True)
                thread = page.find(r'name="thread" value="([^"]+)"')
            if (answer := self.browser.stream(page.find(r'data-stream="([^"]+)"'))) is not None:
                self.place.promises.questions[text] = answer
            self._arrived(page.find(r'data-turn="([^"]+)"'))

    def _arrived(self, turn: str) -> None:
        """The finished answer, asked for as js/chat.js does."""
        for wait in (0, 1, 3):
            time.sleep(wait)
            if self.browser.get("chat: answer", turn, piece=True, expected=(200, 204)).status == 200:
                return
        raise self.browser.wrong("chat: answer", "is not there although the stream was done")

    # --- Those who manage ---
    def look_at_users(self) -> None:
        self.browser.get("users", "/users/")
        self.browser.get("users", "/users/?counts=1", piece=True)
        self.pause()
        self.typed("users: search", "/users/?q={q}", self.chance.choice(("becker", "weber", "marek", "nordlicht")))
        self.pause()
        self.browser.get("users", f"/users/?page={self.chance.randint(2, 9)}&sort=-created", piece=True)

    def flip_switch(self) -> None:
        user_id = self.chance.choice(self.for_switches)
        page = self.browser.get("person", f"/users/{user_id}/")
        self.pause()
        switches = re.findall(rf'id="switch-(\d+)-{user_id}".*?name="give" value="([01])"', page.text, re.DOTALL)
        workspace_id, give = self.chance.choice(switches)
        fields = [("by", "workspace"), ("next", f"/users/{user_id}/"), ("give", give)]
        flipped = self.browser.post("switch", f"/access/{workspace_id}/{user_id}/", fields)
        stands = flipped.find(r'role="switch" aria-checked="(true|false)"')
        if (stands == "true") != (give == "1"):
            raise self.browser.wrong("switch", "does not stand where it was put")
        self.place.promises.members[int(workspace_id), user_id] = give == "1"

    def use_matrix(self) -> None:
        page = self.browser.get("matrix", "/access/")
        if 'aria-busy="true"' in page.text:
            self.browser.get("matrix", "/access/", piece=True)
        self.pause()
        self.typed("matrix: search", "/access/?q={q}", self.chance.choice(WORDS[:3]) + ", becker")
        if not self.for_matrix:
            return
        user_id = self.for_matrix.pop()  # each once, so that no two sets say different things of somebody
        cells = self.chance.sample(self.place.workspaces[1:-1], 3)
        give = " ".join(f"{workspace_id}-{user_id}" for workspace_id in cells)
        self.pause()
        staged = self.browser.post("matrix: stage", "/access/stage/", [("give", give)], piece=False, expected=(302,))
        path = staged.goes_to
        if not path.startswith("/access/sets/"):
            return  # all three are so already
        self.browser.get("set of changes", path)
        self.pause()
        self.browser.post("set of changes: apply", f"{path}apply/", [], piece=False, expected=(302,))
        self.place.promises.members.update({(workspace_id, user_id): True for workspace_id in cells})
        self.watch("set of changes", path, 'hx-trigger="every 1s"')

    def invite(self) -> None:
        self.browser.get("invites", "/invites/")
        self.pause()
        self.browser.get("invites: new", "/invites/new/")
        self.pause()
        label, workspace_id = self.fresh("Load link"), self.chance.choice(self.place.workspaces[1:-1])
        fields = [("label", label), ("workspace_ids", workspace_id), ("days", 7), ("uses", 1), ("role", "default")]
        made = self.browser.post("invites: make", "/invites/new/", fields, piece=False, expected=(302,))
        address = self.browser.get("invites: link", made.goes_to).find(r'<code id="address">([^<]+)</code>')
        self.place.promises.links[label] = address
        self.pause()
        self._newcomer(urlsplit(address).path, workspace_id)

    def _newcomer(self, path: str, workspace_id: int) -> None:
        """Somebody else, who was given the link."""
        newcomer = Browser(self.place.web, self.place.tally)
        newcomer.get("join: page", path)
        self.pause()
        name = f"new.{self.number}.{self.made}"
        newcomer.post("join: check", f"{path}check/?field=username", [("username", name)])
        newcomer.post("join: check", f"{path}check/?field=password", [("username", name), ("password", PASSWORD)])
        fields = [("username", name), ("password", PASSWORD)]
        goal = newcomer.post("join", path, fields, piece=False, expected=(302,)).goes_to
        self.place.promises.joined[name] = workspace_id
        newcomer.get("first steps", goal)

    def add_document(self) -> None:
        self._library()
        self.pause()
        title, batch = f"{self.fresh('report').replace(' ', '-')}.txt", uuid.UUID(int=self.chance.getrandbits(128)).hex
        workspace_id = self.chance.choice(self.place.workspaces[1:-1])
        options = [("workspaces", workspace_id), ("folder", "custom-documents"), ("duplicates", "skip")]
        self.browser.post("documents: add", "/documents/add/", options, expected=(204,))
        text = f"{title} is about {' and '.join(self.chance.sample(WORDS, 4))}. " * 40
        fields = [*options, ("batch", batch), ("ticket", uuid.UUID(int=self.chance.getrandbits(128)).hex)]
        answer = self.browser.post(
            "documents: send", "/documents/add/file/", fields, file=(title, text), piece=False, expected=(201,)
        )
        self.place.promises.documents[title] = {workspace_id}
        self.watch("documents: how far", json.loads(answer.text)["url"], 'hx-trigger="every 1s"')
        self.browser.get("documents", "/documents/", piece=True)  # the table draws itself anew
        self.own_documents.append(title)

    def _library(self) -> None:
        page = self.browser.get("documents", "/documents/")
        if 'aria-busy="true"' in page.text:
            self.browser.get("documents", "/documents/", piece=True)

    def embed_document(self) -> None:
        self._library()
        self.pause()
        self.typed("documents: search", "/documents/?q={q}", self.chance.choice(self.own_documents or WORDS))
        if not self.own_documents:
            return
        title = self.chance.choice(self.own_documents)
        path = self.typed("documents: search", "/documents/?q={q}", title).find(r'name="ids" value="([^"]+)"')
        free = set(self.place.workspaces[1:-1]) - self.place.promises.documents[title]
        workspace_id = self.chance.choice(sorted(free))
        self.pause()
        self.browser.post("documents: embed", "/documents/embed/", [("ids", path)])
        self.pause()
        chosen = [("ids", path), ("workspaces", workspace_id)]
        seen = self.browser.post("documents: embed", "/documents/embed/", [*chosen, ("step", "preview")])
        self.pause()
        last = [*chosen, ("step", "start"), ("seen", seen.find(r'name="seen" value="([^"]+)"'))]
        job = self.browser.post("documents: embed", "/documents/embed/", last).goes_to
        self.place.promises.documents[title].add(workspace_id)
        self.browser.get("job", job)
        self.watch("job", job, 'hx-trigger="every 1s"')

    def read_chat_log(self) -> None:
        page = self.browser.get("chat log", "/chats/")
        self.pause()
        found = self.typed("chat log: search", "/chats/?days=all&q={q}", self.chance.choice(WORDS))
        self.pause()
        lines = page.all(r'href="/chats/(\d+)/') + found.all(r'href="/chats/(\d+)/')
        if lines:
            self.browser.get("chat log: conversation", f"/chats/{self.chance.choice(lines)}/")

    def look_at_usage(self) -> None:
        self.browser.get("usage", f"/usage/?days={self.chance.choice((7, 30, 90))}")

    def read_ledger(self) -> None:
        self.browser.get("ledger", "/audit/")
        self.pause()
        self.typed("ledger: search", "/audit/?target={q}", self.chance.choice(("becker", "weber", "Finance")))

    def look_at_jobs(self) -> None:
        page = self.browser.get("jobs", "/jobs/")
        jobs = page.all(r'href="(/jobs/\d+/)"')
        if jobs:
            self.pause()
            self.browser.get("job", self.chance.choice(jobs))

    def look_at_workspaces(self) -> None:
        page = self.browser.get("workspaces", "/workspaces/")
        self.pause()
        slug = self.chance.choice(page.all(r'href="/workspaces/([\w-]+)/"'))
        self.browser.get("workspace", f"/workspaces/{slug}/")

    # --- Admins ---
    def edit_user(self) -> None:
        user_id = self.chance.choice(self.for_switches)
        self.browser.get("person", f"/users/{user_id}/")
        self.pause()
        form = self.browser.get("edit", f"/users/{user_id}/edit/", piece=True)
        self.pause()
        bio = self.fresh("Works in the load test,")
        fields = [
            ("username", form.find(r'name="username" value="([^"]+)"')),
            ("role", "default"),
            ("daily_message_limit", ""),
            ("bio", bio),
        ]
        saved = self.browser.post("edit: save", f"/users/{user_id}/edit/", fields)
        self.place.promises.bios[user_id] = bio
        self.browser.get("person", saved.goes_to)

    def suspend_user(self) -> None:
        user_id = self.chance.choice(self.for_switches)
        suspends = not self.place.promises.suspended.get(user_id, False)
        self.typed("users: search", "/users/?q={q}", "becker")
        self.pause()
        verb = "suspend" if suspends else "resume"
        self.browser.post("suspend and resume", f"/users/{user_id}/{verb}/", [])
        self.place.promises.suspended[user_id] = suspends

    def look_after_foyer(self) -> None:
        for kind, path in (("system", "/system/"), ("operators", "/operators/"), ("groups", "/groups/")):
            self.browser.get(kind, path)
            self.pause()


Act = Callable[[Person], None]
MEMBER: dict[Act, int] = {Person.chat: 10, Person.open_home: 2, Person.jump: 2, Person.open_profile: 1}
MANAGER: dict[Act, int] = {
    Person.look_at_users: 3,
    Person.flip_switch: 5,
    Person.use_matrix: 4,
    Person.invite: 3,
    Person.add_document: 4,
    Person.embed_document: 3,
    Person.chat: 3,
    Person.read_chat_log: 3,
    Person.look_at_usage: 2,
    Person.read_ledger: 2,
    Person.look_at_jobs: 2,
    Person.look_at_workspaces: 2,
    Person.jump: 3,
    Person.open_home: 2,
    Person.open_profile: 1,
}
ADMIN = {**MANAGER, Person.edit_user: 8, Person.suspend_user: 4, Person.look_after_foyer: 3}
ACTS: dict[str, dict[Act, int]] = {"default": MEMBER, "manager": MANAGER, "admin": ADMIN}
