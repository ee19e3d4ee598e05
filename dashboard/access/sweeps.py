"""What the worker does every minute without being asked: it gives back what the instance lost, ends access whose time is over, and welcomes
who is new on the instance.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

from django.utils import timezone

from dashboard import clock, instance, locks
from dashboard.access import bystanders
from dashboard.access.models import Grant, OpenWorkspace
from dashboard.access.services import Step, change_members, open_to, put_back, trying_again_later


def sweep() -> None:
    """One round, by one worker only. What the instance does not let happen now is tried again in the next round."""
    with suppress(locks.Busy), locks.held("access-sweep", wait=0):
        for workspace_id in bystanders.unsettled():
            with trying_again_later():
                put_back(workspace_id)
        if clock.believed():
            with trying_again_later():
                end_what_is_over()
        with trying_again_later():
            if OpenWorkspace.objects.exists():
                open_to(instance.users().certain())


def end_what_is_over() -> None:
    """Takes what was given until a time that has passed, in the name of Foyer. Raises ApiError when nothing can be read."""
    over = Grant.objects.filter(until__lte=timezone.now())
    if not over.exists():
        return
    # An instance that lists nothing is busy, and proves nothing: asked before anything is taken.
    names = {user.id: user.username for user in instance.users().certain()}
    workspaces = {workspace.id: workspace.name for workspace in instance.workspaces().certain()}
    if not clock.believed():  # now that the instance was asked, it has said what time it is there
        return
    steps: dict[int, list[Step]] = defaultdict(list)
    for grant in over:
        if grant.workspace_id in workspaces:
            name = names.get(grant.user_id, str(grant.user_id))
            steps[grant.workspace_id].append(Step(grant.user_id, name, give=False, only_over=True))
    for workspace_id, some in steps.items():
        with trying_again_later():
            change_members(actor=None, workspace_id=workspace_id, workspace_name=workspaces[workspace_id], steps=some)
