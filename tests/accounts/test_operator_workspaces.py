from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.migrations.exceptions import IrreversibleError

from dashboard import instance
from dashboard.accounts import services
from dashboard.accounts.models import LookedAfter, Operator, Role
from dashboard.audit.models import AuditEvent
from dashboard.errors import Declined
from dashboard.permissions import Action, allows, scope
from tests.conftest import operator, signed_in


def again(somebody: Operator) -> Operator:
    """As the next request finds them."""
    return Operator.objects.get(pk=somebody.pk)


@pytest.fixture
def ids(standin) -> dict[str, int]:
    return {w["name"]: w["id"] for w in standin.get("/v1/workspaces")["workspaces"]}


@pytest.fixture
def names(ids) -> list[str]:
    return sorted(ids)


def save(client, somebody, *workspace_ids, **more):
    return client.post(f"/operators/{somebody.pk}/workspaces/", {"workspaces": workspace_ids, **more})


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER, Role.MANAGER])
def test_a_list_makes_a_manager_of_these_and_of_nothing_else(admin_client, ids, names, role):
    olga = operator(role, "olga")
    save(admin_client, olga, ids[names[0]], ids[names[1]])
    olga = again(olga)
    assert scope(olga) == {ids[names[0]], ids[names[1]]}
    assert olga.effective_role == Role.MANAGER and olga.role == role
    assert allows(olga, Action.CHANGE_ACCESS) and allows(olga, Action.CHANGE_WORKSPACES)
    assert not allows(olga, Action.CREATE_WORKSPACES) and not allows(olga, Action.CHANGE_USERS)


def test_an_empty_list_takes_the_rights_away_again(admin_client, ids, names):
    olga = operator(Role.VIEWER, "olga")
    save(admin_client, olga, ids[names[0]])
    save(admin_client, olga)
    assert scope(again(olga)) is None and again(olga).effective_role == Role.VIEWER


def test_a_manager_of_all_is_one_by_choice_and_never_by_leaving_the_list_empty(admin_client, ids, names):
    mona = operator(Role.MANAGER, "mona")
    save(admin_client, mona, ids[names[0]], every="")
    assert scope(again(mona)) == {ids[names[0]]}
    refused = save(admin_client, mona, every="")
    assert refused.status_code == 422 and "workspaces" in refused.context["form"].errors
    assert scope(again(mona)) == {ids[names[0]]}
    save(admin_client, mona, every="1")
    assert scope(again(mona)) is None


def test_an_admin_is_never_limited(ada, admin_client, ids, names):
    alan = operator(Role.MEMBER, "alan")
    save(admin_client, alan, ids[names[0]])
    Operator.objects.filter(pk=alan.pk).update(role=Role.ADMIN)
    assert scope(again(alan)) is None and again(alan).effective_role == Role.ADMIN
    assert "nothing to choose" in admin_client.get(f"/operators/{alan.pk}/workspaces/").content.decode()
    with pytest.raises(Declined):
        services.look_after(actor=ada, operator=again(alan), workspace_ids=[ids[names[1]]])
    Operator.objects.filter(pk=alan.pk).update(role=Role.MANAGER)
    assert scope(again(alan)) == {ids[names[0]]}, "no admin any more, and still not manager of everything"


def test_the_list_of_a_deleted_workspace_still_limits(admin_client, ids, names, standin):
    mona = operator(Role.MANAGER, "mona")
    save(admin_client, mona, ids[names[0]], every="")
    slug = next(w["slug"] for w in standin.get("/v1/workspaces")["workspaces"] if w["id"] == ids[names[0]])
    instance.connect().workspaces.delete(slug)
    instance.hang_up()
    client = signed_in(mona)
    assert scope(again(mona)) == {ids[names[0]]}
    assert not any(name in client.get("/workspaces/").content.decode() for name in names)


def test_only_workspaces_that_exist_can_be_chosen(admin_client, ids, names):
    olga = operator(Role.VIEWER, "olga")
    assert save(admin_client, olga, 987654).status_code == 422
    assert scope(again(olga)) is None


def test_the_ledger_says_what_it_was_and_what_it_is(admin_client, ids, names):
    mona = operator(Role.MANAGER, "mona")
    save(admin_client, mona, ids[names[0]], every="")
    save(admin_client, mona, ids[names[1]], ids[names[2]], every="")
    save(admin_client, mona, ids[names[1]], ids[names[2]], every="")  # so already
    lines = AuditEvent.objects.filter(action="operator.workspaces_changed").order_by("id")
    assert [(line.target_name, line.before, line.after, line.outcome) for line in lines] == [
        ("mona", {"workspaces": "all"}, {"workspaces": names[0]}, "ok"),
        ("mona", {"workspaces": names[0]}, {"workspaces": f"{names[1]}, {names[2]}"}, "ok"),
    ]


def test_pages_say_whose_manager_somebody_is(admin_client, ids, names):
    olga = operator(Role.VIEWER, "olga")
    save(admin_client, olga, ids[names[0]], ids[names[1]])
    assert "Manager of 2 workspaces" in admin_client.get("/operators/").content.decode()
    assert "Manager of 2 workspaces" in signed_in(olga).get("/profile/").content.decode()


def test_nothing_is_chosen_while_the_instance_does_not_answer(admin_client, ids, names, standin):
    olga = operator(Role.VIEWER, "olga")
    save(admin_client, olga, ids[names[0]])
    instance.hang_up()
    standin.fault("down")
    assert save(admin_client, olga).status_code == 503
    assert scope(again(olga)) == {ids[names[0]]}


# --- operator_of_user -------------------------------------------------------------------------------------------------
def test_an_account_that_never_signed_in_becomes_manager_and_then_signs_in(door, ids, names):
    client = door.local()
    sam = door.account("sam")["id"]
    url = f"/operators/of-user/{sam}/"
    assert client.get(url).status_code == 200
    assert not Operator.objects.filter(anythingllm_user_id=sam).exists(), "looking makes no operator"
    client.post(url, {"workspaces": [ids[names[0]]]})
    assert scope(Operator.objects.get(anythingllm_user_id=sam)) == {ids[names[0]]}
    assert AuditEvent.objects.get(action="operator.created", target_name="sam").actor_name == "root"
    mine = door.linked("sam")
    assert Operator.objects.filter(anythingllm_user_id=sam).count() == 1
    assert mine.get("/access/").status_code == 200


def test_there_is_nobody_behind_a_wrong_number(door):
    assert door.local().get("/operators/of-user/987654/").status_code == 404


def test_the_role_read_again_leaves_the_list_and_suspension_takes_everything(door, ids, names):
    admin = door.local()
    sam = door.account("sam")["id"]
    admin.post(f"/operators/of-user/{sam}/", {"workspaces": [ids[names[0]]]})
    mine = door.linked("sam")
    for role in ("manager", "default"):
        door.change_account("sam", role=role)
        assert mine.get("/access/").status_code == 200
        assert scope(Operator.objects.get(anythingllm_user_id=sam)) == {ids[names[0]]}, role
    door.change_account("sam", suspended=1)
    assert mine.get("/access/").status_code == 403
    assert mine.get("/access/").status_code == 302


def test_a_list_that_was_lost_limits_all_the_same(admin_client, standin, ids):
    """Rows can be lost in a database that was migrated back; that they limited somebody is written beside them."""
    mia = operator(Role.MANAGER, "mia")
    names = list(ids)
    admin_client.post(f"/operators/{mia.pk}/workspaces/", {"workspaces": [ids[names[0]]]})
    LookedAfter.objects.all().delete()
    again = Operator.objects.get(pk=mia.pk)
    assert scope(again) == frozenset() and again.effective_role == Role.MANAGER
    assert signed_in(again).get("/workspaces/").status_code == 200
    assert all(
        f"/workspaces/{w['slug']}/" not in signed_in(again).get("/workspaces/").content.decode()
        for w in standin.get("/v1/workspaces")["workspaces"]
    )
    admin_client.post(f"/operators/{mia.pk}/workspaces/", {"every": "1"})
    assert scope(Operator.objects.get(pk=mia.pk)) is None


@pytest.mark.django_db(transaction=True)
def test_no_older_foyer_forgets_that_somebody_is_limited():
    """With their lists gone it would take them for managers of everything, and so would this one afterwards."""
    somebody = operator(Role.MANAGER, "mia")
    Operator.objects.filter(pk=somebody.pk).update(limited=True)
    try:
        with pytest.raises(IrreversibleError, match=r"every workspace.*mia"):
            call_command("migrate", "accounts", "0002_looked_after", verbosity=0)
        assert Operator.objects.get(pk=somebody.pk).limited
    finally:
        call_command("migrate", "accounts", verbosity=0)
