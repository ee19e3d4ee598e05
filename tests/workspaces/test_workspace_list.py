from __future__ import annotations

import csv
import io
import re

import pytest

from dashboard import instance

URL = "/workspaces/"


def names(answer) -> list[str]:
    return re.findall(r'<a href="/workspaces/[^"?]+/">([^<]+)</a>', answer.content.decode())


def cells(answer, label: str) -> list[str]:
    found = re.findall(rf'data-label="{label}">(.*?)</td>', answer.content.decode(), re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_it_lists_every_workspace_by_name(viewer_client, standin):
    answer = viewer_client.get(URL)
    there = sorted((w["name"] for w in standin.get("/v1/workspaces")["workspaces"]), key=str.casefold)
    assert len(there) == 9
    assert [name.replace("&amp;", "&") for name in names(answer)] == there


def test_a_cold_table_comes_without_counts_and_asks_for_them(viewer_client, standin):
    cold = viewer_client.get(URL)
    assert set(cells(cold, "Members")) == {"…"}
    assert 'hx-trigger="load"' in cold.content.decode()
    assert not [r for r in standin.state()["requests"] if r["path"].endswith("/users")], (
        "a call per workspace takes long"
    )
    warm = viewer_client.get(URL, {"counts": 1}, headers={"HX-Request": "true"})
    assert 'hx-trigger="load"' not in warm.content.decode()
    assert warm.content.decode().lstrip().startswith('<section id="workspace-table"')
    expected = []
    for workspace in sorted(standin.get("/v1/workspaces")["workspaces"], key=lambda w: w["name"].casefold()):
        members = standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
        expected.append(str(len({member["userId"] for member in members})))
    assert cells(warm, "Members") == expected
    there = sorted(standin.get("/v1/workspaces")["workspaces"], key=lambda w: w["name"].casefold())
    documents = [len(standin.get(f"/v1/workspace/{w['slug']}")["workspace"][0]["documents"]) for w in there]
    assert cells(warm, "Documents") == [str(count) for count in documents]
    assert len(set(documents)) > 1


def test_it_searches_name_and_filters_by_mode(viewer_client, standin):
    name = names(viewer_client.get(URL))[3]
    assert names(viewer_client.get(URL, {"q": name.upper()})) == [name]
    modes = {w["name"]: w["chatMode"] for w in standin.get("/v1/workspaces")["workspaces"]}
    for mode in ("chat", "query", "automatic"):
        found = {found.replace("&amp;", "&") for found in names(viewer_client.get(URL, {"mode": mode}))}
        assert found == {name for name, its in modes.items() if its == mode}
    assert "No workspace fits this search" in viewer_client.get(URL, {"q": "no-such"}).content.decode()


def test_it_sorts_by_every_column_both_ways(viewer_client, standin):
    instance.members(), instance.document_counts()
    by_name = names(viewer_client.get(URL, {"sort": "name"}))
    assert names(viewer_client.get(URL, {"sort": "-name"})) == by_name[::-1]
    for column, label in (("members", "Members"), ("documents", "Documents"), ("threads", "Threads")):
        numbers = [int(cell) for cell in cells(viewer_client.get(URL, {"sort": column}), label)]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) > 1
        assert [int(c) for c in cells(viewer_client.get(URL, {"sort": f"-{column}"}), label)] == numbers[::-1]
    assert cells(viewer_client.get(URL, {"sort": "mode"}), "Chat mode") == sorted(
        cells(viewer_client.get(URL, {"sort": "mode"}), "Chat mode")
    )
    assert len(names(viewer_client.get(URL, {"sort": "created"}))) == 9


def test_a_wrong_url_is_ignored(viewer_client, standin):
    assert len(names(viewer_client.get(URL, {"sort": "price", "mode": "x", "page": "99", "size": "7"}))) == 9


def test_it_shows_the_last_answer_when_the_instance_is_down(viewer_client, standin):
    viewer_client.get(URL)
    instance.forget("workspaces")
    standin.fault("down")
    answer = viewer_client.get(URL)
    assert len(names(answer)) == 9
    assert "its last answer" in answer.content.decode()


def test_it_says_so_when_the_instance_was_never_reached(viewer_client, standin):
    standin.fault("down")
    answer = viewer_client.get(URL)
    assert answer.status_code == 503
    assert "does not answer at" in answer.content.decode()


def test_members_are_not_known_in_single_user_mode_but_workspaces_are(viewer_client, standin):
    standin.configure(single_user=True)
    answer = viewer_client.get(URL, {"counts": 1})
    assert len(names(answer)) == 9
    assert set(cells(answer, "Members")) == {"–"}
    assert "–" not in cells(answer, "Documents")
    assert "not in multi-user mode" in answer.content.decode()


def test_the_export_holds_what_is_filtered_and_counted(viewer_client, standin):
    answer = viewer_client.get(f"{URL}+export/", {"mode": "query", "sort": "-name"})
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    there = sorted(
        (w for w in standin.get("/v1/workspaces")["workspaces"] if w["chatMode"] == "query"),
        key=lambda w: w["name"].casefold(),
        reverse=True,
    )
    assert [line[0] for line in lines[1:]] == [w["name"] for w in there]
    for line, workspace in zip(lines[1:], there, strict=True):
        documents = standin.get(f"/v1/workspace/{workspace['slug']}")["workspace"][0]["documents"]
        members = standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
        assert line[1:4] == [workspace["slug"], str(len({m["userId"] for m in members})), str(len(documents))]


def test_the_export_holds_no_old_answers(viewer_client, standin):
    viewer_client.get(f"{URL}+export/")
    instance.forget("workspaces")
    standin.fault("down")
    assert viewer_client.get(f"{URL}+export/").status_code == 503


@pytest.mark.django_db(transaction=True)  # what a thread reads is held against what the database knows
def test_a_workspace_that_is_gone_while_its_documents_are_counted_is_no_error(viewer_client, standin):
    instance.workspaces()
    slug = standin.get("/v1/workspaces")["workspaces"][0]["slug"]
    instance.connect().workspaces.delete(slug)
    assert "…" not in cells(viewer_client.get(URL, {"counts": 1}), "Documents")


def test_it_refuses_members(member_client, standin):
    assert member_client.get(URL).status_code == 403
