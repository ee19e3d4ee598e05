"""How tests read the pages of documents."""

from __future__ import annotations

import re
from html import unescape
from typing import Any


def text(response: Any) -> str:
    """What is to be read, without marks."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def carried(response: Any) -> dict[str, list[str]]:
    """What the form of a dialog sends of itself: its hidden fields."""
    found: dict[str, list[str]] = {}
    main = response.content.decode().partition('class="dialog-body')[2].partition("</article>")[0]
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main):
        found.setdefault(unescape(name), []).append(unescape(value))
    return found
