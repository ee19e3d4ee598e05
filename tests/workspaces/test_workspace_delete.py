"""Deleting: what goes is told with its numbers, the name is typed, and what the instance says no to stays."""

import pytest

from dashboard import instance
from dashboard.access.models import Grant, Group, GroupWorkspace, OpenWorkspace
from dashboard.audit.models import AuditEvent, Outcome
from tests.conftest import prove_long_ago
from tests.workspaces.conftest import HTMX

URL = "/workspaces/company-handbook/delete/"


@pytest.fixture
def form(handbook):
    return {"confirm": handbook["name"], "id": handbook["id"]}


def test_the_dialog_tells_what_goes_with_its_numbers(admin_client, standin, handbook):
    standin.post("/v1/embed/new", {"workspace_slug": "company-handbook", "chat_mode": "query"})
    page = admin_client.get(URL, headers=HTMX).content.decode()
    members = {m["userId"] for m in standin.get(f"/v1/admin/workspaces/{handbook['id']}/users")["users"]}
    documents = standin.get("/v1/workspace/company-handbook")["workspace"][0]["documents"]
    widgets = [e for e in standin.get("/v1/embed")["embeds"] if e["workspace"]["id"] == handbook["id"]]
    for number, words in (
        (len(handbook["threads"]), "threads"),
        (len(members), "memberships"),
        (len(documents), "documents"),
        (len(widgets), "widget"),
    ):
        assert f"{number} {words}" in page
        assert number
    assert "all chats of all people" in page


def test_what_cannot_be_counted_is_told_without_a_number(admin_client, standin, handbook):
    instance.workspaces()
    standin.fault("500", path="/users$|/embed$|/workspace/company-handbook$")
    page = admin_client.get(URL, headers=HTMX).content.decode()
    for words in ("its memberships", "the vectors of its documents", "its widgets"):
        assert words in page


def test_it_takes_the_name_typed(admin_client, standin, stored, handbook, form):
    answer = admin_client.post(URL, form | {"confirm": "company-handbook"}, headers=HTMX)
    assert answer.status_code == 422
    assert stored("company-handbook")
    answer = admin_client.post(URL, form, headers=HTMX)
    assert answer["HX-Redirect"] == "/workspaces/"
    assert stored("company-handbook") is None
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.target_id) == ("workspace.deleted", Outcome.OK, str(form["id"]))
    assert event.before["name"] == form["confirm"]
    assert (event.before["threads"], event.before["documents"]) == (len(handbook["threads"]), 6)
    assert admin_client.get("/workspaces/company-handbook/").status_code == 404


def test_what_foyer_knew_of_its_access_goes_too(admin_client, ada, standin, form):
    group = Group.objects.create(name="Sales")
    kept = form["id"] + 1
    for workspace_id in (form["id"], kept):
        GroupWorkspace.objects.create(group=group, workspace_id=workspace_id)
        OpenWorkspace.objects.create(workspace_id=workspace_id)
        Grant.objects.create(workspace_id=workspace_id, user_id=2, reason="direct", granted_by=ada)
    admin_client.post(URL, form)
    for model in (GroupWorkspace, OpenWorkspace, Grant):
        assert [row.workspace_id for row in model.objects.all()] == [kept]


def test_protection_is_told_before_and_after(admin_client, standin, stored, form):
    standin.configure(deletion_protection=True)
    page = admin_client.get(URL, headers=HTMX).content.decode()
    assert "WORKSPACE_DELETION_PROTECTION" in page
    assert "disabled" in page.split("<footer")[1]
    answer = admin_client.post(URL, form)
    assert answer.status_code == 422
    assert "has blocked the deletion of workspaces" in answer.content.decode()
    assert stored("company-handbook")
    assert AuditEvent.objects.get().outcome == Outcome.REFUSED


def test_without_protection_nothing_is_said_of_it(admin_client, standin):
    page = admin_client.get(URL, headers=HTMX).content.decode()
    assert "PROTECTION" not in page
    assert "disabled" not in page


def test_another_workspace_that_got_the_address_is_spared(admin_client, standin, stored, form):
    instance.connect().workspaces.delete("company-handbook")
    standin.post("/v1/workspace/new", {"name": form["confirm"]})
    answer = admin_client.post(URL, form)
    assert answer.status_code in (409, 422)
    assert stored("company-handbook")["id"] != form["id"]
    assert Outcome.OK not in AuditEvent.objects.values_list("outcome", flat=True)


def test_a_lost_answer_is_read_back_and_told_as_done(admin_client, standin, stored, form):
    standin.fault("lost", method="DELETE", times=1)
    assert admin_client.post(URL, form).status_code == 302
    assert stored("company-handbook") is None
    assert AuditEvent.objects.get().outcome == Outcome.OK


def test_a_success_that_did_not_happen_is_told(admin_client, standin, stored, form):
    standin.fault("locked")
    answer = admin_client.post(URL, form)
    assert answer.status_code == 422
    assert "the change is not there" in answer.content.decode()
    assert stored("company-handbook")
    assert AuditEvent.objects.get().outcome == Outcome.FAILED


@pytest.mark.parametrize("fault", ["down", "locked-all", "html", "500", "truncated"])
def test_what_went_wrong_is_told_and_nothing_is_claimed(admin_client, standin, stored, form, fault):
    admin_client.get(URL)
    standin.fault(fault, path="/v1/")
    answer = admin_client.post(URL, form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    standin.clear_faults()
    assert stored("company-handbook")
    assert Outcome.OK not in AuditEvent.objects.values_list("outcome", flat=True)


def test_the_last_workspace_can_be_deleted(admin_client, standin, stored, form):
    for workspace in standin.get("/v1/workspaces")["workspaces"]:
        if workspace["id"] != form["id"]:
            instance.connect().workspaces.delete(workspace["slug"])
    assert admin_client.post(URL, form).status_code == 302
    assert not standin.get("/v1/workspaces")["workspaces"]
    assert AuditEvent.objects.get().outcome == Outcome.OK


def test_it_takes_a_fresh_proof_of_password(admin_client, standin, stored, form):
    prove_long_ago(admin_client)
    assert admin_client.post(URL, form).status_code == 422
    assert stored("company-handbook")


def test_nobody_but_admins_deletes(manager_client, viewer_client, standin, form):
    for client in (manager_client, viewer_client):
        assert client.post(URL, form).status_code == 403
    assert not standin.state()["writes"]
