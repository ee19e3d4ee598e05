import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.sandbox.testing import Sandbox, workbook

from .conftest import Ask


def upload(ask: Ask, name: str, content: bytes, **fields: str) -> dict:
    return ask("POST", "/v1/document/upload", files={"file": (name, content)}, data=fields).json()


def documents(ask: Ask, slug: str) -> list[str]:
    return [row["docpath"] for row in ask("GET", f"/v1/workspace/{slug}").json()["workspace"][0]["documents"]]


def test_the_library_has_thirty_texts_in_folders(ask: Ask) -> None:
    folders = ask("GET", "/v1/documents").json()["localFiles"]["items"]
    assert folders[0]["name"] == "custom-documents"
    assert sum(len(folder["items"]) for folder in folders) == 30
    assert len(folders) == 9
    assert all(item["wordCount"] > 100 for folder in folders for item in folder["items"])


def test_an_uploaded_text_can_be_found(ask: Ask) -> None:
    told = upload(ask, "pinguine.txt", b"Penguins live on the ice of the southern sea.", addToWorkspaces="finance")
    assert told["documents"][0]["pageContent"].startswith("Penguins")
    assert told["documents"][0]["location"] in documents(ask, "finance")
    found = ask("POST", "/v1/workspace/finance/vector-search", json={"query": "Where do penguins live?"}).json()[
        "results"
    ]
    assert found[0]["metadata"]["title"] == "pinguine.txt"
    assert 0.25 <= found[0]["score"] < 1


def test_an_unknown_workspace_is_not_mentioned(ask: Ask) -> None:
    assert upload(ask, "a.txt", b"text", addToWorkspaces="nowhere")["success"] is True


def test_an_embedder_that_fails_is_not_mentioned(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(embedder_up=False)
    told = upload(ask, "a.txt", b"text", addToWorkspaces="finance")
    assert told["success"] is True
    assert told["documents"][0]["location"] not in documents(ask, "finance")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.txt", b"", "No text content found in empty.txt."),
        ("a.pdf", b"no pdf", "A processing error occurred."),
        ("a.docx", b"no docx", "A processing error occurred."),
        (
            "a.bin",
            bytes(range(256)),
            "File extension .bin not supported for parsing and cannot be assumed as text file type.",
        ),
    ],
)
def test_what_cannot_be_read_is_a_500(ask: Ask, name: str, content: bytes, error: str) -> None:
    assert upload(ask, name, content) == {"success": False, "error": error, "documents": []}


def test_a_wrong_field_and_two_files_are_refused(ask: Ask) -> None:
    wrong = ask("POST", "/v1/document/upload", files={"document": ("a.txt", b"x")})
    two = ask("POST", "/v1/document/upload", files=[("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))])
    for answer in (wrong, two):
        assert (answer.status_code, answer.json()["error"]) == (500, "Invalid file upload. Unexpected field")


def test_the_same_file_twice_is_there_twice(ask: Ask) -> None:
    location = upload(ask, "twice.txt", b"twice")["documents"][0]["location"]
    for _ in range(2):
        ask("POST", "/v1/workspace/finance/update-embeddings", json={"adds": [location]})
    assert documents(ask, "finance").count(location) == 2


def test_removing_a_document_takes_it_out_of_every_workspace(ask: Ask) -> None:
    location = documents(ask, "people-and-culture")[0]
    ask("DELETE", "/v1/system/remove-documents", json={"names": [location, "custom-documents/unknown.json"]})
    assert location not in documents(ask, "people-and-culture")
    assert ask("GET", f"/v1/document/{location.rpartition('/')[2]}").status_code == 404


def test_embedded_files_are_not_moved(ask: Ask) -> None:
    location = documents(ask, "finance")[0]
    move = {"from": location, "to": f"sales/{location.rpartition('/')[2]}"}
    told = ask("POST", "/v1/document/move-files", json={"files": [move]}).json()
    assert told == {"success": True, "message": "1/1 files not moved. Unembed them from all workspaces."}


def test_one_bad_move_is_a_500_although_the_other_was_carried_out(ask: Ask) -> None:
    location = upload(ask, "m.txt", b"move me")["documents"][0]["location"]
    moves = [
        {"from": location, "to": location.replace("custom-documents", "sales")},
        {"from": "sales/no.json", "to": "finance/no.json"},
    ]
    assert ask("POST", "/v1/document/move-files", json={"files": moves}).status_code == 500
    names = [row["name"] for row in ask("GET", "/v1/documents/folder/sales").json()["documents"]]
    assert location.rpartition("/")[2] in names


def test_folders_come_in_pages(ask: Ask) -> None:
    first = ask("GET", "/v1/documents", params={"folder": "support", "limit": 2}).json()
    rest = ask("GET", "/v1/documents", params={"folder": "support", "limit": "all", "offset": 2}).json()
    assert (len(first["documents"]), first["totalCount"], first["hasMore"]) == (2, 5, True)
    assert (len(rest["documents"]), rest["hasMore"]) == (3, False)
    assert ask("GET", "/v1/documents", params={"folder": "nowhere"}).status_code == 404


def test_a_folder_that_cannot_be_removed_is_called_removed(ask: Ask) -> None:
    for name in ("custom-documents", "nowhere", ""):
        assert ask("DELETE", "/v1/document/remove-folder", json={"name": name}).json()["success"] is True
    assert ask("GET", "/v1/documents/folder/custom-documents").json()["totalCount"] == 5
    ask("DELETE", "/v1/document/remove-folder", json={"name": "finance"})
    assert documents(ask, "finance") == []


def test_pinned_documents_say_where(ask: Ask) -> None:
    location = documents(ask, "finance")[0]
    ask("POST", "/v1/workspace/finance/update-pin", json={"docPath": location, "pinStatus": True})
    rows = ask("GET", "/v1/documents/folder/finance").json()["documents"]
    assert [row["pinnedWorkspaces"] for row in rows if f"finance/{row['name']}" == location] == [[5]]


def test_metadata_is_json_in_a_field(ask: Ask) -> None:
    told = upload(ask, "a.txt", b"text", metadata=json.dumps({"title": "Better", "published": 1}))
    assert told["documents"][0]["title"] == "Better"
    assert upload(ask, "a.txt", b"text", metadata="{")["documents"][0]["title"] == "a.txt"


def test_the_collector_can_be_down(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(collector_up=False)
    assert "is not online" in upload(ask, "a.txt", b"text")["error"]
    assert ask("GET", "/v1/document/accepted-file-types").status_code == 404


def test_a_file_can_stop_the_collector_and_takes_what_is_read_beside_it_along(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.configure(processing=2)
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(upload, ask, "a.txt", b"text")
        while "a.txt" not in sandbox.state()["hotdir"]:
            assert not beside.done()
        sandbox.configure(processing=0)
        assert upload(ask, "blank.txt", b"STOPREADER")["error"] == "fetch failed"
        assert beside.result()["error"] == "fetch failed"
    assert "is not online. Document b.txt will not be" in upload(ask, "b.txt", b"text")["error"]
    assert ask("GET", "/v1/document/accepted-file-types").status_code == 404
    sandbox.configure(collector_up=True, processing=0)
    assert upload(ask, "b.txt", b"text")["success"] is True


def test_a_workbook_has_a_folder_of_its_own_and_a_document_a_sheet(ask: Ask) -> None:
    told = [upload(ask, "Budget.xlsx", workbook(Sheet1=f"apples {n}", Other="pears")) for n in range(2)]
    places = [[document["location"].split("/") for document in one["documents"]] for one in told]
    assert [[name for _, name in some] for some in places] == [["sheet-Sheet1.json", "sheet-Other.json"]] * 2
    folders = {folder for some in places for folder, _ in some}
    assert len(folders) == 2
    assert all(folder.startswith("budget.xlsx-") for folder in folders)
    assert told[0]["documents"][0]["title"] == "Budget.xlsx - Sheet:Sheet1"


def test_in_a_chosen_folder_the_second_workbook_overwrites_the_first_and_leaves_an_empty_folder(ask: Ask) -> None:
    for n in range(2):
        told = ask("POST", "/v1/document/upload/sales", files={"file": (f"b{n}.xlsx", workbook(Sheet1=f"apples {n}"))})
        location = told.json()["documents"][0]["location"]
        assert location == "sales/sheet-Sheet1.json"
        if not n:
            ask("POST", "/v1/workspace/finance/update-embeddings", json={"adds": [location]})
    names = [row["name"] for row in ask("GET", "/v1/documents/folder/sales").json()["documents"]]
    assert names.count("sheet-Sheet1.json") == 1
    folders = {item["name"]: item["items"] for item in ask("GET", "/v1/documents").json()["localFiles"]["items"]}
    left = [name for name in folders if name.startswith(("b0.xlsx-", "b1.xlsx-"))]
    assert [folders[name] for name in left] == [[], []]
    found = ask("POST", "/v1/workspace/finance/vector-search", json={"query": "apples"}).json()["results"]
    assert found[0]["text"].endswith("apples 0")
