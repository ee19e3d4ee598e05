"""Answers as HTML: what is markup is shown, what could do harm is not."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.chat.markdown import LONGEST, prose

SAFE_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "a", "code", "pre", "blockquote", "ul", "ol", "li", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td", "div", "button"),
}
SAFE_ATTRIBUTES = {
    "href",
    "title",
    "target",
    "rel",
    "start",
    "id",
    "class",
    "tabindex",
    "role",
    "type",
    "data-copy",
    "aria-label",
    "align",
}


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def check(html: str) -> None:
    for tag, attributes in Seen(html).tags:
        assert tag in SAFE_TAGS and attributes.keys() <= SAFE_ATTRIBUTES, (tag, attributes)
        if tag == "a" and "href" in attributes:
            assert re.match(r"(https?:|mailto:)", attributes["href"], re.IGNORECASE)
        if tag == "a":
            assert attributes["rel"] == "noopener nofollow noreferrer" and attributes["target"] == "_blank"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![spy](https://elsewhere.example/pixel.png)",
        "![](https://elsewhere.example/pixel.png)",
        "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x)",
        "[a](java\nscript:alert(1))",
        "<https://ok.example> <javascript:alert(1)>",
        "[a](//elsewhere.example) [b](/users/) [c](#x)",
        '[a](https://x.example "onclick=alert(1)")',
        "[a](https://x.example\" onclick=\"alert(1))",
        "```html\n</code></pre><script>alert(1)</script>\n```",
        "```\"><script>alert(1)</script>\nx\n```",
        "<details open ontoggle=alert(1)>", "<svg/onload=alert(1)>", "<iframe src=//x>", "<style>*{}</style>", "<form action=/users/>",
        "|a|\n|-|\n|<script>alert(1)</script>|",
        "<table><tr><td style='position:fixed'>x",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<think><script>alert(1)</script></think>x",
    ],
)  # fmt: skip
def test_nothing_harmful_comes_through(text):
    shown = prose(text, 1)
    check(shown.html)
    assert "<script" not in shown.html


@given(st.text(alphabet=st.sampled_from("<>\"'`*_[]()!#|-=:/ \n&;ahrefjvscriptonl\x00\u2028"), max_size=200))
def test_whatever_is_written_is_safe(text):
    check(prose(text, 1).html)


def test_markup_is_shown():
    html = prose(
        "**bold** *soft* `code` ~~gone~~\n\n1. one\n2. two\n\n> said\n\n|a|b|\n|-|-|\n|1|2|\n\n```js\nlet a = 1 < 2;\n```",
        7,
    ).html
    for tag in ("<strong>", "<em>", "<code>", "<s>", "<ol>", "<blockquote>", "<table>"):
        assert tag in html
    assert "let a = 1 &lt; 2;" in html and 'data-copy="#code-7-1"' in html and 'id="code-7-1"' in html


def test_a_picture_from_elsewhere_becomes_a_link():
    html = prose("![a **map**](https://elsewhere.example/map.png)", 1).html
    assert "<img" not in html and 'href="https://elsewhere.example/map.png"' in html


def test_headings_stay_below_those_of_the_page():
    html = prose("# One\n\n### Two\n\n##### Three\n\n###### Four", 1).html
    assert re.findall(r"<h(\d)>", html) == ["4", "5", "6", "6"]
    assert re.findall(r"<h(\d)>", prose("### Only", 1).html) == ["4"]


def test_thoughts_are_apart_from_the_answer():
    shown = prose("<think>Hm.\n\nLet me see.</think>\n\nForty-two.", 1)
    assert shown.thoughts == "Hm.\n\nLet me see." and shown.html == "<p>Forty-two.</p>\n"
    cut = prose("<think>Still thinking", 1)
    assert (cut.thoughts, cut.html) == ("Still thinking", "")


def test_what_is_endless_is_shown_as_it_is():
    html = prose("<b>*" * LONGEST, 1).html
    check(html)
    assert "<b>" not in html and html.startswith("<pre")


def test_columns_of_a_table_are_aligned_as_the_model_wants_them():
    html = prose("| a | b | c |\n|--:|:-:|---|\n| 1 | 2 | 3 |", 1).html
    assert '<td align="right">1</td>' in html and '<td align="center">2</td>' in html and "<td>3</td>" in html


def test_a_huge_table_is_a_table():
    html = prose("|a|b|\n|-|-|\n" + "|1|2|\n" * 2000, 1).html
    assert html.count("<tr>") == 2001 and 'class="scroll"' in html
