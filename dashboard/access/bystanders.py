"""Who was to stay when somebody was taken out of a workspace, and how they come back when the instance lost them.

The instance has no call that takes out one. It deletes all members, then inserts those who stay: with nothing around the two, and without a
word when the second fails or it dies in between. So the whole list is kept here before it is asked, compared afterwards, and whoever is
missing is added, which deletes nothing. That is done at once; if it cannot be, or the outcome is unknown, before the next change of this
workspace and by the worker every minute, until it is settled. All of it under the workspace's lease.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.text import get_text_list

from dashboard import clock, instance
from dashboard.access.models import MembersBefore
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, Member, MembershipMismatch, Roster, Writing
from dashboard.audit.services import note
from dashboard.errors import Declined
from dashboard.said import gettext as _
from dashboard.said import joined, ngettext

State = MembersBefore.State
LATE = timedelta(seconds=90)  # a write may take 60 s: what got no answer has happened by then, or never will
NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Others:
    """What became of those who were to stay: names of who was lost and is back, and of who is still missing. `unseen`: how many there
    are, when nobody can look.
    """

    back: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unseen: int = 0

    @property
    def settled(self) -> bool:
        return not self.missing and not self.unseen

    def in_words(self) -> str:
        said = []
        if n := len(self.back):
            said.append(
                ngettext(
                    "AnythingLLM took access from %(n)d other person as well, and Foyer has given it back: %(names)s.",
                    "AnythingLLM took access from %(n)d other people as well, and Foyer has given it back: %(names)s.",
                    n,
                )
                % {"n": n, "names": _first(self.back)}
            )
        if n := len(self.missing):
            said.append(
                ngettext(
                    "AnythingLLM took access from %(n)d other person as well: %(names)s. Foyer could not give it back yet, and tries every minute.",
                    "AnythingLLM took access from %(n)d other people as well: %(names)s. Foyer could not give it back yet, and tries every minute.",
                    n,
                )
                % {"n": n, "names": _first(self.missing)}
            )
        if n := self.unseen:
            said.append(
                ngettext(
                    "%(n)d other person had access, and may have lost it. Foyer looks every minute, and gives back what was lost.",
                    "%(n)d other people had access, and may have lost it. Foyer looks every minute, and gives back what was lost.",
                    n,
                )
                % {"n": n}
            )
        return joined(" ", said)


def _first(names: Collection[str]) -> str:
    shown, more = list(names)[:NAMES_SHOWN], len(names) - NAMES_SHOWN
    if more > 0:
        shown.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
    return get_text_list(shown, _("and"))


NOBODY = Others()


def unsettled() -> list[int]:
    """The workspaces that are to be looked at again."""
    return list(MembersBefore.objects.exclude(state=State.SETTLED).values_list("pk", flat=True))


def missing(workspace_ids: Collection[int] | None = None) -> dict[int, dict[int, str]]:
    """Whom the instance lost and who is not back yet, by workspace (None: all): names by id."""
    found = MembersBefore.objects.filter(state=State.OPEN).exclude(lost={})
    if workspace_ids is not None:
        found = found.filter(pk__in=workspace_ids)
    return {record.pk: {int(key): name for key, name in record.lost.items()} for record in found}


def keep(
    *,
    actor: Operator | None,
    workspace_id: int,
    workspace_name: str,
    slug: str,
    writing: Writing,
    removes: Collection[int],
) -> tuple[MembersBefore, datetime]:
    """Writes down who is a member, before the instance is asked to delete them; gives also until when an earlier request, whose answer never
    came, may still be carried out. Like `recording`, this must not stand inside a transaction.
    """
    before = {member.user_id: member.username for member in writing.before}
    now = timezone.now()
    with transaction.atomic():
        earlier = MembersBefore.objects.filter(pk=workspace_id).exclude(state=State.SETTLED).first()
        record = MembersBefore(
            workspace_id=workspace_id,
            workspace_name=workspace_name[:255],
            slug=slug[:255],
            members={str(user_id): name for user_id, name in before.items()},
            adds=earlier.adds if earlier else [],
            removes=sorted(set(removes) & before.keys()),
            actor=actor,
            written_at=now,
            late_until=now + LATE,
        )
        record.save()
    return record, earlier.late_until if earlier else now


def added(workspace_id: int, names: Mapping[int, str]) -> None:
    """Who was added meanwhile is not to be lost either, by a request that may still be carried out."""
    record = MembersBefore.objects.filter(pk=workspace_id).exclude(state=State.SETTLED).first()
    if record and names:
        record.members |= {str(user_id): name for user_id, name in names.items()}
        record.adds = sorted({*record.adds, *names})
        record.removes = [user_id for user_id in record.removes if user_id not in names]
        record.save(update_fields=["members", "adds", "removes"])


def repair(workspace_id: int) -> Others:
    """Looks again after what is not settled, and adds who is missing. Raises ApiError when nothing can be read."""
    record = MembersBefore.objects.filter(pk=workspace_id).exclude(state=State.SETTLED).first()
    return look(record) if record else NOBODY


def look(record: MembersBefore, observed: frozenset[int] | None = None) -> Others:
    """Compares the whole list with the members as just read (None: reads them), and adds who is missing. Raises ApiError.

    Whom others added is welcome. Whoever is not on the instance any more, and a workspace that is not, are let go. Once all were seen, only
    the loss of all at once is an accident, or of those whom a request that is carried out late does not know: one by one, the others were
    taken out on the instance itself.
    """
    memberships = instance.connect().memberships
    if observed is None:
        observed = ids(memberships.read(record.workspace_id))
    missing = {user_id: name for user_id, name in record.staying.items() if user_id not in observed}
    if record.state == State.WHOLE and len(missing) < len(record.staying):
        missing = {user_id: name for user_id, name in missing.items() if user_id in record.adds}
    if missing:
        roster = instance.roster()
        if roster.slugs.get(record.workspace_id) != record.slug:
            record.lost, record.state = {}, State.SETTLED
            record.save(update_fields=["lost", "state"])
            return NOBODY
        missing = {user_id: name for user_id, name in missing.items() if user_id in roster.user_ids}
    if missing:
        record.lost |= {str(user_id): name for user_id, name in missing.items()}
        record.state = State.OPEN
        record.save(update_fields=["lost", "state", "late_until"])
        observed = _add(record.workspace_id, missing.keys(), roster, observed)
    back = {key: name for key, name in record.lost.items() if int(key) in observed}
    # Answered, or answered by nobody for so long that it has happened or never will, if that can be told.
    answered = record.late_until <= record.written_at
    over = answered or (record.late_until <= timezone.now() and clock.believed())
    still = {str(user_id): name for user_id, name in missing.items() if user_id not in observed}
    with transaction.atomic():
        note(
            "access.restored",
            [("user", key, name) for key, name in back.items()],
            after={"workspace": record.workspace_name, "workspace_id": record.workspace_id},
        )
        record.lost = still
        record.state = State.OPEN if still else State.SETTLED if over else State.WHOLE
        record.save(update_fields=["lost", "state", "late_until"])
    return Others(tuple(back.values()), tuple(still.values()))


def look_at_once(record: MembersBefore, observed: frozenset[int] | None) -> Others:
    """As `look`, right after the change, which has happened whether this succeeds or not; `observed` is None when it could not be read."""
    if observed is None:
        return Others(unseen=len(record.staying))
    try:
        return look(record, observed)
    except (ApiError, Declined):
        return Others(missing=tuple(name for user_id, name in record.staying.items() if user_id not in observed))


def _add(workspace_id: int, user_ids: Collection[int], roster: Roster, observed: frozenset[int]) -> frozenset[int]:
    """Adds these, and gives who is a member then as far as that can be told."""
    memberships = instance.connect().memberships
    try:
        return memberships.change(workspace_id, add=user_ids, roster=roster).after
    except MembershipMismatch as error:
        return ids(error.observed)
    except ApiError as error:
        return ids(memberships.read(workspace_id)) if error.outcome_unknown else observed
    finally:
        instance.forget_members(workspace_id)


def ids(members: Collection[Member]) -> frozenset[int]:
    return frozenset(member.user_id for member in members)
