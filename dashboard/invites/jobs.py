"""Links sent by mail: one item is one link."""

from __future__ import annotations

from dashboard.invites import mails, services
from dashboard.invites.models import Link, MailState
from dashboard.jobs.kinds import Result, register
from dashboard.jobs.models import ItemState, Job, JobItem
from dashboard.permissions import Action
from dashboard.said import gettext_lazy as _

GONE = _("This link is not there any more.")
PERHAPS = _("The mail may have been sent: ask before you send it again from the link's page.")
OUTCOMES = {MailState.SENT: ItemState.DONE, MailState.FAILED: ItemState.FAILED, MailState.UNKNOWN: ItemState.UNKNOWN}


@register(mails.KIND, action=Action.INVITE)
class Mail:
    """An item's key is the link's id; `params`: origin, batch."""

    def perform(self, item: JobItem, job: Job) -> Result:
        link = self._link(item, job)
        if link is None:
            return Result(ItemState.FAILED, GONE)
        state = mails.send(actor=job.actor, link=link, origin=job.params["origin"])
        return Result(OUTCOMES[state], link.mail_problem)

    def check(self, item: JobItem, job: Job) -> Result | None:
        """A mail cannot be read back. What may have been sent is never sent again by a job, only by a person."""
        link = self._link(item, job)
        if link is None:
            return Result(ItemState.FAILED, GONE)
        if link.mail_state in (MailState.SENDING, MailState.UNKNOWN):
            return Result(ItemState.UNKNOWN, PERHAPS)
        sent = link.mail_state == MailState.SENT and link.mailed_at and link.mailed_at >= job.created_at
        return Result(ItemState.DONE) if sent else None

    def _link(self, item: JobItem, job: Job) -> Link | None:
        return services.visible_to(job.actor).filter(pk=item.key).first()
