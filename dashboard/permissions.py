"""Who may do what: one table on one screen, and the decorators that views wear.

A view without `@requires` or `@public` is refused at the door and fails the tests of the house.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from dashboard.accounts.models import Operator, Role

View = Callable[..., HttpResponseBase]


class Action(StrEnum):
    """What a person can do in Foyer. Every view names one."""

    USE_FOYER = "use_foyer"  # home, own profile, sign out
    USE_CHAT = "use_chat"  # where the instance lets their account
    VIEW_USERS = "view_users"
    EXPORT_USERS = "export_users"
    CREATE_USERS = "create_users"
    CHANGE_USERS = "change_users"  # name, limit, bio, suspend and resume, reset password
    PROMOTE_USERS = "promote_users"  # role to admin
    DELETE_USERS = "delete_users"
    VIEW_WORKSPACES = "view_workspaces"
    CREATE_WORKSPACES = "create_workspaces"
    CHANGE_WORKSPACES = "change_workspaces"
    DELETE_WORKSPACES = "delete_workspaces"
    CHANGE_ACCESS = "change_access"
    OPEN_WORKSPACES = "open_workspaces"  # to everyone there is and will be
    MANAGE_GROUPS = "manage_groups"
    INVITE = "invite"  # make links, and look after those found on the instance
    VIEW_DOCUMENTS = "view_documents"
    CHANGE_DOCUMENTS = "change_documents"  # add, move, put into workspaces and take out, pin
    MANAGE_FOLDERS = "manage_folders"  # of the library, which all workspaces share
    ERASE_DOCUMENTS = "erase_documents"
    VIEW_CHATS = "view_chats"  # what others asked, and what was answered
    VIEW_USAGE = "view_usage"
    VIEW_JOBS = "view_jobs"
    VIEW_LEDGER = "view_ledger"
    VIEW_SYSTEM = "view_system"
    MANAGE_OPERATORS = "manage_operators"


EVERYBODY = {Action.USE_FOYER, Action.USE_CHAT}
READERS = EVERYBODY | {Action.VIEW_USERS, Action.VIEW_WORKSPACES, Action.VIEW_DOCUMENTS}
POLICY: dict[Role, set[Action]] = {
    Role.ADMIN: set(Action),
    Role.MANAGER: READERS
    | {
        Action.EXPORT_USERS,
        Action.CHANGE_ACCESS,
        Action.OPEN_WORKSPACES,
        Action.CREATE_WORKSPACES,
        Action.CHANGE_WORKSPACES,
        Action.INVITE,
        Action.CHANGE_DOCUMENTS,
        Action.MANAGE_FOLDERS,
        Action.ERASE_DOCUMENTS,
        Action.VIEW_CHATS,
        Action.VIEW_USAGE,
        Action.VIEW_JOBS,  # their own
        Action.VIEW_LEDGER,  # their own acts, and what was done about workspaces
    },
    Role.VIEWER: READERS,
    Role.MEMBER: EVERYBODY,
}
# Not for managers of some workspaces: a new one would be nobody's, who everyone is is not theirs to see, and folders hold others' documents.
UNLIMITED = {Action.CREATE_WORKSPACES, Action.OPEN_WORKSPACES, Action.MANAGE_FOLDERS}
# These ask for the password again when it was last given more than 15 minutes ago.
DANGEROUS = {
    Action.PROMOTE_USERS,
    Action.DELETE_USERS,
    Action.DELETE_WORKSPACES,
    Action.ERASE_DOCUMENTS,
    Action.MANAGE_OPERATORS,
}


def allows(operator: Operator, action: Action) -> bool:
    """True when the operator's role may do this: to anything, or to what `scope` leaves. Also a template's `perms`-like question, asked by
    the view.
    """
    if action in UNLIMITED and operator.limited_to is not None:
        return False
    return operator.is_active and action in POLICY[operator.effective_role]


def also_requires(request: Any, action: Action) -> HttpResponse | None:
    """Within a view, when what was typed makes the act a graver one: 403, a demand for the password to be answered with, or None."""
    from dashboard.accounts import services  # the door knows the policy's words, so it is asked late

    if not allows(request.user, action):
        raise PermissionDenied
    if action in DANGEROUS and request.method == "POST":
        return services.demand_proof(request)
    return None


def requires(action: Action, *, even_in_doubt: bool = False) -> Callable[[View], View]:
    """The view needs this action: 403 for everybody whose role does not have it, a fresh proof of password for dangerous acts.

    While an admin has to say which instance this is, only views that are open `even_in_doubt` are.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            from dashboard.accounts import services  # the door knows the policy's words, so it is asked late

            services.refresh_rights(request.user, writing=request.method not in ("GET", "HEAD"))
            if not even_in_doubt and (halt := services.halted(request)):
                return halt
            demand = also_requires(request, action)
            return view(request, *args, **kwargs) if demand is None else demand

        checked.required_action = action  # type: ignore[attr-defined]
        return checked

    return decorate


def public(view: View) -> View:
    """The view is open to people who are not signed in. There are few: `tests/test_house.py` lists them."""
    opened: View = login_not_required(view)
    opened.public = True  # type: ignore[attr-defined]
    return opened


def scope(operator: Operator) -> frozenset[int] | None:
    """The ids of the workspaces this operator looks after; None: all of them. What lies outside does not exist for them."""
    return operator.limited_to
