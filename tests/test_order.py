"""The order of names, and that the tables of users, workspaces and access keep it."""

import re

import pytest

from dashboard import instance
from dashboard.order import natural

NAMES = ["Finance 10", "finance 2", "Finance", "Éclair 3", "Finance 2b"]


def test_numbers_count_as_numbers_and_case_does_not():
    assert sorted(NAMES, key=natural) == ["Finance", "finance 2", "Finance 2b", "Finance 10", "Éclair 3"]


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/workspaces/?q=Ledgers", "/access/?w=Ledgers&ready=1"])
def test_tables_of_workspaces_keep_it(admin_client, standin, url):
    for name in ("Ledgers 10", "Ledgers 9", "Ledgers 100"):
        standin.post("/v1/workspace/new", {"name": name})
    instance.forget("workspaces")
    shown = re.findall(r">(Ledgers \d+)</a>", admin_client.get(url).content.decode())
    assert list(dict.fromkeys(shown)) == ["Ledgers 9", "Ledgers 10", "Ledgers 100"]


@pytest.mark.django_db
def test_tables_of_people_keep_it(admin_client, standin):
    for name in ("clerk10", "clerk9"):
        standin.post("/v1/admin/users/new", {"username": name, "password": standin.password, "role": "default"})
    instance.forget("users")
    for url in ("/users/?q=clerk", "/access/?q=clerk&ready=1"):
        page = admin_client.get(url).content.decode()
        assert 0 < page.index(">clerk9<") < page.index(">clerk10<")
