"""Django's views in threads: a thread is taken when all that was sent is there, and is free when the view has ended, whoever reads slowly."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, parse_cookie
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard import uploads
from dashboard.context import request_address, request_id
from dashboard.server import bodies
from dashboard.server.bodies import Body, Left, Receive
from dashboard.server.threads import Full, Pool, Who

T = TypeVar("T")
Send = Callable[[Any], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = list[tuple[bytes, bytes]]

PIECE = 64 * 1024  # bytes of an export that are read and sent at a time
EXPORTS_OF_ONE = 2  # that one person reads at a time
AGAIN_AFTER = "10"  # seconds

TOO_SLOW = _(
    "What was sent came too slowly, so it was not taken and nothing was changed. Try again over a better line."
)
TOO_MANY = _(
    "Too many requests of yours are under way, so this one was not taken and nothing was changed. Try again in a moment."
)
NO_ROOM = _(
    "Foyer could not keep what was sent: its disk is full or cannot be written to. Nothing was changed. Tell an administrator."
)

request_log = logging.getLogger("dashboard.request")


@dataclass(slots=True)
class Answer:
    """Of an export `rows` are still to be drawn, in the context of the view."""

    status: int
    headers: Headers
    body: bytes = b""
    rows: Any = None
    context: Context | None = None


class Pages:
    """An ASGI application that runs a WSGI application in the threads of `pool`; what streams is drawn in those of `exports`."""

    def __init__(self, wsgi: Wsgi, pool: Pool, exports: Pool | None = None) -> None:
        self._wsgi, self._pool, self._exports = wsgi, pool, exports

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = {name: value for name, value in scope["headers"] if b"_" not in name}
        who = who_asks(scope, headers)
        try:
            length = bodies.promised(headers)
            most = await self._most(scope["path"], length, headers, who)
            with bodies.counted(who.address, length, most):
                body = await bodies.take(receive, length, most)
                try:
                    answer = await self._run(who, partial(self._answer, scope, body), receive)
                finally:
                    body.file.close()
        except Left:
            return
        except bodies.TooSlow:
            await refuse(scope, send, HTTPStatus.REQUEST_TIMEOUT, TOO_SLOW)
        except (bodies.TooMany, Full):
            await refuse(scope, send, HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY)
        except bodies.NoRoom:
            await refuse(scope, send, HTTPStatus.INSUFFICIENT_STORAGE, NO_ROOM)
        else:
            if not body.whole:
                answer.headers.append((b"connection", b"close"))
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            if answer.rows is None:
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await _Export(answer, who).send(self._exports or self._pool, receive, send)

    async def _most(self, path: str, length: int | None, headers: dict[bytes, bytes], who: Who) -> int:
        """How much may come. What only some may bring is asked of the database, before it comes."""
        if length == 0:
            return 0
        usual = uploads.most_bytes(path, None)
        if (length is not None and length <= usual) or not uploads.brings_files(path):
            return usual
        session = cookies_of(headers).get(settings.SESSION_COOKIE_NAME, "")
        return await asyncio.wrap_future(self._pool.submit(who, partial(uploads.most_of_session, path, session)))

    async def _run(self, who: Who, act: Callable[[], T], receive: Receive) -> T:
        """In a thread. Whoever leaves before there is one for them is forgotten: raises Left."""
        waiting = self._pool.submit(who, act)
        result = asyncio.wrap_future(waiting)
        if waiting.running() or waiting.done():
            return await result
        left = asyncio.create_task(_until_left(receive))
        either: list[asyncio.Future[Any]] = [result, left]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not result.done() and waiting.cancel():
                raise Left
            return await result
        finally:
            left.cancel()

    # --- In a thread ------------------------------------------------------------------------------------------------------
    def _answer(self, scope: Any, body: Body) -> Answer:
        answer = Answer(500, [])

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answer.status = int(status[:3])
            answer.headers = [
                (name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
            ]

        found: Any = self._wsgi(environ_of(scope, body), start_response)
        if getattr(found, "streaming", False) and self._exports is not None and scope["method"] != "HEAD":
            answer.rows, answer.context = found, copy_context()
            return answer
        try:
            answer.body = b"" if scope["method"] == "HEAD" else b"".join(found)
        finally:
            found.close()
        return answer


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# --- Exports ------------------------------------------------------------------------------------------------------------
class _Export:
    """A thread writes it as quickly as it can; from there it goes to whoever reads, as slowly as they like. The first of it waits in memory, so
    that a list of passwords never lies on a disk; what is more, in a file without a name.
    """

    def __init__(self, answer: Answer, who: Who) -> None:
        self._rows, self._context, self._who = answer.rows, answer.context, who
        self._more = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._first: deque[bytes] = deque()
        self._file: Any = None
        self._written = 0  # in the file
        self._gone = False

    async def send(self, pool: Pool, receive: Receive, send: Send) -> None:
        left = asyncio.create_task(_until_left(receive))
        left.add_done_callback(lambda _task: self._more.set())
        # Until it is read to its end, so that nobody fills the disk.
        async with _reading.setdefault(self._who.person, asyncio.Semaphore(EXPORTS_OF_ONE)):
            waiting = pool.submit(self._who, partial(self._context.run, self._write))  # type: ignore[union-attr]
            writing = asyncio.wrap_future(waiting)
            writing.add_done_callback(lambda _future: self._more.set())
            try:
                await self._pass_on(writing, left, send)
            finally:
                self._gone = True
                left.cancel()
                if waiting.cancel():
                    await asyncio.to_thread(self._rows.close)
                await asyncio.wait([writing])  # the file is theirs until then
                if self._file:
                    self._file.close()

    async def _pass_on(self, writing: asyncio.Future[None], left: asyncio.Task[None], send: Send) -> None:
        sent = 0
        while not left.done():
            ended = writing.done()
            while self._first:
                await send({"type": "http.response.body", "body": self._first.popleft(), "more_body": True})
            while self._file and sent < self._written and not left.done():
                piece = await asyncio.to_thread(os.pread, self._file.fileno(), PIECE, sent)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                sent += len(piece)
            if ended:
                writing.result()  # an error ends it without its last piece, so that no half of a file is taken for a whole one
                await send({"type": "http.response.body", "body": b""})
                return
            await self._more.wait()
            self._more.clear()

    def _write(self) -> None:
        size = 0
        try:
            for piece in self._rows:
                if self._gone:
                    return
                size += len(piece)
                if size <= bodies.IN_MEMORY:
                    self._first.append(piece)
                else:
                    self._file = self._file or bodies.nameless_file()
                    self._file.write(piece)
                    self._file.flush()
                    self._written += len(piece)
                self._loop.call_soon_threadsafe(self._more.set)
        finally:
            self._rows.close()


_reading: WeakValueDictionary[Any, asyncio.Semaphore] = WeakValueDictionary()


# --- Words of HTTP --------------------------------------------------------------------------------------------------------
def cookies_of(headers: dict[bytes, bytes]) -> dict[str, str]:
    return parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))


def who_asks(scope: Any, headers: dict[bytes, bytes]) -> Who:
    """By the cookie that a browser of ours has; anybody can make one up, so an address has its limits, too."""
    address = address_of(scope["client"][0] if scope["client"] else "")
    cookies = cookies_of(headers)
    person = cookies.get(settings.SESSION_COOKIE_NAME) or cookies.get(settings.CSRF_COOKIE_NAME)
    return Who(person[:64] if person else address, address)


def address_of(host: str) -> str:
    """Of IPv6 the /64: whoever has one address there has them all."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False).network_address)
    return host


def environ_of(scope: Any, body: Body) -> dict[str, Any]:
    """What WSGI calls a request. A header with an underscore is left out: Django could not tell it from the one with a hyphen, which the proxy
    in front has seen to. So is what a proxy says of the scheme: uvicorn has heeded it, if it may be believed.
    """
    server, port = scope.get("server") or ("localhost", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body.file,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope["client"]:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name, value in scope["headers"]:
        if b"_" in name or name == b"x-forwarded-proto":
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        words = value.decode("latin-1")
        environ[key] = f"{environ[key]}{';' if name == b'cookie' else ','}{words}" if key in environ else words
    if body.length or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(body.length)
    return environ


async def refuse(scope: Any, send: Send, status: HTTPStatus, sentence: str | Promise) -> None:
    """A page without a thread, and so without knowing who asks."""
    from dashboard.relay.app import COMMON_HEADERS, encoded  # it has models, so Django comes first

    request = HttpRequest()
    for name, value in scope["headers"]:
        if name == b"accept-language":
            request.META["HTTP_ACCEPT_LANGUAGE"] = value.decode("latin-1")
        elif name == b"cookie":
            request.COOKIES = parse_cookie(value.decode("latin-1"))
    request_id.set(uuid.uuid4().hex[:16])
    request_address.set(scope["client"][0] if scope["client"] else "")
    page = _drawn(translation.get_language_from_request(request), status, sentence)
    headers = {
        **COMMON_HEADERS,
        "Content-Security-Policy": build_policy(),
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
        "Cache-Control": "no-store",
        "Retry-After": AGAIN_AFTER,
        "X-Request-ID": request_id.get(),
        "Connection": "close",
    }
    await send({"type": "http.response.start", "status": status.value, "headers": encoded(headers)})
    await send({"type": "http.response.body", "body": page})
    request_log.info("request", extra={"method": scope["method"], "route": "(not taken)", "status": status.value})


@lru_cache(maxsize=100)  # mostly a few sentences in a few languages, however many are refused
def _drawn(language: str, status: HTTPStatus, sentence: str | Promise) -> bytes:
    with translation.override(language):
        context = {
            "status": status.value,
            "title": _("Not taken"),
            "sentence": sentence,
            "team_name": settings.TEAM_NAME,
        }
        return render_to_string("errors/error.html", context).encode()


def warm_up() -> None:
    """What would be read from the disk at the first refusal, on the event loop, is read now."""
    for language, _name in settings.LANGUAGES:
        with suppress(ValueError):  # static files have not been collected, which every page will say
            _drawn(language, HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY)
