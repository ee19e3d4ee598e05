"""Where everything is. Each room brings its own list; the doors and the hall are here."""

from __future__ import annotations

from django.urls import include, path

from dashboard.system import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("dashboard.home.urls")),
    path("", include("dashboard.accounts.urls")),
    path("users/", include("dashboard.users.urls")),
    path("workspaces/", include("dashboard.workspaces.urls")),
    path("", include("dashboard.access.urls")),
    path("", include("dashboard.invites.urls")),
    path("documents/", include("dashboard.documents.urls")),
    path("chat/", include("dashboard.chat.urls")),
    path("chats/", include("dashboard.chatlog.urls")),
    path("usage/", include("dashboard.usage.urls")),
    path("jobs/", include("dashboard.jobs.urls")),
    path("audit/", include("dashboard.audit.urls")),
    path("system/", include("dashboard.system.urls")),
]

handler400 = "dashboard.errors.bad_request"
handler403 = "dashboard.errors.permission_denied"
handler404 = "dashboard.errors.not_found"
handler500 = "dashboard.errors.server_error"
