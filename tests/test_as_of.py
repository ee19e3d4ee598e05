""" "As of" on a page is the age of the oldest part of what it shows."""

from datetime import timedelta

import pytest
from django.utils import formats, timezone

from dashboard import instance

pytestmark = pytest.mark.django_db
real_now = timezone.now


@pytest.fixture
def members_read_at(standin, monkeypatch):
    """The members were read three minutes ago, all else is read now."""
    then = real_now() - timedelta(minutes=3)
    monkeypatch.setattr(timezone, "now", lambda: then)
    instance.members()
    monkeypatch.setattr(timezone, "now", real_now)
    instance.forget("users", "workspaces")
    return f"As of {formats.time_format(timezone.localtime(then), 'H:i:s')}"


@pytest.mark.parametrize(
    "page", ["/users/3/", "/users/", "/workspaces/?counts", "/workspaces/{slug}/", "/access/"], ids=lambda page: page
)
def test_a_page_is_as_old_as_the_members_on_it(page, admin_client, members_read_at, standin):
    slug = standin.get("/v1/workspaces")["workspaces"][0]["slug"]
    assert members_read_at in admin_client.get(page.format(slug=slug)).content.decode()
