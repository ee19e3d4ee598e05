"""Settings of a real worker process that a test starts: everything else comes from its environment."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS

INSTALLED_APPS.append("tests.jobs.rig")
