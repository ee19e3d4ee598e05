"""The one gate through which every request to an instance goes: budgets, retries, caps, and the judgement of the
answer."""

from __future__ import annotations

import http.client
import io
import random
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .echo import LongStringsEmptied
from .errors import (
    ApiError,
    BrokenAnswer,
    DeletionProtected,
    KeyRefused,
    NotAnythingLLM,
    NotFound,
    PasswordLoginDisabled,
    Refused,
    ServerError,
    SingleUserMode,
    SsoDisabled,
    TimedOut,
    TooLarge,
    Unreachable,
    speaks_of_database,
    without,
)
from .types import loads

T = TypeVar("T")

MAX_BODY = 20 * 1024 * 1024
RETRIES = 2
BACKOFF = 0.2  # seconds before the first retry, twice as long before the next, give or take a half


class Kind(Enum):
    PROBE = "probe"
    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"
    EMBED = "embed"
    STREAM = "stream"


WRITES = frozenset({Kind.WRITE, Kind.UPLOAD, Kind.EMBED})


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds. `read` bounds every silence, the whole of a head, and the whole of a body, however slowly they drip; of a
    stream's body only the silences."""

    connect: float
    read: float


BUDGETS: Mapping[Kind, Budget] = {
    Kind.PROBE: Budget(2, 3),
    Kind.READ: Budget(3, 20),
    Kind.WRITE: Budget(3, 60),
    Kind.UPLOAD: Budget(3, 600),
    Kind.EMBED: Budget(3, 900),
    Kind.STREAM: Budget(3, 120),
}


@dataclass(frozen=True, slots=True)
class Call:
    """What an observer is told of a finished call (a stream: once it is open). `status` 0: no answer. `error`: class
    name."""

    method: str
    route: str
    kind: Kind
    status: int
    seconds: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes = field(repr=False)
    attachment: bool = False

    @property
    def is_json(self) -> bool:
        return self.content_type == "application/json"

    @property
    def is_page(self) -> bool:
        return self.body.lstrip()[:1] == b"<"

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    def json(self) -> Any:
        if not self.is_json:
            raise BrokenAnswer(self.status, f"The answer is {self.content_type or 'of no type'} instead of JSON.")
        try:
            return loads(self.body)
        except (ValueError, RecursionError):
            raise BrokenAnswer(self.status, "The answer is not valid JSON.") from None


_UNKNOWN_PLACE = re.compile(r"not a valid workspace|thread .* is not valid")


def words_of(data: Any) -> str:
    """The instance's own sentence in a JSON answer: `error` in some routes, `message` in others."""
    if type(data) is dict:
        for key in ("error", "message"):
            if isinstance(data.get(key), str):
                return str(data[key]).strip()
    return ""


def _everywhere(hide: Callable[[str], str], data: Any) -> Any:
    """The same JSON with nothing to hide in any of its texts."""
    if isinstance(data, str):
        return hide(data)
    if type(data) is list:
        return [_everywhere(hide, item) for item in data]
    return {key: _everywhere(hide, value) for key, value in data.items()} if type(data) is dict else data


def failure_of(reply: Reply, hide: Callable[[str], str]) -> ApiError | None:
    """The error that this answer's status and words stand for, or None for a success still to be parsed. `hide` takes
    out of the words what was sent and is nobody else's business."""
    status = reply.status
    if 300 <= status < 400:
        return NotAnythingLLM(status, "A redirect came instead of the API's answer.")
    data = reply.json() if reply.is_json and reply.body else None
    if status < 300:
        return _refusal_in_success(status, data, hide)
    data = _everywhere(hide, data)
    # 400 with a page is the instance's own answer to a body it cannot read; any other page is somebody else's.
    if reply.is_page and 400 < status < 500:
        return NotAnythingLLM(status, "A web page came instead of the API's answer.")
    words = words_of(data) or ("" if reply.is_page or reply.is_json else hide(reply.text)[:500])
    details = data if type(data) is dict else None
    if speaks_of_database(words):
        return _database_failure(status, words)
    if "has been disabled" in words or "[005]" in words:
        return PasswordLoginDisabled(status, words, details)
    # The instance says this in plain text; in JSON it is somebody else's.
    if status == 401 and data is None and (words == "Unauthorized" or "Multi-User" in words):
        return SingleUserMode(status, "The instance is not in multi-user mode.")
    if status == 403 and words == "No valid api key found.":
        return KeyRefused(status, "The instance refuses the API key.")
    if status == 403 and "deletion is blocked" in words:
        return DeletionProtected(status, words, details)
    if status == 403 and "Simple SSO" in words:
        return SsoDisabled(status, words)
    # Unknown slugs: 400 "Bad Request" on most routes, an abort object on chats, and 401 without a body on openai's.
    if status == 404 or (status == 400 and (words == "Bad Request" or _UNKNOWN_PLACE.search(words))):
        return NotFound(status, words if data else "The instance does not know it.", details)
    if status == 401 and not reply.body:
        return NotFound(status, "The instance does not know it.")
    if status == 413:
        return TooLarge(status, "A server on the way to the instance refuses so large a request.")
    # Unreadable files and the like are 500 with a sentence in JSON: a refusal, not a crash.
    if status >= 500 and (not (words and data) or words.lower() == "internal server error"):
        return ServerError(status, "The instance failed to answer.")
    return Refused(status, words or "The instance refused.", details)


def _database_failure(status: int, words: str) -> ApiError:
    if "Unique constraint" in words:
        return Refused(status, "It exists already.")
    return ServerError(status, "The instance's database failed.")


def _refusal_in_success(status: int, data: Any, hide: Callable[[str], str]) -> ApiError | None:
    if type(data) is not dict:
        return None
    error = data.get("error")
    # A thread that cannot be made is null, its reason in `message`, and nothing else tells.
    nothing_made = data.get("thread", "") is None
    if data.get("success") is not False and not (isinstance(error, str) and error.strip()) and not nothing_made:
        return None
    data = _everywhere(hide, data)
    words = words_of(data)
    if speaks_of_database(words):
        return _database_failure(status, words)
    if words == "User not found":
        return NotFound(status, words, data)
    return Refused(status, words or "The instance refused.", data)


def _transport_failure(problem: Exception) -> Unreachable:
    """Which failure of the transport this was, and whether the request can have arrived."""
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    if isinstance(problem, requests.ConnectTimeout):
        return TimedOut("The instance does not answer.", sent=False)
    if isinstance(problem, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return TimedOut("The instance did not answer in time.", sent=True)
    if isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(problem):
        return Unreachable("The instance's certificate is not trusted.", sent=False)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return Unreachable("No connection to the instance could be made.", sent=False)
    return Unreachable("The connection to the instance broke off.", sent=True)


_TRANSPORT = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


def _root_of(base_url: str) -> str:
    """The `<root>/api` of an address given with or without a trailing /, /api or /api/v1."""
    parts = urlsplit(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The address of AnythingLLM must begin with http:// or https:// and name a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("The address of AnythingLLM must hold no user name, password, query or fragment.")
    path = re.sub(r"(/api(/v1)?)?/*$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}/api"


def _bearer(api_key: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """A closure, so that no attribute, repr or list of local variables of ours shows the key."""
    if api_key and not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ValueError("The API key holds characters that no key has.")

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if api_key:
            request.headers["Authorization"] = f"Bearer {api_key}"
        return request

    return authorize


def _hider(*secrets: str | None) -> Callable[[str], str]:
    """A closure, likewise."""
    return lambda words: without(secrets, words)


def _segment(name: str, value: str | int) -> str:
    # An empty part or a dot would silently lead to another route.
    if str(value) in ("", ".", ".."):
        raise ValueError(f"{name} must not be {str(value)!r}.")
    return quote(str(value), safe="")


def path_of(route: str, names: Mapping[str, str | int]) -> str:
    return route.format_map({name: _segment(name, value) for name, value in names.items()})


class _Lines:
    """Lines out of what comes over a socket, all of them within the time that one silence may take."""

    def __init__(self, incoming: io.BufferedReader, connection: socket.socket) -> None:
        self._incoming = incoming
        self._connection = connection
        self._deadline = time.monotonic() + (connection.gettimeout() or 0)

    def readline(self, limit: int) -> bytes:
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            here = self._incoming.peek(1)  # what has come already, else what comes next
            if not here:
                break
            line += self._incoming.read(min(here.find(b"\n") + 1 or len(here), limit - len(line)))
        return line

    def close(self) -> None:
        self._incoming.close()


class _Response(http.client.HTTPResponse):
    """By itself http.client waits for each byte of a head anew, so that one every ten seconds would keep us for an hour."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._connection = sock

    def begin(self) -> None:
        incoming, seconds = self.fp, self._connection.gettimeout()
        lines = self.fp = cast("io.BufferedReader", _Lines(incoming, self._connection))
        try:
            super().begin()
        finally:
            if self.fp is lines:  # and not closed
                self.fp = incoming
        self._connection.settimeout(seconds)
        del self._connection


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _FreshConnection(_Connection):
    is_connected = False


class _FreshSecureConnection(_SecureConnection):
    is_connected = False


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _FreshPool(HTTPConnectionPool):
    ConnectionCls = _FreshConnection


class _FreshSecurePool(HTTPSConnectionPool):
    ConnectionCls = _FreshSecureConnection


class _Adapter(HTTPAdapter):
    pools: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)


class _FreshAdapter(_Adapter):
    """Connects anew for every request. "Connection: close" alone would not do: some servers heed it without saying so."""

    pools = {"http": _FreshPool, "https": _FreshSecurePool}


class HttpClient:
    """Usable from many threads. `timeout` (seconds) is the write budget and the upper bound of probes and reads.

    Reads go over kept connections, and are retried on a broken connection and 502, 503, 504. Everything else, and each
    retry, gets a connection of its own: the instance closes idle ones after 5 s, and a write that met one would have an
    unknown outcome; of many kept ones that died together a retry would only meet the next.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        timeout: float = 60,
        *,
        budgets: Mapping[Kind, Budget] | None = None,
        before_call: Callable[[], None] | None = None,
        before_write: Callable[[], None] | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        self.root = _root_of(base_url)
        self._authorize = _bearer(api_key)
        self.hide = _hider(api_key)  # the key, in words that are to be passed on
        short = {
            kind: Budget(BUDGETS[kind].connect, min(BUDGETS[kind].read, timeout)) for kind in (Kind.PROBE, Kind.READ)
        }
        self.budgets = {
            **BUDGETS,
            **short,
            Kind.WRITE: Budget(BUDGETS[Kind.WRITE].connect, timeout),
            **(budgets or {}),
        }
        self._before_call = before_call
        self._before_write = before_write
        self._on_call = on_call
        self._heard: tuple[datetime, float] | None = None  # what the last answer said the time is, and when it came
        self._kept = self._session(_Adapter(pool_connections=1, pool_maxsize=32))
        self._fresh = self._session(_FreshAdapter(pool_connections=1, pool_maxsize=32))
        self._fresh.headers["Connection"] = "close"

    @staticmethod
    def _session(adapter: HTTPAdapter) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers.update({"Accept-Encoding": "identity", "Accept": "*/*"})
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def __repr__(self) -> str:
        return f"HttpClient({self.root!r})"

    def close(self) -> None:
        self._kept.close()
        self._fresh.close()

    @property
    def time_there(self) -> datetime | None:
        """What the clock shows where the answers come from, as far as the last one told."""
        if self._heard is None:
            return None
        said, came = self._heard
        return said + timedelta(seconds=time.monotonic() - came)

    # -- any path below /api: the decoded JSON (or text) of the answer -------------------------------------------------

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, kind: Kind = Kind.READ) -> Any:
        return self.call("GET", path, _as_is, kind=kind, params=params)

    def post(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        json_data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        *,
        kind: Kind = Kind.WRITE,
    ) -> Any:
        return self.call("POST", path, _as_is, kind=kind, data=data, json=json_data, files=files)

    def put(self, path: str, json_data: Mapping[str, Any], *, kind: Kind = Kind.WRITE) -> Any:
        return self.call("PUT", path, _as_is, kind=kind, json=json_data)

    def delete(self, path: str, params: Mapping[str, Any] | None = None, *, kind: Kind = Kind.WRITE) -> Any:
        return self.call("DELETE", path, _as_is, kind=kind, params=params)

    # -- what the modules use -----------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        route: str,
        parse: Callable[[Any], T],
        *,
        kind: Kind | None = None,
        token: str | None = None,
        names: Mapping[str, str | int] | None = None,
        **body: Any,
    ) -> T:
        """Sends, and gives the JSON answer to `parse`. `names` fill the route's {parts}; `body`: params, json, data,
        files.

        A plain-text answer (a few deletions say "OK") is parsed as a string.
        """

        def read(reply: Reply) -> T:
            if reply.content_type == "text/plain":
                return parse(reply.text)
            return parse(reply.json())

        return self._observed(method, route, names, kind, read, token=token, **body)

    def fetch(
        self,
        method: str,
        route: str,
        *,
        kind: Kind | None = None,
        names: Mapping[str, str | int] | None = None,
        **body: Any,
    ) -> Reply:
        """Like call(), for answers that are files."""
        return self._observed(method, route, names, kind, lambda reply: reply, **body)

    def stream(self, route: str, *, names: Mapping[str, str | int], json: Mapping[str, Any]) -> ByteStream:
        """POSTs and gives the event stream's bytes as they come. A refusal before the stream raises."""
        path = path_of(route, names)
        return self._guarded("POST", route, Kind.STREAM, lambda: self._open_stream(path, json))

    def _observed(
        self,
        method: str,
        route: str,
        names: Mapping[str, str | int] | None,
        kind: Kind | None,
        read: Callable[[Reply], T],
        **body: Any,
    ) -> T:
        kind = kind or (Kind.READ if method == "GET" else Kind.WRITE)
        path = path_of(route, names) if names else route

        code = str((names or {}).get("code", ""))  # of an invite, which stands in its address
        password = str((body.get("json") or {}).get("password") or "")
        secret = _hider(body.get("token"), password, code)

        def judged() -> T:
            reply = self._exchange(method, path, kind, **body)
            failure = failure_of(reply, lambda words: secret(self.hide(words)))
            if failure:
                raise failure
            if reply.content_type == "text/html" and not reply.attachment:
                raise NotAnythingLLM(reply.status, "A web page came instead of the API's answer.")
            return read(reply)

        return self._guarded(method, route, kind, judged)

    def _guarded(self, method: str, route: str, kind: Kind, act: Callable[[], T]) -> T:
        if self._before_write and kind in WRITES:
            self._before_write()
        if self._before_call:
            self._before_call()
        started = time.monotonic()
        status, error = 200, None
        try:
            return act()
        except ApiError as problem:
            problem.method, problem.route = method, route
            lost = isinstance(problem, (BrokenAnswer, ServerError, TooLarge)) or getattr(problem, "sent", False)
            problem.outcome_unknown = lost and kind not in (Kind.READ, Kind.PROBE)
            status, error = problem.status_code, type(problem).__name__
            raise
        finally:
            if self._on_call:
                self._on_call(Call(method, route, kind, status, time.monotonic() - started, error))

    def _exchange(self, method: str, path: str, kind: Kind, **body: Any) -> Reply:
        attempts = 1 + RETRIES if kind is Kind.READ else 1
        for attempt in range(attempts):
            if attempt:
                time.sleep(random.uniform(0.5, 1.5) * BACKOFF * 2 ** (attempt - 1))  # noqa: S311
            last = attempt == attempts - 1
            try:
                reply = self._send(method, path, kind, fresh=attempt > 0, **body)
            except Unreachable as problem:
                if last or isinstance(problem, TimedOut):
                    raise
                continue
            if last or reply.status not in (502, 503, 504):
                break
        return reply

    def _send(self, method: str, path: str, kind: Kind, *, fresh: bool = False, **body: Any) -> Reply:
        response = self._open(method, path, kind, fresh=fresh, **body)
        try:
            return Reply(
                response.status_code,
                response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                self._read_body(
                    response, self.budgets[kind].read, LongStringsEmptied() if kind is Kind.UPLOAD else None
                ),
                response.headers.get("Content-Disposition", "").startswith("attachment"),
            )
        finally:
            response.close()

    def _open(
        self, method: str, path: str, kind: Kind, *, fresh: bool = False, token: str | None = None, **body: Any
    ) -> requests.Response:
        session = self._kept if kind is Kind.READ and not fresh else self._fresh
        budget = self.budgets[kind]
        # Public routes need no key, so they get none.
        auth = _bearer(token) if token else self._authorize if path.startswith("/v1/") else _bearer(None)
        failure = None
        try:
            response = session.request(
                method,
                self.root + path,
                auth=auth,
                timeout=(budget.connect, budget.read),
                allow_redirects=False,
                stream=True,
                **body,
            )
            self._hear_time(response.headers.get("Date", ""))
            return response
        except _TRANSPORT as problem:
            failure = _transport_failure(problem)
        # Outside of the except block: requests' own exceptions carry the request, and with it the key.
        raise failure

    def _hear_time(self, date: str) -> None:
        try:
            said = parsedate_to_datetime(date)
        except ValueError:
            return
        if said.tzinfo:
            self._heard = said, time.monotonic()

    @staticmethod
    def _read_body(response: requests.Response, seconds: float, short: LongStringsEmptied | None = None) -> bytes:
        """The whole body (or what `short` makes of it) within `seconds`, however slowly it drips, and up to the cap."""
        failure: ApiError
        deadline = time.monotonic() + seconds
        chunks, size = [], 0
        try:
            while chunk := response.raw.read1(65536):
                chunk = short.feed(chunk) if short else chunk
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_BODY:
                    raise TooLarge(response.status_code, f"The answer is larger than {MAX_BODY // 1024 // 1024} MB.")
                if time.monotonic() > deadline:
                    raise TimedOut("The instance did not finish its answer in time.", sent=True)
            return b"".join(chunks)
        except _TRANSPORT as problem:
            failure = _transport_failure(problem)
        raise failure

    def _open_stream(self, path: str, body: Mapping[str, Any]) -> ByteStream:
        response = self._open("POST", path, Kind.STREAM, json=body)
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        # An unknown workspace on the thread route is 200 without a type, and the body is an event.
        if response.status_code == 200 and content_type in ("text/event-stream", ""):
            return ByteStream(response)
        try:
            reply = Reply(response.status_code, content_type, self._read_body(response, self.budgets[Kind.READ].read))
        finally:
            response.close()
        raise failure_of(reply, self.hide) or NotAnythingLLM(reply.status, "Something else than an event stream came.")


class ByteStream:
    """The bytes of an open event stream. Ends with StopIteration at its end, or raises Unreachable."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        failure = None
        try:
            while chunk := self._response.raw.read1(65536):
                yield chunk
            return
        except _TRANSPORT as problem:
            failure = _transport_failure(problem)
        finally:
            self.close()
        raise failure

    def close(self) -> None:
        """Ends the stream; the instance then stops asking the model."""
        self._response.close()


def _as_is(data: Any) -> Any:
    return data
