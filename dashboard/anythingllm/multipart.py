"""A form with one file, read while it is sent: requests would hold the whole of it in memory, more than once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import BinaryIO

from urllib3.fields import RequestField


class FileForm:
    """What requests takes as `data`: something with a length that can be read. The file is sent from where it stands."""

    def __init__(self, fields: Mapping[str, str], name: str, file: BinaryIO, file_name: str, content_type: str) -> None:
        boundary = uuid.uuid4().hex
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        part = RequestField(name, b"", filename=file_name)
        part.make_multipart(content_type=content_type)
        head += f"--{boundary}\r\n{part.render_headers()}"
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
        before, after = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        self._parts = [BytesIO(before), file, BytesIO(after)]
        self._size = len(before) + end - start + len(after)
        self.headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        for part in self._parts:
            chunk = part.read(size)
            if chunk:
                return chunk
        return b""

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(65536):
            yield chunk
