from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "dashboard.jobs"

    def ready(self) -> None:
        """Every room registers its kinds of job in its `jobs.py`."""
        autodiscover_modules("jobs")
