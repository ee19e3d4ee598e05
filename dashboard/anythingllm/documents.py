"""The library: documents and folders of the whole instance. A document's key is its path, "folder/name-uuid.json"."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from .errors import ApiError, NotApplied, NotFound, NotSupported, Unconfirmed
from .http import HttpClient, Kind, Reply
from .multipart import FileForm
from .types import Document, DocumentFolder, DocumentPage, done, each, need, need_dict

PROTECTED_FOLDER = "custom-documents"


class DocumentsModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def get(self, document_id: str) -> Document:
        """By its name with uuid and .json, with or without the folder. No path comes back: the instance leaves out the
        folder."""
        name = document_id.rpartition("/")[2]
        return self._http.call(
            "GET",
            "/v1/document/{docName}",
            lambda data: Document.from_json(need(data, "document")),
            names={"docName": name},
        )

    def page(self, folder: str, *, offset: int = 0, limit: int = 100) -> DocumentPage:
        """A part of one folder (v1.16). Before, the instance gives all folders here: NotSupported."""

        def parse(data: Any) -> DocumentPage:
            if type(data) is dict and "localFiles" in data:
                raise NotSupported("Before v1.16 AnythingLLM cannot give a part of a folder; use in_folder().")
            return DocumentPage.from_json(data)

        params = {"folder": folder, "offset": offset, "limit": limit}
        return self._http.call("GET", "/v1/documents", parse, params=params)

    def in_folder(self, folder: str) -> DocumentPage:
        """All documents of one folder (v1.7.5)."""
        return self._http.call(
            "GET", "/v1/documents/folder/{folderName}", DocumentPage.from_json, names={"folderName": folder}
        )

    def upload(
        self,
        file_path: str | Path | None = None,
        file_obj: BinaryIO | None = None,
        add_to_workspaces: Collection[str] | None = None,
        folder_name: str | None = None,
        *,
        file_name: str | None = None,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> tuple[Document, ...]:
        """Uploads one file; some (mail boxes, sheets) become several documents. Refused with the reason if it is
        unreadable.

        The file must be seekable; it is read while it is sent, and the whole text that the instance answers with is
        not kept: `text` is empty where it is longer than 64 KB.

        Two uploads of one file name at the same time mix up their contents on the instance: make names unique or wait.
        `add_to_workspaces` embeds only the first document, and fails silently: prefer workspaces.add_documents()
        afterwards.
        """
        if (file_path is None) == (file_obj is None):
            raise ValueError("Give either file_path or file_obj.")
        if file_obj is None:
            with Path(str(file_path)).open("rb") as opened:
                return self.upload(
                    None,
                    opened,
                    add_to_workspaces,
                    folder_name,
                    file_name=file_name,
                    content_type=content_type,
                    metadata=metadata,
                )
        name = file_name or Path(str(getattr(file_obj, "name", "document.txt"))).name
        fields = {"addToWorkspaces": ",".join(add_to_workspaces or ()), "metadata": json.dumps(dict(metadata or {}))}
        fields = {key: value for key, value in fields.items() if value not in ("", "{}")}
        form = FileForm(fields, "file", file_obj, name, content_type)
        sent: dict[str, Any] = {"data": form, "headers": form.headers}
        if folder_name is None:
            return self._http.call("POST", "/v1/document/upload", _documents, kind=Kind.UPLOAD, **sent)
        return self._http.call(
            "POST",
            "/v1/document/upload/{folderName}",
            _documents,
            kind=Kind.UPLOAD,
            names={"folderName": folder_name},
            **sent,
        )

    def upload_link(
        self,
        link: str,
        *,
        add_to_workspaces: Collection[str] | None = None,
        scraper_headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> tuple[Document, ...]:
        """Lets the instance fetch a page. An error page is stored like any other."""
        body = {
            "link": link,
            "addToWorkspaces": ",".join(add_to_workspaces or ()),
            "scraperHeaders": dict(scraper_headers or {}),
            "metadata": dict(metadata or {}),
        }
        body = {key: value for key, value in body.items() if value}
        return self._http.call("POST", "/v1/document/upload-link", _documents, kind=Kind.UPLOAD, json=body)

    def raw_text(
        self,
        text: str,
        title: str,
        *,
        add_to_workspaces: Collection[str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> tuple[Document, ...]:
        """Makes a document of a text. The title becomes part of its file name."""
        body: dict[str, Any] = {"textContent": text, "metadata": {**(metadata or {}), "title": title}}
        if add_to_workspaces:
            body["addToWorkspaces"] = ",".join(add_to_workspaces)
        return self._http.call("POST", "/v1/document/raw-text", _documents, kind=Kind.UPLOAD, json=body)

    def delete(self, document_id: str) -> None:
        """Erases the document with its vectors, out of every workspace. Unknown paths are no error to the instance."""
        self.remove([document_id])

    def remove(self, document_ids: Collection[str]) -> None:
        """Like delete(), for many at once. The instance always reports success: read the folder to know."""
        self._http.call(
            "DELETE",
            "/v1/system/remove-documents",
            done,
            kind=Kind.UPLOAD,
            json={"names": [str(path) for path in document_ids]},
        )

    def sync(self) -> NoReturn:
        raise NotSupported("AnythingLLM syncs watched documents by itself, and offers no call for it.")

    def create_folder(self, name: str) -> DocumentFolder:
        """Refused when it exists. A path is flattened or made unlistable by the instance, so it is a ValueError
        here."""
        _plain_folder(name)
        self._http.call("POST", "/v1/document/create-folder", done, json={"name": name})
        return DocumentFolder(name, ())

    def delete_folder(self, folder_id: str) -> None:
        """Erases the folder with all its documents, out of every workspace.

        The instance reports success even when it does nothing, so: NotApplied when the folder is still there.
        """
        _plain_folder(folder_id)
        if folder_id == PROTECTED_FOLDER:
            raise NotSupported("AnythingLLM never removes its folder custom-documents.")
        self._http.call("DELETE", "/v1/document/remove-folder", done, kind=Kind.UPLOAD, json={"name": folder_id})
        try:
            self.in_folder(folder_id)
        except NotFound:
            return
        except ApiError as problem:
            raise Unconfirmed("Whether the folder was removed could not be read back.") from problem
        raise NotApplied("The instance reported the folder as removed, but it is still there.")

    def move(self, moves: Mapping[str, str]) -> None:
        """Moves documents, from path to path. Embedded ones stay where they are: NotApplied with the instance's words.

        On Refused ("Failed to move some files.") the others WERE moved.
        """
        files = [{"from": source, "to": target} for source, target in moves.items()]

        def words_beside_success(data: Any) -> Any:
            done(data)
            return data.get("message")

        words = self._http.call(
            "POST", "/v1/document/move-files", words_beside_success, kind=Kind.UPLOAD, json={"files": files}
        )
        if words:
            raise NotApplied(str(words))

    def generated_file(self, file_name: str) -> Reply:
        """A file that an agent made (v1.13)."""
        return self._http.fetch("GET", "/v1/document/generated-files/{filename}", names={"filename": file_name})

    def accepted_types(self) -> dict[str, list[str]]:
        """See SystemModule.get_accepted_document_types()."""
        return self._http.call("GET", "/v1/document/accepted-file-types", lambda data: need_dict(data, "types"))

    def metadata_schema(self) -> dict[str, str]:
        """The metadata that raw_text() takes: name to type."""
        return self._http.call("GET", "/v1/document/metadata-schema", lambda data: need_dict(data, "schema"))

    def get_folders(self) -> list[DocumentFolder]:
        """Every folder with its documents. The instance reads every file for it: slow with many."""

        def parse(data: Any) -> list[DocumentFolder]:
            return each(DocumentFolder.from_json, "items")(need(data, "localFiles"))

        return self._http.call("GET", "/v1/documents", parse)

    def list(self) -> list[Document]:
        """Every document of every folder; see get_folders()."""
        return [document for folder in self.get_folders() for document in folder.documents]


def _documents(data: Any) -> tuple[Document, ...]:
    return tuple(each(Document.from_json, "documents")(data))


def _plain_folder(name: str) -> None:
    if not name.strip() or name in (".", "..") or "/" in name or "\\" in name:
        raise ValueError("A folder's name must be a plain name.")
