import email
import email.policy

import pytest

from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.invites import mails, services
from dashboard.invites.models import Link, MailState
from dashboard.jobs import engine
from dashboard.jobs import services as workshop
from dashboard.jobs.models import ItemState, Job, JobItem
from tests.conftest import operator
from tests.invites.conftest import code_of
from tests.invites.postbox import running_postbox

pytestmark = pytest.mark.django_db
ORIGIN = "https://foyer.example.com/"


@pytest.fixture
def postbox(settings):
    with running_postbox() as postbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", postbox.port
        yield postbox


def work(job: Job) -> JobItem:
    while engine.work(job.pk):
        pass
    return job.items.get()


def sent(link: Link) -> JobItem:
    return work(mails.start(actor=link.created_by, links=[link], origin=ORIGIN))


@pytest.fixture
def link(make_link) -> Link:
    return make_link(for_whom="Anna", email="anna@example.com", note="See you on Monday")


def test_it_mails_the_link_and_says_so(postbox, link, standin):
    assert sent(link).state == ItemState.DONE
    (mail,) = postbox.mails
    assert "To: anna@example.com" in mail
    assert f"https://foyer.example.com/join/{code_of(link)}/" in mail.replace("=\r\n", "")
    assert "ada invites you to Foyer" in mail and "Hello Anna," in mail and "See you on Monday" in mail
    link.refresh_from_db()
    assert link.mail_state == MailState.SENT and link.mailed_at
    line = AuditEvent.objects.get(action="invite.mailed")
    assert (line.outcome, line.after) == (Outcome.OK, {"email": "anna@example.com"})


def test_it_speaks_the_language_of_the_link(postbox, make_link, standin):
    sent(make_link(email="li@example.com", language="zh-hans"))
    assert 'lang="zh-hans"' in postbox.mails[0].replace("=3D", "=")


def test_the_code_is_neither_in_the_job_nor_in_the_ledger(postbox, link, standin):
    sent(link)
    kept = [*Job.objects.values(), *JobItem.objects.values(), *AuditEvent.objects.values()]
    assert "anna@example.com" in str(kept)
    assert code_of(link) not in str(kept)


@pytest.mark.parametrize(("fault", "words"), [("recipient", "no such mailbox"), ("text", "looks like junk")])
def test_a_refusal_is_told_in_the_servers_words_and_can_be_retried(postbox, link, standin, fault, words):
    postbox.fault = fault
    item = sent(link)
    assert item.state == ItemState.FAILED and words in item.message
    link.refresh_from_db()
    assert link.mail_state == MailState.FAILED and words in link.mail_problem and not link.mailed_at
    assert code_of(link) not in f"{link.mail_problem} {item.message} {list(AuditEvent.objects.values())}"
    postbox.fault = ""
    workshop.retry(actor=link.created_by, job=item.job)
    assert work(item.job).state == ItemState.DONE
    assert len(postbox.mails) == 1


def test_a_mail_server_that_quotes_how_we_signed_in_is_told_without_the_password(postbox, link, standin, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = postbox.login = "foyer", "a word for the mail server"
    assert sent(link).state == ItemState.DONE
    postbox.fault = "login"
    item = sent(link)
    assert item.state == ItemState.FAILED and "535 not with this: AUTH PLAIN …" in item.message
    link.refresh_from_db()
    assert link.mail_problem == item.message


def test_a_mail_server_that_is_away_has_not_sent_it(settings, link, standin):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    item = sent(link)
    assert item.state == ItemState.FAILED and "mail server cannot be used" in item.message


def test_a_lost_answer_is_told_and_no_job_sends_it_again(postbox, link, standin):
    postbox.fault = "lost"
    item = sent(link)
    assert item.state == ItemState.UNKNOWN
    link.refresh_from_db()
    assert link.mail_state == MailState.UNKNOWN and "may have been sent" in link.mail_problem
    assert AuditEvent.objects.get(action="invite.mailed").outcome == Outcome.UNKNOWN
    postbox.fault = ""
    workshop.retry(actor=link.created_by, job=item.job)
    assert work(item.job).state == ItemState.UNKNOWN
    assert len(postbox.mails) == 1


def test_a_worker_that_died_while_sending_leaves_it_unknown(postbox, link, standin):
    job = mails.start(actor=link.created_by, links=[link], origin=ORIGIN)
    Link.objects.filter(pk=link.pk).update(mail_state=MailState.SENDING)
    job.items.update(attempts=1)
    assert work(job).state == ItemState.UNKNOWN
    assert postbox.mails == []


def test_a_worker_that_died_before_sending_sends_it_also_when_it_was_sent_by_another_job(postbox, link, standin):
    sent(link)
    job = mails.start(actor=link.created_by, links=[link], origin=ORIGIN)
    job.items.update(attempts=1)
    assert work(job).state == ItemState.DONE
    assert len(postbox.mails) == 2


def test_a_worker_that_died_after_sending_does_not_send_it_again(postbox, link, standin):
    job = mails.start(actor=link.created_by, links=[link], origin=ORIGIN)
    mails.send(actor=link.created_by, link=link, origin=ORIGIN)
    job.items.update(attempts=1)
    assert work(job).state == ItemState.DONE
    assert len(postbox.mails) == 1


def test_a_link_that_was_revoked_meanwhile_is_not_sent(postbox, link, ada, standin):
    services.revoke(actor=ada, link=link)
    item = sent(link)
    assert item.state == ItemState.FAILED and "lets nobody in" in item.message
    assert Link.objects.get().mail_state == MailState.FAILED
    assert postbox.mails == []


LINES = [
    "Anna\r\nBcc: all@example.com",
    "Anna\nBcc: all@example.com\n\n<b>",
    "Anna\rBcc: all@example.com",
    "Anna\u2028Bcc:\x0b\x85x",
]


@pytest.mark.parametrize("words", LINES)
def test_line_ends_in_names_and_notes_make_no_header_of_their_own(postbox, make_link, settings, standin, words):
    settings.TEAM_NAME = words
    maker = operator(Role.ADMIN, words)
    link = make_link(actor=maker, label=words, for_whom=words, note=words, email="anna@example.com")
    assert mails.send(actor=maker, link=link, origin=ORIGIN) == MailState.SENT
    (mail,) = postbox.mails
    read = email.message_from_string(mail.replace("\r\n", "\n"), policy=email.policy.default)
    assert set(read) == {"Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type"}
    assert read["To"] == "anna@example.com"
    assert "invites you to Anna" in read["Subject"]


@pytest.mark.parametrize(
    "address", [f"anna@example.com{end}Bcc: all@example.com" for end in ("\r\n", "\n", "\r", "\0", ", ")]
)
def test_an_address_that_is_more_than_one_is_told_and_nothing_sent(admin_client, postbox, make_link, standin, address):
    link = make_link()
    assert admin_client.post(f"/invites/{link.pk}/mail/", {"email": address}).status_code == 422
    assert postbox.mails == [] and not Job.objects.exists()


def test_its_page_sends_it_to_the_address_that_is_typed(admin_client, postbox, make_link, standin):
    link = make_link()
    assert "Send by mail" in admin_client.get(f"/invites/{link.pk}/link/").content.decode()
    admin_client.post(f"/invites/{link.pk}/mail/", {"email": "ben@example.com"})
    work(Job.objects.get())
    assert "To: ben@example.com" in postbox.mails[0]
    assert "Sent" in admin_client.get(f"/invites/{link.pk}/").content.decode()


def test_a_wrong_address_is_told_and_nothing_sent(admin_client, make_link, standin):
    link = make_link()
    answer = admin_client.post(f"/invites/{link.pk}/mail/", {"email": "ben@"})
    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.content.decode() and 'value="ben@"' in answer.content.decode()
    assert not Job.objects.exists()


def test_without_a_mail_server_nothing_of_it_is_there(admin_client, make_link, standin, settings):
    settings.SENDS_MAIL = False
    link = make_link(email="anna@example.com")
    assert "Send by mail" not in admin_client.get(f"/invites/{link.pk}/link/").content.decode()
    assert "Send it by mail" not in admin_client.get("/invites/new/").content.decode()
    assert admin_client.post(f"/invites/{link.pk}/mail/", {"email": "anna@example.com"}).status_code == 404


def test_a_link_that_cannot_be_shown_any_more_cannot_be_sent(postbox, link, settings, standin):
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789"
    item = sent(link)
    assert item.state == ItemState.FAILED and "secret key was changed" in item.message
    assert postbox.mails == []
