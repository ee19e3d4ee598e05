"""Answers as safe HTML. They are a model's words, shaped by documents that anybody may have written: nothing in them is trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

THOUGHT = re.compile(r"<think>(.*?)(?:</think>|\Z)", re.DOTALL)
LONGEST = 30_000  # characters, some 5,000 words, that are looked at for markup; what is longer is shown as it is
FIRST_HEADING = 4  # above it stand the page's, the conversation's and the answer's own
LAST_HEADING = 6

TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "a", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}}
PARTS = re.compile(r"<pre>.*?</pre>|<table>.*?</table>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prose:
    """An answer's words, and the thoughts that the model wrote down with them."""

    html: SafeString
    thoughts: str


def prose(text: str, key: object) -> Prose:
    """`key` makes the ids unique on a page."""
    thoughts = "\n\n".join(found.strip() for found in THOUGHT.findall(text)).strip()
    words = THOUGHT.sub("", text).strip()
    if len(words) > LONGEST:
        return Prose(mark_safe(f'<pre tabindex="0">{escape(words)}</pre>'), thoughts)  # noqa: S308  # escaped
    return Prose(mark_safe(_framed(_clean(words), key)), thoughts)  # noqa: S308  # just cleaned


@lru_cache(maxsize=100)  # a conversation is drawn again with each of its answers
def _clean(words: str) -> str:
    return nh3.clean(
        _markdown.render(words),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener nofollow noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _framed(clean: str, key: object) -> str:
    """Code with a button that copies it; code and tables scroll within themselves, also by keyboard."""
    number = 0
    label = escape(
        _("Copy")
    )  # drawn by the style sheet, so that it is not among the words when a whole answer is copied
    table = escape(_("Table"))  # gettext's own search does not look into f-strings

    def frame(found: re.Match[str]) -> str:
        nonlocal number
        if found[0].startswith("<table>"):
            return f'<div class="scroll" role="region" tabindex="0" aria-label="{table}">{found[0]}</div>'
        number += 1
        anchor = f"code-{key}-{number}"
        code = f'<pre id="{anchor}" tabindex="0">{found[0].removeprefix("<pre>")}'
        return f'<div class="code">{code}<button type="button" class="js-only" data-copy="#{anchor}" aria-label="{label}"></button></div>'

    return PARTS.sub(frame, clean)


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: object) -> str:
    """A link instead: fetching a picture from elsewhere would tell its owner who reads what."""
    token = tokens[index]
    source = str(token.attrGet("src") or "")
    return f'<a href="{escape(source)}">{escape(token.content or source)}</a>'


def _rank_headings(state: object) -> None:
    """The levels that an answer uses, as those below the page's own, without gaps."""
    headings = [token for token in state.tokens if token.type in ("heading_open", "heading_close")]  # type: ignore[attr-defined]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(FIRST_HEADING + levels.index(token.tag), LAST_HEADING)}"


def _align_cells(state: object) -> None:
    """By attribute: styles within the page are not allowed."""
    for token in state.tokens:  # type: ignore[attr-defined]
        if token.type in ("th_open", "td_open") and token.attrs:
            token.attrs = {"align": str(token.attrs["style"]).removeprefix("text-align:")}


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_markdown.core.ruler.push("rank_headings", _rank_headings)
_markdown.core.ruler.push("align_cells", _align_cells)
_markdown.add_render_rule("image", _image)
