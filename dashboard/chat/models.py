"""Questions on their way: what is asked, of which workspace, in whose name, and what became of it. The answers are the instance's."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    CHAT = "chat", _("Chat")
    QUERY = "query", _("Documents only")


class TurnState(models.TextChoices):
    WAITING = "waiting", _("Waiting")  # nothing was asked of the instance yet
    TAKEN = "taken", _("Being answered")
    DONE = "done", _("Answered")
    STOPPED = (
        "stopped",
        _("Stopped"),
    )  # the browser left, and nobody waits for the answer; the instance keeps what was written so far
    INTERRUPTED = (
        "interrupted",
        _("Interrupted"),
    )  # the stream broke off; the instance may have the whole answer, or a part of it
    FAILED = "failed", _("Failed")  # nothing more will come of it


class Turn(models.Model):
    """One question. It is asked at most once: by who turns `state` from waiting to taken.

    In a thread it is asked as the account `user_id`; without a thread in a session of its own, which no account sees.
    """

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(null=True)  # of the form it came with, so that sending that twice asks once
    workspace_id = models.PositiveBigIntegerField()
    workspace_slug = models.CharField(max_length=255)
    thread_slug = models.CharField(max_length=255, blank=True)
    session_id = models.CharField(max_length=64, blank=True)
    user_id = models.PositiveBigIntegerField(null=True)
    text = models.TextField()
    mode = models.CharField(max_length=5, choices=Mode.choices)
    attachments = models.JSONField(default=list)  # chat.files.Kept; the files themselves only wait until it is taken
    language = models.CharField(max_length=10, default="en")  # of what is said when it fails
    state = models.CharField(max_length=11, choices=TurnState.choices, default=TurnState.WAITING)
    problem = models.CharField(max_length=500, blank=True)  # why there is no whole answer: a sentence for the operator
    words = models.TextField(blank=True)  # what had arrived of an answer that broke off
    chat_id = models.PositiveBigIntegerField(null=True)  # the instance's; refusals and agents' answers have none
    created_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)  # the last sign of life of who has taken it, if they give any
    ended_at = models.DateTimeField(null=True)
    awaited_at = models.DateTimeField(null=True)  # when a page that does not hear the stream last asked for the answer

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["operator", "key"], name="turn_once_a_form")]
        indexes = [
            models.Index(fields=["operator", "-id"], name="turns_of_operator"),
            models.Index(fields=["user_id", "created_at"], name="turns_of_account"),
            models.Index(fields=["state", "created_at"], name="turns_open"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} in {self.workspace_slug}"

    @property
    def is_open(self) -> bool:
        return self.state in (TurnState.WAITING, TurnState.TAKEN)


class LocalThread(models.Model):
    """A conversation of an operator without an account: on the instance a session, which has neither name nor owner."""

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    workspace_id = models.PositiveBigIntegerField()
    session_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["operator", "workspace_id", "-id"], name="local_threads_of_operator")]

    def __str__(self) -> str:
        return self.session_id
