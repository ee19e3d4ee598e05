"""The main acts of Foyer, each done by hand in a browser and believed only when the instance itself says the same."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from evidence.fresh import Instance
from tests.browser.conftest import Foyer, update_the_log
from tests.browser.pages import PAGES, address

DESK = {"width": 1280, "height": 680}
PHONE = {"width": 360, "height": 740}
PICTURE_AT_MOST = 150_000  # bytes
FINISHES = 120_000  # ms for a job, on a busy machine
NEWCOMER = "umbrella gravel seven tuesdays"
ROOM = "Field Service"
NOTES = {
    "river.txt": "The heron was seen at the river on Monday.",
    "meadow.txt": "The hare was seen in the meadow on Tuesday.",
    "harbour.txt": "The seal was seen in the harbour on Wednesday.",
}


class Walker:
    """Somebody who does one act after the other as ada, the admin, and remembers what there is by now."""

    def __init__(self, foyer: Foyer, instance: Instance, pictures: Path) -> None:
        self.foyer, self.instance, self.pictures = foyer, instance, pictures
        self.page = foyer.context(None, viewport=DESK, locale="en-GB").new_page()
        self.things: dict[str, int | str] = {}  # one of each that pages are about, by the name that URLs give it
        self.opened = 0

    def at(self, url: str) -> Page:
        self.page.goto(url)
        return self.page

    def take(self, name: str, page: Page | None = None) -> None:
        """A picture of what is seen, once nothing moves any more."""
        page = page or self.page
        expect(page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)
        page.mouse.move(0, 0)
        path = self.pictures / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size < PICTURE_AT_MOST, f"{path.name} has {path.stat().st_size} bytes"

    def number_in_url(self) -> int:
        return int(re.search(r"/(\d+)/", self.page.url)[1])

    def download(self, button: Locator) -> str:
        with self.page.expect_download() as file:
            button.click()
        return Path(file.value.path()).read_text("utf-8-sig")

    def job_is_done(self) -> None:
        """Watches the job that the page is about until all of it went well."""
        expect(self.page.locator("#job[hx-get], #access-set[hx-get]")).to_have_count(0, timeout=FINISHES)
        count = self.page.locator("#job strong, #access-set strong").first.inner_text()
        assert re.fullmatch(r"(\d+) of \1", count), count
        expect(self.page.locator("#job-retry")).to_have_count(0)

    # --- What the instance says -----------------------------------------------------------------------------------------
    def account(self, username: str) -> dict[str, Any] | None:
        users = self.instance.get("/v1/admin/users")["users"]
        return next((user for user in users if user["username"] == username), None)

    def may_sign_in(self, username: str, password: str) -> bool:
        return self.instance.post("/request-token", {"username": username, "password": password})["valid"]

    def workspace(self, name: str) -> dict[str, Any] | None:
        return next((w for w in self.instance.get("/v1/workspaces")["workspaces"] if w["name"] == name), None)

    def members(self, name: str) -> set[str]:
        users = self.instance.get(f"/v1/admin/workspaces/{self.workspace(name)['id']}/users")["users"]
        return {user["username"] for user in users}

    def documents(self, name: str) -> set[str]:
        """By the names they came with: Foyer and the instance add what makes them unlike any other."""
        (workspace,) = self.instance.get(f"/v1/workspace/{self.workspace(name)['slug']}")["workspace"]
        names = [document["filename"] for document in workspace["documents"]]
        return {re.sub(r"-[0-9a-f]{10}(\.\w+).*", r"\1", name) for name in names}

    def asked(self) -> list[str]:
        return [chat["prompt"] for chat in self.instance.post("/v1/admin/workspace-chats", {"offset": 0})["chats"]]


Act = Callable[[Walker], None]
ACTS: list[Act] = []


def act(todo: Act) -> Act:
    ACTS.append(todo)
    return todo


def columns(text: str, *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in csv.DictReader(io.StringIO(text))]


# --- People -------------------------------------------------------------------------------------------------------------
@act
def sign_in(w: Walker) -> None:
    """Sign in, after a look at the page in Chinese."""
    page = w.at("/users/")
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    w.take("01-sign-in-chinese")
    page.get_by_role("link", name="English").click()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(w.instance.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    w.take("02-users")


@act
def create_a_user(w: Walker) -> None:
    """Create a user; the password shown opens AnythingLLM."""
    page = w.at("/users/")
    page.get_by_role("link", name="New user").click()
    page.get_by_label("User name").fill("bo.walker")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("bo.walker was created.")).to_be_visible()
    assert w.may_sign_in("bo.walker", page.locator("p.copy code").inner_text())
    w.things |= {"user_id": w.account("bo.walker")["id"], "username": "bo.walker"}


@act
def suspend_and_resume(w: Walker) -> None:
    """Suspend them, and let them in again."""
    page = w.at("/users/")
    page.get_by_label("Search", exact=True).press_sequentially("bo.walker")
    expect(page.locator("#user-table tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Suspend bo.walker").click()
    expect(page.locator("#toasts")).to_contain_text("bo.walker is suspended and locked out.")
    assert w.account("bo.walker")["suspended"] == 1
    page.get_by_role("button", name="Resume bo.walker").click()
    expect(page.locator("#toasts")).to_contain_text("bo.walker can sign in again.")
    assert w.account("bo.walker")["suspended"] == 0


@act
def change_a_user(w: Walker) -> None:
    """Set their limit of messages."""
    page = w.at(f"/users/{w.things['user_id']}/")
    page.get_by_role("link", name="Edit").click()
    page.locator("#dialog").get_by_label("Messages a day").fill("12")
    page.locator("#dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("bo.walker was saved.")).to_be_visible()
    assert w.account("bo.walker")["dailyMessageLimit"] == 12


@act
def reset_a_password(w: Walker) -> None:
    """Reset their password; the new one opens AnythingLLM."""
    page = w.at(f"/users/{w.things['user_id']}/")
    page.get_by_role("link", name="Reset password").click()
    page.locator("#dialog").get_by_role("button", name="Reset password").click()
    expect(page.get_by_role("heading", name="The password was reset")).to_be_visible()
    assert w.may_sign_in("bo.walker", page.locator("#dialog p.copy code").inner_text())


@act
def import_a_list(w: Walker) -> None:
    """Import a CSV file; the passwords come as a file, once, and the job's report as another."""
    page = w.at("/users/import/")
    file = {"name": "people.csv", "mimeType": "text/csv"}
    page.locator("[type=file]").set_input_files(
        {**file, "buffer": b"name;role;limit\ncy.walker;default;5\ndee.walker;manager;\nada;;\n"}
    )
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Import users")).to_be_visible()
    w.things["draft_id"] = w.number_in_url()
    w.take("03-import")
    page.get_by_role("button", name="Create 2 users").click()
    w.job_is_done()
    w.things["job_id"] = w.number_in_url()
    assert w.account("cy.walker")["dailyMessageLimit"] == 5 and w.account("dee.walker")["role"] == "manager"
    report = w.download(page.get_by_role("link", name="Report as CSV"))
    assert "cy.walker" in report and "dee.walker" in report
    passwords = w.download(page.get_by_role("button", name="Download the passwords, once"))
    password = re.search(r"cy\.walker[\",;]+([^\",;\s]+)", passwords)[1]
    assert w.may_sign_in("cy.walker", password)


@act
def change_many(w: Walker) -> None:
    """Change the limit of three people at once."""
    page = w.at("/users/?q=walker")
    page.get_by_label("Select all on this page").check()
    page.locator("#selection").get_by_role("button", name="Set limit").click()
    page.locator("#dialog").get_by_label("Messages a day").fill("33")
    page.locator("#dialog .primary").click()
    page.wait_for_url("**/jobs/**")
    w.job_is_done()
    w.take("04-job")
    assert [w.account(f"{name}.walker")["dailyMessageLimit"] for name in ("bo", "cy", "dee")] == [33, 33, 33]


# --- Workspaces and access ----------------------------------------------------------------------------------------------
@act
def make_a_workspace(w: Walker) -> None:
    """Make a workspace and change a setting of it."""
    page = w.at("/workspaces/")
    page.get_by_role("link", name="New workspace").click()
    page.get_by_label("Name").fill(ROOM)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=ROOM, exact=True)).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Temperature").fill("0.1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"The settings of {ROOM} were saved.")).to_be_visible()
    assert w.workspace(ROOM)["openAiTemp"] == 0.1
    w.things |= {"slug": w.workspace(ROOM)["slug"], "workspace_id": w.workspace(ROOM)["id"]}


@act
def give_access_by_a_switch(w: Walker) -> None:
    """Give one person access by a switch."""
    page = w.at(f"/workspaces/{w.things['slug']}/")
    page.locator("main").get_by_role("searchbox").press_sequentially("cy.walker")
    page.get_by_role("switch", name="cy.walker", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("cy.walker may open")
    assert w.members(ROOM) == {"cy.walker"}


@act
def give_access_by_the_matrix(w: Walker) -> None:
    """Give two people access by the matrix: staged, previewed, applied."""
    page = w.at("/access/?q=walker&role=default")
    expect(page.locator("table[role=grid]")).to_be_visible()
    page.locator(f'.matrix input[value="{w.things["workspace_id"]}-{w.things["user_id"]}"]').click()
    other = w.workspace("Company Handbook")["id"]
    before = w.members("Company Handbook")
    page.locator(f'.matrix input[value="{other}-{w.account("cy.walker")["id"]}"]').click()
    expect(page.locator("[data-count=staged]")).to_have_text("2 changes for 2 people in 2 workspaces")
    w.take("05-access-matrix")
    page.get_by_role("button", name="Preview", exact=True).click()
    page.wait_for_url("**/access/sets/**")
    w.take("06-access-preview")
    assert "bo.walker" not in w.members(ROOM)
    page.get_by_role("button", name="Apply", exact=True).click()
    w.job_is_done()
    w.things["set_id"] = w.number_in_url()
    assert w.members(ROOM) == {"bo.walker", "cy.walker"}
    assert w.members("Company Handbook") == before | {"cy.walker"}


@act
def undo_it(w: Walker) -> None:
    """Undo that, after a look at what it would do."""
    page = w.at(f"/access/sets/{w.things['set_id']}/")
    page.get_by_role("button", name="Undo, after another look").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    w.job_is_done()
    assert w.members(ROOM) == {"cy.walker"}


@act
def make_a_group(w: Walker) -> None:
    """Make a group that opens the workspace, with two people in it."""
    page = w.at("/groups/new/")
    page.get_by_label("Name").fill("Walkers")
    page.locator("main .primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Walkers")
    w.things["group_id"] = w.number_in_url()
    page.get_by_role("checkbox", name=ROOM, exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    w.at(f"/groups/{w.things['group_id']}/")
    page.get_by_label("User names").fill("bo.walker\ncy.walker")
    page.get_by_role("button", name="Add, after a look").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    w.job_is_done()
    assert w.members(ROOM) == {"bo.walker", "cy.walker"}


@act
def make_a_manager_of_one_workspace(w: Walker) -> None:
    """Make a local operator who looks after this workspace only, and sees nothing else."""
    page = w.at("/operators/new/")
    page.get_by_label("User name").fill("lotte")
    page.get_by_role("button", name="Create").click()
    password = page.locator("#password").inner_text()
    w.at("/operators/?q=lotte").get_by_role("link", name="lotte", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("lotte")
    w.things |= {"operator_id": w.number_in_url(), "local_operator_id": w.number_in_url()}
    w.at(f"/operators/{w.things['operator_id']}/workspaces/")
    page.get_by_role("checkbox", name=ROOM, exact=True).check()
    page.get_by_role("button", name="Save").click()
    hers = w.foyer.page(None, viewport=DESK)
    hers.goto("/workspaces/")
    hers.get_by_label("User name").fill("lotte")
    hers.get_by_label("Password", exact=True).fill(password)
    hers.get_by_role("button", name="Sign in").click()
    expect(hers.locator("#workspace-table tbody th")).to_have_text([ROOM])
    hers.context.close()


# --- Inviting -----------------------------------------------------------------------------------------------------------
@act
def make_a_link(w: Walker) -> None:
    """Make an invite link for a team."""
    page = w.at("/")
    page.locator("main").get_by_role("link", name="Invite", exact=True).click()
    page.get_by_label("Name of the link").fill("Field team")
    page.get_by_label("For how many people").fill("20")
    page.get_by_role("checkbox", name=ROOM, exact=True).check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#address")).to_contain_text("/join/")
    w.things |= {
        "link_id": w.number_in_url(),
        "code": page.locator("#address").inner_text().rstrip("/").rpartition("/")[2],
        "invite_id": next(i["id"] for i in w.instance.get("/v1/admin/invites")["invites"] if i["status"] == "pending"),
    }
    w.take("07-invite-link")


@act
def join(w: Walker) -> None:
    """Join by it on a phone, up to the first question and its answer."""
    page = w.foyer.page(None, viewport=PHONE)
    page.goto(f"/join/{w.things['code']}/")
    page.get_by_label("User name").fill("eve.walker")
    page.get_by_label("Password", exact=True).fill(NEWCOMER)
    expect(page.locator("#join-password")).to_contain_text("Very good")
    w.take("08-joining-on-a-phone", page)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_url("**/welcome/")
    page.get_by_label("Your question").fill("Who was seen at the river?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/chat/**")
    expect(page.locator("#exchanges")).to_contain_text("Who was seen at the river?")
    expect(page.locator(".exchange .deeds")).to_be_attached()  # the answer is whole, and AnythingLLM has kept it
    expect(page.locator(".prose")).not_to_be_empty()
    assert w.may_sign_in("eve.walker", NEWCOMER) and "eve.walker" in w.members(ROOM)
    assert "Who was seen at the river?" in w.asked()
    page.context.close()
    expect(w.at(f"/invites/{w.things['link_id']}/").locator("main")).to_contain_text("eve.walker")


@act
def make_many_links(w: Walker) -> None:
    """Make personal links for everybody on a list."""
    page = w.at("/invites/many/")
    page.get_by_label("Name of the list").fill("Apprentices")
    page.get_by_label("Or paste the list").fill("Anna Müller, anna@example.com\nBen Okafor")
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("button", name="Make 2 links").click()
    w.things["batch"] = re.search(r"[0-9a-f-]{36}", page.url)[0]
    expect(page.locator("main")).to_contain_text("Ben Okafor")


@act
def revoke_a_link(w: Walker) -> None:
    """Revoke a link; it lets nobody in any more."""
    page = w.at("/invites/new/")
    page.get_by_label("Name of the link").fill("A mistake")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#address").inner_text()
    page.get_by_role("link", name="Who joined").click()
    page.get_by_role("link", name="Revoke").click()
    page.locator("#dialog").get_by_role("button", name="Revoke link").click()
    expect(page.locator("main")).to_contain_text("Revoked")
    stranger = w.foyer.page(None)
    assert stranger.goto(link).status == 410
    expect(stranger.get_by_text("This link was revoked.")).to_be_visible()
    stranger.context.close()


# --- Documents ----------------------------------------------------------------------------------------------------------
@act
def add_documents(w: Walker) -> None:
    """Add three files to the workspace; a question finds them there."""
    page = w.at("/documents/")
    expect(page.locator("#document-table")).to_be_visible()
    page.locator("#add-files").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in NOTES.items()]
    )
    page.get_by_role("checkbox", name=ROOM, exact=True).check()
    page.get_by_role("button", name="Add 3 files").click()
    expect(page.locator("#add-summary")).to_have_text("3 of 3 ready", timeout=FINISHES)
    w.take("09-documents-added")
    assert w.documents(ROOM) == set(NOTES)
    wanted = {"query": "heron river", "topN": 1, "scoreThreshold": 0.2}
    (found,) = w.instance.post(f"/v1/workspace/{w.things['slug']}/vector-search", wanted)["results"]
    assert "The heron was seen" in found["text"]


@act
def put_a_document_into_another_workspace(w: Walker) -> None:
    """Put one of them into a second workspace."""
    page = w.at("/documents/?q=river")
    page.locator("#document-table input[name=ids]").first.check()
    page.locator("#selection").get_by_role("button", name="Put into workspaces").click()
    page.locator("#dialog").get_by_role("checkbox", name="Company Handbook", exact=True).check()
    page.locator("#dialog").get_by_role("button", name="Preview").click()
    page.locator("#dialog").get_by_role("button", name="Put 1 document in").click()
    page.wait_for_url("**/jobs/**")
    w.job_is_done()
    assert "river.txt" in w.documents("Company Handbook")


@act
def find(w: Walker) -> None:
    """See what a question finds in the workspace."""
    page = w.at(f"/documents/find/{w.things['slug']}/")
    page.get_by_label("Question or words").fill("Who was seen at the river?")
    page.get_by_label("Least similarity").select_option("0")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".hits li").first).to_contain_text("The heron was seen at the river")
    w.take("10-find")


@act
def erase_a_document(w: Walker) -> None:
    """Erase one everywhere."""
    page = w.at("/documents/?q=harbour")
    page.locator("#document-table input[name=ids]").first.check()
    page.locator("#selection").get_by_role("button", name="Erase everywhere").click()
    page.locator("#dialog").get_by_role("button", name="Erase everywhere").click()
    expect(page.get_by_text("harbour.txt was erased everywhere.")).to_be_visible()
    assert w.documents(ROOM) == {"river.txt", "meadow.txt"}


# --- Chat, its log, and what is told of it ------------------------------------------------------------------------------
@act
def chat(w: Walker) -> None:
    """Ask the workspace, see the words come, and follow a source."""
    page = w.at(f"/chat/{w.things['slug']}/")
    question = "When was the hare seen in the meadow?"
    page.locator("#ask-text").fill(question)
    page.locator("#ask-text").press("Enter")
    lengths = [0]
    while not page.locator(".exchange .deeds").count():
        lengths.append(len(page.locator(".prose").last.inner_text()))
    assert len(set(lengths)) > 3 and lengths == sorted(lengths), "The words did not come one after the other."
    page.locator(".marks a").first.click()
    expect(page.locator("#source-1 .passage")).not_to_be_empty()
    w.take("11-chat")
    assert question in w.asked()
    page.get_by_role("link", name="Rename").click()
    page.locator("#dialog").get_by_label("Name").fill("About the hare")
    page.locator("#dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="About the hare")).to_be_visible()


@act
def read_the_log(w: Walker) -> None:
    """Read in the chat log who asked what."""
    page = w.at("/chats/")
    update_the_log(page)
    page.locator("main").get_by_label("Workspace").select_option(label=ROOM)
    rows = page.locator("#chatlog-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("When was the hare seen")
    expect(rows.last).to_contain_text("eve.walker")
    w.take("12-chat-log")
    rows.first.get_by_role("link").first.click()
    w.things["exchange_id"] = w.number_in_url()
    expect(page.locator("main")).to_contain_text("When was the hare seen")


@act
def see_who_uses_what(w: Walker) -> None:
    """See who uses what."""
    page = w.at("/usage/")
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    expect(page.locator("main")).to_contain_text(ROOM)
    w.take("13-usage")


@act
def test_the_connection(w: Walker) -> None:
    """Test the connection to AnythingLLM."""
    page = w.at("/system/")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#connection-test h2")).to_be_visible()
    expect(page.locator("#connection-test [data-tone=error]")).to_have_count(0)


@act
def change_ones_language(w: Walker) -> None:
    """Choose Chinese and dark in the profile, and take both back."""
    page = w.at("/profile/")
    page.locator("select[name=language]").select_option("zh-hans")
    page.locator("input[name=theme][value=dark]").check()
    page.locator("main form button.primary").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    w.at("/")
    w.take("14-home-chinese-dark")
    w.at(f"/users/{w.things['user_id']}/")
    page.set_viewport_size(PHONE)
    w.take("15-user-on-a-phone-chinese-dark")
    page.set_viewport_size(DESK)
    w.at("/profile/")
    page.locator("select[name=language]").select_option("en")
    page.locator("input[name=theme][value=system]").check()
    page.locator("main form button.primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your profile")


@act
def open_every_page(w: Walker) -> None:
    """Open every page there is."""
    for name, needs in PAGES.items():
        answer = w.page.goto(address(name, w.things, needs))
        assert answer.status == 200, f"{name}: {answer.status}"
        expect(w.page.locator("h1").first).not_to_be_empty()
        expect(w.page.locator(".htmx-request")).to_have_count(0)
        w.opened += 1


# --- Taking leave -------------------------------------------------------------------------------------------------------
@act
def lock_a_leaver_out(w: Walker) -> None:
    """Lock a leaver out, and take them out of all workspaces."""
    page = w.at(f"/users/{w.account('cy.walker')['id']}/")
    page.get_by_role("link", name="Lock out").click()
    page.locator("#dialog").get_by_role("button", name="Lock out").click()
    expect(page.get_by_text("cy.walker is suspended and locked out.")).to_be_visible()
    w.job_is_done()
    assert w.account("cy.walker")["suspended"] == 1
    assert "cy.walker" not in w.members(ROOM) | w.members("Company Handbook")


@act
def delete_a_user(w: Walker) -> None:
    """Delete a user, by typing the name."""
    page = w.at(f"/users/{w.things['user_id']}/")
    page.get_by_role("link", name="Delete user").click()
    page.locator("#dialog input[type=text]").press_sequentially("bo.walker")
    page.locator("#dialog").get_by_role("button", name="Delete user").click()
    expect(page.get_by_text("bo.walker was deleted.")).to_be_visible()
    assert w.account("bo.walker") is None


@act
def delete_the_workspace(w: Walker) -> None:
    """Delete the workspace, by typing its name."""
    page = w.at(f"/workspaces/{w.things['slug']}/")
    page.get_by_role("link", name="Delete workspace").click()
    page.locator("#dialog").get_by_label("to confirm").press_sequentially(ROOM)
    page.locator("#dialog").get_by_role("button", name="Delete workspace").click()
    page.wait_for_url("**/workspaces/")
    assert w.workspace(ROOM) is None


@act
def read_the_ledger(w: Walker) -> None:
    """Read all of that in the ledger, and none of it with a password in it."""
    page = w.at("/audit/")
    w.take("16-ledger")
    lines = page.context.request.get("/audit/export/").text()
    for name in ("bo.walker", "cy.walker", "eve.walker", "Walkers", "Field team", ROOM, "harbour.txt"):
        assert name in lines, name
    assert NEWCOMER not in lines and w.instance.password not in lines


@act
def sign_out(w: Walker) -> None:
    """Sign out; the pages are closed again."""
    page = w.at("/")
    w.take("17-home")
    page.locator(".profile-button").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    w.at("/users/")
    assert "/sign-in/" in page.url
