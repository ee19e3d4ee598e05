"""Run by `manage.py shell`: a database with people who are signed in, a long ledger and an open link. Prints what the tests need of it."""

import json

from django.core.management import call_command
from django.test import Client

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.invites import services as invites

LINES = 8_000
PEOPLE = 6


def admin(name: str) -> Operator:
    return Operator.objects.create(username=name, role=Role.ADMIN, password="!")


def session(operator: Operator) -> str:
    client = Client()
    client.force_login(operator, backend="dashboard.accounts.backends.LocalBackend")
    return client.cookies["foyer_session"].value


call_command("migrate", verbosity=0)
ada = admin("ada")
AuditEvent.objects.bulk_create(
    [
        AuditEvent(actor_name=f"person {n}", action="user.suspended", outcome=Outcome.OK, detail="because " * 60)
        for n in range(LINES)
    ],
    batch_size=500,
)
workspace = instance.connect().workspaces.list()[0]
members = [user for user in instance.users().value if user.role != "default" and not user.suspended][:PEOPLE]
link = invites.make(actor=ada, fields=invites.LinkFields(label="Course", workspace_ids=[workspace.id], uses=50))
print(  # noqa: T201
    "prepared",
    json.dumps(
        {
            "ada": session(ada),
            "exporters": [session(admin(f"exporter-{n}")) for n in range(PEOPLE)],
            "askers": [session(accounts.operator_of(user)) for user in members],
            "slug": workspace.slug,
            "code": invites.codes.recover(link.salt, link.code_hash),
        }
    ),
)
