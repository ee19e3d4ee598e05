"""That the score is the one of the published rules: sites as they are found, and what each is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.secrets.observatory import Visit, score

POLICY = "default-src 'none'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
GOOD = Visit(
    url="https://foyer.example.com/",
    headers=list(HEADERS.items()),
    body='<!doctype html><script src="/app.js"></script>',
    cookies=["foyer_session=1; Secure; HttpOnly; SameSite=Lax", "foyer_csrf=2; Secure; HttpOnly; SameSite=Lax"],
    way=["http://foyer.example.com/", "https://foyer.example.com/"],
)


def points(**changes: object) -> int:
    return score(replace(GOOD, **changes))[0]


def with_headers(**changes: str | None) -> int:
    changed = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
    return points(headers=[(name, value) for name, value in changed.items() if value is not None])


def test_a_good_page_has_135():
    assert score(GOOD) == (
        135,
        [
            "csp: nothing unsafe, default-src 'none'",
            "cookies: Secure, HttpOnly, SameSite",
            "cors: not open",
            "redirection: to https on the same host",
            "referrer: private",
            "hsts: half a year or more",
            "sri: not needed, all scripts are one's own",
            "type: nosniff",
            "frames: by csp",
            "corp: same origin",
        ],
    )


def test_a_page_that_cares_for_nothing_has_next_to_nothing():
    bare = Visit("https://foyer.example.com/", [("Content-Type", "text/html")], "", way=["http://foyer.example.com/"])
    assert score(bare)[0] == 100 - 25 - 20 - 20 - 5 - 20


def test_what_is_given_counts_only_from_90_on():
    assert with_headers(Strict_Transport_Security="max-age=60") == 135 - 10
    assert with_headers(Strict_Transport_Security="max-age=60", X_Content_Type_Options=None) == 100 - 15


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, 75),
        (POLICY.replace("'none'; script", "'self'; script"), 130),
        (POLICY.replace("'self'; img", "'self' 'unsafe-inline'; img"), 80),
        (POLICY.replace("'self'; img", "'self' 'unsafe-eval'; img"), 115),
        (POLICY.replace("'self'; img", "'self' https:; img"), 80),
        (POLICY.replace("'self'; img", "'self' http://cdn.example; img"), 80),
        (POLICY.replace("data:", "http://pictures.example"), 115),
        (POLICY + "; style-src 'unsafe-inline'", 125),
        (POLICY.replace("default-src 'none'; ", ""), 80),
        (POLICY + "; img-src 'none'", 75),
        ("img-src 'self'", 80),
    ],
)
def test_a_policy_is_judged_by_what_it_allows(policy, expected):
    assert with_headers(Content_Security_Policy=policy) == expected


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("foyer_session=1; Secure; HttpOnly", 130),
        ("theme=1; HttpOnly; SameSite=Lax", 125),
        ("foyer_session=1; HttpOnly; SameSite=Lax", 120),
        ("foyer_session=1; Secure; SameSite=Lax", 70),
        ("foyer_csrf=1; Secure; HttpOnly", 80),
        ("theme=1; Secure; SameSite=Maybe", 80),
        ("theme=1; SameSite=None", 80),
    ],
)
def test_a_cookie_is_judged_by_its_flags(cookie, expected):
    assert points(cookies=[cookie]) == expected


def test_without_cookies_nothing_is_given_and_nothing_taken():
    assert points(cookies=[]) == 130


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (["http://foyer.example.com/"], 80),
        (["http://foyer.example.com/", "http://foyer.example.com/a/"], 80),
        (["http://foyer.example.com/", "http://foyer.example.com/a/", "https://foyer.example.com/"], 125),
        (["http://foyer.example.com/", "https://elsewhere.example/"], 130),
    ],
)
def test_the_way_to_https_is_judged(way, expected):
    assert points(way=way) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Referrer-Policy", None, 130),
        ("Referrer-Policy", "unsafe-url", 125),
        ("Referrer-Policy", "nonsense", 125),
        ("Referrer-Policy", "unsafe-url, no-referrer", 135),
        ("Strict-Transport-Security", None, 80),
        ("Strict-Transport-Security", "includeSubDomains", 80),
        ("X-Content-Type-Options", None, 130),
        ("Cross-Origin-Resource-Policy", None, 125),
        ("Cross-Origin-Resource-Policy", "cross-origin", 125),
        ("Cross-Origin-Resource-Policy", "nonsense", 120),
    ],
)
def test_a_header_is_judged(name, value, expected):
    assert with_headers(**{name: value}) == expected


def test_who_frames_is_judged_without_a_policy_by_the_header():
    policy = POLICY.replace("; frame-ancestors 'none'", "")
    assert with_headers(Content_Security_Policy=policy) == 130
    assert with_headers(Content_Security_Policy=policy, X_Frame_Options=None) == 80
    assert with_headers(Content_Security_Policy=policy, X_Frame_Options="maybe") == 80


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('<script src="/a.js" integrity="sha256-a"></script>', 140),
        ("", 135),
        ('<script src="https://cdn.example/a.js" integrity="sha256-a"></script>', 140),
        ('<script src="https://cdn.example/a.js"></script>', 130),
        ('<script src="//cdn.example/a.js" integrity="sha256-a"></script>', 80),
        ('<script src="http://cdn.example/a.js"></script>', 50),
    ],
)
def test_scripts_of_others_are_judged(script, expected):
    assert points(body=script) == expected


def test_who_opens_to_all_with_credentials_loses_half():
    opened = [("Access-Control-Allow-Origin", GOOD.origin), ("Access-Control-Allow-Credentials", "true")]
    assert points(preflight=opened) == 50
    assert points(preflight=opened[:1]) == points(preflight=[("Access-Control-Allow-Origin", "*")]) == 135
