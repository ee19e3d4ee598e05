"""Work that takes long: a job is a row, its items are rows."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.said import SaidField


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class ItemState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")


OPEN = (JobState.QUEUED, JobState.RUNNING)
UNFINISHED = (ItemState.PENDING, ItemState.RUNNING)
TROUBLE = (ItemState.FAILED, ItemState.UNKNOWN)
JOB_TONES = {
    JobState.QUEUED: "quiet",
    JobState.RUNNING: "accent",
    JobState.DONE: "ok",
    JobState.CANCELLED: "warn",
}
ITEM_TONES = {
    ItemState.PENDING: "quiet",
    ItemState.RUNNING: "accent",
    ItemState.DONE: "ok",
    ItemState.SKIPPED: "quiet",
    ItemState.FAILED: "error",
    ItemState.UNKNOWN: "warn",
}


class Job(models.Model):
    """A set of like changes, one item each. `kind` names its handler (jobs.kinds); `params` hold what all items share.

    Neither `params` nor an item's `payload` hold secrets.
    """

    kind = models.CharField(max_length=60)
    title = SaidField(max_length=1000)
    params = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    note = SaidField(max_length=1000, blank=True)  # why it waits, in the operator's words
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    language = models.CharField(max_length=10, default="en")  # of its messages
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # How often it was taken up, and the worker's last sign of life: a worker that was given up finds another number.
    run = models.PositiveIntegerField(default=0)
    alive_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def tone(self) -> str:
        return JOB_TONES[JobState(self.state)]


class JobItem(models.Model):
    """One change of a job. Claimed before the instance is asked, so that a dead worker's item can be settled."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=255)  # of the thing changed: a user's id, or a name still to be created
    label = models.CharField(max_length=255)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.PENDING)
    message = SaidField(max_length=2000, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # The password made for this item is derived from it and the server's secret key; emptied once it has been shown.
    salt = models.CharField(max_length=32, blank=True)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="job_item_position")]
        indexes = [models.Index(fields=["job", "state"])]

    def __str__(self) -> str:
        return self.label

    @property
    def tone(self) -> str:
        return ITEM_TONES[ItemState(self.state)]
