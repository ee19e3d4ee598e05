"""Forms that come from elsewhere change nothing, and nobody is led elsewhere."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client

from dashboard.audit.models import AuditEvent
from tests.conftest import PASSWORD, THOROUGH, signed_in
from tests.doors import DOORS, address, some_things

WRITES = sorted(name for name, (_action, methods) in DOORS.items() if "POST" in methods)
OURS = "https://testserver"
TOKEN = "t" * 32
# How a form is sent that is not ours: its token, and what the browser says of where it comes from.
FORGED = {
    "without a token": ("", {"Origin": OURS}),
    "with somebody else's token": ("f" * 32, {"Origin": OURS}),
    "from another site": (TOKEN, {"Origin": "https://evil.example"}),
    "from another port": (TOKEN, {"Origin": f"{OURS}:8443"}),
    "from our name without https": (TOKEN, {"Origin": "http://testserver"}),
    "from nowhere": (TOKEN, {}),
    "from a frame without a name": (TOKEN, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
    "with another site as its referrer": (TOKEN, {"Referer": "https://evil.example/testserver/"}),
}

EVERYWHERE = FORGED["from another site"]


@pytest.fixture
def guarded(ada) -> Client:
    """Ada's browser, of which tokens are asked."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(ada).cookies
    client.cookies["foyer_csrf"] = TOKEN
    return client


def test_no_form_from_elsewhere_is_taken(guarded, standin, figure):
    before, tried, unchanged = AuditEvent.objects.count(), 0, standin.state()
    for name in WRITES:
        ways = FORGED if THOROUGH or name in ("theme_change", "user_delete") else {"from another site": EVERYWHERE}
        for how, (token, headers) in ways.items():
            answer = guarded.post(
                address(name, some_things(standin)),
                {"csrfmiddlewaretoken": token, "username": "x"},
                headers=headers,
                secure=True,
            )
            assert answer.status_code == 403, f"{name} {how}: {answer.status_code}"
            tried += 1
    assert AuditEvent.objects.count() == before
    assert standin.state()["changes"] == unchanged["changes"]
    assert standin.state()["writes"] == unchanged["writes"]
    figure("forgery: doors x ways", f"{tried} tried, 0 taken")


def test_a_form_of_ours_is_taken(guarded, standin):
    answer = guarded.post(
        "/theme/", {"csrfmiddlewaretoken": TOKEN, "theme": "dark"}, headers={"Origin": OURS}, secure=True
    )
    assert answer.status_code == 302


# --- Where one is led -------------------------------------------------------------------------------------------------
EVIL = "evil.example"
ELSEWHERE = [
    f"//{EVIL}",
    f"//{EVIL}/users/",
    f"https://{EVIL}",
    f"http://{EVIL}",
    f"HTTPS://{EVIL}",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"https:///{EVIL}",
    f"///{EVIL}",
    f"////{EVIL}",
    f"\\\\{EVIL}",
    f"/\\{EVIL}",
    f"\\/{EVIL}",
    f"/\\/{EVIL}",
    f"https:\\\\{EVIL}",
    f"/\t/{EVIL}",
    f"/\n/{EVIL}",
    f"\t//{EVIL}",
    f" //{EVIL}",
    f"\x0b//{EVIL}",
    f"\x1f//{EVIL}",
    f"\x00//{EVIL}",
    f"h\nttps://{EVIL}",
    f"//testserver@{EVIL}",
    f"https://testserver@{EVIL}",
    f"https://testserver:443@{EVIL}/",
    f"https://testserver.{EVIL}",
    f"//{EVIL}\\@testserver",
    f"https://{EVIL}#@testserver",
    f"https://{EVIL}?testserver",
    f"//{EVIL}%2f@testserver/..",
    f"／／{EVIL}",
    f"//{EVIL}%00.testserver",
    f"//[::ffff:7f00:1]@{EVIL}",
    f"%2f%2f{EVIL}",
    f"/%2f{EVIL}",
    f"%68ttps://{EVIL}",
    f"/redirect?to=//{EVIL}",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\x01javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "http://testserver/",  # from https to http
    EVIL,
    "user_list",
]


def leads_to(location: str) -> tuple[str, str]:
    """Scheme and host to which a browser goes: it leaves out tabs and line ends, and takes a backslash for a slash."""
    seen = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    seen = re.sub(r"^(https?):/*", r"\1://", seen, flags=re.IGNORECASE)
    seen = re.sub(r"^/{2,}", "//", seen)
    parts = urlsplit(urljoin(f"{OURS}/here/", seen))
    return parts.scheme, parts.netloc.rpartition("@")[2]


def test_a_browser_would_go_there():
    elsewhere = {url for url in ELSEWHERE if leads_to(url) != ("https", "testserver")}
    assert len(elsewhere) > 30


def gone(answer) -> str:
    return answer.get("Location") or answer.get("HX-Redirect") or ""


@pytest.fixture
def led(ada, standin):
    """Posts to a door with that as its `next`, and gives the answer."""

    def post(name: str, url: str, **headers: str):
        ada.refresh_from_db()  # some of the doors end all sessions
        client = signed_in(ada)
        data = {"next": url, "theme": "dark", "give": "1", "username": "sam", "role": "default", "days": "3"}
        return client.post(address(name, some_things(standin)), data, headers=headers, secure=True)

    return post


@pytest.mark.matrix
def test_next_leads_to_nobody_else(led, client, ada, standin, figure):
    """Every door is asked whether it goes where `next` says; those that do are tried with what leads elsewhere: one of each way of
    asking with all of it, `make evidence` every one.
    """
    benign = "/usage/?marker=1"
    leading = [name for name in WRITES if benign in gone(led(name, benign))]
    assert {"theme_change", "refresh", "user_suspend", "chatlog_update", "access_toggle"} <= {*leading}
    tried = 0
    for name in leading:
        for url in ELSEWHERE if THOROUGH or name in ("theme_change", "document_pin") else ELSEWHERE[::6]:
            assert leads_to(gone(led(name, url))) == ("https", "testserver"), f"{name}: {url!r}"
            tried += 1
    ada.refresh_from_db()
    for url in ELSEWHERE:
        assert leads_to(gone(signed_in(ada).get("/sign-in/", {"next": url}, secure=True))) == ("https", "testserver")
        page = client.get("/sign-in/", {"next": url}, secure=True)
        kept = re.findall(r'name="next" value="([^"]*)"', page.content.decode())
        assert len(kept) == 1 or page.status_code == 400  # no browser sends a NUL
        assert all(leads_to(unescape(one)) == ("https", "testserver") for one in kept), url
        tried += 2
    figure(f"open redirects: {len(leading) + 2} doors with next", f"{tried} tried, 0 led elsewhere")


def test_neither_referrer_nor_what_htmx_says_leads_to_anybody_else(client, ada, standin, figure):
    tried = 0
    for url in ELSEWHERE:
        if not url.isprintable() or not url.isascii():
            continue  # no header holds it
        answers = [
            client.post("/refresh/", headers={"Referer": url}, secure=True),
            client.get("/users/", headers={"HX-Request": "true", "HX-Current-URL": url}, secure=True),
            signed_in(ada).post(
                "/invites/1/revoke/", headers={"HX-Request": "true", "HX-Current-URL": url}, secure=True
            ),
        ]
        for answer in answers[:2]:
            assert leads_to(gone(answer)) == ("https", "testserver")
            (back,) = parse_qs(urlsplit(gone(answer)).query)["next"]
            assert leads_to(back) == ("https", "testserver")
        for link in re.findall(r'(?:href|action)="([^"]*)"', answers[2].content.decode()):
            assert leads_to(unescape(link)) == ("https", "testserver")
        tried += len(answers)
    figure("open redirects: by referrer and by htmx", f"{tried} tried, 0 led elsewhere")


def test_after_signing_in_one_is_led_to_no_other_site(client, ada, standin):
    for url in ELSEWHERE[:3]:
        answer = client.post("/sign-in/", {"username": "ada", "password": PASSWORD, "next": url}, secure=True)
        assert answer.status_code == 302 and answer["Location"] == "/"


# --- Whose name is on the door ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        f"testserver.{EVIL}",
        f"testserver@{EVIL}",
        f"{EVIL}:testserver",
        "testserver:80@x",
        "",
        "testserver/x",
        "[evil",
    ],
)
def test_a_host_that_is_not_ours_is_refused(client, db, host):
    answer = client.get("/sign-in/", headers={"Host": host})
    assert answer.status_code == 400
    assert EVIL not in answer.content.decode() + str(answer.headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": EVIL},
        {"Forwarded": f"host={EVIL};proto=http"},
        {"X-Host": EVIL},
        {"X-Forwarded-Server": EVIL},
        {"X-Original-URL": "/users/"},
        {"X-Rewrite-URL": "/users/"},
        {"X-Forwarded-Port": "8443"},
        {"X-HTTP-Method-Override": "DELETE"},
    ],
)
def test_what_else_is_said_of_the_host_or_the_address_is_not_believed(client, db, settings, headers):
    settings.SECURE_SSL_REDIRECT = True
    led = Client().get("/sign-in/", headers=headers)
    assert (led.status_code, led["Location"]) == (301, "https://testserver/sign-in/")
    page = Client().get("/sign-in/", headers=headers, secure=True)
    assert page.status_code == 200
    assert EVIL not in page.content.decode() + str(page.headers)
