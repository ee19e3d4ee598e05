"""What the users room keeps for itself: lists of people that were read and not yet imported."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ImportDraft(models.Model):
    """A list as it was read from CSV, until it is imported or a day has passed. What becomes of each row is judged anew at every look.

    `rows` are imports.Row as lists of their fields, `warnings` sentences, `encoding` what the file was read in if that was guessed or chosen:
    it can be read again in another. `job_id` is the job that was started with it.
    """

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    rows = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    encoding = models.CharField(max_length=20, blank=True)
    job_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{len(self.rows)} rows"
