"""When the instance is not the one that the records are about: what was found, and what an admin can make of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard import identity, instance, records
from dashboard.accounts.models import Operator
from dashboard.anythingllm import Unconfirmed, User, Workspace
from dashboard.audit.services import recording
from dashboard.chatlog import services as chatlog
from dashboard.errors import Declined
from dashboard.invites import services as invites
from dashboard.jobs import services as jobs
from dashboard.models import Instance, Witness
from dashboard.order import natural
from dashboard.records import USER, WORKSPACE
from dashboard.said import gettext as _

Kind = Witness.Kind


@dataclass(frozen=True, slots=True)
class Question:
    """An id that is another account's, or workspace's, than it was, and that records are about: is it the same all the same?"""

    kind: Kind
    id: int
    was: str
    was_created: datetime | None
    name: str
    created: datetime

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def likely(self) -> bool:
        return self.was.casefold() == self.name.casefold()


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of what the instance lists, held against what is known."""

    kind: Kind
    known: int  # with a moment at which it was created
    same: int
    others: tuple[int, ...]  # ids that have another moment than they had


@dataclass(frozen=True, slots=True)
class Findings:
    address: str
    before: str
    compared: tuple[Compared, ...]
    questions: tuple[Question, ...]

    @property
    def same_after_all(self) -> bool:
        """Whether nothing speaks against it any more: the address was mended, or the backup undone."""
        users = self.compared[0]
        return not any(some.others for some in self.compared) and users.same > 0


def _listed() -> dict[Kind, list[User] | list[Workspace]]:
    """As they are now, past what was read before: that is not believed. Raises ApiError."""
    client = instance.connect()
    users = client.users.list()
    if not users:
        raise Unconfirmed("The instance answered with an empty list of users.")
    return {USER: users, WORKSPACE: client.workspaces.list()}


def ours() -> Instance | None:
    return Instance.objects.filter(pk=1).first()


def findings() -> Findings:
    """Raises ApiError when the instance does not tell."""
    row, compared, questions = ours(), [], []
    for kind, listed in _listed().items():
        now, witnesses = identity.by_id(listed), {w.object_id: w for w in _witnesses(kind)}
        moments = {key: w.created_at for key, w in witnesses.items()}
        others = sorted(key for key, thing in now.items() if key in moments and moments[key] != thing.created_at)
        same = sum(moments.get(key) == thing.created_at for key, thing in now.items())
        compared.append(Compared(kind, len(witnesses), same, tuple(others)))
        concerned = records.recorded(kind).intersection(others) if others else ()
        questions += [
            Question(
                kind,
                key,
                witnesses[key].name or f"#{key}",
                witnesses[key].created_at,
                identity.name_of(now[key]),
                now[key].created_at,
            )
            for key in concerned
        ]
    questions.sort(key=lambda question: (question.kind, natural(question.was)))
    before = row.address if row else settings.ANYTHINGLLM_URL
    return Findings(settings.ANYTHINGLLM_URL, before, tuple(compared), tuple(questions))


def _witnesses(kind: Kind) -> list[Witness]:
    return list(Witness.objects.filter(kind=kind, object_id__lt=records.FORMER))


def keep(*, actor: Operator, same: Collection[str]) -> None:
    """It is the same instance. Of ids that changed, only those in `same` (keys of questions) still mean who they meant: what is recorded
    about the others is parted from them. Raises Declined and ApiError.
    """
    listed, found = _listed(), findings()
    parted = [question for question in found.questions if question.key not in same]
    strangers = {some.kind: [key for key in some.others if f"{some.kind}:{key}" not in same] for some in found.compared}
    after = {
        "same": ", ".join(f"{q.was} = {q.name}" for q in found.questions if q.key in same),
        "parted": ", ".join(f"{q.was} ≠ {q.name}" for q in parted),
    }
    with (
        recording(actor, "instance.kept", target=("instance", "", settings.ANYTHINGLLM_URL), after=after),
        transaction.atomic(),
    ):
        epoch = _decide(parted=any(strangers.values()))
        for kind, ids in strangers.items():
            records.part(kind, ids, epoch)
        _take_up(listed)
        if any(strangers.values()):
            # They name accounts and workspaces by ids that mean others now, also such as nothing else is recorded of.
            jobs.cancel_all(actor=actor)
    _read_anew()


def begin_anew(*, actor: Operator) -> None:
    """It is another instance: whatever is recorded about accounts and workspaces belongs to the one before, and is kept. Links that lead
    there are revoked, jobs cancelled, and the copy of the log of chats is read anew. Raises Declined and ApiError.
    """
    listed = _listed()
    with (
        recording(actor, "instance.begun", target=("instance", "", settings.ANYTHINGLLM_URL)),
        transaction.atomic(),
    ):
        epoch = _decide(parted=True)
        chatlog.forget_all()
        invites.close_all(actor)
        for kind in (USER, WORKSPACE):
            records.part(kind, None, epoch)
        _take_up(listed)
        jobs.cancel_all(actor=actor)
    _read_anew()


def _decide(*, parted: bool) -> int:
    """Within a transaction. Gives the number of the decision. Raises Declined when there is nothing to decide."""
    row = Instance.objects.select_for_update().filter(state=Instance.State.DOUBTED).first()
    if row is None:
        raise Declined(_("Somebody has said already which AnythingLLM this is."))
    row.state, row.address, row.epoch = Instance.State.SAME, settings.ANYTHINGLLM_URL[:500], row.epoch + 1
    row.confirmed_at = timezone.now()
    row.parted_at = row.confirmed_at if parted else row.parted_at
    row.save()
    return row.epoch


def _take_up(listed: dict[Kind, list[User] | list[Workspace]]) -> None:
    """What is listed now is what is known from now on; who is not listed stays known, because the id may come again."""
    for kind, things in listed.items():
        rows = [identity.witness(kind, thing) for thing in identity.by_id(things).values()]
        Witness.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["kind", "object_id"],
            update_fields=["created_at", "name"],
            batch_size=500,
        )


def _read_anew() -> None:
    instance.forget("users", "workspaces", "invites", "overview", "library")
    instance.forget_members()
    instance.forget_documents()
