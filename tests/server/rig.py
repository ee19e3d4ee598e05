"""Settings of the server that is kept waiting here: everything else comes from its environment. It is less patient, for a test should be short."""

from dashboard.server import bodies, protocol
from dashboard.settings import *  # noqa: F403
from dashboard.settings import STORAGES

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
bodies.GRACE = 4.0
protocol.HEAD_WITHIN = 4.0
protocol.READ_WITHIN = 4.0
protocol.GOODBYE_WITHIN = 1.0
protocol.MOST_CONNECTIONS = 600
