from __future__ import annotations

import csv
import io

import pytest

from dashboard.jobs import engine, services
from dashboard.jobs.models import JobItem, JobState
from tests.jobs.conftest import states
from tests.jobs.rig.jobs import trouble

pytestmark = pytest.mark.django_db


def test_the_list_shows_how_far_each_job_is(new_job, admin_client):
    trouble.answers = {"a": ["refused"]}
    engine.work(new_job("ab").pk)
    new_job("c")
    response = admin_client.get("/jobs/")
    progress = [(job.state, done.finished, done.total, done.trouble) for job, done in response.context["rows"]]
    assert progress == [(JobState.QUEUED, 0, 1, 0), (JobState.DONE, 2, 2, 1)]


def test_the_list_asks_the_database_no_more_for_more_jobs(new_job, admin_client, django_assert_max_num_queries):
    for _ in range(20):
        new_job("ab")
    with django_assert_max_num_queries(8):
        admin_client.get("/jobs/")


def test_everybody_but_admins_sees_own_jobs_only(new_job, ada, django_user_model):
    new_job("a")
    mia = django_user_model.objects.create_user("mia", role="manager")
    assert services.visible_to(ada).count() == 1
    assert services.visible_to(mia).count() == 0


def test_to_a_manager_the_jobs_of_others_do_not_exist(new_job, manager_client):
    job = new_job("a")
    assert manager_client.get("/jobs/").context["rows"] == []
    for url in (f"/jobs/{job.pk}/", f"/jobs/{job.pk}/report/"):
        assert manager_client.get(url).status_code == 404
    for verb in ("cancel", "retry", "passwords"):
        assert manager_client.post(f"/jobs/{job.pk}/{verb}/").status_code == 404
    assert states(job) == ["pending"]


@pytest.mark.parametrize("role", ["viewer", "member"])
def test_it_refuses_those_who_may_not_see_jobs(request, role, new_job):
    client, job = request.getfixturevalue(f"{role}_client"), new_job("a")
    for url in ("/jobs/", f"/jobs/{job.pk}/", f"/jobs/{job.pk}/report/"):
        assert client.get(url).status_code == 403
    for verb in ("cancel", "retry", "passwords"):
        assert client.post(f"/jobs/{job.pk}/{verb}/").status_code == 403


def test_a_page_that_is_left_open_asks_until_the_job_has_ended(new_job, admin_client):
    job = new_job("ab")
    url, htmx = f"/jobs/{job.pk}/", {"HX-Request": "true"}
    assert 'hx-trigger="every 1s"' in admin_client.get(url).content.decode()
    part = admin_client.get(url, headers=htmx).content.decode()
    assert '<section id="job"' in part
    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    engine.work(job.pk)
    part = admin_client.get(url, headers=htmx).content.decode()
    assert "every 1s" not in part
    assert '<p id="job-said" hx-swap-oob="innerHTML">Finished</p>' in part


def test_it_filters_by_outcome_and_keeps_that_while_it_asks(new_job, admin_client):
    job = new_job("abc")
    trouble.answers = {"b": ["refused"]}
    engine.work(job.pk)
    response = admin_client.get(f"/jobs/{job.pk}/?state=failed")
    assert [item.key for item in response.context["page"].object_list] == ["b"]
    services.retry(actor=job.actor, job=job)
    assert (
        f'hx-get="/jobs/{job.pk}/?state=pending"' in admin_client.get(f"/jobs/{job.pk}/?state=pending").content.decode()
    )


def test_cancel_and_retry_are_offered_when_they_can_be_done(new_job, admin_client):
    job = new_job("a")
    page = admin_client.get(f"/jobs/{job.pk}/").content.decode()
    assert f"/jobs/{job.pk}/cancel/" in page
    assert f"/jobs/{job.pk}/retry/" not in page
    trouble.answers = {"a": ["refused"]}
    engine.work(job.pk)
    page = admin_client.get(f"/jobs/{job.pk}/").content.decode()
    assert f"/jobs/{job.pk}/cancel/" not in page
    assert f"/jobs/{job.pk}/retry/" in page


def test_cancelling(new_job, admin_client):
    job = new_job("ab")
    response = admin_client.post(f"/jobs/{job.pk}/cancel/", follow=True)
    assert "The job was cancelled." in response.content.decode()
    assert states(job) == ["skipped", "skipped"]
    again = admin_client.post(f"/jobs/{job.pk}/cancel/", follow=True)
    assert "has ended already" in again.content.decode()


def test_retrying_begins_at_once(new_job, admin_client, django_capture_on_commit_callbacks):
    job = new_job("a")
    trouble.answers = {"a": ["refused"]}
    engine.work(job.pk)
    with django_capture_on_commit_callbacks(execute=True):
        response = admin_client.post(f"/jobs/{job.pk}/retry/", follow=True)
    assert "tried again" in response.content.decode()
    assert states(job) == ["done"]
    assert "nothing to retry" in admin_client.post(f"/jobs/{job.pk}/retry/", follow=True).content.decode()


def test_nothing_is_changed_by_a_link(new_job, admin_client):
    job = new_job("a")
    for verb in ("cancel", "retry", "passwords"):
        assert admin_client.get(f"/jobs/{job.pk}/{verb}/").status_code == 405


def test_the_report_has_every_item_and_no_formula(new_job, admin_client):
    job = new_job("ab")
    JobItem.objects.filter(job=job, key="b").update(label="=cmd()")
    trouble.answers = {"a": ["refused"]}
    engine.work(job.pk)
    body = b"".join(admin_client.get(f"/jobs/{job.pk}/report/").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert [row[1:3] for row in rows[1:]] == [["user a", "Failed"], ["'=cmd()", "Done"]]
    assert "Username already exists" in rows[1][3]


def test_it_knows_no_other_jobs(admin_client):
    assert admin_client.get("/jobs/12345/").status_code == 404
