"""What nobody should type, and somebody will: by hand, and as strategies that make more of the same."""

from __future__ import annotations

from hypothesis import strategies as st

# Every piece of markup here would leave one of these behind if it were taken for markup: see page.py.
SCRIPT = "<script>hostile()</script>"
MARK = "<b data-hostile>bold</b>"

SCRIPTS = {
    "latin": "Jürgen Groß-Łukasiewicz",
    "greek": "Ελένη Παπαδοπούλου",
    "cyrillic": "Анна Кузнецова",
    "arabic": "محمد بن علي",
    "hebrew": "שלום עולם (1)",
    "mixed directions": "abc שלום 123 علي xyz",
    "devanagari": "अनुष्का शर्मा",
    "thai": "สมชาย ใจดี",
    "tamil": "தமிழ் மொழி",
    "chinese": "李小龍 销售部",
    "japanese": "山田 花子 ﾊﾝｶｸ",
    "korean": "김민준",
    "old": "𐎀𐎁𐎂 𝔉𝔬𝔶𝔢𝔯",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇨🇭",
    "combining": "Z̷̛̤͓̈́̐a̴̡͓͒̕l̸̬̇g̶̱̍o̴͉̓",
    "ligatures": "ﬁle ǅ ß İ ı ſ",
}
INVISIBLE = {
    "right-to-left override": "\u202egnp.exe",
    "isolates never closed": "\u2066\u2067abc",
    "zero width": "a\u200bd\u200d\u2060a\ufeff",
    "only zero width": "\u200b\u200b",
    "not characters": "\ufffe\uffff\U0001ffff",
    "private": "\ue000\U000f0000",
    "replacement": "half an emoji \ufffd",
    "tags": "a\U000e0041\U000e007f",
    "nul": "a\0b",
    "only nul": "\0",
    "controls": "\x01\x1b[31m\x7f\x9f",
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "lines": "first\r\nBcc: everybody@example.com\r\n\r\nsecond",
    "carriage return": "a\rb",
    "tab": "a\tb",
    "spaces around": "  a b  ",
    "only spaces": "   ",
    "odd spaces": "\u00a0a\u3000b\u2003",
}
LARGE = {
    "10 kB of one word": "x" * 10_240,
    "10 kB of words": "many words " * 930,
    "10 kB of emoji": "😀" * 2_560,
    "10 kB of marks": "a" + "\u0301" * 5_000,
    "300 letters": "n" * 300,
}
MARKUP = {
    "script": SCRIPT,
    "mark": MARK,
    "attribute": '"><img src=x onerror=hostile()>',
    "single quotes": "' onfocus=hostile() autofocus data-hostile='",
    "double quotes": '" onfocus="hostile()" data-hostile="',
    "ends": "</textarea></title></select></option></template><b data-hostile>",
    "comment": "<!-- <b data-hostile> -->",
    "entities": "&lt;b&gt; &amp;amp; &#0; &nbsp; &notanentity",
    "section": "]]><b data-hostile>",
    "svg": "<svg/onload=hostile()>",
    "address": "javascript:hostile()",
    "data address": "data:text/html,<script>hostile()</script>",
    "htmx": '<div hx-get="/sign-out/" hx-trigger="load" data-hostile>',
    "braces": "{{ 7|add:7 }}{% debug %}{# #}",
    "placeholders": "%(name)s %s %d %% {0.__class__} {n} ${7*7} $1",
    "markdown": "[a](javascript:hostile()) ![x](http://example.com/x.png) **b**",
}
FORMULAS = {
    "equals": "=1+1",
    "plus": "+1",
    "minus": "-1+2",
    "at": "@SUM(A1)",
    "tab and equals": "\t=1+1",
    "hyperlink": '=HYPERLINK("http://example.com/?"&A1,"here")',
    "dde": "=cmd|' /C calc'!A0",
    "wide": "＝1+1",
}
MACHINES = {
    "sql": "' OR 1=1; DROP TABLE accounts_operator; --",
    "like": "%_\\%",
    "path": "../../../etc/passwd",
    "backslashes": "..\\..\\windows\\win.ini",
    "encoded": "%2e%2e%2f%00%0d%0a",
    "reserved": "CON",
    "dots": "...",
    "dot": ".",
    "null": "null",
    "none": "None",
    "undefined": "undefined",
    "true": "true",
    "json": '{"a": [1, null, "\\u0000", "\\ud800"]}',
    "empty": "",
}
NUMBERS = {
    "huge": "9" * 30,
    "endless": "9" * 5_000,
    "larger than 64 bits": str(2**63),
    "larger than 32 bits": str(2**31),
    "negative": "-1",
    "zero": "0",
    "float": "1.5",
    "exponent": "1e999",
    "nan": "NaN",
    "infinity": "-Infinity",
    "arabic digits": "٣٤",
    "wide digits": "１２",
    "superscript": "²",
    "underscore": "1_000",
    "hexadecimal": "0x10",
    "comma": "1,5",
}
DAYS = {
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "after the last": "10000-01-01",
    "no day": "2030-02-30",
    "long ago": "1969-12-31",
    "moment": "2030-01-01T00:00:00Z",
}
BY_HAND: dict[str, str] = {
    name: text
    for kind in (SCRIPTS, INVISIBLE, LARGE, MARKUP, FORMULAS, MACHINES, NUMBERS, DAYS)
    for name, text in kind.items()
}

# No half of a pair: no encoding that Foyer reads can carry one. What tries to all the same is in test_bodies.py.
anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
pieces = st.lists(st.sampled_from(list(BY_HAND.values())) | anything, min_size=1, max_size=3).map("".join)
texts = st.sampled_from(list(BY_HAND.values())) | anything | pieces
