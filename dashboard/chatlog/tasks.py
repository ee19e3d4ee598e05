from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from dashboard.chatlog.sync import by_the_worker, look_back

sync_every_two_minutes = db_periodic_task(crontab(minute="*/2"), name="sync_chatlog")(by_the_worker)
look_back_every_hour = db_periodic_task(crontab(minute="41"), name="look_back_at_chatlog")(look_back)
