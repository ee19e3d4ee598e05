"""Files from a person's disk to where questions find them, as one sees it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

ANIMALS = ["aardvark", "badger", "caracal", "dormouse", "echidna", "fossa", "gharial", "hoatzin", "ibex", "jerboa"]
SEARCHABLE = 60_000  # ms until ten files are read and embedded twice, on a busy machine


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Ten notes, each about an animal of its own."""
    paths = [tmp_path / f"{animal}.txt" for animal in ANIMALS]
    for path in paths:
        path.write_text(f"The {path.stem} was seen at the river.\n")
    return paths


@pytest.fixture
def panel(page: Page) -> Locator:
    """The page for nothing but adding."""
    page.goto("/documents/add/")
    return page.locator("#document-add")


def rows(page: Page) -> Locator:
    return page.locator("#add-status .upload-row")


def found(standin, slug: str, question: str) -> str:
    """What a question finds first in a workspace, asked of the instance itself."""
    answer = standin.post(f"/v1/workspace/{slug}/vector-search", {"query": question, "topN": 1, "scoreThreshold": 0.5})
    return answer["results"][0]["text"] if answer["results"] else ""


def titles(standin, slug: str) -> list[str]:
    (workspace,) = standin.get(f"/v1/workspace/{slug}")["workspace"]
    return [document["filename"] for document in workspace["documents"]]


@pytest.mark.journey
def test_putting_ten_files_into_two_workspaces(hand, standin, files, figure):
    page = hand.page
    first, second = standin.get("/v1/workspaces")["workspaces"][40:42]
    hand.click(page.get_by_role("link", name="Documents", exact=True))
    expect(page.locator("#document-table")).to_be_visible()
    hand.choose_files(page.get_by_role("link", name="Add files"), files)
    for workspace in (first, second):
        hand.click(page.get_by_role("checkbox", name=workspace["name"], exact=True))
    hand.click(page.get_by_role("button", name="Add 10 files"))

    expect(page.locator("#add-summary")).to_have_text("10 of 10 ready", timeout=SEARCHABLE)
    for row in rows(page).all():
        expect(row).to_contain_text(re.compile(f"Added.*{first['name']}.*{second['name']}", re.DOTALL))
    for workspace in (first, second):
        for animal in ANIMALS:
            assert f"The {animal} was seen" in found(standin, workspace["slug"], animal)
        assert len([name for name in titles(standin, workspace["slug"]) if name.startswith(tuple(ANIMALS))]) == 10
    hand.paid(9, figure)


def test_a_new_version_is_shown_before_it_replaces_anything_and_the_list_can_be_closed(page, panel, standin, tmp_path):
    body = {"textContent": "The osprey was seen.", "metadata": {"title": "osprey-notes"}}
    old = standin.post("/v1/document/raw-text", body)["documents"][0]["location"]
    for name in ("osprey-notes.txt", "new-notes.txt", "desktop.ini", "~$letter.docx"):
        (tmp_path / name).write_text(f"The osprey has two chicks, says {name}.")
    panel.locator("#add-files").set_input_files(sorted(tmp_path.iterdir()))
    expect(page.locator("#add-chosen")).to_contain_text("a file that a program or system keeps for itself")
    panel.get_by_label("What is there already").select_option("replace")
    page.get_by_role("button", name="Add 2 files").click()
    shown = "osprey-notes.txt replaces the one in custom-documents, which no workspace uses."
    expect(page.locator("#add-versions")).to_contain_text(shown)
    expect(page.locator("#add-versions")).not_to_contain_text("new-notes.txt replaces")

    page.get_by_role("button", name="Add 2 files").click()
    expect(page.locator("#add-summary")).to_have_text("2 of 2 ready", timeout=SEARCHABLE)
    expect(rows(page).filter(has_text="osprey-notes.txt")).to_contain_text("It replaces osprey-notes")
    there = standin.get("/v1/documents/folder/custom-documents")["documents"]
    assert old.partition("/")[2] not in {document["name"] for document in there}
    assert [document["title"] for document in there].count("osprey-notes.txt") == 1
    page.get_by_role("button", name="Close this list").click()
    expect(page.locator("#add-progress")).to_be_hidden()


def test_what_cannot_be_sent_is_told_before_anything_is(page, panel, tmp_path):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(101 * 1024 * 1024)
    for name, content in {"empty.txt": "", ".secret": "x", "notes.txt": "words", "unknown.zzz": "words"}.items():
        (tmp_path / name).write_text(content)
    page.locator("#add-files").set_input_files(sorted(tmp_path.iterdir()))
    chosen = page.locator("#add-chosen .upload-row")
    expect(chosen).to_have_count(5)
    expect(chosen.filter(has_text="large.pdf")).to_contain_text("larger than 100 MB, so it is left out")
    expect(chosen.filter(has_text="empty.txt")).to_contain_text("empty, so it is left out")
    expect(chosen.filter(has_text=".secret")).to_contain_text("a hidden file, so it is left out")
    expect(chosen.filter(has_text="unknown.zzz")).to_contain_text("unknown type: taken only if it is plain text")
    expect(panel.get_by_role("heading", name="2 files")).to_contain_text("3 are left out")
    chosen.filter(has_text="unknown.zzz").get_by_role("button", name="Leave out unknown.zzz").click()
    expect(panel.get_by_role("button", name="Add 1 file")).to_be_enabled()
    assert sent == []


def test_a_folder_is_dropped_anywhere_on_the_page(page, panel):
    """With what lies in folders below. A real drop cannot be made by a script, so its entries are made up; all that follows is real."""
    page.evaluate("""() => {
      const file = (name, text) => ({isFile: true, name, file: (done) => done(new File([text], name))});
      const folder = (name, ...inside) => ({isFile: false, name, createReader: () => {
        const batches = [inside.slice(0, 1), inside.slice(1), []];
        return {readEntries: (done) => done(batches.shift())};
      }});
      const entry = folder("reports", file("one.txt", "first"), folder("old", file("two.txt", "second")), file("three.txt", "third"));
      const drop = new Event("drop", {bubbles: true, cancelable: true});
      drop.dataTransfer = {types: ["Files"], items: [{webkitGetAsEntry: () => entry}]};
      document.body.dispatchEvent(drop);
    }""")
    names = page.locator("#add-chosen .name")
    expect(names).to_have_text(["reports/one.txt", "reports/old/two.txt", "reports/three.txt"])
    panel.get_by_role("button", name="Add 3 files").click()
    expect(page.locator("#add-summary")).to_have_text("3 of 3 ready", timeout=SEARCHABLE)
    expect(page.locator("#add-said")).to_have_text("3 of 3 ready")  # is read out


def test_what_another_program_brings_is_dropped_too(page, panel):
    page.evaluate("""() => {
      const brought = new DataTransfer();
      brought.items.add(new File(["words"], "attachment.txt"));
      document.body.dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: brought}));
    }""")
    expect(page.locator("#add-chosen .name")).to_have_text(["attachment.txt"])


def test_two_files_of_one_name_are_told_apart_by_their_folders(page, panel, tmp_path):
    for folder in ("north", "south"):
        (tmp_path / "team" / folder).mkdir(parents=True)
        (tmp_path / "team" / folder / "README.md").write_text(folder)
    page.locator("#add-folder").set_input_files(tmp_path / "team")
    panel.get_by_role("button", name="Add 2 files").click()
    expect(rows(page)).to_have_count(2)
    names = rows(page).locator(".name").all_inner_texts()
    assert sorted(names) == ["team/north/README.md", "team/south/README.md"]


def test_while_bytes_are_sent_the_row_tells_how_many_and_leaving_is_warned_of(page, panel, files, foyer):
    asked = []
    # Two arrive, the others are never answered.
    page.route("**/documents/add/file/", lambda route: asked.append(route) or (len(asked) < 3 and route.continue_()))
    page.locator("#add-files").set_input_files(files)
    panel.get_by_role("button", name="Add 10 files").click()
    sending = page.locator("#add-sending .upload-row")
    expect(sending.get_by_role("progressbar")).to_have_count(3)
    expect(sending.filter(has_text="Waiting to be sent")).to_have_count(5)
    expect(page.locator("#add-sent")).to_contain_text("8 files are still being sent")
    expect(page.locator("#add-summary")).to_have_text("2 of 10 ready", timeout=SEARCHABLE)
    expect(page.locator("#add-sent")).to_contain_text("What has arrived goes on by itself")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.goto("/")
    assert warned == ["beforeunload"]


def test_what_was_not_sent_is_sent_again_at_once(page, panel, files):
    page.route("**/documents/add/file/", lambda route: route.abort())
    page.locator("#add-files").set_input_files(files)
    panel.get_by_role("button", name="Add 10 files").click()
    expect(page.locator("#add-sent")).to_contain_text("10 files were not sent.")
    page.unroute("**/documents/add/file/")
    page.get_by_role("button", name="Send all again").click()
    expect(page.locator("#add-summary")).to_have_text("10 of 10 ready", timeout=SEARCHABLE)
    expect(page.locator("#add-sending .upload-row")).to_have_count(0)


def test_leaving_later_is_not_warned_of_and_coming_back_shows_the_rows(page, panel, files):
    page.locator("#add-files").set_input_files(files)
    panel.get_by_role("button", name="Add 10 files").click()
    page.wait_for_url(re.compile(r"/documents/add/\d+/"))
    expect(page.locator("#add-sent")).to_be_hidden()
    address, warned = page.url, []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.goto("/")
    assert warned == []
    page.goto(address)
    expect(rows(page)).to_have_count(10)
    expect(page.locator("#add-summary")).to_have_text("10 of 10 ready", timeout=SEARCHABLE)


def test_what_did_not_arrive_is_sent_again_and_is_there_once(page, panel, files, standin):
    """Also when it had arrived, and only the answer was lost."""

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/documents/add/file/", lose_the_answer, times=1)
    page.locator("#add-files").set_input_files(files[:2])
    panel.get_by_role("button", name="Add 2 files").click()
    lost = page.locator("#add-sending .upload-row").filter(has_text="Foyer did not answer.")
    expect(lost).to_have_count(1)
    expect(page.locator("#add-sent")).to_contain_text("1 file was not sent.")
    lost.get_by_role("button", name="Send again").click()
    expect(page.locator("#add-summary")).to_have_text("2 of 2 ready", timeout=SEARCHABLE)
    expect(page.locator("#add-sending .upload-row")).to_have_count(0)
    library = standin.get("/v1/documents")["localFiles"]["items"]
    names = [item["title"] for folder in library for item in folder["items"]]
    assert sorted(name for name in names if name.partition(".")[0] in ANIMALS) == ["aardvark.txt", "badger.txt"]


def test_what_failed_says_why_and_is_tried_again(page, panel, tmp_path, standin):
    broken = tmp_path / "broken.docx"
    broken.write_text("no docx at all")
    page.locator("#add-files").set_input_files(broken)
    panel.get_by_role("button", name="Add 1 file").click()
    row = rows(page)
    expect(row).to_contain_text("Failed", timeout=SEARCHABLE)
    expect(row).to_contain_text("A processing error occurred")
    expect(page.locator("#add-summary")).to_have_text("0 of 1 ready, 1 failed")
    row.get_by_role("button", name="Retry broken.docx").click()
    expect(row).to_contain_text("A processing error occurred", timeout=SEARCHABLE)
    expect(page.locator("#add-summary")).to_have_text("0 of 1 ready, 1 failed")


def test_to_replace_asks_for_the_password_and_then_sends(foyer, files):
    page = foyer.page(None)
    foyer.sign_in(page, "jonas")
    foyer.let_proof_age(page)
    page.goto("/documents/add/")
    page.locator("#add-files").set_input_files(files[:1])
    page.get_by_label("What is there already").select_option("Replace what is there")
    page.get_by_role("button", name="Add 1 file").click()
    expect(page.get_by_role("heading", name="Your password, please")).to_be_visible()
    expect(page.locator("#add-sending .upload-row")).to_have_count(0)
    page.locator("#dialog").get_by_label("Password").fill(foyer.password)
    page.locator("#dialog").get_by_role("button", name="Go on").click()
    expect(page.locator("#add-summary")).to_have_text("1 of 1 ready", timeout=SEARCHABLE)
    expect(page.locator("#dialog")).to_be_hidden()


def test_more_that_is_chosen_meanwhile_goes_with_the_batch(page, panel, files):
    answers = []
    page.route("**/documents/add/file/", lambda route: answers.append(route))
    page.locator("#add-files").set_input_files(files[:2])
    panel.get_by_role("button", name="Add 2 files").click()
    expect(page.locator("#add-sending .upload-row")).to_have_count(2)
    page.locator("#add-files").set_input_files(files[2:3])
    panel.get_by_role("button", name="Add 1 file").click()
    expect(page.locator("#add-sending .upload-row")).to_have_count(3)
    page.wait_for_function("() => document.querySelectorAll('#add-sending progress').length === 3")
    for route in answers:
        route.continue_()
    expect(page.locator("#add-summary")).to_have_text("3 of 3 ready", timeout=SEARCHABLE)


def test_a_second_batch_takes_the_place_of_one_that_still_goes_on(page, panel, files, standin):
    standin.fault("latency", method="POST", path="/document/upload", seconds=3)
    page.locator("#add-files").set_input_files(files[:2])
    panel.get_by_role("button", name="Add 2 files").click()
    expect(page.locator("#add-summary")).to_have_text("0 of 2 ready")
    first = page.get_by_role("link", name="Job", exact=True).get_attribute("href")
    page.locator("#add-files").set_input_files(files[2:5])
    panel.get_by_role("button", name="Add 3 files").click()
    expect(page.locator("#add-summary")).to_have_text(re.compile("of 3 ready"))
    standin.clear_faults()
    expect(page.locator("#add-summary")).to_have_text("3 of 3 ready", timeout=SEARCHABLE)
    page.goto(first)
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible(timeout=SEARCHABLE)


def test_by_keyboard_alone(page, panel, files):
    page.locator("#add-files").set_input_files(files[:2])
    page.locator("#add-files").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "add-send":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#add-summary")).to_have_text("2 of 2 ready", timeout=SEARCHABLE)


def test_without_javascript_all_files_go_at_once(foyer, files, standin):
    page = foyer.page(None, java_script_enabled=False)
    foyer.sign_in(page, "ada")
    page.goto("/documents/")
    if page.get_by_role("link", name="Show the documents").is_visible():
        page.get_by_role("link", name="Show the documents").click()
    page.get_by_role("link", name="Add files").click()
    page.locator("#add-files").set_input_files(files)
    page.locator("#add-send").click()
    page.wait_for_url(re.compile(r"/documents/add/\d+/"))
    for _ in range(60):
        if "10 of 10 ready" in page.locator("#add-summary").inner_text():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Refresh").click()
    expect(page.locator("#add-summary")).to_have_text("10 of 10 ready")


NGINX = (
    "<html><head><title>413 Request Entity Too Large</title></head><body><center><h1>413</h1></center></body></html>"
)


def test_what_a_proxy_refuses_as_too_large_names_the_proxy(page: Page, files, panel):
    page.route("**/documents/add/file/", lambda route: route.fulfill(status=413, content_type="text/html", body=NGINX))
    page.set_input_files("#add-files", files[0])
    panel.get_by_role("button", name="Add 1 file").click()
    expect(page.locator("#document-add")).to_contain_text("The proxy in front of Foyer refused this as too large")
