"""The ledger: what operators did, written before the instance is asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.audit import words
from dashboard.audit.words import Words
from dashboard.folding import folded
from dashboard.said import SaidField

# Longer than an act may take: what is open after that was left so by a Foyer that stopped in the middle.
GIVEN_UP_AFTER = timedelta(minutes=5)


class Outcome(models.TextChoices):
    """How an act ended. STARTED that stays means: Foyer died in the middle, so nobody knows."""

    STARTED = "started", _("Started")
    OK = "ok", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")


TONES = {
    Outcome.STARTED: "accent",
    Outcome.OK: "ok",
    Outcome.REFUSED: "quiet",
    Outcome.FAILED: "error",
    Outcome.UNKNOWN: "warn",
}


EMPTY = (None, "")


def given_up() -> datetime:
    """An act that began before this moment and is still open will not be closed any more."""
    return timezone.now() - GIVEN_UP_AFTER


class Events(models.Manager["AuditEvent"]):
    def bulk_create(self, events: Iterable[AuditEvent], **options: Any) -> list[AuditEvent]:  # type: ignore[override]
        events = list(events)
        for event in events:
            event.fold()
        return super().bulk_create(events, **options)


class AuditEvent(models.Model):
    """One act of one person on one thing. Closed once, then never changed, never deleted: `audit.triggers` see to it."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60, db_index=True)  # noun.verb_past: "user.suspended"
    target_type = models.CharField(max_length=30, blank=True)  # "user", "workspace", "operator", ...
    target_id = models.CharField(max_length=100, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.STARTED)
    detail = SaidField(max_length=500, blank=True)  # why it was refused or failed, in the operator's words
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    finished_at = models.DateTimeField(null=True)
    # The names as they are searched, and the workspace that `after` is about, so that a manager's lines come from an index.
    actor_words = models.TextField(blank=True, editable=False)
    target_words = models.TextField(blank=True, editable=False)
    in_workspace = models.GeneratedField(
        expression=Cast(KeyTextTransform("workspace_id", "after"), models.BigIntegerField()),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = Events()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["target_type", "target_id"]),
            models.Index(fields=["in_workspace"], name="audit_in_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fold()
        super().save(*args, **kwargs)

    def fold(self) -> None:
        self.actor_words, self.target_words = folded(self.actor_name), folded(self.target_name)

    @property
    def act(self) -> Words:
        """The action in words: "suspended user"."""
        return words.action(self.action)

    @property
    def target_kind(self) -> Words:
        return words.target(self.target_type)

    @property
    def ended(self) -> Outcome:
        """The outcome as far as anybody knows."""
        if self.outcome == Outcome.STARTED and self.at < given_up():
            return Outcome.UNKNOWN
        return Outcome(self.outcome)

    @property
    def tone(self) -> str:
        return TONES[self.ended]

    @property
    def why(self) -> Words:
        if self.outcome == Outcome.STARTED and self.ended == Outcome.UNKNOWN:
            return _("Foyer stopped in the middle, so nobody knows whether it was done.")
        return self.detail

    @property
    def changes(self) -> list[tuple[Words, Words, Words]]:
        """What was recorded of the thing: field, before, after, in words; nothing of fields that are empty."""
        return [
            (
                words.FIELDS.get(name, name),
                words.value(self.before.get(name), name),
                words.value(self.after.get(name), name),
            )
            for name in self.before | self.after
            if self.before.get(name) not in EMPTY or self.after.get(name) not in EMPTY
        ]
