"""Workspaces whose slug no address can hold: they are left out and told, and every page goes on."""

import pytest

from dashboard import instance

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/workspaces/",
    "/users/",
    "/access/?ready=1",
    "/documents/",
    "/invites/new/",
    "/chats/",
    "/groups/",
    "/system/",
]


@pytest.mark.matrix
@pytest.mark.parametrize("slug", ["v1.2", "手册", "a/b", "", "..", "+new", "a b", "a\nb"])
def test_pages_go_on_and_the_list_names_it(admin_client, standin, slug):
    standin._store.connection.execute("UPDATE workspaces SET slug = ?, name = 'Odd one' WHERE id = 2", [slug])
    instance.hang_up()
    for page in PAGES:
        assert admin_client.get(page).status_code in (200, 404), page
    shown = admin_client.get("/workspaces/").content.decode()
    assert "1 workspace is left out" in shown
    assert "Odd one" in shown
    standin.reset()
    instance.forget("workspaces")
    assert "left out" not in admin_client.get("/workspaces/").content.decode()
