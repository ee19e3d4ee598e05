"""Records belong to an instance. Another one, or an older state of the same, gets nothing of them until an admin says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import models
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from huey.contrib.djhuey import HUEY

from dashboard import identity, instance, records
from dashboard.access import sweeps
from dashboard.access.models import Grant, Group, GroupMember, MembersBefore, OpenWorkspace
from dashboard.accounts.models import LookedAfter, Operator, Role
from dashboard.audit.models import AuditEvent
from dashboard.chatlog.models import Exchange
from dashboard.errors import AnotherInstance, Declined
from dashboard.invites import services as invites
from dashboard.jobs import services as jobs
from dashboard.jobs.models import ItemState, Job, JobState
from dashboard.models import Instance, Witness
from dashboard.sandbox.seed import Size
from dashboard.sandbox.testing import Sandbox, running_sandbox
from tests.accounts.conftest import Door
from tests.conftest import PASSWORD, operator, signed_in

PAGE = "/system/instance/"


@pytest.fixture(scope="module")
def other_server() -> Iterator[Sandbox]:
    with running_sandbox(size=Size(users=20), seed=7) as server:
        yield server


@pytest.fixture
def other(other_server: Sandbox) -> Sandbox:
    """Another AnythingLLM, with the same ids for other people."""
    other_server.reset()
    return other_server


@pytest.fixture
def house(standin, db):
    """Foyer as it was used with one AnythingLLM: people signed in, workspaces given, a link made, questions read."""
    door = Door(standin)
    boss, sam = door.linked("ada"), door.linked("sam")
    rooms = [workspace["id"] for workspace in standin.get("/v1/workspaces")["workspaces"]]
    admin = Operator.objects.get(username="ada")
    keeper = Operator.objects.get(username="sam")
    LookedAfter.objects.create(operator=keeper, workspace_id=rooms[-1])
    OpenWorkspace.objects.create(workspace_id=rooms[-1])
    Grant.objects.create(
        workspace_id=rooms[4], user_id=keeper.anythingllm_user_id, until=timezone.now() - timedelta(hours=1)
    )
    GroupMember.objects.create(group=Group.objects.create(name="Board"), user_id=keeper.anythingllm_user_id)
    fields = invites.LinkFields(label="New people", workspace_ids=rooms[:3], role="manager")
    link = invites.make(actor=admin, fields=fields)
    instance.confirm(0)
    return SimpleNamespace(door=door, boss=boss, sam=sam, rooms=rooms, admin=admin, keeper=keeper, link=link)


def as_after_a_restart() -> None:
    cache.clear()
    instance.hang_up()


def point_at(standin: Sandbox, settings) -> None:
    settings.ANYTHINGLLM_URL = settings.ANYTHINGLLM_PUBLIC_URL = standin.url
    as_after_a_restart()


def the_worker_works() -> None:
    """All that it does by itself, each in the way in which its queue runs it."""
    autodiscover_modules("tasks")
    tasks = HUEY._registry.periodic_tasks
    assert len(tasks) >= 7
    for task in tasks:
        HUEY.execute(task)


def joins(link, username: str):
    code = invites.codes.recover(link.salt, link.code_hash)
    return Client().post(f"/join/{code}/", {"username": username, "password": PASSWORD, "again": PASSWORD})


def asked(standin: Sandbox, words: str) -> bool:
    return any(words in request["path"] for request in standin.state()["requests"])


def doubted() -> bool:
    return identity.doubted()


# --- Another one ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", ["operators", "open", "password", "jump"])
def test_at_another_instance_nobodys_session_goes_on(act, house, other, settings):
    """Whatever is asked first, with the cookie of an admin of the one before."""
    point_at(other, settings)
    first = {
        "operators": lambda: house.boss.get("/operators/"),
        "open": lambda: house.boss.post("/open/"),
        "password": lambda: house.boss.post("/users/2/password/", {"password": PASSWORD}),
        "jump": lambda: house.boss.get("/palette/?q=a"),
    }[act]()
    assert first.status_code in (302, 503) and first.headers.get("Location") in (None, PAGE)
    for client in (house.boss, house.sam):
        assert client.get("/operators/").headers["Location"].startswith("/sign-in/")
    assert not asked(other, "issue-auth-token") and not other.state()["writes"]
    assert not AuditEvent.objects.filter(action="operator.updated").exists(), "nobody took over another's role"
    assert AuditEvent.objects.filter(action="instance.doubted").count() == 1


def test_an_account_of_the_other_instance_does_not_sign_in_as_who_had_its_number(house, other, settings):
    point_at(other, settings)
    account = other.get("/v1/admin/users")["users"][house.admin.anythingllm_user_id - 1]
    answer = Door(other).sign_in(account["username"])
    assert answer.status_code == 503 and "another AnythingLLM" in answer.content.decode()
    assert {operator.username for operator in Operator.objects.all()} == {"ada", "sam"}


def test_at_another_instance_the_worker_gives_nothing_and_takes_nothing(house, other, settings):
    given = other.get(f"/v1/admin/workspaces/{house.rooms[-1]}/users")
    before = other.state()["changes"]
    point_at(other, settings)
    the_worker_works()
    sweeps.sweep()
    assert doubted()
    assert other.state()["changes"] == before
    assert other.get(f"/v1/admin/workspaces/{house.rooms[-1]}/users") == given
    assert Grant.objects.count() == 1


def test_a_job_of_the_former_instance_waits(house, other, settings):
    root = operator(Role.ADMIN, "root")
    job = Job.objects.create(kind="users.suspend", title="x", actor=root, state=JobState.QUEUED)
    job.items.create(position=1, key="2", label="x")
    point_at(other, settings)
    from dashboard.jobs.tasks import run_job

    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED and job.items.get().state == ItemState.PENDING
    assert not other.state()["writes"]


def test_a_link_lets_nobody_into_another_instance(house, other, settings):
    before = other.state()["counts"]["users"]
    point_at(other, settings)
    assert "an admin has to look at AnythingLLM first" in joins(house.link, "newcomer").content.decode()
    assert "an admin has to look at AnythingLLM first" in joins(house.link, "newcomer").content.decode()
    assert other.state()["counts"]["users"] == before and not other.state()["writes"]


def test_questions_of_another_instance_are_not_read_into_the_log(house, other, settings):
    the_worker_works()
    before = set(Exchange.objects.values_list("id", "prompt"))
    assert before
    other.post("/v1/workspace/leadership/chat", {"message": "Who is to go?", "mode": "query"})
    point_at(other, settings)
    signed_in(operator(Role.MANAGER, "root")).post("/chats/update/")
    the_worker_works()
    assert set(Exchange.objects.values_list("id", "prompt")) == before


def test_only_a_local_admin_gets_to_the_page_that_asks(house, other, settings):
    root, vic = signed_in(operator(Role.ADMIN, "root")), signed_in(operator(Role.VIEWER, "vic"))
    point_at(other, settings)
    root.get("/users/")
    assert doubted()
    assert root.get("/users/").headers["Location"] == PAGE
    assert root.post("/users/new/", {}).headers["Location"] == PAGE
    told = vic.get("/users/")
    assert told.status_code == 503 and "An admin has to say first what it is" in told.content.decode()
    assert vic.get(PAGE).status_code == 403
    page = root.get(PAGE).content.decode()
    assert "Keep as the same" in page and "Start anew" in page and other.url in page and house.door.standin.url in page
    assert root.get("/light/").status_code == 200  # it is asked for every half minute, and must not load the page anew


def test_to_decide_takes_the_password(house, other, settings):
    root = signed_in(operator(Role.ADMIN, "root"))
    point_at(other, settings)
    root.get("/users/")
    session = root.session
    session["proved_at"] = 0
    session.save()
    assert "Your password, please" in root.post(PAGE, {"decision": "anew"}).content.decode()
    assert doubted()
    assert root.post(PAGE, {"decision": "anew", "proof": PASSWORD}).status_code == 302
    assert not doubted()


def test_started_anew_nothing_from_before_is_anybodys(house, other, settings):
    root = signed_in(operator(Role.ADMIN, "root"))
    job = Job.objects.create(kind="users.suspend", title="x", actor=house.admin, state=JobState.DONE)
    job.items.create(position=1, key="2", label="x", state=ItemState.FAILED)
    open_job = Job.objects.create(kind="users.suspend", title="x", actor=house.admin, state=JobState.QUEUED)
    open_job.items.create(position=1, key="2", label="x")
    the_worker_works()
    grants = Grant.objects.count()
    assert grants > 30, "the open workspace was given to all"
    point_at(other, settings)
    root.get("/users/")
    assert root.post(PAGE, {"decision": "anew"}).status_code == 302
    assert not Grant.objects.filter(user_id__lt=records.FORMER).exists()
    before = other.state()["changes"]
    the_worker_works()
    assert other.state()["changes"] == before
    assert not doubted() and root.get("/users/").status_code == 200
    # Everybody is new.
    account = other.get("/v1/admin/users")["users"][house.keeper.anythingllm_user_id - 1]
    client = Door(other).linked(account["username"])
    newcomer = Operator.objects.get(anythingllm_user_id=account["id"])
    assert newcomer.username == account["username"] and newcomer.pk != house.keeper.pk
    assert not newcomer.looked_after and not GroupMember.objects.filter(user_id=account["id"]).exists()
    assert client.get("/chats/").status_code == 403
    # What was, is kept.
    house.keeper.refresh_from_db()
    assert house.keeper.username == "sam~1" and LookedAfter.objects.filter(operator=house.keeper).count() == 1
    assert Grant.objects.count() == grants
    assert OpenWorkspace.objects.count() == 1 and Group.objects.get().members.count() == 1
    # What leads there from before leads nowhere.
    assert "revoked" in joins(house.link, "newcomer").content.decode()
    root.post(f"/jobs/{job.pk}/retry/")
    open_job.refresh_from_db()
    assert job.items.get().state == ItemState.FAILED and open_job.state == JobState.CANCELLED
    assert not any(user["suspended"] for user in other.get("/v1/admin/users")["users"] if user["id"] == 2)
    assert AuditEvent.objects.get(action="instance.begun").actor_name == "root"


def test_the_address_mended_everything_goes_on_after_a_word(house, standin, other, settings):
    root = signed_in(operator(Role.ADMIN, "root"))
    point_at(other, settings)
    root.get("/users/")
    point_at(standin, settings)
    root.get("/users/")
    assert doubted()
    assert "Everything matches again" in root.get(PAGE).content.decode()
    assert root.post(PAGE, {"decision": "keep"}).status_code == 302
    assert root.get("/users/").status_code == 200
    the_worker_works()
    assert Grant.objects.filter(user_id=house.keeper.anythingllm_user_id, until__isnull=False).count() == 0, (
        "it was over"
    )
    assert house.door.linked("ada").get("/operators/").status_code == 200
    # Said twice.
    assert "Somebody has said already" in root.post(PAGE, {"decision": "keep"}, follow=True).content.decode()
    assert root.post(PAGE, {"decision": "anew"}).status_code == 409
    assert Operator.objects.filter(username="sam").exists()


# --- The same one, from a backup ----------------------------------------------------------------------------------------
@pytest.fixture
def restored(house, standin):
    """Eva came, and was manager of two workspaces; then AnythingLLM was restored from before that, and mallory came."""
    eva = house.door.new_account("eva")
    house.eva = house.door.linked("eva")
    house.manager = Operator.objects.get(username="eva")
    for room in house.rooms[:2]:
        LookedAfter.objects.create(operator=house.manager, workspace_id=room)
    GroupMember.objects.create(group=Group.objects.get(), user_id=eva["id"])
    instance.confirm(0)
    standin.reset()
    house.mallory = house.door.new_account("mallory")
    assert house.mallory["id"] == eva["id"]
    as_after_a_restart()
    return house


def test_who_has_a_number_again_is_not_who_had_it(restored, standin):
    answer = restored.eva.post("/open/")
    assert answer.status_code == 503 and not asked(standin, "issue-auth-token")
    assert restored.eva.get("/").headers["Location"].startswith("/sign-in/")
    assert restored.door.sign_in("mallory").status_code == 503
    assert Operator.objects.get(pk=restored.manager.pk).username == "eva"
    before = standin.state()["changes"]
    the_worker_works()
    assert standin.state()["changes"] == before


def test_an_admin_whose_account_is_the_same_can_say_so(restored):
    """Without a local operator, too: their number and its moment prove who they are."""
    assert restored.door.sign_in("mallory").status_code == 503
    client = restored.door.linked("ada")
    assert client.get("/users/").headers["Location"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "eva" in page and "mallory" in page and "jonas" not in page
    assert restored.door.sign_in("sam").status_code == 503, "no admin"
    assert client.post(PAGE, {"decision": "keep"}).status_code == 302
    assert client.get("/users/").status_code == 200
    mallory = restored.door.linked("mallory")
    assert mallory.get("/chats/").status_code == 403
    assert mallory.get(f"/workspaces/{restored.rooms[0]}/").status_code in (403, 404)
    assert not Operator.objects.get(username="mallory").looked_after
    assert not GroupMember.objects.filter(user_id=restored.mallory["id"]).exists()
    assert Operator.objects.get(pk=restored.manager.pk).looked_after == frozenset(restored.rooms[:2])
    kept = AuditEvent.objects.get(action="instance.kept")
    assert kept.after["parted"] == "eva ≠ mallory" and kept.actor_name == "ada"
    # Who is the same keeps what they had.
    assert Operator.objects.get(username="sam").looked_after


def test_the_same_person_keeps_what_they_had(restored):
    assert restored.door.sign_in("mallory").status_code == 503
    client = restored.door.linked("ada")
    assert client.post(PAGE, {"decision": "keep", "same": f"user:{restored.mallory['id']}"}).status_code == 302
    restored.door.linked("mallory")
    assert Operator.objects.get(pk=restored.manager.pk).username == "mallory"
    assert Operator.objects.get(pk=restored.manager.pk).looked_after == frozenset(restored.rooms[:2])


def test_a_job_does_nothing_to_who_has_a_number_again_though_nothing_else_is_known_of_them(house, standin):
    """Nobody is asked about them, so nothing is answered for them."""
    gone = standin.post("/v1/admin/users/new", {"username": "gone", "password": PASSWORD, "role": "default"})["user"]
    instance.confirm(0)
    standin.reset()
    comes = standin.post("/v1/admin/users/new", {"username": "comes", "password": PASSWORD, "role": "default"})["user"]
    assert comes["id"] == gone["id"]
    root = operator(Role.ADMIN, "root")
    waits, failed = (
        Job.objects.create(kind="users.suspend", title="x", actor=root, state=state)
        for state in (JobState.QUEUED, JobState.DONE)
    )
    for job, state in ((waits, ItemState.PENDING), (failed, ItemState.FAILED)):
        job.items.create(position=1, key=str(gone["id"]), label="gone", state=state)
    as_after_a_restart()
    house.boss.get("/users/")
    assert doubted()
    client = house.door.linked("ada")
    page = client.get(PAGE).content.decode()
    assert "Keep as the same" in page and "comes" not in page
    assert client.post(PAGE, {"decision": "keep"}).status_code == 302
    the_worker_works()
    with pytest.raises(Declined, match="before AnythingLLM was changed"):
        jobs.retry(actor=root, job=failed)
    waits.refresh_from_db()
    assert waits.state == JobState.CANCELLED
    (found,) = [user for user in standin.get("/v1/admin/users")["users"] if user["id"] == comes["id"]]
    assert not found["suspended"]


def test_jobs_go_on_where_everybody_is_the_same(house, standin, other, settings):
    """As when the address was wrong for a while."""
    root = operator(Role.ADMIN, "root")
    job = Job.objects.create(kind="users.suspend", title="x", actor=root)
    job.items.create(position=1, key="5", label="x")
    point_at(other, settings)
    the_worker_works()
    assert doubted()
    point_at(standin, settings)
    house.door.linked("ada").post(PAGE, {"decision": "keep"})
    assert not doubted()
    job.refresh_from_db()
    assert job.state != JobState.CANCELLED


def test_a_workspace_that_has_a_number_again_is_nobodys(house, standin):
    made = standin.post("/v1/workspace/new", {"name": "Lunch"})["workspace"]
    instance.confirm(0)
    OpenWorkspace.objects.create(workspace_id=made["id"])
    LookedAfter.objects.create(operator=house.keeper, workspace_id=made["id"])
    standin.reset()
    secret = standin.post("/v1/workspace/new", {"name": "Board secrets"})["workspace"]
    assert secret["id"] == made["id"]
    as_after_a_restart()
    the_worker_works()
    assert doubted() and not standin.get(f"/v1/admin/workspaces/{secret['id']}/users")["users"]
    client = house.door.linked("ada")
    assert "Board secrets" in client.get(PAGE).content.decode()
    client.post(PAGE, {"decision": "keep"})
    the_worker_works()
    assert not doubted() and not standin.get(f"/v1/admin/workspaces/{secret['id']}/users")["users"]
    assert secret["id"] not in Operator.objects.get(pk=house.keeper.pk).looked_after


# --- A normal life ----------------------------------------------------------------------------------------------------
def test_a_normal_life_is_no_reason_to_doubt(house, standin):
    """Restarts, people who come and go and are renamed, workspaces that are renamed and deleted."""
    for number in range(3):
        house.door.new_account(f"newcomer{number}")
        house.door.delete_account("piet" if number == 0 else f"newcomer{number - 1}")
        standin.post("/v1/workspace/new", {"name": f"Room {number}"})
        standin.post("/v1/workspace/engineering/update", {"name": f"Engineering {number}"})
        house.door.change_account("mia" if number == 0 else f"mia{number - 1}", username=f"mia{number}")
        as_after_a_restart()
        instance.confirm(0)
        assert house.boss.get("/users/").status_code == 200
    instance.connect().workspaces.delete("leadership")
    instance.confirm(0)
    the_worker_works()
    assert not doubted() and house.sam.get("/").status_code == 200


def test_the_same_instance_may_move(house, standin, settings):
    settings.ANYTHINGLLM_URL = standin.url.replace("127.0.0.1", "localhost")
    as_after_a_restart()
    assert house.boss.get("/users/").status_code == 200
    moved = AuditEvent.objects.get(action="instance.moved")
    assert moved.before == {"address": standin.url} and Instance.objects.get().address == settings.ANYTHINGLLM_URL


@pytest.mark.parametrize("fault", ["locked", "locked-all", "500", "key-refused", "shape", "down"])
def test_a_list_that_is_empty_or_fails_is_no_other_instance(fault, house, standin):
    standin.fault(fault, path="/api/v1/")
    as_after_a_restart()
    house.boss.get("/users/")
    before = standin.state()["changes"]
    the_worker_works()
    assert standin.state()["changes"] == before
    assert not doubted()
    standin.clear_faults()
    as_after_a_restart()
    assert house.boss.get("/users/").status_code == 200
    assert not AuditEvent.objects.filter(action="instance.doubted").exists()


# --- Databases from before ----------------------------------------------------------------------------------------------
def test_what_was_there_before_identities_were_kept_is_taken_up(house, standin):
    Witness.objects.all().delete()
    Instance.objects.all().delete()
    as_after_a_restart()
    assert house.boss.get("/users/").status_code == 200
    users = standin.get("/v1/admin/users")["users"]
    assert Witness.objects.filter(kind="user", created_at__isnull=False).count() == len(users)
    assert not doubted()


def test_at_first_who_has_another_name_than_here_is_not_taken_for_the_same(house, other, settings):
    """A trial's database, or one whose AnythingLLM was changed before this was kept."""
    Witness.objects.all().delete()
    Instance.objects.all().delete()
    point_at(other, settings)
    Operator.objects.filter(pk=house.keeper.pk).update(username="somebody.else")
    the_worker_works()
    assert doubted() and not other.state()["writes"]


def test_who_was_gone_then_is_not_taken_for_who_comes_later(house, standin):
    Witness.objects.all().delete()
    Instance.objects.all().delete()
    number = max(user["id"] for user in standin.get("/v1/admin/users")["users"]) + 1
    Grant.objects.create(workspace_id=house.rooms[0], user_id=number)
    as_after_a_restart()
    instance.confirm(0)
    assert house.door.new_account("mallory")["id"] == number
    with pytest.raises(AnotherInstance):
        instance.users(max_age=0).certain()


# --- All records ------------------------------------------------------------------------------------------------------
# Ids of other things than accounts and workspaces, or of what is found by more than its id.
OTHERS = {"chat.Turn.chat_id", "chatlog.Exchange.id", "chatlog.Exchange.thread_id", "invites.Joining.marker"}
NUMBERS = (models.PositiveBigIntegerField, models.BigIntegerField, models.JSONField)
OWN = {"jobs", "audit", "users", "sandbox", "dashboard"}  # what they hold is no record about an account


def test_every_column_that_holds_an_id_of_the_instance_is_known():
    """A new one must be told to `records`, or whoever has the id later inherits what it says."""
    from django.apps import apps

    told = {name for names in records.COLUMNS.values() for name in names}
    told |= {name for lists in records.LISTS.values() for name, _keys in lists}
    found = set()
    for model in apps.get_models():
        label = model._meta.label
        if not model.__module__.startswith("dashboard.") or label.split(".")[0] in OWN:
            continue
        for field in model._meta.concrete_fields:
            about = field.attname.endswith(("user_id", "workspace_id", "workspace_ids", "user_ids"))
            key_of_theirs = field.primary_key and not isinstance(field, models.AutoField)
            if about or (key_of_theirs and isinstance(field, NUMBERS)):
                found.add(f"{label}.{field.attname}")
    assert found - OTHERS <= told, found - OTHERS - told
    for name in told:
        model, field = records.column(name)
        model._meta.get_field(field)


def test_a_list_of_changes_from_before_opens_nothing_here(db):
    from dashboard.access.models import AccessSet

    kept = AccessSet.objects.create(title="x", also={"open": 5, "group": 5, "add_users": [5, 6], "delete": True})
    records.part("workspace", None, 1)
    records.part("user", [5], 2)
    kept.refresh_from_db()
    former = records.FORMER
    assert kept.also == {"open": 5 + former, "group": 5, "add_users": [5 + 2 * former, 6], "delete": True}


@pytest.mark.django_db
def test_nobody_is_put_back_as_the_one_whose_id_they_have_now():
    """What is kept of a workspace's members is about those accounts, too."""
    now = timezone.now()
    kept = {"members": {"44": "eva", "7": "sam"}, "lost": {"44": "eva"}, "adds": [44], "removes": [7]}
    MembersBefore.objects.create(
        workspace_id=5, workspace_name="Board", slug="board", written_at=now, late_until=now, **kept
    )
    records.part(records.USER, [44], 1)
    record, former = MembersBefore.objects.get(), 44 + records.FORMER
    assert record.members == {str(former): "eva", "7": "sam"} and record.lost == {str(former): "eva"}
    assert (record.adds, record.removes) == ([former], [7])
    records.part(records.WORKSPACE, [5], 1)
    assert MembersBefore.objects.get().workspace_id == 5 + records.FORMER


def test_a_click_soon_after_the_change_changes_nobody_at_the_other_instance(house, other, settings):
    """Lists of the one before are still fresh enough for a page."""
    root = signed_in(operator(Role.ADMIN, "root"))
    root.get("/access/")
    line = instance.line()
    before = other.state()["changes"]
    line.client.http_client.root = f"{other.url}/api"
    room = instance.workspaces().value[-1]
    answer = root.post(
        f"/access/{room.id}/{house.keeper.anythingllm_user_id}/", {"give": "1"}, headers={"HX-Request": "true"}
    )
    assert doubted()
    assert other.state()["changes"] == before, answer.content
