"""What the instance is and can do, and whether the line to it works."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard import instance, marks, workers
from dashboard.anythingllm import ApiError, KeyRefused, SingleUserMode, Unreachable
from dashboard.anythingllm.rules import SINCE, supports
from dashboard.errors import Problem, Words, describe
from dashboard.middleware import unnamed_proxy

# The words for what differs between versions; the versions themselves are the client's knowledge.
FEATURES: dict[str, Promise] = {
    "embed_widgets": _("Change chat widgets for websites"),
    "documents_by_folder": _("Read the documents of one folder"),
    "upload_to_folder": _("Upload into a folder"),
    "remove_folder": _("Remove a folder"),
    "upload_metadata": _("Title, author and source with an upload"),
    "email_usernames": _("User names that look like e-mail addresses"),
    "document_attachments": _("Attach a document to one question"),
    "automatic_mode": _("Chat mode Automatic"),
    "generated_files": _("Fetch files that an agent made"),
    "deletion_protection": _("Block the deletion of workspaces"),
    "paged_documents": _("Read documents page by page"),
    "stop_ends_model": _("Stopping an answer stops the model too"),
}


@dataclass(frozen=True, slots=True)
class Feature:
    """`there` is None when the instance does not tell its version; Foyer then tries, and says when it is refused."""

    label: Promise
    since: str
    there: bool | None


def features(version: str | None) -> list[Feature]:
    return [
        Feature(label, ".".join(map(str, SINCE[name])), supports(version, name) if version else None)
        for name, label in FEATURES.items()
    ]


class KeyState(StrEnum):
    """What is known of the API key. It is never shown itself."""

    MISSING = "missing"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def key_state(problem: ApiError | None) -> KeyState:
    """After a read that needed the key: `problem` is why it failed, None when it did not."""
    if not settings.ANYTHINGLLM_API_KEY:
        return KeyState.MISSING
    if problem is None:
        return KeyState.ACCEPTED
    return KeyState.REFUSED if isinstance(problem, KeyRefused) else KeyState.UNKNOWN


@dataclass(frozen=True, slots=True)
class Part:
    """A part of Foyer itself; `advice` says what to do about it."""

    label: Words
    tone: str
    state: Words
    advice: Words = ""


def own_parts(request: HttpRequest) -> list[Part]:
    """What of Foyer itself works. The database does, or nobody would read this."""
    worker, cache, proxy = workers.are_running(), marks.are_kept(), unnamed_proxy(request)
    return [
        Part(_("Worker"), "ok", _("running"))
        if worker
        else Part(
            _("Worker"),
            "error",
            _("not running"),
            _(
                "Jobs, people who join, and access that ends wait for it. Start it: docker compose up -d worker, or make run."
            ),
        ),
        Part(_("Cache"), "ok", _("works"))
        if cache
        else Part(
            _("Cache"),
            "warn",
            _("does not answer"),
            _(
                "Pages are slower, because everything is read anew. Look at the server that CACHE_URL names, or at the disk."
            ),
        ),
        Part(_("Proxy"), "ok", _("named, or none"))
        if not proxy
        else Part(
            _("Proxy"),
            "warn",
            _("not named"),
            gettext(
                "%(address)s passes on whom it speaks for, but FORWARDED_ALLOW_IPS does not name it: failed sign-ins of one count for "
                "all who come through it. If it is your proxy, set FORWARDED_ALLOW_IPS=%(address)s."
            )
            % {"address": proxy},
        ),
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the connection test. `ms` is None for a step that was not tried because one before it failed."""

    label: Promise
    ms: int | None = None
    problem: Problem | None = None


def test_connection() -> list[Step]:
    """Asks the instance now, step by step, up to the first that fails. Changes nothing."""
    client = instance.connect()

    def reach() -> None:
        try:
            client.system.get_health()
        except Unreachable:
            raise
        except ApiError:
            return  # something answers; the next step finds out what

    def multi_user_mode() -> None:
        if not client.admin.is_multi_user_mode():
            raise SingleUserMode(200, "The instance is in single-user mode.")

    questions: list[tuple[Promise, Callable[[], object]]] = [
        (_("Something answers at this address"), reach),
        (_("It is AnythingLLM's API"), client.system.metrics),
        (_("The API key is accepted"), client.system.get_settings),
        (_("Multi-user mode is on"), multi_user_mode),
    ]
    steps: list[Step] = []
    for label, ask in questions:
        if steps and (steps[-1].problem or steps[-1].ms is None):
            steps.append(Step(label))
            continue
        started, problem = time.perf_counter(), None
        try:
            ask()
        except ApiError as error:
            problem = describe(error)
        steps.append(Step(label, round((time.perf_counter() - started) * 1000), problem))
    instance.forget("overview")  # the page shall show what was found out just now
    return steps
