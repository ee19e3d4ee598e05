"""The matrix page: what it shows, what it leaves out, and that what is staged on it changes nothing yet."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import instance
from dashboard.access import matrix, matrix_views
from dashboard.access.models import AccessSet, Grant, Group, GroupMember, Reason
from dashboard.accounts.models import LookedAfter, Operator, Role
from tests.conftest import operator, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(admin_client, standin):
    """The page, or the matrix in it, as text."""

    def get(**query) -> str:
        answer = admin_client.get("/access/", {"ready": 1, **query})
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def box(text: str, workspace_id: int, user_id: int) -> str:
    """The cell of that person and workspace, drawn."""
    return re.search(rf'<td[^>]*><input[^>]* value="{workspace_id}-{user_id}"[^>]*>.*?</td>', text)[0]


def people(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><span><a [^>]*>([^<]*)</a>', text)


def columns(text: str) -> list[str]:
    return re.findall(r'<th scope="col"><a [^>]*>([^<]*)</a>', text)


def test_a_cold_page_comes_without_lists_and_asks_for_the_matrix_after(admin_client, standin):
    answer = admin_client.get("/access/")
    assert "HX-Request" in answer["Vary"]
    page = answer.content.decode()
    assert 'hx-trigger="load"' in page
    assert not [call for call in standin.state()["requests"] if "/admin/workspaces/" in call["path"]]
    part = admin_client.get("/access/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<section id="matrix"')
    assert people(part)


def test_a_box_is_ticked_for_those_listed_on_the_instance(shown, team, room):
    text = shown()
    assert " checked" in box(text, room, team.users["sam"])
    assert " checked" not in box(text, room, team.users["dora.olsen"])


def test_it_tells_each_reason_in_words_and_marks(shown, team, room, ada):
    group = Group.objects.create(name="Sales <b>")
    soon = timezone.now() + timedelta(days=3)
    sam, cem, dora = (team.users[name] for name in ("sam", "cem", "dora.olsen"))
    Grant.objects.create(workspace_id=room, user_id=sam, reason=Reason.GROUP, group=group)
    Grant.objects.create(workspace_id=room, user_id=dora, reason=Reason.DIRECT, until=soon)
    text = shown()
    assert "by a group (Sales &lt;b&gt;)" in box(text, room, sam)
    assert "mark group" in box(text, room, sam)
    assert "found on the instance" in box(text, room, cem)
    assert "taken away on the instance" in box(text, room, dora)
    assert f"until {timezone.localtime(soon):%Y-%m-%d}" in box(text, room, dora)
    assert "mark lost" in box(text, room, dora)
    assert "mark timed" in box(text, room, dora)


def test_a_reason_without_an_end_beside_a_timed_one_takes_the_clock_away(shown, team, room):
    sam = team.users["sam"]
    Grant.objects.create(workspace_id=room, user_id=sam, reason=Reason.DIRECT, until=timezone.now() + timedelta(days=3))
    assert "mark timed" in box(shown(), room, sam)
    Grant.objects.create(workspace_id=room, user_id=sam, reason=Reason.EVERYONE)
    assert "mark timed" not in box(shown(), room, sam)


def test_who_opens_everything_by_role_has_no_boxes(shown, team, room):
    text = shown(q="mia")
    assert people(text) == ["mia"]
    assert f'value="{room}-{team.users["mia"]}"' not in text
    assert "by role" in text


def test_names_are_escaped(shown, standin):
    standin.post("/v1/workspace/new", {"name": '"><script>alert(1)</script>'})
    text = shown(w="script")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_one_name_is_a_search_and_several_are_a_list(shown, team):
    assert set(people(shown(q="a"))) >= {"ada", "sam", "mia"}
    text = shown(q="SAM, dora.olsen, nobody at all;cem")
    assert people(text) == ["cem", "dora.olsen", "sam"]
    assert re.search(r"Not found:.*nobody at all", text)


def test_an_exact_name_of_a_list_does_not_bring_those_that_contain_it():
    found, missing = matrix.named(["ann", "joanna", "annabel", "bob"], "ann, bob", str)
    assert (found, missing) == (["ann", "bob"], [])
    assert matrix.named(["joanna", "bob"], "ann, bob", str)[0] == ["bob", "joanna"]
    assert matrix.named(["ann", "joanna"], "ann", str)[0] == ["ann", "joanna"]


def test_of_a_list_only_so_many_names_are_looked_for_within_others():
    """Each takes a look at everybody; a pasted list may have thousands of names."""
    people = [f"ann-{n:04}" for n in range(2 * matrix.SEARCHED)]
    wanted = [name.removeprefix("a") for name in people[:-2]] + people[-2:]
    found, missing = matrix.named(people, ", ".join(wanted), str)
    assert found == people[: matrix.SEARCHED] + people[-2:]
    assert missing == wanted[matrix.SEARCHED : -2]


def test_it_filters_people_by_role_state_and_group(shown, team, standin):
    group = Group.objects.create(name="Sales")
    GroupMember.objects.create(group=group, user_id=team.users["sam"])
    assert people(shown(group=group.pk)) == ["sam"]
    roles = {user["username"]: user["role"] for user in standin.get("/v1/admin/users")["users"]}
    assert {roles[name] for name in people(shown(role="manager"))} == {"manager"}
    standin.post(f"/v1/admin/users/{team.users['cem']}", {"suspended": 1})
    instance.forget("users")
    assert "cem" in people(shown(state="suspended"))
    assert "cem" not in people(shown(state="active"))


def test_it_finds_workspaces_and_pages_both_ways(shown, team, standin):
    for n in range(40):
        standin.post("/v1/workspace/new", {"name": f"Zed {n:02}"})
    first, second = shown(w="zed"), shown(w="zed", columns=2, size=25)
    assert columns(first) == [f"Zed {n:02}" for n in range(30)]
    assert columns(second) == [f"Zed {n:02}" for n in range(30, 40)]
    assert "columns=2" in first
    assert len(people(second)) <= 25


def test_old_and_wrong_bookmarks_work(shown):
    assert people(shown(role="king", group="x", columns="-7", page="nine", size="1000000"))


def test_staging_writes_a_set_and_changes_nothing(admin_client, team, room, standin, ada):
    sam, dora = team.users["sam"], team.users["dora.olsen"]
    admin_client.get("/access/?ready=1")
    writes = standin.state()["writes"]
    answer = admin_client.post("/access/stage/", {"give": f"{room}-{dora}", "take": f"{room}-{sam}"})
    staged = AccessSet.objects.get()
    assert answer["Location"] == f"/access/sets/{staged.pk}/"
    assert staged.title == "2 changes for 2 people in 1 workspace"
    assert set(staged.changes.values_list("user_id", "give")) == {(dora, True), (sam, False)}
    assert standin.state()["writes"] == writes


def test_without_javascript_the_boxes_are_compared_with_what_was_shown(admin_client, shown, team, room):
    sam, dora = (team.users[name] for name in ("sam", "dora.olsen"))
    was = re.search(r'name="was" value="([^"]*)"', shown())[1]
    assert f"{room}-{sam}" in was.split()
    assert f"{room}-{dora}" not in was.split()
    ticked = {*was.split(), f"{room}-{dora}"} - {f"{room}-{sam}"}
    admin_client.post("/access/stage/", {"was": was, "cell": sorted(ticked)})
    assert set(AccessSet.objects.get().changes.values_list("user_id", "give")) == {(dora, True), (sam, False)}


def test_access_until_a_day_ends_with_that_day(admin_client, team, room):
    day = timezone.localdate() + timedelta(days=2)
    admin_client.post("/access/stage/", {"give": f"{room}-{team.users['dora.olsen']}", "until": day.isoformat()})
    until = timezone.localtime(AccessSet.objects.get().changes.get().until)
    assert (until.date(), until.hour, until.minute) == (day, 23, 59)


def test_a_day_that_is_over_is_refused_and_nothing_is_staged(admin_client, team, room):
    yesterday = timezone.localdate() - timedelta(days=1)
    data = {"give": f"{room}-{team.users['dora.olsen']}", "until": yesterday.isoformat(), "next": "/access/?q=dora"}
    answer = admin_client.post("/access/stage/", data)
    assert answer["Location"] == "/access/?q=dora"
    assert not AccessSet.objects.exists()
    assert "is over already" in admin_client.get("/access/?ready=1").content.decode()


def test_the_heading_does_not_count_what_is_so_already(admin_client, team, room):
    given = f"{room}-{team.users['dora.olsen']}"
    admin_client.post("/access/stage/", {"give": given, "take": f"{room}-{team.users['mia']}"})
    assert AccessSet.objects.get().title == "1 change for 1 person in 1 workspace"


def test_whatever_is_wrong_with_what_was_staged_is_told(admin_client, standin):
    answer = admin_client.post("/access/stage/", {"give": "1-2\0"}, follow=True)
    assert "Null characters are not allowed." in answer.content.decode()


@pytest.mark.parametrize("data", [{}, {"give": "x", "take": "1-", "cell": "--"}])
def test_nothing_staged_says_so(admin_client, standin, data):
    answer = admin_client.post("/access/stage/", {**data, "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/access/"
    assert not AccessSet.objects.exists()


def test_an_example_offers_what_the_others_lack(admin_client, team, room):
    other = list(team.workspaces.values())[1]
    team.set_members(room, "sam", "cem")
    team.set_members(other, "sam")
    sam, cem = team.users["sam"], team.users["cem"]
    text = admin_client.get("/access/example/", {"q": "sam", "to": f"{cem} {team.users['mia']}"}).content.decode()
    offered = re.search(r'data-example="([^"]*)"', text)[1].split()
    assert f"{other}-{cem}" in offered
    assert f"{room}-{cem}" not in offered
    assert not [key for key in offered if key.endswith(f"-{team.users['mia']}")]
    assert "data-example" not in admin_client.get("/access/example/", {"q": "mia", "to": cem}).content.decode()
    assert "data-example" not in admin_client.get("/access/example/", {"q": "sam", "to": sam}).content.decode()


def test_what_was_previewed_is_known_to_be_over_once_something_was_applied(admin_client, shown, ada):
    assert 'data-applied=""' in shown()
    AccessSet.objects.create(actor=ada, title="Some", applied_at=timezone.now())
    AccessSet.objects.create(actor=Operator.objects.create_user("eve", "x" * 12), title="Others")
    now, applied = (re.search(rf'data-{word}="([^"]*)"', shown())[1] for word in ("now", "applied"))
    assert "" < applied < now


def test_boxes_cannot_be_changed_while_the_instance_does_not_answer(shown, standin):
    assert "<fieldset >" in shown()
    standin.fault("502")
    instance.forget("users")
    text = shown()
    assert "<fieldset disabled>" in text
    assert "its last answer" in text


@pytest.mark.parametrize("kind", ["502", "empty", "html", "truncated", "locked-all"])
def test_nothing_is_staged_on_what_cannot_be_read(admin_client, team, room, standin, kind):
    data = {"give": f"{room}-{team.users['dora.olsen']}"}
    standin.fault(kind)
    answer = admin_client.post("/access/stage/", data)
    assert answer.status_code in (502, 503, 504)
    assert "AnythingLLM" in answer.content.decode()
    assert not AccessSet.objects.exists()


def test_a_cold_page_says_so_when_the_instance_does_not_answer(admin_client, standin):
    standin.fault("502")
    assert admin_client.get("/access/").status_code == 200
    part = admin_client.get("/access/?q=sam", headers={"HX-Request": "true"}).content.decode()
    assert 'role="alert"' in part
    assert "AnythingLLM answered with an error" in part
    assert 'href="?q=sam"' in part
    example = admin_client.get("/access/example/?q=sam&to=1", headers={"HX-Request": "true"})
    assert "AnythingLLM" in example["HX-Trigger"]
    assert admin_client.get("/access/?ready=1").status_code == 502


def test_a_page_takes_one_query_for_reasons_whatever_its_size(
    admin_client, shown, django_assert_max_num_queries, team, room
):
    for user_id in team.users.values():
        Grant.objects.create(workspace_id=room, user_id=user_id, reason=Reason.EVERYONE)
    shown()
    with django_assert_max_num_queries(7):  # session, operator, groups, grants, who is missing, last applied
        shown()


@pytest.fixture
def limited_client(room):
    """A manager of that one workspace."""
    somebody = operator(Role.MANAGER, "lia")
    LookedAfter.objects.create(operator=somebody, workspace_id=room)
    return signed_in(somebody)


def test_a_manager_of_some_workspaces_sees_these_and_their_people(limited_client, team, room):
    text = limited_client.get("/access/?ready=1").content.decode()
    assert people(text) == ["cem", "sam"]
    assert len(columns(text)) == 1


def test_they_filter_by_the_groups_that_give_theirs(limited_client, room):
    for name, workspace_id in (("Ours", room), ("Theirs", room + 1)):
        Group.objects.create(name=name).workspaces.create(workspace_id=workspace_id)
    text = limited_client.get("/access/?ready=1").content.decode()
    assert ">Ours</option>" in text
    assert "Theirs" not in text


def test_they_see_no_more_of_others_than_the_name_and_only_when_they_search(limited_client, team, room, standin):
    dora = team.users["dora.olsen"]
    standin.post(f"/v1/admin/users/{dora}", {"suspended": 1})

    def rows_for(query: str) -> str:
        text = limited_client.get(f"/access/?{query}", headers={"HX-Request": "true"}).content.decode()
        return text.partition("<tbody")[2].partition("</tbody")[0]

    assert f'value="{room}-{dora}"' in rows_for("q=dora.olsen")
    assert "/users/" not in rows_for("q=dora.olsen")
    assert "suspended" not in rows_for("q=dora.olsen")
    assert "/users/" in rows_for("q=sam")
    assert "mia" not in rows_for("q=mia")
    for query in ("q=dora&state=suspended", "q=dora&role=default", ""):
        assert "dora.olsen" not in rows_for(query)


def test_they_stage_nothing_elsewhere_and_follow_no_stranger(limited_client, team, room):
    sam, dora = team.users["sam"], team.users["dora.olsen"]
    other = next(w for w in team.workspaces.values() if w != room and sam not in team.members(w))
    staged = {"give": f"{other}-{sam} {room}-{dora}"}
    limited_client.post("/access/stage/", staged)
    assert not AccessSet.objects.exists(), "a number that was guessed names nobody"
    limited_client.get("/access/?ready=1&q=dora.olsen")
    limited_client.post("/access/stage/", staged)
    assert list(AccessSet.objects.get().changes.values_list("workspace_id", "user_id")) == [(room, dora)]
    answer = limited_client.get("/access/example/", {"q": "dora", "to": sam})
    assert "dora" not in answer.content.decode()


def test_a_part_of_a_strangers_name_finds_nobody(limited_client, team, room):
    text = limited_client.get("/access/?q=dora", headers={"HX-Request": "true"}).content.decode()
    assert "dora.olsen" not in text


def test_more_changes_than_can_be_looked_at_together_are_not_staged(admin_client, standin, team, room):
    dora = team.users["dora.olsen"]
    cells = [f"{room}-{10_000_000 + n}" for n in range(matrix_views.MOST_CHANGES)]
    answer = admin_client.post("/access/stage/", {"give": " ".join([*cells, f"{room}-{dora}"])}, follow=True)
    assert "These are 10001 changes, and at most 10000 can be looked at together." in answer.content.decode()
    assert not AccessSet.objects.exists()
    admin_client.post("/access/stage/", {"give": " ".join([*cells[1:], f"{room}-{dora}"])})
    assert AccessSet.objects.get().changes.get().user_id == dora  # the others are not there
