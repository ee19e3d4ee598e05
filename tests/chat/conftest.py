"""People of the stand-in, signed in to Foyer, and what the instance has kept of their questions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.chat.models import Turn
from tests.conftest import signed_in
from tests.users.conftest import HTMX

SLUG = "company-handbook"
OTHER = "finance"  # where the newcomer may not go
QUESTION = "How many days off?"


class There:
    """What tests ask the stand-in itself, past Foyer."""

    def __init__(self, standin: Any) -> None:
        self.standin = standin

    def chats(self) -> list[dict]:
        return self.standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]

    def asked(self, user_id: int | None) -> list[str]:
        """The questions of an account, the oldest first."""
        return [chat["prompt"] for chat in reversed(self.chats()) if chat["user_id"] == user_id]

    def workspace(self, slug: str = SLUG) -> dict:
        return next(w for w in self.standin.get("/v1/workspaces")["workspaces"] if w["slug"] == slug)

    def threads(self, user_id: int, slug: str = SLUG) -> dict[str, str]:
        """Slug to name."""
        return {
            thread["slug"]: thread["name"] for thread in self.workspace(slug)["threads"] if thread["user_id"] == user_id
        }

    def expel(self, slug: str = SLUG) -> None:
        self.standin.post(f"/v1/admin/workspaces/{self.workspace(slug)['id']}/update-users", {"userIds": []})

    def thread_of(self, user_id: int, slug: str = SLUG) -> str:
        """A new one, made past Foyer."""
        body = {"name": "Private matters", "userId": user_id}
        return self.standin.post(f"/v1/workspace/{slug}/thread/new", body)["thread"]["slug"]


@pytest.fixture(autouse=True)
def _no_files_wait() -> Iterator[None]:
    yield
    for file in settings.QUESTIONS_DIR.iterdir():
        file.unlink()


@pytest.fixture
def there(standin) -> There:
    return There(standin)


@pytest.fixture
def account(standin, db):
    """`account("sam")`: the operator of an account."""

    def of(name: str) -> Operator:
        return accounts.operator_of(next(user for user in instance.users().value if user.username == name))

    return of


@pytest.fixture
def newcomer(standin, account) -> Operator:
    """One who may open the handbook only and has asked nothing yet."""
    new = {"username": "newcomer", "password": standin.password, "role": "default"}
    made = standin.post("/v1/admin/users/new", new)["user"]
    standin.post(f"/v1/admin/workspaces/{SLUG}/manage-users", {"userIds": [made["id"]], "reset": False})
    instance.hang_up()
    return account("newcomer")


class Person:
    """Somebody at their browser."""

    def __init__(self, operator: Operator) -> None:
        self.operator, self.client = operator, signed_in(operator)

    @property
    def user_id(self) -> int | None:
        return self.operator.anythingllm_user_id

    def get(self, url: str, **how: Any) -> HttpResponse:
        return self.client.get(url, **how)

    def post(self, url: str, data: dict | None = None, **how: Any) -> HttpResponse:
        return self.client.post(url, data or {}, **how)

    def ask(self, text: str = QUESTION, *, slug: str = SLUG, htmx: bool = False, **more: Any) -> HttpResponse:
        """Without htmx the worker asks at once."""
        fields = {"text": text, "mode": "chat", "key": str(uuid.uuid4()), **more}
        return self.post(f"/chat/{slug}/+ask/", fields, headers=HTMX if htmx else {})

    def page_of(self, answer: HttpResponse) -> str:
        """The page to which a question led."""
        return self.get(answer["Location"].partition("#")[0]).content.decode()


@pytest.fixture
def person(newcomer) -> Person:
    return Person(newcomer)


@pytest.fixture
def local(standin, ada) -> Person:
    return Person(ada)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def last_turn() -> Turn:
    return Turn.objects.latest("pk")
