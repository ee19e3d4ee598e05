"""The ledger in human words: what an action did, and what the fields of `before` and `after` are."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

ACTIONS: dict[str, Words] = {
    "user.created": _("created user"),
    "user.changed": _("changed user"),
    "user.suspended": _("suspended user"),
    "user.resumed": _("resumed user"),
    "user.password_reset": _("set a new password for user"),
    "user.deleted": _("deleted user"),
    "workspace.created": _("created workspace"),
    "workspace.changed": _("changed workspace"),
    "workspace.deleted": _("deleted workspace"),
    "access.given": _("gave access to"),
    "access.taken": _("took access from"),
    "access.restored": _("gave back access, which AnythingLLM had lost, to"),
    "group.created": _("made group"),
    "group.renamed": _("renamed group"),
    "operator.signed_in": _("signed in"),
    "operator.signed_out": _("signed out"),
    "operator.signed_out_everywhere": _("signed out everywhere"),
    "operator.sign_in_refused": _("refused a sign-in"),
    "operator.proof_refused": _("refused a proof of password"),
    "operator.password_changed": _("changed their own password"),
    "operator.created": _("created operator"),
    "operator.updated": _("changed operator"),
    "operator.workspaces_changed": _("changed the workspaces of operator"),
    "operator.password_reset": _("set a new password for operator"),
    "invite.made": _("made an invite link"),
    "invite.extended": _("extended the invite link"),
    "invite.revoked": _("revoked the invite link"),
    "invite.expired": _("let the invite link expire"),
    "invite.mailed": _("mailed the invite link"),
    "invite.joined": _("let in by a link"),
    "invite.disabled": _("disabled an invite made on AnythingLLM"),
    "anythingllm.opened": _("opened AnythingLLM as"),
    "instance.doubted": _("found another AnythingLLM, or an older state of it, at"),
    "instance.moved": _("found the same AnythingLLM at another address:"),
    "instance.kept": _("said that it is the same AnythingLLM:"),
    "instance.begun": _("started anew with another AnythingLLM:"),
    "document.added": _("added to the library"),
    "document.embedded": _("put into a workspace"),
    "document.removed": _("removed from a workspace"),
    "document.erased": _("erased everywhere"),
    "document.pinned": _("pinned"),
    "document.unpinned": _("unpinned"),
    "document.moved": _("moved to another folder"),
    "folder.made": _("made folder"),
    "folder.renamed": _("renamed folder"),
    "folder.removed": _("removed folder"),
    "chatlog.read": _("read what others asked"),
    "chatlog.exported": _("exported the log of chats"),
    "chat.thread_deleted": _("deleted a conversation of their own"),
    "job.started": _("started job"),
    "job.cancelled": _("cancelled job"),
    "job.retried": _("retried job"),
    "job.passwords_shown": _("fetched the passwords of job"),
}

FIELDS: dict[str, Words] = {
    "username": _("Name"),
    "role": _("Role"),
    "suspended": _("Suspended"),
    "daily_message_limit": _("Daily limit"),
    "bio": _("Bio"),
    "name": _("Name"),
    "slug": _("Name in addresses"),
    "temperature": _("Temperature"),
    "history": _("Messages remembered"),
    "prompt": _("System prompt"),
    "similarity_threshold": _("Least similarity"),
    "top_n": _("Passages looked up"),
    "chat_mode": _("Chat mode"),
    "chat_provider": _("Provider for chats"),
    "chat_model": _("Model for chats"),
    "agent_provider": _("Provider for agents"),
    "agent_model": _("Model for agents"),
    "query_refusal": _("Refusal"),
    "vector_search_mode": _("Search"),
    "members": _("Members"),
    "documents": _("Documents"),
    "threads": _("Threads"),
    "widgets": _("Widgets on web pages"),
    "is_active": _("May sign in"),
    "language": _("Language"),
    "theme": _("Theme"),
    "workspace": _("Workspace"),
    "workspace_id": _("Number of the workspace"),
    "reason": _("Reason"),
    "until": _("Until"),
    "items": _("Items"),
    "rows": _("Rows"),
    "workspaces": _("Workspaces"),
    "groups": _("Groups"),
    "uses": _("Uses"),
    "link": _("Link"),
    "links": _("Links"),
    "email": _("Mail address"),
    "folder": _("Folder"),
    "path": _("File on AnythingLLM"),
    "bytes": _("Bytes"),
    "format": _("Format"),
    "person": _("Person"),
    "since": _("From"),
}


# What these fields hold is a key of a list, not a name that somebody has chosen.
VALUES: dict[str, dict[object, Words]] = {
    "role": {
        "default": _("Default"),
        "manager": _("Manager"),
        "admin": _("Admin"),
        "viewer": _("Viewer"),
        "member": _("Member"),
    },
    "reason": {
        "direct": _("given directly"),
        "group": _("by a group"),
        "everyone": _("open to everyone"),
        "invite": _("by an invite"),
    },
    "chat_mode": {"automatic": _("Automatic"), "chat": _("Chat"), "query": _("Documents only")},
    "vector_search_mode": {"default": _("Fast"), "rerank": _("Accurate")},
}

TARGETS: dict[str, Words] = {
    "instance": _("AnythingLLM"),
    "user": _("User"),
    "workspace": _("Workspace"),
    "group": _("Group"),
    "operator": _("Operator"),
    "job": _("Job"),
    "document": _("Document"),
    "folder": _("Folder"),
    "link": _("Link"),
    "invite": _("Invite"),
}


def action(key: str) -> Words:
    return ACTIONS.get(key, key)


def target(kind: str) -> Words:
    return TARGETS.get(kind, kind)


def value(found: object, field: str = "") -> Words:
    """What was recorded of a field, for people."""
    match found:
        case str() if found in VALUES.get(field, ()):
            return VALUES[field][found]
        case None | "":
            return "–"
        case True:
            return _("yes")
        case False:
            return _("no")
        case list():
            return ", ".join(str(value(one)) for one in found)
    return str(found)
