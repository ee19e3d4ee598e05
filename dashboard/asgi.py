"""One door for the server: chat streams go to the relay, everything else to Django's WSGI handler in a small thread pool.

Views are synchronous, so threads are what they need; a request never holds a worker longer than the client's time budgets allow. A stream
may last for minutes, and holds none. A file on a slow line holds one of another pool, so that no page waits for it.
"""

from __future__ import annotations

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

_django = get_wsgi_application()


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


_pages = WSGIMiddleware(pages, workers=settings.WEB_THREADS)
_files = WSGIMiddleware(pages, workers=settings.WEB_THREADS)
FILES = "/documents/add/file/"  # where documents arrive
ASK = "/+ask/"  # how the address of a question ends

from dashboard.relay.app import PATH, Relay  # noqa: E402  # it has models, so Django comes first

relay = Relay()


def _brings_files(scope: Any) -> bool:
    """Documents, and questions of 100 kB and more, which have something attached."""
    if scope["path"].endswith(ASK):
        return len(dict(scope["headers"]).get(b"content-length", b"")) > 5
    return bool(scope["path"] == FILES)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI entry that uvicorn serves: HTTP only, and a lifespan, which is the relay's."""
    if scope["type"] == "http":
        path = scope["path"]
        await (relay if path.startswith(PATH) else _files if _brings_files(scope) else _pages)(scope, receive, send)
    elif scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await relay.start()
            await send({"type": "lifespan.startup.complete"})
        await relay.close()
        await send({"type": "lifespan.shutdown.complete"})
