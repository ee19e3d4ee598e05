"""Why people have access: what Foyer remembers about memberships that the instance keeps without reasons."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dashboard.said import SaidField


class Reason(models.TextChoices):
    """Why somebody is a member. Two more reasons are seen, not kept: by role (implicit), and found on the instance (no grant here)."""

    DIRECT = "direct", _("given directly")
    GROUP = "group", _("by a group")
    EVERYONE = "everyone", _("open to everyone")
    INVITE = "invite", _("by an invite")


class Group(models.Model):
    """A named set of workspaces with people in it: who joins may open all of them, who leaves loses this reason."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class GroupWorkspace(models.Model):
    """A workspace of a group. By id: the slug of a deleted workspace may come back as another's."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="workspaces")
    workspace_id = models.PositiveBigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "workspace_id"], name="group_workspace_once")]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.workspace_id}"


class GroupMember(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    user_id = models.PositiveBigIntegerField(db_index=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user_id"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.user_id}"


class OpenWorkspace(models.Model):
    """A workspace for everyone: whoever is new on the instance gets it by themselves."""

    workspace_id = models.PositiveBigIntegerField(primary_key=True)
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.workspace_id)


class Grant(models.Model):
    """One reason why one user may open one workspace. Access ends when the last reason does.

    A grant without membership on the instance was undone there, behind our back: it is shown as such and never redone silently.
    """

    workspace_id = models.PositiveBigIntegerField()
    user_id = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="grants")
    until = models.DateTimeField(null=True)  # only given directly; the worker ends it
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "user_id", "reason"], condition=Q(group=None), name="grant_once"
            ),
            models.UniqueConstraint(
                fields=["workspace_id", "user_id", "group"], condition=Q(group__isnull=False), name="group_grant_once"
            ),
            models.CheckConstraint(
                condition=Q(reason="group", group__isnull=False) | (~Q(reason="group") & Q(group=None)),
                name="group_grant_has_group",
            ),
        ]
        indexes = [models.Index(fields=["user_id"]), models.Index(fields=["until"])]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}: {self.reason}"


class MembersBefore(models.Model):
    """Who was a member of a workspace before Foyer last took somebody out of it, which the instance does by deleting all of them first.

    Written before the instance is asked, and not settled until the whole list was compared with this one: see access.bystanders.
    """

    class State(models.TextChoices):
        OPEN = "open"  # not compared yet, or somebody is missing
        WHOLE = "whole"  # nobody was missing, but what got no answer may still happen
        SETTLED = "settled"

    workspace_id = models.PositiveBigIntegerField(primary_key=True)
    workspace_name = models.CharField(max_length=255)
    slug = models.CharField(max_length=255)  # that of another workspace with this id is another one
    members = models.JSONField()  # names by id, as text
    adds = models.JSONField()  # ids: whom Foyer has added since, of which the request knows nothing
    removes = models.JSONField()  # ids
    lost = models.JSONField(default=dict)  # names by id: who was found missing, and is not known to be back
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    late_until = models.DateTimeField()  # until when what was asked may still happen
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_index=True)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.state}"

    @property
    def staying(self) -> dict[int, str]:
        """Who was to stay, by id."""
        return {int(key): name for key, name in self.members.items() if int(key) not in self.removes}


class AccessSet(models.Model):
    """Changes of access that were staged together: previewed, applied as a job, and undone together if need be."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    title = SaidField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    job_id = models.BigIntegerField(null=True)
    undoes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    # What applying does to Foyer's own groups and open workspaces, see sets.reshape.
    also = models.JSONField(default=dict)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.title


class AccessChange(models.Model):
    """One step of a set: give a reason to, or take it from, one user for one workspace.

    `was_member`, `was_found` (a member without any reason known here), `had_reason` and `had_until` are what the operator saw when
    staging, and what undoing goes back to. `outcome` is empty until the change was tried, then done, kept (another reason stands),
    already, failed or unknown.
    """

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        KEPT = "kept", _("still has access")
        ALREADY = "already", _("was so already")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")

    TONES = {
        Outcome.DONE: "ok",
        Outcome.KEPT: "warn",
        Outcome.ALREADY: "quiet",
        Outcome.FAILED: "error",
        Outcome.UNKNOWN: "warn",
    }

    set = models.ForeignKey(AccessSet, on_delete=models.CASCADE, related_name="changes")
    workspace_id = models.PositiveBigIntegerField()
    workspace_name = models.CharField(max_length=255)
    user_id = models.PositiveBigIntegerField()
    username = models.CharField(max_length=255)
    give = models.BooleanField()
    reason = models.CharField(max_length=10, choices=Reason.choices, default=Reason.DIRECT)
    group = models.ForeignKey(Group, on_delete=models.SET_NULL, null=True, related_name="+")
    until = models.DateTimeField(null=True)
    was_member = models.BooleanField()
    was_found = models.BooleanField(default=False)
    had_reason = models.BooleanField(default=False)
    had_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    message = SaidField(max_length=1000, blank=True)

    class Meta:
        ordering = ("workspace_name", "username", "id")
        indexes = [models.Index(fields=["set", "workspace_id"])]

    def __str__(self) -> str:
        return f"{'give' if self.give else 'take'} {self.username} {self.workspace_name}"

    @property
    def tone(self) -> str:
        return self.TONES.get(self.Outcome(self.outcome), "quiet") if self.outcome else "quiet"
