"""Writing the ledger: `with recording(actor, "user.suspended", ...)` around every change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from dashboard import errors
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.context import request_address, request_id


@dataclass(slots=True)
class Entry:
    """What the act adds to its line while it goes on: `before` and `after` hold plain values, no secrets, no chat text."""

    event_id: int
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    detail: str = ""


@contextmanager
def recording(
    actor: Operator | None,
    action: str,
    *,
    target: tuple[str, object, str] = ("", "", ""),
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Iterator[Entry]:
    """Writes the intent, lets the act happen, closes the line with its outcome; an error of the act goes on its way.

    `target` is (type, id, name); `actor` None is Foyer itself. The intent is committed before the instance is asked,
    so this must not stand inside a transaction.
    """
    kind, key, name = target
    event = AuditEvent.objects.create(
        actor=actor,
        actor_name=actor.username if actor else "Foyer",
        action=action,
        target_type=kind,
        target_id=str(key),
        target_name=name[:255],
        before=before or {},
        after=after or {},
        address=request_address.get(),
        request_id=request_id.get(),
    )
    entry = Entry(event.pk, before=dict(before or {}), after=dict(after or {}))
    outcome = Outcome.FAILED
    try:
        yield entry
        outcome = Outcome.OK
    except (ApiError, errors.Declined) as error:
        problem = errors.describe(error)
        outcome, entry.detail = problem.outcome, str(problem.sentence)
        raise
    except Exception as error:
        entry.detail = entry.detail or type(error).__name__
        raise
    finally:
        AuditEvent.objects.filter(pk=entry.event_id).update(
            before=entry.before,
            after=entry.after,
            outcome=outcome,
            detail=entry.detail[:500],
            finished_at=timezone.now(),
        )
