"""JavaScript's conversions. The real instance is a JavaScript program and much of what it answers is one of these."""

import json
import math
import re
import unicodedata
from typing import Any

Json = Any  # what json.loads gives: checked where it is used


def number(value: Json) -> float:
    """`Number(value)`: NaN when it is none; None and "" are 0."""
    if value is None or value == []:
        return 0
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, list) and len(value) == 1:
        return number(value[0])
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0
        if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
            return int(text, 16)
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            return float(text)
    return math.nan


def parse_int(value: Json) -> int | None:
    """`parseInt(value)`: the leading digits, or None for NaN."""
    match = re.match(r"\s*([+-]?\d+)", string(value))
    return int(match[1]) if match else None


def parse_float(value: Json) -> float | None:
    """`parseFloat(value)`: the number at the beginning, or None for NaN."""
    match = re.match(r"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", string(value))
    return float(match[1]) if match else None


def string(value: Json) -> str:
    """`String(value)`"""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return ",".join("" if item is None else string(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return str(value)


def truthy(value: Json) -> bool:
    """`Boolean(value)`: the string "0", {} and [] are true."""
    if isinstance(value, dict | list):
        return True
    return not (isinstance(value, float) and math.isnan(value)) and bool(value)


def type_of(value: Json) -> str:
    """`typeof value`, without `undefined`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"


def whole(value: float) -> int | float:
    """A number as JSON.stringify writes it: 99.0 is 99."""
    return int(value) if math.isfinite(value) and float(value).is_integer() else value


def stringify(value: Json) -> str:
    """`JSON.stringify(value)`"""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_SLUG_WORDS = {
    "&": "and",
    "<": "less",
    ">": "greater",
    "$": "dollar",
    "%": "percent",
    "ß": "ss",
    "æ": "ae",
    "ø": "o",
    "œ": "oe",
    "đ": "d",
    "ł": "l",
}
_SLUG_WORDS |= {
    "Æ": "AE",
    "Ø": "O",
    "Œ": "OE",
    "Đ": "D",
    "Ł": "L",
    "ð": "d",
    "þ": "th",
    "€": "euro",
    "£": "pound",
    "¥": "yen",
    "|": "or",
}
_WORKSPACE_WORDS = {
    "+": " plus ",
    "!": " bang ",
    "@": " at ",
    "*": " splat ",
    ".": " dot ",
    ":": "",
    "~": "",
    "(": "",
    ")": "",
    "'": "",
    '"': "",
    "|": "",
}


def slugify(text: str, *, lower: bool = True, words: dict[str, str] | None = None) -> str:
    """The npm package `slugify` with the instance's own extra words (they are global once the workspace model is loaded)."""
    words = _SLUG_WORDS | (_WORKSPACE_WORDS if words is None else words)
    out = []
    for char in unicodedata.normalize("NFC", text):
        replaced = words.get(char)
        if replaced is None:
            plain = unicodedata.normalize("NFKD", char)
            latin = "".join(c for c in plain if ord(c) < 128)
            replaced = (latin if len(plain) > 1 else char) if latin else char
        out.append(re.sub(r"[^A-Za-z0-9_\s$*+~.()'\"!\-:@]+", "", " " if replaced == "-" else replaced))
    slug = re.sub(r"\s+", "-", "".join(out).strip())
    return slug.lower() if lower else slug
