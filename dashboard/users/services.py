"""Users of the instance: finding them, and every change that can be made to them.

The instance has no search, no paging and no call for one user: all of that is done here over its whole list. Changes are keyword-only,
`actor` first, read back, and stand in the ledger before the instance is asked. `max_age` is how many seconds old the list of users may be on
which a change is decided: a job lets one change's reading back serve the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, Unpack, cast

from django.utils import timezone

from dashboard import instance, locks, sight
from dashboard.access import services as access
from dashboard.access import sets
from dashboard.accounts.models import Operator
from dashboard.anythingllm import ApiError, Unconfirmed, User, UserFields, differences
from dashboard.audit.services import Entry, recording
from dashboard.chat import services as chat
from dashboard.chatlog import services as chatlog
from dashboard.errors import Declined
from dashboard.folding import folded
from dashboard.order import natural
from dashboard.said import gettext_lazy as _

T = TypeVar("T")

IMPLICIT_ROLES = ("admin", "manager")  # they reach every workspace, whether listed as members or not
ROLE_RANK = {"admin": 0, "manager": 1, "default": 2}


# --- Finding ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as the table shows them. `workspaces` is None while the member lists are not read yet, and for implicit access;
    `active` is when they last asked something, None for never.
    """

    user: User
    workspaces: int | None
    active: datetime | None = None

    @property
    def all_by_role(self) -> bool:
        return self.user.role in IMPLICIT_ROLES


def matching(
    users: Sequence[User], *, q: str = "", role: str = "", state: str = "", signed_in: str = "", **_rest: str
) -> list[User]:
    """The users that fit all of the criteria; `q` is looked for in name and bio, whatever the case and form of its letters."""
    words = folded(q).split()
    return [
        user
        for user in users
        if (not role or user.role == role)
        and (not state or user.suspended == (state == "suspended"))
        and (not signed_in or user.first_login_done == (signed_in == "yes"))
        and (not words or all(word in folded(user.username) or word in folded(user.bio) for word in words))
    ]


def ordered(users: list[User], sort: str, counts: dict[int, int], active: dict[int, datetime]) -> list[User]:
    """In the order of a column ("name", "-created"...), names breaking ties. No limit sorts above every limit, never below every time."""
    keys = {
        "name": lambda u: natural(u.username),
        "role": lambda u: ROLE_RANK.get(u.role, 9),
        "state": lambda u: u.suspended,
        "limit": lambda u: float("inf") if u.daily_message_limit is None else u.daily_message_limit,
        "workspaces": lambda u: float("inf") if u.role in IMPLICIT_ROLES else counts.get(u.id, 0),
        "signed_in": lambda u: u.first_login_done,
        "active": lambda u: active[u.id].timestamp() if u.id in active else 0,
        "created": lambda u: u.created_at,
    }
    column = sort.removeprefix("-") or "name"
    by_name = sorted(users, key=keys["name"])
    return by_name if sort == "name" else sorted(by_name, key=keys[column], reverse=sort.startswith("-"))


def search(operator: Operator, *, sort: str = "", **criteria: str) -> instance.Reading[list[User]]:
    """The users that fit, of those the operator may see, in order. Raises ApiError when the instance was never reached."""
    reading = sight.users(operator)
    counts = workspace_counts(operator).value if sort.endswith("workspaces") else {}
    active = chatlog.last_active(operator) if sort.endswith("active") else {}
    found = ordered(matching(reading.value, **criteria), sort or "name", counts, active)
    return instance.Reading(found, reading.as_of, reading.problem)


def workspace_counts(operator: Operator) -> instance.Reading[Counter[int]]:
    """How many of the operator's workspaces list each user as a member, by user id. Raises ApiError."""
    reading = sight.members(operator)
    counts = Counter(user_id for ids in reading.value.values() for user_id in set(ids))
    return instance.Reading(counts, reading.as_of, reading.problem)


def find(operator: Operator, user_id: int, *, max_age: float = instance.FRESH_FOR) -> instance.Reading[User | None]:
    """One user, or None when there is no such account that the operator may see. One missing from an old answer is looked for in a new one."""
    reading = sight.users(operator, max_age)
    user = next((u for u in reading.value if u.id == user_id), None)
    if user is None and max_age:
        return find(operator, user_id, max_age=0)
    return instance.Reading(user, reading.as_of, reading.problem)


def present(user_id: int, *, max_age: float = 0.0) -> User | None:
    """One user, for a decision about them; None when there is no such account. Raises like `current`."""
    return next((user for user in current(max_age) if user.id == user_id), None)


def present_named(username: str) -> User | None:
    """The user of exactly this name as they are now, or None. Raises like `current`."""
    return next((user for user in current() if user.username == username), None)


# --- Changing ---------------------------------------------------------------------------------------------------------
# What the ledger may hold of a user. A password is never among it.
LEDGER_FIELDS = ("username", "role", "suspended", "daily_message_limit", "bio")


@contextmanager
def _changing(actor: Operator, action: str, user: User, **after: Any) -> Iterator[Entry]:
    """The ledger's line around one change of one user."""
    before = {name: getattr(user, name) for name in after if name in LEDGER_FIELDS}
    with recording(actor, action, target=("user", user.id, user.username), before=before, after=after) as entry:
        yield entry


def current(max_age: float = 0.0) -> list[User]:
    """All users for a decision: as they are now, or as read within `max_age` seconds and since the last change made by Foyer.

    Raises ApiError, or Declined when the instance gives no list that could be true.
    """
    try:
        reading = instance.users(max_age) if max_age else None
        # While another thread asks, an older answer comes.
        if reading is None or (timezone.now() - reading.as_of).total_seconds() > max_age:
            instance.forget("users")
            reading = instance.users(max_age=0)
        return reading.certain()
    except Unconfirmed:
        raise Declined(
            _("AnythingLLM lists no users at all, as it does while its database is busy. Try again in a minute.")
        ) from None


def _applied(write: Callable[[], T | None], read_back: Callable[[list[User]], T | None]) -> T:
    """As `instance.settled`, read back from all users as they are then."""
    try:
        return instance.settled(write, lambda: read_back(current()))
    except ApiError:
        instance.forget("users")  # it may have been refused because somebody else has changed something
        raise


def _by_id(users: list[User], user_id: int) -> User:
    """The user among those just read, or a refusal."""
    for user in users:
        if user.id == user_id:
            return user
    raise Declined(_("This account is not there any more. Load the page again."))


@contextmanager
def _sparing_an_admin(actor: Operator, user_id: int, max_age: float) -> Iterator[User]:
    """Gives the user as it is now, and refuses when that is the actor's own account or the last admin who can sign in.

    The instance guards only against demoting its last admin, not against suspending or deleting it (measured with v1.16). Two operators
    could each spare the other's admin at the same moment, therefore the lock.
    """
    with locks.held("admins"):
        user = _by_id(current(max_age), user_id)
        if user.id == actor.anythingllm_user_id:
            raise Declined(_("This is your own account. Ask another admin to do that."))
        if user.role == "admin":
            users = current()
            user = _by_id(users, user_id)
            if not user.suspended and not any(u.role == "admin" and not u.suspended and u.id != user_id for u in users):
                raise Declined(
                    _("%(name)s is the last admin who can sign in. Make somebody else admin first.")
                    % {"name": user.username}
                )
        yield user


def create(
    *, actor: Operator, username: str, password: str, role: str, daily_message_limit: int | None = None, bio: str = ""
) -> User:
    """A new account. Raises Refused with the instance's words when it does not like the name or the password."""
    after = {"role": role, "daily_message_limit": daily_message_limit, "bio": bio}
    try:
        with recording(actor, "user.created", target=("user", "", username), after=after) as entry:
            users = instance.connect().users
            user = _applied(
                lambda: users.create(
                    username, password, role, daily_message_limit=daily_message_limit, bio=bio or None
                ),
                lambda found: next((user for user in found if user.username == username), None),
            )
            entry.target_id = str(user.id)
    finally:
        instance.forget("users")
    access.welcome(user)
    return user


def update(*, actor: Operator, user_id: int, max_age: float = 0.0, **changes: Unpack[UserFields]) -> User:
    """Changes name, role, limit or bio, and gives the user as read back. What is so already is not sent."""
    demotes = "role" in changes and changes["role"] != "admin"
    with (
        _sparing_an_admin(actor, user_id, max_age)
        if demotes
        else nullcontext(_by_id(current(max_age), user_id)) as user
    ):
        wanted = differences(user, changes)
        if not wanted:
            return user
        fields = cast("UserFields", {name: new for name, (new, _old) in wanted.items()})
        with _changing(actor, "user.changed", user, **fields):
            return _applied(
                lambda: instance.connect().users.update(user_id, verify=False, **fields),
                lambda found: next((u for u in found if u.id == user_id and not differences(u, fields)), None),
            )


def suspend(*, actor: Operator, user_id: int, max_age: float = 0.0) -> User:
    """Locks the user out at once: the instance checks it at every request. Everything of theirs stays."""
    with _sparing_an_admin(actor, user_id, max_age) as user:
        return _set_suspended(actor, "user.suspended", user, True)


def take_everything(*, actor: Operator, user: User) -> int:
    """Starts taking all that lets the user in, for whatever reason; the id of the set of changes."""
    staged = sets.stage(
        actor=actor,
        title=_("Lock out %(name)s") % {"name": user.username},
        wanted=sets.everything_of(user.id),
        also=sets.leaving(user.id),
    )
    sets.apply(actor=actor, access_set=staged)
    return staged.pk


def resume(*, actor: Operator, user_id: int, max_age: float = 0.0) -> User:
    return _set_suspended(actor, "user.resumed", _by_id(current(max_age), user_id), False)


def _set_suspended(actor: Operator, action: str, user: User, suspended: bool) -> User:
    with _changing(actor, action, user, suspended=suspended):
        return _applied(
            lambda: instance.connect().users.update(user.id, verify=False, suspended=suspended),
            lambda found: next((u for u in found if u.id == user.id and u.suspended == suspended), None),
        )


def set_password(*, actor: Operator, user_id: int, password: str) -> User:
    """A new password. Sessions that are open stay open: only suspending ends them (behaviour of the instance).

    A password cannot be read back, so a lost answer stays unknown.
    """
    user = _by_id(current(), user_id)
    with _changing(actor, "user.password_reset", user):
        return instance.connect().users.update(user_id, password=password)


def delete(*, actor: Operator, user_id: int, max_age: float = 0.0) -> User:
    """Deletes the account with its chats, threads and memberships, for good. Gives the user as it last was."""
    with _sparing_an_admin(actor, user_id, max_age) as user, _changing(actor, "user.deleted", user) as entry:
        entry.before = {name: getattr(user, name) for name in LEDGER_FIELDS}
        deleted = _applied(
            lambda: instance.connect().users.delete(user_id, verify=False),
            lambda found: user if all(u.id != user_id for u in found) else None,
        )
    forget(user_id)
    return deleted


def forget(user_id: int) -> None:
    """What is known here of an account that was deleted on the instance."""
    instance.forget_members()
    chatlog.forget_person(user_id)
    chat.forget_person(user_id)
