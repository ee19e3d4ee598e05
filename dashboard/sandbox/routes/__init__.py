"""Every route of the stand-in, a module per area."""

from dashboard.sandbox.routes import (
    chats,
    documents,
    embedding,
    embeds,
    invites,
    members,
    openai,
    public,
    sessions,
    system,
    users,
    workspaces,
)

ENDPOINTS = [
    *users.endpoints,
    *invites.endpoints,
    *members.endpoints,
    *workspaces.endpoints,
    *documents.endpoints,
    *embedding.endpoints,
    *chats.endpoints,
    *system.endpoints,
    *embeds.endpoints,
    *openai.endpoints,
    *public.endpoints,
    *sessions.endpoints,
]
