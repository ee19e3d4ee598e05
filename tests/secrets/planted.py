"""Secrets with values that nothing else has, and how to find them again, whatever was made of them on the way."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

BEGINNING = 12  # characters of a secret that are too many in the open


class Planted:
    """Values by the name of their kind. A kind may have several values, and get more as the day goes on."""

    def __init__(self, **values: str) -> None:
        self.values: dict[str, list[str]] = {}
        for kind, value in values.items():
            self.add(kind.replace("_", " "), value)
        self._needles: list[tuple[str, bytes]] = []

    def add(self, kind: str, *values: str) -> None:
        for value in values:
            assert len(value) >= BEGINNING, f"a {kind} of {len(value)} characters would be found by chance"
            if value not in self.values.setdefault(kind, []):
                self.values[kind].append(value)
        self._needles = []

    @property
    def number(self) -> int:
        return sum(map(len, self.values.values()))

    def needles(self) -> list[tuple[str, bytes]]:
        if not self._needles:
            self._needles = [
                (kind, form) for kind, values in self.values.items() for value in values for form in forms(value)
            ]
        return self._needles

    def found_in(self, *said: str | bytes) -> set[str]:
        """The kinds of secrets that stand in it, in any form, and be it their beginning only."""
        everything = b"\n".join(some if isinstance(some, bytes) else some.encode(errors="replace") for some in said)
        return {kind for kind, form in self.needles() if form in everything}


def forms(value: str) -> set[bytes]:
    """What the beginning of a secret may look like; who finds none of these finds no whole one either."""
    start = value[:BEGINNING]
    texts = {start, quote(start, safe=""), quote_plus(start), html.escape(start), repr(start)[1:-1]}
    texts |= {json.dumps(start, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
    return {text.encode() for text in texts} | set(_in_base64(start.encode()))


def _in_base64(start: bytes) -> Iterator[bytes]:
    """Wherever in the encoded text it begins: what its neighbours have a part in is left out."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * before + start)
            yield encoded[-(-before * 8 // 6) : (before + len(start)) * 8 // 6]
