"""Files of questions that wait to be asked: on disk, readable to nobody else, until the question is asked or never will be."""

from __future__ import annotations

import base64
import os
import shutil
import time
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings

from dashboard.chat.attachments import Attached
from dashboard.environment import made

STILL_WRITTEN = 600.0  # seconds after which a file that belongs to no question is nobody's

Kept = dict[str, Any]  # name, mime (of the instance), type (of the data URL), file (its name here), size


def keep(attached: Sequence[Attached]) -> list[Kept]:
    """Writes them down."""
    kept: list[Kept] = []
    try:
        for file, mime, kind in attached:
            kept.append(
                {"name": file.name or "", "mime": mime, "type": kind, "file": uuid.uuid4().hex, "size": file.size}
            )
            file.seek(0)
            path = made(settings.QUESTIONS_DIR) / kept[-1]["file"]
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as into:
                shutil.copyfileobj(file, into)
    except BaseException:
        drop(kept)
        raise
    return kept


def taken(kept: Sequence[Kept]) -> list[dict[str, str]]:
    """As the instance takes them; they are not kept any longer. Raises OSError when one cannot be read."""
    try:
        return [_as_sent(file) for file in kept]
    finally:
        drop(kept)


def _as_sent(file: Kept) -> dict[str, str]:
    # The part before the comma is a header that the instance reads no further than to its comma.
    content = base64.b64encode((settings.QUESTIONS_DIR / file["file"]).read_bytes()).decode()
    return {"name": file["name"], "mime": file["mime"], "contentString": f"data:{file['type']};base64,{content}"}


def drop(kept: Sequence[Kept]) -> None:
    for file in kept:
        with suppress(OSError):  # the sweep comes by again
            (settings.QUESTIONS_DIR / file["file"]).unlink()


def sweep(wanted: Collection[str]) -> None:
    """Throws away what belongs to none of the questions that wait, as after a crash."""
    for path in made(settings.QUESTIONS_DIR).iterdir():
        with suppress(OSError):
            if path.name not in wanted and time.time() - path.stat().st_mtime > STILL_WRITTEN:
                path.unlink()
