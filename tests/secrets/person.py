"""Somebody with a browser behind the proxy that speaks https, and all that they were answered."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.urls import Resolver404, resolve

HOST = "foyer.example.com"
ORIGIN = f"https://{HOST}"
HTMX = {"HX-Request": "true"}
# What every answer has, whoever asks and whatever comes of it: the page, its fragments, files, streams, refusals.
HEADERS = {
    "Content-Security-Policy": r"(?!.*unsafe)(?=.*default-src 'none')(?=.*frame-ancestors 'none').*",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": r"camera=\(\), .*",
    "X-Request-ID": r"\w{16}",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
NEVER = ("Server", "X-Powered-By", "Access-Control-Allow-Origin")
Data = Mapping[str, Any] | Sequence[tuple[str, Any]]


@dataclass
class Answer:
    method: str
    path: str
    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """A header; "" without it."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    def all_of(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name.lower()]

    @property
    def view(self) -> str:
        """The name of the address; "" where there is no such page."""
        try:
            return str(resolve(urlsplit(self.path).path).url_name)
        except Resolver404:
            return ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def words(self) -> str:
        """What stands on the page."""
        shown = re.sub(r"(?s)<(script|style|title)\b.*?</\1>|<[^>]*>", " ", self.text)
        return " ".join(unescape(shown).split())

    @property
    def is_page(self) -> bool:
        return self["Content-Type"].startswith("text/html")

    @property
    def cookies(self) -> list[Morsel[str]]:
        return [morsel for line in self.all_of("Set-Cookie") for morsel in SimpleCookie(line).values()]

    @property
    def location(self) -> str:
        return self["Location"] or self["HX-Redirect"] or json.loads(self["HX-Location"] or '{"path": ""}')["path"]

    @property
    def is_whole_page(self) -> bool:
        return self.is_page and self.text.lower().startswith("<!doctype html>")

    def flaws(self, https: bool) -> list[str]:
        """What is wrong with its headers and cookies."""
        secret_address = self.path.startswith("/join/")
        wanted = HEADERS | (HTTPS_ONLY if https else {})
        wanted["Referrer-Policy"] = "no-referrer" if secret_address else "same-origin"
        found = [f"{name}: {self[name]}" for name, form in wanted.items() if not re.fullmatch(form, self[name])]
        found += [f"{name}: {self[name]}" for name in NEVER if self[name]]
        found += [f"{name} {len(self.all_of(name))} times" for name in wanted if len(self.all_of(name)) > 1]
        for cookie in filter(is_set, self.cookies):
            guarded = cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
            if not guarded or cookie["domain"] or cookie["path"] != "/":
                found.append(cookie.OutputString())
        return found

    @property
    def everything(self) -> bytes:
        """But the cookies, which are the person's own."""
        headers = (f"{name}: {value}" for name, value in self.headers if name.lower() != "set-cookie")
        return self.body + b"\n" + "\n".join(headers).encode()


class Person:
    """Keeps cookies as a browser does, also those for https only: the proxy has taken that off. `heard` is everybody's; nobody is ever
    answered without the headers.
    """

    def __init__(self, port: int, heard: list[Answer], host: str = HOST) -> None:
        self.port, self.heard, self.host = port, heard, host
        self.cookies: dict[str, str] = {}
        self.was_set: dict[str, str] = {}  # how each was set, last

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, https: bool = True
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": self.host, "Accept": "text/html,*/*"}
        if https:
            sent |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body or None, sent | dict(headers or {}))
            came = connection.getresponse()
            answer = Answer(method, path, came.status, came.getheaders(), whole(came))
        finally:
            connection.close()
        flaws = answer.flaws(https)
        assert flaws == [], f"{flaws} of {answer}"
        for morsel in answer.cookies:
            if is_set(morsel):
                self.cookies[morsel.key], self.was_set[morsel.key] = morsel.value, morsel.OutputString()
            else:
                self.cookies.pop(morsel.key, None)
        self.heard.append(answer)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(
        self, path: str, data: Data = (), files: Sequence[tuple[str, str, bytes]] = (), *, htmx: bool = False
    ) -> Answer:
        """A form of ours, with the token that its page had in it. `files` are (field, name, content)."""
        if "foyer_csrf" not in self.cookies:
            self.get("/sign-in/")
        pairs = [*(data.items() if isinstance(data, Mapping) else data)]
        fields = [("csrfmiddlewaretoken", self.cookies["foyer_csrf"])]
        fields += [(name, one) for name, value in pairs for one in (value if isinstance(value, list) else [value])]
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **(HTMX if htmx else {})}
        if files:
            body, kind = multipart(fields, files)
        else:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self.ask("POST", path, body, headers | {"Content-Type": kind})

    def sign_in(self, username: str, password: str, **more: str) -> Answer:
        return self.post("/sign-in/", {"username": username, "password": password, **more})

    @property
    def session(self) -> str:
        return self.cookies["foyer_session"]

    def wait_for(self, path: str, words: str, seconds: float = 60) -> Answer:
        """The page, once it says that."""
        deadline = time.monotonic() + seconds
        while words not in (answer := self.get(path)).words:
            assert time.monotonic() < deadline, answer.words
            time.sleep(0.2)
        return answer


def is_set(cookie: Morsel[str]) -> bool:
    """Or else taken away."""
    return bool(cookie.value) and cookie["max-age"] != 0 and cookie["max-age"] != "0"


def whole(answer: http.client.HTTPResponse) -> bytes:
    """Its body, or as much of it as came before it broke off."""
    try:
        return answer.read()
    except http.client.IncompleteRead as broken:
        return broken.partial


def multipart(fields: Sequence[tuple[str, Any]], files: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    edge = "a-line-that-no-file-has"
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields]
    for name, filename, content in files:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
        parts += [head.encode(), content, b"\r\n"]
    return b"".join([*parts, f"--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"
