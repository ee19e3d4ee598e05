from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.access.sweeps import sweep

sweep_every_minute = db_periodic_task(crontab(), name="sweep_access")(sweep)
