import re
from html import unescape

import pytest
from django.utils.formats import number_format

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.jobs import engine, services
from dashboard.jobs.models import ItemState, Job
from dashboard.users import bulk
from tests.conftest import PASSWORD, operator, prove_long_ago, signed_in
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/users/bulk/"


@pytest.fixture
def ids(user_of):
    return lambda *names: [user_of(name)["id"] for name in names]


def everybody(standin) -> list[dict]:
    return standin.get("/v1/admin/users")["users"]


def selection(response) -> str:
    found = re.search(r'name="selection" value="([^"]+)"', response.content.decode())
    return unescape(found[1]) if found else ""


def text(response) -> str:
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return unescape(" ".join(plain.split()))


def show(client, action, **posted):
    return client.post(URL, {"action": action, **posted})


def confirm(client, action, shown, **posted):
    return client.post(URL, {"action": action, "selection": selection(shown), "confirmed": "1", **posted})


def finished(response) -> Job:
    """The job that was started, worked off."""
    assert response.status_code == 302, text(response)
    job = Job.objects.latest("pk")
    assert response["Location"] == f"/jobs/{job.pk}/"
    while engine.work(job.pk):
        pass
    return job


def outcomes(job: Job) -> list[tuple[str, str]]:
    return list(job.items.values_list("label", "state"))


# --- Looking first ------------------------------------------------------------------------------------------------------
def test_it_says_what_would_happen_to_whom_and_changes_nothing(admin_client, standin, ids):
    writes = standin.state()["writes"]
    response = show(admin_client, "suspend", ids=ids("sam", "mia"))
    assert response.status_code == 200
    assert "Suspend 2 people" in text(response)
    assert "locked out at once" in text(response)
    assert "mia, sam" in text(response)
    assert standin.state()["writes"] == writes
    assert not Job.objects.exists()


def test_htmx_gets_the_dialog_alone(admin_client, standin, ids):
    response = admin_client.post(URL, {"action": "suspend", "ids": ids("sam")}, headers=HTMX)
    assert response.content.decode().lstrip().startswith("<article")


def test_it_takes_all_that_match_the_search_and_names_the_first_twenty(admin_client, standin):
    fits = [user for user in everybody(standin) if user["role"] == "default" and not user["suspended"]]
    assert len(fits) > 20
    response = show(admin_client, "suspend", all="1", q="", role="default", state="active", signed_in="")
    assert f"Suspend {len(fits)} people" in text(response)
    shown = sorted(user["username"] for user in fits)
    assert ", ".join(shown[:20]) in text(response)
    assert f"and {len(fits) - 20} more" in text(response)
    assert shown[20] not in text(response)


def test_more_than_can_be_ticked_by_hand_take_their_number_typed(admin_client, standin, monkeypatch):
    monkeypatch.setattr(bulk, "MANY", 20)
    fits = [user for user in everybody(standin) if user["role"] == "default" and not user["suspended"]]
    assert len(fits) > 20
    response = show(admin_client, "suspend", all="1", q="", role="default", state="active", signed_in="")
    assert f"Type {len(fits)} to confirm" in text(response)
    assert f'data-must-match="{len(fits)}"' in response.content.decode()
    posted = {"action": "suspend", "selection": response.context["selection"], "confirmed": "1"}
    assert admin_client.post(URL, posted | {"confirm": "5"}).status_code == 422
    assert not Job.objects.exists()
    assert admin_client.post(URL, posted | {"confirm": str(len(fits))}).status_code == 302
    assert Job.objects.get().params == {}


def test_few_take_no_number(admin_client, standin, ids):
    assert "to confirm" not in text(show(admin_client, "suspend", ids=ids("sam", "mia")))


def test_large_numbers_are_grouped(standin):
    title = bulk.CHANGES["suspend"].title % {"n": 2787, "total": number_format(2787, force_grouping=True)}
    assert title == "Suspend 2,787 people"


def test_it_names_who_is_left_out_and_why(admin_client, standin, ids, lone_admin):
    standin.post(f"/v1/admin/users/{ids('sam')[0]}", {"suspended": 1})
    response = show(admin_client, "suspend", ids=ids("sam", "ada", "mia"))
    assert "Suspend 1 person" in text(response)
    assert "1 is left out. Suspended already: sam" in text(response)
    assert "1 is left out. The last admin who can sign in: ada" in text(response)


def test_one_admin_always_stays_however_many_are_chosen(admin_client, standin):
    admins = [user for user in everybody(standin) if user["role"] == "admin" and not user["suspended"]]
    assert len(admins) > 1
    response = show(admin_client, "delete", ids=[user["id"] for user in admins])
    assert "The last admin who can sign in" in text(response)
    assert f"Type {len(admins) - 1} to confirm" in text(response)


def test_ones_own_account_is_left_out(ada, admin_client, standin, ids):
    ada.username, ada.anythingllm_user_id = "mia", ids("mia")[0]
    ada.save()
    plan = bulk.plan(
        bulk.CHANGES["role"],
        bulk.services.current(),
        [user for user in bulk.services.current() if user.username in ("mia", "sam")],
        ada,
    )
    assert [user.username for user in plan.change.users] == ["sam"]
    assert [(str(reason), people.names) for reason, people in plan.spare] == [("Your own account", "mia")]


def test_limits_leave_admins_out(admin_client, standin, ids):
    assert "Admin, never limited: ada" in text(show(admin_client, "limit", ids=ids("ada", "sam")))


def test_when_nobody_is_left_there_is_nothing_to_confirm(admin_client, standin, ids):
    response = show(admin_client, "resume", ids=ids("sam"))
    assert "Nobody to change" in text(response)
    assert "Not suspended: sam" in text(response)
    assert not selection(response)


def test_choosing_nobody_is_told(admin_client, standin):
    response = show(admin_client, "suspend")
    assert response.status_code == 409
    assert "Nobody is chosen" in text(response)


def test_an_action_that_does_not_exist_is_a_bad_request(admin_client, standin):
    assert show(admin_client, "explode", ids=["1"]).status_code == 400


def test_a_link_back_leads_to_the_table(admin_client):
    assert admin_client.get(URL)["Location"] == "/users/"


def test_when_the_instance_is_down_nothing_can_be_chosen(admin_client, standin, ids):
    chosen = ids("sam")
    admin_client.get("/users/")
    standin.fault("down")
    response = show(admin_client, "suspend", ids=chosen)
    assert response.status_code == 503
    assert "does not answer" in text(response)


# --- Doing it -----------------------------------------------------------------------------------------------------------
def test_it_suspends_and_resumes(admin_client, standin, ids, user_of):
    job = finished(confirm(admin_client, "suspend", show(admin_client, "suspend", ids=ids("sam", "mia"))))
    assert job.title == "Suspend 2 people"
    assert outcomes(job) == [("mia", ItemState.DONE), ("sam", ItemState.DONE)]
    assert user_of("sam")["suspended"] == user_of("mia")["suspended"] == 1
    job = finished(confirm(admin_client, "resume", show(admin_client, "resume", ids=ids("sam"))))
    assert user_of("sam")["suspended"] == 0
    told = AuditEvent.objects.filter(target_name="sam").values_list("action", "actor_name", "outcome")
    assert list(told) == [("user.resumed", "ada", "ok"), ("user.suspended", "ada", "ok")]


def test_it_changes_roles(admin_client, standin, ids, user_of):
    shown = show(admin_client, "role", ids=ids("sam", "mia"))
    job = finished(confirm(admin_client, "role", shown, role="manager"))
    assert outcomes(job) == [("mia", ItemState.SKIPPED), ("sam", ItemState.DONE)]
    assert user_of("sam")["role"] == "manager"


@pytest.mark.parametrize(("typed", "limit"), [("7", 7), ("", None)])
def test_it_sets_limits(admin_client, standin, ids, user_of, typed, limit):
    standin.post(f"/v1/admin/users/{ids('sam')[0]}", {"dailyMessageLimit": 3})
    finished(confirm(admin_client, "limit", show(admin_client, "limit", ids=ids("sam")), daily_message_limit=typed))
    assert user_of("sam")["dailyMessageLimit"] == limit


def test_a_limit_that_is_none_comes_back_with_the_form(admin_client, standin, ids):
    shown = show(admin_client, "limit", ids=ids("sam"))
    response = confirm(admin_client, "limit", shown, daily_message_limit="0")
    assert response.status_code == 422
    assert "greater than or equal to 1" in text(response)
    assert selection(response)
    assert not Job.objects.exists()


def test_deleting_needs_the_number_typed_and_says_what_goes(admin_client, standin, ids, user_of):
    shown = show(admin_client, "delete", ids=ids("sam", "mia"))
    assert all(word in text(shown) for word in ("permanently", "chats", "access"))
    response = confirm(admin_client, "delete", shown, confirm="3")
    assert response.status_code == 422
    assert "not the number of people" in text(response)
    assert user_of("sam")
    job = finished(confirm(admin_client, "delete", response, confirm="2"))
    assert outcomes(job) == [("mia", ItemState.DONE), ("sam", ItemState.DONE)]
    assert user_of("sam") is None
    assert user_of("mia") is None


def test_deleting_offers_to_suspend_the_same_people_instead(admin_client, standin, ids):
    shown = show(admin_client, "delete", ids=ids("sam", "mia"))
    instead = show(admin_client, "suspend", selection=selection(shown))
    assert "Suspend 2 people" in text(instead)
    assert "mia, sam" in text(instead)


def test_who_comes_to_match_afterwards_is_not_touched(admin_client, standin, user_of):
    shown = show(admin_client, "suspend", all="1", q="sam")
    standin.post("/v1/admin/users/new", {"username": "sam-the-second", "password": "welcome-to-foyer"})
    finished(confirm(admin_client, "suspend", shown))
    assert user_of("sam")["suspended"] == 1
    assert user_of("sam-the-second")["suspended"] == 0


def test_when_somebody_chosen_has_changed_meanwhile_it_is_shown_again(admin_client, standin, ids, user_of):
    shown = show(admin_client, "suspend", ids=ids("sam", "mia"))
    standin.post(f"/v1/admin/users/{ids('sam')[0]}", {"suspended": 1})
    response = confirm(admin_client, "suspend", shown)
    assert response.status_code == 422
    assert "have changed since you looked" in text(response)
    assert "Suspended already: sam" in text(response)
    assert not Job.objects.exists()
    assert outcomes(finished(confirm(admin_client, "suspend", response))) == [("mia", ItemState.DONE)]


@pytest.mark.parametrize("forged", ["", "nonsense"])
def test_people_who_were_not_shown_cannot_be_confirmed(admin_client, standin, ids, forged):
    shown = show(admin_client, "suspend", ids=ids("sam"))
    response = admin_client.post(
        URL, {"action": "suspend", "selection": forged or selection(shown)[1:], "confirmed": "1"}
    )
    assert response.status_code == 409
    assert not Job.objects.exists()


def test_confirming_without_having_looked_is_refused(admin_client, standin, ids):
    response = admin_client.post(URL, {"action": "suspend", "ids": ids("sam"), "confirmed": "1"})
    assert response.status_code == 409
    assert not Job.objects.exists()


def test_what_another_operator_was_shown_cannot_be_confirmed(admin_client, standin, ids):
    shown = show(admin_client, "suspend", ids=ids("sam"))
    other = signed_in(operator(Role.ADMIN, "eve"))
    assert confirm(other, "suspend", shown).status_code == 409


# --- Who may ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["manager_client", "viewer_client", "member_client"])
def test_only_admins_may(request, standin, who, ids):
    assert show(request.getfixturevalue(who), "suspend", ids=ids("sam")).status_code == 403


@pytest.mark.parametrize(
    ("action", "posted"), [("delete", {"confirm": "1"}), ("role", {"role": "admin"})], ids=["delete", "promote"]
)
def test_grave_acts_ask_for_the_password_again(admin_client, standin, ids, user_of, action, posted):
    prove_long_ago(admin_client)
    shown = show(admin_client, action, ids=ids("sam"))
    assert shown.status_code == 200
    response = confirm(admin_client, action, shown, **posted)
    assert response.status_code == 422
    assert 'name="proof"' in response.content.decode()
    assert not Job.objects.exists()
    finished(confirm(admin_client, action, shown, proof=PASSWORD, **posted))
    after = user_of("sam")
    assert after is None or after["role"] == "admin"


def test_a_lesser_role_needs_no_password(admin_client, standin, ids):
    prove_long_ago(admin_client)
    finished(confirm(admin_client, "role", show(admin_client, "role", ids=ids("sam")), role="manager"))


# --- When it goes wrong while it runs -------------------------------------------------------------------------------------
def started(client, action, chosen, **posted) -> Job:
    response = confirm(client, action, show(client, action, ids=chosen), **posted)
    assert response.status_code == 302, text(response)
    return Job.objects.latest("pk")


def run(job: Job) -> list[str]:
    while engine.work(job.pk):
        pass
    return list(job.items.values_list("state", flat=True))


def test_the_last_admin_stays_even_if_the_others_go_after_the_confirmation(admin_client, standin, ids, user_of):
    admins = [user for user in everybody(standin) if user["role"] == "admin" and not user["suspended"]]
    job = started(admin_client, "suspend", [admins[0]["id"]])
    for user in admins[1:]:
        standin.post(f"/v1/admin/users/{user['id']}", {"suspended": 1})
    assert run(job) == [ItemState.FAILED]
    assert "last admin" in job.items.get().message
    assert user_of(admins[0]["username"])["suspended"] == 0


def test_who_was_deleted_meanwhile_is_told(admin_client, standin, ids):
    chosen = ids("sam", "mia")
    jobs = [started(admin_client, "suspend", chosen), started(admin_client, "delete", chosen, confirm="2")]
    standin._fetch("DELETE", f"/api/v1/admin/users/{chosen[0]}")
    assert run(jobs[0]) == [ItemState.DONE, ItemState.FAILED]
    assert run(jobs[1]) == [ItemState.DONE, ItemState.SKIPPED]
    assert "no such account any more" in jobs[0].items.get(label="sam").message


@pytest.mark.parametrize(
    ("action", "posted", "state", "said"),
    [
        # A busy database answers a deletion with success, a change with an error of its own.
        ("delete", {"confirm": "1"}, ItemState.FAILED, "reported success, but the change is not there"),
        ("suspend", {}, ItemState.UNKNOWN, "an error of its own"),
        ("role", {"role": "manager"}, ItemState.UNKNOWN, "an error of its own"),
        ("limit", {"daily_message_limit": "9"}, ItemState.UNKNOWN, "an error of its own"),
    ],
)
def test_while_the_instances_database_is_busy_nothing_is_taken_for_done(
    admin_client, standin, ids, action, posted, state, said
):
    job = started(admin_client, action, ids("sam"), **posted)
    standin.fault("locked", path="/admin/users/", times=1)
    assert run(job) == [state]
    assert said in job.items.get().message
    services.retry(actor=job.actor, job=job)
    assert run(job) == [ItemState.DONE]


@pytest.mark.parametrize(
    ("action", "posted"), [("suspend", {}), ("limit", {"daily_message_limit": "9"}), ("delete", {"confirm": "1"})]
)
def test_a_lost_answer_is_read_back(admin_client, standin, ids, action, posted):
    job = started(admin_client, action, ids("sam"), **posted)
    standin.fault("lost", path="/admin/users/", times=1)
    writes = standin.state()["writes"]
    assert run(job) == [ItemState.DONE]
    assert standin.state()["writes"] == writes + 1


@pytest.mark.parametrize(("action", "posted"), [("suspend", {}), ("delete", {"confirm": "2"})])
def test_what_a_dead_worker_had_done_is_not_done_again(admin_client, standin, ids, action, posted):
    job = started(admin_client, action, ids("sam", "mia"), **posted)
    job.items.filter(label="sam").update(state=ItemState.RUNNING, attempts=1)
    if action == "suspend":
        standin.post(f"/v1/admin/users/{ids('sam')[0]}", {"suspended": 1})
    else:
        standin._fetch("DELETE", f"/api/v1/admin/users/{ids('sam')[0]}")
    writes = standin.state()["writes"]
    assert run(job) == [ItemState.DONE, ItemState.DONE]
    assert standin.state()["writes"] == writes + 1


def test_a_list_that_came_back_empty_proves_no_deletion(admin_client, standin, ids, user_of):
    job = started(admin_client, "delete", ids("sam"), confirm="1")
    standin.fault("locked-all", path="/admin/users")
    assert run(job) in ([ItemState.FAILED], [ItemState.UNKNOWN], [ItemState.PENDING])
    standin.clear_faults()
    assert user_of("sam")


def test_one_change_asks_for_the_list_of_users_once(admin_client, standin):
    chosen = [user["id"] for user in everybody(standin) if user["role"] == "default" and not user["suspended"]][:10]
    job = started(admin_client, "suspend", chosen)
    before = len(standin.state()["requests"])
    assert set(run(job)) == {ItemState.DONE}
    asked = standin.state()["requests"][before:]
    reads = [request for request in asked if request["method"] == "GET" and request["path"].endswith("/admin/users")]
    assert len(reads) <= len(chosen) + 1
