"""One list of Foyer's links and the instance's own invites."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.errors import Declined
from dashboard.invites import services, table
from dashboard.invites.models import Link
from tests.conftest import operator
from tests.invites.conftest import SECRET, join_by

pytestmark = pytest.mark.django_db


def found(standin, *room_ids: int) -> int:
    instance.forget("invites")
    return standin.post("/v1/admin/invite/new", {"workspaceIds": list(room_ids)})["invite"]["id"]


def keys(who, source="foyer", **criteria) -> list[int]:
    return [row.key for row in table.rows(who, source=source, **criteria).value]


def row(who, key: int, source: str = "foyer") -> table.Row:
    return next(row for row in table.rows(who, source=source).value if row.key == key)


def test_links_and_found_invites_stand_in_one_list_and_minted_ones_do_not(standin, there, make_link, ada, two_rooms):
    link = make_link(uses=2)
    join_by(link, "newbie")
    own = found(standin, two_rooms[0])
    assert len(there.minted()) == 2
    rows = table.rows(ada).value
    assert [some.key for some in rows if some.source == "foyer"] == [link.pk]
    assert {some.key for some in rows if some.source == "anythingllm"} == {*there.before, own}
    address = row(ada, own, "anythingllm").address
    code = next(invite["code"] for invite in there.minted() if invite["id"] == own)
    assert address == f"{standin.url}/accept-invite/{code}"


def test_a_row_says_what_the_link_gives_and_who_used_it(there, make_link, ada, two_rooms):
    one, many, gone = make_link(), make_link(uses=3), make_link()
    Link.objects.filter(pk=gone.pk).update(workspace_ids=[two_rooms[0], 987_654])
    join_by(one, "newbie")
    join_by(many, "newbie-2")
    names = {room: name for name, room in there.rooms.items()}
    assert row(ada, one.pk).workspaces == tuple(names[room] for room in two_rooms)
    assert (row(ada, one.pk).state_words, row(ada, one.pk).can_revoke) == ("Used by newbie", False)
    assert (row(ada, many.pk).used, row(ada, many.pk).uses, row(ada, many.pk).state) == (1, 3, "open")
    assert (row(ada, gone.pk).workspaces, row(ada, gone.pk).gone) == ((names[two_rooms[0]],), 1)


def test_it_filters_and_sorts(standin, make_link, ada, two_rooms):
    b, a = make_link(label="B 10", workspace_ids=two_rooms[:1]), make_link(label="B 9", workspace_ids=two_rooms[1:])
    Link.objects.filter(pk=b.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert keys(ada) == [a.pk, b.pk], "the newest first"
    assert keys(ada, sort="label") == [a.pk, b.pk]
    assert keys(ada, sort="-label") == [b.pk, a.pk]
    assert keys(ada, sort="expires") == [b.pk, a.pk]
    assert keys(ada, state="expired") == [b.pk]
    assert keys(ada, q="10") == [b.pk]
    assert keys(ada, workspace=str(two_rooms[1])) == [a.pk]
    for column in table.COLUMNS:
        assert set(keys(ada, sort=column)) == {a.pk, b.pk}


def test_a_manager_of_some_workspaces_sees_what_lies_within(standin, there, make_link, two_rooms):
    mona = operator(Role.MANAGER, "mona")
    mona.looks_after.create(workspace_id=two_rooms[0])
    make_link()
    inside, outside, nowhere = found(standin, two_rooms[0]), found(standin, *two_rooms), found(standin)
    seen = keys(mona, "anythingllm")
    assert inside in seen
    assert outside not in seen
    assert nowhere not in seen
    assert keys(mona) == []
    with pytest.raises(Declined):
        table.disable_found(actor=mona, invite_id=outside)
    table.disable_found(actor=mona, invite_id=inside)
    assert there.pending() == [outside, nowhere]


def test_without_the_instance_the_links_are_still_listed(standin, make_link, ada):
    link = make_link()
    instance.hang_up()
    standin.fault("reset", path="^/api/")
    reading = table.rows(ada)
    assert [some.key for some in reading.value] == [link.pk]
    assert reading.stale


def test_many_links_ask_the_database_a_fixed_number_of_times(make_link, ada, django_assert_max_num_queries, two_rooms):
    maker = operator(Role.MANAGER, "mona")
    fields = services.LinkFields(label="Course", workspace_ids=two_rooms)
    for number in range(40):
        services.make(actor=maker if number % 2 else ada, fields=fields)
    table.rows(ada)
    with django_assert_max_num_queries(8):
        assert len(keys(ada)) == 40


# --- Disabling one that was made there ----------------------------------------------------------------------------------
def test_a_found_invite_is_disabled_and_the_ledger_has_it(standin, there, ada):
    invite = found(standin)
    table.disable_found(actor=ada, invite_id=invite)
    assert there.pending() == []
    event = AuditEvent.objects.get(action="invite.disabled")
    assert (event.target_id, event.outcome) == (str(invite), Outcome.OK)
    with pytest.raises(Declined):
        table.disable_found(actor=ada, invite_id=invite)


def test_a_claimed_one_is_never_disabled(standin, there, ada):
    invite = found(standin)
    code = there.minted()[0]["code"]
    standin.post(f"/invite/{code}", {"username": "somebody", "password": SECRET})
    with pytest.raises(Declined):
        table.disable_found(actor=ada, invite_id=invite)
    assert [some["status"] for some in there.minted()] == ["claimed"]


def test_a_disabling_whose_answer_gets_lost_is_read_back(standin, there, ada):
    invite = found(standin)
    standin.fault("lost", method="DELETE", path="/admin/invite/", times=1)
    table.disable_found(actor=ada, invite_id=invite)
    assert there.pending() == []


def test_what_was_minted_here_cannot_be_disabled_by_hand(standin, there, make_link, ada):
    join_by(make_link(), "newbie")
    with pytest.raises(Declined):
        table.disable_found(actor=ada, invite_id=there.minted()[0]["id"])
