"""A database as strict as PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, models
from django.db.backends.postgresql.operations import DatabaseOperations

HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")


def texts_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield from texts_in(key)
                yield from texts_in(inner)
        case list() | tuple():
            for inner in value:
                yield from texts_in(inner)


@pytest.fixture(autouse=True)
def refused(monkeypatch) -> list[str]:
    """What PostgreSQL would have refused and SQLite takes: NUL and halves of pairs in any text, texts and numbers too large for their column."""
    told: list[str] = []
    keep = models.Field.get_db_prep_save

    def look(value: Any, where: str) -> None:
        bad = (text for text in texts_in(value) if "\0" in text or HALF_A_PAIR.search(text))
        told.extend(f"{text[:60]!r} in {where}" for text in bad)

    def get_db_prep_save(field: models.Field, value: Any, connection: Any) -> Any:
        look(value, str(field))
        if isinstance(field, models.CharField) and isinstance(value, str) and len(value) > (field.max_length or 0):
            told.append(f"{len(value)} characters in {field}")
        if isinstance(field, models.IntegerField) and isinstance(value, int):
            low, high = DatabaseOperations.integer_field_ranges[field.get_internal_type()]
            if not low <= value <= high:
                told.append(f"{value} in {field}")
        return keep(field, value, connection)

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        look(params, sql[:200])
        return execute(sql, params, many, context)

    monkeypatch.setattr(models.Field, "get_db_prep_save", get_db_prep_save)
    with connection.execute_wrapper(watch):
        yield told
    assert told == []
