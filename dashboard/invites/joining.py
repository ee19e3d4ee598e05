"""One person's way through a link, exactly once: from the code in their hand to an account that has what the link gives.

An accept gets no id and no transaction from the instance, and its answer may be lost. So each joining has a marker, a number that no
workspace has, among the workspaces of the invite minted for it: by that it is found again, whatever got lost. Who is whose is told by the
claimed invite and, at the end, by the password: knowing a link and a name opens nobody's account.
"""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation

from dashboard import errors, instance, locks
from dashboard.access import services as access
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator
from dashboard.anythingllm import (
    ApiError,
    Invite,
    NotApplied,
    PasswordLoginDisabled,
    Refused,
    Unconfirmed,
    User,
    UserFields,
    Workspace,
    differences,
    rules,
)
from dashboard.audit.services import Entry, recording
from dashboard.errors import Declined
from dashboard.http import OpenRequest
from dashboard.invites import services
from dashboard.invites.models import WITH_ACCOUNT, Joining, JoiningState, Link, LinkRole, LinkState
from dashboard.invites.services import Given
from dashboard.names import check_username
from dashboard.said import gettext, ngettext
from dashboard.said import gettext_lazy as _

SETTLED_AFTER = timedelta(minutes=3)  # what was asked of the instance longer ago has happened by now, or never will
FIRST_LOOK = timedelta(minutes=1)  # of the worker, at what was left lying
REFUSALS = (
    timedelta(minutes=10),
    10,
)  # within which a link may be refused so often, and three times for each of its uses


@dataclass(frozen=True, slots=True)
class Joined:
    """The account is there, and its operator is signed in.

    `recovery_codes` come once: keep them in the session. `missing` names the workspaces still being prepared; the worker goes on with them.
    """

    recovery_codes: tuple[str, ...]
    missing: tuple[str, ...]


class LinkClosed(Declined):
    """The link lets nobody in any more; `state` says why."""

    def __init__(self, state: LinkState) -> None:
        super().__init__(CLOSED[state])
        self.state = state


class AllHeld(Declined):
    """Somebody is just joining with the last place; it may become free again."""

    def __init__(self) -> None:
        super().__init__(_("Somebody is joining with the last place of this link right now. Try again in a minute."))


class NameRefused(Declined):
    """The name cannot be used: by the rules for names, or in the instance's own words."""


class NameTaken(Declined):
    """The name is somebody's; also when it is the person's own, made by this link, and the password is wrong."""

    def __init__(self) -> None:
        super().__init__(_("This name is taken. Choose another one."))


class PasswordRefused(Declined):
    """The instance did not like the password, in its own words."""


class LockedOut(Declined):
    """Too many wrong passwords: for this name from this network, or for all names from there."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            ngettext(
                "There were too many wrong passwords. Try again in %(n)d minute.",
                "There were too many wrong passwords. Try again in %(n)d minutes.",
                minutes,
            )
            % {"n": minutes}
        )
        self.seconds = seconds


class LoginForbidden(Declined):
    """The instance forbids signing in by password: nobody can join by a link."""

    def __init__(self) -> None:
        super().__init__(_("Nobody can join by a link: this AnythingLLM does not allow signing in with a password."))


class Interrupted(Declined):
    """The instance failed us on the way. The sentence says whether the account is made; sending the form again goes on."""


CLOSED = {
    LinkState.USED_UP: _("This link was used already."),
    LinkState.EXPIRED: _("This link has expired."),
    LinkState.REVOKED: _("This link was revoked."),
    LinkState.WITHDRAWN: _("Whoever made this link may not invite any more."),
}
NOTHING_MADE = _("AnythingLLM does not answer as it should. No account was made: press Join again in a minute.")
NOT_KNOWN = _("AnythingLLM did not answer in time. Nothing is lost: press Join again, with the same name and password.")
MADE = _("Your account is made, but AnythingLLM does not answer right now. Press Join again in a moment.")


def join(request: OpenRequest, *, link: Link, username: str, password: str) -> Joined:
    """Makes the account and signs in; sent again, by the same name and password, it goes on where it stopped.

    Raises one of the Declined above, or locks.Busy. Never an ApiError.
    """
    _only_where_the_link_leads()
    with locks.held(lock_of(username)):
        joining = _under_way(link, username)
        fresh = joining is None
        if joining is None:
            joining = _begin(link, username)
        proof = None
        if joining.state == JoiningState.STARTED:
            try:
                if not fresh:
                    settle_later(joining)
                if joining.state == JoiningState.STARTED:
                    proof = _make_account(request, joining, password)
            except ApiError as error:
                # No answer to tell by: the joining stands as it is, and the same form sent again goes on with it.
                given_back = joining.state == JoiningState.GIVEN_BACK
                raise Interrupted(NOTHING_MADE if given_back else NOT_KNOWN) from error
        # Not before the password is proved, for once: this is what the worker would do anyway, it gives nothing to whoever asks, and
        # nothing may stand between the first sign-in, which yields the recovery codes, and the session that keeps them.
        missing = finish(joining) if joining.state == JoiningState.ACCOUNT else ()
        proof = proof or _prove(request, joining, password)
        accounts.enter(request, proof.operator)
        return Joined(proof.recovery_codes, missing)


def _only_where_the_link_leads() -> None:
    """A link lets nobody into another instance than the one it was made for. Whatever else is wrong there is told on the way."""
    try:
        instance.confirm(accounts.WRITE_RIGHTS_EVERY)
    except errors.AnotherInstance as error:
        raise Declined(
            _(
                "Nobody can join right now: an admin has to look at AnythingLLM first. Tell the person who sent you the link."
            )
        ) from error
    except ApiError:
        return


def lock_of(username: str) -> str:
    return f"join:{username}"[:100]


def _under_way(link: Link, username: str) -> Joining | None:
    joinings = link.joinings.exclude(state=JoiningState.GIVEN_BACK).select_related("link__created_by")
    return joinings.filter(username=username).first()


# --- Holding a use ----------------------------------------------------------------------------------------------------
def _begin(link: Link, username: str) -> Joining:
    """A use of the link, held for this name. Raises the Declined of `join`."""
    state = services.state_of(link, max_age=accounts.WRITE_RIGHTS_EVERY)
    if state != LinkState.OPEN:
        raise LinkClosed(state)
    with suppress(ApiError):  # then it will not mint either
        if not instance.entrance().value.password_login:
            raise LoginForbidden
    try:
        check_username(username, rules.username_rule(instance.version()), ())
    except ValidationError as error:
        raise NameRefused(error.messages[0]) from None
    if Operator.objects.local(username) is not None:
        raise NameTaken  # as <name>@anythingllm they could sign in, but who would tell them
    with suppress(ApiError):  # an old list will do: in the end it is the instance that refuses a name
        if any(user.username == username for user in instance.users().value):
            raise NameTaken
    with transaction.atomic():
        return _hold(
            Link.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=link.pk), username
        )


def _hold(link: Link, username: str) -> Joining:
    """Within a transaction that has the link's row to itself, so that no two people count the same place."""
    # In one question: others who hold a place come by an account meanwhile, and must not be missed between two.
    states = Counter(link.joinings.values_list("state", flat=True))
    used = sum(states[state] for state in WITH_ACCOUNT)
    if link.revoked_at:
        raise LinkClosed(LinkState.REVOKED)
    if used >= link.uses:
        raise LinkClosed(LinkState.USED_UP)
    if link.is_over:
        raise LinkClosed(LinkState.EXPIRED)
    if used + states[JoiningState.STARTED] >= link.uses:
        raise AllHeld
    within, at_least = REFUSALS
    refused = link.joinings.filter(state=JoiningState.GIVEN_BACK, tried_at__gt=timezone.now() - within).count()
    if refused >= at_least + 3 * link.uses:
        # Each of them has left an invite on the instance, which never forgets one.
        raise Declined(_("Too many tries to join failed. Try again in ten minutes."))
    # Among ids of workspaces it must fit into 32 bits, or the claim would look for none of them.
    marker = -secrets.randbelow(2**31) - 1
    return Joining.objects.create(link=link, username=username, marker=marker, next_at=timezone.now() + FIRST_LOOK)


def give_back(joining: Joining) -> None:
    """Ends it without an account. What may lie on the instance is disabled now or by the worker."""
    _save(joining, state=JoiningState.GIVEN_BACK, asked=False)
    with suppress(ApiError):
        settle(joining)


# --- The account ------------------------------------------------------------------------------------------------------
def settle(joining: Joining) -> None:
    """Finds out what became of the invites minted for it: the account is known when one was claimed; pending ones are disabled, to be sure
    that nobody can use them. Raises ApiError when the instance cannot tell.
    """
    found = _minted_for(joining)
    pending = [invite for invite in found if invite.status == "pending"]
    if pending:
        for invite in pending:
            instance.connect().admin.delete_invite(invite.id)
        found = _minted_for(joining)  # a disabled invite still tells who had claimed it
        if any(invite.status == "pending" for invite in found):
            raise NotApplied("The instance said that the invite is disabled, and it is not.")
    if joining.state == JoiningState.STARTED:
        for invite in found:
            # One that an admin of the instance has passed on by hand was claimed by somebody else.
            if invite.claimed_by and invite.claimed_by.id and invite.claimed_by.username == joining.username:
                _has_account(joining, invite.claimed_by.id)


def settle_later(joining: Joining) -> None:
    """`settle`, some time after the answer got lost: an account that turns out to be there gets its line in the ledger."""
    settle(joining)
    if joining.state == JoiningState.ACCOUNT:
        with _coming(joining, services.gives(joining.link, joining.link.created_by)):
            pass


def _coming(joining: Joining, given: Given) -> AbstractContextManager[Entry]:
    """The line of the ledger about it: whoever made the link let them in, to what it gives."""
    rooms = ", ".join(w.name for w in _known_workspaces() if w.id in given.workspace_ids)
    after = {
        "link": joining.link.label,
        "workspaces": rooms,
        "groups": ", ".join(group.name for group in given.groups),
        "role": given.role,
        "daily_message_limit": joining.link.daily_limit,
    }
    who = ("user", joining.user_id or "", joining.username)
    return recording(joining.link.created_by, "invite.joined", target=who, after=after)


def _minted_for(joining: Joining) -> list[Invite]:
    return [invite for invite in all_invites() if joining.marker in invite.workspace_ids]


def all_invites() -> list[Invite]:
    """As they are now. Raises Unconfirmed when the instance lists nothing at all, as it does while its database is busy."""
    invites = instance.connect().admin.get_invites()
    if not invites:
        all_users()
    return invites


def all_users() -> list[User]:
    users = instance.connect().users.list()
    if not users:
        raise Unconfirmed("The instance answered with an empty list of users.")
    return users


def _make_account(request: OpenRequest, joining: Joining, password: str) -> _Proof | None:
    """Mints an invite and accepts it. Gives the proof of the password where that had to be asked for on the way.

    Raises ApiError when the account is not certainly there: with the use given back when it certainly is not.
    """
    maker = services.maker_of(joining.link, max_age=accounts.WRITE_RIGHTS_EVERY)
    if joining.link.revoked_at or maker is None:  # since it was begun
        raise LinkClosed(LinkState.REVOKED if joining.link.revoked_at else LinkState.WITHDRAWN)
    given = services.gives(joining.link, maker)
    with _coming(joining, given) as line:
        try:
            proof = _accept(request, joining, _mint(joining, given), password)
        except ApiError as error:
            if not (error.outcome_unknown or joining.asked):
                give_back(joining)
            raise
        finally:
            instance.forget("users", "invites")
        line.target_id = str(joining.user_id)
        return proof


def _mint(joining: Joining, given: Given) -> Invite:
    """The workspaces stand in the invite, so that whoever has the account has them, whatever happens to us; reasons are kept later."""
    ids = [joining.marker, *sorted(given.all_workspace_ids)]
    return instance.settled(
        lambda: instance.connect().admin.create_invite(ids),
        lambda: next((invite for invite in _minted_for(joining) if invite.status == "pending"), None),
    )


def _accept(request: OpenRequest, joining: Joining, invite: Invite, password: str) -> _Proof | None:
    asked_before = joining.asked
    _save(joining, asked=True, tried_at=timezone.now())
    try:
        instance.connect().invites.accept(invite.code, joining.username, password)
    except (Refused, PasswordLoginDisabled) as refusal:
        _save(joining, asked=asked_before)
        taken = any(user.username == joining.username for user in all_users())
        if taken and asked_before:
            # It may be the account that an accept of ours has made without an answer, and without claiming its invite.
            return _claim_by_password(request, joining, password)
        if not asked_before:  # else that one may still come to something
            give_back(joining)
        raise (NameTaken() if taken else _in_words(refusal)) from None
    except ApiError as error:
        if not error.outcome_unknown:
            _save(joining, asked=asked_before)
            raise
        settle(joining)
        if joining.state == JoiningState.STARTED:
            raise
        return None
    settle(joining)
    if joining.state == JoiningState.STARTED:
        # The instance has made the account and failed to note it in the invite.
        made = next((user for user in all_users() if user.username == joining.username), None)
        if made is None:
            raise NotApplied("The instance said that the account is made, and it is not there.")
        _has_account(joining, made.id)
    return None


def _in_words(refusal: ApiError) -> Declined:
    if isinstance(refusal, PasswordLoginDisabled):
        instance.forget("entrance")
        return LoginForbidden()
    about_name = refusal.message.lower().startswith("username")
    return NameRefused(refusal.message) if about_name else PasswordRefused(refusal.message)


def _claim_by_password(request: OpenRequest, joining: Joining, password: str) -> _Proof:
    try:
        proof = _checked(request, joining.username, password)
    finally:
        with suppress(ApiError):
            settle(joining)
    _has_account(joining, proof.operator.anythingllm_user_id)
    return proof


def _has_account(joining: Joining, user_id: int | None) -> None:
    _save(
        joining, state=JoiningState.ACCOUNT, user_id=user_id, asked=False, note="", attempts=0, next_at=timezone.now()
    )


@dataclass(frozen=True, slots=True)
class _Proof:
    """Whose password it was."""

    operator: Operator
    recovery_codes: tuple[str, ...]


def _checked(request: OpenRequest, username: str, password: str) -> _Proof:
    """Raises NameTaken and LockedOut, and ApiError when the instance cannot tell."""
    event = "operator.sign_in_refused"
    check = accounts.check_password(request, username=username, password=password, event=event, account=username)
    if check.operator is not None:
        return _Proof(check.operator, check.recovery_codes)
    raise LockedOut(check.locked_for) if check.locked_for else NameTaken


def _prove(request: OpenRequest, joining: Joining, password: str) -> _Proof:
    """That the password is the account's: what it takes to be signed in, after a joining just made as after one long done."""
    try:
        proof = _checked(request, joining.username, password)
    except ApiError as error:
        raise Interrupted(MADE) from error
    if proof.operator.anythingllm_user_id != joining.user_id:
        raise NameTaken  # another account has the name by now
    return proof


# --- What the account shall have ------------------------------------------------------------------------------------------
def finish(joining: Joining) -> tuple[str, ...]:
    """Gives the account what the link gives, as far as it has not got it. Gives the names of the workspaces that are still missing: the
    worker tries again, less and less often. Doing it again does no harm.
    """
    with translation.override(joining.link.created_by.language or settings.LANGUAGE_CODE):  # who reads the note
        try:
            missing, note = _furnish(joining)
        except (ApiError, Declined) as error:
            missing, note = _promised(joining.link), str(errors.describe(error).sentence)
            failed = True
        else:
            failed = bool(missing)
    if failed:
        pause = timedelta(minutes=min(2**joining.attempts, 60))
        _save(joining, note=note[:500], attempts=joining.attempts + 1, next_at=timezone.now() + pause)
    else:
        _save(joining, note=note[:500], state=JoiningState.DONE, done_at=timezone.now())
    return tuple(missing)


def _furnish(joining: Joining) -> tuple[list[str], str]:
    """The workspaces that could not be given, and what the desk should know."""
    users, workspaces = all_users(), instance.connect().workspaces.list()
    user = next((user for user in users if user.id == joining.user_id), None)
    if user is None:
        return [], gettext("The account is not there any more.")
    link = joining.link
    given = services.gives(link, services.maker_of(link, max_age=accounts.WRITE_RIGHTS_EVERY))
    _set_role_and_limit(link, given, user)
    missing = access.admit(
        actor=link.created_by,
        user=user,
        workspace_ids=given.workspace_ids,
        groups=given.groups,
        users=users,
        workspaces=workspaces,
    )
    access.welcome(user)
    if missing:
        return missing, gettext("Still missing: %(names)s.") % {"names": ", ".join(missing)}
    left_out = len(set(link.workspace_ids) - given.workspace_ids.intersection(w.id for w in workspaces))
    if left_out:
        sentence = ngettext(
            "%(n)d workspace was left out: it is not there any more, or not %(name)s's to give.",
            "%(n)d workspaces were left out: they are not there any more, or not %(name)s's to give.",
            left_out,
        )
        return [], sentence % {"n": left_out, "name": link.created_by.username}
    return [], ""


def _set_role_and_limit(link: Link, given: Given, user: User) -> None:
    """An account made by an invite begins as default, without a limit."""
    fields: UserFields = {}
    if given.role == LinkRole.MANAGER and user.role == "default":
        fields["role"] = given.role
    if link.daily_limit:
        fields["daily_message_limit"] = link.daily_limit
    wanted = differences(user, fields)
    if not wanted:
        return
    dates = {"before": {name: old for name, (_new, old) in wanted.items()}, "after": dict(fields)}
    with recording(link.created_by, "user.changed", target=("user", user.id, user.username), **dates):
        instance.settled(
            lambda: instance.connect().users.update(user.id, verify=False, **fields),
            lambda: next((u for u in all_users() if u.id == user.id and not differences(u, fields)), None),
        )
    instance.forget("users")


def _promised(link: Link) -> list[str]:
    """The names of the link's workspaces, as far as they are known without asking anew."""
    return [workspace.name for workspace in _known_workspaces() if workspace.id in link.workspace_ids]


def _known_workspaces() -> list[Workspace]:
    """For their names, which may be old: no call is worth it."""
    with suppress(ApiError):
        return instance.workspaces(max_age=3600).value
    return []


def _save(joining: Joining, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(joining, name, value)
    joining.save(update_fields=list(fields))
