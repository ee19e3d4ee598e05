"""Recovery codes until their person says that they have them.

The instance shows them once, at the very first sign-in, and never again: with a session that ends before, they would be lost for good. So
they are kept for a while, sealed with SECRET_KEY; with another key they cannot be read any more.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from datetime import timedelta

from django.core import signing
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from dashboard.accounts.models import KeptCodes, Operator

KEPT_FOR = timedelta(days=30)
SALT = "dashboard.accounts.codes"


def keep(operator: Operator, codes: Collection[str]) -> None:
    until = timezone.now() + KEPT_FOR
    KeptCodes.objects.update_or_create(operator=operator, defaults={"sealed": _sealed(codes), "until": until})


def kept(operator: Operator) -> tuple[str, ...]:
    """Those that the person has not said to have; none after KEPT_FOR."""
    KeptCodes.objects.filter(until__lt=timezone.now()).delete()
    row = KeptCodes.objects.filter(operator=operator).first()
    return _opened(row.sealed) if row else ()


def forget(operator: Operator) -> None:
    KeptCodes.objects.filter(operator=operator).delete()


def _sealed(codes: Collection[str]) -> str:
    nonce = get_random_string(32)
    hidden = base64.b64encode(_hidden(json.dumps(list(codes)).encode(), nonce)).decode()
    return signing.dumps([nonce, hidden], salt=SALT)


def _opened(sealed: str) -> tuple[str, ...]:
    try:
        nonce, hidden = signing.loads(sealed, salt=SALT)
        return tuple(json.loads(_hidden(base64.b64decode(hidden), nonce)))
    except (signing.BadSignature, ValueError):
        return ()


def _hidden(text: bytes, nonce: str) -> bytes:
    """The text under a stream of bytes that only who has SECRET_KEY can make: the same again gives the text. A nonce is used once."""
    stream = b""
    while len(stream) < len(text):
        stream += salted_hmac(SALT, f"{nonce}:{len(stream)}", algorithm="sha512").digest()
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))
