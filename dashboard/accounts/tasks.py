from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.accounts.codes import sweep

sweep_every_hour = db_periodic_task(crontab(minute="27"), name="sweep_recovery_codes")(sweep)
