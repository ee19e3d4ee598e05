"""What the instance has right now: one document, or those of one folder. Nothing here is remembered."""

from __future__ import annotations

from dashboard import instance
from dashboard.anythingllm import Document, NotAnythingLLM, NotFound
from dashboard.documents.paths import folder_of, is_unique


def is_there(path: str | None) -> bool:
    """Whether the library has the document now. Raises ApiError."""
    if not path:
        return False
    if not is_unique(path):  # the instance looks for a name alone, and finds any document of that name in any folder
        return any(document.path == path for document in in_folder(folder_of(path)) or ())
    try:
        return instance.connect().documents.get(path) is not None
    except NotFound:
        return False


def in_folder(name: str) -> tuple[Document, ...] | None:
    """As it is now, without opening the files of all other folders; None when there is no such folder."""
    client = instance.connect().documents
    try:
        return client.in_folder(name).documents
    except (NotFound, NotAnythingLLM):
        # Before v1.7.5 there is only the whole tree. And a 404 may come from whatever stands between: that a folder is not there decides
        # what is erased and what is told to be gone, so two have to say it.
        return next((folder.documents for folder in client.get_folders() if folder.name == name), None)
