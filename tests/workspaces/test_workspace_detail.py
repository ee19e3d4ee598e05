from __future__ import annotations

import re

import pytest

from dashboard import instance


@pytest.fixture
def workspace(standin):
    """The workspace with the most members, as the instance tells it, and its members."""
    found = []
    for workspace in standin.get("/v1/workspaces")["workspaces"]:
        members = standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]
        found.append((len(members), workspace, members))
    _count, workspace, members = max(found, key=lambda item: item[0])
    return workspace, members


def test_it_shows_facts_and_members_with_their_role(viewer_client, standin, workspace):
    facts, members = workspace
    page = viewer_client.get(f"/workspaces/{facts['slug']}/").content.decode()
    assert f"<h1>{facts['name']}</h1>" in page
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    listed = re.findall(r'<a href="/users/(\d+)/">([^<]+)</a>', table)
    assert sorted(listed) == sorted({(str(m["userId"]), m["username"]) for m in members})


def test_it_says_who_opens_it_by_role(viewer_client, standin, workspace):
    facts, _members = workspace
    by_role = [u["username"] for u in standin.get("/v1/admin/users")["users"] if u["role"] in ("admin", "manager")]
    page = viewer_client.get(f"/workspaces/{facts['slug']}/").content.decode()
    sentence = page.split("open every workspace by their role")[1].split("</details>")[0]
    assert sorted(re.findall(r">([^<>]+)</a>", sentence)) == sorted(by_role)


def test_members_come_in_pages(viewer_client, standin, workspace):
    facts, members = workspace
    answers = [viewer_client.get(f"/workspaces/{facts['slug']}/", {"size": 25, "page": page}) for page in (1, 2)]
    shown = [[switch.user_id for switch in answer.context["page"]] for answer in answers]
    assert len(members) > 25 and len(shown[0]) == 25 and not set(shown[0]) & set(shown[1])


def test_htmx_gets_the_members_alone(viewer_client, standin, workspace):
    answer = viewer_client.get(f"/workspaces/{workspace[0]['slug']}/", headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<section class="stack" id="workspace-people"')


def test_an_unknown_one_is_not_there(viewer_client, standin):
    assert viewer_client.get("/workspaces/no-such/").status_code == 404


def test_a_new_one_is_found_at_once(viewer_client, standin):
    viewer_client.get("/workspaces/")
    slug = standin.post("/v1/workspace/new", {"name": "Brand new"})["workspace"]["slug"]
    page = viewer_client.get(f"/workspaces/{slug}/").content.decode()
    assert "Nobody is listed as a member" in page


def test_facts_stay_when_members_cannot_be_read(viewer_client, standin, workspace):
    standin.configure(single_user=True)
    answer = viewer_client.get(f"/workspaces/{workspace[0]['slug']}/")
    assert answer.status_code == 200
    assert "not in multi-user mode" in answer.content.decode()


def test_it_shows_the_last_answer_when_the_instance_is_down(viewer_client, standin, workspace):
    url = f"/workspaces/{workspace[0]['slug']}/"
    viewer_client.get(url)
    instance.forget("workspaces", "members", "users")
    standin.fault("down")
    answer = viewer_client.get(url)
    assert answer.status_code == 200
    assert "its last answer" in answer.content.decode()
    assert "<tbody>" in answer.content.decode()


def test_it_refuses_members(member_client, standin, workspace):
    assert member_client.get(f"/workspaces/{workspace[0]['slug']}/").status_code == 403
