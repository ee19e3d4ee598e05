"""The database itself refuses to rewrite the ledger, whatever asks it to."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from dashboard.audit.models import AuditEvent, Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def event() -> AuditEvent:
    return AuditEvent.objects.create(actor_name="ada", action="user.suspended", target_type="user", target_id="7")


def refused(sql: str, *values: object) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


def test_it_refuses_to_delete(event):
    assert refused("DELETE FROM audit_auditevent WHERE id = %s", event.pk)
    assert AuditEvent.objects.filter(pk=event.pk).exists()


def test_it_refuses_the_way_around_that_this_database_offers(event):
    columns = [field.column for field in AuditEvent._meta.concrete_fields if not field.generated]
    forged = ["'eve'" if column == "actor_name" else column for column in columns]
    ways = {
        "sqlite": f"INSERT OR REPLACE INTO audit_auditevent ({', '.join(columns)}) "  # noqa: S608
        f"SELECT {', '.join(forged)} FROM audit_auditevent",
        "postgresql": "TRUNCATE audit_auditevent",
    }
    assert refused(ways[connection.vendor])
    assert AuditEvent.objects.get(pk=event.pk).actor_name == event.actor_name


def test_it_is_closed_once(event):
    assert AuditEvent.objects.filter(pk=event.pk).update(outcome=Outcome.OK, after={"suspended": True}) == 1
    assert refused("UPDATE audit_auditevent SET outcome = 'failed' WHERE id = %s", event.pk)
    assert refused("UPDATE audit_auditevent SET detail = 'nothing happened' WHERE id = %s", event.pk)
    assert refused("UPDATE audit_auditevent SET outcome = 'started' WHERE id = %s", event.pk)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", 999_999),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("actor_name", "eve"),
        ("action", "user.resumed"),
        ("target_type", "workspace"),
        ("target_id", "8"),
        ("target_name", "eve"),
        ("address", "203.0.113.9"),
        ("request_id", "other"),
    ],
)
def test_it_never_changes_who_what_on_whom_when_and_from_where(event, column, value):
    assert refused(f"UPDATE audit_auditevent SET {column} = %s WHERE id = %s", value, event.pk)  # noqa: S608


def test_it_never_changes_the_actor(event, ada):
    assert refused("UPDATE audit_auditevent SET actor_id = %s WHERE id = %s", ada.pk, event.pk)


def test_it_lets_the_id_of_a_new_thing_be_filled_in_once():
    event = AuditEvent.objects.create(actor_name="ada", action="user.created", target_type="user", target_name="tom")
    assert AuditEvent.objects.filter(pk=event.pk).update(target_id="12") == 1
    assert refused("UPDATE audit_auditevent SET target_id = '13' WHERE id = %s", event.pk)


@pytest.mark.django_db(transaction=True)
def test_emptying_the_tables_after_a_test_leaves_the_lock_on(event):
    assert refused("DELETE FROM audit_auditevent WHERE id = %s", event.pk)


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_on_also_after_the_tables_were_emptied(event):
    assert refused("DELETE FROM audit_auditevent WHERE id = %s", event.pk)
