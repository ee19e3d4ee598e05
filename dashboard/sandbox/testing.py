"""For tests: a stand-in that runs beside them, over real HTTP."""

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from dashboard.sandbox import COMMON_PASSWORD
from dashboard.sandbox.app import StandIn
from dashboard.sandbox.config import Config
from dashboard.sandbox.seed import Size, sow, sow_bare
from dashboard.sandbox.server import ThreadedServer
from dashboard.sandbox.store import Store


class Sandbox:
    """A running stand-in with the believable team (`size=Size()`), or with one admin only (`size=None`)."""

    password = COMMON_PASSWORD

    def __init__(self, config: Config | None = None, size: Size | None = Size(), seed: int = 1) -> None:  # noqa: B008  (Size is frozen)
        config = config or Config(pace=2000, slow=0.2, processing=0.005)
        self._store = Store()
        if size:
            sow(self._store, api_key=config.api_key, size=size, seed=seed)
        else:
            sow_bare(self._store, api_key=config.api_key, admin=not config.single_user)
        self._store.remember()
        self._server = ThreadedServer(StandIn(config, self._store))
        self.url = self._server.url
        self.api_key = config.api_key

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self._store.close()

    def fault(
        self,
        kind: str,
        *,
        path: str = "",
        method: str = ".*",
        times: int | None = None,
        seconds: float = 1,
        **more: Any,
    ) -> None:
        """From now on `kind` (see dashboard.sandbox.faults) happens to requests that match: `path` is searched, `method` matched whole."""
        self._ask(
            "POST", "faults", {"kind": kind, "path": path, "method": method, "times": times, "seconds": seconds, **more}
        )

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def configure(self, **settings: Any) -> None:
        """Change what the instance's environment says, e.g. `single_user=True`, `as_version=(1, 4, 0)`; `reset` takes it back."""
        self._ask("POST", "config", settings)

    def reset(self) -> None:
        """Back to the state at the start: data, settings, no faults, empty log."""
        self._ask("POST", "reset")

    def state(self) -> Any:
        """Counts, `writes`, `changes`, the request log, faults and settings, as a dictionary."""
        return self._ask("GET", "state")

    def rows(self) -> Any:
        """All that the instance holds, by its kind: a list of rows each."""
        return self._ask("GET", "rows")

    def get(self, path: str) -> Any:
        """Ask the instance itself with the API key, past Foyer: JSON of `/api` + path."""
        return self._fetch("GET", f"/api{path}")

    def post(self, path: str, body: Any = None) -> Any:
        """Like `get`."""
        return self._fetch("POST", f"/api{path}", body or {})

    def _ask(self, method: str, name: str, body: Any = None) -> Any:
        return self._fetch(method, f"/sandbox/{name}", body)

    def _fetch(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        with _direct.open(request, timeout=30) as answer:
            return json.loads(answer.read())


def workbook(**sheets: str) -> bytes:
    """An Excel workbook with these sheets, one cell of text in each."""
    numbered = list(enumerate(sheets.items(), start=1))
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    names = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "xl/workbook.xml", f'<workbook {main} xmlns:r="{relations}"><sheets>{names}</sheets></workbook>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        for n, (_, text) in numbered:
            cell = f'<c r="A1" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            sheet = f'<worksheet {main}><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/sheet{n}.xml", sheet)
    return content.getvalue()


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def running_sandbox(config: Config | None = None, size: Size | None = Size(), seed: int = 1) -> Iterator[Sandbox]:  # noqa: B008
    """`with running_sandbox() as sandbox:`"""
    sandbox = Sandbox(config, size, seed)
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.stop()
