from __future__ import annotations

import csv
import io
import string

import pytest

from dashboard.errors import Declined
from dashboard.jobs import engine
from dashboard.jobs.models import JobItem
from dashboard.jobs.passwords import SYMBOLS, password_for
from tests.conftest import signed_in
from tests.jobs.rig.jobs import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(new_job):
    return new_job("ab", kind="rig.password")


def test_they_are_long_of_four_classes_and_no_formula(new_job):
    job = new_job(range(200), kind="rig.password")
    passwords = [password_for(job, item) for item in job.items.all()]
    assert len(set(passwords)) == 200
    for password in passwords:
        assert len(password) >= 16
        for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS):
            assert set(characters) & set(password)
        assert password[0].isalpha()


def test_they_are_the_same_until_they_were_shown(job):
    first, second = job.items.all()
    assert password_for(job, first) == password_for(job, JobItem.objects.get(pk=first.pk))
    assert password_for(job, first) != password_for(job, second)


def test_after_the_servers_secret_was_changed_they_are_the_same_or_refused(job, settings):
    item, before = job.items.first(), settings.SECRET_KEY
    password = password_for(job, item)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret-key-of-the-server-000", [before]
    assert password_for(job, item) == password
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Declined, match="SECRET_KEY was changed"):
        password_for(job, item)


def test_those_of_an_earlier_version_are_not_guessed_when_there_are_two_keys(job, settings):
    job.items.update(salt="x" * 32)
    item = job.items.first()
    password = password_for(job, item)
    settings.SECRET_KEY_FALLBACKS = ["another-secret-key-of-the-server-000"]
    with pytest.raises(Declined):
        password_for(job, item)
    settings.SECRET_KEY_FALLBACKS = []
    assert password_for(job, item) == password


def test_the_file_is_refused_and_kept_while_the_key_is_missing(job, admin_client, settings):
    engine.work(job.pk)
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-of-the-server-000"
    client = signed_in(job.actor)
    refused = client.post(f"/jobs/{job.pk}/passwords/", follow=True)
    assert "SECRET_KEY was changed" in refused.content.decode()
    settings.SECRET_KEY_FALLBACKS = [before]
    body = b"".join(client.post(f"/jobs/{job.pk}/passwords/").streaming_content).decode("utf-8-sig")
    assert Account.made["a"] in body


def test_they_are_stored_nowhere(job):
    engine.work(job.pk)
    for made in Account.made.values():
        for item in JobItem.objects.values():
            assert made not in str(item)


def test_the_file_is_given_once(job, admin_client):
    engine.work(job.pk)
    assert f"/jobs/{job.pk}/passwords/" in admin_client.get(f"/jobs/{job.pk}/").content.decode()
    response = admin_client.post(f"/jobs/{job.pk}/passwords/")
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert rows[1:] == [["user a", Account.made["a"]], ["user b", Account.made["b"]]]

    again = admin_client.post(f"/jobs/{job.pk}/passwords/", follow=True)
    assert "shown already" in again.content.decode()
    assert f"/jobs/{job.pk}/passwords/" not in admin_client.get(f"/jobs/{job.pk}/").content.decode()
    with pytest.raises(ValueError, match="shown"):
        password_for(job, job.items.first())


def test_a_job_without_passwords_has_no_such_file(new_job, admin_client):
    job = new_job("a")
    engine.work(job.pk)
    assert "passwords" not in admin_client.get(f"/jobs/{job.pk}/").content.decode()
