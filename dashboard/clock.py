"""Whether the clock can be believed, asked before anything is ended or thrown away for good because its time is over.

A clock that jumps for seconds (a virtual machine that wakes up, a battery that is empty) would otherwise take everything that was given until
a day, and nothing would come back when it is right again. So whoever ends things looks here every minute: at how far the clock is from where
it was at the last look, and from that of the machine where AnythingLLM runs. After a jump nothing is ended until it has run on for a while;
a worker that was stopped for long cannot be told from a jump, and waits as well.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard import instance
from dashboard.errors import Words
from dashboard.models import ClockMark

FAR = timedelta(minutes=10)
STEADY = timedelta(minutes=15)

log = logging.getLogger(__name__)


def believed() -> bool:
    """One look. False while the clock may be wrong."""
    now, there = timezone.now(), instance.connect().http_client.time_there
    mark, _made = ClockMark.objects.get_or_create(pk=1, defaults={"at": now})
    if abs(now - mark.at) > FAR or (there is not None and abs(now - there) > FAR):
        mark.doubted_since = now
        log.warning("the clock may be wrong, so nothing is ended by it")
    elif mark.doubted_since and now - mark.doubted_since >= STEADY:
        mark.doubted_since = None
    mark.at = now
    mark.save()
    return mark.doubted_since is None


def doubt() -> Words:
    """What to say to people while the clock may be wrong; empty when nothing is to be said."""
    if not ClockMark.objects.filter(doubted_since__isnull=False).exists():
        return ""
    return _(
        "The clock of this machine has jumped, was stopped, or differs from that of AnythingLLM by more than ten minutes. Until it has been right "
        "for a quarter of an hour, Foyer ends no access and no link whose time is over. If this stays, set the clocks of both machines."
    )
