import pytest

from dashboard.jobs.models import Job

pytestmark = pytest.mark.django_db
URL = "/documents/add/link/"


def test_it_says_who_fetches_the_page(standin, admin_client):
    assert "AnythingLLM fetches the page, not you" in admin_client.get(URL).content.decode()


def test_a_page_becomes_an_item_of_a_job(standin, admin_client):
    # An address of documentation, so that no name has to be looked up.
    answer = admin_client.post(URL, {"address": "http://8.8.8.8/handbook", "folder": "custom-documents"})
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
    answer = admin_client.post(URL, {"address": address, "folder": "custom-documents"})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Job.objects.exists()
    assert not standin.state()["writes"]


def test_it_refuses_viewers(standin, viewer_client):
    assert viewer_client.post(URL, {"address": "http://8.8.8.8/"}).status_code == 403
