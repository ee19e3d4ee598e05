"""Which records of all rooms are about an account or a workspace of the instance, and how they are parted from it.

The rooms keep bare ids. Records that are about another account than the one that has the id now are moved to an id that no account has:
nothing of them is lost, and whatever reads them finds an account that is gone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import F

from dashboard.accounts.models import Operator
from dashboard.models import Witness

FORMER = 2**40  # ids from here on are of no instance; the remainder is the id that it was

USER, WORKSPACE = Witness.Kind.USER, Witness.Kind.WORKSPACE
# tests/system/test_instance_identity.py holds every column of an id against these two.
COLUMNS: dict[str, tuple[str, ...]] = {
    USER: (
        "accounts.Operator.anythingllm_user_id",
        "access.GroupMember.user_id",
        "access.Grant.user_id",
        "access.AccessChange.user_id",
        "invites.Joining.user_id",
        "chat.Turn.user_id",
        "chatlog.Person.id",
        "chatlog.Exchange.user_id",
    ),
    WORKSPACE: (
        "accounts.LookedAfter.workspace_id",
        "access.GroupWorkspace.workspace_id",
        "access.OpenWorkspace.workspace_id",
        "access.Grant.workspace_id",
        "access.MembersBefore.workspace_id",
        "access.AccessChange.workspace_id",
        "chat.Turn.workspace_id",
        "chat.LocalThread.workspace_id",
        "chatlog.Place.id",
        "chatlog.Exchange.workspace_id",
    ),
}
BY_ID = frozenset({"by id"})
# Lists of ids, dictionaries by id, or those (access.AccessSet.also) in which only some keys hold ids of that kind.
LISTS: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {
    USER: (
        ("access.AccessSet.also", frozenset({"add_users", "remove_users", "user"})),
        ("access.MembersBefore.members", BY_ID),
        ("access.MembersBefore.lost", BY_ID),
        ("access.MembersBefore.adds", frozenset()),
        ("access.MembersBefore.removes", frozenset()),
    ),
    WORKSPACE: (
        ("access.AccessSet.also", frozenset({"add_workspaces", "remove_workspaces", "open", "close"})),
        ("invites.Link.workspace_ids", frozenset()),
        ("documents.Batch.workspace_ids", frozenset()),
    ),
}


def column(name: str) -> tuple[type[models.Model], str]:
    label, _dot, field = name.rpartition(".")
    return apps.get_model(label), field


def recorded(kind: str) -> set[int]:
    """The ids of accounts, or workspaces, that any record is about."""
    found: set[int] = set()
    for model, field in map(column, COLUMNS[kind]):
        rows = model._default_manager.filter(**{f"{field}__lt": FORMER}).order_by()
        found.update(rows.values_list(field, flat=True).distinct())
    return found


def part(kind: str, ids: Collection[int] | None, epoch: int) -> None:
    """Moves all that is about these ids (None: about any) to where no account is. Within a transaction."""
    offset = FORMER * epoch
    within: dict[str, Any] = {} if ids is None else {"in": ids}

    def shift(model: type[models.Model], field: str) -> None:
        conditions = {f"{field}__{name}": value for name, value in {"lt": FORMER, **within}.items()}
        model._default_manager.filter(**conditions).update(**{field: F(field) + offset})

    if kind == USER:
        operators = Operator.objects.filter(anythingllm_user_id__lt=FORMER)
        for operator in operators if ids is None else operators.filter(anythingllm_user_id__in=ids):
            # Their name becomes free for whoever has it now. No name, here or on the instance, has such a mark.
            operator.username = f"{operator.username[:140]}~{epoch}"
            operator.save(update_fields=["username"])
    for model, field in map(column, COLUMNS[kind]):
        shift(model, field)
    for name, keys in LISTS[kind]:
        model, field = column(name)
        for row in model._default_manager.exclude(**{field: {} if keys else []}):
            before = getattr(row, field)
            after = _moved(before, keys, ids, offset)
            if after != before:
                setattr(row, field, after)
                row.save(update_fields=[field])
    shift(Witness, "object_id")


def _moved(value: Any, keys: frozenset[str], ids: Collection[int] | None, offset: int) -> Any:
    if keys is BY_ID:
        return {str(_moved(int(key), frozenset(), ids, offset)): some for key, some in value.items()}
    if isinstance(value, dict):
        return {key: _moved(some, frozenset(), ids, offset) if key in keys else some for key, some in value.items()}
    if isinstance(value, list):
        return [_moved(some, keys, ids, offset) for some in value]
    moves = type(value) is int and 0 < value < FORMER and (ids is None or value in ids)
    return value + offset if moves else value
