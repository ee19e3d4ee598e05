"""A document's key is its path, "folder/name-uuid.json": what can be told from it alone."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

_UUID = re.compile(r"-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json$")
_OWN = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-msg-\d+)?\.json$")  # also of a letter of a mail box
_SHEET = re.compile(r"\.([a-z]{1,5}) [-–] Sheet: ?.*$", re.DOTALL | re.IGNORECASE)


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def is_folder_name(name: str) -> bool:
    """Whether a folder can be reached by this name: a plain name, which the instance takes as it is."""
    return bool(name) and name == name.strip() and name not in (".", "..") and not set(name) & set("/\\")


def is_unique(path: str) -> bool:
    """Whether no other document has this name: the instance gives sheets the names of the sheets alone."""
    return _OWN.search(path) is not None


def moved_to(path: str, folder: str) -> str:
    """Where a document comes to lie in another folder. The instance moves it over whatever has its name there, so it gets one of its own:
    always the same, so that it is found again.
    """
    name = path.rpartition("/")[2]
    if not is_unique(name):
        name = f"{name.removesuffix('.json')}-{uuid5(NAMESPACE_URL, path)}.json"
    return f"{folder}/{name}"


def key_of(path: str) -> str:
    """The document's uuid, which stays the same when it is moved: its id in the ledger and in jobs. At most 36 characters."""
    name = path.rpartition("/")[2]
    found = _UUID.search(name)
    return found[1] if found else hashlib.sha256((name if is_unique(name) else path).encode()).hexdigest()[:32]


@lru_cache(maxsize=50_000)  # asked of every document for every page
def type_of(path: str) -> str:
    """The extension of the file that it was made of (or that a title ends with), in lower case without the dot ("pdf"); empty where there is none."""
    name = path.rpartition("/")[2]
    if sheet := _SHEET.search(name):
        return sheet[1].lower()
    # In the library every name ends with .json, which says nothing of the file.
    original = _OWN.sub("", name) if is_unique(name) else name.removesuffix(".json") if "/" in path else name
    stem, dot, extension = original.rpartition(".")
    known = dot and stem and len(extension) <= 5 and extension.isalnum() and not extension.isdigit()
    return extension.lower() if known else ""


def pair_key(workspace_id: int, path: str) -> str:
    """Of a document and a workspace: the key of the items of jobs that put in and take out."""
    return f"{workspace_id}-{key_of(path)}"
