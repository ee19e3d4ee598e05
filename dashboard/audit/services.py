"""Writing the ledger: `with recording(actor, "user.suspended", ...)` around every change; and reading it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard import errors
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import ApiError
from dashboard.audit.models import AuditEvent, Outcome, given_up
from dashboard.context import request_address, request_id
from dashboard.folding import folded
from dashboard.permissions import scope


@dataclass(slots=True)
class Entry:
    """What the act adds to its line while it goes on: `before` and `after` hold plain values, no secrets, no chat text."""

    event_id: int
    target_id: str  # may be filled in once, when the act makes the thing
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    detail: str = ""
    outcome: Outcome = Outcome.OK  # of an act that ends without an error; some learn only afterwards that they failed


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
    entry = Entry(event.pk, event.target_id, before=dict(before or {}), after=dict(after or {}))
    outcome = Outcome.UNKNOWN  # what a mistake of our own, or the end of the process, leaves behind
    try:
        yield entry
        outcome = entry.outcome
    except (ApiError, errors.Declined) as error:
        problem = errors.describe(error)
        outcome, entry.detail = problem.outcome, str(problem.sentence)
        raise
    except Exception as error:
        entry.detail = entry.detail or type(error).__name__
        raise
    finally:
        AuditEvent.objects.filter(pk=entry.event_id).update(
            target_id=entry.target_id,
            before=entry.before,
            after=entry.after,
            outcome=outcome,
            detail=entry.detail,
            finished_at=timezone.now(),
        )


def note(action: str, targets: Iterable[tuple[str, object, str]], *, after: dict[str, Any]) -> None:
    """What was found to be done already, in the name of Foyer: a line for each, begun and closed at once. May stand in a transaction."""
    AuditEvent.objects.bulk_create(
        AuditEvent(
            actor_name="Foyer",
            action=action,
            target_type=kind,
            target_id=str(key),
            target_name=name[:255],
            after=after,
            outcome=Outcome.OK,
            address=request_address.get(),
            request_id=request_id.get(),
            finished_at=timezone.now(),
        )
        for kind, key, name in targets
    )


def visible_to(operator: Operator) -> QuerySet[AuditEvent]:
    """The lines this operator may see: admins all, managers their own acts and what was done about the workspaces they look
    after and the documents in them.
    """
    events = AuditEvent.objects.all()
    if operator.effective_role == Role.ADMIN:
        return events
    mine = scope(operator)
    access, workspaces = Q(action__startswith="access."), Q(target_type="workspace")
    documents = Q(target_type__in=("document", "folder"))
    if mine is not None:
        access &= Q(in_workspace__in=mine)
        documents &= Q(in_workspace__in=mine)
        workspaces &= Q(target_id__in=[str(workspace_id) for workspace_id in mine])
    return events.filter(Q(actor=operator) | access | documents | workspaces)


def search(
    operator: Operator,
    *,
    person: str = "",
    action: str = "",
    target: str = "",
    outcome: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEvent]:
    """The lines that match all that is given, of those the operator may see, newest first.

    `since` and `until` are days of the current time zone, both included.
    """
    events = visible_to(operator)
    if person:
        events = events.filter(actor_words__contains=folded(person))
    if action:
        events = events.filter(action=action)
    if target:
        events = events.filter(Q(target_words__contains=folded(target)) | Q(target_id=target))
    if outcome == Outcome.UNKNOWN:
        events = events.filter(Q(outcome=Outcome.UNKNOWN) | Q(outcome=Outcome.STARTED, at__lt=given_up()))
    elif outcome == Outcome.STARTED:
        events = events.filter(outcome=Outcome.STARTED, at__gte=given_up())
    elif outcome:
        events = events.filter(outcome=outcome)
    if since:
        events = events.filter(at__gte=_midnight(since))
    if until:
        events = events.filter(at__lt=_midnight(until + timedelta(days=1)))
    return events


def about(operator: Operator, *targets: tuple[str, object], limit: int = 10) -> list[AuditEvent]:
    """The newest lines about any of these things (type, id), of those the operator may see: for a person's page."""
    any_of_them = Q(pk__in=[])
    for target_type, target_id in targets:
        any_of_them |= Q(target_type=target_type, target_id=str(target_id))
    return list(visible_to(operator).filter(any_of_them)[:limit])


def about_workspace(operator: Operator, workspace_id: int, limit: int = 10) -> list[AuditEvent]:
    """The newest lines about a workspace, access to it and its documents, of those the operator may see."""
    itself = Q(target_type="workspace", target_id=str(workspace_id))
    within = Q(target_type__in=["user", "document"], in_workspace=workspace_id)
    return list(visible_to(operator).filter(itself | within)[:limit])


def latest(operator: Operator, count: int) -> list[AuditEvent]:
    """The newest lines the operator may see, newest first."""
    return list(visible_to(operator)[:count])


def did(operator: Operator, action: str, *, since: datetime) -> bool:
    """True when the operator has done this since then."""
    return AuditEvent.objects.filter(actor=operator, action=action, at__gte=since).exists()


def has_changed_access(operator: Operator, user_id: int) -> bool:
    """True when the operator has given this account access to something, or taken it."""
    acts = AuditEvent.objects.filter(actor=operator, action__startswith="access.", target_type="user")
    return acts.filter(target_id=str(user_id)).exists()


def unknown_outcomes(operator: Operator, since: datetime) -> int:
    """How many acts since then ended without anybody knowing whether they were done."""
    return search(operator, outcome=Outcome.UNKNOWN).filter(at__gte=since).count()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
