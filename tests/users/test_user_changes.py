"""Edit, suspend, resume, reset a password, delete: what happens on the instance, in the ledger, and when it goes wrong."""

import pytest

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.users.forms import UserDeleteForm
from tests.conftest import signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db


def form_of(user, **changes):
    return {
        "username": user["username"],
        "role": user["role"],
        "daily_message_limit": user["dailyMessageLimit"] or "",
        "bio": user["bio"] or "",
        **changes,
    }


def test_suspending_locks_out_and_draws_the_row_from_what_was_read_back(admin_client, standin, user_of):
    sam = user_of("sam")
    page = {"HX-Current-URL": "http://testserver/users/?q=sam"}
    response = admin_client.post(f"/users/{sam['id']}/suspend/", headers=HTMX | page)
    assert (
        'name="next" value="/users/?q=sam"' in response.content.decode()
    )  # for a browser without htmx, or before it is there
    assert response.status_code == 200
    assert f'id="user-{sam["id"]}"' in response.content.decode()
    assert "Resume" in response.content.decode()
    assert "sam is suspended" in response["HX-Trigger"]
    assert user_of("sam")["suspended"] == 1
    event = AuditEvent.objects.get(action="user.suspended")
    assert (event.before, event.after, event.outcome) == ({"suspended": False}, {"suspended": True}, Outcome.OK)


def test_without_htmx_it_goes_back_to_where_it_came_from(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    response = admin_client.post(f"/users/{sam}/suspend/", {"next": "/users/?q=sam"})
    assert (response.status_code, response["Location"]) == (302, "/users/?q=sam")
    response = admin_client.post(f"/users/{sam}/resume/", {"next": "https://example.com/"})
    assert response["Location"] == f"/users/{sam}/"
    assert user_of("sam")["suspended"] == 0


def test_edit_changes_only_what_was_changed_on_the_form(admin_client, standin, user_of):
    sam = user_of("sam")
    standin.post(f"/v1/admin/users/{sam['id']}", {"dailyMessageLimit": 7})  # another operator, meanwhile
    response = admin_client.post(f"/users/{sam['id']}/edit/", form_of(sam, bio="Knows the archive"))
    assert response.status_code == 302
    now = user_of("sam")
    assert (now["bio"], now["role"]) == ("Knows the archive", "default")


def test_edit_renames_and_takes_a_limit_away(admin_client, standin, user_of):
    sam = user_of("sam")
    admin_client.post(f"/users/{sam['id']}/edit/", form_of(sam, daily_message_limit="9"))
    assert user_of("sam")["dailyMessageLimit"] == 9
    admin_client.post(f"/users/{sam['id']}/edit/", form_of(user_of("sam"), daily_message_limit="", username="samuel"))
    assert user_of("samuel")["dailyMessageLimit"] is None


def test_edit_refuses_a_name_that_is_taken(admin_client, standin, user_of):
    sam = user_of("sam")
    response = admin_client.post(f"/users/{sam['id']}/edit/", form_of(sam, username="mia"), headers=HTMX)
    assert response.status_code == 422
    assert "already a user named mia" in response.content.decode()


def test_a_new_password_works_at_the_instance_and_is_shown_once(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    response = admin_client.post(f"/users/{sam}/password/", {"password": "Entirely-new-1"}, headers=HTMX)
    assert "Entirely-new-1" in response.content.decode()
    assert standin.post("/request-token", {"username": "sam", "password": "Entirely-new-1"})["valid"]
    assert "Entirely-new-1" not in str([vars(event) for event in AuditEvent.objects.all()])


def test_deleting_needs_the_name_typed(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    response = admin_client.post(f"/users/{sam}/delete/", {"confirm": "Sam"}, headers=HTMX)
    assert response.status_code == 422
    assert user_of("sam")
    response = admin_client.post(f"/users/{sam}/delete/", {"confirm": "sam"}, headers=HTMX)
    assert response["HX-Redirect"] == "/users/"
    assert user_of("sam") is None
    event = AuditEvent.objects.get(action="user.deleted")
    assert (event.outcome, event.before["username"]) == (Outcome.OK, "sam")


def test_the_delete_dialog_says_what_goes_and_offers_to_suspend(admin_client, standin, user_of):
    page = admin_client.get(f"/users/{user_of('sam')['id']}/delete/", headers=HTMX).content.decode()
    assert "permanently deletes the account, its chats and its access" in page
    assert "Suspend instead" in page


@pytest.mark.parametrize("act", ["suspend", "delete", "demote"])
def test_the_last_admin_stays(admin_client, standin, user_of, lone_admin, act):
    url = f"/users/{lone_admin['id']}/{'edit' if act == 'demote' else act}/"
    data = {"suspend": {}, "delete": {"confirm": "ada"}, "demote": form_of(lone_admin, role="default")}[act]
    response = admin_client.post(url, data)
    assert response.status_code in (409, 422)
    assert "last admin" in response.content.decode()
    still = user_of("ada")
    assert (still["role"], still["suspended"]) == ("admin", 0)
    assert not AuditEvent.objects.filter(outcome=Outcome.OK, action__startswith="user.").exists()


def test_a_suspended_admin_does_not_count_as_one_who_remains(admin_client, standin, user_of, lone_admin):
    mia = user_of("mia")["id"]
    standin.post(f"/v1/admin/users/{mia}", {"role": "admin", "suspended": 1})
    assert admin_client.post(f"/users/{lone_admin['id']}/suspend/").status_code == 409
    assert user_of("ada")["suspended"] == 0


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("suspend", {}),
        ("resume", {}),
        ("delete", {"confirm": "sam"}),
        ("password", {"password": "Entirely-new-1"}),
        ("edit", {"role": "manager"}),
    ],
)
def test_what_was_not_sent_is_not_in_the_ledger(admin_client, standin, user_of, url, data):
    sam = user_of("sam")
    admin_client.get(f"/users/{sam['id']}/")
    standin.fault("down", path="/v1/admin/users$")
    answer = admin_client.post(f"/users/{sam['id']}/{url}/", form_of(sam, **data) if url == "edit" else data)
    assert answer.status_code >= 400
    assert not standin.state()["writes"] and not AuditEvent.objects.exists()


def test_a_success_that_did_not_happen_is_told(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    standin.fault("locked")  # the instance says success and deletes nothing
    response = admin_client.post(f"/users/{sam}/delete/", {"confirm": "sam"})
    assert response.status_code == 422
    assert "the change is not there" in response.content.decode()
    assert user_of("sam")
    assert AuditEvent.objects.get(action="user.deleted").outcome == Outcome.FAILED


@pytest.mark.parametrize(
    ("url", "data", "happened"),
    [
        ("suspend", {}, lambda user: user["suspended"] == 1),
        ("delete", {"confirm": "sam"}, lambda user: user is None),
    ],
)
def test_a_lost_answer_is_read_back_and_told_as_done(admin_client, standin, user_of, url, data, happened):
    sam = user_of("sam")["id"]
    standin.fault("lost", method="POST|DELETE", path=f"/admin/users/{sam}$", times=1)
    response = admin_client.post(f"/users/{sam}/{url}/", data)
    assert response.status_code == 302
    assert happened(user_of("sam"))
    assert AuditEvent.objects.get().outcome == Outcome.OK


def test_a_lost_answer_to_a_password_stays_unknown(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    standin.fault("lost", method="POST", path=f"/admin/users/{sam}$", times=1)
    response = admin_client.post(f"/users/{sam}/password/", {"password": "Entirely-new-1"})
    assert response.status_code == 422
    assert "outcome is unknown" in response.content.decode()
    assert AuditEvent.objects.get().outcome == Outcome.UNKNOWN


def test_an_account_that_somebody_else_deleted_is_told(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    admin_client.get("/users/")
    standin._fetch("DELETE", f"/api/v1/admin/users/{sam}")
    response = admin_client.post(f"/users/{sam}/suspend/")
    assert response.status_code == 409
    assert "not there any more" in response.content.decode()
    assert admin_client.get("/users/99999/").status_code == 404


def test_a_person_sees_facts_workspaces_and_ledger_on_their_page(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    admin_client.post(f"/users/{sam}/suspend/")
    page = admin_client.get(f"/users/{sam}/").content.decode()
    mine = [
        workspace["name"]
        for workspace in standin.get("/v1/workspaces")["workspaces"]
        if any(m["userId"] == sam for m in standin.get(f"/v1/admin/workspaces/{workspace['id']}/users")["users"])
    ]
    assert mine
    for name in mine:
        assert name in page
    assert "suspended" in page


def test_the_page_of_a_person_stands_without_the_member_lists(admin_client, standin, user_of):
    sam = user_of("sam")["id"]
    standin.fault("500", path="/workspaces")
    response = admin_client.get(f"/users/{sam}/")
    assert response.status_code == 200
    assert "sam" in response.content.decode()


def test_nobody_but_admins_changes_anything(manager_client, viewer_client, member_client, standin, user_of):
    sam = user_of("sam")
    writes = standin.state()["writes"]
    for client in (manager_client, viewer_client, member_client):
        for act in ("suspend", "resume", "password", "edit", "delete"):
            assert (
                client.post(f"/users/{sam['id']}/{act}/", {"confirm": "sam", "password": "Long-enough-1"}).status_code
                == 403
            )
    assert standin.state()["writes"] == writes


def test_two_admins_cannot_suspend_each_other_at_the_same_time(transactional_db, standin, user_of, lone_admin):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from dashboard.accounts.models import Operator, Role
    from dashboard.errors import Declined
    from dashboard.users import services

    mia = user_of("mia")["id"]
    standin.post(f"/v1/admin/users/{mia}", {"role": "admin"})
    actor = Operator.objects.create_user("spare", "x", role=Role.ADMIN)

    def suspend(user_id):
        try:
            services.suspend(actor=actor, user_id=user_id)
            return True
        except Declined:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(suspend, [lone_admin["id"], mia]))
    assert sorted(done) == [False, True]


def test_a_persons_page_tells_what_they_are_in_foyer(admin_client, ada, user_of, standin):
    sam = user_of("sam")["id"]
    page = " ".join(admin_client.get(f"/users/{sam}/").content.decode().split())
    assert "<dt>In Foyer</dt><dd>has not signed in yet</dd>" in page
    some = instance.workspaces().value[:2]
    operator = accounts.operator_of(next(user for user in instance.users().value if user.id == sam), actor=ada)
    accounts.look_after(actor=ada, operator=operator, workspace_ids=[workspace.id for workspace in some])
    page = " ".join(admin_client.get(f"/users/{sam}/").content.decode().split())
    assert f"Manager of 2 workspaces</a>: {some[0].name}, {some[1].name}" in page
    assert "operator.workspaces_changed" in [
        event.action for event in admin_client.get(f"/users/{sam}/").context["events"]
    ]


def test_only_those_who_look_after_operators_see_it(manager_client, user_of, standin):
    assert "In Foyer" not in manager_client.get(f"/users/{user_of('sam')['id']}/").content.decode()


def test_ones_own_account_offers_nothing_that_is_refused(standin, user_of):
    """Another admin can do it; that is said."""
    ada = accounts.operator_of(next(user for user in instance.users().value if user.username == "ada"))
    client = signed_in(ada)
    own, other = user_of("ada")["id"], user_of("sam")["id"]
    page = client.get(f"/users/{own}/").content.decode()
    for act in ("suspend", "lock-out", "delete"):
        assert f"/users/{own}/{act}/" not in page
        assert f"/users/{other}/{act}/" in client.get(f"/users/{other}/").content.decode()
    assert "This is your own account: another admin can suspend" in page
    table = client.get("/users/").content.decode()
    assert f'action="/users/{own}/suspend/"' not in table
    assert f'action="/users/{other}/suspend/"' in table


def test_a_refusal_on_a_page_of_its_own_leads_back_to_where_it_was_asked(admin_client, standin, user_of, lone_admin):
    back = f"http://testserver/users/{lone_admin['id']}/"
    page = admin_client.post(f"/users/{lone_admin['id']}/suspend/", headers={"Referer": back}).content.decode()
    assert "last admin who can sign in" in page
    assert f'href="{back}">Back</a>' in page
    away = admin_client.post(f"/users/{lone_admin['id']}/suspend/", headers={"Referer": "https://example.com/"})
    assert "example.com" not in away.content.decode()


@pytest.mark.parametrize("typed", ["Weber  Anna", " Weber Anna "])
def test_a_name_is_confirmed_as_a_page_shows_it(typed):
    assert UserDeleteForm({"confirm": typed}, username="Weber Anna").is_valid()
    assert UserDeleteForm({"confirm": "Weber Anna"}, username=typed).is_valid()
    assert not UserDeleteForm({"confirm": "WeberAnna"}, username=typed).is_valid()
