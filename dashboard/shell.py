"""What every page's frame shows: where one can go, the team's name, the instance's light."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard import instance
from dashboard.accounts.models import Operator
from dashboard.permissions import Action, allows


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html: `team_name`, `sections` (label, url, icon, current), `light` (instance.Light)."""
    operator = getattr(request, "user", None)
    context: dict[str, Any] = {"team_name": settings.TEAM_NAME, "sandbox_active": settings.SANDBOX_ACTIVE}
    if isinstance(operator, Operator):
        context["sections"] = sections(operator, request.path)
        context["light"] = instance.light()
    return context


def sections(operator: Operator, path: str) -> list[dict[str, Any]]:
    """The sidebar of this operator: only what the role may open."""
    rooms = [
        (Action.USE_FOYER, "home", _("Home"), "home"),
        (Action.USE_CHAT, "chat_home", _("Chat"), "chat"),
        (Action.VIEW_USERS, "user_list", _("Users"), "users"),
        (Action.INVITE, "invite_list", _("Invites"), "mail"),
        (Action.VIEW_WORKSPACES, "workspace_list", _("Workspaces"), "folder"),
        (Action.VIEW_DOCUMENTS, "document_list", _("Documents"), "file"),
        (Action.CHANGE_ACCESS, "access_matrix", _("Access"), "lock"),
        (Action.VIEW_CHATS, "chatlog_list", _("Chat log"), "chats"),
        (Action.VIEW_USAGE, "usage_overview", _("Usage"), "chart"),
        (Action.VIEW_JOBS, "job_list", _("Jobs"), "tasks"),
        (Action.VIEW_LEDGER, "audit_list", _("Ledger"), "book"),
        (Action.MANAGE_OPERATORS, "operator_list", _("Operators"), "key"),
        (Action.VIEW_SYSTEM, "system_overview", _("System"), "gear"),
    ]
    shown = []
    for action, name, label, icon in rooms:
        if allows(operator, action):
            url = reverse(name)
            current = path == url if name == "home" else path.startswith(url)
            shown.append({"label": label, "url": url, "icon": icon, "current": current})
    return shown
