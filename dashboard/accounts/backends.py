"""Where passwords are checked: those of local operators here, those of the instance's accounts there.

A local operator's name always means the local operator. The account of the instance of the same name signs in as
`<name>@anythingllm`, which always means the account.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from dashboard import instance
from dashboard.accounts import services
from dashboard.accounts.models import Operator


class OperatorBackend(BaseBackend):
    """Finds the operator of a session; one who was switched off is nobody."""

    def get_user(self, user_id: Any) -> Operator | None:
        return Operator.objects.filter(pk=user_id, is_active=True).first()


class LocalBackend(OperatorBackend):
    def authenticate(  # type: ignore[override]
        self, request: HttpRequest, username: str, password: str
    ) -> Operator | None:
        operator = Operator.objects.local(username)
        if operator is None:
            make_password(password)  # an unknown name takes as long as a known one
            return None
        if operator.check_password(password) and operator.is_active:
            return operator
        raise PermissionDenied  # nobody else may have this name


class AnythingLLMBackend(OperatorBackend):
    def authenticate(  # type: ignore[override]
        self, request: services.Attempt, username: str, password: str, account: str | None = None
    ) -> Operator | None:
        """Signs in at the instance, as `account` when its name is known. Raises ApiError when the instance cannot tell."""
        name = account or services.account_name(username)
        login = instance.connect().auth.login(name, password)
        own = Operator.normalize_username(username)
        if not login.valid and not account and own != name:
            login = instance.connect().auth.login(own, password)  # an account whose own name has that ending
        if not login.valid or login.user is None or login.user.suspended:
            return None
        request.recovery_codes = login.recovery_codes
        operator = services.operator_of(login.user)
        return operator if operator.is_active else None
