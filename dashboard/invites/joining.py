"""One person's way through a link, exactly once: from the code in their hand to an account that has what the link gives."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm import rules
from dashboard.errors import Declined, Words
from dashboard.http import OpenRequest
from dashboard.invites.models import Link, LinkState


@dataclass(frozen=True, slots=True)
class Joined:
    """The account is there, and its operator is signed in.

    `recovery_codes` come once: keep them in the session. `missing` names what is still being prepared, the worker goes on with it.
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
    """The name cannot be used: by the rules (`problem`, to be worded as in the form), or in the instance's words (None)."""

    def __init__(self, problem: rules.Problem | None, sentence: Words = "") -> None:
        super().__init__(sentence or _("This name does not follow the rules for names."))
        self.problem = problem


class NameTaken(Declined):
    """The name is somebody's; also when it is the person's own, made by this link, and the password is wrong."""

    def __init__(self, locked_for: int = 0) -> None:
        super().__init__(_("This name is taken. Choose another one."))
        self.locked_for = locked_for  # seconds, after too many wrong passwords


class PasswordRefused(Declined):
    """The instance did not like the password, in its own words."""


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


def join(request: OpenRequest, *, link: Link, username: str, password: str) -> Joined:
    """Makes the account and signs in; sent again, by the same name and password, it goes on where it stopped.

    Raises one of the Declined above, or locks.Busy. Never an ApiError.
    """
    raise NotImplementedError
