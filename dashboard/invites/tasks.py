from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.invites.sweeps import sweep

sweep_every_minute = db_periodic_task(crontab(), name="sweep_invites")(sweep)
