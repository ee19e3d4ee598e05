"""`python -m dashboard.web`: the web server, the same here, in the container and in the benchmarks. HOST and PORT say where."""

from __future__ import annotations

import os
import sys

import uvicorn
from django.core.exceptions import ImproperlyConfigured


def main() -> None:
    try:
        from dashboard.settings import whole_number

        port = whole_number("PORT", 8000, least=1, most=65535)
        from dashboard.asgi import application
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    uvicorn.run(
        application,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=port,
        ws="none",
        log_config=None,  # Django's, so that every line is JSON
        access_log=False,  # the request log says more
        server_header=False,
        timeout_keep_alive=75,  # longer than proxies keep theirs, so that they never meet a connection just closed
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
