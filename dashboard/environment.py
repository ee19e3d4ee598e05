"""The environment that every process starts in: what .env adds to it, whom its files belong to, the key that `make run` has kept.

No Django in here: the runner and the settings read the same environment before there is any.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SECRET_FILE = "secret-key"  # noqa: S105  # of the data directory
# Whoever reads these (the server, the runner) would take an empty one at its word.
TAKEN_AS_THEY_ARE = (
    "DATA_DIR", "FORWARDED_ALLOW_IPS", "HOST", "HTTPS", "PORT", "SANDBOX_PORT", "SANDBOX_URL", "SECRET_KEY"
)  # fmt: skip

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)", re.ASCII)
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def load(file: Path) -> None:
    """What the file says is added to the environment, which itself goes first; an empty value counts as not set."""
    os.umask(0o077)  # whatever a process of ours writes holds sessions, chats and keys: it is the owner's alone
    try:
        for name, value in parse(file.read_bytes(), file.name).items():
            if value:
                os.environ.setdefault(name, value)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"{file.name} must be a file that Foyer may read: {error.strerror}.") from None
    for name in TAKEN_AS_THEY_ARE:
        if not os.environ.get(name, "set").strip():
            del os.environ[name]


def parse(content: bytes, file_name: str) -> dict[str, str]:
    """Names and values, cut as Docker Compose cuts them: spaces around, quotes, `export`, a comment behind, a byte order mark.

    Raises ImproperlyConfigured, which names a line that is none of these and never repeats it.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{file_name} must be a text file in UTF-8: save it as such.") from None
    found = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        parts = _LINE.fullmatch(line)
        quoted = parts and _QUOTED.fullmatch(parts[2])
        if not parts or "\0" in line or (parts[2][:1] in ("'", '"') and not quoted):
            raise ImproperlyConfigured(
                f"{file_name}, line {number}, must be NAME=value, in quotes that are closed or in none. "
                "It is not shown here, because it may be secret."
            )
        if not quoted:
            value = re.split(r"(?:^|\s)#", parts[2], maxsplit=1)[0].rstrip()
        elif quoted[1] is not None:
            value = quoted[1]
        else:
            value = re.sub(r"\\(.)", lambda escaped: _ESCAPED.get(escaped[1], escaped[1]), quoted[2])
        found[parts[1]] = value
    return found


def kept_secret(data: Path) -> str:
    """The secret key that `make run` has made for this machine; empty when there is none."""
    try:
        return (data / SECRET_FILE).read_text().strip()
    except OSError:
        return ""


def made(folder: Path) -> Path:
    """The folder, the owner's alone, also when somebody has tidied it away. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def prepare_folder(folder: Path) -> None:
    """Makes the folder and writes to it for a try. Raises OSError."""
    with tempfile.TemporaryFile(dir=made(folder)) as file:
        file.write(b"x")
        file.flush()


def make_private(folder: Path, *files: Path) -> None:
    """What an earlier version left open to every account of this machine is closed: the folder, and what is kept in it and in `files`."""
    kept = [*folder.glob("*.sqlite3*"), folder / SECRET_FILE]
    kept += [file.with_name(file.name + ending) for file in files for ending in ("", "-wal", "-shm")]
    for path, mode in [(folder, 0o700), *((path, 0o600) for path in kept)]:
        try:
            found = path.stat()
            if found.st_mode & 0o077 and found.st_uid == os.geteuid():
                path.chmod(mode)
        except OSError:
            continue  # not there, or on a file system without such rights
