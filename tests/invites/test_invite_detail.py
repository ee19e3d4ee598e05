"""One link: handing it out, extending and revoking it, and who joined by it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.audit.models import AuditEvent
from dashboard.invites.models import Joining, JoiningState, Link
from tests.invites.conftest import code_of, join_by
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db
CHANGED_KEY = "another-key-0123456789-0123456789-0123456789"


def test_the_address_stands_there_to_be_copied(admin_client, make_link, there):
    link = make_link(uses=20, daily_limit=5)
    response = admin_client.get(f"/invites/{link.pk}/link/")
    page = response.content.decode()
    assert f'<code id="address">http://testserver/join/{code_of(link)}/</code>' in page
    assert 'data-copy="#address" autofocus' in page
    assert "20 people can join by it," in page and "They may ask 5 questions a day." in page
    assert all(name in page for name, room in there.rooms.items() if room in link.workspace_ids)
    assert "no-store" in response["Cache-Control"]


def test_of_a_used_link_it_says_how_many_more_may_come(admin_client, make_link, there):
    link = make_link(uses=3)
    join_by(link, "newcomer")
    assert "2 more people can join by it," in admin_client.get(f"/invites/{link.pk}/link/").content.decode()


def test_htmx_gets_it_as_a_dialog(admin_client, make_link, standin):
    response = admin_client.get(f"/invites/{make_link().pk}/link/", headers=HTMX)
    assert '<article id="invite-link" class="dialog-body' in response.content.decode()
    assert b"<html" not in response.content


def test_the_code_is_a_picture_without_styles_that_says_what_it_is(admin_client, make_link, standin):
    page = admin_client.get(f"/invites/{make_link().pk}/link/").content.decode()
    start = page.index("<svg viewBox")
    drawing = page[start : page.index("</svg>", start)]
    assert 'role="img" aria-label="QR code of the link New people"' in drawing
    assert "style" not in drawing and drawing.count("<path") == 1


def test_the_page_to_print_has_team_person_address_and_end(admin_client, make_link, standin):
    link = make_link(for_whom="Anna Müller", note="See you on Monday")
    page = admin_client.get(f"/invites/{link.pk}/print/").content.decode()
    sheet = page[page.index('<article class="sheet">') :]
    for words in ("Foyer", "Welcome, Anna Müller", "See you on Monday", code_of(link), "<svg viewBox", "Ask ada."):
        assert words in sheet


def test_once_the_secret_key_has_changed_it_says_that_it_cannot_be_shown(
    admin_client, make_link, settings, standin, ada
):
    link = make_link()
    settings.SECRET_KEY = CHANGED_KEY
    admin_client.force_login(ada, backend="dashboard.accounts.backends.LocalBackend")
    for url in (f"/invites/{link.pk}/link/", f"/invites/{link.pk}/print/"):
        page = admin_client.get(url).content.decode()
        assert "cannot show it any more" in page and "/join/" not in page


def test_who_joined_stands_on_its_page_with_what_is_missing(admin_client, make_link, standin, there):
    link = make_link(uses=2)
    join_by(link, "newcomer")
    Joining.objects.create(
        link=link,
        username="nearly",
        marker=-7,
        state=JoiningState.ACCOUNT,
        user_id=99_999,
        note="Finance is missing",
        next_at=timezone.now(),
    )
    page = admin_client.get(f"/invites/{link.pk}/").content.decode()
    assert f'<a href="/users/{there.user("newcomer")["id"]}/">newcomer</a>' in page
    assert "Finance is missing" in page and "Being prepared" in page and "2 of 2" in page
    assert "/users/99999/" not in page


def test_extending_lets_it_live_longer(admin_client, make_link, standin):
    link = make_link(days=2)
    assert admin_client.get(f"/invites/{link.pk}/extend/").status_code == 200
    response = admin_client.post(f"/invites/{link.pk}/extend/", {"days": 5, "next": "/invites/?q=new"})
    assert response["Location"] == "/invites/?q=new"
    link.refresh_from_db()
    assert abs(link.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


@pytest.mark.parametrize("days", ["0", "366", "soon", ""])
def test_a_wrong_number_of_days_is_told(admin_client, make_link, standin, days):
    assert admin_client.post(f"/invites/{make_link().pk}/extend/", {"days": days}).status_code == 422


def test_a_revoked_one_cannot_be_extended(admin_client, make_link, standin):
    link = make_link()
    admin_client.post(f"/invites/{link.pk}/revoke/")
    response = admin_client.post(f"/invites/{link.pk}/extend/", {"days": 5})
    assert response.status_code == 422 and "was revoked" in response.content.decode()
    assert f"/invites/{link.pk}/extend/" not in admin_client.get(f"/invites/{link.pk}/").content.decode()


def test_revoking_names_it_and_says_who_stays(admin_client, make_link, standin, there):
    link = make_link(uses=5)
    join_by(link, "newcomer")
    dialog = admin_client.get(f"/invites/{link.pk}/revoke/", headers=HTMX).content.decode()
    assert "Revoke the link New people?" in dialog and "The one person who joined by it stays" in dialog
    response = admin_client.post(f"/invites/{link.pk}/revoke/", {"next": "/invites/?state=open"}, headers=HTMX)
    assert response["HX-Redirect"] == "/invites/?state=open"
    assert Link.objects.get().revoked_by.username == "ada"
    assert there.user("newcomer")["suspended"] == 0
    assert AuditEvent.objects.filter(action="invite.revoked").count() == 1


@pytest.mark.parametrize("act", ["revoke", "extend"])
def test_one_that_was_used_up_meanwhile_goes_on_telling_by_whom(admin_client, make_link, standin, act):
    link = make_link()
    join_by(link, "newcomer")
    response = admin_client.post(f"/invites/{link.pk}/{act}/", {"days": 5})
    assert response.status_code == 422 and "used already" in response.content.decode()
    assert "Used by newcomer" in admin_client.get("/invites/").content.decode()
    assert not AuditEvent.objects.filter(action__in=("invite.revoked", "invite.extended")).exists()


def test_it_does_not_lead_to_other_sites(admin_client, make_link, standin):
    response = admin_client.post(f"/invites/{make_link().pk}/revoke/", {"next": "https://elsewhere.example/"})
    assert response["Location"] == f"/invites/{Link.objects.get().pk}/"


def test_a_closed_link_says_so_where_it_is_shown(admin_client, make_link, standin):
    link = make_link()
    join_by(link, "newcomer")
    assert (
        "Nobody new can join by it. This link was used already."
        in admin_client.get(f"/invites/{link.pk}/link/").content.decode()
    )


def test_it_refuses_viewers(viewer_client, make_link, standin):
    assert viewer_client.get(f"/invites/{make_link().pk}/link/").status_code == 403
