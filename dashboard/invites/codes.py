"""The code in a link's address: 192 bits, computed when it is shown, never stored.

It is derived from the server's SECRET_KEY, so a stolen database opens no door, and yet a manager can copy the link again tomorrow.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac

CODE = re.compile(r"[A-Za-z0-9_-]{32}")


def new_salt() -> str:
    return secrets.token_hex(16)


def derive(salt: str, secret_key: str | bytes | None = None) -> str:
    """The code of a link with this salt: 32 characters, safe in an address."""
    digest = salted_hmac("dashboard.invites.code", salt, secret=secret_key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def hash_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def recover(salt: str, code_hash: str) -> str | None:
    """The code again; None when SECRET_KEY was changed since. The link still works for those who have it."""
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        code = derive(salt, secret_key)
        if secrets.compare_digest(hash_of(code), code_hash):
            return code
    return None
