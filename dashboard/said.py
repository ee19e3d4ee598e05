"""Sentences that are stored: a job's title, what came of an item, why an act was refused.

Whoever writes them speaks another language than some who read them later. So their field keeps what was said with what, and they are put
into words where they are read. Code that says something worth keeping takes `gettext` and its like from here, and otherwise treats it as
the text that it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import translation
from django.utils.functional import Promise, lazy

MARK = "\x1e"  # begins what was kept as its parts; older lines are the words themselves


class Said(str):
    """Words in the language of the moment that know what they are made of: a message ("is", with "are" and "n" for a plural) and what it is
    filled "with", or "parts" and what stands "between" them.
    """

    made_of: dict[str, Any]

    def __new__(cls, words: str, made_of: dict[str, Any]) -> Said:
        said = super().__new__(cls, words)
        said.made_of = made_of
        return said

    def __mod__(self, values: Any) -> str:
        words = str.__mod__(self, values)
        if not isinstance(values, Mapping):
            return words
        return Said(words, self.made_of | {"with": {name: _kept(value) for name, value in values.items()}})

    def __str__(self) -> str:
        return self

    def __getitem__(self, key: Any) -> str:
        """Cut to a length that it does not have, it stays what it is."""
        words = super().__getitem__(key)
        return self if len(words) == len(self) else words

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (super().__str__(), self.made_of)


def gettext(message: str) -> str:
    return Said(translation.gettext(message), {"is": message})


def ngettext(singular: str, plural: str, number: int) -> str:
    return Said(translation.ngettext(singular, plural, number), {"is": singular, "are": plural, "n": number})


gettext_lazy = lazy(gettext, Said)


class ngettext_lazy:  # noqa: N801
    """Two forms of a message, one of which is taken when the values are known: `number` names the one that counts."""

    def __init__(self, singular: str, plural: str, number: str) -> None:
        self.singular, self.plural, self.number = singular, plural, number

    def __mod__(self, values: Mapping[str, Any]) -> str:
        return ngettext(self.singular, self.plural, values[self.number]) % values


def joined(between: str, parts: Iterable[str | Promise]) -> Said:
    """The parts one after the other, as `str.join`."""
    kept = [_kept(part) for part in parts]
    return Said(between.join(map(tell, kept)), {"parts": kept, "between": between})


def _kept(value: object) -> Any:
    """As JSON holds it. A message of Django's own is the words that it is now."""
    if isinstance(value, Promise):
        value = str(value)
    if isinstance(value, Said):
        return value.made_of
    return value if isinstance(value, int | float) or value is None else str(value)


def tell(kept: Any) -> Any:
    """In the reader's language; a part that is no message as it is."""
    match kept:
        case {"parts": parts, "between": between}:
            return Said(between.join(str(tell(part)) for part in parts), kept)
        case {"is": message}:
            said = ngettext(message, kept["are"], kept["n"]) if "are" in kept else gettext(message)
            values = kept.get("with")
            return said if values is None else Said(str(said % {k: tell(v) for k, v in values.items()}), kept)
    return kept


if TYPE_CHECKING:
    Text = models.CharField[str | Promise, str]
else:
    Text = models.CharField


class SaidField(Text):
    """Text that may be a sentence of ours. What would be too long as its parts is kept as words, cut if need be."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs  # to the database it is nothing else

    def get_prep_value(self, value: Any) -> Any:
        value = str(value) if isinstance(value, Promise) else value
        if isinstance(value, Said):
            parts = MARK + json.dumps(value.made_of, ensure_ascii=False)
            if self.max_length is None or len(parts) <= self.max_length:
                return parts
        words = super().get_prep_value(value)
        return words.lstrip(MARK)[: self.max_length] if isinstance(words, str) else words

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return tell(json.loads(value[1:])) if isinstance(value, str) and value.startswith(MARK) else value
