"""What can go wrong between a client and an instance, on purpose.

A fault fires for requests whose method and path match, `times` times or until it is cleared; the first `after` of them are let through. With
`since`, so are all until a request has come whose method fits that, and that one too. Kinds:

====================  =====================================================================================================
latency               the answer comes `seconds` later
down, reset           the connection is closed without a byte, before anything is done (reset: with a TCP reset)
lost                  the request is carried out, then the connection is closed without a byte
stall                 nothing happens for `seconds` (or until the client leaves), and nothing is done
drip                  the real answer, `seconds` after each byte
headers               the same, but of its head; its body comes at once
stale                 a connection that was used before is closed without a byte, before anything is done; a new one serves
401 403 404 429 500   that status with a JSON error
502 503 504           that status with a proxy's HTML page
html-500              the status 500 with an HTML page
echo                  400 with a JSON error that quotes the whole request, its key and its body too
html                  200 with AnythingLLM's index page instead of JSON
truncated             the real answer, cut in the middle
cut                   the real answer, the connection closed in the middle
empty                 200, JSON by its content type, without a body
shape                 200 and valid JSON of a wrong shape
utf8                  200 and JSON that is not UTF-8
redirect              302 to another host
long                  200 and JSON of `size` bytes
key-refused           the API key is not known
single-user           the instance says it is not in multi-user mode
locked                another process holds the database: reads work, writes fail, many of them silently
locked-all            the same, but reads fail, too
half                  members are deleted, but inserting any fails; the answer is as always, success
half-lost             the same, and the connection is closed without a byte: the instance died between the two
====================  =====================================================================================================
"""

import asyncio
import re
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from dashboard.sandbox import http

if TYPE_CHECKING:
    from dashboard.sandbox.app import StandIn
    from dashboard.sandbox.control import Seen

_ERRORS = {
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "Not found",
    "429": "Too many requests",
    "500": "Internal server error",
}
_PROXY = {"502": "502 Bad Gateway", "503": "503 Service Temporarily Unavailable", "504": "504 Gateway Time-out"}
_BEFORE = {"down", "reset", "stall", "stale"}
_AFTER = {"lost", "half-lost", "drip", "headers", "truncated", "cut"}
_INSTEAD = {"html", "html-500", "echo", "empty", "shape", "utf8", "redirect", "long", "key-refused", *_ERRORS, *_PROXY}
_CHANGED = {"single-user", "locked", "locked-all", "half"}
KINDS = frozenset({"latency"} | _BEFORE | _AFTER | _INSTEAD | _CHANGED)


@dataclass
class Fault:
    """One thing that goes wrong. `path` is a regular expression searched in the path, `method` and `since` are matched whole."""

    kind: str
    path: str = ""
    method: str = ".*"
    times: int | None = None
    after: int = 0
    since: str = ""
    seconds: float = 1
    size: int = 30_000_000

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(sorted(KINDS))}")
        for pattern in (self.method, self.path, self.since):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {pattern}") from error

    def matches(self, method: str, path: str) -> bool:
        return self.times != 0 and bool(re.fullmatch(self.method, method)) and bool(re.search(self.path, path))


def parse(text: str) -> Fault:
    """A fault as on the command line: its kind, then any of method=, path=, times=, after=, since=, seconds=, size=. Raises ValueError."""
    kind, *options = text.split()
    fault = Fault(kind)
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or name not in ("method", "path", "times", "after", "since", "seconds", "size"):
            raise ValueError(f"not an option of a fault: {option}")
        casted: str | int | float = (
            value if name in ("method", "path", "since") else float(value) if name == "seconds" else int(value)
        )
        fault = replace(fault, **{name: casted})  # type: ignore[arg-type]
    return fault


def firing(faults: Iterable[Fault], method: str, path: str) -> list[Fault]:
    """The faults that fire for this request; each of them is used up by one."""
    found = []
    for fault in faults:
        if fault.since:
            if re.fullmatch(fault.since, method):
                fault.since = ""
            continue
        if not fault.matches(method, path):
            continue
        if fault.after:
            fault.after -= 1
            continue
        if fault.times is not None:
            fault.times -= 1
        found.append(fault)
    return found


async def through(app: "StandIn", seen: "Seen", scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, with whatever goes wrong for it."""
    found = firing(app.faults, scope["method"], scope["path"])
    kinds = {fault.kind: fault for fault in found}
    connection = _transport(send).get_protocol()
    if connection not in app.connections:
        kinds.pop("stale", None)
    app.connections.add(connection)
    seen.faults = list(kinds)
    request = Request(scope, receive)
    delay = app.config.latency + sum(fault.seconds for fault in found if fault.kind == "latency")
    if delay:
        await request.body()  # slow, but not deaf: what was asked is done, even when the client leaves meanwhile
        await asyncio.sleep(delay)
    for kind in _BEFORE & kinds.keys():
        if kind == "stall":
            await _until_gone(receive, kinds[kind].seconds)
        await _hang_up(receive, send, abruptly=kind == "reset")
        return
    for kind in _INSTEAD & kinds.keys():
        await request.body()
        answer = await _echo(request) if kind == "echo" else _instead(kinds[kind], scope["path"])
        seen.status = answer.status_code
        await answer(scope, receive, send)
        return
    lock = "all" if "locked-all" in kinds else "write" if "locked" in kinds else ""
    if not lock and kinds.keys() & {"half", "half-lost"}:
        lock = "members"
    answer = await app.answer(request, locked=lock, single_user="single-user" in kinds)
    seen.status = answer.status_code
    for kind in _AFTER & kinds.keys():
        await _mangled(kinds[kind], answer, scope, receive, send)
        return
    await answer(scope, receive, send)


async def _echo(request: Request) -> Response:
    """As from a proxy on the way that means well."""
    body = (await request.body()).decode(errors="replace")
    asked = f"{request.method} {request.url} {dict(request.headers)} {body}"
    return http.json_answer({"error": f"This gateway does not understand {asked}"}, 400)


def _instead(fault: Fault, path: str) -> Response:
    kind = fault.kind
    if kind == "key-refused":
        return (
            http.json_answer({"error": "No valid api key found."}, 403)
            if path.startswith("/api/v1/")
            else http.send_status(403)
        )
    if kind in _ERRORS:
        return http.json_answer({"error": _ERRORS[kind]}, int(kind))
    if kind in _PROXY:
        page = f"<html><head><title>{_PROXY[kind]}</title></head><body><center><h1>{_PROXY[kind]}</h1></center></body></html>"
        return Response(page, int(kind), media_type="text/html")
    if kind == "html-500":
        return http.sentence("<!DOCTYPE html><html><body><pre>Internal Server Error</pre></body></html>", 500)
    if kind == "html":
        return http.index_page()
    if kind == "redirect":
        return Response(None, 302, {"location": "http://elsewhere.invalid/login"})
    bodies = {
        "empty": b"",
        "shape": b'{"unexpected":["shape"]}',
        "utf8": b'{"users":[{"id":1,"username":"j\xfcrgen"}]}',
    }
    body = bodies[kind] if kind in bodies else b'{"padding":"' + b"x" * fault.size + b'"}'
    return Response(body, media_type="application/json; charset=utf-8")


async def _mangled(fault: Fault, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """The real answer (what was asked is done), spoilt on its way."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await answer(scope, receive, keep)
    body = b"".join(message.get("body", b"") for message in messages)
    start = messages[0]
    if fault.kind in ("lost", "half-lost"):
        await _hang_up(receive, send)
    elif fault.kind == "headers":
        # Past the HTTP server, which would send the head in one piece; it knows nothing of this answer, so the connection ends with it.
        for byte in _head(start):
            _transport(send).write(bytes([byte]))
            if await _until_gone(receive, fault.seconds):
                return
        _transport(send).write(body)
        await _hang_up(receive, send)
    elif fault.kind == "truncated":
        half = body[: len(body) // 2]
        start["headers"] = [header for header in start["headers"] if header[0] != b"content-length"] + [
            (b"content-length", str(len(half)).encode())
        ]
        await send(start)
        await send({"type": "http.response.body", "body": half})
    else:
        await send(start)
        if fault.kind == "cut":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _hang_up(receive, send)
            return
        for index in range(len(body)):
            await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": True})
            if await _until_gone(receive, fault.seconds):
                return
        await send({"type": "http.response.body", "body": b""})


def _head(start: Message) -> bytes:
    status = start["status"]
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % header for header in start["headers"]]
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


async def _until_gone(receive: Receive, seconds: float) -> bool:
    """Wait; true when the client left meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _hang_up(receive: Receive, send: Send, *, abruptly: bool = False) -> None:
    """Close the connection under the HTTP server's feet."""
    transport = _transport(send)
    if abruptly:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    await _until_gone(receive, 5)


def _transport(send: Send) -> asyncio.Transport:
    """ASGI has no word for the connection, so this takes uvicorn's."""
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    return transport
