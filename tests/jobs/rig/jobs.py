"""Kinds of job for tests: a file stands for the instance, so that a worker in another process can be watched."""

from __future__ import annotations

import time
from pathlib import Path

from dashboard.anythingllm import KeyRefused, Refused, TimedOut, Unreachable
from dashboard.context import request_address, request_id
from dashboard.errors import Declined
from dashboard.jobs.kinds import Result, register
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.jobs.passwords import password_for
from dashboard.locks import Busy
from dashboard.permissions import Action


@register("rig.write", action=Action.CHANGE_USERS)
class Write:
    """Adds the key to the file `params["file"]`, `params["pace"]` seconds after it began and before it answers."""

    def perform(self, item: JobItem, job: Job) -> Result:
        pace = job.params.get("pace", 0)
        time.sleep(pace)
        with Path(job.params["file"]).open("a") as file:
            file.write(f"{item.key}\n")
        time.sleep(pace)
        return Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        done = Path(job.params["file"])
        if done.exists() and item.key in done.read_text().splitlines():
            return Result(ItemState.DONE, "read back")
        return None


class Trouble:
    """What the instance does to each key, first answer first; without an answer left the item is done."""

    answers: dict[str, list[object]]
    asked: list[tuple[str, str]]

    def clear(self) -> None:
        self.answers, self.asked = {}, []


trouble = Trouble()
ERRORS = {
    "unreachable": lambda: Unreachable("gone", sent=False),
    "key": lambda: KeyRefused(403, "no"),
    "refused": lambda: Refused(400, "Username already exists"),
    "declined": lambda: Declined("Never the last admin."),
    "locked": lambda: Busy("Somebody else is changing this."),
    "bug": lambda: ZeroDivisionError("secret"),
}


@register("rig.trouble", action=Action.VIEW_JOBS)
class Troubled:
    def perform(self, item: JobItem, job: Job) -> Result:
        return self._answer("perform", item) or Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        return self._answer("check", item)

    def _answer(self, verb: str, item: JobItem) -> Result | None:
        trouble.asked.append((verb, item.key))
        answers = trouble.answers.get(item.key, [])
        answer = answers.pop(0) if answers else None
        if answer == "lost":
            error = TimedOut("no answer", sent=True)
            error.outcome_unknown = True
            raise error
        if isinstance(answer, str):
            raise ERRORS[answer]()
        if callable(answer):
            answer = answer(item)
        return answer


@register("rig.side_by_side", action=Action.VIEW_JOBS, side_by_side=True)
class SideBySide(Troubled):
    pass


@register("rig.password", action=Action.VIEW_JOBS, makes_passwords=True)
class Account:
    made: dict[str, str] = {}

    def perform(self, item: JobItem, job: Job) -> Result:
        self.made[item.key] = password_for(job, item)
        return Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        return None


@register("rig.where", action=Action.VIEW_JOBS)
class Where:
    def perform(self, item: JobItem, job: Job) -> Result:
        return Result(ItemState.DONE, f"{request_address.get()} {request_id.get()}")

    def check(self, item: JobItem, job: Job) -> Result | None:
        return None
