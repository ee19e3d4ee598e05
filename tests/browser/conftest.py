"""A real Foyer (web, worker, static files as in production) before an instance of 1,000 people, and Chromium to look at it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from dashboard import instance
from dashboard.sandbox.seed import Size
from dashboard.sandbox.testing import Sandbox, running_sandbox
from tests.browser.hand import Hand
from tests.project.processes import running

expect.set_options(timeout=20_000)  # a busy machine is no failure
PROOF_KEPT = 5 * 60  # seconds: well before Foyer asks for the password again, which it does after 15 minutes

SECRET_KEY = "only-for-browser-tests-0123456789-0123456789"
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launched(playwright: Playwright) -> Browser:
    """Chromium without its own windows and menus where that is installed, which takes a fifth less of the processor; else the whole."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM)


class Foyer:
    """A running Foyer, and the people who look at it. `ada`, `mia` and `sam` are admin, manager and default on the instance."""

    def __init__(self, url: str, data: Path, browser: Browser, password: str) -> None:
        self.url, self.data, self.password = url, data, password
        self._browser = browser
        self._signed_in: dict[str, tuple[float, Any]] = {}
        self._contexts: list[BrowserContext] = []
        self.said: list[str] = []

    def context(self, who: str | None = "ada", **options: Any) -> BrowserContext:
        """A fresh browser profile with an empty cache; with `who`, signed in."""
        if who and time.monotonic() - self._signed_in.get(who, (-PROOF_KEPT, None))[0] >= PROOF_KEPT:
            with self._browser.new_context(base_url=self.url) as door:
                page = door.new_page()
                self.sign_in(page, who)
                self._signed_in[who] = (time.monotonic(), door.storage_state())
        state = self._signed_in[who][1] if who else None
        context = self._browser.new_context(base_url=self.url, storage_state=state, **options)
        context.on("console", lambda message: self._hear(message.type, message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        self._contexts.append(context)
        return context

    def page(self, who: str | None = "ada", **options: Any) -> Page:
        return self.context(who, **options).new_page()

    def _hear(self, kind: str, text: str) -> None:
        # htmx takes two lines to say that a search was replaced by a newer one, as on a slow machine each letter's is by the next.
        if text.startswith("htmx:sendAbort") and self.said[-1:] == [text.replace("sendAbort", "afterRequest", 1)]:
            self.said.pop()
            return
        # That an answer was 404 or 422 is for the tests to judge, not the browser.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.said.append(text)

    def sign_in(self, page: Page, who: str) -> None:
        page.goto("/sign-in/")
        page.get_by_label("User name").fill(who)
        page.get_by_label("Password", exact=True).fill(self.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)

    def begin_anew(self, instance: Sandbox) -> None:
        """As the instance does with every test: reasons kept from another one would show as lost, its documents as failed, and
        whoever gets an id next would be spoken to in the language of its last owner. That ids are given twice is forgotten, too,
        which Foyer would rightly take for a backup that was restored."""
        users, workspaces = instance.get("/v1/admin/users")["users"], instance.get("/v1/workspaces")["workspaces"]
        with closing(sqlite3.connect(self.data / "foyer.sqlite3", timeout=20)) as database, database:
            for table in ("access_grant", "documents_incoming", "documents_batch", "documents_stored", "chat_turn"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608
            database.execute("UPDATE accounts_operator SET language = ''")
            for kind, listed in (("user", users), ("workspace", workspaces)):
                last = max(row["id"] for row in listed)
                database.execute("DELETE FROM dashboard_witness WHERE kind = ? AND object_id > ?", [kind, last])
            database.execute("UPDATE dashboard_instance SET epoch = epoch + 1")

    def let_proof_age(self, page: Page) -> None:
        """As if the password had been given an hour ago."""
        key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "foyer_session")
        store = SessionStore()
        with sqlite3.connect(self.data / "foyer.sqlite3", timeout=20) as database:
            rows = database.execute("SELECT session_data FROM django_session WHERE session_key = ?", [key])
            session = store.decode(rows.fetchone()[0])
            session["proved_at"] -= 3600
            written = [store.encode(session), key]
            database.execute("UPDATE django_session SET session_data = ? WHERE session_key = ?", written)
        database.close()

    def forget(self) -> None:
        """What was read of the instance is read again: it went back to its beginning."""
        cache = {"BACKEND": "dashboard.caches.Files", "LOCATION": self.data / "cache"}
        with override_settings(CACHES={"default": cache}):
            instance.forget("users", "workspaces", "invites", "overview", "library")
            instance.forget_members()
            instance.forget_documents()

    def everybody_leaves(self) -> None:
        while self._contexts:
            self._contexts.pop().close()
        self.said.clear()


def refresh_until_answered(page: Page) -> None:
    """As somebody without JavaScript does, whose questions the worker asks."""
    deadline = time.monotonic() + 90
    while page.get_by_role("link", name="Refresh").is_visible():
        assert time.monotonic() < deadline
        page.get_by_role("link", name="Refresh").click()


def update_the_log(page: Page) -> None:
    """Until all is read: the worker may be reading right now, and on a busy machine one look does not reach the end."""
    for _ in range(30):
        page.get_by_role("button", name="Update now").click()
        expect(page.locator(".messages").last).to_be_visible()
        if page.get_by_text("The log is up to date.").is_visible():
            return
        page.wait_for_timeout(1000)
    raise AssertionError("The log was never up to date.")


@pytest.fixture(scope="session")
def big_instance() -> Iterator[Sandbox]:
    with running_sandbox(size=Size(users=1000, workspaces=200)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _foyer(big_instance: Sandbox, _browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foyer]:
    home = tmp_path_factory.mktemp("foyer")
    variables = {
        "SECRET_KEY": SECRET_KEY,
        "ANYTHINGLLM_URL": big_instance.url,
        "ANYTHINGLLM_API_KEY": big_instance.api_key,
        "TEAM_NAME": "Nordlicht Instruments",
    }
    with running(["dashboard.run"], home, **variables) as process:
        process.wait_until(lambda: "Foyer is ready" in process.said())
        yield Foyer(f"http://127.0.0.1:{process.port}", home / "data", _browser, big_instance.password)


@pytest.fixture(scope="session")
def things(big_instance: Sandbox, _foyer: Foyer) -> dict[str, int | str]:
    """One of each thing that pages are about, by the name that URLs give it."""
    foyer = _foyer
    _begin_anew(big_instance, foyer)  # earlier tests without these things may have given what is staged below
    user = next(user for user in big_instance.get("/v1/admin/users")["users"] if user["username"] == "sam")
    workspaces = big_instance.get("/v1/workspaces")["workspaces"]
    page = foyer.page(java_script_enabled=False)
    found: dict[str, int | str] = {
        "user_id": user["id"],
        "username": user["username"],
        "slug": workspaces[0]["slug"],
        "invite_id": next(
            i["id"] for i in big_instance.get("/v1/admin/invites")["invites"] if i["status"] == "pending"
        ),
    }

    def number_in_url() -> int:
        return int(re.search(r"/(\d+)/", page.url)[1])

    page.goto("/users/import/")
    page.get_by_label("Or paste the list").fill("name,role,limit\nfresh-one,default,20\nada,,\nNot a name,boss,-1\n")
    page.get_by_role("button", name="Check the list").click()
    found["draft_id"] = number_in_url()
    page.goto("/users/?q=sam")
    page.get_by_label("Select sam", exact=True).check()
    page.get_by_role("button", name="Set limit").click()
    page.get_by_label("Messages a day").fill("77")
    page.locator("main").get_by_role("button", name=re.compile("^(Set|Change|Limit)")).click()
    found["job_id"] = number_in_url()
    page.goto("/operators/new/")
    page.get_by_label("User name").fill("lotte")
    page.get_by_role("button", name="Create").click()
    page.goto("/operators/?q=lotte")
    page.get_by_role("link", name="lotte").click()
    found["operator_id"] = found["local_operator_id"] = number_in_url()
    page.goto("/invites/new/")
    page.get_by_label("Name of the link").fill("Field service")
    page.get_by_label("For how many people").fill("500")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Make the link").click()
    found["link_id"] = number_in_url()
    found["code"] = page.locator("#address").inner_text().rstrip("/").rpartition("/")[2]
    page.goto("/invites/many/")
    page.get_by_label("Name of the list").fill("Apprentices")
    page.get_by_label("Or paste the list").fill("Anna Müller\nBen Okafor")
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("button", name="Make 2 links").click()
    found["batch"] = re.search(r"[0-9a-f-]{36}", page.url)[0]
    page.goto("/groups/new/")
    page.get_by_label("Name").fill("Field service")
    page.locator("main .primary").click()
    found["group_id"] = number_in_url()
    page.goto("/chats/")
    update_the_log(page)
    page.locator("#chatlog-table tbody a").first.click()
    found["exchange_id"] = number_in_url()
    staged = {
        "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value"),
        "give": f"{workspaces[-1]['id']}-{user['id']}",
    }
    page.goto(page.context.request.post("/access/stage/", form=staged).url)
    found["set_id"] = number_in_url()
    page.context.close()
    return found


def _begin_anew(instance: Sandbox, foyer: Foyer) -> None:
    """The instance, as it was at the beginning, and Foyer before it."""
    instance.reset()
    foyer.begin_anew(instance)
    foyer.forget()


@pytest.fixture
def standin(big_instance: Sandbox, _foyer: Foyer) -> Sandbox:
    _begin_anew(big_instance, _foyer)
    return big_instance


@pytest.fixture
def foyer(_foyer: Foyer, standin: Sandbox, settings: Any) -> Iterator[Foyer]:
    """Nothing may be wrong in the console of any page of any test: no error, no warning, no breach of the content security policy."""
    settings.SECRET_KEY = SECRET_KEY
    yield _foyer
    said = list(_foyer.said)
    _foyer.everybody_leaves()
    assert said == []


@pytest.fixture
def page(foyer: Foyer) -> Page:
    """Ada's, who is admin."""
    return foyer.page()


@pytest.fixture
def hand(page: Page) -> Hand:
    """Ada's hand, on the home page."""
    page.goto("/")
    return Hand(page)
