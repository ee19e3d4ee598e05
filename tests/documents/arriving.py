"""What tests of adding share: a file as it comes from a browser, a worker's turn, and what the instance has afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import connection

from dashboard.accounts.models import Operator
from dashboard.documents import adding
from dashboard.documents.adding import Options
from dashboard.jobs import engine
from dashboard.jobs.models import JobItem
from dashboard.sandbox.testing import Sandbox

INTO_NO_WORKSPACE = Options()


def arrive(
    actor: Operator,
    name: str,
    content: bytes | str,
    options: Options = INTO_NO_WORKSPACE,
    *,
    batch: str = "b1",
    ticket: str = "",
) -> JobItem:
    """As the upload handler leaves it in the view's hands."""
    content = content.encode() if isinstance(content, str) else content
    file = TemporaryUploadedFile(name, "text/plain", len(content), None)
    file.write(content)
    file.seek(0)
    try:
        return adding.add_file(actor=actor, batch=batch, ticket=ticket or name, file=file, options=options)
    finally:
        file.close()


def work(item: JobItem) -> JobItem:
    """A worker takes the item's job up; the item as it is then."""
    while engine.work(item.job_id):
        pass
    return JobItem.objects.select_related("incoming", "job").get(pk=item.pk)


def work_at_once(items: list[JobItem]) -> list[JobItem]:
    """As many workers as items."""

    def one(item: JobItem) -> JobItem:
        try:
            return work(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(one, items))


def library(standin: Sandbox) -> dict[str, dict[str, Any]]:
    """Every document of the instance by its path."""
    folders = standin.get("/v1/documents")["localFiles"]["items"]
    return {f"{folder['name']}/{file['name']}": file for folder in folders for file in folder["items"]}


def in_workspace(standin: Sandbox, slug: str) -> list[str]:
    """The paths of a workspace's documents, one that is there twice twice."""
    (workspace,) = standin.get(f"/v1/workspace/{slug}")["workspace"]
    return sorted(document["docpath"] for document in workspace["documents"])


def found(standin: Sandbox, slug: str, question: str) -> list[str]:
    """The passages that a question finds in a workspace's vectors."""
    body = {"query": question, "topN": 20, "scoreThreshold": 0.5}
    return [hit["text"] for hit in standin.post(f"/v1/workspace/{slug}/vector-search", body)["results"]]
