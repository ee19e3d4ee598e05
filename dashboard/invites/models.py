"""Links that let people in, and everybody's way through one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MOST_USES = 500
MOST_DAYS = 365


class LinkRole(models.TextChoices):
    """What an account made by a link may be on the instance. Nobody becomes admin by a link."""

    DEFAULT = "default", _("Default")
    MANAGER = "manager", _("Manager")


class LinkState(models.TextChoices):
    OPEN = "open", _("Open")
    USED_UP = "used_up", _("Used up")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")
    WITHDRAWN = "withdrawn", _("Withdrawn")  # whoever made it may not invite any more


class MailState(models.TextChoices):
    """How far the mail with a link came. SENDING is written before the mail server is asked: who finds it so cannot know."""

    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")
    UNKNOWN = "unknown", _("Perhaps sent")


MAIL_TONES = {MailState.SENDING: "accent", MailState.SENT: "ok", MailState.FAILED: "error", MailState.UNKNOWN: "warn"}


class LinkQuerySet(models.QuerySet["Link"]):
    def counted(self) -> LinkQuerySet:
        """With `used` and `held` of all of them read at once."""
        used = models.Count("joinings", filter=Q(joinings__state__in=WITH_ACCOUNT))
        held = models.Count("joinings", filter=Q(joinings__state=JoiningState.STARTED))
        counts: dict[str, Any] = {"used": used, "held": held}
        return self.annotate(**counts)


class Link(models.Model):
    """What a manager hands out. The code in its address is not stored: see dashboard.invites.codes.

    What it gives is limited again, when somebody joins, by what its maker may give then.
    """

    code_hash = models.CharField(max_length=64, unique=True)
    salt = models.CharField(max_length=32)
    label = models.CharField(_("label"), max_length=80)
    for_whom = models.CharField(_("for whom"), max_length=80, blank=True)
    email = models.EmailField(_("mail address"), blank=True)
    workspace_ids = models.JSONField(default=list)
    group_ids = models.JSONField(default=list)
    uses = models.PositiveSmallIntegerField(_("uses"), default=1)
    expires_at = models.DateTimeField(_("expires"))
    # Once seen expired it stays so, whatever the clock says later; extending clears it.
    expired_at = models.DateTimeField(null=True)
    role = models.CharField(_("role"), max_length=10, choices=LinkRole.choices, default=LinkRole.DEFAULT)
    daily_limit = models.PositiveIntegerField(_("messages a day"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    batch = models.UUIDField(null=True, db_index=True)  # the personal links that were made together
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="links")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    mail_state = models.CharField(max_length=10, choices=MailState.choices, blank=True)
    mailed_at = models.DateTimeField(null=True)  # the last that was sent for certain
    mail_problem = models.CharField(max_length=300, blank=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(condition=Q(uses__gte=1, uses__lte=MOST_USES), name="link_uses"),
            models.CheckConstraint(condition=Q(daily_limit=None) | Q(daily_limit__gte=1), name="link_daily_limit"),
        ]

    def __str__(self) -> str:
        return self.label

    @cached_property
    def used(self) -> int:
        """How many accounts were made by it."""
        return self.joinings.filter(state__in=WITH_ACCOUNT).count()

    @cached_property
    def held(self) -> int:
        """How many more people are on their way."""
        return self.joinings.filter(state=JoiningState.STARTED).count()

    @property
    def left(self) -> int:
        """How many more may come."""
        return max(0, self.uses - self.used - self.held)

    @property
    def mail_tone(self) -> str:
        return MAIL_TONES[MailState(self.mail_state)] if self.mail_state else "quiet"

    @property
    def is_over(self) -> bool:
        return self.expired_at is not None or self.expires_at <= timezone.now()


class JoiningState(models.TextChoices):
    STARTED = "started", _("On the way")
    ACCOUNT = "account", _("Being prepared")
    DONE = "done", _("Joined")
    GIVEN_BACK = "given_back", _("Not joined")


WITH_ACCOUNT = (JoiningState.ACCOUNT, JoiningState.DONE)


class Joining(models.Model):
    """One person's way through a link. It holds one of the link's uses unless it was given back.

    STARTED: the invite on the instance may be minted or accepted; no account is known yet. ACCOUNT: there is one, and role, limit and
    workspaces are still to be made sure of. GIVEN_BACK: it ended without an account.
    """

    State = JoiningState
    TONES = {State.STARTED: "accent", State.ACCOUNT: "warn", State.DONE: "ok", State.GIVEN_BACK: "quiet"}

    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="joinings")
    username = models.CharField(max_length=100)
    # Stands among the workspaces of the invites minted for it, where the instance ignores it and we find them again.
    marker = models.BigIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STARTED)
    tried_at = models.DateTimeField(auto_now_add=True)  # when the instance was last asked for the account
    asked = models.BooleanField(default=False)  # an accept was sent then, and what came of it is not known
    user_id = models.PositiveBigIntegerField(null=True, db_index=True)
    note = models.CharField(max_length=500, blank=True)  # what is still missing, for the desk
    attempts = models.PositiveSmallIntegerField(default=0)  # of the worker to go on with it
    next_at = models.DateTimeField()  # when the worker does so again
    closed_at = models.DateTimeField(null=True)  # since then no invite of it is pending on the instance, for certain
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "username"], condition=~Q(state="given_back"), name="joining_once_a_name"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["started", "given_back"]) | Q(user_id__isnull=False), name="joining_account"
            ),
        ]
        indexes = [models.Index(fields=["state", "next_at"])]

    def __str__(self) -> str:
        return f"{self.username}: {self.state}"

    @property
    def tone(self) -> str:
        return self.TONES[JoiningState(self.state)]


class Try(models.Model):
    """A code that was tried and is not known, to slow down whoever guesses."""

    network = models.CharField(max_length=45)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["network", "at"])]

    def __str__(self) -> str:
        return self.network
