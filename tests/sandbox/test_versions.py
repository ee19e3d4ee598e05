"""It can play older AnythingLLMs."""

import pytest

from dashboard.sandbox.config import version
from dashboard.sandbox.testing import Sandbox

from .conftest import Ask


@pytest.mark.parametrize(
    ("method", "path", "since", "before"),
    [
        ("GET", "/v1/users/1/issue-auth-token", (1, 3, 0), (1, 2, 4)),
        ("POST", "/v1/admin/workspaces/finance/manage-users", (1, 4, 0), (1, 3, 0)),
        ("POST", "/v1/workspace/finance/vector-search", (1, 4, 0), (1, 3, 0)),
        ("GET", "/v1/documents/folder/custom-documents", (1, 7, 5), (1, 7, 4)),
        ("POST", "/v1/embed/new", (1, 7, 5), (1, 7, 4)),
        ("DELETE", "/v1/document/remove-folder", (1, 7, 6), (1, 7, 5)),
        ("GET", "/v1/document/generated-files/nope.txt", (1, 13, 0), (1, 12, 1)),
        ("POST", "/v1/openai/images/generations", (1, 16, 0), (1, 15, 0)),
    ],
)
def test_a_route_that_is_too_new_is_the_index_page(
    sandbox: Sandbox, ask: Ask, method: str, path: str, since: tuple[int, ...], before: tuple[int, ...]
) -> None:
    body = {"userIds": [3], "query": "x"} if method == "POST" else None
    sandbox.configure(as_version=list(since))
    assert ask(method, path, json=body).headers["content-type"].startswith("application/json")
    sandbox.configure(as_version=list(before))
    answer = ask(method, path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("name", "played", "accepted"),
    [
        ("olaf@example.org", (1, 9, 0), False),
        ("olaf@example.org", (1, 10, 0), True),
        ("Olaf", (1, 10, 0), True),
        ("Olaf", (1, 11, 0), False),
        ("o" * 33, (1, 15, 0), False),
        ("o" * 33, (1, 16, 0), True),
        ("olaf.b", (1, 7, 8), False),
        ("olaf.b", (1, 8, 0), True),
        ("1olaf", (1, 7, 8), True),
    ],
)
def test_names_follow_the_rules_of_the_version(
    sandbox: Sandbox, ask: Ask, name: str, played: tuple[int, ...], accepted: bool
) -> None:
    sandbox.configure(as_version=list(played))
    answer = ask("POST", "/v1/admin/users/new", json={"username": name, "password": "long-enough-1"})
    assert (answer.status_code == 200) is accepted


def test_deletion_protection_is_of_1_13(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(deletion_protection=True, as_version=[1, 13, 0])
    assert ask("DELETE", "/v1/workspace/finance").status_code == 403
    sandbox.configure(as_version=[1, 12, 0])
    assert ask("DELETE", "/v1/workspace/finance").text == "OK"


def test_a_version_is_read_with_or_without_its_letter() -> None:
    assert version("v1.4.0") == version("1.4") == (1, 4, 0)
    with pytest.raises(ValueError, match="newest"):
        version("newest")
