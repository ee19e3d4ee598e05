"""Adding documents: python -m bench documents

Everything is a process of its own: stand-in, Foyer's server, its worker; this one plays the browser, three files at a time.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.stage import KEY, Server, configure, foyer, milliseconds, signed_in, stand_in, worker

FILES, ROUNDS = 200, 4  # in turns with the bare calls
READING, EMBEDDING = 0.06, 0.04  # seconds in which a real v1.16 beside a fast embedder does it with a small file
LARGE = 200  # megabytes
TOKEN = "b" * 32
BLOCK = b"Words of a long report, all of which end in the library. " * 1024


class Browser:
    """Sends files as the page does."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.headers = signed_in()
        self.headers["Cookie"] += f"; foyer_csrf={TOKEN}"

    def send(self, batch: str, name: str, content: Iterator[bytes], size: int, workspaces: list[int]) -> str:
        """The address of the batch's page."""
        fields = [("batch", batch), ("ticket", uuid.uuid4().hex), ("folder", "custom-documents")]
        fields += [("duplicates", "keep"), *(("workspaces", str(some)) for some in workspaces)]
        head = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields)
        head += f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        tail = b"\r\n--b--\r\n"

        def body() -> Iterator[bytes]:
            yield head.encode()
            yield from content
            yield tail

        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        headers = {"Content-Type": "multipart/form-data; boundary=b", "X-CSRFToken": TOKEN, **self.headers}
        headers["Content-Length"] = str(len(head.encode()) + size + len(tail))
        connection.request("POST", "/documents/add/file/", body=body(), headers=headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status == 201, f"{answer.status}: {said[:500]!r}"
        return str(json.loads(said)["url"])


def wait_for(batch: str, files: int, seconds: float = 600) -> None:
    """Until all files of a batch are ready."""
    from dashboard.documents.models import Batch
    from dashboard.jobs.models import ItemState, JobItem

    deadline = time.monotonic() + seconds
    while True:
        items = JobItem.objects.filter(job__batch__in=Batch.objects.filter(token=batch))
        states = list(items.values_list("state", "message"))
        assert not [some for some in states if some[0] not in ("pending", "running", "done")], states
        if sum(state == ItemState.DONE for state, _message in states) == files:
            return
        assert time.monotonic() < deadline, states
        time.sleep(0.05)


def small_files() -> None:
    """The whole way, beside the same calls made bare: the same client, one after the other, in a process that does nothing else."""
    from dashboard.anythingllm import AnythingLLMClient

    with stand_in() as instance, foyer(instance) as server, worker(instance) as works:
        client = AnythingLLMClient(instance.url, KEY)
        configure(instance, processing=READING, embedding=EMBEDDING)
        first, second = (client.workspaces.create(name) for name in ("Bench bare", "Bench Foyer"))
        browser = Browser(server)

        def text(n: int) -> bytes:
            return f"Report {n}. ".encode() + b"Small files have a few hundred words. " * 60

        def bare(numbers: range) -> None:
            for n in numbers:
                (document,) = client.documents.upload(
                    None, io.BytesIO(text(n)), file_name=f"bare-{n}.txt", metadata={"title": "report.txt"}
                )
                assert document.path
                client.documents.get(document.path)
                client.workspaces.add_documents(first.slug, [document.path])

        def whole_way(numbers: range) -> None:
            batch = f"small-{numbers.start}"

            def send(n: int) -> None:
                browser.send(batch, "report.txt", iter([text(n)]), len(text(n)), [second.id])

            with ThreadPoolExecutor(3) as pool:
                list(pool.map(send, numbers))
            wait_for(batch, len(numbers))

        browser.send("warm", "report.txt", iter([text(0)]), len(text(0)), [first.id])
        wait_for("warm", 1)
        rounds = [range(start, start + FILES // ROUNDS) for start in range(0, FILES, FILES // ROUNDS)]
        before = [some.worked() for some in (server, works)]
        pairs = [(milliseconds(partial(bare, some)), milliseconds(partial(whole_way, some))) for some in rounds]
        alone, ours = (sum(side) for side in zip(*pairs, strict=True))
        work = [(some.worked() - was) / FILES for some, was in zip((server, works), before, strict=True)]
        assert len(client.workspaces.get_documents(second.slug)) == FILES
        pace = f"{READING * 1000:.0f} ms to read and {EMBEDDING * 1000:.0f} ms to embed each"
        print(f"\n{FILES} small files into one workspace, the instance taking {pace}")
        print(f"  bare calls  {alone / 1000:5.1f} s, {alone / FILES:.0f} ms a file")
        print(f"  whole way   {ours / 1000:5.1f} s, {ours / FILES:.0f} ms a file: {ours / alone:.2f} times (goal 1.15)")
        print(f"  work        {work[0]:.0f} ms of the server and {work[1]:.0f} ms of the worker a file")


def large_file() -> None:
    size = LARGE * 1024 * 1024 // len(BLOCK) * len(BLOCK)
    os.environ["DOCUMENT_MAX_MB"] = str(LARGE)
    with stand_in() as instance, foyer(instance) as server, worker(instance) as works:
        browser = Browser(server)
        browser.send("warm-up", "small.txt", iter([BLOCK]), len(BLOCK), [])
        wait_for("warm-up", 1)
        before = [peak(some, anew=True) for some in (server, works)]
        started = time.perf_counter()
        browser.send("large", "large.txt", (BLOCK for _ in range(size // len(BLOCK))), size, [])
        arrived = time.perf_counter() - started
        wait_for("large", 1)
        took = time.perf_counter() - started
        grown = [peak(some) - was for some, was in zip((server, works), before, strict=True)]
        print(f"\nA file of {LARGE} MB: here after {arrived:.1f} s, in the library after {took:.1f} s")
        print(f"  memory of the server {before[0]:.0f} MB, grew by {grown[0]:.0f} MB at most (goal 32)")
        print(f"  memory of the worker {before[1]:.0f} MB, grew by {grown[1]:.0f} MB at most (goal 32)")


def peak(server: Server, *, anew: bool = False) -> float:
    """The most memory that the process has ever had, in MB; `anew`: counted from now on."""
    place = Path(f"/proc/{server.process.pid}")
    if anew:
        (place / "clear_refs").write_text("5")
    line = next(line for line in (place / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    small_files()
    large_file()
