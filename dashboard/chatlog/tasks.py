from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import close_db, db_periodic_task, on_startup

from dashboard.chatlog.sync import by_the_worker, keep_promises, look_back

keep_promises_every_minute = db_periodic_task(crontab(), name="keep_promises")(keep_promises)
on_startup(name="keep_promises")(close_db(keep_promises))
sync_every_two_minutes = db_periodic_task(crontab(minute="*/2"), name="sync_chatlog")(by_the_worker)
look_back_every_hour = db_periodic_task(crontab(minute="41"), name="look_back_at_chatlog")(look_back)
