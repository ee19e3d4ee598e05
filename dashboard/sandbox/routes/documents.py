"""Documents: upload, list, folders."""

import asyncio
import json
import mimetypes
import posixpath
import re
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from dashboard.sandbox import collector, js, library
from dashboard.sandbox.collector import Document, UnreadableError
from dashboard.sandbox.http import Call, Endpoints, ThrownError, api_key, json_answer, send_status
from dashboard.sandbox.js import Json
from dashboard.sandbox.store import Row, Store

endpoints = Endpoints()

_GENERATED = r"[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.\w+"
_SCHEMA = {
    "url": "string | nullable",
    "title": "string",
    "docAuthor": "string | nullable",
    "description": "string | nullable",
}
_SCHEMA |= {
    "docSource": "string | nullable",
    "chunkSource": "string | nullable",
    "published": "epoch timestamp in ms | nullable",
}


@endpoints.add("POST", "/v1/document/upload", api_key)
@endpoints.add("POST", "/v1/document/upload/{folder}", api_key, since="1.7.5")
async def upload(call: Call) -> Response:
    """One file a request. Whatever is wrong with the file is a 500."""
    try:
        fields, files = await _form(call)
    except MultiPartException as error:
        return _refused(f"Invalid file upload. {error.message}")
    if len(files) > 1 or any(field != "file" for field, _, _ in files):
        return _refused("Invalid file upload. Unexpected field")
    slugs = _slugs(call, fields.get("addToWorkspaces"))
    if isinstance(slugs, Response):
        return slugs
    if not files:
        raise ThrownError("Cannot destructure property 'originalname' of 'request.file' as it is undefined.")
    _, filename, content = files[0]
    if not call.app.config.collector_up:
        return _collector_is_down(f"Document {filename} will not be processed automatically.")
    # Two uploads of one name at a time share one place on disk: one gets the other's content, the rest nothing.
    call.app.hotdir[filename] = content
    await asyncio.sleep(call.app.config.processing)
    if collector.KILLER in content:
        call.app.config.collector_up = False
    if not call.app.config.collector_up:  # it died of this file, or of one that was being read at the same time
        return _refused("fetch failed")
    folder = _inside(call.params.get("folder", library.CUSTOM))
    try:
        documents = collector.all_from_file(filename, _taken(call, filename), _json_object(fields.get("metadata")))
    except UnreadableError as error:
        return json_answer({"success": False, "error": str(error), "documents": []}, 500)
    return _kept(call, folder, documents, slugs, named="folder" in call.params)


async def _form(call: Call) -> tuple[dict[str, Any], list[tuple[str, str, bytes]]]:
    """Text fields (a list when one comes twice) and files as (field, safe name, content). Raises MultiPartException."""
    fields: dict[str, Any] = {}
    files: list[tuple[str, str, bytes]] = []
    if call.request.headers.get("content-type", "").startswith("multipart/"):
        async with call.request.form() as form:
            for name in form:
                values = form.getlist(name)
                files += [
                    (name, _safe_name(file.filename or ""), await file.read())
                    for file in values
                    if isinstance(file, UploadFile)
                ]
                texts = [value for value in values if isinstance(value, str)]
                if texts:
                    fields[name] = texts if len(texts) > 1 else texts[0]
    return fields, files


def _taken(call: Call, filename: str) -> bytes:
    if filename not in call.app.hotdir:
        raise UnreadableError("File does not exist in upload directory.")
    return call.app.hotdir.pop(filename)


@endpoints.add("POST", "/v1/document/upload-link", api_key)
async def upload_link(call: Call) -> Response:
    slugs = _slugs(call, call.body.get("addToWorkspaces"))
    if isinstance(slugs, Response):
        return slugs
    link = call.body.get("link")
    if not call.app.config.collector_up:
        return _collector_is_down(f"Link {js.string(link)} will not be processed automatically.")
    if not js.truthy(link):
        return json_answer({"success": False}, 500)
    try:
        document = await collector.from_link(js.string(link), any_ip=call.app.config.any_ip)
    except UnreadableError as error:
        return json_answer({"success": False, "error": str(error), "documents": []}, 500)
    return _kept(call, library.CUSTOM, [document], slugs)


@endpoints.add("POST", "/v1/document/raw-text", api_key)
def raw_text(call: Call) -> Response:
    slugs = _slugs(call, call.body.get("addToWorkspaces"))
    if isinstance(slugs, Response):
        return slugs
    if not call.app.config.collector_up:
        return _collector_is_down("Request will not be processed.")
    meta = call.body.get("metadata", {})
    if isinstance(meta, str):
        meta = _json_object(meta)
    if meta is None:
        raise ThrownError("Cannot convert undefined or null to object")
    if not isinstance(meta, dict) or not js.truthy(meta.get("title")):
        words = "You are missing required metadata key:value pairs in your request. Required metadata key:values are 'title'"
        return json_answer({"success": False, "error": words}, 422)
    text = call.body.get("textContent")
    if not js.truthy(text):
        return json_answer({"success": False, "error": "The 'textContent' key cannot have an empty value."}, 422)
    try:
        document = collector.from_text(text, meta)
    except UnreadableError as error:
        return json_answer({"success": False, "error": str(error), "documents": []}, 500)
    return _kept(call, library.CUSTOM, [document], slugs)


def _collector_is_down(rest: str) -> Response:
    return _refused(f"Document processing API is not online. {rest}")


def _refused(words: str) -> Response:
    return json_answer({"success": False, "error": words}, 500)


def _kept(call: Call, folder: str, documents: list[Document], slugs: list[str], *, named: bool = False) -> Response:
    """Store all and embed the first. Unknown workspaces and a failing embedder change nothing in the answer.

    What has a folder of its own is moved from there when another was chosen: over whatever has its name, and the folder stays.
    """
    own = next((document.folder for document in documents if document.folder), "")
    if own and named:
        call.store.on_disk.write("mkdir", "INSERT OR IGNORE INTO folders (name) VALUES (?)", own)
    folder = folder if named or not own else own
    locations = [library.save(call.store, folder, document) for document in documents]
    for slug in slugs:
        workspace = call.store.one("SELECT id FROM workspaces WHERE slug = ?", slug)
        if workspace:
            library.embed(call.store, call.app.config, workspace["id"], locations[0])
    shown = [{**document.shown(folder), **({"name": document.name} if named else {})} for document in documents]
    return json_answer({"success": True, "error": None, "documents": shown})


def _slugs(call: Call, value: Json) -> list[str] | Response:
    """The slugs in a comma-separated list, lower-cased; 422 for anything but text."""
    if not js.truthy(value) or not call.app.config.since("1.8.1"):
        return []
    if not isinstance(value, str):
        words = f"addToWorkspaces must be a string of comma-separated workspace slugs. Got {js.type_of(value)}"
        return json_answer({"success": False, "error": words}, 422)
    return [slug.strip().lower() for slug in value.split(",") if slug.strip()]


def _json_object(text: Json) -> Row:
    try:
        parsed = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _safe_name(filename: str) -> str:
    return re.sub(r'[<>:"|?*\\]', "", posixpath.basename(filename))


def _inside(path: Json) -> str:
    """A path below the documents folder, `..` at the front cut off. Raises ThrownError."""
    if not isinstance(path, str):
        raise ThrownError("filepath.trim is not a function")
    normal = re.sub(r"^(\.\.(/|\\|$))+", "", posixpath.normpath(path.strip() or ".")).strip()
    if normal in ("..", ".", "/"):
        raise ThrownError("Invalid path.")
    return normal.strip("/")


@endpoints.add("GET", "/v1/documents", api_key)
def document_list(call: Call) -> Response:
    """The whole tree, or a page of one folder."""
    folder = call.query.get("folder")
    if not folder or not call.app.config.since("1.16.0"):
        return json_answer(
            {"localFiles": {"name": "documents", "type": "folder", "items": library.all_files(call.store)}}
        )
    return _folder(call, folder, 100, code=True)


@endpoints.add("GET", "/v1/documents/folder/{folder}", api_key, since="1.7.5")
def folder_read(call: Call) -> Response:
    return _folder(call, call.params["folder"], None, code=False)


def _folder(call: Call, name: str, default_limit: int | None, *, code: bool) -> Response:
    name = _inside(name)
    if name not in library.folders(call.store):
        words = f'Folder "{name}" does not exist.'
        missing = {"folder": name, "documents": [], "totalCount": 0, "hasMore": False}
        return json_answer({**missing, **({"code": 404} if code else {}), "error": words}, 404)
    rows = library.files_in(call.store, name)
    offset = js.parse_int(call.query.get("offset", "")) or 0
    limit = default_limit
    asked = js.parse_int(call.query.get("limit", ""))
    if call.query.get("limit") == "all":
        limit = None
    elif asked and asked > 0:
        limit = min(asked, 1000)
    start = max(0, offset)
    page = rows[start:] if limit is None else rows[start : start + limit]
    shown = [library.listed(call.store, row) for row in page]
    told = {"folder": name, "documents": shown, "totalCount": len(rows), "hasMore": start + len(page) < len(rows)}
    return json_answer({**told, **({"code": 200} if code else {}), "error": None})


@endpoints.add("GET", "/v1/document/accepted-file-types", api_key)
def accepted_types(call: Call) -> Response:
    return json_answer({"types": collector.ACCEPTED_TYPES}) if call.app.config.collector_up else send_status(404)


@endpoints.add("GET", "/v1/document/metadata-schema", api_key)
def metadata_schema(call: Call) -> Response:
    return json_answer({"schema": _SCHEMA})


@endpoints.add("GET", "/v1/document/generated-files/{name}", api_key, since="1.13.0")
def generated_file(call: Call) -> Response:
    name = call.params["name"]
    if not re.fullmatch(_GENERATED, name):
        return json_answer({"error": "Invalid filename format"}, 400)
    row = call.store.on_disk.one("SELECT content FROM generated_files WHERE name = ?", name)
    if not row:
        return json_answer({"error": "File not found"}, 404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(
        row["content"], headers={"content-type": kind, "content-disposition": f'attachment; filename="{name}"'}
    )


@endpoints.add("GET", "/v1/document/{name}", api_key)
def document_read(call: Call) -> Response:
    row = call.store.on_disk.one(
        "SELECT folder, name, meta, cached FROM files WHERE name = ? ORDER BY folder", call.params["name"]
    )
    return json_answer({"document": library.described(row)}) if row else send_status(404)


@endpoints.add("POST", "/v1/document/create-folder", api_key)
def folder_new(call: Call) -> Response:
    try:
        name = _inside(call.body.get("name", ""))
    except ThrownError as error:
        return json_answer({"success": False, "message": f"Failed to create folder: {error}"}, 500)
    disk = call.store.on_disk
    if disk.one("SELECT name FROM folders WHERE name = ?", name):
        return json_answer({"success": False, "message": "Folder by that name already exists"}, 500)
    for parent in ["/".join(name.split("/")[: end + 1]) for end in range(name.count("/") + 1)]:
        disk.write("mkdir", "INSERT OR IGNORE INTO folders (name) VALUES (?)", parent)
    return json_answer({"success": True, "message": None})


@endpoints.add("DELETE", "/v1/document/remove-folder", api_key, since="1.7.6")
def folder_delete(call: Call) -> Response:
    """Unknown, protected, missing: nothing happens, and that is called success."""
    name = call.body.get("name")
    if js.truthy(name) and name != library.CUSTOM:
        try:
            folder = _inside(name)
        except ThrownError as error:
            return json_answer({"success": False, "message": f"Failed to remove folder: {error}"}, 500)
        if folder and folder != library.CUSTOM:
            for row in library.files_in(call.store, folder):
                library.forget(call.store, f"{folder}/{row['name']}")
            sql = "DELETE FROM folders WHERE name = ? OR name LIKE ? || '/%'"
            call.store.on_disk.write("rmdir", sql, folder, folder)
    return json_answer({"success": True, "message": "Folder removed successfully"})


@endpoints.add("POST", "/v1/document/move-files", api_key)
def files_move(call: Call) -> Response:
    """What can be moved is moved, also when the answer is 500; embedded files stay, and that is called success."""
    moves = call.body.get("files")
    if not isinstance(moves, list):
        return json_answer({"success": False, "message": "Failed to move files."}, 500)
    embedded = {row["docpath"] for row in call.store.all("SELECT DISTINCT docpath FROM workspace_documents")}
    stay = [move for move in moves if move["from"] in embedded]
    moved = [_moved(call.store.on_disk, move["from"], move["to"]) for move in moves if move["from"] not in embedded]
    if not all(moved):
        return json_answer({"success": False, "message": "Failed to move some files."}, 500)
    words = f"{len(stay)}/{len(moves)} files not moved. Unembed them from all workspaces." if stay else None
    return json_answer({"success": True, "message": words})


def _moved(store: Store, source: str, target: str) -> bool:
    try:
        file = library.find(store, _inside(source))
        folder, _, name = _inside(target).rpartition("/")
    except ThrownError:
        return False
    if not file or not name or not store.one("SELECT name FROM folders WHERE name = ?", folder):
        return False
    if (folder, name) != (file["folder"], file["name"]):
        store.write("unlink", "DELETE FROM files WHERE folder = ? AND name = ?", folder, name)
        sql = "UPDATE files SET folder = ?, name = ? WHERE folder = ? AND name = ?"
        store.write("rename", sql, folder, name, file["folder"], file["name"])
    return True


@endpoints.add("DELETE", "/v1/system/remove-documents", api_key)
def documents_remove(call: Call) -> Response:
    """Erases them everywhere. Unknown names are success, too."""
    names = call.body.get("names")
    if not isinstance(names, list):
        raise ThrownError("names is not iterable")
    for name in names:
        library.forget(call.store, js.string(name))
    return json_answer({"success": True, "message": "Documents removed successfully"})
