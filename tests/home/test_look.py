"""The frame of every page, the forms and the pages that say what went wrong."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.forms.renderers import DjangoTemplates
from django.test import Client, RequestFactory
from django.utils import timezone

from dashboard import errors
from dashboard.names import told_apart
from dashboard.templatetags import foyer

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))


def test_every_mark_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (settings.BASE_DIR / "static/img/icons.svg").read_text()))
    for template in TEMPLATES:
        named = set(re.findall(r'{% icon "([^"]+)" %}', template.read_text()))
        assert named <= drawn, template


def test_no_template_needs_an_exception_from_the_content_security_policy():
    for template in TEMPLATES:
        source = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|<script(?![^>]*\ssrc=)", source), template


def test_the_theme_of_the_system_is_left_to_the_browser(admin_client, standin):
    page = admin_client.get("/").content.decode()
    assert "data-theme" not in page
    assert 'content="light dark"' in page


def test_the_sidebar_shows_what_the_role_may_open(member_client, standin):
    page = member_client.get("/").content.decode()
    assert 'href="/profile/"' in page
    assert 'href="/users/"' not in page


def test_nothing_here_is_said_in_the_same_look(admin_client, standin):
    response = admin_client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert 'class="sidebar"' in response.content.decode()


def test_nothing_here_is_said_to_strangers_too(client, db):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'class="sidebar"' not in response.content.decode()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 429, 500, 501, 502, 503, 504])
def test_a_page_of_every_status_is_drawn_for_somebody_unknown(status):
    response = errors.page(RequestFactory().get("/"), status, "Title", "A sentence & a half.")
    assert response.status_code == status
    page = response.content.decode()
    assert "<p data-sentence>A sentence &amp; a half.</p>" in page
    assert ("Number of this request" in page) == (status >= 500)


def test_a_body_that_is_too_large_is_not_read(admin_client, standin, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    response = admin_client.post("/users/import/", {"file": SimpleUploadedFile("people.csv", b"name\n" * 300_000)})
    assert response.status_code == 413
    assert "larger than 1 MB" in response.content.decode()
    assert 'class="sidebar"' in response.content.decode()
    assert admin_client.get("/users/import/").status_code == 200


def test_the_address_of_an_act_opened_like_a_page_says_so(admin_client, standin):
    response = admin_client.get("/sign-out/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "the address of an act" in response.content.decode()


def test_our_own_failure_is_told_even_without_a_database(ada, monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError

    client = Client(raise_request_exception=False)
    client.force_login(ada, backend="dashboard.accounts.backends.LocalBackend")
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)
    response = client.get("/")
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()


class SampleForm(forms.Form):
    name = forms.CharField(help_text="At most ten letters.", max_length=10)
    agree = forms.BooleanField(help_text="You may say no later.")
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect, required=False)
    secret = forms.CharField(widget=forms.PasswordInput)


def test_help_and_errors_of_a_field_are_tied_to_it():
    page = str(SampleForm({"name": "far too long a name"}))
    described = re.search(r'name="name"[^>]*aria-describedby="([^"]*)"', page)
    assert described
    assert 'aria-invalid="true"' in page
    for name in described[1].split():
        assert f'id="{name}"' in page


def test_every_control_has_a_label_of_its_own():
    page = str(SampleForm())
    for name in re.findall(r'<input[^>]*id="([^"]+)"', page):
        assert f'for="{name}"' in page


class Tags(HTMLParser):
    """The tags of a page with their attributes, in no order, and what is written between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, frozenset(attrs)))

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_data(self, data):
        self.found += [data.strip()] if data.strip() else []


class ChoiceForm(forms.Form):
    CHOICES = [("", "Any"), (1000, 'A "b" <c> & d'), ("b", "B")]

    one = forms.ChoiceField(choices=CHOICES, widget=forms.Select(attrs={"class": "long", "disabled": True}))
    some = forms.MultipleChoiceField(choices=CHOICES, widget=forms.CheckboxSelectMultiple(attrs={"class": "long"}))
    radio = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect, help_text="One of them.")
    none = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)


@pytest.mark.parametrize("field", ChoiceForm.base_fields)
@pytest.mark.parametrize(
    "data", [None, {"one": "1000", "some": ["1000", "b"], "radio": "b"}, {"one": "b", "radio": "x"}]
)
def test_choices_are_drawn_as_django_draws_them(field, data):
    ours, djangos = ChoiceForm(data), ChoiceForm(data, renderer=DjangoTemplates())
    assert Tags(str(ours[field])).found == Tags(str(djangos[field])).found


def test_a_group_of_choices_stands_in_a_named_fieldset():
    page = str(SampleForm())
    assert re.search(r"<fieldset[^>]*>\s*<legend>Kind", page)


def test_errors_of_the_whole_form_are_announced():
    form = SampleForm({})
    form.add_error(None, "These do not fit together.")
    assert re.search(r'role="alert".*These do not fit together\.', str(form), re.DOTALL)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(days=7), "in 7 days"),
        (timedelta(days=1), "in 24 hours"),
        (timedelta(days=90), "in 3 months"),
        (timedelta(minutes=30), "in 30 minutes"),
        (timedelta(seconds=5), "in a moment"),
        (timedelta(days=-3, hours=-5), "3 days ago"),
        (timedelta(hours=-1), "1 hour ago"),
        (timedelta(days=-800), "2 years ago"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_times_are_told_as_people_count_them(ahead, words):
    """Seven days are seven also a moment later."""
    assert foyer.from_now(timezone.now() + ahead) == words


def test_workspaces_of_one_name_are_told_apart():
    some = [SimpleNamespace(id=n, name=name, slug=f"s{n}") for n, name in enumerate(["Finance", "Sales", "Finance "])]
    assert told_apart(some) == [(0, "Finance (s0)"), (1, "Sales"), (2, "Finance  (s2)")]
