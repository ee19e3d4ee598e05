"""What waits until the dead have certainly ended waits for seconds here, in the proportions of production.

A write takes up to 60 s there, and here, where the stand-in answers at once, far less than DEAD_AFTER.
"""

from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig
from huey.consumer import Scheduler


class RigConfig(AppConfig):
    name = "tests.kills.rig"

    def ready(self) -> None:
        from dashboard import locks, signs
        from dashboard.invites import joining, sweeps
        from dashboard.jobs import engine

        Scheduler.periodic_task_seconds = 2  # what comes every minute
        engine.BEAT, engine.DEAD_AFTER = 0.5, timedelta(seconds=6)
        engine.FORGOTTEN_AFTER = timedelta(seconds=3)
        locks.LEASE, locks.LONG_LEASE = timedelta(seconds=10), timedelta(seconds=12)
        signs.BEAT, signs.DEAD_AFTER = 0.5, timedelta(seconds=5)
        joining.FIRST_LOOK, joining.SETTLED_AFTER = timedelta(seconds=4), timedelta(seconds=8)
        sweeps.GIVEN_UP = timedelta(seconds=16)
