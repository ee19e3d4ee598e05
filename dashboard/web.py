"""`python -m dashboard.web`: the web server, the same here, in the container and in the benchmarks. HOST and PORT say where."""

from __future__ import annotations

import gc
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn
from django.core.exceptions import ImproperlyConfigured
from uvicorn.config import STARTUP_FAILURE

if TYPE_CHECKING:
    from dashboard.relay.app import Relay


def main() -> None:
    try:
        from dashboard.settings import FORWARDED_ALLOW_IPS, HOST, whole_number

        port = whole_number("PORT", 8000, least=1, most=65535)
        from dashboard import signs
        from dashboard.asgi import application, relay
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    config = uvicorn.Config(
        application,
        host=HOST,
        port=port,
        forwarded_allow_ips=FORWARDED_ALLOW_IPS,
        ws="none",
        log_config=None,  # Django's, so that every line is JSON
        access_log=False,  # the request log says more
        server_header=False,
        timeout_keep_alive=75,  # longer than proxies keep theirs, so that they never meet a connection just closed
        timeout_graceful_shutdown=10,
    )
    server = Server(config, relay)
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


class Server(uvicorn.Server):
    """Before it waits for open streams to end, it lets them know."""

    def __init__(self, config: uvicorn.Config, relay: Relay) -> None:
        super().__init__(config)
        self._relay = relay

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._relay.stop()
        await super().shutdown(sockets)


if __name__ == "__main__":
    main()
