import re

import pytest

from dashboard.accounts.models import Role
from dashboard.documents.models import Batch, Source, Stored
from dashboard.jobs.models import Job
from dashboard.permissions import POLICY, Action
from tests.conftest import PASSWORD, operator, prove_long_ago, signed_in

pytestmark = pytest.mark.django_db
URL = "/documents/add/link/"
FORM = {"address": "http://8.8.8.8/handbook", "folder": "custom-documents", "duplicates": "skip"}


def test_it_says_who_fetches_the_page(standin, admin_client):
    assert "AnythingLLM fetches the page, not you" in admin_client.get(URL).content.decode()


def test_a_page_becomes_an_item_of_a_job(standin, admin_client):
    # An address of documentation, so that no name has to be looked up.
    answer = admin_client.post(URL, FORM)
    job = Job.objects.get()
    assert answer["Location"] == f"/documents/add/{job.pk}/"
    assert job.items.get().label == "http://8.8.8.8/handbook"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "handbook",
        "ftp://example.com/a",
        "file:///etc/passwd",
        "http://127.0.0.1:3001/",
        "http://10.0.0.7/",
        "http://[::1]/",
    ],
)
def test_an_address_that_is_not_public_is_refused(standin, admin_client, address):
    answer = admin_client.post(URL, FORM | {"address": address})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["address"]
    assert not Job.objects.exists()
    assert not standin.state()["writes"]


def test_it_refuses_viewers(standin, viewer_client):
    assert viewer_client.post(URL, FORM).status_code == 403


def test_to_replace_asks_for_the_password(standin, admin_client):
    prove_long_ago(admin_client)
    wanted = FORM | {"duplicates": "replace"}
    demand = admin_client.post(URL, wanted)
    assert demand.status_code == 422 and ("duplicates", "replace") in demand.context["posted"]
    assert not Job.objects.exists()
    assert admin_client.post(URL, wanted | {"proof": PASSWORD}).status_code == 302
    assert Batch.objects.get().duplicates == "replace"


def test_what_a_page_replaces_is_shown_first(standin, admin_client, ada, shelf):
    path = shelf.add("handbook page", "The office dog.")
    Stored.objects.create(
        upload="u1", path=path, title="page", source=Source.LINK, address=FORM["address"], added_by=ada
    )
    wanted = FORM | {"duplicates": "replace"}
    shown = admin_client.post(URL, wanted)
    assert "http://8.8.8.8/handbook replaces the one in custom-documents" in shown.content.decode()
    assert not Job.objects.exists()
    seen = re.search(r'name="replaces" value="([^"]*)"', shown.content.decode())[1]
    assert admin_client.post(URL, wanted | {"replaces": seen}).status_code == 302
    assert Batch.objects.get().replaces == {FORM["address"]: [path]}


def test_what_is_there_can_be_replaced_by_those_only_who_may_erase(standin, monkeypatch):
    mia = signed_in(operator(Role.MANAGER, "mia"))
    assert "replace" in dict(mia.get(URL).context["form"].fields["duplicates"].choices)
    monkeypatch.setitem(POLICY, Role.MANAGER, POLICY[Role.MANAGER] - {Action.ERASE_DOCUMENTS})
    assert "replace" not in dict(mia.get(URL).context["form"].fields["duplicates"].choices)
    assert mia.post(URL, FORM | {"duplicates": "replace"}).status_code == 422
    assert not Job.objects.exists()
