"""Is the configured AnythingLLM the one that Foyer's records are about?

The instance has no name of its own. But it never gives an id twice, and what it says of when an account or a workspace was created never
changes: so each one that was ever listed is a witness, kept with its id and that moment. An id that now has another moment belongs to
another instance, or to one that was restored from a backup; so does a list in which nobody is known. Then all stops, until an admin says
what it is. Who is merely gone proves nothing, and neither does an empty list or an error.

Every list is held against the witnesses when it is read (dashboard.instance), which asks the instance nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NoReturn

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from dashboard.accounts.models import ANYTHINGLLM_SUFFIX, Operator, new_session_key
from dashboard.anythingllm import User, Workspace
from dashboard.audit.services import recording
from dashboard.errors import AnotherInstance
from dashboard.models import Instance, Witness
from dashboard.records import FORMER, USER, recorded

Thing = User | Workspace
Memory = dict[str, tuple[int, dict[int, datetime | None]]]

log = logging.getLogger(__name__)


def doubted() -> bool:
    """True while an admin has to say first which instance this is."""
    return Instance.objects.filter(state=Instance.State.DOUBTED).exists()


def name_of(thing: Thing) -> str:
    """As the database can keep it: an instance may call things anything."""
    name = thing.username if isinstance(thing, User) else thing.name
    return name.encode(errors="replace").decode().replace("\0", "")[:255]


def witness(kind: str, thing: Thing) -> Witness:
    return Witness(kind=kind, object_id=thing.id, created_at=thing.created_at, name=name_of(thing))


def by_id(listed: Sequence[Thing]) -> dict[int, Thing]:
    return {thing.id: thing for thing in reversed(listed) if 0 < thing.id < FORMER}


def known(kind: str) -> dict[int, datetime | None]:
    return dict(Witness.objects.filter(kind=kind, object_id__lt=FORMER).values_list("object_id", "created_at"))


def is_known(user: User) -> bool | None:
    """Whether the account is the one that is known by its id; None when none is."""
    found = Witness.objects.filter(kind=USER, object_id=user.id).first()
    return None if found is None else found.created_at == user.created_at


def introduce(user: User) -> None:
    """Whoever signs in is known from then on, also when no list was read yet."""
    if 0 < user.id < FORMER:
        _kept([witness(USER, user)])


def judge(kind: str, listed: Sequence[Thing], memory: Memory) -> None:
    """Holds a list just read against the witnesses, and takes up who is new among them. `memory` spares reading all of them each time.

    Raises AnotherInstance.
    """
    ours = Instance.objects.filter(pk=1).first()
    if ours is not None and ours.state == Instance.State.DOUBTED:
        raise AnotherInstance
    now, epoch = by_id(listed), ours.epoch if ours else 0
    if memory.get(kind, (-1, {}))[0] != epoch:
        witnesses = known(kind)
        if ours is None if kind == USER else not witnesses:
            witnesses |= _adopt(kind, now, witnesses)
        memory[kind] = epoch, witnesses
    witnesses = memory[kind][1]
    if unseen := now.keys() - witnesses.keys():  # by this process
        if len(unseen) < 500:
            found = Witness.objects.filter(kind=kind, object_id__in=unseen)
            witnesses.update(found.values_list("object_id", "created_at"))
        else:
            witnesses.update(known(kind))
    others = [key for key, thing in now.items() if key in witnesses and witnesses[key] != thing.created_at]
    strangers = kind == USER and ours is not None and witnesses and not (witnesses.keys() & now.keys())
    if others or strangers:
        del memory[kind]
        doubt(kind, len(others), len(now))
    new = [thing for key, thing in now.items() if key not in witnesses]
    if _kept([witness(kind, thing) for thing in new]):
        witnesses.update({thing.id: thing.created_at for thing in new})
        if kind == USER:  # of which there always are some
            _is_ours(ours)


def _adopt(kind: str, now: dict[int, Thing], witnesses: Collection[int]) -> dict[int, datetime | None]:
    """At the first reading: ids that records are about, and that are not on the list, or have another name there than here, are not taken
    for what is there; they wait for an admin's word if they ever come.
    """
    missing = dict.fromkeys(recorded(kind) - now.keys(), "")
    if kind == USER:
        for operator in Operator.objects.exclude(anythingllm_user_id=None):
            thing, key = now.get(operator.anythingllm_user_id or 0), operator.anythingllm_user_id or 0
            name = operator.username.removesuffix(f"-{key}").removesuffix(ANYTHINGLLM_SUFFIX)
            if thing is None or name_of(thing).casefold() != name.casefold():
                missing[key] = operator.username
    rows = [
        Witness(kind=kind, object_id=key, name=name)
        for key, name in missing.items()
        if 0 < key < FORMER and key not in witnesses
    ]
    _kept(rows)
    return {row.object_id: None for row in rows}


def _kept(rows: list[Witness]) -> bool:
    """False when the database does not take them, as on a full disk: nothing stops for that, the next reading tells them again."""
    if not rows:
        return True
    try:
        with transaction.atomic():
            Witness.objects.bulk_create(rows, ignore_conflicts=True)
    except DatabaseError:
        log.exception("witnesses of the instance were not kept")
        return False
    return True


def _is_ours(ours: Instance | None) -> None:
    """Keeps where it was last found: it may move."""
    address = settings.ANYTHINGLLM_URL[:500]
    if ours is None:
        with suppress(DatabaseError), transaction.atomic():
            Instance.objects.get_or_create(pk=1, defaults={"address": address})
    elif ours.address != address:
        with recording(None, "instance.moved", target=("instance", "", address), before={"address": ours.address}):
            Instance.objects.filter(pk=1).update(address=address)


def doubt(kind: str, others: int, listed: int) -> NoReturn:
    """Stops everything: nobody's session goes on by an account that may be another's. Raises AnotherInstance."""
    Instance.objects.get_or_create(pk=1, defaults={"address": settings.ANYTHINGLLM_URL[:500]})
    with transaction.atomic():
        first = Instance.objects.filter(pk=1, state=Instance.State.SAME).update(
            state=Instance.State.DOUBTED, doubted_at=timezone.now()
        )
        if first:
            linked = list(Operator.objects.exclude(anythingllm_user_id=None))
            for operator in linked:
                operator.session_key = new_session_key()
            Operator.objects.bulk_update(linked, ["session_key"], batch_size=500)
    if first:
        after = {"kind": kind, "others": others, "listed": listed}
        with recording(None, "instance.doubted", target=("instance", "", settings.ANYTHINGLLM_URL), after=after):
            log.warning("this is another AnythingLLM than before, or an older state of it", extra=after)
    raise AnotherInstance
