"""The image's steps, by hand: what the Dockerfile says is carried out below a folder that stands for the root of both stages.

Built as root, started as the user it names, who owns /data and nothing else; then signed in, a job done by the worker, and ended by SIGTERM.
What only Docker can do stays untried: the base image, its layers, the volume.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from playwright.sync_api import sync_playwright

from dashboard.sandbox import COMMON_PASSWORD, DEFAULT_API_KEY
from evidence import fresh
from tests.project.processes import free_port

SECRET = "only-for-this-trial-" * 3
TOP = ("venv", "app", "data", "tmp")  # what the Dockerfile names of the root
PYTHONS = (Path("/usr/local/bin/python3"), Path("/usr/bin/python3"), fresh.our_python())


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Word and rest of each."""
    lines = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    for line in lines.splitlines():
        if line.strip():
            word, _space, rest = line.strip().partition(" ")
            yield word, " ".join(rest.split())


def let_through(patterns: list[str], path: str) -> bool:
    """Whether .dockerignore lets a file of the context through: the last line that fits it, or a folder it lies in, decides."""
    parts = path.split("/")
    names = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    through = True
    for pattern in patterns:
        line = pattern.removeprefix("!")
        if any(fnmatch(name, line) or fnmatch(f"/{name}", line.removeprefix("**")) for name in names):
            through = pattern.startswith("!")
    return through


class Image:
    """What the Dockerfile makes, below `root`."""

    def __init__(self, root: Path, context: Path) -> None:
        self.root, self.context = root, context
        self.environment: dict[str, str] = {}
        self.folder = root
        self.user = ""
        self.said: dict[str, str] = {}  # of CMD, HEALTHCHECK and the like the last word
        lines = (context / ".dockerignore").read_text().splitlines()
        self._ignored = [line for line in lines if line and not line.startswith("#")]
        for name in TOP:
            (root / name).mkdir(exist_ok=True)
        (root / "tmp").chmod(0o1777)
        self._network = {n: v for n, v in fresh.environment(root / "tmp", Path("/usr/bin/env")).items() if n != "HOME"}

    def here(self, words: str) -> str:
        """The same words, with the folders of the root where they lie here."""
        return re.sub(rf"(?<![\w./-])/({'|'.join(TOP)})\b", rf"{self.root}/\1", words)

    def build(self) -> None:
        for word, rest in instructions((self.context / "Dockerfile").read_text()):
            act = getattr(self, f"_{word.lower()}", None)
            if act is None:
                self.said[word] = rest
            else:
                act(rest)

    def _from(self, rest: str) -> None:
        version = re.match(r"python:(\d+\.\d+)", rest)[1]
        self.python = a_python_for_everybody(version)
        # Docker begins each stage with the variables of its base image only.
        self.environment = {**self._network, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _equals, value = pair.partition("=")
            self.environment[name] = self.here(value).replace("$PATH", self.environment["PATH"])

    def _workdir(self, rest: str) -> None:
        self.folder = Path(self.here(rest))
        self.folder.mkdir(exist_ok=True)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from="):
            return  # both stages lie at the same place
        (source,) = sources
        for path in sorted((self.context / source).rglob("*") if source == "." else [self.context / source]):
            name = str(path.relative_to(self.context))
            if path.is_file() and let_through(self._ignored, name):
                copy = self.folder / (name if source == "." else f"{target}/{path.name}")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)

    def _run(self, rest: str) -> None:
        commands = []
        for command in rest.split("&&"):
            words = shlex.split(command)
            if words[0] == "useradd":  # this machine gets no new user: a number without a name will do
                self.uid = words[words.index("--uid") + 1]
                self.home = Path(self.here(words[words.index("--home-dir") + 1]))
                self._name = words[-1]
            elif words[0] == "install":
                commands.append(" ".join(self.uid if word == self._name else self.here(word) for word in words))
            elif words[0] == "python":
                commands.append(self.here(command).replace("python", str(self.python), 1))
            else:
                commands.append(self.here(command))
        told = subprocess.run(
            ["sh", "-ec", " && ".join(commands)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert told.returncode == 0, f"RUN {rest}\n{told.stdout}"

    def _user(self, rest: str) -> None:
        assert rest == self._name
        self.user = rest

    # --- Running it -----------------------------------------------------------------------------------------------------
    def command(self, words: list[str]) -> list[str]:
        """As that user, without any right beyond theirs and no way to gain one."""
        who = ["--reuid", self.uid, "--regid", self.uid, "--clear-groups"]
        no_rights = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        return ["setpriv", *who, *no_rights, *words]

    def files(self) -> dict[str, tuple[int, int]]:
        """Of the application and its packages: size and time of each."""
        found = [path for top in ("app", "venv") for path in (self.root / top).rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    def owned(self) -> set[str]:
        """The folders below the root in which something belongs to that user."""
        mine = [path for path in self.root.rglob("*") if path.lstat().st_uid == int(self.uid)]
        return {path.relative_to(self.root).parts[0] for path in mine}


def a_python_for_everybody(version: str) -> Path:
    """One of this version that a user without rights may run, too."""
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups"]
    asks = "import ensurepip, sqlite3, ssl, sys; print('%d.%d' % sys.version_info[:2])"
    for python in PYTHONS:
        told = subprocess.run([*nobody, str(python), "-c", asks], capture_output=True, text=True, cwd="/")
        if told.stdout.strip() == version:
            return python
    sys.exit(
        f"This machine has no Python {version} with ensurepip that everybody may run: apt-get install python3-venv"
    )


def main(_options: list[str]) -> None:
    if os.geteuid() != 0:
        sys.exit("Only root can build what another user then runs: sudo .venv/bin/python -m evidence image")
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        image = Image(root, fresh.clone(folder / "context"))
        image.build()
        print(f"Built from the Dockerfile with {image.python}: {len(image.files()):,} files, packages by their hashes.")
        here = {path.name for path in (root / "app").iterdir()}
        print(f"What .dockerignore lets through, and what was made of it: {', '.join(sorted(here))}.")
        assert not here & {".git", ".env", "tests", "bench", "docs", "var", "evidence"}
        run(image, folder)


def run(image: Image, folder: Path) -> None:
    port, instance_port = free_port(), free_port()
    variables = {
        **image.environment,
        "HOME": str(image.home),
        "TMPDIR": str(image.root / "tmp"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "HTTPS": "false",
        "SECRET_KEY": SECRET,
        "ANYTHINGLLM_URL": f"http://127.0.0.1:{instance_port}",
        "ANYTHINGLLM_API_KEY": DEFAULT_API_KEY,
    }
    before = image.files()
    stand_in = [sys.executable, "-m", "dashboard.sandbox", "--port", str(instance_port), "--db", str(folder / "db")]
    web = image.command(json.loads(image.said["CMD"]))
    health = image.command(json.loads(image.said["HEALTHCHECK"].partition("CMD ")[2]))
    worker = image.command(["python", "manage.py", "run_huey"])
    assert image.user and image.said["STOPSIGNAL"] == "SIGTERM"

    def is_healthy() -> bool:
        return subprocess.run(health, cwd=image.folder, env=variables, capture_output=True).returncode == 0

    with (
        fresh.started(stand_in, fresh.ROOT, folder / "log-instance", dict(os.environ)),
        fresh.started(web, image.folder, folder / "log-web", variables) as foyer,
    ):
        seconds = foyer.wait_until(is_healthy, "the health check was content")
        print(f"Started as user {image.uid}, without a right: its health check is content after {seconds:.0f} s.")
        # As in compose.yaml: when the web is healthy, the database is up to date.
        with fresh.started(worker, image.folder, folder / "log-worker", variables) as hand:
            look_around(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{instance_port}", folder)
            assert image.files() == before, "Something was written outside /data."
            assert image.owned() <= {"data", "tmp"}, image.owned()
            print("It wrote to /data only.")
            for what, process in (("web", foyer), ("worker", hand)):
                seconds = process.terminate()
                # uvicorn, when all is done, ends by the very signal that it was sent.
                assert process.process.returncode in (0, -signal.SIGTERM), f"{what}: {process.said()}"
                assert process.left() == []
                assert "Traceback" not in process.said() and SECRET not in process.said(), process.said()
                print(f"SIGTERM: the {what} ended within {seconds:.1f} s, in peace.")


def look_around(url: str, instance_url: str, folder: Path) -> None:
    fresh.know_the_pages()
    from evidence import acts
    from tests.browser.conftest import Foyer, launched

    instance = fresh.Instance(instance_url, DEFAULT_API_KEY)
    instance.password = COMMON_PASSWORD
    (folder / "pictures").mkdir()
    with sync_playwright() as playwright:
        browser = launched(playwright)
        walker = acts.Walker(Foyer(url, folder, browser, COMMON_PASSWORD), instance, folder / "pictures")
        for act in (acts.sign_in, acts.create_a_user, acts.import_a_list):
            act(walker)
            print(f"  {act.__doc__}")
        assert walker.foyer.said == [], walker.foyer.said
        browser.close()
