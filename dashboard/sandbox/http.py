"""One request as a handler sees it, the answers the real one gives, and who may ask."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import Response

from dashboard.sandbox import passwords
from dashboard.sandbox.config import version
from dashboard.sandbox.js import Json, stringify
from dashboard.sandbox.store import Row, Store

if TYPE_CHECKING:
    from dashboard.sandbox.app import StandIn

log = logging.getLogger(__name__)

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
}

# One transparent point: the stand-in's logo and every image it makes.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BAD_BODY = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
    "<body>\n<pre>Bad Request</pre>\n</body>\n</html>\n"
)
INDEX_PAGE = """
       <!DOCTYPE html>
        <html lang="en">
          <head>
            <meta charset="UTF-8" />
            <title>AnythingLLM | Your personal LLM trained on anything</title>
          </head>
          <body>
            <div id="root" class="h-screen"></div>
            <p>This is Foyer's stand-in. It has AnythingLLM's API, but not its pages.</p>
          </body>
        </html>"""


class ThrownError(Exception):
    """What the real handler would have thrown: 500, with the text where the route passes it on."""


@dataclass
class Call:
    """One request."""

    app: "StandIn"
    request: Request
    store: Store
    single_user: bool
    params: dict[str, str]
    body: Row = field(default_factory=dict)
    raw_body: bytes = b""
    user: Row | None = None
    """Who is signed in; only on the session routes."""

    @property
    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(self.request.url.query, keep_blank_values=True).items()}


Handler = Callable[[Call], Response | Awaitable[Response]]
Guard = Callable[[Call], Response | None]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    handler: Handler
    guards: tuple[Guard, ...]
    since: tuple[int, int, int]


class Endpoints(list[Endpoint]):
    """A module's routes, in the order in which they are tried. Paths are below /api."""

    def add(self, method: str, path: str, *guards: Guard, since: str = "1.0.0") -> Callable[[AnyHandler], AnyHandler]:
        def register(handler: AnyHandler) -> AnyHandler:
            self.append(Endpoint(method, path, handler, guards, version(since)))
            return handler

        return register


def json_answer(data: Json, status: int = 200) -> Response:
    return Response(stringify(data), status, media_type="application/json; charset=utf-8")


def send_status(code: int) -> Response:
    """Express's sendStatus: the reason as plain text."""
    return Response(_REASONS[code], code, media_type="text/plain; charset=utf-8")


def sentence(text: str, status: int) -> Response:
    """Express's send(text): text/html."""
    return Response(text, status, media_type="text/html; charset=utf-8")


def bare(status: int) -> Response:
    """No body, no content type."""
    return Response(None, status)


def index_page() -> Response:
    return sentence(INDEX_PAGE, 200)


def bad_body() -> Response:
    answer = sentence(BAD_BODY, 400)
    answer.headers.update({"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"})
    return answer


def api_key(call: Call) -> Response | None:
    """The scheme word is not checked, only that there is one."""
    words = call.request.headers.get("authorization", "").split(" ")
    secret = words[1] if len(words) > 1 else ""
    if secret and call.store.one("SELECT id FROM api_keys WHERE secret = ?", secret):
        return None
    return json_answer({"error": "No valid api key found."}, 403)


def multi_user(call: Call) -> Response | None:
    return send_status(401) if call.single_user else None


def multi_user_in_words(call: Call) -> Response | None:
    return sentence("Instance is not in Multi-User mode. Permission denied.", 401) if call.single_user else None


def simple_sso(call: Call) -> Response | None:
    if not call.app.config.sso:
        return sentence(
            "Simple SSO is not enabled. It must be enabled to validate or issue temporary auth tokens.", 403
        )
    if call.single_user:
        return sentence("Multi-User mode is not enabled. It must be enabled to use Simple SSO.", 403)
    return None


def credentials_allowed(call: Call) -> Response | None:
    if call.app.config.sso_no_login and call.app.config.since("1.8.3"):
        return json_answer(
            {"success": False, "error": "Login via credentials has been disabled by the administrator."}, 403
        )
    return None


def session(*roles: str) -> Guard:
    """A session token of somebody with one of `roles` (anybody without any); nothing at all in single-user mode without a password."""

    def guard(call: Call) -> Response | None:
        if call.single_user:
            return None
        token = call.request.headers.get("authorization", "").partition(" ")[2]
        if not token:
            return json_answer({"error": "No auth token found."}, 401)
        user_id = passwords.session_user(token, call.app.session_secret)
        if user_id is None:
            return json_answer({"error": "Invalid auth token."}, 401)
        user = call.store.one("SELECT * FROM users WHERE id = ?", user_id)
        if not user:
            return json_answer({"error": "Invalid auth for user."}, 401)
        if user["suspended"]:
            return json_answer({"error": "User is suspended from system"}, 401)
        if roles and user["role"] not in roles:
            return send_status(401)
        call.user = user
        return None

    return guard


def decoded(params: dict[str, str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in params.items()}
