"""What is done to many users: one item is one account, and each goes through the same services as a single change."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dashboard.accounts.models import Operator
from dashboard.anythingllm import Refused, UserFields, differences
from dashboard.jobs.kinds import Result, register
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.jobs.passwords import password_for
from dashboard.permissions import Action
from dashboard.said import gettext_lazy as _
from dashboard.users import services

# Seconds for which a read is good enough: the reading back of one item serves the next, which halves a job's time.
RECENT = 2.0
GONE = _("There is no such account any more.")
SO_ALREADY = _("It was so already.")
TAKEN = _("Somebody else has made an account of this name meanwhile.")


class Change(ABC):
    """A change after which the account has certain fields. Who has them already is skipped, so trying again does no harm."""

    @abstractmethod
    def fields(self, job: Job) -> UserFields: ...

    def act(self, actor: Operator, user_id: int, fields: UserFields) -> None:
        services.update(actor=actor, user_id=user_id, max_age=RECENT, **fields)

    def perform(self, item: JobItem, job: Job) -> Result:
        user, fields = services.present(int(item.key), max_age=RECENT), self.fields(job)
        if user is None:
            return Result(ItemState.FAILED, GONE)
        if not differences(user, fields):
            return Result(ItemState.SKIPPED, SO_ALREADY)
        self.act(job.actor, user.id, fields)
        return Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        user = services.present(int(item.key))
        if user is None:
            return Result(ItemState.FAILED, GONE)
        return None if differences(user, self.fields(job)) else Result(ItemState.DONE)


@register("users.suspend", action=Action.CHANGE_USERS)
class Suspend(Change):
    def fields(self, job: Job) -> UserFields:
        return {"suspended": True}

    def act(self, actor: Operator, user_id: int, fields: UserFields) -> None:
        services.suspend(actor=actor, user_id=user_id, max_age=RECENT)


@register("users.resume", action=Action.CHANGE_USERS)
class Resume(Change):
    def fields(self, job: Job) -> UserFields:
        return {"suspended": False}

    def act(self, actor: Operator, user_id: int, fields: UserFields) -> None:
        services.resume(actor=actor, user_id=user_id, max_age=RECENT)


@register("users.role", action=Action.PROMOTE_USERS)
class ChangeRole(Change):
    """`params`: role."""

    def fields(self, job: Job) -> UserFields:
        return {"role": job.params["role"]}


@register("users.limit", action=Action.CHANGE_USERS)
class SetLimit(Change):
    """`params`: daily_message_limit, None for no limit."""

    def fields(self, job: Job) -> UserFields:
        return {"daily_message_limit": job.params["daily_message_limit"]}


@register("users.delete", action=Action.DELETE_USERS)
class Delete:
    def perform(self, item: JobItem, job: Job) -> Result:
        if services.present(int(item.key), max_age=RECENT) is None:
            return Result(ItemState.SKIPPED, GONE)
        services.delete(actor=job.actor, user_id=int(item.key), max_age=RECENT)
        return Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        if services.present(int(item.key)) is not None:
            return None
        services.forget(int(item.key))  # a worker that was killed has not
        return Result(ItemState.DONE)


@register("users.import", action=Action.CREATE_USERS, makes_passwords=True)
class Import:
    """An item's key is the name of the new account, free when the job began; `payload`: role, daily_message_limit, bio."""

    def perform(self, item: JobItem, job: Job) -> Result:
        try:
            services.create(actor=job.actor, username=item.key, password=password_for(job, item), **item.payload)
        except Refused as refusal:
            # The instance has no code for it, only these words.
            if "username already exists" not in refusal.message:
                raise
            return Result(ItemState.SKIPPED, TAKEN)
        return Result(ItemState.DONE)

    def check(self, item: JobItem, job: Job) -> Result | None:
        user = services.present_named(item.key)
        if user is None:
            return None
        if differences(user, item.payload):
            return Result(ItemState.SKIPPED, TAKEN)
        return Result(ItemState.DONE)
