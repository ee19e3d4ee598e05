"""The documents on disk and in the vector database: folders, embedding into workspaces, search."""

import contextlib
import json
import re
from functools import lru_cache

from dashboard.sandbox import js
from dashboard.sandbox.collector import Document
from dashboard.sandbox.config import Config
from dashboard.sandbox.store import DatabaseError, Row, Store, new_uuid, stamps

CUSTOM = "custom-documents"
_CHUNK = 1000
# fmt: off
_STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "did", "do", "does", "for", "from", "had", "has",
    "have", "how", "i", "if", "in", "is", "it", "its", "many", "me", "much", "my", "not", "of", "on", "or",
    "our", "please", "say", "shall", "should", "that", "the", "their", "them", "there", "they", "this", "to",
    "was", "we", "were", "what", "when", "where", "which", "who", "whom", "why", "will", "with", "would",
    "you", "your", "see", "tell", "give", "hello", "hi",
))
# fmt: on


class EmbedderError(Exception):
    """The embedding provider failed, in its words."""


def save(store: Store, folder: str, document: Document) -> str:
    """Keep a document, in place of one of that name; its location "folder/name.json"."""
    disk = store.on_disk
    disk.write("mkdir", "INSERT OR IGNORE INTO folders (name) VALUES (?)", folder)
    values = {"folder": folder, "name": document.name, "meta": js.stringify(document.meta), "text": document.text}
    disk.write("unlink", "DELETE FROM files WHERE folder = ? AND name = ?", folder, document.name)
    disk.insert("writeFile", "files", values)
    return f"{folder}/{document.name}"


def find(store: Store, location: str) -> Row | None:
    folder, _, name = location.rpartition("/")
    sql = "SELECT folder, name, meta, text, cached FROM files WHERE folder = ? AND name = ?"
    return store.on_disk.one(sql, folder, name)


def forget(store: Store, location: str) -> None:
    """Erase a document everywhere."""
    folder, _, name = location.rpartition("/")
    with contextlib.suppress(DatabaseError):
        store.write("workspace_documents.deleteMany", "DELETE FROM workspace_documents WHERE docpath = ?", location)
    store.on_disk.write("unlink", "DELETE FROM files WHERE folder = ? AND name = ?", folder, name)


def embed(store: Store, config: Config, workspace_id: int, location: str) -> bool:
    """Put a document into a workspace's vectors; false when it is unknown or the embedder fails. The same one twice is there twice."""
    file = find(store, location)
    if not file or not file["text"].strip():
        return False
    meta = json.loads(file["meta"])
    try:
        embedder_check(config, file["text"])
        values = {"docId": new_uuid(), "filename": file["name"], "docpath": location, "workspaceId": workspace_id}
        document_id = store.insert(
            "workspace_documents.create", "workspace_documents", {**values, "metadata": file["meta"], **stamps()}
        )
        for chunk in chunks(meta, file["text"]):
            vector = {
                "id": new_uuid(),
                "workspaceId": workspace_id,
                "documentId": document_id,
                "meta": file["meta"],
                "text": chunk,
            }
            store.insert("vectors.create", "vectors", vector)
    except (EmbedderError, DatabaseError):
        return False
    store.write(
        "files.update", "UPDATE files SET cached = 1 WHERE folder = ? AND name = ?", file["folder"], file["name"]
    )
    return True


def unembed(store: Store, workspace_id: int, location: str) -> None:
    sql = "DELETE FROM workspace_documents WHERE workspaceId = ? AND docpath = ?"
    with contextlib.suppress(DatabaseError):
        store.write("workspace_documents.delete", sql, workspace_id, location)


def embedder_check(config: Config, text: str) -> None:
    """Raises EmbedderError when the embedder is down or told to fail."""
    if not config.embedder_up:
        raise EmbedderError("Connection error.")
    if "EMBEDFAIL" in text:
        raise EmbedderError("GenericOpenAI Failed to embed: 500 The embedding stand-in failed on purpose (EMBEDFAIL).")


def search(store: Store, config: Config, workspace_id: int, question: str, *, threshold: float, top: int) -> list[Row]:
    """The best chunks, `{id, text, meta, score}`, best first. Raises EmbedderError."""
    embedder_check(config, question)
    wanted = words(question)
    rows = store.all("SELECT id, text, meta FROM vectors WHERE workspaceId = ? ORDER BY rowid", workspace_id)
    for row in rows:
        row["score"] = _score(wanted, row["text"])
        row["meta"] = json.loads(row["meta"])
    found = [row for row in rows if row["score"] >= threshold]
    return sorted(found, key=lambda row: -row["score"])[:top]


def _score(wanted: frozenset[str], text: str) -> float:
    """How much of the question is in the text, 0 to 0.95. Short texts win among equals."""
    there = words(text)
    if not wanted:
        return 0.0
    common = len(wanted & there)
    return 0.85 * common / len(wanted) + 0.1 * min(1.0, 5 * common / max(1, len(there)))


@lru_cache(maxsize=8192)
def words(text: str) -> frozenset[str]:
    """The words that carry meaning, without plural s."""
    found = re.findall(r"\w+", text.partition("</document_metadata>")[2] or text)
    return frozenset(_stem(word) for word in map(str.lower, found) if word not in _STOP_WORDS)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def chunks(meta: Row, text: str) -> list[str]:
    """What is embedded: pieces of about a thousand characters, cut between sentences, each headed by what document it is from."""
    head = f"<document_metadata>\nsourceDocument: {meta['title']}\npublished: {meta['published']}\n</document_metadata>\n\n"
    pieces = [""]
    for sentence in re.split(r"(?<=[.!?\n])(?=\s)", text) if len(text) > _CHUNK else [text]:
        if len(pieces[-1]) + len(sentence) > _CHUNK and pieces[-1]:
            pieces.append("")
        pieces[-1] += sentence
    whole = [piece[start : start + _CHUNK] for piece in pieces for start in range(0, len(piece), _CHUNK)]
    return [head + piece.strip() for piece in whole if piece.strip()]


def listed(store: Store, row: Row) -> Row:
    """A file as lists show it. `cached` says that vectors were made once, not that it is in a workspace."""
    pinned = store.all(
        "SELECT DISTINCT workspaceId AS id FROM workspace_documents WHERE docpath = ? AND pinned",
        f"{row['folder']}/{row['name']}",
    )
    where = {"canWatch": False, "pinnedWorkspaces": [found["id"] for found in pinned], "watched": False}
    return {**described(row), **where}


def described(row: Row) -> Row:
    return {"name": row["name"], "type": "file", **json.loads(row["meta"]), "cached": bool(row["cached"])}


def folders(store: Store) -> list[str]:
    """Top level only, custom-documents first."""
    names = [
        row["name"] for row in store.on_disk.all("SELECT name FROM folders WHERE name NOT LIKE '%/%' ORDER BY name")
    ]
    return sorted(names, key=lambda name: name != CUSTOM)


def files_in(store: Store, folder: str) -> list[Row]:
    return store.on_disk.all("SELECT folder, name, meta, cached FROM files WHERE folder = ? ORDER BY name", folder)


def all_files(store: Store) -> list[Row]:
    """The whole tree."""
    pins: dict[str, list[int]] = {}
    for row in store.all("SELECT DISTINCT docpath, workspaceId FROM workspace_documents WHERE pinned"):
        pins.setdefault(row["docpath"], []).append(row["workspaceId"])
    items: dict[str, list[Row]] = {name: [] for name in folders(store)}
    for row in store.on_disk.all("SELECT folder, name, meta, cached FROM files ORDER BY name"):
        where = {
            "canWatch": False,
            "pinnedWorkspaces": pins.get(f"{row['folder']}/{row['name']}", []),
            "watched": False,
        }
        items.setdefault(row["folder"], []).append({**described(row), **where})
    return [{"name": name, "type": "folder", "items": files} for name, files in items.items()]
