"""What a request brings, taken on the event loop: bounded in size and time, and kept on disk when it is large."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings

from dashboard.environment import made

Receive = Callable[[], Awaitable[Any]]

GRACE = 20.0  # seconds, before the rate is looked at
LEAST_RATE = 4 * 1024  # bytes a second, from the first on
IN_MEMORY = 256 * 1024  # bytes; of what is larger no more than this waits to be written
MOST_DISCARDED = (
    100 * 1024 * 1024
)  # bytes of a body that is too large: a browser that is still sending does not read our answer
AT_A_TIME = 100  # bodies of one address that come, or have come and wait for their answer
LARGEST_AT_A_TIME = 10  # documents of the largest size, whose bytes the bodies of one address may have on disk together
LEFT_FREE = 200 * 1024 * 1024  # bytes of the disk that no body takes: the database has to go on

_coming: Counter[str] = Counter()
_bytes: Counter[str] = Counter()


class Left(Exception):
    """Whoever asked has closed the connection."""


class TooSlow(Exception):
    pass


class TooMany(Exception):
    """From this address, or more than it may have on disk."""


class NoRoom(Exception):
    """The disk is as full as it may become, or cannot be written to."""


@dataclass(frozen=True, slots=True)
class Body:
    """`length`: what was promised, or what has come. Of what was larger than allowed nothing is kept; `whole` is false when it was not even read."""

    file: BinaryIO
    length: int
    whole: bool = True


def promised(headers: dict[bytes, bytes]) -> int | None:
    """The bytes that will come, None when only the end will tell."""
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() and len(length) <= 18 else None


def most_kept(length: int | None, most: int) -> int:
    """The bytes of it that may have to be kept: of what is too large none."""
    if length is None:
        return most
    return length if length <= most else 0


async def take(receive: Receive, length: int | None, most: int) -> Body:
    """The body, once it is there. Raises Left, TooSlow and NoRoom."""
    if length == 0:
        return Body(io.BytesIO(), 0)
    kept = _Kept(most_kept(length, most))
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout_at(started + GRACE) as limit:
            more = True
            while more and kept.size <= MOST_DISCARDED + most:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Left
                more = message.get("more_body", False)
                await kept.add(message.get("body", b""))
                limit.reschedule(started + GRACE + kept.size / LEAST_RATE)
        return Body(await kept.opened(), kept.size if length is None else length, not more)
    except TimeoutError:
        await kept.close()
        raise TooSlow from None
    except BaseException:
        await kept.close()
        raise


@contextmanager
def counted(address: str, length: int | None, most: int) -> Iterator[None]:
    """While a body, if there is one, is kept. What it says of its length is believed: it cannot become longer. Raises TooMany."""
    if length == 0:
        yield
        return
    size = most_kept(length, most)
    size = size if size > IN_MEMORY else 0  # what never lies on disk has no part in this
    largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + settings.DOCUMENT_MAX_MB * 1024 * 1024
    if _coming[address] >= AT_A_TIME or (size and _bytes[address] + size > LARGEST_AT_A_TIME * largest):
        raise TooMany
    _coming[address] += 1
    _bytes[address] += size
    try:
        yield
    finally:
        _coming[address] -= 1
        _bytes[address] -= size
        if not _coming[address]:
            del _coming[address], _bytes[address]


class _Kept:
    """Bytes in memory, or in a file that has no name. More than `most` are counted only."""

    def __init__(self, most: int) -> None:
        self.size, self._most = 0, most
        self._waiting = bytearray()
        self._file: Any = None

    async def add(self, some: bytes) -> None:
        self.size += len(some)
        if self.size > self._most:
            self._waiting.clear()
            return
        self._waiting += some
        if len(self._waiting) > IN_MEMORY:
            await self._write()

    async def _write(self) -> None:
        """In a thread, for a disk may be slow."""
        some, self._waiting = self._waiting, bytearray()
        try:
            if self._file is None:
                self._file = await asyncio.to_thread(nameless_file)
            await asyncio.to_thread(self._write_down, some)
        except OSError as problem:
            raise NoRoom from problem

    def _write_down(self, some: bytes | bytearray) -> None:
        disk = os.fstatvfs(self._file.fileno())
        if disk.f_bavail * disk.f_frsize < LEFT_FREE + len(some):
            raise OSError(errno.ENOSPC, "as full as bodies may make it")
        self._file.write(some)

    async def opened(self) -> BinaryIO:
        if self.size > self._most:
            await self.close()
            return io.BytesIO()
        if self._file is None:
            return io.BytesIO(self._waiting)
        await self._write()
        try:
            await asyncio.to_thread(self._file.seek, 0)  # which writes the last of it
        except OSError as problem:
            raise NoRoom from problem
        return self._file  # type: ignore[no-any-return]

    async def close(self) -> None:
        if self._file is not None:
            await asyncio.to_thread(self._file.close)


def nameless_file() -> Any:
    """On disk, until it is closed or the process ends."""
    return tempfile.TemporaryFile(dir=made(settings.INCOMING_DIR))
