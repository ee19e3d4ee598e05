import csv
import io

import pytest

pytestmark = pytest.mark.django_db


def rows_of(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_it_holds_what_is_filtered(admin_client, standin):
    rows = rows_of(admin_client.get("/users/export/", {"role": "manager", "sort": "-name"}))
    expected = sorted(
        (u["username"] for u in standin.get("/v1/admin/users")["users"] if u["role"] == "manager"), reverse=True
    )
    assert [row[0] for row in rows[1:]] == expected


def test_cells_cannot_become_formulas(admin_client, standin, user_of):
    standin.post(f"/v1/admin/users/{user_of('sam')['id']}", {"bio": "=1+1"})
    rows = rows_of(admin_client.get("/users/export/", {"q": "sam"}))
    assert "'=1+1" in rows[1]


def test_it_refuses_viewers_and_members(viewer_client, member_client, standin):
    assert viewer_client.get("/users/export/").status_code == 403
    assert member_client.get("/users/export/").status_code == 403
