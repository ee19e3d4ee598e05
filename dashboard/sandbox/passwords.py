"""Password rules (joi-password-complexity, as the instance words them), password hashes and session tokens."""

import base64
import functools
import hashlib
import hmac
import json
import secrets
import time

from dashboard.sandbox.config import PasswordRules
from dashboard.sandbox.js import Json

_JWT_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
_SESSION_SECONDS = 30 * 24 * 3600


def complaint(password: Json, rules: PasswordRules) -> str | None:
    """What the instance says about a password, all problems in one line; None when it is fine."""
    if not isinstance(password, str):
        return '"value" must be a string'
    if not password:
        return '"value" is not allowed to be empty'
    problems = []
    if len(password) < rules.min:
        problems.append(f"password should be at least {rules.min} characters long")
    if len(password) > rules.max:
        problems.append(f"password should not be longer than {rules.max} characters")
    classes = (
        (rules.lower, "lower-cased letters", str.islower),
        (rules.upper, "upper-cased letters", str.isupper),
        (rules.numeric, "numbers", str.isdigit),
        (rules.symbol, "symbols", lambda char: not char.isalnum()),
    )
    for wanted, name, is_one in classes:
        if sum(map(is_one, password)) < wanted:
            problems.append(f"password should contain at least {wanted} {name}")
    return ", ".join(problems) or None


def hashed(password: str) -> str:
    """Cheap on purpose (about 1 ms, the real one takes 100), but a salted one-way hash all the same."""
    salt = secrets.token_bytes(8)
    return f"{salt.hex()}${_derived(password, salt).hex()}"


@functools.cache
def hashed_once(password: str) -> str:
    """One hash for everybody who shares a seeded password: 10,000 of them would take ten seconds."""
    return hashed(password)


def matches(password: str, stored: str) -> bool:
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(_derived(password, bytes.fromhex(salt)).hex(), digest)


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=512, r=8, p=1, dklen=24)


def session_token(user_id: int, username: str, secret: bytes) -> str:
    """A JWT like the one POST /api/request-token hands out."""
    now = int(time.time())
    payload = json.dumps(
        {"id": user_id, "username": username, "iat": now, "exp": now + _SESSION_SECONDS}, separators=(",", ":")
    )
    signed = _JWT_HEADER + b"." + base64.urlsafe_b64encode(payload.encode()).rstrip(b"=")
    return (signed + b"." + _signature(signed, secret)).decode()


def session_user(token: str, secret: bytes) -> int | None:
    """The user id in a session token, None when it is not one of ours or too old."""
    signed, _, signature = token.encode().rpartition(b".")
    if not signed or not hmac.compare_digest(_signature(signed, secret), signature):
        return None
    payload = signed.partition(b".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    return int(claims["id"]) if claims["exp"] > time.time() else None


def _signature(signed: bytes, secret: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
