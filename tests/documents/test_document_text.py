import pytest

from dashboard.documents.models import Incoming
from dashboard.jobs.models import ItemState, Job

pytestmark = pytest.mark.django_db
URL = "/documents/add/text/"


def test_a_text_goes_the_way_of_files(standin, admin_client, shelf, work):
    posted = {
        "title": "Opening hours",
        "text": "We open at nine, zebra.",
        "folder": "custom-documents",
        "workspaces": [shelf.workspaces["finance"]],
    }
    answer = admin_client.post(URL, posted)
    job = Job.objects.get()
    assert answer["Location"] == f"/documents/add/{job.pk}/"
    item = work(job).items.get()
    assert (item.label, item.state) == ("Opening hours", ItemState.DONE)
    assert shelf.embedded("finance").count(item.incoming.paths[0]) == 1


@pytest.mark.parametrize(("title", "text"), [("", "words"), ("Title", ""), ("Title", " \n "), ("  ", "words")])
def test_a_text_needs_a_title_and_a_word(standin, admin_client, title, text):
    answer = admin_client.post(URL, {"title": title, "text": text, "folder": "custom-documents"})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Incoming.objects.exists()
