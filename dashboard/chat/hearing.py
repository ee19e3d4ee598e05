"""Who may still hear the answers that are on their way: looked at for all open streams together, because a stream asks nothing again."""

from __future__ import annotations

from collections.abc import Collection

from dashboard import instance
from dashboard.accounts.services import WRITE_RIGHTS_EVERY
from dashboard.anythingllm import ApiError, User
from dashboard.chat import turns
from dashboard.chat.models import Turn
from dashboard.chat.rights import BY_ROLE, local_may_open
from dashboard.chat.turns import Ticket

Seen = tuple[
    object, str
]  # the mark of a workspace's members, and the account's role, as they were when access was last certain


class Hearing:
    """Of one process. What Foyer changes is noticed at the next look, what the instance changes as soon as pages would."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def lost(self, tickets: Collection[Ticket]) -> set[Ticket]:
        """Those whose operators have signed out or were switched off, whose accounts are suspended or gone, or may not open the workspace."""
        signed_in = turns.still_signed_in(tickets)
        accounts = self._accounts(signed_in.values())
        marks = instance.member_marks({turn.workspace_id for turn in signed_in.values()})
        members: dict[int, Collection[int]] = {}
        lost = set(tickets) - signed_in.keys()
        for ticket, turn in signed_in.items():
            if turn.user_id is None:
                if not local_may_open(turn.operator, turn.workspace_id):
                    lost.add(ticket)
            elif accounts is not None and not self._may(turn, accounts, marks[turn.workspace_id], members):
                lost.add(ticket)
        self._seen = {turn.pk: self._seen[turn.pk] for turn in signed_in.values() if turn.pk in self._seen}
        return lost

    def _accounts(self, found: Collection[Turn]) -> dict[int, User] | None:
        """None while the instance cannot tell."""
        if not any(turn.user_id for turn in found):
            return None
        try:
            return {user.id: user for user in instance.users(WRITE_RIGHTS_EVERY).certain()}
        except ApiError:
            return None

    def _may(self, turn: Turn, accounts: dict[int, User], mark: object, members: dict[int, Collection[int]]) -> bool:
        account = accounts.get(turn.user_id or 0)
        if account is None or account.suspended:
            return False
        now = (mark, account.role)
        # It was certain when the question was asked, a moment before the first look.
        if self._seen.setdefault(turn.pk, now) == now or account.role in BY_ROLE:
            return True
        try:
            if turn.workspace_id not in members:
                members[turn.workspace_id] = instance.members_of(turn.workspace_id)
        except ApiError:
            return True  # the next look asks again
        self._seen[turn.pk] = now
        return account.id in members[turn.workspace_id]
