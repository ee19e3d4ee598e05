"""Every route of the stand-in, a module per area."""

from dashboard.sandbox.routes import invites, members, public, sessions, users, workspaces

ENDPOINTS = [
    *users.endpoints,
    *invites.endpoints,
    *members.endpoints,
    *workspaces.endpoints,
    *public.endpoints,
    *sessions.endpoints,
]
