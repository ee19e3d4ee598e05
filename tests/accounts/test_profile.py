from __future__ import annotations

from dashboard.accounts.models import Operator, Role


def test_it_keeps_language_and_theme(door):
    client = door.local(role=Role.MEMBER)
    response = client.post("/profile/", {"language": "zh-hans", "theme": "dark"})
    assert response["Location"] == "/profile/"
    operator = Operator.objects.get()
    assert (operator.language, operator.theme) == ("zh-hans", "dark")
    assert client.cookies["foyer_language"].value == "zh-hans"
    page = client.get("/profile/").content.decode()
    assert '<html lang="zh-hans" data-theme="dark">' in page


def test_without_a_language_the_browser_decides(door):
    client = door.local()
    client.post("/profile/", {"language": "zh-hans", "theme": "system"})
    client.post("/profile/", {"language": "", "theme": "system"})
    assert client.cookies["foyer_language"].value == ""
    page = client.get("/profile/", headers={"Accept-Language": "zh-Hans"}).content.decode()
    assert '<html lang="zh-hans">' in page


def test_it_says_what_is_wrong(door):
    client = door.local()
    response = client.post("/profile/", {"language": "tlh", "theme": "pink"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"language", "theme"}
    assert Operator.objects.get().theme == "system"


def test_nothing_else_can_be_changed_there(door):
    client = door.local(role=Role.VIEWER)
    client.post("/profile/", {"language": "", "theme": "dark", "role": "admin", "username": "boss", "is_active": ""})
    operator = Operator.objects.get()
    assert (operator.username, operator.role, operator.is_active) == ("root", Role.VIEWER, True)
