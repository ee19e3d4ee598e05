"""The start page: what needs attention, for each role only what it may read."""

import pytest
from django.test import Client
from django.urls import reverse

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError
from dashboard.audit.services import recording
from dashboard.invites import services as invites
from dashboard.jobs.models import ItemState, Job, JobItem
from tests.conftest import signed_in


@pytest.fixture
def people(standin):
    return instance.users().value


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_it_counts_people_and_workspaces(admin_client, people):
    page = text(admin_client.get("/"))
    assert f"<b>{len(people)}</b><span>Users</span>" in page
    assert f"<b>{len(instance.workspaces().value)}</b><span>Workspaces</span>" in page


def test_it_tells_who_is_suspended_and_leads_there(admin_client, people):
    suspended = sum(user.suspended for user in people)
    assert suspended > 1
    page = text(admin_client.get("/"))
    assert f"{suspended} people are suspended." in page
    assert f"{reverse('user_list')}?state=suspended" in page


@pytest.mark.parametrize("reader", ["admin_client", "manager_client", "viewer_client"])
def test_its_count_of_open_invites_is_that_of_the_page_it_leads_to(request, reader, ada, standin):
    """Foyer's own links and those made on the instance alike, as far as whoever looks may see them."""
    for use in range(2):
        invites.make(actor=ada, fields=invites.LinkFields(label=f"link {use}", uses=5))
    client = request.getfixturevalue(reader)
    page = text(client.get("/"))
    if reader == "viewer_client":
        assert "Open invites" not in page and "/invites/" not in page
        return
    listed = client.get("/invites/?state=open").context["page"].paginator.count
    assert listed > 3
    assert f"{listed} invites are open." in page
    assert f'href="/invites/?state=open"> <b>{listed}</b><span>Open invites</span>' in page


def test_it_shows_the_latest_of_the_ledger_to_admins_only(admin_client, viewer_client, ada, standin):
    with recording(ada, "user.suspended", target=("user", 7, "grace-of-the-ledger")):
        pass
    assert "grace-of-the-ledger" in text(admin_client.get("/"))
    assert "grace-of-the-ledger" not in text(viewer_client.get("/"))


def test_it_tells_of_acts_whose_outcome_nobody_knows(admin_client, ada, standin):
    with pytest.raises(ApiError), recording(ada, "user.suspended", target=("user", 7, "grace")):
        raise ApiError(500, "The instance broke.")
    assert "Of 1 change in the last 7 days nobody knows whether it was made." in text(admin_client.get("/"))


def test_it_tells_of_failed_items_of_jobs(admin_client, ada, standin):
    from django.utils import timezone

    job = Job.objects.create(kind="user.suspend", title="Suspend two", actor=ada)
    for position, state in enumerate([ItemState.FAILED, ItemState.UNKNOWN, ItemState.DONE]):
        JobItem.objects.create(
            job=job, position=position, key=str(position), label="x", state=state, finished_at=timezone.now()
        )
    assert "2 items of jobs failed in the last 7 days." in text(admin_client.get("/"))


def of_account(name: str) -> Client:
    return signed_in(accounts.operator_of(next(user for user in instance.users().value if user.username == name)))


def member_of(standin) -> Client:
    return of_account(next(user.username for user in instance.users().value if user.role == "default"))


def test_members_are_led_to_chat_and_see_nothing_of_others(standin, db):
    page = text(member_of(standin).get("/"))
    assert f'class="button primary" href="{reverse("chat_home")}"' in page
    assert "answered in AnythingLLM" not in page
    assert "Users" not in page
    assert "suspended" not in page


def test_local_members_are_told_that_they_have_no_account_to_ask_with(member_client, standin):
    page = text(member_client.get("/"))
    assert "You are signed in as a local operator of Foyer" in page
    assert 'class="button primary"' not in page


def test_anythingllm_is_opened_with_ones_own_account_where_that_is_on(member_client, standin):
    page = text(member_of(standin).get("/"))
    assert f'<form method="post" action="{reverse("anythingllm_open")}"' in page
    assert f'href="{standin.url}/"' not in page
    assert f'href="{standin.url}/"' in text(member_client.get("/"))  # a local operator has none


def test_where_it_is_off_the_link_leads_to_the_sign_in_there(standin, db):
    standin.configure(sso=False)
    page = text(member_of(standin).get("/"))
    assert f'href="{standin.url}/"' in page
    assert reverse("anythingllm_open") not in page


def test_the_instance_is_not_asked_for_members(member_client, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:9"  # nothing answers there
    assert "AnythingLLM does not answer" not in text(member_client.get("/"))


def test_it_says_so_when_the_instance_was_never_reached(admin_client, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:9"
    response = admin_client.get("/")
    assert response.status_code == 200
    assert "AnythingLLM does not answer at http://127.0.0.1:9. Nothing was changed." in text(response)


def test_it_shows_the_last_known_figures_when_the_instance_goes_down(admin_client, people, standin):
    admin_client.get("/")
    standin.fault("down")
    instance.forget("users", "workspaces", "invites")
    page = text(admin_client.get("/"))
    assert f"<b>{len(people)}</b><span>Users</span>" in page
    assert "What you see is its last answer, as of" in page


def test_the_theme_is_kept_and_leads_back(admin_client, ada, standin):
    response = admin_client.post("/theme/", {"theme": "dark", "next": "/users/?q=a"})
    assert response["Location"] == "/users/?q=a"
    assert Operator.objects.get(pk=ada.pk).theme == "dark"
    assert 'data-theme="dark"' in text(admin_client.get("/"))


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_theme_leads_nowhere_else(admin_client, away):
    assert admin_client.post("/theme/", {"theme": "dark", "next": away})["Location"] == "/"


def test_an_unknown_theme_changes_nothing(admin_client, ada):
    admin_client.post("/theme/", {"theme": "pink"})
    assert Operator.objects.get(pk=ada.pk).theme == "system"


def test_the_light_notices_an_outage_by_itself(admin_client, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:9"
    assert 'data-tone="error"' in text(admin_client.get("/light/", headers={"HX-Request": "true"}))


def test_the_light_is_green_when_the_instance_answers(admin_client, standin):
    assert 'data-tone="ok"' in text(admin_client.get("/light/", headers={"HX-Request": "true"}))
