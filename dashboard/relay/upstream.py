"""The relay's line to the instance: one aiohttp session for all streams. What an answer means is judged by the telephone."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import aiohttp
from django.conf import settings

from dashboard import instance
from dashboard.anythingllm import ApiError, Kind, NotAnythingLLM, TimedOut, Unreachable
from dashboard.anythingllm.http import Reply, failure_of, path_of

BUFFER = 64 * 1024  # bytes of an answer that wait here for a slow browser before the instance is made to wait
MOST_OF_A_REFUSAL = 256 * 1024  # bytes

# What breaks while bytes are read: the connection, or what was to come over it.
BROKEN = (aiohttp.ClientError, OSError)


class Upstream:
    """Made and closed within a running event loop."""

    def __init__(self) -> None:
        # A connection for each question, as the telephone's writes have: the instance closes idle ones after 5 s, and a question that met
        # such a one might have been asked or not.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "Content-Type": "application/json"},
            read_bufsize=BUFFER,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, route: str, names: Mapping[str, str], question: bytes) -> aiohttp.ClientResponse:
        """The open stream; whoever asked closes it. Raises ApiError for all that goes wrong before it begins."""
        breaker = instance.line().breaker
        breaker.before()
        try:
            response = await self._open(path_of(route, names), question)
        except ApiError as error:
            breaker.after(type(error).__name__)
            raise
        breaker.after(None)
        return response

    async def _open(self, path: str, question: bytes) -> aiohttp.ClientResponse:
        telephone = instance.connect().http_client
        failure: ApiError | None
        try:
            response = await self._session.post(
                telephone.root + path,
                data=io.BytesIO(question),
                headers={"Authorization": f"Bearer {settings.ANYTHINGLLM_API_KEY}"},
                allow_redirects=False,
                # Silence is measured by the stream, which says so to the browser meanwhile.
                timeout=aiohttp.ClientTimeout(total=None, connect=telephone.budgets[Kind.STREAM].connect),
            )
        except aiohttp.ConnectionTimeoutError:
            failure = TimedOut("The instance does not answer.", sent=False)
        except aiohttp.ClientConnectorError:
            failure = Unreachable("No connection to the instance could be made.", sent=False)
        except BROKEN:
            failure = Unreachable("The connection to the instance broke off.", sent=True)
        else:
            content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            # An unknown workspace on the thread route is 200 without a type, and the body is an event.
            if response.status == 200 and content_type in ("text/event-stream", ""):
                return response
            failure = await _refusal(response, content_type, telephone.hide)
        # Outside of the except blocks: aiohttp's own exceptions carry the request, and with it the key.
        raise failure


async def _refusal(response: aiohttp.ClientResponse, content_type: str, hide: Callable[[str], str]) -> ApiError:
    """Why there is no stream."""
    body = b""
    try:
        while len(body) < MOST_OF_A_REFUSAL and (more := await response.content.readany()):
            body += more
    except BROKEN:
        return Unreachable("The connection to the instance broke off.", sent=True)
    finally:
        response.close()
    reply = Reply(response.status, content_type, body)
    try:
        failure = failure_of(reply, hide)
    except ApiError as error:  # neither a stream nor valid JSON
        failure = error
    return failure or NotAnythingLLM(reply.status, "Something else than an event stream came.")
