"""Conversations with workspaces. Whose they are is asked of the instance at every call; others' answer 404, to admins, too."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseLocation

from dashboard import instance
from dashboard.anythingllm.sse import Failed
from dashboard.chat import attachments, history, services, threads, turns
from dashboard.chat.forms import AskForm, RenameForm
from dashboard.chat.history import Exchange
from dashboard.chat.markdown import Prose, prose
from dashboard.chat.models import Mode, Turn, TurnState
from dashboard.chat.rights import LONGEST, Asker, NotOpen, may_open, mode_for, modes
from dashboard.chat.threads import NoThread, Thread
from dashboard.chatlog import services as chatlog
from dashboard.errors import NOTHING_KEPT, Declined, Words, describe_ending
from dashboard.folding import folded
from dashboard.http import Request, render_page, wants_partial
from dashboard.names import told_apart
from dashboard.permissions import Action, requires
from dashboard.said import gettext as _

STREAM = "/stream/"  # the relay's
SHOWN = 30  # questions of a conversation that are shown at first


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange as the page has it. `stream`: where its answer will come from. `note`: why there is no whole answer."""

    exchange: Exchange
    prose: Prose | None
    stream: str
    note: Words

    @property
    def key(self) -> str:
        return f"chat-{self.exchange.chat_id}" if self.exchange.chat_id else f"turn-{self.exchange.turn.pk}"  # type: ignore[union-attr]


# --- Pages ------------------------------------------------------------------------------------------------------------
@require_GET
@never_cache
@requires(Action.USE_CHAT)
def chat_home(request: Request) -> HttpResponse:
    reading = services.rooms(request.user)
    q = request.GET.get("q", "").strip()
    names = dict(told_apart(reading.value))
    found = [workspace for workspace in reading.value if folded(q) in folded(names[workspace.id])]
    if len(reading.value) == 1 and not reading.stale:
        return redirect("chat_workspace", found[0].slug if found else reading.value[0].slug)
    context = {"reading": reading, "workspaces": [(workspace.slug, names[workspace.id]) for workspace in found], "q": q}
    return render_page(request, "chat/chat_home.html", partial="chat/_rooms.html", context=context)


@require_GET
@never_cache
@requires(Action.USE_CHAT)
def chat_workspace(request: Request, slug: str) -> HttpResponse:
    asker = _asker(request, slug)
    context = _frame(request, asker, None)
    return render_page(request, "chat/chat_workspace.html", partial="chat/_chat.html", context=context)


@require_GET
@never_cache
@requires(Action.USE_CHAT)
def chat_thread(request: Request, slug: str, thread: str) -> HttpResponse:
    asker = _asker(request, slug)
    context = _frame(request, asker, _thread(asker, thread))
    return render_page(request, "chat/chat_thread.html", partial="chat/_chat.html", context=context)


def _asker(request: Request, slug: str) -> Asker:
    try:
        return may_open(request.user, slug)
    except NotOpen:
        raise Http404 from None


def _thread(asker: Asker, slug: str) -> Thread:
    try:
        return threads.find(asker, slug)
    except NoThread:
        raise Http404 from None


def _frame(request: Request, asker: Asker, thread: Thread | None) -> dict[str, Any]:
    found = history.exchanges(asker, thread) if thread else []
    kept = found if "all" in request.GET else found[-SHOWN:]
    rooms = services.rooms(request.user)
    return {
        **_place(asker, thread),
        "exchanges": _shown(request, kept),
        "earlier": len(found) - len(kept),
        "threads": threads.mine(asker),
        "sso": instance.signs_in_at_once(),
        "public_url": settings.ANYTHINGLLM_PUBLIC_URL,
        "path": instance.public_path(asker.workspace.slug, thread.slug if thread else ""),
        "rooms": [(room, name) for room, (_id, name) in zip(rooms.value, told_apart(rooms.value), strict=True)],
        "mode": mode_for(asker.workspace, next((e.turn.mode for e in reversed(found) if e.turn), "")),
        **_cited(found),
    }


def _place(asker: Asker, thread: Thread | None) -> dict[str, Any]:
    return {
        "workspace": asker.workspace,
        "account": asker.account,
        "thread": thread,
        "key": uuid.uuid4(),
        "again_key": uuid.uuid4(),
        "modes": [(mode.value, mode.label) for mode in modes(asker.workspace)],
        "longest": LONGEST,
        "most_files": attachments.MOST_FILES,
        "most_mb": settings.CHAT_FILES_MAX_MB,
        "pictures": "" if attachments.takes_documents(instance.version()) else ",".join(attachments.PICTURES),
    }


def _cited(found: Iterable[Exchange]) -> dict[str, Any]:
    """The last answer's sources, for the panel."""
    last = next((exchange for exchange in reversed(list(found)) if exchange.answer is not None), None)
    return {"cited": last} if last and last.sources else {}


def _shown(request: Request, found: Iterable[Exchange]) -> list[Shown]:
    return [_show(request, exchange) for exchange in found]


def _show(request: Request, exchange: Exchange) -> Shown:
    turn, stream = exchange.turn, ""
    if turn is not None and turn.state == TurnState.WAITING:
        stream = f"{STREAM}{turns.ticket(turn, request.session.session_key or '')}/"
    elif turn is not None and exchange.is_pending:
        turns.await_answer(turn)
    answer = None if exchange.text is None else prose(exchange.text, exchange.chat_id or f"turn-{exchange.turn.pk}")  # type: ignore[union-attr]
    return Shown(exchange, answer, stream, _note(exchange))


def _note(exchange: Exchange) -> Words:
    turn = exchange.turn
    if turn is None or exchange.is_pending:
        return ""
    if turn.state == TurnState.STOPPED:
        return _("Stopped before it was complete.") if exchange.text else _("Stopped. Nothing of an answer was kept.")
    if turn.state == TurnState.DONE and exchange.answer is None:
        return _("AnythingLLM found nothing to answer from in the documents. It keeps no such answers.")
    if turn.state in (TurnState.TAKEN, TurnState.INTERRUPTED) and not turn.problem:
        # Whoever carried the answer died on the way.
        return describe_ending(Failed("interrupted")) if exchange.text else NOTHING_KEPT
    if exchange.unread:
        words = _(
            "AnythingLLM answered without what it could not read: %(names)s. Ask once more, or attach it as plain text."
        )
        return words % {"names": ", ".join(exchange.unread)}
    return turn.problem


# --- Asking -----------------------------------------------------------------------------------------------------------
@require_POST
@never_cache
@requires(Action.USE_CHAT)
def chat_ask(request: Request, slug: str) -> HttpResponse:
    """With htmx a question waits for its stream; without, the worker asks it, and its page shows the answer when it is loaded again."""
    asker = may_open(request.user, slug)
    form = AskForm(request.POST)
    if not form.is_valid():
        raise Declined(_("This question did not arrive whole. Load the page again and ask once more."))
    asked = form.cleaned_data
    thread = _thread(asker, asked["thread"]) if asked["thread"] else None
    turn = services.ask(
        asker=asker,
        thread=thread,
        text=asked["text"],
        mode=Mode(asked["mode"]),
        attachments=attachments.attached(request.FILES.getlist("files"), instance.version()),
        key=asked["key"],
    )
    url = reverse("chat_thread", args=[slug, turn.thread_slug or turn.session_id])
    if not wants_partial(request):
        services.answer_in_background(turn)
        return redirect(f"{url}#end")
    if thread is None:
        return HttpResponseLocation(url, target="#chat", swap="outerHTML")
    context = {**_place(asker, thread), "shown": _show(request, history.of(turn)), "last": True}
    return render(request, "chat/_asked.html", context)


@require_GET
@never_cache
@requires(Action.USE_CHAT)
def chat_turn(request: Request, turn_id: int) -> HttpResponse:
    """A question with its answer, once the instance has kept one, or will keep none; 204 before."""
    turn = get_object_or_404(Turn, pk=turn_id, operator=request.user)
    asker = _asker(request, turn.workspace_slug)
    if asker.workspace.id != turn.workspace_id:
        raise Http404  # another one, with the name of one that was deleted
    thread = _thread(asker, turn.thread_slug or turn.session_id)
    found = history.exchanges(asker, thread)
    exchange = next((some for some in found if some.turn and some.turn.pk == turn.pk), None)
    if exchange is None:
        raise Http404
    if exchange.is_pending:
        if "stopped" not in request.GET:
            turns.await_answer(turn)
        return HttpResponse(status=204)
    context = {
        **_place(asker, thread),
        "shown": _show(request, exchange),
        "last": exchange is found[-1],
        "arrived": True,
        **_cited(found),
    }
    return render_page(request, "chat/chat_turn.html", partial="chat/_arrived.html", context=context)


@require_GET
@never_cache
@requires(Action.USE_CHAT)
def chat_sources(request: Request, slug: str, thread: str, chat_id: int) -> HttpResponse:
    asker = _asker(request, slug)
    own = _thread(asker, thread)
    cited = next((some for some in history.exchanges(asker, own) if some.chat_id == chat_id), None)
    if cited is None:
        raise Http404
    context = {**_place(asker, own), "cited": cited}
    return render_page(request, "chat/chat_sources.html", partial="chat/_sources.html", context=context)


# --- Conversations ------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.USE_CHAT)
def chat_rename(request: Request, slug: str, thread: str) -> HttpResponse:
    asker = _asker(request, slug)
    own = _thread(asker, thread)
    form = RenameForm(request.POST or None, initial={"name": own.name})
    if form.is_valid():
        threads.rename(asker=asker, thread=own, name=form.cleaned_data["name"])
        messages.success(request, _("The conversation was renamed."))
        return redirect("chat_thread", slug, own.slug)
    context = {**_place(asker, own), "form": form}
    status = 422 if form.is_bound else 200
    return render_page(
        request, "chat/chat_rename.html", partial="chat/_chat_rename.html", context=context, status=status
    )


@require_http_methods(["GET", "POST"])
@never_cache
@requires(Action.USE_CHAT)
def chat_delete(request: Request, slug: str, thread: str) -> HttpResponse:
    asker = _asker(request, slug)
    own = _thread(asker, thread)
    if request.method == "POST":
        threads.delete(asker=asker, thread=own)
        messages.success(request, _("The conversation was deleted."))
        return redirect("chat_workspace", slug)
    context = {
        **_place(asker, own),
        "takes_its_chats": threads.takes_its_chats(),
        "keeps_log": chatlog.keeps_log(),
    }
    return render_page(request, "chat/chat_delete.html", partial="chat/_chat_delete.html", context=context)
