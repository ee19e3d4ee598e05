"""`python -m dashboard.web`: the web server, the same here, in the container and in the benchmarks. HOST and PORT say where."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from django.core.exceptions import ImproperlyConfigured
from uvicorn.config import STARTUP_FAILURE

from dashboard.server.protocol import Protocol, raise_limit_of_files

if TYPE_CHECKING:
    from dashboard.asgi import Door


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        from dashboard.settings import FORWARDED_ALLOW_IPS, HOST, whole_number

        port = whole_number("PORT", 8000, least=1, most=65535)
        look_for_static_files()
        from dashboard import signs
        from dashboard.asgi import application, door
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    Protocol.most_connections = raise_limit_of_files()
    config = configured(application, host=HOST, port=port, forwarded_allow_ips=FORWARDED_ALLOW_IPS)
    server = Server(config, door)
    signs.give()
    # Pages are drawn in threads, and each may keep the streams' loop from running for that long. (Python's own default is ten times that.)
    sys.setswitchinterval(0.0005)
    # A full collection looks at every object there is, for 50 ms in which no stream moves; what is loaded by now stays for good, and with
    # a thousand streams it takes three times as long. It comes ten times later than by default; the smaller ones find nearly everything.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], 100)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def look_for_static_files() -> None:
    """Raises ImproperlyConfigured when no page could be drawn, because the names of their styles and scripts are not known."""
    from django.conf import settings
    from django.contrib.staticfiles.storage import staticfiles_storage

    if not settings.DEBUG and not getattr(staticfiles_storage, "hashed_files", True):
        raise ImproperlyConfigured("STATIC_ROOT must hold the static files: run `manage.py collectstatic` first.")


def configured(application: Any, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Protocol,
        ws="none",
        lifespan="on",  # else a mistake at the start would go unnoticed
        log_config=None,  # Django's, so that every line is JSON
        access_log=False,  # the request log says more
        server_header=False,
        timeout_keep_alive=75,  # longer than proxies keep theirs, so that they never meet a connection just closed
        timeout_graceful_shutdown=10,
        **more,
    )


class Server(uvicorn.Server):
    """Before it ends it sends whoever asks elsewhere, gives open streams their time, and tells those that are still open."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self._door = door

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from django.conf import settings

        self._door.drain()
        until = time.monotonic() + settings.DRAIN_SECONDS
        while (
            self._door.relay.open and time.monotonic() < until and len(self._captured_signals) < 2
        ):  # who asks twice is in a hurry
            await asyncio.sleep(0.1)
        self._door.relay.stop()
        await super().shutdown(sockets)


if __name__ == "__main__":
    main()
