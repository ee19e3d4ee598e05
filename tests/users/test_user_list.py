import csv
import io
import re

import pytest

from dashboard.chatlog import sync
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/users/"


def names(response) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*><a [^>]*>([^<]+)</a>', response.content.decode())


def test_it_shows_everybody_by_name(admin_client, standin):
    expected = sorted(user["username"] for user in standin.get("/v1/admin/users")["users"])
    assert names(admin_client.get(URL, {"size": 100})) == expected


def test_it_searches_by_name_whatever_the_case(admin_client, standin):
    assert names(admin_client.get(URL, {"q": "ADA"})) == ["ada"]


def test_it_searches_in_what_is_said_about_people(admin_client, standin, user_of):
    standin.post(f"/v1/admin/users/{user_of('sam')['id']}", {"bio": "Keeper of the lighthouse"})
    assert names(admin_client.get(URL, {"q": "lighthouse keeper"})) == ["sam"]


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({"role": "manager"}, lambda user: user["role"] == "manager"),
        ({"state": "suspended"}, lambda user: user["suspended"]),
        ({"state": "active", "role": "admin"}, lambda user: not user["suspended"] and user["role"] == "admin"),
        ({"signed_in": "no"}, lambda user: not user["seen_recovery_codes"]),
    ],
)
def test_it_filters(admin_client, standin, query, fits):
    expected = {user["username"] for user in standin.get("/v1/admin/users")["users"] if fits(user)}
    assert expected
    assert set(names(admin_client.get(URL, {"size": 100, **query}))) == expected


def test_it_sorts_by_every_column_both_ways(admin_client, standin):
    for column in ("name", "role", "state", "limit", "workspaces", "signed_in", "created"):
        up = names(admin_client.get(URL, {"sort": column, "size": 100}))
        down = names(admin_client.get(URL, {"sort": f"-{column}", "size": 100}))
        assert sorted(up) == sorted(down)
        assert up != down, column


def test_it_orders_by_time_of_creation(admin_client, standin):
    users = standin.get("/v1/admin/users")["users"]
    newest = max(users, key=lambda user: user["createdAt"])["username"]
    assert names(admin_client.get(URL, {"sort": "-created"}))[0] == newest


def test_it_pages_and_keeps_its_state_in_the_url(admin_client, standin):
    everybody = names(admin_client.get(URL, {"size": 100}))
    assert len(everybody) > 25
    first = admin_client.get(URL, {"size": 25, "sort": "-name"})
    second = admin_client.get(URL, {"size": 25, "sort": "-name", "page": 2})
    assert names(first) + names(second) == everybody[::-1][:50]
    assert (
        "sort=-name&amp;page=2" in first.content.decode()
        or "page=2&amp;sort=-name" in first.content.decode()
        or re.search(r'rel="next" href="\?[^"]*sort=-name[^"]*page=2', first.content.decode())
    )


def test_a_page_or_order_that_does_not_exist_is_no_error(admin_client, standin):
    assert names(admin_client.get(URL, {"page": "999", "size": "7", "sort": "colour", "role": "king"}))


def test_it_gives_htmx_the_table_only(admin_client, standin):
    response = admin_client.get(URL, headers=HTMX)
    assert response.content.decode().lstrip().startswith('<section id="user-table"')
    assert "HX-Request" in response["Vary"]


def test_a_restored_history_entry_is_a_whole_page(admin_client, standin):
    response = admin_client.get(URL, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert response.content.decode().lstrip().startswith("<!doctype html>")


def test_it_counts_workspaces_after_the_table_came(admin_client, standin, user_of):
    first = admin_client.get(URL, {"q": "sam"})
    assert 'hx-trigger="load"' in first.content.decode()
    assert '<noscript><a href="/users/?q=sam&amp;counts=1">' in first.content.decode()
    counted = admin_client.get(URL, {"q": "sam", "counts": 1}, headers=HTMX).content.decode()
    sam = user_of("sam")["id"]
    workspaces = standin.get("/v1/workspaces")["workspaces"]
    expected = sum(
        any(member["userId"] == sam for member in standin.get(f"/v1/admin/workspaces/{w['id']}/users")["users"])
        for w in workspaces
    )
    assert re.search(rf'<span id="workspaces-{sam}" hx-swap-oob="true">{expected}</span>', counted)
    assert "<tr" not in counted  # what was ticked meanwhile stays


def test_admins_and_managers_reach_all_workspaces_by_role(admin_client, standin):
    assert "all by role" in admin_client.get(URL, {"q": "mia"}).content.decode()


def test_it_tells_a_search_without_result(admin_client, standin):
    assert "Nobody found" in admin_client.get(URL, {"q": "nobody-of-that-name"}).content.decode()


def test_it_refuses_members_and_lets_viewers_only_look(member_client, viewer_client, standin):
    assert member_client.get(URL).status_code == 403
    page = viewer_client.get(URL).content.decode()
    assert "New user" not in page
    assert "/suspend/" not in page


def test_it_shows_the_last_answer_when_the_instance_is_down(admin_client, standin):
    assert "sam" in names(admin_client.get(URL, {"size": 100}))
    standin.fault("down")
    from dashboard import instance

    instance.forget("users")
    response = admin_client.get(URL, {"size": 100})
    assert response.status_code == 200
    assert "sam" in names(response)
    page = response.content.decode()
    assert "last answer" in page
    assert "changes are not possible until it is back" in page
    assert "New user" not in page
    assert "/suspend/" not in page


def test_it_says_so_when_the_instance_was_never_reached(admin_client, standin):
    standin.fault("down")
    response = admin_client.get(URL)
    assert response.status_code == 503
    assert f"AnythingLLM does not answer at {standin.url}" in response.content.decode()


def test_an_empty_list_is_not_believed(admin_client, standin):
    standin.fault("locked-all")
    response = admin_client.get(URL)
    assert response.status_code == 502
    assert "New user" not in response.content.decode()


def test_it_says_what_to_switch_on_in_single_user_mode(admin_client, standin):
    standin.fault("single-user")
    response = admin_client.get(URL)
    assert response.status_code == 502
    assert "Multi-User Mode" in response.content.decode()


# --- Last active ------------------------------------------------------------------------------------------------------
@pytest.fixture
def active(standin, db) -> dict[str, str]:
    """The log of chats is read; when each account last asked, as the instance has it."""
    assert sync.update(60)
    found, page, more = {}, 0, True
    while more:
        answer = standin.post("/v1/admin/workspace-chats", {"offset": page})
        for line in answer["chats"]:
            if line["user_id"]:
                found[line["user"]["username"]] = max(found.get(line["user"]["username"], ""), line["createdAt"])
        page, more = page + 1, answer["hasPages"]
    return found


def test_it_says_who_was_last_active_when(admin_client, active):
    rows = admin_client.get(URL, {"size": 100}).context["rows"]
    shown = {row.user.username: row.active for row in rows}
    for name, when in shown.items():
        assert (when.isoformat()[:19] if when else None) == (active[name][:19] if name in active else None)


def test_it_sorts_by_last_active_and_never_is_longest_ago(admin_client, active):
    newest = sorted(active, key=active.__getitem__, reverse=True)
    found = names(admin_client.get(URL, {"sort": "-active", "size": 100}))
    assert found[: len(newest)] == newest
    assert names(admin_client.get(URL, {"sort": "active", "size": 100}))[-1] == newest[0]


def test_the_file_says_it_too(admin_client, active):
    text = admin_client.get("/users/export/", {"sort": "-active"}).getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["Name"]: row["Last active"][:19] for row in rows if row["Last active"]} == {
        name: when[:19] for name, when in active.items()
    }


def test_a_row_drawn_anew_still_says_it(admin_client, active, user_of):
    name = max(active, key=active.__getitem__)
    row = admin_client.post(f"/users/{user_of(name)['id']}/suspend/", headers=HTMX).content.decode()
    assert active[name][:19] in row


def test_viewers_neither_see_nor_sort_by_it(viewer_client, active):
    page = viewer_client.get(URL, {"sort": "-active", "size": 100})
    assert "Last active" not in page.content.decode()
    assert names(page) == sorted(names(page))


def test_without_names_or_before_the_log_is_read_there_is_no_such_column(admin_client, standin, settings):
    sync.update(0)
    assert "Last active" not in admin_client.get(URL).content.decode()
    assert sync.update(60)
    assert "Last active" in admin_client.get(URL).content.decode()
    settings.CHAT_LOG = "anonymous"
    for url in (URL, "/users/export/"):
        assert "Last active" not in admin_client.get(url).getvalue().decode()
