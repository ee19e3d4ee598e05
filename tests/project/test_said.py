"""What is stored is said to each reader in their own language."""

import pickle

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as plain_lazy

from dashboard import said
from dashboard.access.models import AccessSet
from dashboard.anythingllm import Unreachable
from dashboard.audit.models import AuditEvent
from dashboard.audit.services import recording
from dashboard.errors import Declined, describe
from dashboard.jobs import engine
from dashboard.jobs.kinds import Result
from dashboard.jobs.models import ItemState, Job, JobItem

CHINESE = "zh-hans"
CREATE = ("Create %(n)d user from a list", "Create %(n)d users from a list")


def read(model, language):
    with translation.override(language):
        return model.objects.get()


def test_words_are_text_and_know_what_they_are_made_of():
    words = said.gettext("Put %(documents)s into %(place)s") % {
        "documents": said.ngettext("%(n)d document", "%(n)d documents", 2) % {"n": 2},
        "place": "Finance",
    }
    assert words == "Put 2 documents into Finance"
    assert str(words)[:500] is words
    assert pickle.loads(pickle.dumps(words)).made_of == words.made_of  # noqa: S301
    assert words[:3] == "Put"
    with translation.override(CHINESE):
        told = said.tell(words.made_of)
        assert told != words
        assert "2" in told and "Finance" in told and "document" not in told


def test_a_title_is_told_in_the_language_of_who_reads_it(ada):
    with translation.override(CHINESE):
        Job.objects.create(kind="x", title=said.ngettext(*CREATE, 3) % {"n": 3}, actor=ada)
        in_chinese = read(Job, CHINESE).title
    assert in_chinese != "Create 3 users from a list"
    assert "3" in in_chinese
    assert read(Job, "en").title == "Create 3 users from a list"
    # Kept once more, as by a retry, it stays what it is.
    job = read(Job, CHINESE)
    job.save()
    assert read(Job, "en").title == "Create 3 users from a list"


def test_what_came_of_an_item_is_too(ada):
    job = Job.objects.create(kind="x", title="x", actor=ada)
    item = JobItem.objects.create(job=job, position=1, key="1", label="1", state=ItemState.RUNNING)
    why = describe(Unreachable("gone", sent=False)).sentence
    with translation.override(CHINESE):
        result = said.joined("; ", [said.joined(": ", ["sam", why]), said.gettext("%(n)d given") % {"n": 2}])
        engine._settle(item, Result(ItemState.FAILED, result))
    assert read(JobItem, "en").message.startswith("sam: AnythingLLM does not answer at")
    assert read(JobItem, "en").message.endswith("; 2 given")
    assert "does not answer" not in read(JobItem, CHINESE).message


def test_an_older_line_stays_readable(ada):
    Job.objects.create(kind="x", title="31 changes for 12 people", actor=ada)
    assert read(Job, CHINESE).title == "31 changes for 12 people"


@pytest.mark.parametrize("words", ['\x1e{"is": "Home"}', "\x1enothing"])
def test_what_others_have_written_is_never_taken_for_parts(ada, words):
    Job.objects.create(kind="x", title=words, actor=ada)
    assert read(Job, "en").title == words[1:]


def test_what_is_too_long_as_parts_is_kept_as_words(ada):
    long = said.gettext("Delete the group %(name)s") % {"name": "x" * 3000}
    AccessSet.objects.create(actor=ada, title=long)
    assert read(AccessSet, CHINESE).title == f"Delete the group {'x' * 3000}"[:1000]


def test_the_ledger_says_why_in_the_readers_language(ada):
    with (
        translation.override(CHINESE),
        pytest.raises(Declined),
        recording(ada, "user.suspended", target=("user", 1, "x")),
    ):
        raise Declined(said.gettext_lazy("This account is not there any more. Load the page again."))
    assert read(AuditEvent, "en").why == "This account is not there any more. Load the page again."
    assert read(AuditEvent, CHINESE).why != "This account is not there any more. Load the page again."


def test_words_of_django_itself_are_kept_as_they_are(ada):
    Job.objects.create(kind="x", title=plain_lazy("Name"), actor=ada)
    assert read(Job, "en").title == "Name"
