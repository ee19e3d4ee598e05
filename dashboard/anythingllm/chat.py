"""Questions and answers, in a workspace or in one of its threads.

A chat without a thread has no user: everybody's are in one history. A thread belongs to one user, and is seen in
AnythingLLM too. The instance checks neither membership, nor suspension, nor the daily limit on these routes: the caller
must.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from .errors import NotFound, NotSupported, TimedOut, Unreachable
from .http import ByteStream, HttpClient, Kind
from .rules import has_endless_word
from .sse import ChatReader, Event
from .types import ChatAnswer, ChatMessage, Thread, ThreadName, Workspace, done_in_text, each, need
from .workspaces import WorkspacesModule

Mode = Literal["automatic", "chat", "query"]

_NO_DESCRIPTION = "AnythingLLM keeps no description of a thread."


class StreamReader(Protocol):
    ended: bool

    @property
    def text(self) -> str: ...

    def feed(self, chunk: bytes) -> list[Event]: ...

    def end(self) -> list[Event]: ...

    def fail(self, reason: Literal["interrupted", "broken", "timed_out"]) -> list[Event]: ...


class ChatStream:
    """An answer as it comes: iterate over its events, once. Its last one is Done or Failed; nothing is raised on the
    way.

    close() (or leaving a `with`) stops the model too.
    """

    def __init__(self, source: ByteStream, reader: StreamReader) -> None:
        self._source = source
        self._reader = reader

    @property
    def text(self) -> str:
        """What has come of the answer."""
        return self._reader.text

    def __iter__(self) -> Iterator[Event]:
        reader = self._reader
        try:
            for chunk in self._source:
                yield from reader.feed(chunk)
                if reader.ended:
                    return
            yield from reader.end()
        except TimedOut:
            yield from reader.fail("timed_out")
        except Unreachable:
            yield from reader.fail("interrupted")
        finally:
            self.close()

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> ChatStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _question(
    message: str,
    mode: Mode | None,
    user_id: int | None,
    session_id: str | None,
    attachments: Sequence[Mapping[str, str]],
    *,
    in_thread: bool,
) -> dict[str, Any]:
    if has_endless_word(message):
        # Its tokenizer is quadratic: 20,000 letters without a space stop the whole instance for minutes.
        raise ValueError("The message holds a word so long that it would freeze the instance.")
    if user_id is not None and not in_thread:
        raise NotSupported("user_id: AnythingLLM keeps the user of a chat only in threads.")
    if session_id is not None and in_thread:
        raise NotSupported("session_id: AnythingLLM has no sessions within threads.")
    body = {"message": message, "mode": mode, "userId": user_id, "sessionId": session_id}
    return {name: value for name, value in body.items() if value is not None} | (
        {"attachments": [dict(attachment) for attachment in attachments]} if attachments else {}
    )


def streamed_question(
    workspace_id: str,
    message: str,
    thread_id: str | None = None,
    *,
    mode: Mode | None = None,
    user_id: int | None = None,
    session_id: str | None = None,
    attachments: Sequence[Mapping[str, str]] = (),
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Route, its names, and body of a question whose answer shall stream; also for those who bring a connection of
    their own."""
    body = _question(message, mode, user_id, session_id, attachments, in_thread=thread_id is not None)
    if thread_id is None:
        return "/v1/workspace/{slug}/stream-chat", {"slug": workspace_id}, body
    names = {"slug": workspace_id, "threadSlug": thread_id}
    return "/v1/workspace/{slug}/thread/{threadSlug}/stream-chat", names, body


def _refuse(system_prompt: str | None, temperature: float | None, include_sources: bool | None) -> None:
    if system_prompt is not None:
        raise NotSupported("system_prompt: it belongs to the workspace; set it with workspaces.update(prompt=...).")
    if temperature is not None:
        raise NotSupported("temperature: it belongs to the workspace; set it with workspaces.update(temperature=...).")
    if include_sources is False:
        raise NotSupported("include_sources: AnythingLLM always gives the sources.")


class WorkspaceThreadModule:
    """Threads; `workspace_id` and `thread_id` are slugs."""

    def __init__(self, http: HttpClient, workspaces: WorkspacesModule) -> None:
        self._http = http
        self._workspaces = workspaces

    def list_threads(self, workspace_id: str) -> tuple[ThreadName, ...]:
        """Those of all users. Read out of the list of workspaces: only there the threads have names."""
        return self._workspace(workspace_id).threads

    def _workspace(self, workspace_id: str) -> Workspace:
        for workspace in self._workspaces.list():
            if workspace.slug == workspace_id:
                return workspace
        raise NotFound(200, "The instance does not list this workspace.")

    def get_thread(self, workspace_id: str, thread_id: str) -> ThreadName:
        for thread in self.list_threads(workspace_id):
            if thread.slug == thread_id:
                return thread
        raise NotFound(200, "The instance does not list this thread.")

    def create_thread(
        self,
        workspace_id: str,
        name: str,
        description: str | None = None,
        *,
        user_id: int | None = None,
        slug: str | None = None,
    ) -> Thread:
        """A slug must be free on the whole instance: Refused if it is not. The user need not be a member."""
        if description is not None:
            raise NotSupported(_NO_DESCRIPTION)
        body = {"name": name, "userId": user_id, "slug": slug}
        return self._http.call(
            "POST",
            "/v1/workspace/{slug}/thread/new",
            _thread,
            names={"slug": workspace_id},
            json={key: value for key, value in body.items() if value is not None},
        )

    def update_thread(
        self, workspace_id: str, thread_id: str, name: str | None = None, description: str | None = None
    ) -> Thread:
        """Renames it."""
        if description is not None:
            raise NotSupported(_NO_DESCRIPTION)
        if not name:
            raise ValueError("A thread needs a name.")
        return self._http.call(
            "POST",
            "/v1/workspace/{slug}/thread/{threadSlug}/update",
            _thread,
            names={"slug": workspace_id, "threadSlug": thread_id},
            json={"name": name},
        )

    def delete_thread(self, workspace_id: str, thread_id: str) -> None:
        """With its chats (before v1.16 they stay in the log). An unknown thread is no error to the instance."""
        self._http.call(
            "DELETE",
            "/v1/workspace/{slug}/thread/{threadSlug}",
            done_in_text,
            names={"slug": workspace_id, "threadSlug": thread_id},
        )

    def get_thread_messages(self, workspace_id: str, thread_id: str) -> list[ChatMessage]:
        """Without any check of whose thread it is."""
        return self._http.call(
            "GET",
            "/v1/workspace/{slug}/thread/{threadSlug}/chats",
            each(ChatMessage.from_json, "history"),
            names={"slug": workspace_id, "threadSlug": thread_id},
        )

    def send_message(
        self,
        workspace_id: str,
        thread_id: str,
        message: str,
        system_prompt: str | None = None,
        temperature: float | None = None,
        include_sources: bool | None = None,
        *,
        mode: Mode | None = None,
        user_id: int | None = None,
        attachments: Sequence[Mapping[str, str]] = (),
    ) -> ChatAnswer:
        """Waits for the whole answer. Without `mode` the workspace's counts; Refused with the model's words when it
        fails."""
        _refuse(system_prompt, temperature, include_sources)
        return self._http.call(
            "POST",
            "/v1/workspace/{slug}/thread/{threadSlug}/chat",
            ChatAnswer.from_json,
            kind=Kind.STREAM,
            names={"slug": workspace_id, "threadSlug": thread_id},
            json=_question(message, mode, user_id, None, attachments, in_thread=True),
        )

    def stream_message(
        self,
        workspace_id: str,
        thread_id: str,
        message: str,
        *,
        mode: Mode | None = None,
        user_id: int | None = None,
        attachments: Sequence[Mapping[str, str]] = (),
    ) -> ChatStream:
        """The answer as it comes. Raises only what goes wrong before the stream begins."""
        route, names, body = streamed_question(
            workspace_id, message, thread_id, mode=mode, user_id=user_id, attachments=attachments
        )
        return ChatStream(self._http.stream(route, names=names, json=body), ChatReader())

    def clear_thread_messages(self, workspace_id: str, thread_id: str) -> None:
        """Hides all chats of the thread, whoever wrote them; log and export keep them."""
        self._http.call(
            "POST",
            "/v1/workspace/{slug}/thread/{threadSlug}/chat",
            lambda data: need(data, "type"),
            names={"slug": workspace_id, "threadSlug": thread_id},
            json={"reset": True},
        )


class ChatModule:
    def __init__(self, http: HttpClient, threads: WorkspaceThreadModule) -> None:
        self._http = http
        self._threads = threads
        self.list_threads = threads.list_threads
        self.create_thread = threads.create_thread
        self.update_thread = threads.update_thread
        self.delete_thread = threads.delete_thread

    def send_message(
        self,
        workspace_id: str,
        message: str,
        thread_id: str | None = None,
        system_prompt: str | None = None,
        temperature: float | None = None,
        include_sources: bool | None = None,
        *,
        mode: Mode | None = None,
        user_id: int | None = None,
        session_id: str | None = None,
        attachments: Sequence[Mapping[str, str]] = (),
    ) -> ChatAnswer:
        """Waits for the whole answer; see WorkspaceThreadModule.send_message().

        `session_id` keeps chats apart that have no thread. `attachments`: {name, mime, contentString: "data:..."}.
        """
        _refuse(system_prompt, temperature, include_sources)
        body = _question(message, mode, user_id, session_id, attachments, in_thread=thread_id is not None)
        if thread_id is not None:
            return self._threads.send_message(
                workspace_id, thread_id, message, mode=mode, user_id=user_id, attachments=attachments
            )
        return self._http.call(
            "POST",
            "/v1/workspace/{slug}/chat",
            ChatAnswer.from_json,
            kind=Kind.STREAM,
            names={"slug": workspace_id},
            json=body,
        )

    def stream_message(
        self,
        workspace_id: str,
        message: str,
        thread_id: str | None = None,
        *,
        mode: Mode | None = None,
        user_id: int | None = None,
        session_id: str | None = None,
        attachments: Sequence[Mapping[str, str]] = (),
    ) -> ChatStream:
        """The answer as it comes. Raises only what goes wrong before the stream begins."""
        route, names, body = streamed_question(
            workspace_id,
            message,
            thread_id,
            mode=mode,
            user_id=user_id,
            session_id=session_id,
            attachments=attachments,
        )
        return ChatStream(self._http.stream(route, names=names, json=body), ChatReader())

    def get_history(
        self,
        workspace_id: str,
        thread_id: str | None = None,
        *,
        session_id: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[ChatMessage]:
        """Without a thread: the chats of ALL users that are in no thread, unattributed, even those made in AnythingLLM.

        `limit` counts questions (100 if not given) from the oldest, or with `newest_first` from the newest.
        """
        if thread_id is not None:
            if session_id is not None or limit is not None or newest_first:
                raise NotSupported("A thread's history comes whole: no session_id, limit or newest_first.")
            return self._threads.get_thread_messages(workspace_id, thread_id)
        params = {"apiSessionId": session_id, "limit": limit, "orderBy": "desc" if newest_first else None}
        return self._http.call(
            "GET",
            "/v1/workspace/{slug}/chats",
            each(ChatMessage.from_json, "history"),
            names={"slug": workspace_id},
            params={name: value for name, value in params.items() if value is not None},
        )

    def clear_history(self, workspace_id: str, thread_id: str | None = None) -> None:
        """Of a thread only."""
        if thread_id is None:
            # updateMany with undefined filters: behaviour of `reset` on a workspace.
            raise NotSupported("In a workspace AnythingLLM would clear the history of every user and every thread.")
        self._threads.clear_thread_messages(workspace_id, thread_id)


def _thread(data: Any) -> Thread:
    return Thread.from_json(need(data, "thread"))
