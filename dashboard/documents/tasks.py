from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.documents.sweeps import sweep

sweep_every_hour = db_periodic_task(crontab(minute="17"), name="sweep_documents")(sweep)
