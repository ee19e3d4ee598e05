"""python -m dashboard.sandbox: run the stand-in."""

import argparse
import contextlib
import os
import socket
import sys
from pathlib import Path

from dashboard.sandbox import COMMON_PASSWORD, DEFAULT_API_KEY, faults
from dashboard.sandbox.app import StandIn
from dashboard.sandbox.config import NEWEST, Config, version
from dashboard.sandbox.seed import Size, sow
from dashboard.sandbox.server import uvicorn_server
from dashboard.sandbox.store import Store, stamps


def main() -> int:
    options = _parser().parse_args()
    try:
        listening = socket.create_server((options.host, options.port), backlog=512)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        sys.stderr.write(f"The stand-in cannot listen on port {options.port}: {reason}. Choose another with --port.\n")
        return 1
    config = Config(
        api_key=options.api_key,
        as_version=options.as_version,
        single_user=options.single_user,
        pace=options.pace,
        latency=options.latency / 1000,
    )
    path = options.db
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    store = Store(path)
    if not store.count("api_keys"):
        size = Size(options.users, options.workspaces, options.documents)
        sow(store, api_key=options.api_key, size=size, seed=options.seed)
    elif not store.count("api_keys", "secret = ?", options.api_key):
        store.insert("api_keys.create", "api_keys", {"name": "sandbox", "secret": options.api_key, **stamps()})
    store.remember()
    app = StandIn(config, store)
    app.faults = options.fault
    print(  # noqa: T201
        f"AnythingLLM stand-in on http://{options.host}:{options.port}  API key {options.api_key}  everybody's password {COMMON_PASSWORD}",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(store), listening:
        uvicorn_server(app).run(sockets=[listening])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.sandbox", description="An AnythingLLM to try Foyer with."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3001)
    parser.add_argument(
        "--db",
        default=":memory:",
        help="SQLite file that keeps its state; it is filled when it is new (default: in memory)",
    )
    parser.add_argument("--api-key", default=DEFAULT_API_KEY)
    parser.add_argument("--users", type=int, default=Size.users)
    parser.add_argument("--workspaces", type=int, default=Size.workspaces)
    parser.add_argument("--documents", type=int, default=Size.documents)
    parser.add_argument("--seed", type=int, default=1, help="same seed, same team")
    parser.add_argument("--pace", type=float, default=Config.pace, help="words a second of a streamed answer")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds added to every answer")
    parser.add_argument(
        "--as-version", type=_version, default=NEWEST, help="which AnythingLLM to play, v1.0.0 to v1.16.0"
    )
    parser.add_argument("--single-user", action="store_true", help="not in multi-user mode")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        help=f"what goes wrong, e.g. '500 path=/admin/users method=GET times=3'. Kinds: {', '.join(sorted(faults.KINDS))}",
    )
    return parser


def _version(text: str) -> tuple[int, int, int]:
    try:
        return version(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fault(text: str) -> faults.Fault:
    try:
        return faults.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
