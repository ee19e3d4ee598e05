"""The HTTP Observatory's score of one page, by its published rules.

The rules are those of MDN's HTTP Observatory, version 2 (its scoring algorithm 4 and 5): the tests and what each result is worth stand on
developer.mozilla.org/en-US/observatory/docs/tests_and_scoring, how a result is come by in github.com/mdn/mdn-http-observatory
(src/analyzer/tests, src/grader/charts.js). Put here in words of our own. A page begins with 100; what is taken off is taken off first,
and only a page that still has 90 then gets what is given.

Nobody can see from a page whether its host is in the browsers' list of hosts that speak https only. Here none is: that is 5 less than the
most there could be, 145.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urljoin, urlsplit

BASE, ENOUGH_FOR_MORE = 100, 90
SIX_MONTHS = 15_552_000  # seconds; half a year less three days, as the Observatory counts it

WORTH = {
    "csp: nothing unsafe, default-src 'none'": 10,
    "csp: nothing unsafe": 5,
    "csp: unsafe in style-src only": 0,
    "csp: pictures over http": -10,
    "csp: eval": -10,
    "csp: unsafe": -20,
    "csp: over http": -20,
    "csp: invalid": -25,
    "csp: none": -25,
    "cookies: none": 0,
    "cookies: Secure, HttpOnly, SameSite": 5,
    "cookies: Secure, HttpOnly": 0,
    "cookies: not Secure, but with HSTS": -5,
    "cookies: session not Secure, but with HSTS": -10,
    "cookies: not Secure": -20,
    "cookies: SameSite invalid": -20,
    "cookies: token against forgery without SameSite": -20,
    "cookies: session not HttpOnly": -30,
    "cookies: session not Secure": -40,
    "cors: not open": 0,
    "cors: open to all, without credentials": 0,
    "cors: open to some": 0,
    "cors: open to all, with credentials": -50,
    "redirection: to https on the same host": 0,
    "redirection: to another host": -5,
    "redirection: first to http": -10,
    "redirection: ends at http": -20,
    "redirection: none": -20,
    "referrer: private": 5,
    "referrer: none": 0,
    "referrer: unsafe": -5,
    "referrer: invalid": -5,
    "hsts: half a year or more": 0,
    "hsts: less than half a year": -10,
    "hsts: none": -20,
    "hsts: invalid": -20,
    "sri: on scripts of one's own": 5,
    "sri: on scripts of others": 5,
    "sri: no page": 0,
    "sri: no scripts": 0,
    "sri: not needed, all scripts are one's own": 0,
    "sri: missing on scripts of others": -5,
    "sri: scripts of others not over https": -20,
    "sri: missing, and scripts of others not over https": -50,
    "type: nosniff": 0,
    "type: none": -5,
    "type: invalid": -5,
    "frames: by csp": 5,
    "frames: by header": 0,
    "frames: none": -20,
    "frames: invalid": -20,
    "corp: same origin": 10,
    "corp: same site": 10,
    "corp: cross origin": 0,
    "corp: none": 0,
    "corp: invalid": -5,
}
# From bad to worse.
BAD_COOKIES = (
    "cookies: not Secure, but with HSTS",
    "cookies: not Secure",
    "cookies: session not Secure, but with HSTS",
    "cookies: SameSite invalid",
    "cookies: token against forgery without SameSite",
    "cookies: session not HttpOnly",
    "cookies: session not Secure",
)
TOO_BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
PASSIVE = ("img-src", "media-src")


@dataclass(frozen=True)
class Visit:
    """A page as a scanner meets it. `cookies`: every Set-Cookie on the way to it; `way`: where http://host/... led, from there on;
    `preflight`: headers of the answer to an OPTIONS from another origin, `origin`.
    """

    url: str
    headers: Sequence[tuple[str, str]]
    body: str
    cookies: Sequence[str] = ()
    way: Sequence[str] = ()
    preflight: Sequence[tuple[str, str]] = ()
    origin: str = "https://http-observatory.security.mozilla.org"
    policy: dict[str, set[str]] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", parsed(self.all_of("Content-Security-Policy")))

    def all_of(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def one(self, name: str) -> str:
        return next(iter(self.all_of(name)), "").strip().lower()


def score(visit: Visit) -> tuple[int, list[str]]:
    """The score, and the results that it comes from."""
    results = [test(visit) for test in TESTS]
    worth = [WORTH[result] for result in results]
    reduced = BASE + sum(some for some in worth if some < 0)
    return max(0, BASE + sum(worth) if reduced >= ENOUGH_FOR_MORE else reduced), results


# --- Content security policy ------------------------------------------------------------------------------------------
def parsed(headers: Sequence[str]) -> dict[str, set[str]] | None:
    """Directive to its sources. None when it cannot be read: the Observatory takes no directive twice. Of several policies only what all
    allow counts.
    """
    together: dict[str, set[str]] = {}
    for policy in (one for header in headers for one in header.split(",")):
        directives: dict[str, set[str]] = {}
        for name, *sources in (part.lower().split() for part in policy.split(";") if part.strip()):
            if name in directives and name not in ("report-uri", "report-to"):
                return None
            directives.setdefault(name, set(sources) or {"'none'"})
        if not directives:
            return None
        for name, allowed in directives.items():
            together[name] = (together[name] & allowed or {"'none'"}) if name in together else allowed
    return together


def csp(visit: Visit) -> str:
    policy = visit.policy
    if policy is None:
        return "csp: invalid"
    if not policy:
        return "csp: none"
    default = policy.get("default-src", {"*"})
    script, style = policy.get("script-src", default), policy.get("style-src", default)
    for sources in (script, style):
        if any(re.match(r"'(sha256|sha384|sha512|nonce)-", source) for source in sources):
            sources.discard("'unsafe-inline'")
    active = script.union(*(sources for name, sources in policy.items() if name not in PASSIVE))
    passive = set().union(*(policy.get(name, policy.get("default-src", set())) for name in PASSIVE))
    if script & (TOO_BROAD | INLINE) or policy.get("object-src", default) & TOO_BROAD:
        return "csp: unsafe"
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return "csp: over http"
    if "'unsafe-eval'" in script | style:
        return "csp: eval"
    if any(source.startswith(("http:", "ftp:")) for source in passive):
        return "csp: pictures over http"
    if style & (TOO_BROAD | INLINE):
        return "csp: unsafe in style-src only"
    return "csp: nothing unsafe, default-src 'none'" if default == {"'none'"} else "csp: nothing unsafe"


# --- Cookies ----------------------------------------------------------------------------------------------------------
def cookies(visit: Visit) -> str:
    kept: dict[str, Morsel[str]] = {}
    for line in visit.cookies:
        kept |= SimpleCookie(line)
    if not kept:
        return "cookies: none"
    found = [problem for morsel in kept.values() for problem in _problems(morsel, hsts(visit) == SAFE_FOR_LONG)]
    if found:
        return max(found, key=BAD_COOKIES.index)
    all_same_site = all(morsel["samesite"] for morsel in kept.values())
    return "cookies: Secure, HttpOnly, SameSite" if all_same_site else "cookies: Secure, HttpOnly"


def _problems(cookie: Morsel[str], with_hsts: bool) -> list[str]:
    name, same_site = cookie.key.lower(), cookie["samesite"].lower()
    is_session = "login" in name or "sess" in name
    but = ", but with HSTS" if with_hsts else ""
    found = []
    if same_site not in ("", "lax", "strict", "none") or (same_site == "none" and not cookie["secure"]):
        found.append("cookies: SameSite invalid")
    if not cookie["secure"]:
        found.append(f"cookies: session not Secure{but}" if is_session else f"cookies: not Secure{but}")
    if "csrf" in name and not same_site:
        found.append("cookies: token against forgery without SameSite")
    if is_session and not cookie["httponly"]:
        found.append("cookies: session not HttpOnly")
    return found


# --- The line ---------------------------------------------------------------------------------------------------------
SAFE_FOR_LONG = "hsts: half a year or more"


def hsts(visit: Visit) -> str:
    said = visit.one("Strict-Transport-Security")
    if not said:
        return "hsts: none"
    ages = [part.strip()[8:] for part in said.split(";") if part.strip().startswith("max-age=")]
    if "," in said or not ages or not ages[-1].isdecimal():
        return "hsts: invalid"
    return SAFE_FOR_LONG if int(ages[-1]) >= SIX_MONTHS else "hsts: less than half a year"


def redirection(visit: Visit) -> str:
    way = [urlsplit(url) for url in visit.way]
    if len(way) == 1:
        return "redirection: none"
    if way[-1].scheme != "https":
        return "redirection: ends at http"
    if way[1].scheme == "http":
        return "redirection: first to http"
    same_host = way[0].hostname == way[1].hostname
    return "redirection: to https on the same host" if same_host else "redirection: to another host"


# --- Who may look in --------------------------------------------------------------------------------------------------
def cors(visit: Visit) -> str:
    said = {name.lower(): value.strip().lower() for name, value in visit.preflight}
    allowed = said.get("access-control-allow-origin")
    if not allowed:
        return "cors: not open"
    if allowed == "*":
        return "cors: open to all, without credentials"
    with_credentials = said.get("access-control-allow-credentials") == "true"
    return (
        "cors: open to all, with credentials" if allowed == visit.origin and with_credentials else "cors: open to some"
    )


def referrer(visit: Visit) -> str:
    private = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
    unsafe = ("origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade")
    said = ",".join(visit.all_of("Referrer-Policy")).lower()
    if not said:
        return "referrer: none"
    known = [policy for policy in (part.strip() for part in said.split(",")) if policy in private + unsafe]
    if not known:
        return "referrer: invalid"
    return "referrer: private" if known[-1] in private else "referrer: unsafe"


def frames(visit: Visit) -> str:
    if visit.policy and "frame-ancestors" in visit.policy:
        return "frames: by csp"
    said = visit.one("X-Frame-Options")
    if not said:
        return "frames: none"
    good = said in ("deny", "sameorigin") or said.startswith("allow-from")
    return "frames: by header" if good else "frames: invalid"


def corp(visit: Visit) -> str:
    said = visit.one("Cross-Origin-Resource-Policy")
    known = {"": "none", "same-origin": "same origin", "same-site": "same site", "cross-origin": "cross origin"}
    return f"corp: {known.get(said, 'invalid')}"


def content_type(visit: Visit) -> str:
    said = visit.one("X-Content-Type-Options")
    return {"": "type: none", "nosniff": "type: nosniff"}.get(said, "type: invalid")


# --- Scripts ----------------------------------------------------------------------------------------------------------
class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.found.append({name: value or "" for name, value in attrs})


def sri(visit: Visit) -> str:
    if visit.one("Content-Type").partition(";")[0].strip() not in ("text/html", "application/xhtml+xml", ""):
        return "sri: no page"
    parser = _Scripts()
    parser.feed(visit.body)
    if not parser.found:
        return "sri: no scripts"
    own = [script for script in parser.found if _is_own(visit, script.get("src", ""))]
    bad = []
    for script in (script for script in parser.found if script not in own):
        over_https = script["src"].startswith("https://")  # what begins with // takes what it gets
        if not over_https:
            bad.append("sri: scripts of others not over https" if script.get("integrity") else WORST_SCRIPT)
        elif not script.get("integrity"):
            bad.append("sri: missing on scripts of others")
    if bad:
        return min(bad, key=WORTH.__getitem__)
    if len(own) < len(parser.found):
        return "sri: on scripts of others"
    some = any(script.get("integrity") for script in own)
    return "sri: on scripts of one's own" if some else "sri: not needed, all scripts are one's own"


WORST_SCRIPT = "sri: missing, and scripts of others not over https"


def _is_own(visit: Visit, source: str) -> bool:
    return not source.startswith("//") and urlsplit(urljoin(visit.url, source)).hostname == urlsplit(visit.url).hostname


TESTS = (csp, cookies, cors, redirection, referrer, hsts, sri, content_type, frames, corp)
