"""What the worker does every minute for links: it lets them expire, goes on with joinings that were left lying, and sees to it that no
invite of theirs stays open on the instance.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext

from dashboard import clock, locks
from dashboard.access.services import trying_again_later
from dashboard.accounts.services import WRITE_RIGHTS_EVERY
from dashboard.invites import joining as way
from dashboard.invites import services, tries
from dashboard.invites.models import Joining, JoiningState, Link

GIVEN_UP = timedelta(minutes=15)  # after which somebody who did not come back holds their use no longer


def sweep() -> None:
    """One round, by one worker only. What the instance does not let happen now is tried again in the next round."""
    with suppress(locks.Busy), locks.held("invite-sweep", wait=0):
        tries.forget_old()
        over = Link.objects.filter(expired_at=None, revoked_at=None, expires_at__lte=timezone.now())
        for link in over if clock.believed() else ():
            services.expire(link)
        due = Joining.objects.filter(
            state__in=(JoiningState.STARTED, JoiningState.ACCOUNT), next_at__lte=timezone.now()
        )
        for pk, username in list(due.values_list("pk", "username")):
            # Whoever holds the lock is just joining: no need to wait for them.
            with suppress(locks.Busy), locks.held(way.lock_of(username), wait=0), trying_again_later():
                go_on(Joining.objects.select_related("link__created_by").get(pk=pk))
        with trying_again_later():
            close_leftovers()


def go_on(joining: Joining) -> None:
    """One joining that its person has left, or whose web process died. Raises ApiError."""
    if joining.state == JoiningState.STARTED:
        way.settle_later(joining)
    if joining.state == JoiningState.ACCOUNT:
        way.finish(joining)
    elif joining.state == JoiningState.STARTED:
        _wait_or_give_back(joining)


def _wait_or_give_back(joining: Joining) -> None:
    """There is no account that is known to be theirs."""
    link, age = joining.link, timezone.now() - joining.tried_at
    closed = link.revoked_at or services.maker_of(link, max_age=WRITE_RIGHTS_EVERY) is None
    if age < (way.SETTLED_AFTER if closed else GIVEN_UP) or not clock.believed():
        return
    if not (joining.asked and any(user.username == joining.username for user in way.all_users())):
        way.give_back(joining)
        return
    # Theirs or not, only the password can tell: whoever joins again with it goes on.
    with translation.override(link.created_by.language or settings.LANGUAGE_CODE):
        note = gettext(
            "AnythingLLM did not answer, and has an account of this name. Joining again, with the same password, goes on."
        )
    Joining.objects.filter(pk=joining.pk).update(note=note, next_at=timezone.now() + timedelta(hours=1))


def close_leftovers() -> None:
    """Makes sure, once nothing asked before can happen any more, that no invite minted for a joining is left pending. Raises ApiError."""
    over = Joining.objects.exclude(state=JoiningState.STARTED).filter(
        closed_at=None, tried_at__lte=timezone.now() - way.SETTLED_AFTER
    )
    if not over.exists():
        return
    pending = {marker for invite in way.all_invites() if invite.status == "pending" for marker in invite.workspace_ids}
    for joining in over:
        with trying_again_later():
            if joining.marker in pending:
                way.settle(joining)
            Joining.objects.filter(pk=joining.pk).update(closed_at=timezone.now())
