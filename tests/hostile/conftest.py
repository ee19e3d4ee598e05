"""One of each thing that an address may name, a database as strict as PostgreSQL, and who looks on while views read."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, models, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.forms import BaseForm
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.access import sets
from dashboard.access.models import AccessSet, Group, GroupMember, GroupWorkspace
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.chat.models import Turn
from dashboard.chatlog import sync
from dashboard.chatlog.models import Exchange
from dashboard.documents.models import Batch, Incoming, Source
from dashboard.invites import services as invites
from dashboard.invites.models import Link
from dashboard.jobs.models import ItemState, Job
from dashboard.users.models import ImportDraft
from tests.conftest import operator, signed_in

HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")


# --- A database as strict as PostgreSQL -------------------------------------------------------------------------------
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
        if (
            isinstance(field, models.CharField)
            and isinstance(value, str)
            and len(value) > (field.max_length or len(value))
        ):
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


# --- Who looks on -----------------------------------------------------------------------------------------------------
class Seen:
    """What views were asked with, and what they looked at."""

    def __init__(self) -> None:
        self.names: dict[int, tuple[QueryDict, set[str]]] = {}
        self.forms: set[type[BaseForm]] = set()

    def of(self, given: QueryDict) -> set[str]:
        return self.names.get(id(given), (given, set()))[1]


@pytest.fixture
def seen(monkeypatch) -> Seen:
    """Which names of a query or a posted form are looked at, and which forms are made."""
    found = Seen()

    def noting(method: str) -> None:
        original = getattr(QueryDict, method)

        def noted(self: QueryDict, key: Any, *rest: Any) -> Any:
            found.names.setdefault(id(self), (self, set()))[1].add(key)
            return original(self, key, *rest)

        monkeypatch.setattr(QueryDict, method, noted, raising=False)

    for method in ("__getitem__", "__contains__", "get", "getlist"):
        noting(method)
    made = BaseForm.__init__

    def noting_form(self: BaseForm, *args: Any, **kwargs: Any) -> None:
        found.forms.update(type(self).__mro__)
        made(self, *args, **kwargs)

    monkeypatch.setattr(BaseForm, "__init__", noting_form)
    return found


# --- One of each thing ------------------------------------------------------------------------------------------------
class Things(dict[str, Any]):
    """What addresses name, made when it is first asked for."""

    def __init__(self, standin: Any, ada: Operator, adas: Client) -> None:
        super().__init__()
        self.standin, self.ada, self._adas = standin, ada, adas

    def __missing__(self, name: str) -> Any:
        self[name] = found = getattr(self, f"a_{name}")()
        return found

    def client(self, who: str) -> Client:
        """The browser of ada (a local admin), sam (an ordinary account of the instance), or of nobody who is known."""
        if who != "ada":
            return signed_in(self["sam"]) if who else Client()
        copy = Client()
        for name, morsel in self._adas.cookies.items():
            copy.cookies[name] = morsel.value
        return copy

    def a_user_id(self) -> int:
        return next(u.id for u in instance.users().value if u.username == "sam")

    def a_sam(self) -> Operator:
        """The operator of sam's account."""
        return accounts.operator_of(next(u for u in instance.users().value if u.username == "sam"))

    def a_workspace(self) -> dict[str, Any]:
        return next(w for w in self.standin.get("/v1/workspaces")["workspaces"] if w["slug"] == "company-handbook")

    def a_slug(self) -> str:
        return self["workspace"]["slug"]

    def a_workspace_id(self) -> int:
        return self["workspace"]["id"]

    def a_operator_id(self) -> int:
        return operator(Role.MANAGER, "lotte").pk

    def a_job_id(self) -> int:
        """Of files on their way, one of which failed."""
        job = Job.objects.create(kind="documents.add", title="Add documents", actor=self.ada, state="done")
        item = job.items.create(position=1, key="1", label="one.txt", state=ItemState.FAILED)
        batch = Batch.objects.create(token="b1", actor=self.ada, folder="custom-documents", job=job)
        Incoming.objects.create(batch=batch, item=item, ticket="t", token="t1", source=Source.FILE, name="one.txt")
        return job.pk

    def a_open_job_id(self) -> int:
        job = Job.objects.create(kind="documents.add", title="Add documents", actor=self.ada)
        job.items.create(position=1, key="1", label="one.txt")
        return job.pk

    def a_import_id(self) -> int:
        """Of new accounts, whose passwords nobody has seen yet."""
        job = Job.objects.create(kind="users.import", title="Import people", actor=self.ada, state="done")
        job.items.create(position=1, key="anna", label="anna", state=ItemState.DONE, salt="salt")
        return job.pk

    def a_set_id(self) -> int:
        wanted = [sets.Wanted(self["workspace_id"], self["user_id"], give=False)]
        return sets.stage(actor=self.ada, title="Some changes", wanted=wanted).pk

    def a_applied_id(self) -> int:
        staged = AccessSet.objects.get(pk=self.a_set_id())
        sets.apply(actor=self.ada, access_set=staged)
        Job.objects.update(state="done")
        staged.changes.update(outcome="done")
        return staged.pk

    def a_group_id(self) -> int:
        group = Group.objects.create(name="Field service")
        GroupWorkspace.objects.create(group=group, workspace_id=self["workspace_id"])
        GroupMember.objects.create(group=group, user_id=self["user_id"])
        return group.pk

    def a_draft_id(self) -> int:
        rows = [[2, "fresh-one", "default", "20", "", ""], [3, "ada", "", "", "", ""]]
        return ImportDraft.objects.create(operator=self.ada, rows=rows).pk

    def a_guessed_draft_id(self) -> int:
        """Of a file whose encoding was not certain."""
        rows = [[2, "fresh-one", "default", "", "", ""]]
        return ImportDraft.objects.create(operator=self.ada, rows=rows, encoding="cp1252").pk

    def a_link(self) -> Link:
        fields = invites.LinkFields(label="New people", workspace_ids=[self["workspace_id"]], note="Welcome.")
        anna = invites.Person("Anna", "anna@example.com")
        return invites.make_many(actor=self.ada, fields=fields, people=[anna], batch=uuid.uuid4())[0]

    def a_link_id(self) -> int:
        return self["link"].pk

    def a_batch(self) -> uuid.UUID:
        return self["link"].batch

    def a_code(self) -> str:
        return invites.codes.recover(self["link"].salt, self["link"].code_hash)

    def a_invite_id(self) -> int:
        made = self.standin.post("/v1/admin/invite/new", {"workspaceIds": [self["workspace_id"]]})["invite"]["id"]
        instance.forget("invites")
        return made

    def a_turn(self) -> Turn:
        """A question of ada's, with its answer."""
        asked = {"text": "How many days off?", "mode": "chat", "key": str(uuid.uuid4())}
        signed_in(self.ada).post(f"/chat/{self['slug']}/+ask/", asked)
        return Turn.objects.latest("pk")

    def a_turn_id(self) -> int:
        return self["turn"].pk

    def a_thread(self) -> str:
        return self["turn"].session_id

    def a_chat_id(self) -> int:
        return self["turn"].chat_id

    def a_exchange_id(self) -> int:
        sync.update(60)
        return Exchange.objects.latest("id").pk

    def a_paths(self) -> list[str]:
        """Of two documents: the first is in a workspace."""
        found = instance.workspace_documents().value[self["workspace_id"]]
        free = self.standin.post("/v1/document/raw-text", {"textContent": "Words.", "metadata": {"title": "Free"}})
        instance.forget("library")
        return [found[0].path, free["documents"][0]["location"]]

    def a_folder(self) -> str:
        self.standin.post("/v1/document/create-folder", {"name": "Empty one"})
        instance.forget("library")
        return "Empty one"


class Worlds:
    """The same world for try after try: what a try does here is undone, and where it did something on the stand-in all begins anew."""

    def __init__(self, standin: Any, ada: Operator, adas: Client) -> None:
        self.standin, self._of = standin, (standin, ada, adas)
        self._begin()

    def _begin(self) -> None:
        self._before = self._written()
        self._savepoint = transaction.savepoint()
        self.things = Things(*self._of)

    def _written(self) -> tuple[int, object]:
        # Asked in many thousands of tries, and its own answer holds the log of all requests.
        return self.standin._store.connection.total_changes, self.standin._server.app.config

    @contextmanager
    def tried(self) -> Iterator[None]:
        self.written = False
        before = self._written()
        with transaction.atomic():
            try:
                yield
            finally:
                transaction.set_rollback(True)
                self.written = self._written() != before

    def settle(self) -> None:
        """After a try that wrote on the stand-in."""
        if self.written:
            self.begin_anew()

    def begin_anew(self) -> None:
        transaction.savepoint_rollback(self._savepoint)
        self.standin.reset()
        cache.clear()
        instance.hang_up()
        self._begin()


@pytest.fixture
def worlds(standin, ada, admin_client) -> Worlds:
    return Worlds(standin, ada, admin_client)


def until() -> str:
    return (timezone.localdate() + timedelta(days=30)).isoformat()
