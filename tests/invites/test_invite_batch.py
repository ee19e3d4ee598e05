"""Many personal links: the list is looked at, then links are made for exactly that list, once."""

import csv
import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.invites import services
from dashboard.invites.models import Link
from dashboard.jobs import engine
from dashboard.jobs.models import Job
from tests.conftest import operator, signed_in
from tests.invites.conftest import code_of, join_by
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
URL = "/invites/many/"
TEXT = "Anna Müller, anna@example.com\nCem, cem@\n=Dora"


@pytest.fixture
def form(two_rooms) -> dict:
    return {
        "label": "Spring school",
        "workspace_ids": two_rooms,
        "days": 7,
        "role": "default",
        "batch": str(uuid.uuid4()),
        "text": TEXT,
        "send": "on",
    }


def seen(client, form: dict) -> dict:
    """The form as the preview shows it."""
    return {**form, "seen": client.post(URL, form).context["form"]["seen"].value()}


def made(client, form: dict) -> str:
    response = client.post(URL, {**seen(client, form), "make": "1"})
    assert response.status_code == 302
    return response["Location"]


def test_first_it_shows_every_line_and_makes_nothing(admin_client, form):
    response = admin_client.post(URL, form)
    page = response.content.decode()
    assert response.status_code == 200
    assert "Line 2, column 2: this is not a mail address." in page and "Make 2 links" in page
    assert not Link.objects.exists()


def test_it_says_who_has_a_link_or_has_joined_already(admin_client, form, make_link):
    join_by(make_link(for_whom="Anna", email="anna@example.com"), "anna.new")
    make_link(for_whom="Ben", email="Ben@example.com")
    revoked = make_link(for_whom="Cem", email="cem@example.com")
    services.revoke(actor=revoked.created_by, link=revoked)
    text = "Anna, Anna@example.com\nBen, ben@example.com\nCem, cem@example.com"
    page = admin_client.post(URL, {**form, "text": text}).content.decode()
    assert re.findall(r'data-tone="\w+">([^<]*link[^<]*)<', page) == [
        "gets another link; has joined already",
        "gets another link; one is open",
        "gets a link",
    ]


def test_then_it_makes_a_link_for_each_who_is_right(admin_client, form, two_rooms):
    url = made(admin_client, {**form, "daily_limit": 5})
    links = list(Link.objects.order_by("pk"))
    assert [(link.for_whom, link.email, link.uses) for link in links] == [
        ("Anna Müller", "anna@example.com", 1),
        ("=Dora", "", 1),
    ]
    assert all(set(link.workspace_ids) == set(two_rooms) and link.daily_limit == 5 for link in links)
    assert url == f"/invites/many/{form['batch']}/"
    assert AuditEvent.objects.filter(action="invite.made").count() == 1


def test_what_was_not_looked_at_is_shown_first(admin_client, form):
    changed = {**seen(admin_client, form), "text": "Eve, eve@example.com", "make": "1"}
    response = admin_client.post(URL, changed)
    assert response.status_code == 200 and "Make 1 link" in response.content.decode()
    assert not Link.objects.exists()


def test_line_ends_of_the_browser_make_no_other_list(admin_client, form):
    shown = seen(admin_client, form)
    response = admin_client.post(URL, {**shown, "text": TEXT.replace("\n", "\r\n"), "make": "1"})
    assert response.status_code == 302


def test_sent_twice_it_makes_them_once_and_mails_them_once(admin_client, form):
    shown = {**seen(admin_client, form), "make": "1"}
    assert admin_client.post(URL, shown)["Location"] == admin_client.post(URL, shown)["Location"]
    assert Link.objects.count() == 2
    assert Job.objects.count() == 1


def test_a_file_is_read_and_can_be_mended_as_text(admin_client, form):
    content = "姓名;邮箱\nJosé;jose@example.com\n".encode("gb18030", "ignore")
    del form["text"]
    response = admin_client.post(URL, {**form, "file": SimpleUploadedFile("people.csv", content)})
    page = response.content.decode()
    assert "jose@example.com" in page and "it was read as GB 18030" in page
    assert "jose@example.com" in response.context["form"]["text"].value()


@pytest.mark.parametrize("wrong", [{"label": ""}, {"days": "0"}, {"text": ""}, {"text": '"open'}])
def test_nothing_typed_is_lost_on_an_error(admin_client, form, wrong):
    response = admin_client.post(URL, {**form, **wrong, "make": "1"})
    page = response.content.decode()
    assert response.status_code == 422
    for field, typed in {"label": "Spring school", "text": "anna@example.com"}.items():
        assert field in wrong or typed in page
    assert page.count(" checked") >= 2
    assert f'value="{form["batch"]}"' in page


def test_a_list_of_mistakes_only_offers_nothing_to_make(admin_client, form):
    page = admin_client.post(URL, {**form, "text": "Cem, cem@"}).content.decode()
    assert "this is not a mail address" in page and 'name="make"' not in page


def test_too_many_or_too_large_is_told(admin_client, form):
    page = admin_client.post(URL, {**form, "text": "\n".join(f"p{n}" for n in range(501))}).content.decode()
    assert "Line 501: the list has more than 500 people." in page
    file = SimpleUploadedFile("people.csv", b"x" * (1024 * 1024 + 1))
    assert "larger than 1 MB" in admin_client.post(URL, {**form, "text": "", "file": file}).content.decode()


def test_the_result_has_every_link_and_all_as_text(admin_client, form):
    page = admin_client.get(made(admin_client, form)).content.decode()
    anna, dora = Link.objects.order_by("pk")
    lines = page[page.index("<textarea") :]
    assert f"Anna Müller &lt;anna@example.com&gt;\thttp://testserver/join/{code_of(anna)}/" in lines
    assert f"=Dora\thttp://testserver/join/{code_of(dora)}/" in lines
    assert page.count(code_of(anna)) == 2


def test_the_file_of_it_holds_no_formula(admin_client, form):
    url = made(admin_client, form)
    text = admin_client.get(f"{url}export/").getvalue().decode("utf-8-sig")
    header, anna, dora = csv.reader(io.StringIO(text, newline=""))
    assert header == ["Name", "Mail address", "Link", "Expires", "State", "Mail"]
    assert anna[:2] == ["Anna Müller", "anna@example.com"] and "/join/" in anna[2]
    assert dora[0] == "'=Dora"


def test_mails_go_to_those_with_an_address_and_their_outcome_is_shown(admin_client, form, mailoutbox):
    url = made(admin_client, form)
    job = Job.objects.get()
    assert "every 2s" in admin_client.get(url, headers=HTMX).content.decode()
    while engine.work(job.pk):
        pass
    assert [mail.to for mail in mailoutbox] == [["anna@example.com"]]
    page = admin_client.get(url).content.decode()
    assert "Sent" in page and "every 2s" not in page and "by mail</button>" not in page


def test_those_not_sent_can_be_sent_later_and_only_those(admin_client, form, mailoutbox):
    del form["send"]
    url = made(admin_client, form)
    assert not Job.objects.exists()
    assert "Send 1 link by mail" in admin_client.get(url).content.decode()
    admin_client.post(f"{url}mail/")
    admin_client.post(f"{url}mail/")
    assert Job.objects.count() == 1
    while engine.work(Job.objects.get().pk):
        pass
    admin_client.post(f"{url}mail/")
    assert len(mailoutbox) == 1


def test_others_links_are_not_seen(admin_client, form, two_rooms):
    url = made(admin_client, form)
    lim = operator(Role.MANAGER, "lim")
    lim.looks_after.create(workspace_id=two_rooms[0])
    client = signed_in(lim)
    for address in (url, f"{url}export/"):
        assert client.get(address).status_code == 404
    assert client.post(f"{url}mail/").status_code == 404
    lim.looks_after.create(workspace_id=two_rooms[1])
    assert client.get(url).status_code == 200


def test_it_refuses_viewers(viewer_client, standin):
    assert viewer_client.get(URL).status_code == 403


def test_a_file_is_read_again_in_the_encoding_that_is_chosen(admin_client, form):
    content = "Jõgi, jogi@example.com".encode("cp1252")
    file = SimpleUploadedFile("people.csv", content)
    first = admin_client.post(URL, {**form, "text": "", "file": file}).context["form"]
    guessed = first["read_as"].value()
    assert guessed and guessed != "cp1252" and "Check names with special letters" in first.warnings[0]
    chosen = {**form, "text": first["text"].value(), "read_as": guessed, "encoding": "cp1252"}
    again = admin_client.post(URL, {**chosen, "seen": first["seen"].value(), "make": "1"})
    assert [row.name for row in again.context["form"].rows] == ["Jõgi"]
    assert not Link.objects.exists()


def test_a_list_that_was_changed_is_not_read_again_and_stays(admin_client, form):
    changed = {**form, "text": "李, li@example.com", "read_as": "cp1250", "encoding": "cp1252"}
    response = admin_client.post(URL, changed)
    assert "The list was changed since it was read" in response.content.decode()
    assert response.context["form"]["text"].value() == changed["text"]


def test_what_was_left_out_is_named(admin_client, form):
    response = admin_client.post(URL, {**form, "text": "Name;E-Mail-Adresse;Abteilung\nAnna;anna@example.com;IT"})
    assert "These columns were left out: Abteilung." in response.content.decode()
