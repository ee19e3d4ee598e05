"""Replays recordings of a real instance against the stand-in and tells where the answers differ.

Each phase gets a fresh stand-in in the phase's starting state. What the server makes up (uuids, codes, tokens, ids) is
matched by its first appearance and put into later requests. Compared are: status, content type, the JSON's shape (keys
and types), the order of stream events, the text of errors.
"""

import base64
import contextlib
import functools
import http.client
import http.server
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from dashboard.sandbox import collector, library, passwords
from dashboard.sandbox.app import StandIn
from dashboard.sandbox.config import Config, PasswordRules
from dashboard.sandbox.js import slugify
from dashboard.sandbox.routes import ENDPOINTS
from dashboard.sandbox.seed import sow_bare
from dashboard.sandbox.server import ThreadedServer
from dashboard.sandbox.store import SYSTEM_PROMPT, Row, Store, stamps

Recording = dict[str, Any]

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CODE = r"(?:[0-9A-HJKMNP-TV-Z]{7}-){3}[0-9A-HJKMNP-TV-Z]{7}"
_JWT = r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"
_MADE_UP = re.compile(rf"{_UUID}|allm-tat-{_CODE}|{_CODE}|{_JWT}|(?<=-)\d{{8}}$")
_BOUNDARY = "conformance-boundary"
_PATIENCE = 0.7
"""Seconds after which a stream counts as one that never ends."""
_STATE: dict[str, dict[str, Any]] = {
    # What recordings.md calls "a few users and workspaces", by the letter of a phase without set-up rows.
    "D": {"workspaces": ["Deg"]},
    "E": {"users": ["sam", "mia:manager"], "workspaces": ["One", "Two"]},
    "F": {"users": ["sam", "mia"], "workspaces": ["One", "Two"]},
    "G": {"workspaces": ["One"]},
    "H": {"users": ["sam", "mia"], "workspaces": ["One"], "members": [2], "invites": ["[1]"]},
    "I": {"users": ["sam", "mia:manager"], "workspaces": ["Demo Space"], "members": [2, 3], "documents": ["notes.txt"]},
}
_ENVIRONMENT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("collector not running", {"collector_up": False}),
    ("llm + embedder not running", {"llm_up": False, "embedder_up": False}),
    ("simple_sso_no_login=1", {"sso_no_login": True}),
    ("workspace_deletion_protection=1", {"deletion_protection": True}),
    ("stricter password rules", {"passwords": PasswordRules(min=12, lower=1, upper=1, numeric=1, symbol=1)}),
    ("provider_disable_native_tool_calling", {"tool_calling": False}),
    ("streaming_disabled", {"streaming": False}),
    ("collector_allow_any_ip not set", {"any_ip": False}),
    ("image generator configured", {"image_provider": True}),
    ("sso env not set", {"sso": False}),
    ("no sso env", {"sso": False}),
)


@dataclass(frozen=True)
class Outcome:
    """How one recording came out; no problems is a pass."""

    name: str
    endpoint: str
    problems: list[str]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    timed_out: bool = False

    @property
    def kind(self) -> str | None:
        return self.headers.get("content-type")


def replay(path: Path) -> list[Outcome]:
    """All recordings of a file, in its order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    phases: dict[str, list[Recording]] = {}
    for recording in (json.loads(line) for line in lines if line.strip()):
        phases.setdefault(str(recording.get("phase")), []).append(recording)
    outcomes: list[Outcome] = []
    run: Run | None = None
    with _web_pages(phases, path.parent / "files") as sites:
        for phase, recordings in phases.items():
            if not run or not _goes_on(phase):
                if run:
                    run.close()
                set_up = any(recording.get("setup") for recording in recordings)
                run = Run(phase, path.parent / "files", sites, set_up=set_up)
            outcomes += run.through(recordings)
        if run:
            run.close()
    return outcomes


def _goes_on(phase: str) -> bool:
    """The one phase that does not begin anew."""
    return "document folders" in phase.lower()


@contextlib.contextmanager
def _web_pages(phases: dict[str, list[Recording]], files: Path) -> Iterator[dict[str, str]]:
    """The recorded files as a web site on a free port; recorded address of such a site -> the one here."""
    links = [urlsplit(_link(row)) for rows in phases.values() for row in rows if row.get("status") == 200]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Pages, directory=str(files)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield {link.netloc: f"127.0.0.1:{server.server_port}" for link in links if link.hostname == "127.0.0.1"}
    finally:
        server.shutdown()
        server.server_close()


def _link(recording: Recording) -> str:
    body = recording.get("request_body")
    return str(body.get("link")) if isinstance(body, dict) else ""


class _Pages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Run:
    """One phase: a stand-in in its starting state, and what was matched so far."""

    def __init__(self, phase: str, files: Path, sites: dict[str, str], *, set_up: bool) -> None:
        letter, title = phase[:1], phase.lower()
        single = letter == "A" or phase.startswith("B ")
        config = Config(api_key="API_KEY", single_user=single, pace=1_000_000, slow=0, processing=0.05)
        for words, changes in _ENVIRONMENT:
            if words in title:
                config.change(**changes)
        self._files = files
        self._sites = sites
        self._known: dict[str, str] = {}
        self._ids: dict[tuple[str, int], int] = {}
        self._store = Store()
        sow_bare(self._store, api_key=config.api_key, admin=not single)
        self._app = StandIn(config, self._store)
        _prepare(self._store, config, {} if set_up else _STATE.get(letter, {}))
        self._server = ThreadedServer(self._app)
        self._server.start()

    def close(self) -> None:
        self._server.stop()
        self._store.close()

    def through(self, recordings: list[Recording]) -> Iterator[Outcome]:
        """Replay; races as races."""
        for recording in recordings:
            if "/generated-files/" in recording["path"] and recording.get("status") == 200:
                values = {
                    "name": recording["path"].rpartition("/")[2],
                    "content": str(recording["response_body"]).encode(),
                }
                self._store.insert("", "generated_files", values)
        for group in _races(recordings):
            with ThreadPoolExecutor(len(group)) as pool:
                answers = list(pool.map(self._asked, group))
            for recording in group:
                answer = min(answers, key=lambda candidate: len(self._problems(recording, candidate)))
                answers.remove(answer)
                if not recording.get("setup"):
                    problems = self._problems(recording, answer)
                    yield Outcome(
                        str(recording.get("name")), endpoint_of(recording["method"], recording["path"]), problems
                    )
                    self._match(recording.get("response_body"), _parsed(answer))

    def _asked(self, recording: Recording) -> Answer:
        """The answer; whatever an odd recording does to the replay is a failure of that recording only."""
        try:
            return self._send(recording)
        except Exception as error:
            return Answer(0, {}, f"cannot be replayed: {error!r}".encode())

    def _send(self, recording: Recording) -> Answer:
        self._set_scene(recording)
        path = self._filled(recording["path"])
        if recording.get("query"):
            path += "?" + self._filled(urlencode(recording["query"], doseq=True))
        headers = {name: self._filled(value) for name, value in (recording.get("request_headers") or {}).items()}
        if recording.get("setup"):
            headers = {"Authorization": "Bearer API_KEY", "Content-Type": "application/json"}
        body = self._body(recording.get("request_body"), headers)
        if "If-None-Match" in headers and recording["status"] == 304:
            first = {name: value for name, value in headers.items() if name != "If-None-Match"}
            headers["If-None-Match"] = _exchange(self._server.url, "GET", path, first, None, 30, None).headers["etag"]
        gone_after = (
            len(recording.get("sse_events") or []) if "closed" in (recording.get("transport_error") or "") else None
        )
        patience = _PATIENCE if recording.get("transport_error") else 30
        return _exchange(self._server.url, recording["method"], path, headers, body, patience, gone_after)

    def _set_scene(self, recording: Recording) -> None:
        """What the recording takes for granted, but no recording before it made."""
        name = recording.get("name", "")
        self._app.store.lock = (
            "all" if name.startswith("db_locked") else "write" if name.startswith("db_write_locked") else ""
        )
        text = json.dumps(
            [recording["path"], recording.get("query"), recording.get("request_headers"), recording.get("request_body")]
        )
        for token in set(re.findall(_JWT, text)) - self._known.keys():
            self._known[token] = self._session(token)
        for code in set(re.findall(rf"/api/invite/({_CODE})", recording["path"])) - self._known.keys():
            self._known[code] = code
            self._store.insert("", "invites", {"code": code, "workspaceIds": "[]", **stamps()})
        widget = re.search(rf"/api/embed/({_UUID})/stream-chat", recording["path"])
        if widget and recording.get("status") == 200:
            uuid = self._known.get(widget[1], widget[1])
            self._store.write("", "UPDATE embeds SET enabled = 1 WHERE uuid = ?", uuid)
        for stem, uuid in set(re.findall(rf"custom-documents/([^\"/]+?)-({_UUID})\.json", text)):
            if uuid not in self._known:
                self._known[uuid] = self._file(stem)

    def _session(self, token: str) -> str:
        """A session of the same user, here."""
        payload = token.split(".")[1]
        with contextlib.suppress(ValueError):
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            username = claims.get("username")
            user = self._store.one("SELECT id FROM users WHERE username = ?", username)
            if user:
                return passwords.session_token(user["id"], username, self._app.session_secret)
        return token

    def _file(self, stem: str) -> str:
        """The uuid of the first document of that name, which is made when there is none."""
        row = self._store.one(
            "SELECT name FROM files WHERE name LIKE ? ORDER BY rowid",
            f"{stem}-________-____-____-____-____________.json",
        )
        if row:
            return str(row["name"])[-41:-5]
        title = stem.removeprefix("raw-")
        document = collector.from_text("x", {"title": title}) if stem != title else collector.from_file(stem, b"x")
        library.save(self._store, library.CUSTOM, document)
        return str(document.meta["id"])

    def _filled(self, text: str) -> str:
        """A request's text with the values of this run."""
        text = _MADE_UP.sub(lambda found: self._known.get(found[0], found[0]), text)
        for recorded, here in self._sites.items():
            text = text.replace(recorded, here)
        text = re.sub(
            r"\{id of ([^}]+)\}",
            lambda found: str(self._one("SELECT id FROM users WHERE username = ?", found[1])["id"]),
            text,
        )
        text = re.sub(
            r"\{location of ([^}]+)\}", lambda found: f"{library.CUSTOM}/{found[1]}-{self._file(found[1])}.json", text
        )
        for pattern, kind in (
            (r"(?<=/admin/users/)\d+$", "user"),
            (r"(?<=/v1/users/)\d+", "user"),
            (r"(?<=/admin/workspaces/)\d+", "workspace"),
        ):
            text = re.sub(pattern, lambda found: str(self._ids.get((kind, int(found[0])), found[0])), text)  # noqa: B023
        return text

    def _one(self, sql: str, value: str) -> Row:
        return self._store.one(sql, value) or {"id": 0}

    def _body(self, body: Any, headers: dict[str, str]) -> bytes | None:
        if body is None:
            return None
        if isinstance(body, dict) and list(body) == ["raw"]:
            text = str(body["raw"])
            boundary = re.match(r"--(\S+)\r\n", text)
            if boundary and "multipart" in headers.get("Content-Type", ""):
                headers["Content-Type"] = f"multipart/form-data; boundary={boundary[1]}"
            return text.encode()
        if isinstance(body, dict) and list(body) == ["multipart"]:
            headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
            return self._form(body["multipart"])
        return self._filled(json.dumps(body, ensure_ascii=False)).encode()

    def _form(self, form: dict[str, Any]) -> bytes:
        parts = []
        for name, value in form.get("fields", {}).items():
            items = value if isinstance(value, list) else [value]
            parts += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{item}'.encode() for item in items]
        for name, given in form.get("files", {}).items():
            for file in given if isinstance(given, list) else [given]:
                place = f'Content-Disposition: form-data; name="{name}"; filename="{file["filename"]}"\r\n'
                head = f"{place}Content-Type: {file['content_type']}\r\n\r\n"
                parts.append(head.encode() + self._content(file))
        boundary = f"--{_BOUNDARY}".encode()
        return b"".join(boundary + b"\r\n" + part + b"\r\n" for part in parts) + boundary + b"--\r\n"

    def _content(self, file: dict[str, Any]) -> bytes:
        kept = self._files / Path(file["filename"]).name
        if kept.is_file() and kept.stat().st_size == file["bytes"]:
            return kept.read_bytes()
        size: int = file["bytes"]
        return (b"plain text of some size " * (size // 24 + 1))[:size]

    def _match(self, recorded: Any, actual: Any, kind: str = "") -> None:
        """Remember which value here stands for which value there."""
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for key in recorded.keys() & actual.keys():
                self._match(recorded[key], actual[key], kind if key in ("id", "userId") else key.removesuffix("s"))
        elif isinstance(recorded, list) and isinstance(actual, list) and len(recorded) == len(actual):
            for one, other in zip(recorded, actual, strict=True):
                self._match(one, other, kind)
        elif isinstance(recorded, str) and isinstance(actual, str):
            for one, other in zip(_MADE_UP.findall(recorded), _MADE_UP.findall(actual), strict=False):
                self._known.setdefault(one, other)
        elif isinstance(recorded, int) and isinstance(actual, int) and kind in ("user", "workspace"):
            self._ids.setdefault((kind, recorded), actual)

    def _problems(self, recording: Recording, answer: Answer) -> list[str]:
        if recording.get("setup"):
            return []
        problems = []
        status = recording.get("status") or 0
        if answer.status != status:
            problems.append(f"status {answer.status} instead of {status}")
        kind = (recording.get("response_headers") or {}).get("content-type")
        if answer.kind != kind:
            problems.append(f"content type {answer.kind} instead of {kind}")
        if problems:
            return [*problems, answer.body[:200].decode("utf-8", "replace")]
        if answer.timed_out != ("timed out" in (recording.get("transport_error") or "")):
            return ["the stream ends" if not answer.timed_out else "the stream does not end"]
        if recording.get("sse_events"):
            return _stream_problems(recording["sse_events"], _events(answer.body))
        body = recording.get("response_body")
        if recording["method"] == "HEAD":
            return ["a body"] if answer.body else []
        if isinstance(body, dict) and "binary_bytes" in body:
            return [] if answer.body else ["no bytes"]
        if "json" in (kind or "") and "jsonl" not in (kind or ""):
            return _differences(body, _parsed(answer), "")
        return _text_problems(body if isinstance(body, str) else "", answer.body.decode("utf-8", "replace"), status)


def _prepare(store: Store, config: Config, state: dict[str, Any]) -> None:
    for index, name in enumerate(state.get("workspaces", ()), 1):
        values = {"name": name, "slug": slugify(name), "openAiPrompt": SYSTEM_PROMPT, **stamps()}
        store.insert("", "workspaces", values)
        for document in state.get("documents", ()):
            location = library.save(store, library.CUSTOM, collector.from_file(document, b"Some notes."))
            library.embed(store, config, index, location)
    for person in state.get("users", ()):
        name, _, role = person.partition(":")
        password = passwords.hashed_once(f"{name.title()}-pass-12345")
        store.insert("", "users", {"username": name, "password": password, "role": role or "default", **stamps()})
    for user_id in state.get("members", ()):
        store.insert("", "workspace_users", {"user_id": user_id, "workspace_id": 1, **stamps()})
    for ids in state.get("invites", ()):
        store.insert("", "invites", {"code": "-".join(["0000000"] * 4), "workspaceIds": ids, **stamps()})


def _races(recordings: list[Recording]) -> list[list[Recording]]:
    """Recordings that were made at the same time, together: their names differ in a number at the end only."""
    groups: list[list[Recording]] = []
    last = ""
    for recording in recordings:
        name = recording.get("name", "")
        race = re.sub(r"\d+$", "", name) if "race_" in name else ""
        if race and race == last:
            groups[-1].append(recording)
        else:
            groups.append([recording])
        last = race
    return groups


def _exchange(
    url: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    patience: float,
    gone_after: int | None,
) -> Answer:
    """One request on a connection of its own. `gone_after`: leave after so many stream events."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=patience)
    try:
        connection.request(method, quote(path, safe="/%?=&+:@,;~*()!$'"), body, headers)
        response = connection.getresponse()
        kept = {name.lower(): value for name, value in response.getheaders()}
        received, timed_out = b"", False
        try:
            while gone_after is None or received.count(b"\n\n") < gone_after:
                piece = response.read1()
                if not piece:
                    break
                received += piece
        except TimeoutError:
            timed_out = True
        return Answer(response.status, kept, received, timed_out)
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, {}, repr(error).encode())
    finally:
        connection.close()


def endpoint_of(method: str, path: str) -> str:
    """`GET /v1/admin/users`, or `other` for what is no route."""
    for endpoint in ENDPOINTS:
        pattern = re.sub(r"\{\w+\}", "[^/]+", f"/api{endpoint.path}")
        if endpoint.method == method and re.fullmatch(pattern, path):
            return f"{method} {endpoint.path}"
    return "other"


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _events(body: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in body.split(b"\n\n") if line.startswith(b"data: ")]


def _stream_problems(recorded: list[Any], actual: list[Any]) -> list[str]:
    one, other = _collapsed(recorded), _collapsed(actual)
    names, other_names = [name for name, _ in one], [name for name, _ in other]
    if names != other_names:
        return [f"events {other_names} instead of {names}"]
    problems = []
    for (name, event), (_, found) in zip(one, other, strict=True):
        problems += _differences(event, found, name)
    return problems


def _collapsed(events: list[Any]) -> list[tuple[str, Any]]:
    """Event types in order with the last event of each run."""
    runs: list[tuple[str, Any]] = []
    for event in events:
        name = _event_name(event)
        if runs and runs[-1][0] == name and ("Chunk" in name or "chat.completion" in name):
            runs[-1] = (name, event)
        else:
            runs.append((name, event))
    return runs


def _event_name(event: Any) -> str:
    """Its type; OpenAI's have none, but an object and a reason to finish."""
    if not isinstance(event, dict):
        return type(event).__name__
    if "type" in event:
        return str(event["type"])
    choices = event.get("choices") or [{}]
    return f"{event.get('object')} {choices[0].get('finish_reason')}"


def _differences(recorded: Any, actual: Any, where: str) -> list[str]:
    if _kind(recorded) != _kind(actual):
        return [f"{where or 'body'}: {_kind(actual)} instead of {_kind(recorded)}"]
    if isinstance(recorded, dict):
        problems = [f"{where}.{key}: missing" for key in recorded.keys() - actual.keys()]
        problems += [f"{where}.{key}: not in the recording" for key in actual.keys() - recorded.keys()]
        for key in recorded.keys() & actual.keys():
            problems += _differences(recorded[key], actual[key], f"{where}.{key}")
        return problems
    if isinstance(recorded, list):
        return _list_differences(recorded, actual, where)
    if isinstance(recorded, str):
        if where.endswith((".error", ".message")) and _plain(recorded) != _plain(actual):
            return [f"{where}: {actual!r} instead of {recorded!r}"]
        inner, other = _inner(recorded), _inner(actual)
        return _differences(inner, other, f"{where}(json)") if inner is not None or other is not None else []
    return []


def _list_differences(recorded: list[Any], actual: list[Any], where: str) -> list[str]:
    if bool(recorded) != bool(actual):
        return [f"{where}: {len(actual)} items instead of {len(recorded)}"]
    if len(recorded) == len(actual):
        pairs = zip(recorded, actual, strict=True)
        return [problem for one, other in pairs for problem in _differences(one, other, f"{where}[]")][:5]
    for item in actual:
        problems = min((_differences(one, item, f"{where}[]") for one in recorded), key=len)
        if problems:
            return problems
    return []


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _inner(text: str) -> Any:
    """JSON inside a string."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Without what the server makes up."""
    return _MADE_UP.sub("*", text)


def _text_problems(recorded: str, actual: str, status: int) -> list[str]:
    if recorded.lstrip().startswith("<!DOCTYPE") and status == 200:
        return [] if actual.lstrip().startswith("<!DOCTYPE") else ["not the index page"]
    if recorded.startswith("data: "):
        return _stream_problems(_events(recorded.encode()), _events(actual.encode()))
    if status == 200 and len(recorded) > 100:
        return [] if bool(actual) == bool(recorded) else ["empty"]
    return [] if _plain(actual) == _plain(recorded) else [f"{actual[:200]!r} instead of {recorded[:200]!r}"]


@dataclass
class Report:
    """Outcomes, counted."""

    outcomes: list[Outcome]
    only: set[str] | None = None
    passed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """A line a failure, a line an endpoint, and the total as the last."""
        for outcome in self.outcomes:
            if self.only is not None and outcome.name not in self.only:
                continue
            (self.failed if outcome.problems else self.passed)[outcome.endpoint] += 1
            if outcome.problems:
                yield f"{outcome.name}: {'; '.join(outcome.problems[:4])}"
        for endpoint in sorted(self.passed.keys() | self.failed.keys()):
            yield f"{self.passed[endpoint]:4} passed, {self.failed[endpoint]} failed  {endpoint}"
        yield f"{self.passed.total()} passed, {self.failed.total()} failed"
