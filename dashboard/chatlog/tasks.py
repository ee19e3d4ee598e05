from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.chatlog.sync import by_the_worker

sync_every_two_minutes = db_periodic_task(crontab(minute="*/2"), name="sync_chatlog")(by_the_worker)
