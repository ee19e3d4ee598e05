"""The main journeys in Firefox, so that Foyer is known to work in a second engine. Wants Debian's firefox-esr (or any firefox) in the PATH.

Playwright would need a Firefox patched for it, and geckodriver is in no package: Firefox is spoken to directly, see marionette.py.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashboard.sandbox import COMMON_PASSWORD, DEFAULT_API_KEY
from evidence import fresh
from evidence.marionette import ENTER, ESCAPE, Firefox
from tests.project.processes import free_port

WIDTHS = (500, 768, 1440)  # a window of Firefox is not narrower than about 450 pixels
ASSETS = fresh.ROOT / "tests" / "browser"
NEWCOMER = "umbrella gravel seven tuesdays"


class Seat:
    """Somebody at Firefox before a Foyer of their own."""

    def __init__(self, browser: Firefox, url: str, instance: fresh.Instance, folder: Path) -> None:
        self.browser, self.url, self.instance, self.folder = browser, url, instance, folder

    def at(self, path: str) -> Firefox:
        self.browser.open(self.url + path)
        return self.browser

    def account(self, username: str) -> dict[str, object]:
        users = self.instance.get("/v1/admin/users")["users"]
        return next(user for user in users if user["username"] == username)

    def sign_in(self, username: str) -> None:
        b = self.at("/sign-in/")
        b.fill("User name", username)
        b.fill("Password", self.instance.password)
        b.click("button", "Sign in")
        b.wait_for(lambda: "/sign-in/" not in b.url, "the door to open")


JOURNEYS: list[Callable[[Seat], None]] = []


def journey(todo: Callable[[Seat], None]) -> Callable[[Seat], None]:
    JOURNEYS.append(todo)
    return todo


@journey
def sign_in(seat: Seat) -> None:
    """Sign in; the page is dark when it is told to be, and Chinese."""
    seat.sign_in("ada")
    b = seat.at("/profile/")
    light = b.evaluate("return getComputedStyle(document.documentElement).backgroundColor")
    b.evaluate(
        "document.querySelector('select[name=language]').value = 'zh-hans';"
        "document.querySelector('input[name=theme][value=dark]').click()"
    )
    b.click("main form button.primary")
    b.wait_for(lambda: b.evaluate("return document.documentElement.dataset.theme") == "dark", "the dark")
    assert b.evaluate("return document.documentElement.lang") == "zh-hans"
    assert b.evaluate("return getComputedStyle(document.documentElement).backgroundColor") != light
    b.evaluate(
        "document.querySelector('select[name=language]').value = 'en';"
        "document.querySelector('input[name=theme][value=system]').click()"
    )
    b.click("main form button.primary")
    b.sees("Your profile", "h1")


@journey
def search_the_users(seat: Seat) -> None:
    """Search the users' table while typing; Back shows the whole page again."""
    b = seat.at("/users/")
    rows = "return document.querySelectorAll('#user-table tbody tr').length"
    many = b.evaluate(rows)
    b.fill("Search", "nadia")
    b.wait_for(lambda: "q=nadia" in b.url and 0 < b.evaluate(rows) < many, "few rows")
    b.click("#user-table tbody th a")
    b.wait_for(lambda: "nadia" in b.text("h1"), "her page")
    b.back()
    b.wait_for(lambda: b.text("h1") == "Users" and 0 < b.evaluate(rows) < many, "the few rows again")
    b.sees("Ledger", ".sidebar")


@journey
def use_a_dialog(seat: Seat) -> None:
    """A dialog holds the focus, tells what is wrong, closes with Escape and gives the focus back."""
    b = seat.at(f"/users/{seat.account('sam')['id']}/")
    b.click("main a", "Edit")
    b.named("#dialog h2")
    assert b.evaluate("return document.querySelector('#dialog').contains(document.activeElement)")
    b.fill("User name", "Not A Name!")
    b.click("#dialog button", "Save")
    b.named("#dialog [aria-invalid=true]")
    b.press(ESCAPE)
    b.wait_for(lambda: not b.evaluate("return document.querySelector('#dialog').open"), "the dialog to close")
    assert b.evaluate("return document.activeElement.innerText.trim()") == "Edit"


@journey
def create_and_suspend(seat: Seat) -> None:
    """Create a user and suspend them; a toast says so."""
    b = seat.at("/users/new/")
    b.fill("User name", "fox")
    b.sees("fox is free", "#user-check")
    b.click("main button", "Create")
    b.sees("fox was created.")
    assert seat.account("fox")["role"] == "default"
    b = seat.at("/users/?q=fox")
    b.click("button", "Suspend fox")
    b.sees("fox is suspended and locked out.", "#toasts")
    assert seat.account("fox")["suspended"] == 1


@journey
def give_access_by_the_matrix(seat: Seat) -> None:
    """Give access by the matrix."""
    workspace = next(w for w in seat.instance.get("/v1/workspaces")["workspaces"] if w["name"] == "Finance")
    b = seat.at("/access/?q=fox&w=Finance")
    b.click(f'.matrix input[value="{workspace["id"]}-{seat.account("fox")["id"]}"]')
    b.sees("1 change for 1 person in 1 workspace", "#staging")
    b.click("#staging button", "Preview")
    b.click("main button", "Apply")
    b.sees("done", "#access-set")
    members = seat.instance.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
    assert "fox" in {member["username"] for member in members}


@journey
def add_a_document(seat: Seat) -> None:
    """Add a file, and put it into a workspace."""
    note = seat.folder / "fox.txt"
    note.write_text("The fox was seen in the vineyard.")
    b = seat.at("/documents/add/")
    b.send_keys("#add-files", str(note))
    b.click("#add-choice input[name=workspaces]")
    b.click("#add-send")
    b.sees("1 of 1 ready", "#add-summary")


@journey
def chat(seat: Seat) -> None:
    """Ask a workspace and see the words come; the sources stand beside them."""
    b = seat.at("/chat/company-handbook/")
    b.send_keys("#ask-text", "How many days off are there? MARKDOWN")
    b.send_keys("#ask-text", ENTER)
    lengths = [0]
    while not b.evaluate("return document.querySelectorAll('.exchange .deeds').length"):
        lengths.append(b.evaluate("return [...document.querySelectorAll('.prose')].at(-1)?.innerText.length ?? 0"))
        time.sleep(0.05)
    growing = lengths[:-1]  # the last may be of the finished answer, whose marks are no words any more
    assert len(set(growing)) > 3 and growing == sorted(growing), lengths
    b.named(".prose strong", "bold")
    b.click(".marks a")
    b.wait_for(lambda: b.text("#source-1 .passage"), "the passage")


@journey
def see_the_usage(seat: Seat) -> None:
    """See the chart of usage drawn."""
    b = seat.at("/chats/")
    b.click("button", "Update now")
    b.named(".messages")
    b = seat.at("/usage/")
    b.named("[data-chart] canvas")


@journey
def open_the_pages(seat: Seat) -> None:
    """Open every page that needs no more than there is; nothing is off screen, and axe finds nothing."""
    from tests.browser.pages import PAGES, address

    things = {
        "user_id": seat.account("sam")["id"],
        "slug": "company-handbook",
        "invite_id": next(
            i["id"] for i in seat.instance.get("/v1/admin/invites")["invites"] if i["status"] == "pending"
        ),
    }
    off_screen, axe = (ASSETS / "off_screen.js").read_text(), (ASSETS / "vendor" / "axe.min.js").read_text()
    opened = 0
    for name, needs in PAGES.items():
        if not set(needs) <= set(things) or name == "operator_password":
            continue
        b = seat.at(address(name, things, needs))
        b.wait_for(partial(b.evaluate, "return !document.querySelector('.htmx-request')"), "all of the page")
        for width in WIDTHS:
            b.window(width)
            out = b.evaluate(f"return (\n{off_screen})()")
            assert out == [], f"{name} at {width}: {out}"
        found = b.evaluate_later(
            axe + ";const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']})"
            ".then((result) => done(result.violations.map((v) => `${v.id}: ${v.nodes[0].html}`)))"
        )
        assert found == [], f"{name}: {found}"
        opened += 1
    print(f"    {opened} pages at {', '.join(map(str, WIDTHS))} pixels")


@journey
def join(seat: Seat) -> None:
    """Join by a link, up to the first answer."""
    b = seat.at("/invites/new/")
    b.fill("Name of the link", "For Firefox")
    b.click("main [name=workspace_ids]")
    b.click("main button", "Make the link")
    b.named("#address")
    link = b.text("#address")
    b.forget_cookies()
    b.open(link)
    b.fill("User name", "fennec")
    b.fill("Password", NEWCOMER)
    b.sees("Very good", "#join-password")
    b.click("main button", "Join")
    b.wait_for(lambda: b.url.endswith("/welcome/"), "the welcome")
    b.fill("Your question", "How many days off are there?")
    b.click("main button", "Ask")
    b.sees("How many days off are there?", "#exchanges")
    b.named(".exchange .deeds")
    b.wait_for(lambda: b.text(".prose"), "the answer")
    assert seat.instance.post("/request-token", {"username": "fennec", "password": NEWCOMER})["valid"]


def main(_options: list[str]) -> None:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        sys.exit("Firefox is not installed: sudo apt-get install firefox-esr")
    with tempfile.TemporaryDirectory(prefix="firefox-") as name:
        folder, port, instance_port = Path(name), free_port(), free_port()
        variables = {"PORT": str(port), "SANDBOX_PORT": str(instance_port), "DATA_DIR": str(folder / "data")}
        command = [sys.executable, "-m", "dashboard.run"]
        with fresh.started(command, fresh.ROOT, folder / "log", {**os.environ, **variables}) as foyer:
            foyer.wait_until(lambda: "Foyer is ready" in foyer.said(), "it was ready")
            fresh.know_the_pages()
            instance = fresh.Instance(f"http://127.0.0.1:{instance_port}", DEFAULT_API_KEY)
            instance.password = COMMON_PASSWORD
            browser = Firefox(folder / "profile", program)
            try:
                print(f"Firefox {browser.version}, headless, driven by its own Marionette.")
                seat = Seat(browser, f"http://localhost:{port}", instance, folder)
                for number, todo in enumerate(JOURNEYS, 1):
                    todo(seat)
                    print(f"{number:>2}. {todo.__doc__}", flush=True)
                complaints = browser.complaints(seat.url)
                assert complaints == [], complaints
                print(
                    f"{len(JOURNEYS)} journeys done; no script failed, and the content security policy forbade nothing."
                )
            finally:
                browser.quit()
