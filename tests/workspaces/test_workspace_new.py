"""A new workspace: its name, its mode, and when it goes wrong."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from dashboard.accounts.models import Operator, Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.errors import Declined
from dashboard.workspaces import services
from dashboard.workspaces.forms import NewWorkspaceForm, WorkspaceForm

URL = "/workspaces/+new/"
FORM = {"name": "Legal", "chat_mode": "query"}


def named(standin, name):
    return [w for w in standin.get("/v1/workspaces")["workspaces"] if w["name"] == name]


def test_it_makes_one_and_goes_to_its_page(manager_client, standin):
    answer = manager_client.post(URL, FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/workspaces/legal/")
    (made,) = named(standin, "Legal")
    assert made["chatMode"] == "query"
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.target_id) == ("workspace.created", Outcome.OK, str(made["id"]))
    assert event.after == {"name": "Legal", "slug": "legal", "chat_mode": "query"}
    page = manager_client.get("/workspaces/legal/").content.decode()
    assert "Nobody is listed as a member" in page


def test_one_called_new_has_a_page_too(manager_client, standin):
    answer = manager_client.post(URL, FORM | {"name": "New"})
    assert answer["Location"] == "/workspaces/new/"
    assert "<h1>New</h1>" in manager_client.get("/workspaces/new/").content.decode()


@pytest.mark.parametrize("name", ["", "   ", "x" * 256])
def test_a_name_that_the_instance_would_bend_is_refused(manager_client, standin, name):
    answer = manager_client.post(URL, FORM | {"name": name})
    assert answer.status_code == 422
    assert not standin.state()["writes"]


def test_a_second_of_the_same_name_takes_a_word_more(manager_client, standin, handbook):
    name = handbook["name"].upper()
    answer = manager_client.post(URL, FORM | {"name": name})
    assert answer.status_code == 422
    assert "a workspace of this name already" in answer.content.decode()
    assert 'name="anyway"' in answer.content.decode()
    assert not standin.state()["writes"]
    answer = manager_client.post(URL, FORM | {"name": name, "anyway": "on"})
    (made,) = named(standin, name)
    assert answer["Location"] == f"/workspaces/{made['slug']}/"
    assert made["slug"] != handbook["slug"]


@pytest.mark.parametrize("name", ["SALES  team", "Ｓales Team", "sales team"])
def test_a_name_that_reads_like_another_takes_a_word_more(manager_client, standin, name):
    standin.post("/v1/workspace/new", {"name": "Sales Team"})
    assert manager_client.post(URL, FORM | {"name": name}).status_code == 422


def test_two_who_make_one_of_the_same_name_at_once_make_one(transactional_db, standin):
    actor = Operator.objects.create_user("ada", "x", role=Role.ADMIN)
    standin.configure(latency=0.1)

    def make(name):
        try:
            return services.create(actor=actor, name=name, chat_mode="query").slug
        except Declined as error:
            return str(error.sentence)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, ["Legal", "legal"]), key=len)[1] == services.NAME_TAKEN
    assert len(named(standin, "Legal") + named(standin, "legal")) == 1


@pytest.mark.parametrize(("version", "offered"), [("1.11.0", False), ("1.12.0", True), (None, True)])
def test_automatic_is_offered_only_by_versions_that_have_it(version, offered):
    form = NewWorkspaceForm(names=(), version=version)
    assert ("automatic" in dict(form.fields["chat_mode"].choices)) is offered
    assert NewWorkspaceForm(FORM | {"chat_mode": "automatic"}, names=(), version=version).is_valid() is offered
    kept = WorkspaceForm(initial={"chat_mode": "automatic"}, names=(), version=version)
    assert "automatic" in dict(kept.fields["chat_mode"].choices)


def test_a_lost_answer_is_read_back_and_told_as_done(manager_client, standin, handbook):
    standin.fault("lost", method="POST", path="/workspace/new$", times=1)
    answer = manager_client.post(URL, {"name": handbook["name"], "chat_mode": "chat", "anyway": "on"})
    made = next(w for w in named(standin, handbook["name"]) if w["id"] != handbook["id"])
    assert answer["Location"] == f"/workspaces/{made['slug']}/", "the new one, not the one of the same name"
    event = AuditEvent.objects.get()
    assert (event.outcome, event.target_id) == (Outcome.OK, str(made["id"]))


def test_a_lost_answer_of_one_that_was_not_made_is_unknown(manager_client, standin):
    standin.fault("502", method="POST", path="/workspace/new$", times=1)
    answer = manager_client.post(URL, FORM)
    assert answer.status_code == 422
    assert AuditEvent.objects.get().outcome == Outcome.UNKNOWN
    assert not named(standin, "Legal")


@pytest.mark.parametrize("fault", ["down", "locked", "locked-all", "html", "500", "truncated"])
def test_what_went_wrong_is_told_and_nothing_is_claimed(manager_client, standin, fault):
    manager_client.get(URL)
    standin.fault(fault, path="/v1/")
    answer = manager_client.post(URL, FORM)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    standin.clear_faults()
    event = AuditEvent.objects.first()  # none when the instance could not even be read before
    assert event is None or event.outcome != Outcome.OK
    unknown = event is not None and event.outcome == Outcome.UNKNOWN
    assert unknown or not named(standin, "Legal")


def test_what_was_not_sent_is_not_in_the_ledger(manager_client, standin):
    manager_client.get(URL)
    standin.fault("down", path="/v1/workspaces$")
    answer = manager_client.post(URL, FORM)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not standin.state()["writes"] and not AuditEvent.objects.exists()


def test_it_refuses_viewers(viewer_client, standin):
    assert viewer_client.post(URL, FORM).status_code == 403
    assert not standin.state()["writes"]
