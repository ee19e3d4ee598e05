"""Django's caches as we keep them: JSON instead of pickles, which are code to whoever can write there, and one pool of connections.

Only `marks` uses them; it knows what to do while one is away.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class Json:
    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """What is no JSON, as an earlier version or a stranger wrote it, counts as nothing."""
        try:
            return json.loads(data)
        except ValueError:
            return None


@functools.cache
def _client(servers: tuple[str, ...], options: frozenset[tuple[str, Any]]) -> RedisCacheClient:
    # A server that hangs must not make pages hang with it.
    limits = {"socket_connect_timeout": 1, "socket_timeout": 2}
    return RedisCacheClient(list(servers), serializer="dashboard.caches.Json", **limits | dict(options))


class Redis(RedisCache):
    """Django makes a cache object in every context, and each page runs in one of its own: the connections are the process's."""

    _servers: list[str]
    _options: dict[str, Any]

    @property
    def _cache(self) -> RedisCacheClient:
        return _client(tuple(self._servers), frozenset(self._options.items()))


class Files(FileBasedCache):
    """One file a key, for good: nothing that we keep runs out."""

    _key_to_file: Callable[[Any, int | None], str]

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            kept = Path(self._key_to_file(key, version)).read_bytes()
        except FileNotFoundError:
            return default
        found = Json().loads(kept)
        return default if found is None else found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self.get(key, version=version) is not None

    def touch(self, key: Any, timeout: Any = None, version: int | None = None) -> bool:
        return self.has_key(key, version)

    def _write_content(self, file: IO[bytes], timeout: Any, value: Any) -> None:
        file.write(Json().dumps(value))
