import re

import pytest

from dashboard import instance
from dashboard.access.models import Group
from dashboard.invites import services
from dashboard.invites.models import Joining, JoiningState, Link
from tests.invites.conftest import join_by
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/invites/"
SORTS = ("label", "workspaces", "state", "used", "expires", "made_by", "created")


def names(response) -> list[str]:
    cells = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', response.content.decode(), re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in cells]


@pytest.fixture
def three(make_link, standin) -> list[Link]:
    return [
        make_link(label="Berlin", uses=20, days=3),
        make_link(label="Anna", for_whom="Anna Müller", days=30, workspace_ids=()),
        make_link(label="Oslo", days=9),
    ]


def test_it_shows_links_and_what_was_made_on_the_instance_in_one_table(admin_client, three, there):
    shown = names(admin_client.get(URL, {"size": 100}))
    assert shown[:3] == ["Oslo", "Anna for Anna Müller", "Berlin"]
    assert {f"Invite {invite['id']}" for invite in there.invites()} == set(shown[3:])


def test_it_searches(admin_client, three):
    assert names(admin_client.get(URL, {"q": "müller ANNA"})) == ["Anna for Anna Müller"]


def test_it_filters_by_state_by_where_it_was_made_and_by_workspace(admin_client, three, ada, two_rooms, there):
    services.revoke(actor=ada, link=three[0])
    own = {"source": "foyer"}
    assert names(admin_client.get(URL, {**own, "state": "revoked"})) == ["Berlin"]
    assert names(admin_client.get(URL, {**own, "state": "open"})) == ["Oslo", "Anna for Anna Müller"]
    assert names(admin_client.get(URL, {**own, "workspace": two_rooms[0]})) == ["Oslo", "Berlin"]
    found = [f"Invite {i['id']}" for i in there.invites() if i["status"] == "pending"]
    assert sorted(names(admin_client.get(URL, {"source": "anythingllm", "state": "open"}))) == sorted(found)


def test_it_sorts_by_every_column_both_ways(admin_client, three):
    for column in SORTS:
        up = names(admin_client.get(URL, {"sort": column, "size": 100}))
        down = names(admin_client.get(URL, {"sort": f"-{column}", "size": 100}))
        assert sorted(up) == sorted(down) and up != down, column
    assert names(admin_client.get(URL, {"source": "foyer", "sort": "label"}))[0].startswith("Anna")
    assert names(admin_client.get(URL, {"source": "foyer", "sort": "expires"}))[0] == "Berlin"


def test_it_pages(admin_client, make_link, standin):
    for number in range(30):
        make_link(label=f"Link {number}")
    first = admin_client.get(URL, {"size": 25, "source": "foyer", "sort": "label"})
    second = admin_client.get(URL, {"size": 25, "source": "foyer", "sort": "label", "page": 2})
    assert names(first) + names(second) == [f"Link {number}" for number in range(30)]


def test_a_filter_that_does_not_exist_is_no_error(admin_client, three):
    assert names(admin_client.get(URL, {"page": "999", "sort": "colour", "state": "odd", "workspace": "x"}))


def test_it_gives_htmx_the_table_only(admin_client, three):
    response = admin_client.get(URL, headers=HTMX)
    assert response.content.decode().lstrip().startswith('<section id="invite-table"')


def test_it_says_how_many_have_joined_and_who_it_was(admin_client, make_link, standin):
    join_by(make_link(label="One"), "newcomer")
    join_by(make_link(label="Twenty", uses=20), "another")
    page = admin_client.get(URL, {"source": "foyer"}).content.decode()
    assert "1 of 20" in page and "Used by newcomer" in page


def test_invites_minted_for_a_link_are_not_shown_as_found(admin_client, make_link, there):
    join_by(make_link(), "newcomer")
    assert there.minted()
    shown = names(admin_client.get(URL, {"source": "anythingllm", "size": 100}))
    assert len(shown) == len(there.before)


def test_all_that_it_gives_can_be_reached(admin_client, make_link, there):
    group = Group.objects.create(name="Field service")
    rooms = dict(list(there.rooms.items())[:4])
    make_link(workspace_ids=list(rooms.values()), group_ids=[group.pk])
    page = admin_client.get(URL, {"source": "foyer"}).content.decode().replace("&amp;", "&")
    assert all(name in page for name in rooms) and "Field service" in page and "and 3 more" in page


def test_a_deleted_workspace_is_told(admin_client, make_link, standin, two_rooms):
    Link.objects.filter(pk=make_link().pk).update(workspace_ids=[two_rooms[0], 99_999])
    assert "1 that is deleted" in admin_client.get(URL).content.decode()


def test_expiry_is_in_words_and_exact_for_who_points_at_it(admin_client, make_link, standin):
    link = make_link(days=7)
    page = admin_client.get(URL).content.decode().replace("\xa0", " ")
    assert f'datetime="{link.expires_at.isoformat()}' in page and "in 7 days" in page


def test_with_none_it_says_what_to_do_next(admin_client, standin, there):
    page = admin_client.get(URL, {"source": "foyer"}).content.decode()
    assert "No invite fits this search" in page


def test_it_says_before_anybody_clicks_that_passwords_are_forbidden(admin_client, make_link, standin):
    link = make_link()
    instance.forget("entrance")
    standin.configure(sso_no_login=True)
    for url in (URL, "/invites/new/", "/invites/many/", f"/invites/{link.pk}/link/"):
        assert "Nobody can join by a link" in admin_client.get(url).content.decode(), url


def test_it_says_before_anybody_clicks_that_there_is_one_user_only(admin_client, standin):
    standin.configure(single_user=True)
    assert "not in multi-user mode" in admin_client.get(URL).content.decode()


def test_links_are_there_and_can_be_revoked_while_the_instance_is_down(admin_client, three, standin):
    standin.fault("502")
    instance.hang_up()
    page = admin_client.get(URL).content.decode()
    assert "Berlin" in page and "AnythingLLM does not answer as it should" in page
    assert admin_client.post(f"/invites/{three[0].pk}/revoke/").status_code == 302
    three[0].refresh_from_db()
    assert three[0].revoked_at


def test_an_instance_with_one_user_is_named_once(admin_client, standin):
    """It answers as it should, so nothing is said of waiting until it is back."""
    standin.configure(single_user=True)
    page = admin_client.get(URL).content.decode()
    assert page.count("not in multi-user mode") == 1
    assert "does not answer" not in page.partition("<main")[2]


@pytest.mark.parametrize("who", ["viewer_client", "member_client"])
def test_it_refuses_viewers_and_members(request, who, standin):
    assert request.getfixturevalue(who).get(URL).status_code == 403


def test_who_is_on_the_way_is_counted(admin_client, make_link, standin, two_rooms):
    link = make_link(uses=3)
    Joining.objects.create(link=link, username="nearly", marker=-5, state=JoiningState.STARTED, next_at=link.created_at)
    assert "1 on the way" in admin_client.get(f"/invites/{link.pk}/").content.decode()
