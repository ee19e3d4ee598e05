"""Settings of the tests: a fresh data directory, nothing from the developer's .env, nothing slow."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="foyer-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ.update(
    DATA_DIR=_data,
    DEBUG="false",
    HTTPS="false",
    SECRET_KEY="only-for-tests-0123456789-0123456789-abc",
    ALLOWED_HOSTS="testserver",
    TEAM_NAME="Foyer",
    TIME_ZONE="UTC",
    LOG_LEVEL="INFO",
    # Empty: never the instance, database or mail of the person who runs the tests.
    ANYTHINGLLM_URL="",
    ANYTHINGLLM_API_KEY="",
    ANYTHINGLLM_PUBLIC_URL="",
    SANDBOX_URL="",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", f"sqlite:///{_data}/foyer.sqlite3"),
    QUEUE_URL=f"sqlite:///{_data}/queue.sqlite3",
    CACHE_URL=f"filecache://{_data}/cache",
    EMAIL_URL="memorymail://",
    STATIC_ROOT=f"{_data}/static",
)

from dashboard.settings import *  # noqa: E402, F403
from dashboard.settings import DATABASES, HUEY, QUESTIONS, STATIC_ROOT, STORAGES  # noqa: E402

HUEY.immediate = QUESTIONS.immediate = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir()
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True  # straight from their sources
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that threads and WAL behave as in production.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}
