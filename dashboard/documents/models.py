"""What Foyer knows of documents beyond what the instance does: who added them, from which content, and what is still on its way."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.jobs.models import Job, JobItem


class Source(models.TextChoices):
    FILE = "file", _("File")
    LINK = "link", _("Web address")
    TEXT = "text", _("Typed text")


class Duplicates(models.TextChoices):
    """What becomes of a file whose content, or a page whose address, is in the library already."""

    SKIP = "skip", _("Use what is there")
    KEEP = "keep", _("Keep both")
    REPLACE = "replace", _("Replace what is there")


class Stored(models.Model):
    """A document of the library that was added here. A file that became several documents has a row for each, all of one `upload`."""

    upload = models.CharField(max_length=12)
    path = models.CharField(max_length=500, unique=True)  # "folder/name-uuid.json", the instance's key for it
    title = models.CharField(max_length=255)  # the name of the file, as it was; of one of several from a file its own
    name = models.CharField(
        max_length=255, blank=True, db_index=True
    )  # of the whole file: a new version is known by it
    source = models.CharField(max_length=4, choices=Source.choices)
    address = models.CharField(max_length=2000, blank=True)  # of a page
    size = models.PositiveBigIntegerField(default=0)  # bytes of the whole file
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)  # of the whole file; a page has none
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.path


class Batch(models.Model):
    """Files chosen at one time: where they go, and the job that adds them, which begins with the first file that has arrived."""

    token = models.CharField(max_length=40, unique=True)  # the page's own
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    folder = models.CharField(max_length=255)
    workspace_ids = models.JSONField(default=list)
    duplicates = models.CharField(max_length=7, choices=Duplicates.choices, default=Duplicates.SKIP)
    replaces = models.JSONField(
        null=True
    )  # by the name of a file, the documents that were shown as replaced by it; null: none were shown
    job = models.OneToOneField(Job, on_delete=models.CASCADE, null=True, related_name="batch")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.token


class Incoming(models.Model):
    """Something on its way into the library. A file has arrived here; it leaves when its item has ended well, or after a week."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="incoming")
    item = models.OneToOneField(JobItem, on_delete=models.CASCADE, null=True, related_name="incoming")
    ticket = models.CharField(max_length=40)  # the page's own for this file, so that sending it again adds nothing
    # Part of the name under which it is sent, because two uploads of one name at a time mix up their contents on the instance. What an
    # upload became whose answer got lost is found by it, too.
    token = models.CharField(max_length=12, unique=True)
    source = models.CharField(max_length=4, choices=Source.choices)
    name = models.CharField(max_length=2000)  # of the file, as people know it; or the address of the page
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    before = models.JSONField(
        null=True
    )  # paths of that host's pages, listed before the instance was asked to fetch one
    asked_at = models.DateTimeField(null=True)  # when the instance was first asked to take it
    paths = models.JSONField(default=list)  # the documents it has become
    replaces = models.JSONField(default=list)  # the documents that go when these are in place
    doubted = models.BooleanField(default=False)  # the page that came back looked like an error and was erased again
    any_page = models.BooleanField(default=False)  # keep it all the same
    suspected_at = models.DateTimeField(null=True)  # when the instance's reader stopped while it was being read
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["batch", "ticket"], name="incoming_ticket_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def staged(self) -> Path:
        """Where the file lies while it is here."""
        return settings.INCOMING_DIR / self.token
