"""A document's key is its path, "folder/name-uuid.json": what can be told from it alone."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

_UUID = re.compile(r"-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json$")


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def key_of(path: str) -> str:
    """The document's uuid, which stays the same when it is moved: its id in the ledger and in jobs. At most 36 characters."""
    name = path.rpartition("/")[2]
    found = _UUID.search(name)
    return found[1] if found else hashlib.sha256(name.encode()).hexdigest()[:32]


@lru_cache(maxsize=50_000)  # asked of every document for every page
def type_of(path: str) -> str:
    """The extension of the file that it was made of (or that a title ends with), in lower case without the dot ("pdf"); empty where there is none."""
    original = _UUID.sub("", path.rpartition("/")[2])
    stem, dot, extension = original.rpartition(".")
    known = dot and stem and len(extension) <= 5 and extension.isalnum() and not extension.isdigit()
    return extension.lower() if known else ""


def pair_key(workspace_id: int, path: str) -> str:
    """Of a document and a workspace: the key of the items of jobs that put in and take out."""
    return f"{workspace_id}-{key_of(path)}"
