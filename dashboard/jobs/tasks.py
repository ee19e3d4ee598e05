"""What the queue runs. The queue only starts the work: what there is to do, and who does it, is in the database."""

from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import close_db, db_periodic_task, db_task, on_startup

from dashboard import signs, workers
from dashboard.jobs import engine


@db_task()  # type: ignore[untyped-decorator]
def run_job(job_id: int) -> None:
    if engine.work(job_id):
        run_job(job_id)


def resume_jobs() -> None:
    for job_id in engine.due():
        run_job(job_id)


resume_every_minute = db_periodic_task(crontab(), name="resume_jobs")(resume_jobs)
on_startup(name="resume_jobs")(close_db(resume_jobs))
on_startup(name="signs_of_life")(close_db(workers.say_that_one_runs))
on_startup(name="signs_go_on")(signs.give)
