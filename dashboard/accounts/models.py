"""Operators: the people who sign in to Foyer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class Role(models.TextChoices):
    """What an operator may do; `dashboard.permissions.POLICY` says it action by action."""

    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    VIEWER = "viewer", _("Viewer")
    MEMBER = "member", _("Member")


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


# "<name>@anythingllm" always means the account of the instance, so no local operator may be called that.
ANYTHINGLLM_SUFFIX = "@anythingllm"
local_name = RegexValidator(
    rf"^(?!.*{ANYTHINGLLM_SUFFIX}\Z)[a-z0-9][a-z0-9._@+-]*\Z",
    _("Use letters, digits and . _ @ + - only, a letter or digit first, and not the ending @anythingllm."),
    flags=re.IGNORECASE | re.ASCII,
)


class OperatorManager(BaseUserManager["Operator"]):
    def named(self, username: str) -> Operator | None:
        """The operator of that name, whatever its capitals: "Ada" and "ada" are one."""
        return self.filter(username__iexact=self.model.normalize_username(username)).first()

    def local(self, username: str) -> Operator | None:
        """The operator of that name, if the password lives in Foyer."""
        operator = self.named(username)
        return operator if operator is not None and operator.is_local else None

    def get_by_natural_key(self, username: str | None) -> Operator:
        """For createsuperuser, which asks whether a name is taken."""
        return self.get(username__iexact=self.model.normalize_username(username or ""))

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Operator:
        operator = self.model(username=self.model.normalize_username(username), **fields)
        operator.set_password(password)
        operator.save()
        return operator

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> Operator:
        """The spare key: a local admin, for when nobody can sign in through the instance."""
        return self.create_user(username, password, **{"role": Role.ADMIN, **fields})


def new_session_key() -> str:
    return get_random_string(32)


class Operator(AbstractBaseUser):
    """A person who signs in to Foyer: with a local password, or with an account of the instance (`anythingllm_user_id`).

    Operators are never deleted, because the ledger names them: they are switched off.
    """

    username = models.CharField(_("user name"), max_length=150, unique=True, validators=[local_name])
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    anythingllm_user_id = models.PositiveBigIntegerField(_("AnythingLLM account"), null=True, blank=True, unique=True)
    # Whether a list limits them, beside the list itself: rows that are lost must not make a manager of some one of all.
    limited = models.BooleanField(default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    # Part of every session's check value: a new one ends all sessions of this operator.
    session_key = models.CharField(max_length=32, default=new_session_key, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OperatorManager()
    USERNAME_FIELD = "username"

    class Meta:
        ordering = ("username",)
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="operator_name_ignoring_case",
                violation_error_message=_("An operator of this name exists already."),
            )
        ]
        verbose_name = _("operator")
        verbose_name_plural = _("operators")

    def __str__(self) -> str:
        return self.username

    @property
    def is_local(self) -> bool:
        """True when the password lives in Foyer, not on the instance."""
        return self.anythingllm_user_id is None

    @cached_property
    def looked_after(self) -> frozenset[int]:
        """The ids on this operator's list of workspaces; it makes a manager of whoever has one, and limits a manager to it."""
        return frozenset(row.workspace_id for row in self.looks_after.all()) if self.pk else frozenset()

    @property
    def effective_role(self) -> Role:
        """The role that counts. An admin's list counts for nothing, but stays, for when they are admin no more."""
        role = Role(self.role)
        return Role.MANAGER if role != Role.ADMIN and self.looked_after else role

    @property
    def limited_to(self) -> frozenset[int] | None:
        """The ids of the only workspaces this operator may see and change; None when nothing limits them."""
        return self.looked_after if self.role != Role.ADMIN and (self.limited or self.looked_after) else None

    @property
    def role_in_words(self) -> str:
        if self.limited_to is None or self.effective_role != Role.MANAGER:
            return str(self.get_role_display())
        number = len(self.limited_to)
        return ngettext("Manager of %(n)d workspace", "Manager of %(n)d workspaces", number) % {"n": number}

    def get_session_auth_hash(self) -> str:
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._session_hash, settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, secret_key: str) -> str:
        ends_with = self.password + self.session_key
        return salted_hmac("dashboard.accounts.session", ends_with, secret=secret_key, algorithm="sha256").hexdigest()


class LookedAfter(models.Model):
    """A workspace on the list of an operator who is manager of some only.

    A workspace that is deleted stays on it: the instance never gives an id twice.
    """

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="looks_after")
    workspace_id = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "workspace_id"], name="looked_after_once")]

    def __str__(self) -> str:
        return f"{self.operator_id}: {self.workspace_id}"


class KeptCodes(models.Model):
    """Recovery codes of somebody who has not said yet that they have them, see `codes`."""

    operator = models.OneToOneField(Operator, on_delete=models.CASCADE, related_name="+")
    sealed = models.TextField()
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.operator_id} until {self.until}"
