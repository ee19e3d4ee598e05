"""An answer as a browser would take it: what can be read on it, what its forms hold, and what has no business there."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from html.parser import HTMLParser

from django.http import HttpResponse

ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "data-stream", "data-turn"}
EMPTY = {"br", "hr", "img", "input", "link", "meta", "source", "use", "path", "wbr"}


class Page(HTMLParser):
    """`text`: all that is to be read; `fields`: what each control of its forms holds, by name; `wrong`: what was taken for markup."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.title = "", ""
        self.fields: dict[str, list[str]] = defaultdict(list)
        self.controls: dict[str, str] = {}  # the kind of each, by name
        self.told: list[str] = []  # sentences that say what is wrong
        self.wrong: list[str] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._typed: str | None = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        where = self.get_starttag_text()
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "data-hostile"):
                self.wrong.append(f"{name} in {where}")
            if name in ADDRESSES and re.match(r"\s*(javascript|data|vbscript):", value or "", re.IGNORECASE):
                self.wrong.append(f"{name} in {where}")
        if tag in ("iframe", "object", "embed", "base") or (tag == "script" and "src" not in given):
            self.wrong.append(str(where))
        name, value = given.get("name"), given.get("value") or ""
        if name and tag in ("input", "select", "textarea", "button"):
            self.controls[name] = (given.get("type") or "text") if tag == "input" else tag
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.fields[name].append(value)
        if tag == "option" and "selected" in given:
            chosen = next((a.get("name") for t, a in reversed(self._open) if t == "select"), None)
            if chosen:
                self.fields[chosen].append(value)
        if tag == "textarea":
            self._typed = ""
        if tag not in EMPTY:
            self._open.append((tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not any(tag == one for one, _given in self._open):
            return
        while self._open:
            one, given = self._open.pop()
            if one == "textarea" and given.get("name") and self._typed is not None:
                # The first line end is the template's, and no browser counts it.
                self.fields[str(given["name"])].append(re.sub(r"\A\r?\n", "", self._typed))
                self._typed = None
            if one == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._typed is not None:
            self._typed += data
        if any(tag in ("script", "style") for tag, _given in self._open):
            return
        if self._open and self._open[-1][0] == "title":
            self.title += data
        self.text += data
        if data.strip() and any(
            given.get("role") == "alert" or "data-sentence" in given or "errorlist" in (given.get("class") or "").split()
            or given.get("data-tone") in ("error", "warn")
            for _tag, given in self._open
        ):  # fmt: skip
            self.told.append(data.strip())


def page_of(answer: HttpResponse) -> Page:
    return Page(answer.content.decode())


def is_page(answer: HttpResponse) -> bool:
    return answer.get("Content-Type", "").startswith("text/html") and not answer.streaming


def toasts(answer: HttpResponse) -> list[str]:
    return [toast["text"] for toast in json.loads(answer.get("HX-Trigger", "{}")).get("toasts", [])]


def as_typed(text: str) -> str:
    """Line ends as every browser sends them."""
    return re.sub(r"\r\n|\r|\n", "\n", text)


def sound(answer: HttpResponse, elsewhere: str = "") -> HttpResponse:
    """The answer, if nothing on it was taken for markup, and it leads nowhere but into Foyer, or to what begins with `elsewhere`."""
    if is_page(answer):
        page = page_of(answer)
        assert page.wrong == []
    for header in ("Location", "HX-Redirect"):
        if header in answer:
            to = answer[header]
            assert re.match(r"/(?![/\\])|[#?]", to) or (elsewhere and to.startswith(elsewhere)), to
    for name, value in answer.items():
        assert "\n" not in value and "\r" not in value, name
    return answer
