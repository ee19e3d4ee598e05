"""Settings of the real processes that a test kills: everything else comes from their environment."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS.append("tests.kills.rig")
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
