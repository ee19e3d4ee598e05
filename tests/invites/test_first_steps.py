"""What somebody finds after joining: workspaces, recovery codes, a first question, the way into AnythingLLM."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
from django.test import Client
from django.utils import timezone

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.audit.models import AuditEvent
from dashboard.invites.models import Joining
from dashboard.sandbox.testing import workbook
from tests.conftest import signed_in
from tests.invites.conftest import SECRET, code_of

HTMX = {"HX-Request": "true"}


def words(answer) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.fixture
def newcomer(standin, make_link) -> Client:
    """Who has just joined by a link to two workspaces."""
    client = Client()
    answer = client.post(f"/join/{code_of(make_link())}/", {"username": "newcomer", "password": SECRET})
    assert answer.status_code == 302
    return client


@pytest.fixture
def names(there, two_rooms) -> list[str]:
    return sorted(name for name, room in there.rooms.items() if room in two_rooms)


def of_account(name: str) -> Client:
    return signed_in(accounts.operator_of(next(user for user in instance.users().value if user.username == name)))


# --- The page -------------------------------------------------------------------------------------------------------------
def test_it_lists_the_own_workspaces_with_their_documents_and_a_question(newcomer, names, standin, there):
    page = newcomer.get("/welcome/")
    shown = re.findall(
        r"<strong><svg.*?</svg>(.*?)</strong>\s*<span class=\"muted\">(.*?)</span>", page.content.decode()
    )
    slugs = {w["name"]: w["slug"] for w in standin.get("/v1/workspaces")["workspaces"]}
    documents = {name: standin.get(f"/v1/workspace/{slugs[name]}")["workspace"][0]["documents"] for name in names}
    assert shown == [(name, f"{len(documents[name])} documents") for name in names]
    title = json.loads(documents[names[0]][0]["metadata"])["title"]
    assert f"What are the most important points of “{title}”?" in words(page)


def test_workspaces_of_one_name_are_told_apart(newcomer, names, standin, make_link):
    slugs = {w["name"]: w["slug"] for w in standin.get("/v1/workspaces")["workspaces"]}
    first, second = (slugs[name] for name in names)
    standin.post(f"/v1/workspace/{second}/update", {"name": names[0]})
    instance.hang_up()
    page = newcomer.get("/welcome/").content.decode()
    for slug in (first, second):
        assert f"{names[0]} ({slug})</strong>" in page and f"{names[0]} ({slug})</option>" in page
    joining = words(Client().get(f"/join/{code_of(make_link())}/"))
    assert f"{names[0]} ({first})" in joining and f"{names[0]} ({second})" in joining


def test_the_question_names_a_sheet_as_people_know_it(standin, db):
    client = instance.connect()
    room = client.workspaces.create("Numbers")
    sheet = workbook(**{"Umsatz 2026": "quetzal"})
    (made,) = client.documents.upload(file_obj=io.BytesIO(sheet), file_name="zahlen-4aa70ad6a7.xlsx")
    client.workspaces.add_documents(room.slug, [made.path])
    assert "points of “zahlen.xlsx – Sheet: Umsatz 2026”?" in words(of_account("jonas").get("/welcome/"))


def test_it_says_so_when_what_it_shows_is_an_earlier_answer(newcomer, names, standin):
    assert "its last answer" not in words(newcomer.get("/welcome/"))
    instance.forget("users", "workspaces")
    instance.forget_members()
    standin.fault("500")
    page = words(newcomer.get("/welcome/"))
    assert "What you see is its last answer, as of" in page
    assert names[0] in page


def test_an_admin_of_the_instance_is_shown_some_and_told_of_the_others(standin, db, there):
    for number in range(10):
        standin.post("/v1/workspace/new", {"name": f"Room {number}"})
    instance.hang_up()
    page = words(of_account("jonas").get("/welcome/"))
    assert "Room 0" in page
    assert f"And {len(there.rooms) + 10 - 12} more" in page


def test_what_an_invite_promised_and_is_not_there_yet_is_being_prepared(newcomer, make_link, there, names):
    operator = Operator.objects.get(username="newcomer")
    other = next(name for name in sorted(there.rooms) if name not in names)
    link = make_link(workspace_ids=[there.rooms[other]])
    Joining.objects.create(
        link=link, username="newcomer", marker=-1, state="account", user_id=operator.anythingllm_user_id,
        next_at=timezone.now(),
    )  # fmt: skip
    page = newcomer.get("/welcome/")
    assert f"{other} being prepared" in words(page)
    assert 'hx-trigger="every 5s"' in page.content.decode()
    part = newcomer.get("/welcome/", headers=HTMX).content.decode()
    assert part.strip().startswith('<section class="stack" id="rooms"')


def test_recovery_codes_stay_until_one_has_them(newcomer):
    codes = newcomer.session["recovery_codes"]["codes"]
    assert 'href="/recovery-codes/"' in newcomer.get("/").content.decode()
    for _visit in range(2):
        assert all(code in words(newcomer.get("/welcome/")) for code in codes)
    assert newcomer.post("/recovery-codes/")["Location"] == "/welcome/"
    assert "/recovery-codes/" not in newcomer.get("/").content.decode()
    assert not any(code in words(newcomer.get("/welcome/")) for code in codes)


def test_without_an_answer_of_the_instance_it_says_so(standin, db):
    client = of_account("sam")
    instance.hang_up()
    standin.fault("502")
    page = client.get("/welcome/")
    assert page.status_code == 200
    assert "AnythingLLM answered with an error" in words(page)


def test_a_local_operator_has_no_workspaces_and_no_way_in(admin_client, standin):
    page = admin_client.get("/welcome/").content.decode()
    assert "without an account of AnythingLLM" in page
    assert "Open AnythingLLM" not in page
    assert 'name="text"' not in page


def test_who_has_no_workspace_yet_is_not_told_to_ask(standin, make_link):
    client = Client()
    client.post(f"/join/{code_of(make_link(workspace_ids=[]))}/", {"username": "newcomer", "password": SECRET})
    page = client.get("/welcome/").content.decode()
    assert "You are in." in page and "Begin with a question" not in page
    assert "Ask whoever invited you to open one for you." in page


def test_the_start_page_of_members_leads_there(newcomer):
    assert 'href="/welcome/"' in newcomer.get("/").content.decode()


# --- Into AnythingLLM -----------------------------------------------------------------------------------------------------
def redeemed(standin, address: str) -> dict:
    token = re.search(r"token=([^&]+)", address)[1]
    return standin.get(f"/request-token/sso/simple?token={token}")


def test_one_click_opens_anythingllm_as_oneself(newcomer, standin):
    answer = newcomer.post("/open/", {"workspace": "company-handbook"}, headers=HTMX)
    address = answer["HX-Redirect"]
    assert address.startswith(f"{standin.url}/sso/simple?token=")
    assert address.endswith("&redirectTo=%2Fworkspace%2Fcompany-handbook")
    assert redeemed(standin, address)["user"]["username"] == "newcomer"
    assert "no-store" in answer["Cache-Control"]


def test_an_address_too_long_to_be_opened_leads_to_the_start_page(newcomer, standin):
    answer = newcomer.post("/open/", {"workspace": "company-handbook", "thread": "é" * 3000}, headers=HTMX)
    assert answer.status_code == 200 and answer["HX-Redirect"].endswith("&redirectTo=%2F")


def test_without_htmx_a_page_shows_the_link(newcomer, standin):
    page = newcomer.post("/open/").content.decode()
    address = html.unescape(re.search(r'href="([^"]*/sso/simple[^"]*)"', page)[1])
    assert redeemed(standin, address)["user"]["username"] == "newcomer"


def test_it_stands_in_the_ledger_without_its_token(newcomer, caplog):
    address = newcomer.post("/open/", headers=HTMX)["HX-Redirect"]
    token = re.search(r"token=([^&]+)", address)[1]
    event = AuditEvent.objects.get(action="anythingllm.opened")
    assert (event.actor_name, event.target_name, event.outcome) == ("newcomer", "newcomer", "ok")
    assert token not in str(list(AuditEvent.objects.values()))
    assert token not in caplog.text


def test_whoever_was_suspended_a_moment_ago_gets_no_way_in(newcomer, standin, there):
    newcomer.get("/welcome/")
    standin.post(f"/v1/admin/users/{there.user('newcomer')['id']}", {"suspended": 1})
    answer = newcomer.post("/open/", headers=HTMX)
    assert "HX-Redirect" not in answer
    paths = [request["path"] for request in standin.state()["requests"]]
    assert not [path for path in paths if re.search(r"/users/[1-9]\d*/issue-auth-token", path)]


def test_a_local_operator_gets_no_way_in(admin_client, standin):
    answer = admin_client.post("/open/")
    assert answer.status_code == 409
    assert "local operator" in words(answer)


def test_where_the_instance_issues_no_links_a_plain_one_leads_there(newcomer, standin):
    standin.configure(sso=False)
    instance.hang_up()
    page = newcomer.get("/welcome/").content.decode()
    assert f'href="{standin.url}/"' in page
    assert 'action="/open/"' not in page


# --- The first question ---------------------------------------------------------------------------------------------------
def test_a_first_question_begins_a_conversation_that_goes_on_in_anythingllm(newcomer, names, standin):
    """The page does not wait for the answer: what it leads to opens its stream."""
    (key,) = re.findall(r'name="key" value="([^"]+)"', newcomer.get("/welcome/").content.decode())
    asked = {"workspace": "company-handbook", "text": "How many days off?", "key": key}
    answers = [newcomer.post("/welcome/ask/", asked, headers=HTMX) for _twice in range(2)]
    page = newcomer.get(answers[0]["HX-Redirect"])
    assert "How many days off?" in words(page) and 'data-stream="/stream/' in page.content.decode()
    assert answers[1]["HX-Redirect"] == answers[0]["HX-Redirect"]
    assert standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"][0]["prompt"] != "How many days off?"
    thread = re.search(r'name="thread" value="([^"]+)"', page.content.decode())[1]
    opened = newcomer.post("/open/", {"workspace": "company-handbook", "thread": thread}, headers=HTMX)
    assert opened["HX-Redirect"].endswith(f"redirectTo=%2Fworkspace%2Fcompany-handbook%2Ft%2F{thread}")


def test_without_htmx_the_worker_asks_it(newcomer):
    asked = {"workspace": "company-handbook", "text": "How many days off?"}
    page = newcomer.post("/welcome/ask/", asked, follow=True)
    assert page.redirect_chain[0][0].startswith("/chat/company-handbook/")
    assert "Sources" in words(page) and "This is being answered" not in words(page)


def test_a_question_that_is_refused_is_not_lost(newcomer, standin):
    standin.fault("500", path="thread/new")
    page = newcomer.post("/welcome/ask/", {"workspace": "company-handbook", "text": "How many <b>days off</b>?"})
    assert page.status_code >= 400
    assert "How many &lt;b&gt;days off&lt;/b&gt;?</textarea>" in page.content.decode()


@pytest.mark.parametrize("data", [{"text": ""}, {"text": "x " * 4000}])
def test_an_empty_or_endless_question_is_refused_by_the_form(newcomer, data):
    answer = newcomer.post("/welcome/ask/", {"workspace": "company-handbook", **data}, headers=HTMX)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


# --- When the instance fails ----------------------------------------------------------------------------------------------
FAULTS = ["500", "502", "reset", "cut", "html", "key-refused"]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_on_the_way_in_is_told_and_leads_nowhere(kind, newcomer, standin):
    standin.fault(kind, path="issue-auth-token")
    answer = newcomer.post("/open/")
    assert answer.status_code >= 400
    assert "sso/simple" not in answer.content.decode()
    assert AuditEvent.objects.get(action="anythingllm.opened").outcome != "ok"


@pytest.mark.matrix
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("path", ["/v1/admin/users$", "/v1/workspaces$", "/users$", "thread/new"])
def test_a_fault_on_a_question_is_told_and_the_question_not_lost(kind, path, newcomer, standin):
    newcomer.get("/welcome/")
    standin.fault(kind, path=path)
    answer = newcomer.post("/welcome/ask/", {"workspace": "company-handbook", "text": "How many days off?"})
    if (path, kind) == ("thread/new", "cut"):  # the conversation was made all the same, which reading back has shown
        assert answer["Location"].startswith("/chat/company-handbook/")
        return
    assert answer.status_code >= 400
    assert "AnythingLLM" in words(answer)
    assert "How many days off?</textarea>" in answer.content.decode()
