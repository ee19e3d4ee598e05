"""How far the files of a batch are, and trying again what failed."""

import pytest

from dashboard.accounts.models import Role
from dashboard.documents.adding import Options
from dashboard.documents.models import Batch, Incoming
from dashboard.jobs.models import Job
from tests.conftest import operator, signed_in
from tests.documents.arriving import arrive
from tests.documents.arriving import work as worked
from tests.users.conftest import HTMX

pytestmark = pytest.mark.django_db


def url(item):
    return f"/documents/add/{item.job_id}/"


@pytest.fixture
def two(standin, ada, shelf):
    """One that can be embedded, and one at which the embedder fails."""
    into = Options(workspace_ids=(shelf.workspaces["finance"],))
    arrive(ada, "good.txt", "A good text.", into)
    return arrive(ada, "bad.txt", "EMBEDFAIL says the text.", into)


def test_it_asks_again_until_the_job_has_ended(two, admin_client):
    page = admin_client.get(url(two), headers=HTMX)
    assert f'hx-get="{url(two)}"' in page.content.decode()
    assert "documents-changed" not in page.get("HX-Trigger", "")
    worked(two)
    page = admin_client.get(url(two), headers=HTMX)
    assert "hx-get" not in page.content.decode()
    assert "documents-changed" in page["HX-Trigger"]


def test_every_file_has_its_row_with_what_came_of_it(two, admin_client):
    worked(two)
    page = admin_client.get(url(two)).content.decode()
    assert "1 of 2 ready" in page and "1 failed" in page
    good, bad = page.split('<li class="upload-row"')[1:]
    assert "Added" in good and "Finance" in good and "/documents/item/?path=custom-documents%2Fgood" in good
    assert "Failed" in bad and "Retry" in bad and "Retry" not in good


def test_an_item_that_has_only_just_begun_is_no_mistake(two, admin_client):
    two.job.items.create(position=3, key="3", label="third.txt")
    page = admin_client.get(url(two))
    assert page.status_code == 200
    assert page.content.decode().count('<li class="upload-row"') == 2


def test_one_is_tried_again_alone(two, admin_client):
    worked(two)
    answer = admin_client.post(f"{url(two)}retry/", {"item": two.pk}, headers=HTMX)
    assert answer.status_code == 200
    states = dict(two.job.items.values_list("label", "state"))
    assert states == {"good.txt": "done", "bad.txt": "pending"}


def test_all_that_failed_are_tried_again(two, admin_client):
    worked(two)
    assert admin_client.post(f"{url(two)}retry/")["Location"] == url(two)
    assert two.job.items.filter(state="pending").count() == 1


def test_only_a_page_that_looked_like_an_error_can_be_kept_anyway(standin, ada, admin_client):
    job = Job.objects.create(kind="documents.add", title="Add documents", actor=ada, state="done")
    batch = Batch.objects.create(token="b", actor=ada, folder="custom-documents", job=job)
    for number, doubted in enumerate([True, False]):
        item = job.items.create(position=number, key="1", label="page", state="failed")
        Incoming.objects.create(
            batch=batch, item=item, ticket=number, token=number, source="link", name="http://8.8.8.8/", doubted=doubted
        )
    page = admin_client.get(f"/documents/add/{job.pk}/").content.decode()
    looked_wrong, unreachable = page.split('<li class="upload-row"')[1:]
    assert "Keep it anyway" in looked_wrong and "Keep it anyway" not in unreachable
    item = job.items.get(position=0)
    admin_client.post(f"/documents/add/{job.pk}/retry/", {"item": item.pk, "any_page": "1"})
    assert list(Incoming.objects.values_list("any_page", flat=True)) == [True, False]


def test_nothing_to_try_again_is_told(two, admin_client):
    answer = admin_client.post(f"{url(two)}retry/", {"item": two.pk}, headers=HTMX)
    assert "There is nothing to retry" in answer["HX-Trigger"]


def test_others_batches_do_not_exist(two):
    other = signed_in(operator(Role.MANAGER, "mia"))
    assert other.get(url(two)).status_code == 404
    assert other.post(f"{url(two)}retry/").status_code == 404


def test_jobs_that_are_no_batch_are_not_shown_here(standin, ada, admin_client):
    job = Job.objects.create(kind="access.set", title="Something else", actor=ada, state="done")
    assert admin_client.get(f"/documents/add/{job.pk}/").status_code == 404
