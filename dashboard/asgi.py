"""One door for the server: chat streams go to the relay, everything else to Django's WSGI handler, in threads of the kind that fits.

Views are synchronous, so threads are what they need. A thread is taken when all of a request has come, and is free when the view has ended.
Who watches over Foyer, static files, files that arrive, newcomers and exports have threads of their own, and a stream, which may last for
minutes, has none.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http.request import split_domain_port, validate_host
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext_lazy as _

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

_django = get_wsgi_application()

from dashboard.relay.app import COMMON_HEADERS, PATH, Relay, encoded  # noqa: E402  # it has models, so Django comes first
from dashboard.server.pages import Pages, refuse, warm_up  # noqa: E402
from dashboard.server.threads import Limit, Pool  # noqa: E402

log = logging.getLogger("dashboard.request")

FILES = "/documents/add/file/"  # where documents arrive
JOIN, FIRST_QUESTION = "/join/", "/welcome/ask/"
ASK = "/+ask/"  # how the address of a question ends
ALIVE, READY = "/healthz", "/readyz"
STRANGER = _(
    "The proxy in front of Foyer is not known to it, so what it says of the browser is not believed. An administrator must add its address, "
    "%(address)s, to FORWARDED_ALLOW_IPS."
)


def pages(environ: Any, start_response: Any) -> Any:
    """Django, which would fail over a type of content that cannot be read, and read all in any encoding that one names: also in such as
    carry what no page can show. What comes so, as no form of ours does, is taken for nothing.
    """
    try:
        _type, told = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    except ValueError:
        told = {"charset": "unknown"}
    if told.get("charset", "utf-8").lower() != "utf-8":
        environ["CONTENT_TYPE"] = ""
    return _django(environ, start_response)


class Door:
    """Which threads a request is for. `start` and `close` belong into the lifespan of the server, `drain` to the beginning of its end."""

    TELL_EVERY = 60.0  # seconds, of strangers: the log would have a line for each request

    def __init__(self) -> None:
        self.relay = Relay()
        self._told = -self.TELL_EVERY

    async def start(self) -> None:
        threads = settings.WEB_THREADS
        # Those that wait for the instance are five times as many at most: each may have a connection to the database.
        most, address = Limit(threads, threads * 5), Limit(max(1, threads - 1), threads * 4)
        person = Limit(max(1, threads * 2 // 3), max(2, threads))
        self._exports = Pool("exports", Limit(2, 4), person=Limit(1, 1))
        # Who joins needs the instance several times: a course that does so at once stands in line for these.
        newcomers = Limit(max(1, threads // 2), threads * 3)
        self._pools = {
            "pages": Pool("pages", most, person, address, spares_some=True),
            "newcomers": Pool("newcomers", newcomers, Limit(1, 2)),
            "files": Pool("files", most, person, address),
            "static": Pool("static", Limit(2, 2)),
            "health": Pool("health", Limit(2, 8), address=Limit(1, 4)),
        }
        self._to = {
            name: Pages(pages, pool, None if name == "static" else self._exports) for name, pool in self._pools.items()
        }
        self._stopping = False
        warm_up()
        await self.relay.start()

    def drain(self) -> None:
        """Whoever sends requests to Foyer shall send them elsewhere; no stream begins any more."""
        self._stopping = True
        self.relay.drain()

    async def close(self) -> None:
        for pool in (*self._pools.values(), self._exports):
            pool.close()
        await self.relay.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path.startswith(PATH):
            await self.relay(scope, receive, send)
        elif path == ALIVE and _is_plain(scope):
            await _tell(send, scope["method"], 200, b'{"status": "ok"}')
        elif path == READY and self._stopping:
            await _tell(send, scope["method"], 503, b'{"status": "stopping"}')
        elif (kind := _kind(scope, path)) != "health" and _comes_from_a_stranger(scope):
            self._tell_the_log(scope["client"][0])
            await refuse(scope, send, HTTPStatus.BAD_REQUEST, STRANGER % {"address": scope["client"][0]})
        else:
            await self._to[kind](scope, receive, send)

    def _tell_the_log(self, address: str) -> None:
        if time.monotonic() - self._told >= self.TELL_EVERY:
            self._told = time.monotonic()
            log.warning("a proxy that FORWARDED_ALLOW_IPS does not name", extra={"address": address})


def _kind(scope: Any, path: str) -> str:
    if path in (ALIVE, READY):
        return "health"
    if path.startswith(settings.STATIC_URL):
        return "static"
    # Documents, and questions of 100 kB and more, which have something attached.
    joins = path.startswith(JOIN) and path.count("/") == 3  # not what looks at a name while it is typed
    if scope["method"] == "POST" and (joins or path == FIRST_QUESTION):
        return "newcomers"
    if path == FILES or (path.endswith(ASK) and len(dict(scope["headers"]).get(b"content-length", b"")) > 5):
        return "files"
    return "pages"


def _comes_from_a_stranger(scope: Any) -> bool:
    """A proxy says that the browser spoke https, but is none that is believed: to be sent to https would bring the browser here again, for ever."""
    said = (b"x-forwarded-proto", b"https") in scope["headers"]
    return said and settings.HTTPS and scope["scheme"] == "http" and scope["client"] is not None


def _is_plain(scope: Any) -> bool:
    """A question as a health check asks it. All else is for Django to refuse."""
    host, _port = split_domain_port(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
    return scope["method"] in ("GET", "HEAD") and validate_host(host, settings.ALLOWED_HOSTS)


async def _tell(send: Any, method: str, status: int, words: bytes) -> None:
    headers = {**COMMON_HEADERS, "Content-Type": "application/json", "Content-Length": str(len(words))}
    headers |= {"X-Request-ID": uuid.uuid4().hex[:16]}
    await send({"type": "http.response.start", "status": status, "headers": encoded(headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else words})


door = Door()
relay = door.relay


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI entry that uvicorn serves: HTTP only, and a lifespan, which is the door's."""
    if scope["type"] == "http":
        await door(scope, receive, send)
    elif scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await door.start()
            await send({"type": "lifespan.startup.complete"})
        await door.close()
        await send({"type": "lifespan.shutdown.complete"})
