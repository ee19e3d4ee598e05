"""What the queue runs. The queue only starts the work: what there is to do, and who does it, is in the database."""

from __future__ import annotations

from huey import crontab
from huey.api import PeriodicTask, Task
from huey.contrib.djhuey import close_db, db_periodic_task, db_task, on_startup, pre_execute
from huey.exceptions import CancelExecution

from dashboard import instance, signs, workers
from dashboard.accounts.services import WRITE_RIGHTS_EVERY
from dashboard.anythingllm import ApiError
from dashboard.errors import AnotherInstance
from dashboard.jobs import engine

# These ask nothing of the instance: they tidy up here, or only begin what is looked at again.
AT_HOME = {"resume_jobs", "sweep_documents", "sweep_recovery_codes", "sweep_turns"}
# And this is done whatever answers there, or nobody: what people ask is no longer kept when the setting says so.
IN_ANY_CASE = {"keep_promises"}


@pre_execute(name="only_for_our_instance")  # type: ignore[untyped-decorator]
@close_db  # type: ignore[untyped-decorator]
def only_for_our_instance(task: Task) -> None:
    """Before all that the worker does: nothing is done at another instance than the one that the records are about. What repeats itself
    is left for its next time also when nothing tells; of the rest, each finds out itself what the instance lets happen.
    """
    if task.name in IN_ANY_CASE:
        return
    try:
        instance.confirm(WRITE_RIGHTS_EVERY)
    except AnotherInstance as error:
        raise CancelExecution(retry=False) from error
    except ApiError as error:
        if isinstance(task, PeriodicTask) and task.name not in AT_HOME:
            raise CancelExecution(retry=False) from error


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
