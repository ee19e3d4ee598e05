"""The answer to an upload without the text in it: the instance echoes all that it has read, hundreds of megabytes of it."""

from __future__ import annotations

import re

LONGEST = 64 * 1024  # bytes of a string, as it stands in the JSON

_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class LongStringsEmptied:
    """Takes JSON as it comes, and gives it on with every string of more than `longest` bytes left empty. Holds little more than that."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = b""
        self._string: list[bytes] | None = None  # the string we are in, as far as it is worth keeping
        self._size = 0

    def feed(self, chunk: bytes) -> bytes:
        data, at, out = self._rest + chunk, 0, []
        while at < len(data):
            if self._string is None:
                quote = data.find(b'"', at)
                if quote < 0:
                    out.append(data[at:])
                    at = len(data)
                    break
                out.append(data[at : quote + 1])
                at, self._string, self._size = quote + 1, [], 0
            end = _INSIDE.match(data, at).end()  # type: ignore[union-attr]  # it always matches, if nothing
            self._size += end - at
            self._string.append(data[at:end])
            if self._size > self._longest:
                self._string.clear()
            at = end
            if data[at : at + 1] != b'"':
                break  # the string goes on, or what the last backslash stands for is still to come
            out += [*self._string, b'"']
            at, self._string = at + 1, None
        self._rest = data[at:]
        return b"".join(out)
