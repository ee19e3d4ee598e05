"""A link by mail: what it says, and how sure one can be that it went out."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from dashboard.accounts.models import Operator
from dashboard.anythingllm.errors import without
from dashboard.audit.models import Outcome
from dashboard.audit.services import recording
from dashboard.context import without_codes
from dashboard.errors import Declined
from dashboard.invites import codes, services
from dashboard.invites.models import Link, LinkState, MailState
from dashboard.jobs import services as jobs
from dashboard.jobs.models import Job
from dashboard.said import gettext as _
from dashboard.said import ngettext

KIND = "invite.mail"
MOST = 300  # characters of the mail server's own words
REFUSALS = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)


def start(*, actor: Operator, links: Sequence[Link], origin: str) -> Job:
    """Begins a job that mails each link to its address. `origin` is what addresses of Foyer begin with: "https://foyer.example.com/".

    The codes are computed when a mail is written: neither job nor ledger has them.
    """
    items = [jobs.NewItem(str(link.pk), f"{link.for_whom or link.label} <{link.email}>") for link in links]
    title = ngettext("Mail %(n)d link", "Mail %(n)d links", len(items)) % {"n": len(items)}
    batch = str(links[0].batch or "")
    return jobs.start(actor, kind=KIND, title=title, items=items, params={"origin": origin, "batch": batch})


def job_of(batch: object) -> Job | None:
    """The newest job that mails links of this batch."""
    return Job.objects.filter(kind=KIND, params__batch=str(batch)).first()


def send(*, actor: Operator, link: Link, origin: str) -> MailState:
    """Mails the link to its address, and keeps with it how that ended: SENT, FAILED, or UNKNOWN when the mail server's answer got lost.

    Raises Declined when there is nothing to send, because the link lets nobody in.
    """
    code = codes.recover(link.salt, link.code_hash)
    with recording(actor, "invite.mailed", target=services.target(link), after={"email": link.email}) as entry:
        if services.state_of(link) != LinkState.OPEN:
            _decline(link, _("This link lets nobody in any more, so it was not sent."))
        if code is None:
            _decline(link, _("The server's secret key was changed since this link was made, so it cannot be sent."))
        message = _message(link, origin.rstrip("/") + reverse("join", args=[code]))
        _keep(link, MailState.SENDING)
        state, problem = _handed_over(message)
        _keep(link, state, problem)
        entry.outcome = {MailState.SENT: Outcome.OK, MailState.FAILED: Outcome.FAILED}.get(state, Outcome.UNKNOWN)
        entry.detail = problem
    return state


def _decline(link: Link, sentence: str) -> NoReturn:
    _keep(link, MailState.FAILED, sentence)
    raise Declined(sentence)


def _keep(link: Link, state: MailState, problem: str = "") -> None:
    link.mail_state, link.mail_problem = state, problem[:MOST]
    link.mailed_at = timezone.now() if state == MailState.SENT else link.mailed_at
    link.save(update_fields=["mail_state", "mail_problem", "mailed_at"])


def _message(link: Link, address: str) -> EmailMultiAlternatives:
    """In the link's language; whose reader's language is not known gets their host's."""
    context: dict[str, Any] = {
        "link": link,
        "maker": link.created_by.username,
        "team": settings.TEAM_NAME,
        "address": address,
    }
    with translation.override(link.language or link.created_by.language or translation.get_language()):
        subject = " ".join((_("%(maker)s invites you to %(team)s") % context).split())  # one line, whatever names hold
        message = EmailMultiAlternatives(
            subject, render_to_string("invites/mail/invite.txt", context), settings.DEFAULT_FROM_EMAIL, [link.email]
        )
        message.attach_alternative(render_to_string("invites/mail/invite.html", context), "text/html")
    return message


def _handed_over(message: EmailMultiAlternatives) -> tuple[MailState, str]:
    """What came of it, and in words why not. Whatever happens before the mail is handed over, or is an answer, leaves no doubt."""
    connection, opened = get_connection(), False
    try:
        connection.open()
        opened = True
        connection.send_messages([message])
    except (smtplib.SMTPException, OSError) as error:
        words = {"words": _words(error)}
        if not opened:
            return MailState.FAILED, _("The mail server cannot be used: %(words)s") % words
        if isinstance(error, REFUSALS):
            return MailState.FAILED, _("The mail server refused: %(words)s") % words
        return (
            MailState.UNKNOWN,
            _("The mail server's answer got lost, so the mail may have been sent: %(words)s") % words,
        )
    finally:
        with suppress(smtplib.SMTPException, OSError):  # the mail is on its way, or not, whatever is said at the door
            connection.close()
    return MailState.SENT, ""


def _words(error: Exception) -> str:
    """What the server said; but some quote the mail that they refuse, or how we signed in."""
    name, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD or ""
    signs_in = [base64.b64encode(said.encode()).decode() for said in (f"\0{name}\0{password}", password)]
    return without_codes(without([password, *signs_in], _said(error)))


def _said(error: Exception) -> str:
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    else:
        return str(error) or type(error).__name__
    return f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
