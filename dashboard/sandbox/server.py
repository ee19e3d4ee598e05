"""Runs a stand-in under uvicorn."""

import socket
import threading
import time

import uvicorn

from dashboard.sandbox.app import StandIn


def uvicorn_server(app: StandIn) -> uvicorn.Server:
    """Settings that make uvicorn behave like the real instance's HTTP server."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class ThreadedServer:
    """A stand-in in a thread of this process, on a free port of this machine."""

    def __init__(self, app: StandIn) -> None:
        self.app = app
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn_server(app)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sandbox", daemon=True
        )

    def start(self) -> None:
        """Returns when it answers; a second at the most."""
        self._thread.start()
        for _ in range(1000):
            if self._server.started:
                return
            time.sleep(0.001)
        raise RuntimeError("the stand-in did not start")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()
