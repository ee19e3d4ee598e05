"""The ASGI application: bodies are read like body-parser does, then guards, then the handler."""

import base64
import hashlib
import inspect
import json
import logging
import secrets
from collections import deque
from contextlib import suppress
from urllib.parse import parse_qs
from weakref import WeakSet

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from dashboard.sandbox import control, faults, http
from dashboard.sandbox.config import Config
from dashboard.sandbox.http import Call, Endpoint, ThrownError
from dashboard.sandbox.routes import ENDPOINTS
from dashboard.sandbox.store import DatabaseError, Store

log = logging.getLogger(__name__)


class StandIn:
    """One AnythingLLM: its settings, its database, its faults. An ASGI application."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.initial_config = Config(**vars(config))
        self.store = store
        self.session_secret = secrets.token_bytes(32)
        self.faults: list[faults.Fault] = []
        self.requests: deque[control.Seen] = deque(maxlen=10_000)
        self.connections: WeakSet[object] = WeakSet()  # those that have brought a request
        self.hotdir: dict[str, bytes] = {}
        self._routes = [
            (endpoint, Route(f"/api{endpoint.path}", _unused, methods=[endpoint.method])) for endpoint in ENDPOINTS
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        # Not decoded: "..%2Fx" is one path segment to Express.
        scope["path"] = scope["raw_path"].decode("ascii", "replace").rstrip("/") or "/"
        request = Request(scope, receive)
        if scope["path"].startswith("/sandbox/"):
            await (await control.answer(self, request))(scope, receive, send)
            return
        seen = control.Seen(scope["method"], scope["path"])
        self.requests.append(seen)
        with suppress(ClientDisconnect):  # the client left while we waited: nobody is there to be answered
            await faults.through(self, seen, scope, receive, send)

    async def answer(self, request: Request, *, locked: str = "", single_user: bool = False) -> Response:
        """What the instance answers. `locked` and `single_user` are what a fault makes of this one request."""
        if request.method == "OPTIONS":
            return _preflight(request)
        endpoint, params = self._find(request.scope)
        body = (
            b""
            if endpoint and request.headers.get("content-type", "").startswith("multipart/")
            else await request.body()
        )
        try:
            parsed = _parsed(request, body)
        except ValueError:
            return http.bad_body()
        if not endpoint:
            return http.index_page()
        store = self.store.locked(locked or self.store.lock)
        # When the database cannot be read, the mode check silently says single-user.
        single = single_user or self.config.single_user or store.lock == "all"
        call = Call(self, request, store, single, http.decoded(params), raw_body=body)
        try:
            answer = await self._run(endpoint, call, parsed)
        except (ThrownError, DatabaseError):
            answer = http.send_status(500)
        except Exception:
            log.exception("%s %s", request.method, request.url.path)
            answer = http.send_status(500)
        return _tagged(request, answer)

    async def _run(self, endpoint: Endpoint, call: Call, parsed: object) -> Response:
        for guard in endpoint.guards:
            refused = guard(call)
            if refused:
                return refused
        if isinstance(parsed, str):
            try:
                parsed = json.loads(parsed)
            except ValueError as error:
                raise ThrownError(str(error)) from error
        call.body = parsed if isinstance(parsed, dict) else {}
        result = endpoint.handler(call)
        return await result if inspect.isawaitable(result) else result

    def _find(self, scope: Scope) -> tuple[Endpoint | None, dict[str, str]]:
        wanted = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        for endpoint, route in self._routes:
            if endpoint.since <= self.config.as_version:
                match, found = route.matches(wanted)
                if match is Match.FULL:
                    return endpoint, found["path_params"]
        return None, {}


def _parsed(request: Request, body: bytes) -> object:
    """The body as body-parser leaves it: an object, or text that the handler parses (text/plain). Raises ValueError for a bad one."""
    if not body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        parsed = json.loads(body)
        if not isinstance(parsed, dict | list):
            raise ValueError("body-parser is strict")
        return parsed
    if kind == "text/plain":
        return body.decode("utf-8", "replace")
    if kind == "application/x-www-form-urlencoded":
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return {}


def _preflight(request: Request) -> Response:
    answer = http.bare(204)
    answer.headers["access-control-allow-methods"] = "GET,HEAD,PUT,PATCH,POST,DELETE"
    answer.headers["access-control-allow-origin"] = request.headers.get("origin", "*")
    wanted = request.headers.get("access-control-request-headers")
    if wanted:
        answer.headers["access-control-allow-headers"] = wanted
    return answer


def _tagged(request: Request, answer: Response) -> Response:
    """Express's headers: ETag with 304, any origin welcome, no body for HEAD."""
    answer.headers.update({"x-powered-by": "Express", "vary": "Origin", "keep-alive": "timeout=5"})
    if "origin" in request.headers:
        answer.headers["access-control-allow-origin"] = request.headers["origin"]
    body = getattr(answer, "body", b"")
    if body and request.method in ("GET", "HEAD"):
        digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest())[:27].decode()
        tag = f'W/"{len(body):x}-{digest}"'
        answer.headers["etag"] = tag
        if answer.status_code == 200 and request.headers.get("if-none-match") == tag:
            fresh = http.bare(304)
            fresh.headers["etag"] = tag
            return fresh
    return answer


async def _unused(request: Request) -> Response:
    raise NotImplementedError  # the routes only match paths
