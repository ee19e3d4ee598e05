"""What is in the ledger already can be searched after the migration, and is as closed as before."""

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from dashboard.audit.models import AuditEvent


@pytest.mark.django_db(transaction=True)
def test_lines_of_before_are_found_and_stay_closed():
    MigrationExecutor(connection).migrate([("audit", "0001_initial")])
    old = MigrationExecutor(connection).loader.project_state([("audit", "0001_initial")]).apps
    about = {"action": "access.given", "target_type": "user", "target_id": "7", "outcome": "ok"}
    old.get_model("audit", "AuditEvent").objects.create(
        actor_name="ADA", target_name="Überstunden", after={"workspace_id": 5, "name": "x"}, **about
    )
    old.get_model("audit", "AuditEvent").objects.create(actor_name="Élise", target_name="Sam", after={}, **about)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("audit"))
    found = AuditEvent.objects.order_by("id").values_list("actor_words", "target_words", "in_workspace")
    assert list(found) == [("ada", "überstunden", 5), ("élise", "sam", None)]
    with pytest.raises(IntegrityError, match="append-only"):
        AuditEvent.objects.update(actor_words="x", outcome="failed")
