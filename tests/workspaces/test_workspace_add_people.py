"""Adding people: by a search with switches, by a pasted list, and everybody at once."""

import pytest

from dashboard import instance
from dashboard.access.models import AccessSet, Grant, OpenWorkspace
from dashboard.access.services import Step, change_members
from dashboard.accounts.models import LookedAfter, Role
from tests.conftest import operator, signed_in
from tests.workspaces.conftest import HTMX

PAGE = "/workspaces/finance/"
URL = "/workspaces/finance/people/"


@pytest.fixture
def ids(standin):
    return {user["username"]: user["id"] for user in standin.get("/v1/admin/users")["users"]}


@pytest.fixture
def finance(stored, standin, ids):
    """A workspace with sam in it, and nobody else."""
    workspace = stored("finance")
    standin.post(f"/v1/admin/workspaces/{workspace['id']}/update-users", {"userIds": [ids["sam"]]})
    return workspace


def members(standin, workspace):
    return {m["userId"] for m in standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"]}


def staged(access_set):
    return {(change.workspace_id, change.username, change.give) for change in access_set.changes.all()}


# --- A pasted list ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("between", ["\n", ", ", ";", "\t", "\r\n"])
def test_a_list_is_staged_for_a_look_and_nothing_is_changed_yet(manager_client, standin, finance, ids, between):
    answer = manager_client.post(URL, {"names": between.join(["CEM", "yuki", "sam", "yuki", ""])})
    access_set = AccessSet.objects.get()
    assert answer["Location"] == f"/access/sets/{access_set.pk}/"
    assert (finance["id"], "cem", True) in staged(access_set)
    assert (finance["id"], "yuki", True) in staged(access_set)
    assert members(standin, finance) == {ids["sam"]}


def test_the_set_is_headed_by_those_whom_it_changes(manager_client, standin, finance, ids, ada):
    change_members(
        actor=ada, workspace_id=finance["id"], workspace_name="Finance", steps=[Step(ids["yuki"], "yuki", give=True)]
    )
    manager_client.post(URL, {"names": "cem, yuki"})
    assert AccessSet.objects.get().title == "1 person to Finance"


def test_names_that_nobody_has_are_told_with_those_that_are_near(manager_client, standin, finance):
    answer = manager_client.post(URL, {"names": "cem\nyuky\nzzzzzz"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<strong>yuky</strong>" in page
    assert 'name="instead" value="yuki"' in page
    assert "<strong>zzzzzz</strong>" in page
    assert not AccessSet.objects.exists()


def test_it_goes_on_with_those_found_and_those_ticked(manager_client, standin, finance):
    form = {"names": "cem\nyuky\nzzzzzz", "instead": ["yuki"], "without": "1"}
    assert manager_client.post(URL, form).status_code == 302
    assert {name for _w, name, _give in staged(AccessSet.objects.get())} == {"cem", "yuki"}


def test_a_list_in_which_nobody_is_found_goes_no_further(manager_client, standin, finance):
    for names in ("zzzzzz", "", " , ; \n"):
        assert manager_client.post(URL, {"names": names, "without": "1"}).status_code == 422
    assert not AccessSet.objects.exists()


def test_of_very_many_unknown_names_the_first_are_told_with_those_that_are_near(manager_client, standin, finance):
    """To look for what is near each of 50,000 names would keep a worker busy for minutes."""
    near = [f"yuk{n}" for n in range(50)]
    names = ",".join([*near, *(f"c{n:x}" for n in range(16_000))])
    answer = manager_client.post(URL, {"names": names})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nobody has these 16050 names" in page and "and 16000 more" in page
    assert page.count('name="instead" value="yuki"') == 50
    assert "<strong>c0</strong>" not in page
    assert names in page


def test_who_was_given_it_already_is_not_given_it_again(manager_client, ada, standin, finance, ids):
    steps = [Step(ids["cem"], "cem", give=True)]
    change_members(actor=ada, workspace_id=finance["id"], workspace_name="Finance", steps=steps)
    answer = manager_client.post(URL, {"names": "cem"}, follow=True)
    assert answer.redirect_chain[-1][0] == PAGE
    assert "already" in answer.content.decode()
    assert not AccessSet.objects.exists()


def test_nothing_is_staged_while_the_instance_is_down(manager_client, standin, finance):
    manager_client.get(URL)
    standin.fault("down")
    instance.forget("users", "workspaces")
    instance.forget_members()
    assert manager_client.post(URL, {"names": "cem"}).status_code == 503
    assert not AccessSet.objects.exists()


def test_viewers_add_nobody(viewer_client, standin, finance):
    assert viewer_client.get(URL).status_code == 403
    assert viewer_client.post(URL, {"names": "cem"}).status_code == 403
    page = viewer_client.get(PAGE, {"q": "cem"}).content.decode()
    assert 'role="switch"' not in page
    assert "Nobody of that name" in page


# --- Search and switches ----------------------------------------------------------------------------------------------
def test_a_search_offers_who_is_not_in_it_yet_and_the_switch_adds_them(manager_client, standin, finance, ids):
    part = manager_client.get(PAGE, {"q": "cem"}, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<section class="stack" id="workspace-people"')
    assert "Not in it yet" in part
    url = f"/access/{finance['id']}/{ids['cem']}/"
    assert f'action="{url}"' in part
    manager_client.post(url, {"give": "1", "by": "user"}, headers=HTMX)
    assert members(standin, finance) == {ids["sam"], ids["cem"]}
    part = manager_client.get(PAGE, {"q": "cem"}, headers=HTMX).content.decode()
    assert 'aria-checked="true"' in part
    assert "Not in it yet" not in part


def test_who_opens_it_by_role_is_not_offered(manager_client, standin, finance):
    part = manager_client.get(PAGE, {"q": "mia"}, headers=HTMX).content.decode()
    assert 'role="switch"' not in part
    assert "Nobody of that name" in part


def test_of_many_who_fit_the_first_are_offered_and_the_rest_counted(manager_client, standin, finance):
    answer = manager_client.get(PAGE, {"q": "a"}, headers=HTMX)
    assert len(answer.context["candidates"]) == 10
    assert f"And {answer.context['more']} more" in answer.content.decode()
    others = [u for u in standin.get("/v1/admin/users")["users"] if u["role"] == "default" and "a" in u["username"]]
    assert answer.context["more"] == len(others) - 1 - 10, "all but sam, who is in it"


def test_without_a_search_nobody_is_offered(manager_client, standin, finance):
    page = manager_client.get(PAGE).content.decode().partition('id="workspace-documents"')[0]
    assert page.count('role="switch"') == 1
    assert "Not in it yet" not in page


# --- Why --------------------------------------------------------------------------------------------------------------
def test_each_member_stands_there_with_the_reasons(manager_client, ada, standin, finance, ids):
    steps = [Step(ids["cem"], "cem", give=True)]
    change_members(actor=ada, workspace_id=finance["id"], workspace_name="Finance", steps=steps)
    page = manager_client.get(PAGE).content.decode()
    lines = {
        switch.username: [str(words) for _tone, words in switch.lines]
        for switch in manager_client.get(PAGE).context["page"]
    }
    assert lines["sam"] == ["found on AnythingLLM"]
    assert lines["cem"][-1].startswith("given by ada on ")
    assert lines["cem"][-1] in page


def test_who_is_suspended_is_marked_so_also_by_the_switch(manager_client, standin, finance, ids):
    standin.post(f"/v1/admin/users/{ids['sam']}", {"suspended": 1})
    marked = '<small data-tone="warn">suspended</small>'
    assert marked in manager_client.get(PAGE).content.decode()
    url = f"/access/{finance['id']}/{ids['sam']}/"
    assert marked in manager_client.post(url, {"give": "1", "by": "user"}, headers=HTMX).content.decode()
    assert marked not in manager_client.post(url, {"give": "1", "by": "workspace"}, headers=HTMX).content.decode()


def test_what_was_taken_on_the_instance_is_shown_as_lost(manager_client, ada, standin, finance, ids):
    Grant.objects.create(workspace_id=finance["id"], user_id=ids["cem"], reason="direct", granted_by=ada)
    page = manager_client.get(PAGE).content.decode()
    assert "was taken on AnythingLLM, not here" in page


def test_a_workspace_for_everyone_says_so_and_the_change_is_staged(manager_client, standin, finance):
    page = manager_client.get(PAGE).content.decode()
    assert "for everyone:" not in page
    assert f'action="/access/{finance["id"]}/open/"' in page
    OpenWorkspace.objects.create(workspace_id=finance["id"])
    page = manager_client.get(PAGE).content.decode()
    assert "This workspace is for everyone" in page
    assert "No more for everyone" in page


def test_the_ledger_tells_of_the_workspace_and_of_access_to_it(admin_client, ada, standin, finance, ids):
    steps = [Step(ids["cem"], "cem", give=True)]
    change_members(actor=ada, workspace_id=finance["id"], workspace_name="Finance", steps=steps)
    change_members(actor=ada, workspace_id=finance["id"] + 1, workspace_name="Other", steps=steps)
    admin_client.post("/workspaces/finance/settings/", {"id": finance["id"], **SETTINGS})
    events = admin_client.get(PAGE).context["events"]
    assert [event.action for event in events] == ["workspace.changed", "access.given"]


SETTINGS = {
    "name": "Finance",
    "chat_mode": "chat",
    "history": "5",
    "top_n": "4",
    "similarity_threshold": "0.25",
    "vector_search_mode": "default",
}


def test_a_manager_of_some_learns_no_names_by_guessing(db, standin, finance, ids):
    somebody = operator(Role.MANAGER, "lia")
    LookedAfter.objects.create(operator=somebody, workspace_id=finance["id"])
    client = signed_in(somebody)
    page = client.post(URL, {"names": "yuky\nsamm\nada"}).content.decode()
    assert 'value="sam"' in page
    assert "yuki" not in page
    assert "<strong>ada</strong>" in page  # by role there is nothing to give
    assert client.post(URL, {"names": "yuki"}).status_code == 302
