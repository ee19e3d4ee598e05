"""Foyer's own settings, with one more view: the bare one to compare with."""

from dashboard.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
