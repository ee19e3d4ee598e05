"""What a request has written: in Foyer's database, statement by statement, and on the instance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from dashboard.sandbox.testing import Sandbox

WRITES = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# A session is how one is known from one page to the next; what was listed is how the instance is known again.
UNIMPORTANT = {"django_session", "dashboard_instance", "dashboard_witness"}
# Of these the instance only gives something, although they are no GET.
QUESTIONS = re.compile(r"/api/(v1/admin/workspace-chats|v1/workspace/[^/]+/vector-search|invite/-)")

# What looking at something writes here, by door: each is told in the room's own words.
LOOKING_WRITES = {
    "chatlog_list": {"audit_auditevent"},  # who reads what others asked
    "chatlog_detail": {"audit_auditevent"},
    "chatlog_export": {"audit_auditevent"},
    "readyz": {"dashboard_sign"},  # whether the database takes anything
}


class Watch:
    """`with watch.seeing():`, and afterwards `here`: the tables written to; `there`: how many rows of the instance were changed, and what it
    was asked that is no question.
    """

    def __init__(self, standin: Sandbox) -> None:
        self.standin = standin
        self.here: list[str] = []
        self.there: list[str] = []
        self.look()

    def look(self) -> None:
        """What was done up to now is nobody's."""
        self._known = self.standin.state()

    @contextmanager
    def seeing(self) -> Iterator[None]:
        self.here, before = [], self._known
        with connection.execute_wrapper(self._note):
            yield
        self.look()
        now = self._known
        asked = [r for r in now["requests"][len(before["requests"]) :] if r["method"] not in ("GET", "HEAD")]
        self.there = [f"{r['method']} {r['path']}" for r in asked if not QUESTIONS.fullmatch(r["path"])]
        if now["changes"] != before["changes"]:
            self.there.append(f"{now['changes'] - before['changes']} rows changed")

    def _note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found = WRITES.match(sql)
        if found and found[1] not in UNIMPORTANT:
            self.here.append(found[1])
        return execute(sql, params, many, context)

    @property
    def written(self) -> list[str]:
        return [*self.here, *self.there]
