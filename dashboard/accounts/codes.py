"""Recovery codes until their person says that they have them.

The instance shows them once, at the very first sign-in, and never again: with a session that ends before, they would be lost for good. So
they are kept for a while, encrypted with a key made of SECRET_KEY; with another key they cannot be read any more.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard import clock
from dashboard.accounts.models import KeptCodes, Operator

KEPT_FOR = timedelta(days=30)
SALT = "dashboard.accounts.codes"


def keep(operator: Operator, codes: Collection[str]) -> None:
    until = timezone.now() + KEPT_FOR
    KeptCodes.objects.update_or_create(operator=operator, defaults={"sealed": _sealed(codes), "until": until})


def kept(operator: Operator) -> tuple[str, ...]:
    """Those that the person has not said to have; none after KEPT_FOR."""
    row = KeptCodes.objects.filter(operator=operator, until__gte=timezone.now()).first()
    return _opened(row.sealed) if row else ()


def forget(operator: Operator) -> None:
    KeptCodes.objects.filter(operator=operator).delete()


def sweep() -> None:
    """Throws away what is kept no longer. Not by a clock that may be wrong: the instance never shows a code again."""
    if clock.believed():
        KeptCodes.objects.filter(until__lt=timezone.now()).delete()


def _sealed(codes: Collection[str]) -> str:
    return _box().encrypt(json.dumps(list(codes)).encode()).decode()


def _opened(sealed: str) -> tuple[str, ...]:
    try:
        return tuple(json.loads(_box().decrypt(sealed)))
    except InvalidToken:
        return ()


def _box() -> MultiFernet:
    """With a key made of SECRET_KEY; what an earlier one has sealed is opened, too."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(SALT, "codes", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
