"""The library's page: python -m bench library

5,000 documents in 200 workspaces, 4,000 of them added through Foyer. Time is what a client on this machine waits.
"""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor

from bench.stage import KEY, Server, foyer, milliseconds, signed_in, stand_in

HEADERS = {"Authorization": f"Bearer {KEY}"}
DOCUMENTS, WORKSPACES, STORED = 5_000, 200, 4_000
READERS = 16
PAGES = {
    "first page": "",
    "search": "&q=manual",
    "by tokens, last page": "&sort=-tokens&page=999",
    "newest first": "&sort=-added",
    "of one workspace": "&workspace=engineering",
}


def main() -> None:
    with stand_in(documents=DOCUMENTS, workspaces=WORKSPACES) as instance, foyer(instance) as web:
        print(f"library, {DOCUMENTS:,} documents in {WORKSPACES} workspaces")
        remember(instance)
        headers = {"Accept-Encoding": "gzip"} | signed_in()

        def page(query: str = "") -> tuple[float, float]:
            """Milliseconds until the answer was there, and how many of them the server's processor worked."""
            worked = web.worked()
            waited = milliseconds(lambda: web.get(f"/documents/?ready=1{query}", headers))
            return waited, web.worked() - worked

        page()
        before = web.megabytes()
        for name, query in PAGES.items():
            report(name, [page(query) for _ in range(15)])
        print(f"  memory of the server {before:.0f} MB, {web.megabytes() - before:+.0f} MB after these")
        cold(instance, page)


def remember(instance: Server) -> None:
    """Most of the library was added through Foyer."""
    from dashboard.accounts.models import Operator, Role
    from dashboard.anythingllm import AnythingLLMClient
    from dashboard.documents.models import Source, Stored

    by, _made = Operator.objects.get_or_create(username="bench", role=Role.ADMIN)
    found = AnythingLLMClient(instance.url, KEY).documents.list()[:STORED]
    Stored.objects.bulk_create(
        Stored(path=document.path or "", title=document.title, source=Source.FILE, added_by=by) for document in found
    )


def report(name: str, pages: list[tuple[float, float]]) -> None:
    waited, worked = zip(*pages, strict=True)
    print(
        f"  warm, {name:<22} {statistics.median(waited):5.0f} ms, {max(waited):.0f} at most;"
        f" {statistics.mean(worked):.0f} ms of work (goal 150)"
    )


def cold(instance: Server, page) -> None:  # type: ignore[no-untyped-def]
    """Forgotten by another process: beside the same answers fetched bare, as many at a time."""
    from dashboard import instance as line
    from dashboard.anythingllm import AnythingLLMClient

    slugs = [workspace.slug for workspace in AnythingLLMClient(instance.url, KEY).workspaces.list()]

    def bare() -> None:
        instance.get("/api/v1/documents", HEADERS)
        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(one, slugs))

    def one(slug: str) -> bytes:
        connection = instance.connection()
        connection.request("GET", f"/api/v1/workspace/{slug}", headers=HEADERS)
        body = connection.getresponse().read()
        connection.close()
        return body

    asked, waited, own = [], [], []
    for _ in range(9):
        asked.append(milliseconds(bare))
        line.forget("library", "workspaces")
        line.forget_documents()
        whole, worked = page()
        waited.append(whole)
        own.append(worked)
    print(
        f"  cold                         {statistics.median(waited):5.0f} ms beside {statistics.median(asked):.0f} ms of bare"
        f" fetching; {statistics.mean(own):.0f} ms of work"
    )


if __name__ == "__main__":
    main()
