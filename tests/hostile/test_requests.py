"""Requests as no browser makes them: broken bodies, odd headers, cookies, addresses. Each gets a page that says so, and none an error of ours."""

from __future__ import annotations

import gzip
import io
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse

from dashboard.asgi import pages
from dashboard.audit.models import AuditEvent
from tests.conftest import THOROUGH
from tests.doors import DOORS, urls
from tests.hostile.page import Page, sound
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db

TOKEN = "t" * 32
URLENCODED = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"


def part(headers: str, body: str = "x") -> str:
    return f"--b\r\n{headers}\r\n\r\n{body}\r\n"


FIELD = part('Content-Disposition: form-data; name="username"', "fresh-one")
END = "--b--\r\n"
BODIES: dict[str, tuple[str, str | bytes]] = {
    "no type": ("", "username=fresh-one"),
    "unknown type": ("application/x-hostile", "username=fresh-one"),
    "only a semicolon": (";", "username=fresh-one"),
    "json": ("application/json", '{"username": "fresh-one"}'),
    "broken json": ("application/json", '{"username": '),
    "text": ("text/plain", "username=fresh-one"),
    "xml": ("text/xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "bytes": ("application/octet-stream", bytes(range(256))),
    "nothing": (URLENCODED, ""),
    "signs only": (URLENCODED, "&&&===&=&;;"),
    "broken percents": (URLENCODED, "username=%&role=%zz&bio=%u1234"),
    "no UTF-8": (URLENCODED, "username=%ff%fe&bio=%c0%af&role=%e4"),
    "raw bytes": (URLENCODED, b"username=\xff\xfe&bio=\xed\xa0\x80"),
    "half a pair": (URLENCODED, "username=%ed%a0%80&bio=%ed%b0%80&%ed%a0%80=1"),
    "nul in a name": (URLENCODED, "user%00name=a&username%00=b"),
    "too many fields": (URLENCODED, "a=1&" * 12_001),
    "no boundary": ("multipart/form-data", FIELD + END),
    "an empty boundary": ("multipart/form-data; boundary=", FIELD + END),
    "a long boundary": ("multipart/form-data; boundary=" + "b" * 300, FIELD + END),
    "another boundary": ("multipart/form-data; boundary=c", FIELD + END),
    "no ASCII in it": ("multipart/form-data; boundary=ü", FIELD + END),
    "parts without an end": (PARTS, FIELD),
    "an end only": (PARTS, END),
    "cut in a header": (PARTS, FIELD + '--b\r\nContent-Disposition: form-data; na'),
    "no headers": (PARTS, "--b\r\n\r\nx\r\n" + FIELD + END),
    "no name": (PARTS, part("Content-Disposition: form-data") + FIELD + END),
    "two names": (PARTS, part('Content-Disposition: form-data; name="a"; name="b"') + FIELD + END),
    "another disposition": (PARTS, part('Content-Disposition: attachment; name="a"') + FIELD + END),
    "a large header": (PARTS, part('Content-Disposition: form-data; name="' + "n" * 20_000 + '"') + END),
    "no UTF-8 in a header": (PARTS, b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--\r\n'),
    "broken base64": (
        PARTS,
        part('Content-Disposition: form-data; name="bio"\r\nContent-Transfer-Encoding: base64', "*") + END,
    ),
    "an encoded name of no encoding": (PARTS, part("Content-Disposition: form-data; name*=nonsense''%41") + END),
    "an encoded name": (PARTS, part("Content-Disposition: form-data; name*=utf-7''+2AA-") + END),
    "parts in parts": (PARTS, part('Content-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=c') + END),
    "too many files": (
        PARTS,
        "".join(part(f'Content-Disposition: form-data; name="files"; filename="{n}"') for n in range(201)) + END,
    ),
}  # fmt: skip
# What Python can read as an encoding; some carry halves of pairs, which no page can show.
ENCODINGS = (
    "utf-16",
    "utf-7",
    "undefined",
    "hex",
    "rot13",
    "unicode_escape",
    "idna",
    "punycode",
    "zlib",
    "no-such",
    "",
)
TYPES = [
    *(f"{kind}; charset={name}" for kind in (URLENCODED, PARTS, "text/plain") for name in ENCODINGS),
    "text/plain; a*=nonsense''x",
    "text/plain; charset*=utf-7''x",
    f"{URLENCODED}; charset*=nonsense''x",
    'text/plain; charset="',
    "text/plain; " + "a=b; " * 2_000,
]
HEADERS: dict[str, list[str]] = {
    "HX-Request": ["false", "", "1", "x" * 10_000],
    "HX-Current-URL": [
        "http://[::1", "http://testserver/users/?q=" + "a" * 20_000, "javascript:hostile()", "//example.com/", "http://testserver",
        "http://testserver:99999999/", "/", "http://testserver/%00", "users", "http://testserver/\u00e9?\u00e9",
    ],
    "HX-Target": ["documents", "<b data-hostile>", "x" * 10_000],
    "HX-Boosted": ["true", "no"],
    "HX-History-Restore-Request": ["true", "no"],
    "Referer": ["http://[::1", "http://example.com/", "users", "javascript:hostile()", "http://testserver/" + "a" * 20_000],
    "Origin": ["null", "http://[::1", "http://example.com"],
    "Accept-Language": ["*", ";q=", "zh-hans;q=9,x" * 500, "../../etc/passwd", "en;q=nan"],
    "Accept-Encoding": ["gzip;q=x", "*;q=0"],
    "Content-Length": ["abc", "-1", "+5", "1e3", "９", "9" * 5_000],
    "Cookie": [
        'foyer_session="abc\\000defghijk"', "foyer_session=" + "x" * 5_000, "foyer_session=../../etc/passwd", "foyer_csrf=\u00ff",
        "foyer_language=../x",
        'messages="broken', 'foyer_language="\\000"', ";;;=;=", "foyer_session=" + quote("x' OR 1=1; --"),
        "messages=[[\"__json_message\",0,25,\"x\"]]",
    ],
    "Host": ["example.com", "testserver:abc", "[::1", "testserver,example.com", "test_server", ""],
    "X-Forwarded-For": ["::::", "1.2.3.4, <b data-hostile>"],
    "X-Forwarded-Host": ["example.com"],
    "Range": ["bytes=0-1", "bytes=-", "x"],
    "If-Modified-Since": ["no day", "Thu, 01 Jan 99999 00:00:00 GMT"],
    "Sec-Fetch-Site": ["cross-site", "nonsense"],
}  # fmt: skip
# Addresses as they arrive, each instead of a part of a real one.
PLACES = [
    "%00", "%ff", "%c0%af", "%ed%a0%80", "%0d%0aSet-Cookie:%20a=b", "..", "../../etc/passwd", "%2e%2e%2f", "//example.com", "-1", "1e3",
    "%D9%A3", "%C2%B2", "9" * 5_000, "%F0%9F%98%80", "a;b=c", "%3Cb%20data-hostile%3E", "%3Cscript%3Ehostile()",
]  # fmt: skip
# What the pattern of an address lets through, and nothing is called.
NOBODY = {
    "IntConverter": ["0", str(2**31), str(2**63), str(2**64), "9" * 40],
    "SlugConverter": ["a" * 3_000, "-", "_"],
    "UUIDConverter": ["00000000-0000-0000-0000-000000000000"],
    "PathConverter": PLACES,
}
BOTH = ({}, {"HTTP_HX_REQUEST": "true"})
ALLOWED = {200, 204, 301, 302, 400, 403, 404, 405, 409, 410, 413, 422, 429}


def served(
    client: Client, method: str, path: str, body: str | bytes = b"", **environ: Any
) -> tuple[int, dict[str, str], bytes]:
    """As the server hands it to Django: the test client would make a request of it by itself."""
    sent = body.encode() if isinstance(body, str) else body
    given = client._base_environ(REQUEST_METHOD=method, PATH_INFO=path, **{"CONTENT_LENGTH": str(len(sent)), **environ})
    given["wsgi.input"] = io.BytesIO(sent)
    given["HTTP_X_CSRFTOKEN"] = TOKEN
    given["HTTP_COOKIE"] = f"{given.get('HTTP_COOKIE', '')}; foyer_csrf={TOKEN}"
    told: list[Any] = []
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)  # the test's transaction goes on
    try:
        answer = pages(given, lambda status, headers, problem=None: told.append((int(status[:3]), dict(headers))))
        content = b"".join(answer)
        answer.close()
    finally:
        for moment in (request_started, request_finished):
            moment.connect(close_old_connections)
    status, headers = told[0]
    return status, headers, gzip.decompress(content) if headers.get("Content-Encoding") == "gzip" else content


class Asked:
    """Asks, and demands of every answer that it is ours: with a sentence where nothing was done, and nothing in it taken for markup."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(
        self, case: str, client: Client, method: str, path: str, body: str | bytes = b"", **environ: Any
    ) -> int:
        status, headers, content = served(client, method, path, body, **environ)
        case = f"{case[:200]}: {method} {path[:100]} {status}"
        assert status in ALLOWED, case
        if headers.get("Content-Type", "").startswith("text/html") and content:
            page = Page(content.decode())
            assert page.wrong == [], case
            assert page.told or status < 400, case
        self.times += 1
        return status


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch) -> None:
    monkeypatch.setattr("dashboard.invites.tries.too_many", lambda request: 0)


@pytest.fixture
def nothing_written(standin):
    """Neither here nor there was anything done of it."""
    before = standin.state()["changes"]
    yield
    assert standin.state()["changes"] == before
    assert set(AuditEvent.objects.values_list("action", flat=True)) <= {"operator.signed_in"}


@pytest.mark.matrix
def test_a_body_that_cannot_be_read_is_refused_in_words(asked, nothing_written, admin_client, figure):
    for case, (kind, content) in BODIES.items():
        for url in ("/users/new/", "/documents/add/file/", "/sign-in/"):
            for htmx in BOTH if THOROUGH else BOTH[url == "/users/new/" :][:1]:
                asked(case, admin_client, "POST", url, content, CONTENT_TYPE=kind, **htmx)
    figure("hostile: bodies that cannot be read", f"{asked.times} asked, 0 errors of ours")


@pytest.mark.matrix
def test_an_encoding_that_no_form_of_ours_has_is_not_read(asked, nothing_written, admin_client, figure):
    for kind in TYPES:
        for method, path, body in (("GET", "/users/", ""), ("POST", "/users/new/", "username=%2B2AA-&bio=\\ud800")):
            asked(kind, admin_client, method, path, body, QUERY_STRING="q=%2B2AA-%41", CONTENT_TYPE=kind)
    figure("hostile: encodings that are not ours", f"{asked.times} asked, 0 errors of ours")


@pytest.mark.matrix
def test_an_odd_header_does_no_harm(asked, nothing_written, admin_client, figure):
    asks = ((admin_client, "/invites/?q=a"), (Client(), "/users/?q=a"))
    for header, value in ((header, value) for header, values in HEADERS.items() for value in values):
        name = header.upper().replace("-", "_")
        given = {name if name == "CONTENT_LENGTH" else f"HTTP_{name}": value.encode().decode("latin-1")}
        for client, url in asks:
            path, _sign, query = url.partition("?")
            for htmx in BOTH if THOROUGH else BOTH[url.startswith("/users/") :][:1]:
                asked(f"{header}: {value}", client, "GET", path, QUERY_STRING=query, **htmx | given)
                asked(
                    f"{header}: {value}",
                    client,
                    "POST",
                    "/theme/",
                    "theme=dark",
                    CONTENT_TYPE=URLENCODED,
                    **htmx | given,
                )
    figure("hostile: odd headers and cookies", f"{asked.times} asked, 0 errors of ours")


def test_a_page_that_htmx_says_it_asks_from_is_gone_back_to_only_if_it_is_ours(standin, admin_client):
    for url in HEADERS["HX-Current-URL"]:
        headers = HTMX | {"HX-Current-URL": url}
        assert sound(Client().get("/users/", headers=headers))["HX-Redirect"].startswith("/sign-in/?next=/")


NEXT = [
    "users",
    "...",
    "javascript:hostile()",
    "//example.com",
    "/\\example.com",
    "http://[::1",
    "/" + "a" * 20_000,
    "https://example.com/",
    " /x",
]


@pytest.mark.matrix
@pytest.mark.parametrize("next", NEXT)
def test_where_a_form_says_it_came_from_is_gone_back_to_only_if_it_is_a_page_of_ours(next, standin, admin_client):
    for url in ("/theme/", "/refresh/", "/chats/update/", "/access/stage/"):
        answer = sound(admin_client.post(url, {"theme": "dark", "next": next}))
        assert answer.status_code == 302 and "example" not in answer["Location"], url


# --- Addresses --------------------------------------------------------------------------------------------------------
GOOD = {
    "IntConverter": "1",
    "SlugConverter": "s",
    "UUIDConverter": "00000000-0000-4000-8000-000000000001",
    "PathConverter": "c",
}
SOME = {
    "IntConverter": "765",
    "SlugConverter": "some-slug",
    "UUIDConverter": "765fffff-0000-4000-8000-000000000001",
    "PathConverter": "some-code",
}


def kinds_in(name: str) -> dict[str, str]:
    """What the address of a door names, and the pattern that this has."""
    converters = next(url.pattern.converters for url in urls() if url.name == name)
    return {key: type(converter).__name__ for key, converter in converters.items()}


def spoilt(name: str, places: dict[str, list[str]]) -> list[str]:
    """The address of a door, with each of the places in turn where it names something."""
    kinds = kinds_in(name)
    mark = {key: GOOD[kind] for key, kind in kinds.items()}
    found = []
    for key, kind in kinds.items():
        before, after = reverse(name, kwargs=mark | {key: SOME[kind]}).split(SOME[kind])
        found += [f"{before}{place}{after}" for place in places[kind]]
    return found


WITH_PLACES = [name for name in DOORS if kinds_in(name)]
ONE_OF_EACH_KIND = {kind: name for name in WITH_PLACES for kind in kinds_in(name).values()}


@pytest.mark.matrix
def test_an_address_that_names_nothing_is_no_page(asked, nothing_written, admin_client, figure):
    for name in WITH_PLACES:
        for url in spoilt(name, NOBODY):
            for method in sorted(DOORS[name][1]):
                status = asked(name, admin_client, method, unquote_to_bytes(url).decode("latin-1"))
                assert status in (400, 404, 409), f"{name}: {method} {url[:100]} {status}"
    figure("hostile: addresses of nothing", f"{asked.times} asked, 0 errors of ours")


@pytest.mark.matrix
def test_an_address_that_no_pattern_lets_through_is_no_page(asked, nothing_written, admin_client, figure):
    for name in ONE_OF_EACH_KIND.values():
        for url in spoilt(name, dict.fromkeys(GOOD, PLACES)):
            for client in (admin_client, Client()):
                status = asked(name, client, "GET", unquote_to_bytes(url).decode("latin-1"))
                assert status in (302, 400, 404, 405), f"{name}: {url[:100]} {status}"
    figure("hostile: addresses that are none", f"{asked.times} asked, 0 errors of ours")
